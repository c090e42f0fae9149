package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// hasProc says whether the system reports the resources of other processes. On
// other systems their figures are zero.
const hasProc = runtime.GOOS == "linux"

// usage is the CPU time and memory that client, server and database have used up to
// a moment.
type usage struct {
	server, database, client time.Duration
	// machine is the CPU time of all processes of the machine.
	machine time.Duration
	// resident and peak are the server's memory in bytes.
	resident, peak int64
}

// meter reads the usage of the server process (if there is one), of PostgreSQL and
// of this process.
type meter struct {
	server     *serveproc.Process
	postmaster int
}

func (m meter) read() (usage, error) {
	var server serveproc.Usage
	var err error
	if hasProc && m.server != nil {
		if server, err = m.server.Usage(); err != nil {
			return usage{}, fmt.Errorf("read the server's usage: %w", err)
		}
	}
	database, err := databaseCPU(m.postmaster)
	if err != nil {
		return usage{}, err
	}
	client, err := ownCPU()
	if err != nil {
		return usage{}, err
	}
	machine, err := machineCPU()
	if err != nil {
		return usage{}, err
	}
	return usage{
		server: server.CPU, database: database, client: client, machine: machine,
		resident: server.Resident, peak: server.PeakResident,
	}, nil
}

// ownCPU is the CPU time of this process, which holds the callers and the payout
// gateway.
func ownCPU() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("read own usage: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// tick is the unit of CPU times in /proc: USER_HZ, which is 100 on every
// architecture that Linux and Go share.
const tick = 10 * time.Millisecond

// databaseCPU is the CPU time of a postmaster and all its children, including those
// that have ended.
func databaseCPU(postmaster int) (time.Duration, error) {
	if !hasProc {
		return 0, nil
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var ticks int64
	found := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // The process has ended.
		}
		if err != nil {
			return 0, err
		}
		s, err := parseStat(string(text))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		switch postmaster {
		case s.pid:
			found = true
			ticks += s.own + s.reaped
		case s.parent:
			ticks += s.own
		}
	}
	if !found {
		return 0, fmt.Errorf("the database server %d has ended", postmaster)
	}
	return time.Duration(ticks) * tick, nil
}

// machineCPU is the time in which the machine's cores were busy, or were taken away
// by the machine's host.
func machineCPU() (time.Duration, error) {
	if !hasProc {
		return 0, nil
	}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the machine's usage: %w", err)
	}
	return parseMachine(string(text))
}

func parseMachine(text string) (time.Duration, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	// user, nice, system, idle, iowait, irq, softirq, steal: see proc(5).
	const idle, iowait, steal = 4, 5, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return 0, errors.New("read the machine's usage: /proc/stat has no line for all cores")
	}
	var ticks int64
	for i := 1; i <= steal; i++ {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the machine's usage: %w", err)
		}
		if i != idle && i != iowait {
			ticks += n
		}
	}
	return time.Duration(ticks) * tick, nil
}

// others is the share of all cores that was used between two moments by none of
// client, server and database. A share far above zero means that other processes
// disturbed the run.
func others(before, after usage, span time.Duration) float64 {
	ours := after.server - before.server + after.database - before.database + after.client - before.client
	all := span.Seconds() * float64(runtime.NumCPU())
	return max(0, ratio((after.machine-before.machine-ours).Seconds(), all))
}

// stat holds the CPU times of a line of /proc/PID/stat, in ticks.
type stat struct {
	pid, parent int
	own, reaped int64
}

func parseStat(text string) (stat, error) {
	// The name, in parentheses, may contain anything.
	head, _, _ := strings.Cut(text, " ")
	at := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[at+1:])
	const least = 15
	if at < 0 || len(fields) < least {
		return stat{}, errors.New("the line does not describe a process")
	}
	var s stat
	var failed error
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		failed = errors.Join(failed, err)
		return n
	}
	// Counted from the state, which is field 3 of proc(5).
	s.pid, s.parent = int(number(head)), int(number(fields[1]))
	s.own = number(fields[11]) + number(fields[12])
	s.reaped = number(fields[13]) + number(fields[14])
	return s, failed
}

// microsEach is the CPU time of each of n operations.
func microsEach(used time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(used.Microseconds()) / float64(n)
}
