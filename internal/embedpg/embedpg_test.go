package embedpg_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// childEnv makes the test binary a holder of a server that can be killed.
const childEnv = "TENFOLD_EMBEDPG_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childEnv); mode != "" {
		if err := holdServer(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// holdServer starts a server, reports it on standard output and never stops it.
func holdServer(mode string) error {
	kind, dir, _ := strings.Cut(mode, ":")
	s, err := embedpg.Start(context.Background(), embedpg.Config{DataDir: dir, Durable: kind == "durable"})
	if err != nil {
		return err
	}
	fmt.Printf("%d %s\n", s.Pid(), s.DataDir())
	_, err = os.Stdin.Read(make([]byte, 1)) // Until the test is gone.
	return err
}

// startHolder runs holdServer in a process of its own.
func startHolder(t *testing.T, mode string) (holder *exec.Cmd, pid int, dir string) {
	t.Helper()
	holder = exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), childEnv+"="+mode)
	holder.Stderr = os.Stderr
	if _, err := holder.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Process.Kill() })
	if _, err := fmt.Fscan(out, &pid, &dir); err != nil {
		t.Fatalf("holder: %v", err)
	}
	return holder, pid, dir
}

func kill(t *testing.T, holder *exec.Cmd) {
	t.Helper()
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
}

// dataDir is a directory that the server's account can enter; t.TempDir is
// closed to all but its owner.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "embedpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "data")
}

func start(t *testing.T, c embedpg.Config) *embedpg.Server {
	t.Helper()
	s, err := embedpg.Start(t.Context(), c)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *embedpg.Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec1(t *testing.T, url, statement string) {
	t.Helper()
	if _, err := open(t, url).ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func query1(t *testing.T, url, query string) string {
	t.Helper()
	var answer string
	if err := open(t, url).QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// eventually waits for what another process is about to do.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// Would catch a process that has ended being taken for a live one for as long as
// its parent has not waited for it: servers would seem never to end.
func TestEndedProcessDoesNotRun(t *testing.T) {
	t.Parallel()
	if !embedpg.Running(os.Getpid()) {
		t.Error("this process does not run")
	}
	child := exec.Command("/bin/sh", "-c", "echo begun; read -r _")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Wait() })
	// Start returns before the kernel has set up the new program's arguments.
	if _, err := io.ReadFull(out, make([]byte, len("begun\n"))); err != nil {
		t.Fatal(err)
	}
	if !embedpg.Running(child.Process.Pid) {
		t.Error("the child does not run")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child ends", func() bool { return !embedpg.Running(child.Process.Pid) })
}

// Catches a durable server that loses data, or its settings, over a restart.
func TestDurableServerKeepsData(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true, Settings: map[string]string{"work_mem": "7MB"}}
	s := start(t, c)
	exec1(t, s.OwnerURL(), `CREATE TABLE kept AS SELECT 'yes' AS answer`)
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"listen_addresses": "", "work_mem": "7MB", "server_encoding": "UTF8", "TimeZone": "UTC",
		"server_version": s.Version(),
	} {
		if got := query1(t, s.AppURL(), `SHOW `+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	stop(t, s)
	if embedpg.Running(s.Pid()) {
		t.Errorf("server %d runs after Stop", s.Pid())
	}

	again := start(t, c)
	if got := query1(t, again.OwnerURL(), `SELECT answer FROM kept`); got != "yes" {
		t.Errorf("after a restart the table holds %q, want yes", got)
	}
	if again.Adopted() {
		t.Error("a server of our own counts as adopted")
	}
}

// Catches a server that does not come back after its postmaster was killed.
func TestRecoversAfterPostmasterIsKilled(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true}
	s := start(t, c)
	exec1(t, s.OwnerURL(), `CREATE TABLE kept AS SELECT 'yes' AS answer`)
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	stop(t, s)

	again := start(t, c)
	if got := query1(t, again.OwnerURL(), `SELECT answer FROM kept`); got != "yes" {
		t.Errorf("after recovery the table holds %q, want yes", got)
	}
}

// Catches a crash of the holder that takes the durable server down, or leaves
// one that nobody can take over or end.
func TestAdoptsServerOfCrashedHolder(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	holder, pid, _ := startHolder(t, "durable:"+dir)
	kill(t, holder)

	s := start(t, embedpg.Config{DataDir: dir, Durable: true})
	if !s.Adopted() || s.Pid() != pid {
		t.Errorf("adopted %v, pid %d; want the server %d adopted", s.Adopted(), s.Pid(), pid)
	}
	if got := query1(t, s.AppURL(), `SELECT current_user`); got != embedpg.AppRole {
		t.Errorf("connected as %q", got)
	}
	stop(t, s)
	if embedpg.Running(pid) {
		t.Errorf("adopted server %d runs after Stop", pid)
	}
}

// Catches two processes that both believe the data directory is theirs.
func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true}
	s := start(t, c)
	_, err := embedpg.Start(t.Context(), c)
	if !errors.Is(err, embedpg.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("second Start: %v, want ErrInUse with our pid", err)
	}
	if got := query1(t, s.AppURL(), `SELECT 'alive'`); got != "alive" {
		t.Errorf("the first server answers %q", got)
	}
}

// Catches a lock that is let go when nobody refers to the Server any more,
// while the server runs: another process would take it for abandoned.
func TestLockOutlivesItsServerValue(t *testing.T) {
	t.Parallel()
	// The supervisor of a durable server refers to it for as long as it runs.
	c := embedpg.Config{DataDir: dataDir(t)}
	pid := func() int {
		s, err := embedpg.Start(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return s.Pid()
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(pid, syscall.SIGQUIT)
		eventually(t, "the server ends", func() bool { return !embedpg.Running(pid) })
	})
	for range 3 {
		runtime.GC()
	}
	if _, err := embedpg.Start(t.Context(), c); !errors.Is(err, embedpg.ErrInUse) {
		t.Errorf("second Start: %v, want ErrInUse", err)
	}
}

// Catches an ephemeral server that outlives a killed test and fills the machine.
func TestEphemeralServerDiesWithItsHolder(t *testing.T) {
	t.Parallel()
	holder, pid, dir := startHolder(t, "ephemeral:")
	if !embedpg.Running(pid) {
		t.Fatalf("server %d does not run", pid)
	}
	kill(t, holder)
	eventually(t, "the server ends", func() bool { return !embedpg.Running(pid) })
	eventually(t, "its directory is removed", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	})
}

// Catches a scratch server that leaves files behind when it is stopped.
func TestScratchDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Config{})
	if got := query1(t, s.AppURL(), `SHOW fsync`); got != "off" {
		t.Errorf("fsync = %q, want off", got)
	}
	stop(t, s)
	if _, err := os.Stat(s.DataDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there (%v)", s.DataDir(), err)
	}
}

// Catches settings that would open the server or move its files.
func TestRefusesBadConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]embedpg.Config{
		"listens":          {Settings: map[string]string{"listen_addresses": "*"}},
		"own access file":  {Settings: map[string]string{"hba_file": "/tmp/x"}},
		"no setting":       {Settings: map[string]string{"a b": "c"}},
		"durable, nowhere": {Durable: true},
	} {
		if s, err := embedpg.Start(t.Context(), c); err == nil {
			stop(t, s)
			t.Errorf("%s: started", name)
		}
	}
}
