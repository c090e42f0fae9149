package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/demo"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// asProgram makes the test binary the tenfold program, so that tests can start
// and kill real servers.
const asProgram = "TEST_AS_TENFOLD"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" && filepath.Base(os.Args[0]) == grpcurlName {
		if err := grpcurl(context.Background(), os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitFailed)
		}
		os.Exit(exitOK)
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is the program as it is released, for tests that call it very often: the test binary
// with the race detector takes half a second to start.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// program is the path of the program as it is released.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = scratchDir("tenfold-program-"); built.err != nil {
			return
		}
		var out []byte
		if out, built.err = exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(built.dir, "tenfold"), ".").CombinedOutput(); built.err != nil {
			built.err = fmt.Errorf("build the program: %w\n%s", built.err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "tenfold")
}

// stage is a demo with a server of its own that can be killed.
type stage struct {
	t       *testing.T
	config  serveproc.Config
	mu      sync.Mutex
	process *serveproc.Process
}

func newStage(t *testing.T, gateway string) *stage {
	t.Helper()
	dir, err := scratchDir("tenfold-demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	s := &stage{t: t, config: serveproc.Config{
		Args: demoServer(filepath.Join(dir, "data"), freeAddress(t), gateway), Env: []string{asProgram + "=1"}, Log: log,
	}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(tail(log.Name()))
		}
		if err := s.process.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s.start()
	return s
}

// freeAddress is an address that a server can come back to.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *stage) start() {
	s.t.Helper()
	process, err := serveproc.Start(context.Background(), s.config)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.process = process
}

// crash kills the server and starts it again on the same address and data.
func (s *stage) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.Kill(); err != nil {
		s.t.Error(err)
	}
	s.start()
}

// play runs the demo. After the calls of which crashes gives the numbers the
// server is killed while further calls are under way.
func play(t *testing.T, claims int, crashes ...int64) (report *demo.Report, calls int64) {
	t.Helper()
	clock := demo.NewClock()
	payments := payouttest.New(clock.Now)
	gateway, stop, err := serveGateway(payments)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := newStage(t, gateway)
	var count atomic.Int64
	var crashing sync.WaitGroup
	report, err = demo.Run(t.Context(), demo.Config{
		Address: s.process.Address(), Payments: payments, Clock: clock, Claims: claims, Callers: 16,
		Patience: 2 * time.Minute, Progress: func(string, int, int) {},
		Called: func() {
			if slices.Contains(crashes, count.Add(1)) {
				crashing.Go(s.crash)
			}
		},
	})
	crashing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if paid := payments.Paid(); paid.Minor != cashOut(report) {
		t.Errorf("the payment service paid %d, the books say %d", paid.Minor, cashOut(report))
	}
	return report, count.Load()
}

// cashOut is what left the platform by the books.
func cashOut(r *demo.Report) int64 {
	for _, a := range r.TrialBalance {
		if a.Purpose == "PLATFORM_CASH" {
			return a.Credits - a.Debits
		}
	}
	return 0
}

// Would catch a claim that a crash loses, doubles or leaves half done: the
// server is killed in the middle of the demo's load and started again, and every
// account of every book must end as in a run that nothing disturbed.
func TestCrashesLeaveTheSameBooks(t *testing.T) {
	t.Parallel()
	const claims = 60
	undisturbed, calls := play(t, claims)
	if !undisturbed.Matches() {
		t.Fatalf("undisturbed: %+v", undisturbed.Load)
	}
	seed := testseed.New(t)
	random := rand.New(rand.NewPCG(seed, 0))
	crashes := []int64{1 + random.Int64N(calls/3), calls/3 + random.Int64N(calls/3), 2*calls/3 + random.Int64N(calls/4)}
	disturbed, _ := play(t, claims, crashes...)
	if !disturbed.Matches() {
		t.Errorf("crashes after calls %v: %+v %+v", crashes, disturbed.Cases, disturbed.Load)
	}
	if diff := cmp.Diff(undisturbed.Books, disturbed.Books); diff != "" {
		t.Errorf("crashes after calls %v leave other books:\n%s", crashes, diff)
	}
}

// Would catch a demo that says all is well when it is not, or the reverse.
func TestDemoOutput(t *testing.T) {
	t.Parallel()
	report := &demo.Report{
		Cases:        []demo.CaseReport{{Case: "T01", Title: "Sausage", Claims: 1, Base: 55860, Multiplier: "10×", Compensation: 558600, AwardedCompensation: 558600, Match: true}},
		Verification: []demo.VerificationReport{{What: "a signature", Claim: "C", Weighed: "verified", Expected: "PAID", State: "PAID", Match: true}},
		Load:         []demo.LoadReport{{Product: "p", Destination: "d", Expected: "PAID", Claims: 2, AsExpected: 2}},
		Books:        []demo.BookReport{{Merchant: "m", Accounts: []demo.AccountReport{{Purpose: "DEPOSIT", Side: "CREDIT", Credits: 5, Balance: 5}}}},
		TrialBalance: []demo.AccountTotal{{Purpose: "DEPOSIT", Credits: 5}, {Purpose: "SETTLEMENT_CLEARING", Debits: 5}},
		Statements:   []demo.StatementReport{{Merchant: "m", Lines: 3, Amount: 5, Digest: strings.Repeat("0", 64), Ties: true}},
		Reckoning:    &demo.ReckoningReport{Days: 1, Lines: 2, Payouts: 2, Planted: []string{"UNIT_DIFFERS 1"}, Found: []string{"UNIT_DIFFERS 1"}},
	}
	if !report.Matches() {
		t.Fatal("a report without a difference does not match")
	}
	var b strings.Builder
	printDemo(&output{format: formatTable, w: &b}, report)
	for _, want := range []string{"5,586.00", "everything as it must be", "the books balance", "the bills reconcile", "UNIT_DIFFERS 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
	for name, spoil := range map[string]func(*demo.Report){
		"a case":  func(r *demo.Report) { r.Cases[0].Match = false },
		"a body":  func(r *demo.Report) { r.Verification[0].Match = false },
		"a claim": func(r *demo.Report) { r.Load[0].AsExpected = 1 },
		"a fen":   func(r *demo.Report) { r.TrialBalance[0].Credits = 4 },
		"a line":  func(r *demo.Report) { r.Statements[0].Ties = false },
		"a break": func(r *demo.Report) { r.Reckoning.Found = nil },
		"a rest":  func(r *demo.Report) { r.Reckoning.Left = []string{"UNIT_DIFFERS 1"} },
		"no file": func(r *demo.Report) { r.Reckoning.Lines = 0 },
	} {
		var spoiled demo.Report
		raw, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &spoiled); err != nil {
			t.Fatal(err)
		}
		if spoil(&spoiled); spoiled.Matches() {
			t.Errorf("%s that differs is not seen", name)
		}
	}
}

// Would catch `tenfold demo` itself not working: flags, processes, output, exit
// code.
func TestDemoCommand(t *testing.T) {
	t.Parallel()
	program(t)
	command := exec.CommandContext(t.Context(), filepath.Join(built.dir, "tenfold"), "demo", "--claims", "24", "--output", "json")
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	var report demo.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	// A break of every class that files can have.
	classes := len(reconcile.FileClasses())
	if len(report.Cases) != 9 || len(report.Books) != 15 || len(report.Statements) != 15 || len(report.Verification) != 3 || len(report.Reckoning.Planted) != classes || !report.Matches() {
		t.Errorf("%s", out)
	}
}
