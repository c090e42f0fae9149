package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch limits that leave no time, or that nobody would live to see pass.
func TestServeChecksItsLimits(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--database-answer-max (TENFOLD_DATABASE_ANSWER_MAX) must be between 1s and 15m0s, not 10ms":  {"--database-answer-max", "10ms"},
		"--database-answer-max (TENFOLD_DATABASE_ANSWER_MAX) must be between 1s and 15m0s, not 16m0s": {"--database-answer-max", "16m"},
		"--database-answer-max (TENFOLD_DATABASE_ANSWER_MAX) must be between 1s and 15m0s, not -30s":  {"--database-answer-max", "-30s"},
		"--stop-max (TENFOLD_STOP_MAX) must be between 2s and 1h0m0s, not 0s":                         {"--stop-max", "0"},
		"--stop-max (TENFOLD_STOP_MAX) must be between 2s and 1h0m0s, not 1h0m1s":                     {"--stop-max", "3601s"},
		`invalid argument "soon" for "--stop-max" flag`:                                               {"--stop-max", "soon"},
		`invalid argument "30" for "--database-answer-max" flag: time: missing`:                       {"--database-answer-max", "30"},
	} {
		if code, _, errOut := try(t, append([]string{"serve", "--sandbox", "--insecure-loopback"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q", args, code, errOut)
		}
	}
}

// Would catch a server that finds a lane stuck only after the lane has given its connection
// up, or that probes without a pause.
func TestProbesFitTheLimitOfAnswers(t *testing.T) {
	t.Parallel()
	for answerMax := answerMin; answerMax <= answerMost; answerMax *= 2 {
		how := probingFor(answerMax)
		if found := how.stuckMax + 2*how.pause + how.answerMax; found > answerMax || how.pause <= 0 || how.answerMax > 2*time.Second {
			t.Errorf("with %s to answer a stuck lane is found within %s: %+v", answerMax, found, how)
		}
	}
	if got, want := probingFor(postgres.AnswerMax), (probing{answerMax: 2 * time.Second, pause: readyPause, stuckMax: 10 * time.Second}); got != want {
		t.Errorf("by default the server probes by %+v, want %+v", got, want)
	}
}

// Would catch a server that is told to end while it waits for its database to migrate the
// schema or to check it, and goes on waiting.
func TestAStartThatWaitsCanBeEnded(t *testing.T) {
	t.Parallel()
	for name, variable := range map[string]string{"migrate": "TENFOLD_OWNER_URL", "check": "TENFOLD_DATABASE_URL"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mute, connected := muteDatabase(t)
			server := exec.Command(os.Args[0], "serve", "--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--ops-listen", noOps, "--stop-max", "2s")
			var log bytes.Buffer
			server.Stderr = &log
			server.Env = append(os.Environ(), asProgram+"=1", "TENFOLD_DATABASE_URL="+mute, variable+"="+mute)
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			limit, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			defer context.AfterFunc(limit, func() { _ = server.Process.Kill() })()
			select {
			case <-connected:
			case <-limit.Done():
				t.Fatal("the server never came to its database")
			}
			if err := server.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			err := server.Wait()
			if limit.Err() != nil {
				t.Fatalf("the server did not end by itself: %s", log.String())
			}
			if err == nil {
				t.Error("a server that never served ended as if it had")
			}
		})
	}
}

// muteDatabase is the URL of a database that takes connections and says nothing; connected
// is closed with the first.
func muteDatabase(t *testing.T) (url string, connected <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	first := make(chan struct{})
	go func() {
		said := sync.OnceFunc(func() { close(first) })
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			said()
		}
	}()
	return "postgres://tenfold_app@" + l.Addr().String() + "/tenfold?sslmode=disable", first
}

// embedded is a server with an embedded PostgreSQL, in a process of its own.
type embedded struct {
	t      *testing.T
	dir    string
	server *serveproc.Process
	log    bytes.Buffer
	books  tenfoldv1.DepositServiceClient
}

func newEmbedded(t *testing.T) *embedded {
	t.Helper()
	parent, err := scratchDir("tenfold-embedded-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(parent); err != nil {
			t.Error(err)
		}
	})
	e := &embedded{t: t, dir: filepath.Join(parent, "data")}
	e.server, err = serveproc.Start(t.Context(), serveproc.Config{
		Args: []string{"--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--ops-listen", noOps, "--data-dir", e.dir, "--rate-limit", "0"},
		Env:  []string{asProgram + "=1"}, Log: &e.log,
	})
	if err != nil {
		t.Fatalf("%v: %s", err, e.log.String())
	}
	t.Cleanup(func() { _ = e.server.Kill() })
	var conn *grpc.ClientConn
	if conn, err = (caller.Identity{Workload: "test", Role: "operator", Person: "p1"}).Dial(e.server.Address()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	e.books = tenfoldv1.NewDepositServiceClient(conn)
	return e
}

// postmaster is the process of the embedded PostgreSQL; zero while there is none.
func (e *embedded) postmaster() int {
	note, err := os.ReadFile(filepath.Join(e.dir, "pgdata", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(note), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// payUntilOver pays again and again, each payment until it is acknowledged, and returns how
// many were.
func (e *embedded) payUntilOver(ctx context.Context, caller int, over <-chan struct{}, paid func()) (n int64) {
	for {
		select {
		case <-over:
			return n
		default:
		}
		id := fmt.Sprintf("pay-%d-%d", caller, n)
		request := &tenfoldv1.TopUpDepositRequest{
			Name: "merchants/m1", RequestId: id, PaymentReference: id, Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 1},
		}
		for {
			_, err := e.books.TopUpDeposit(ctx, request)
			if err == nil {
				break
			}
			if code := status.Code(err); code != codes.Unavailable && code != codes.Aborted && code != codes.ResourceExhausted {
				e.t.Errorf("payment %s: %v", id, err)
				return n
			}
		}
		n++
		paid()
	}
}

// Would catch a server that goes on without a database after the kernel has killed its
// embedded PostgreSQL, and payments that were acknowledged and are lost, or that are booked
// twice, when it is killed under load.
func TestAKilledEmbeddedDatabaseIsStartedAgain(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if _, err := e.books.OpenBook(ctx, &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "open", CurrencyCode: "CNY"}); err != nil {
		t.Fatal(err)
	}
	const callers, kills = 8, 3
	over, moved := make(chan struct{}), make(chan struct{}, 1)
	var paying sync.WaitGroup
	var counts [callers]int64
	for i := range callers {
		paying.Go(func() {
			counts[i] = e.payUntilOver(ctx, i, over, func() {
				select {
				case moved <- struct{}{}:
				default:
				}
			})
		})
	}
	await := func() {
		select {
		case <-moved:
		case <-ctx.Done():
			t.Error("nobody was answered any more")
		}
	}
	last := 0
	for range kills {
		for range 50 {
			await()
		}
		// Backends outlive their postmaster for a moment and answer: who is killed next is the one
		// that was started since.
		pid := e.postmaster()
		for (pid == 0 || pid == last) && ctx.Err() == nil {
			await()
			pid = e.postmaster()
		}
		if last = pid; pid == 0 {
			t.Error("there is no PostgreSQL to be killed")
			break
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	for range 50 {
		await()
	}
	close(over)
	paying.Wait()
	if err := e.server.Stop(ctx); err != nil {
		t.Errorf("%v: %s", err, e.log.String())
	}
	if n := strings.Count(e.log.String(), "database server was started again"); n != kills {
		t.Errorf("it was started again %d times after %d kills: %s", n, kills, e.log.String())
	}
	var sum int64
	for _, n := range counts {
		sum += n
	}
	e.holds(sum)
}

// holds compares the books with the payments that were acknowledged, after the server's end.
func (e *embedded) holds(payments int64) {
	e.t.Helper()
	ctx := e.t.Context()
	s, err := embedpg.Start(ctx, embedpg.Config{DataDir: e.dir, Durable: true})
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(context.WithoutCancel(ctx)); err != nil {
			e.t.Error(err)
		}
	}()
	db, err := postgres.Open(s.AppURL(), 2)
	if err != nil {
		e.t.Fatal(err)
	}
	defer db.Close()
	head, _, err := db.Reader().Head(ctx, "m1")
	if err != nil {
		e.t.Fatal(err)
	}
	if got := int64(head.Balances.At(ledger.Deposit).Of(ledger.Deposit)); got != payments || payments == 0 {
		e.t.Errorf("%d payments were acknowledged, the books hold %d", payments, got)
	}
	found, err := audit.Check(ctx, db)
	if err != nil || len(found) > 0 {
		e.t.Errorf("the audit finds %v, %v", found, err)
	}
}

// Would catch a server that lives on for ever without a database which nobody can start any
// more, or that ends and does not say why.
func TestAServerEndsWithoutItsEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t)
	control := filepath.Join(e.dir, "pgdata", "global", "pg_control")
	if err := os.Rename(control, control+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(e.postmaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := e.server.Wait(limit); err == nil || limit.Err() != nil {
		t.Errorf("the server ended with %v, %v", err, limit.Err())
	}
	for _, want := range []string{"database server has ended and is started again", "signal: killed", "the embedded PostgreSQL is lost; ending", "could not be started again 7 times"} {
		if !strings.Contains(e.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, e.log.String())
		}
	}
}
