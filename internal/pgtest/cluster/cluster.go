// Package cluster runs PostgreSQL servers of a test's own, which the test crashes,
// copies, restores and promotes. Servers that are only needed as they are come from
// pgtest, which is faster.
package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/pgdial"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Database is the name of the database on every server.
const Database = "tenfold"

// Clusters are the clusters of one test. They share nothing with those of other tests.
type Clusters struct {
	t       testing.TB
	bin     string
	root    string
	account *syscall.Credential
	all     []*Cluster
}

// Cluster is one cluster: the files of one server.
type Cluster struct {
	of  *Clusters
	dir string
}

// New makes a place for clusters. The servers end, and their files go, with the test.
func New(t testing.TB) *Clusters {
	t.Helper()
	known, err := pgtest.StartServer(t.Context()) // Knows where the server binaries are.
	if err != nil {
		t.Fatal(err)
	}
	s := &Clusters{t: t, bin: known.BinDir()}
	if err := known.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.root, err = os.MkdirTemp("", "tenfold-c-"); err != nil { // Short: a socket's path is bounded.
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range s.all {
			c.Crash()
		}
		if err := os.RemoveAll(s.root); err != nil {
			t.Error(err)
		}
	})
	s.own(s.root)
	return s
}

// Dir makes an empty directory that the servers may write to.
func (s *Clusters) Dir(name string) string {
	s.t.Helper()
	dir := filepath.Join(s.root, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.own(dir)
	return dir
}

func (s *Clusters) named(name string) *Cluster {
	s.t.Helper()
	s.Dir(name + "-socket")
	c := &Cluster{of: s, dir: filepath.Join(s.root, name)}
	s.all = append(s.all, c)
	return c
}

// Make starts a server with the schema. The settings are of the form name=value.
func (s *Clusters) Make(name string, settings ...string) *Cluster {
	s.t.Helper()
	c := s.named(name)
	s.run("initdb", "-D", c.dir, "-U", embedpg.AdminRole, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	c.Start(settings...)
	if err := embedpg.Provision(s.t.Context(), c.URL(embedpg.AdminRole, "postgres"), Database); err != nil {
		s.t.Fatal(err)
	}
	if _, _, err := postgres.Migrate(s.t.Context(), c.URL(embedpg.OwnerRole, Database), slog.New(slog.DiscardHandler)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Copy takes a base backup of a running server, with more arguments for pg_basebackup. The
// copy is not started.
func (c *Cluster) Copy(name string, more ...string) *Cluster {
	c.of.t.Helper()
	to := c.of.named(name)
	c.of.run("pg_basebackup", append([]string{
		"-D", to.dir, "-h", c.socket(), "-U", embedpg.AdminRole, "-c", "fast", "--no-sync",
	}, more...)...)
	return to
}

// CopyBy takes a base backup of a running server with these arguments of pg_basebackup, of which
// one is directory, the place of the copy. The copy is not started.
func (c *Cluster) CopyBy(name, directory string, args []string) *Cluster {
	c.of.t.Helper()
	to := c.of.named(name)
	own := []string{"-h", c.socket()}
	for _, arg := range args {
		if arg == directory {
			arg = to.dir
		}
		own = append(own, arg)
	}
	c.of.run("pg_basebackup", own...)
	return to
}

// Restore starts a server from a base backup and the archived log, which command fetches as
// PostgreSQL's restore_command, and waits until it takes writes. The settings may name an
// earlier point at which to end.
func (c *Cluster) Restore(name, command string, settings ...string) *Cluster {
	c.of.t.Helper()
	to := c.of.named(name)
	c.of.runPlain("cp", "-a", c.dir, to.dir)
	c.of.runPlain("touch", filepath.Join(to.dir, "recovery.signal"))
	to.Start(append([]string{"restore_command=" + command, "recovery_target_action=promote", "archive_mode=off"}, settings...)...)
	to.AwaitWrites()
	return to
}

// AwaitWrites waits until a server that recovers takes writes.
func (c *Cluster) AwaitWrites() {
	c.of.t.Helper()
	pool, err := pgdial.Open(c.URL(embedpg.AdminRole, Database), time.Minute)
	if err != nil {
		c.of.t.Fatal(err)
	}
	defer pool.Close()
	db := sqlx.NewDb(pool, "postgres")
	limit, cancel := context.WithTimeout(c.of.t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for recovering := true; recovering; {
		if err := db.GetContext(limit, &recovering, `SELECT pg_is_in_recovery()`); err != nil && limit.Err() != nil {
			c.of.t.Fatalf("%s does not end its recovery: %v", c.dir, err)
		}
		<-again.C
	}
}

// Dir is the directory of the cluster's files.
func (c *Cluster) Dir() string { return c.dir }

// Start starts the server and waits until it answers. A crash of the machine is not tried,
// so its files need not be forced to disk.
func (c *Cluster) Start(settings ...string) {
	c.of.t.Helper()
	options := "-c listen_addresses= -c port=5432 -c fsync=off -c unix_socket_directories=" + c.socket()
	for _, s := range settings {
		options += " -c '" + s + "'"
	}
	if out, err := c.of.output(filepath.Join(c.of.bin, "pg_ctl"), "start", "-w", "-D", c.dir, "-l", c.dir+".log", "-o", options); err != nil {
		said, _ := os.ReadFile(c.dir + ".log")
		c.of.t.Fatalf("start %s: %v\n%s%s", c.dir, err, out, said)
	}
}

// Crash stops the server as a crash would, if it runs.
func (c *Cluster) Crash() {
	_, _ = c.of.output(filepath.Join(c.of.bin, "pg_ctl"), "stop", "-w", "-m", "immediate", "-D", c.dir)
}

// Promote makes a standby take writes.
func (c *Cluster) Promote() {
	c.of.t.Helper()
	c.of.run("pg_ctl", "promote", "-w", "-D", c.dir)
}

// socket is the directory of the server's socket, which is its host.
func (c *Cluster) socket() string { return c.dir + "-socket" }

// URL is the URL of a role at the server, or at several servers of which one takes writes.
func (c *Cluster) URL(role, database string, more ...*Cluster) string {
	hosts := []string{c.socket()}
	for _, other := range more {
		hosts = append(hosts, other.socket())
	}
	url := fmt.Sprintf("postgres:///%s?user=%s&host=%s&port=5432&sslmode=disable", database, role, strings.Join(hosts, ","))
	if len(hosts) > 1 {
		url += "&target_session_attrs=read-write"
	}
	return url
}

// own makes a directory that of the account which runs the servers: PostgreSQL does not
// run as root.
func (s *Clusters) own(dir string) {
	s.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	s.t.Fatal("there is no account to run PostgreSQL as")
}

// run runs a program of PostgreSQL to its end.
func (s *Clusters) run(program string, args ...string) {
	s.t.Helper()
	s.runPlain(filepath.Join(s.bin, program), args...)
}

// runPlain runs any program to its end, as the account of the servers.
func (s *Clusters) runPlain(program string, args ...string) {
	s.t.Helper()
	if out, err := s.output(program, args...); err != nil {
		s.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// output runs a program. What it starts must not keep its output open, so that is a file.
func (s *Clusters) output(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Setsid: true}
	log, err := os.CreateTemp("", "tenfold-cluster-log-")
	if err != nil {
		return "", err
	}
	defer func() {
		_ = log.Close()
		_ = os.Remove(log.Name())
	}()
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	out, _ := os.ReadFile(log.Name())
	return string(out), err
}
