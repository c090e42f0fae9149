package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// pair are a primary and its standby, clusters of the test's own that share nothing with
// those of other tests. Each is named by its directory.
type pair struct {
	t                testing.TB
	bin              string
	primary, standby string
	account          *syscall.Credential
}

// newPair starts a primary with the schema, and a standby without which it commits nothing.
func newPair(t testing.TB) *pair {
	t.Helper()
	known, err := pgtest.StartServer(t.Context()) // Knows where the server binaries are.
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, bin: known.BinDir()}
	if err := known.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("", "tenfold-pair-") // Short: a socket's path is bounded.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop(p.primary)
		p.stop(p.standby)
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	p.primary, p.standby = filepath.Join(root, "a"), filepath.Join(root, "b")
	for _, dir := range []string{root, socketOf(p.primary), socketOf(p.standby)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		p.give(dir)
	}
	p.run(exec.Command(filepath.Join(p.bin, "initdb"), "-D", p.primary, "-U", embedpg.AdminRole, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"))
	p.start(p.primary)
	url := p.url(embedpg.AdminRole, "postgres", p.primary)
	if err := embedpg.Provision(t.Context(), url, "tenfold"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := postgres.Migrate(t.Context(), p.url(embedpg.OwnerRole, "tenfold", p.primary), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	p.run(exec.Command(filepath.Join(p.bin, "pg_basebackup"), "-D", p.standby, "-h", socketOf(p.primary), "-U", embedpg.AdminRole, "-R", "-X", "stream", "-c", "fast", "--no-sync"))
	p.stop(p.primary)
	p.start(p.primary, "synchronous_standby_names=*")
	p.start(p.standby)
	return p
}

// give makes a directory that of the account which runs the servers: PostgreSQL does not
// run as root.
func (p *pair) give(dir string) {
	p.t.Helper()
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
		p.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	p.t.Fatal("there is no account to run PostgreSQL as")
}

// run runs a program to its end. What the programs start must not keep their output open.
func (p *pair) run(cmd *exec.Cmd) {
	p.t.Helper()
	if out, err := p.output(cmd); err != nil {
		p.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

func (p *pair) output(cmd *exec.Cmd) (string, error) {
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.account, Setsid: true}
	log, err := os.CreateTemp("", "tenfold-pair-log-")
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

// start starts a server and waits until it answers. A crash of the machine is not tried, so
// its files need not be forced to disk.
func (p *pair) start(dir string, settings ...string) {
	p.t.Helper()
	options := "-c listen_addresses= -c port=5432 -c fsync=off -c unix_socket_directories=" + socketOf(dir)
	for _, s := range settings {
		options += " -c " + s
	}
	if out, err := p.output(exec.Command(filepath.Join(p.bin, "pg_ctl"), "start", "-w", "-D", dir, "-l", dir+".log", "-o", options)); err != nil {
		said, _ := os.ReadFile(dir + ".log")
		p.t.Fatalf("start %s: %v\n%s%s", dir, err, out, said)
	}
}

// stop stops a server as a crash would, if it runs.
func (p *pair) stop(dir string) {
	if dir != "" {
		_, _ = p.output(exec.Command(filepath.Join(p.bin, "pg_ctl"), "stop", "-w", "-m", "immediate", "-D", dir))
	}
}

// promote makes the standby the primary.
func (p *pair) promote() {
	p.t.Helper()
	p.run(exec.Command(filepath.Join(p.bin, "pg_ctl"), "promote", "-w", "-D", p.standby))
}

// socketOf is the directory of a server's socket, which is its host.
func socketOf(dir string) string { return dir + "-socket" }

// url is the URL of a role at one host, or at several of which one takes writes.
func (p *pair) url(role, database string, servers ...string) string {
	hosts := make([]string, len(servers))
	for i, dir := range servers {
		hosts[i] = socketOf(dir)
	}
	url := fmt.Sprintf("postgres:///%s?user=%s&host=%s&port=5432&sslmode=disable", database, role, strings.Join(hosts, ","))
	if len(hosts) > 1 {
		url += "&target_session_attrs=read-write"
	}
	return url
}

// passing says whether a command may succeed when it is sent again.
func passing(err error) bool {
	for _, reason := range []error{
		fault.DatabaseUnavailable, fault.OutcomeUnknown, fault.TransactionContended, fault.QueueFull,
		postgres.ErrUnavailable, postgres.ErrCommitUnknown, postgres.ErrContended,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// Would catch top-ups that were acknowledged and are lost, or are carried out twice, when the
// primary dies under load, its synchronous standby is promoted, and callers that got no
// answer send the same request again; and an engine that does not find the new primary.
func TestPromotedStandbyLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pg, err := postgres.Open(p.url(embedpg.AppRole, "tenfold", p.primary, p.standby), 16)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close()
	e, err := engine.New(t.Context(), pg, time.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	const callers, each, before = 8, 60, 100
	var acknowledged atomic.Int64
	crash, promoted := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			merchant := fmt.Sprint("m", caller)
			sendUntil(ctx, t, e, promoted, promotionHeader(merchant, "open"), &book.OpenBook{Currency: "CNY"})
			for n := range each {
				reference := fmt.Sprintf("bank-%d-%d", caller, n)
				sendUntil(ctx, t, e, promoted, promotionHeader(merchant, reference), &book.MoneyMove{
					Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: reference,
				})
				if acknowledged.Add(1) == before {
					once.Do(func() { close(crash) })
				}
			}
		})
	}
	select {
	case <-crash:
	case <-ctx.Done():
		t.Fatal("nothing is acknowledged")
	}
	p.stop(p.primary)
	p.promote()
	close(promoted)
	running.Wait()

	for caller := range callers {
		merchant := fmt.Sprint("m", caller)
		list, err := pg.Reader().Transfers(ctx, merchant, "", 0, 2*each)
		if err != nil {
			t.Fatal(err)
		}
		booked := make(map[string]int)
		for _, x := range list {
			booked[x.ExternalReference]++
		}
		for n := range each {
			if reference := fmt.Sprintf("bank-%d-%d", caller, n); booked[reference] != 1 {
				t.Errorf("%s was acknowledged and is booked %d times", reference, booked[reference])
			}
		}
		if len(list) != each {
			t.Errorf("%s has %d transfers, and %d were acknowledged", merchant, len(list), each)
		}
	}
	wrong, err := audit.Check(ctx, pg)
	if err != nil || len(wrong) > 0 {
		t.Errorf("audit: %v, %v", wrong, err)
	}
}

func promotionHeader(merchant, id string) request.Header {
	return request.Header{
		MerchantID: merchant, Method: "Promotion", RequestID: id,
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "operator-1"},
	}
}

// sendUntil sends a request until it is acknowledged. Where it fails before the standby was
// promoted, it waits for that.
func sendUntil(ctx context.Context, t *testing.T, e *engine.Engine, promoted <-chan struct{}, h request.Header, cmd book.Command) {
	for {
		_, err := e.Do(ctx, h, cmd)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil || !passing(err):
			t.Errorf("%s of %s: %v", h.RequestID, h.MerchantID, err)
			return
		}
		select {
		case <-promoted:
		case <-ctx.Done():
		}
	}
}
