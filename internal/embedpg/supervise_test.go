package embedpg_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/testlog"
)

// Would catch a postmaster that ends and is never started again, one whose end nobody is
// told of, a server that comes back under another address, and a Stop that leaves the
// server which the supervisor has started.
func TestADurableServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	said := new(testlog.Log)
	s := start(t, embedpg.Config{DataDir: dataDir(t), Durable: true, Logger: slog.New(slog.NewTextHandler(said, nil))})
	url := s.OwnerURL()
	exec1(t, url, `CREATE TABLE kept (n int)`)
	pid := s.Pid()
	for round := range 3 {
		exec1(t, url, fmt.Sprintf(`INSERT INTO kept VALUES (%d)`, round))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		dead := pid
		eventually(t, "the server is started again", func() bool { pid = s.Pid(); return pid != dead })
		if got := query1(t, url, `SELECT count(*) FROM kept`); got != fmt.Sprint(round+1) {
			t.Errorf("after %d kills there are %s rows", round+1, got)
		}
	}
	for _, want := range []string{"database server has ended and is started again", `how="signal: killed"`, "database server was started again"} {
		if n := strings.Count(said.String(), want); n != 3 {
			t.Errorf("the log says %d times %q: %s", n, want, said)
		}
	}
	stop(t, s)
	if embedpg.Running(pid) {
		t.Errorf("server %d runs after Stop", pid)
	}
	select {
	case err := <-s.Lost():
		t.Errorf("a server that was stopped is lost: %v", err)
	default:
	}
}

// Would catch a server that was adopted, and which nobody starts again when it ends because
// it is nobody's child.
func TestAnAdoptedServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	holder, pid, _ := startHolder(t, "durable:"+dir)
	kill(t, holder)
	s := start(t, embedpg.Config{DataDir: dir, Durable: true})
	exec1(t, s.OwnerURL(), `CREATE TABLE kept AS SELECT 'yes' AS answer`)
	if !s.Adopted() || s.Pid() != pid {
		t.Fatalf("adopted %v, pid %d; want the server %d adopted", s.Adopted(), s.Pid(), pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is started again", func() bool { return s.Pid() != pid })
	if got := query1(t, s.OwnerURL(), `SELECT answer FROM kept`); got != "yes" {
		t.Errorf("afterwards the table holds %q, want yes", got)
	}
}

// Would catch a server that nobody can start any more and whose holder lives on without
// it, saying nothing, or tries for ever.
func TestAServerThatCannotBeStartedIsLost(t *testing.T) {
	t.Parallel()
	said := new(testlog.Log)
	dir := dataDir(t)
	s := start(t, embedpg.Config{DataDir: dir, Durable: true, Logger: slog.New(slog.NewTextHandler(said, nil))})
	control := filepath.Join(dir, "pgdata", "global", "pg_control")
	if err := os.Rename(control, control+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	select {
	case err := <-s.Lost():
		if !strings.Contains(err.Error(), "could not be started again") || !strings.Contains(err.Error(), "server.log") {
			t.Errorf("the loss is told as %v", err)
		}
	case <-limit.Done():
		t.Fatalf("the server was never given up: %s", said)
	}
	if n := strings.Count(said.String(), "database server could not be started again"); n != 7 {
		t.Errorf("%d tries were told of: %s", n, said)
	}
}

// Would catch a server that goes on answering while it is suspended, or that does not go on
// afterwards: what is shown with it would show nothing.
func TestASuspendedServerSaysNothing(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Config{})
	db := open(t, s.AppURL())
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Suspend(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		var one int
		answered <- db.QueryRowContext(context.Background(), `SELECT 1`).Scan(&one)
	}()
	silence := time.NewTimer(300 * time.Millisecond)
	defer silence.Stop()
	select {
	case err := <-answered:
		t.Errorf("a suspended server answered: %v", err)
	case <-silence.C:
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("after it was resumed: %v", err)
	}
}
