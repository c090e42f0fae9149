package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scalePerClient keeps clients apart. Every TPC-B transaction updates one branch,
// and the scale is the number of branches. With fewer branches clients would wait
// for each other.
const scalePerClient = 2

// Pgbench is the reference: TPC-B (sort of) on the same PostgreSQL.
type Pgbench struct {
	// Scale is the number of branches; each has 100,000 accounts, about 15 MB.
	Scale int          `json:"scale"`
	Runs  []PgbenchRun `json:"runs"`
	// Best is the run with the most transactions per second.
	Best PgbenchRun `json:"best"`
}

// PgbenchRun is the result for one number of clients.
type PgbenchRun struct {
	Clients       int     `json:"clients"`
	Transactions  int64   `json:"transactions"`
	PerSecond     float64 `json:"perSecond"`
	AverageMillis float64 `json:"averageMillis"`
	// DatabaseMicros and ClientMicros are the CPU times of each transaction.
	DatabaseMicros float64 `json:"databaseCpuMicros"`
	ClientMicros   float64 `json:"clientCpuMicros"`
	// Others is the share of the machine that neither pgbench nor PostgreSQL used.
	Others float64 `json:"othersCpuShare"`
}

// measurePgbench initialises once, for the largest number of clients, and then runs
// with every number.
func (r *run) measurePgbench(ctx context.Context) error {
	p := &r.report.Pgbench
	p.Scale = scalePerClient * slices.Max(r.PgbenchClients)
	r.doing("pgbench: %d rows", p.Scale*100_000)
	db, err := r.cluster.create(ctx, "pgbench")
	if err != nil {
		return err
	}
	if _, _, err := r.pgbench(ctx, "-i", "-q", "-s", strconv.Itoa(p.Scale), db.ownerURL); err != nil {
		return err
	}
	for _, clients := range r.PgbenchClients {
		r.doing("pgbench: %d clients", clients)
		one, err := r.runPgbench(ctx, clients, r.PgbenchTime, db.ownerURL)
		if err != nil {
			return err
		}
		p.Runs = append(p.Runs, one)
		if one.PerSecond > p.Best.PerSecond {
			p.Best = one
		}
	}
	return nil
}

func (r *run) runPgbench(ctx context.Context, clients int, lasting time.Duration, url string) (PgbenchRun, error) {
	before, err := r.pgbenchUsage()
	if err != nil {
		return PgbenchRun{}, err
	}
	began := r.Now()
	threads := min(clients, runtime.NumCPU())
	out, used, err := r.pgbench(ctx, "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(threads),
		"-T", strconv.Itoa(int(lasting.Seconds())), url)
	if err != nil {
		return PgbenchRun{}, err
	}
	span := r.Now().Sub(began)
	after, err := r.pgbenchUsage()
	if err != nil {
		return PgbenchRun{}, err
	}
	after.client += used
	one, err := parsePgbench(out)
	if err != nil {
		return PgbenchRun{}, fmt.Errorf("%w; pgbench said:\n%s", err, out)
	}
	one.Clients = clients
	one.DatabaseMicros = microsEach(after.database-before.database, one.Transactions)
	one.ClientMicros = microsEach(used, one.Transactions)
	one.Others = others(before, after, span)
	return one, nil
}

// pgbenchUsage returns the CPU times that PostgreSQL and the machine have used.
func (r *run) pgbenchUsage() (u usage, err error) {
	if u.database, err = databaseCPU(r.cluster.server.Pid()); err != nil {
		return usage{}, err
	}
	u.machine, err = machineCPU()
	return u, err
}

// pgbench runs the program, and returns its output and the CPU time that it used.
func (r *run) pgbench(ctx context.Context, args ...string) (out []byte, used time.Duration, err error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(r.cluster.server.BinDir(), "pgbench"), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		return nil, 0, fmt.Errorf("run pgbench: %w\n%s", err, stderr.Bytes())
	}
	return stdout.Bytes(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// parsePgbench reads the output of pgbench at the end of a run.
func parsePgbench(out []byte) (PgbenchRun, error) {
	var p PgbenchRun
	var err error
	read := func(to *float64, text string) {
		number, _, _ := strings.Cut(text, " ")
		if f, e := strconv.ParseFloat(number, 64); e == nil {
			*to = f
		} else if err == nil {
			err = fmt.Errorf("read a figure of pgbench: %w", e)
		}
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, "number of transactions actually processed: "); ok {
			var n float64
			read(&n, text)
			p.Transactions = int64(n)
		} else if text, ok := strings.CutPrefix(line, "latency average = "); ok {
			read(&p.AverageMillis, text)
		} else if text, ok := strings.CutPrefix(line, "tps = "); ok {
			// Before version 14 there are two figures; the last one excludes the
			// time of connecting.
			read(&p.PerSecond, text)
		} else if text, ok := strings.CutPrefix(line, "number of failed transactions: "); ok && !strings.HasPrefix(text, "0 ") {
			return p, fmt.Errorf("transactions of pgbench failed: %s", text)
		}
	}
	if err == nil && (p.PerSecond <= 0 || p.Transactions <= 0) {
		err = fmt.Errorf("pgbench printed no figures")
	}
	return p, err
}
