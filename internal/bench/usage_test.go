package bench

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// Would catch a name with spaces or parentheses that shifts every field.
func TestParseStat(t *testing.T) {
	t.Parallel()
	const line = "4242 (postgres: a (b) c) S 17 4242 4242 0 -1 4194560 9 8 7 6 11 22 33 44 20 0 1 0 100 200 300\n"
	got, err := parseStat(line)
	if want := (stat{pid: 4242, parent: 17, own: 33, reaped: 77}); err != nil || got != want {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := parseStat("4242 (postgres"); err == nil {
		t.Fatal("half a line is taken for a process")
	}
}

// Would catch idle time that counts as used, or guest time that counts twice.
func TestParseMachine(t *testing.T) {
	t.Parallel()
	got, err := parseMachine("cpu  1 20 300 4000000 500000 6000 70000 800000 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if want := 876_321 * tick; err != nil || got != want {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	if _, err := parseMachine("intr 1 2 3\n"); err == nil {
		t.Fatal("another line is taken for the cores")
	}
	before := usage{server: time.Second, database: 2 * time.Second, client: 3 * time.Second, machine: 10 * time.Second}
	after := usage{server: 2 * time.Second, database: 3 * time.Second, client: 4 * time.Second, machine: 14 * time.Second}
	if got, want := others(before, after, time.Second), 1/float64(runtime.NumCPU()); got != want {
		t.Fatalf("others used %v of the machine, want %v", got, want)
	}
}

// Would catch a process tree that is not found, or whose CPU time goes backwards.
func TestDatabaseCPU(t *testing.T) {
	t.Parallel()
	if !hasProc {
		t.Skip("this system does not tell what other processes use")
	}
	before, err := databaseCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	after, err := databaseCPU(os.Getpid())
	if err != nil || after < before {
		t.Fatalf("%v after %v: %v", after, before, err)
	}
	const nobody = 1 << 30
	if _, err := databaseCPU(nobody); err == nil {
		t.Fatal("a process that is not there has used something")
	}
	if got := microsEach(3*time.Millisecond, 2); got != 1500 {
		t.Fatalf("3 ms for 2 operations are %v µs each", got)
	}
}
