package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
)

// FinanceMax is the longest time that the slowest of a hundred reads of a book as of a time may
// take.
const FinanceMax = 50 * time.Millisecond

// financePeriodEvents is how many events are summed at once, as a worker does.
const financePeriodEvents = 5000

// FinanceConfig is the input of a measurement of sums and statements.
type FinanceConfig struct {
	// Transfers is how many transfers the hot merchant has.
	Transfers int
	// Books is how many other books there are, which are small.
	Books int
	// Reads is how often each read is made.
	Reads int
	// Seed selects the times that are asked for.
	Seed uint64
	// Dir, Now and Progress have the same meaning as in Config.
	Dir      string
	Now      func() time.Time
	Progress func(doing string, percent int)
	// Watch watches how much memory the program has until peak is called, which gives the
	// most that it had; nil for none.
	Watch func() (peak func() uint64)
}

// FinanceReport is the result of a measurement.
type FinanceReport struct {
	Seed            uint64  `json:"seed"`
	Transfers       int     `json:"transfers"`
	FillSeconds     float64 `json:"fillSeconds"`
	SnapshotSeconds float64 `json:"snapshotSeconds"`
	PeriodSeconds   float64 `json:"periodSeconds"`
	// Others is the share of the machine that other processes used during the reads.
	Others float64         `json:"othersCpuShare"`
	Reads  []FinanceFigure `json:"reads"`
	// Files are statements that were written as files; empty if none were.
	Files []StatementFile `json:"files"`
	// Job is the statement of all transfers of the merchant, which a worker wrote.
	Job StatementFile `json:"job"`
}

// StatementFile is the result for a form of file.
type StatementFile struct {
	Name    string  `json:"name"`
	Lines   int     `json:"lines"`
	Seconds float64 `json:"seconds"`
	// PeakBytes is the most memory that the program had, and FileBytes the length of the file.
	PeakBytes uint64 `json:"peakBytes"`
	FileBytes int64  `json:"fileBytes"`
	// Met says that the memory was within its bound.
	Met bool `json:"met"`
}

// FinanceFigure is the result for one read.
type FinanceFigure struct {
	Name      string  `json:"name"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
	MaxMillis float64 `json:"maxMillis"`
	// Target says that the read has one, and Met that it was fast enough; a read without a
	// target always is.
	Target bool `json:"target"`
	Met    bool `json:"met"`
}

// Missed says whether a read was too slow, or a statement took too much memory.
func (r *FinanceReport) Missed() bool {
	return !r.Job.Met || slices.ContainsFunc(r.Reads, func(f FinanceFigure) bool { return !f.Met }) ||
		slices.ContainsFunc(r.Files, func(f StatementFile) bool { return !f.Met })
}

// Check returns an error that names the first setting without sense.
func (c *FinanceConfig) Check() error {
	if c.Transfers < 1000 || c.Transfers > 100_000_000 {
		return fmt.Errorf("the number of transfers must be between 1,000 and 100,000,000, not %d", c.Transfers)
	}
	if c.Books < 1 || c.Books > 1_000_000 {
		return fmt.Errorf("the number of other books must be between 1 and 1,000,000, not %d", c.Books)
	}
	if c.Reads < 1 {
		return fmt.Errorf("the number of reads must be at least 1, not %d", c.Reads)
	}
	return nil
}

// financeRead is a read as of a time in the year of the transfers.
type financeRead struct {
	name string
	read func(ctx context.Context, r postgres.Reader, at time.Time) error
	// free says that the read has no target.
	free bool
}

// financeReads are the reads that are measured.
func financeReads() []financeRead {
	totals := func(byEffect bool) func(context.Context, postgres.Reader, time.Time) error {
		return func(ctx context.Context, r postgres.Reader, at time.Time) error {
			_, err := r.TotalsAt(ctx, fill.HotMerchant, at, byEffect)
			return err
		}
	}
	ofAll := func(byEffect bool) func(context.Context, postgres.Reader, time.Time) error {
		return func(ctx context.Context, r postgres.Reader, at time.Time) error {
			_, err := r.TotalsOfAllAt(ctx, at, byEffect)
			return err
		}
	}
	lines := func(byEffect bool) func(context.Context, postgres.Reader, time.Time) error {
		return func(ctx context.Context, r postgres.Reader, at time.Time) error {
			const page = 1000
			q := postgres.TransferQuery{MerchantID: fill.HotMerchant, ByEffect: byEffect, RecordedFrom: at}
			if byEffect {
				q.RecordedFrom, q.EffectiveFrom = time.Time{}, at
			}
			list, err := r.FindTransfers(ctx, q, postgres.TransferCursor{}, page)
			if err == nil {
				_, err = r.FactsOfTransfers(ctx, list.Rows)
			}
			return err
		}
	}
	return []financeRead{
		{"balances of a merchant, recorded by a time", totals(false), false},
		{"balances of a merchant, effective by a time", totals(true), false},
		{"trial balance of all, recorded by a time", ofAll(false), true},
		{"trial balance of all, effective by a time", ofAll(true), true},
		{"debts of a merchant by age, recorded by a time", debtAges(fill.HotMerchant, false), false},
		{"debts of a merchant by age, effective by a time", debtAges(fill.HotMerchant, true), false},
		{"a page of a merchant's debts, recorded by a time", debtPage, false},
		{"exposure of a merchant, recorded by a time", exposure, false},
		{"debts of all by age, recorded by a time", debtAges("", false), true},
		{"exposure of all, recorded by a time", exposureOfAll, true},
		{"a thousand lines, by record time", lines(false), true},
		{"a thousand lines, by effect", lines(true), true},
	}
}

// RunFinance measures the reads in a throwaway database. A slow read is not an error.
func RunFinance(ctx context.Context, c FinanceConfig) (_ *FinanceReport, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	cluster, err := startCluster(ctx, Config{Dir: c.Dir, Now: c.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	db, err := cluster.create(ctx, "finance")
	if err != nil {
		return nil, err
	}
	if _, _, err := postgres.Migrate(ctx, db.ownerURL, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	report := &FinanceReport{Seed: c.Seed, Transfers: c.Transfers}
	began := c.Now()
	if err := fill.Transfers(ctx, db.ownerURL, c.Transfers, c.Books, func(done int) { c.doing(100*done/c.Transfers, "making transfers") }); err != nil {
		return nil, err
	}
	c.doing(0, "making debts")
	if err := fill.Debts(ctx, db.ownerURL, c.Transfers); err != nil {
		return nil, err
	}
	report.FillSeconds = c.Now().Sub(began).Seconds()
	reads, err := postgres.Open(db.appURL, 1)
	if err != nil {
		return nil, err
	}
	defer reads.Close()
	if err := c.prepare(ctx, reads, report); err != nil {
		return nil, err
	}
	if err := c.measure(ctx, cluster, reads, report); err != nil {
		return nil, err
	}
	return report, c.measureStatement(ctx, db.appURL, report)
}

func (c *FinanceConfig) doing(percent int, doing string) {
	if c.Progress != nil {
		c.Progress(doing, percent)
	}
}

// prepare does what a worker does, up to the last transfer.
func (c *FinanceConfig) prepare(ctx context.Context, db *postgres.DB, report *FinanceReport) error {
	began := c.Now()
	due, _, err := db.BooksToSnapshot(ctx, "", postgres.SnapshotEvery)
	for more := err == nil && len(due) > 0; more; {
		c.doing(0, "taking snapshots")
		if more, err = db.SnapshotBook(ctx, fill.HotMerchant, postgres.SnapshotEvery); err != nil {
			return err
		}
	}
	for more := err == nil; more; {
		if more, err = db.SnapshotExposure(ctx, fill.HotMerchant, postgres.SnapshotEvery); err != nil {
			return err
		}
	}
	report.SnapshotSeconds = c.Now().Sub(began).Seconds()
	began = c.Now()
	for more := err == nil; more; {
		c.doing(0, "summing periods")
		if more, err = db.SumPeriods(ctx, financePeriodEvents); err != nil {
			return err
		}
	}
	report.PeriodSeconds = c.Now().Sub(began).Seconds()
	return err
}

// measure makes each read at times all over the year.
func (c *FinanceConfig) measure(ctx context.Context, cluster *cluster, db *postgres.DB, report *FinanceReport) error {
	m := meter{postmaster: cluster.server.Pid()}
	before, err := m.read()
	if err != nil {
		return err
	}
	all := c.Now()
	for i, r := range financeReads() {
		c.doing(100*i/len(financeReads()), "reading "+r.name)
		pick := rand.New(rand.NewPCG(c.Seed, 0))
		var took histogram
		for range c.Reads {
			const minutes = 366 * 24 * 60
			at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(pick.IntN(minutes)) * time.Minute)
			began := c.Now()
			if err := db.Snapshot(ctx, func(reader postgres.Reader) error { return r.read(ctx, reader, at) }); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			took.add(c.Now().Sub(began))
		}
		p99 := took.quantile(0.99)
		report.Reads = append(report.Reads, FinanceFigure{
			Name: r.name, P50Millis: millis(took.quantile(0.5)), P99Millis: millis(p99), MaxMillis: millis(took.max()),
			Target: !r.free, Met: r.free || p99 <= FinanceMax,
		})
	}
	after, err := m.read()
	report.Others = others(before, after, c.Now().Sub(all))
	return err
}
