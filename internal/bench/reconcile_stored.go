package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// storedChunk is how many bytes of a bill are sent at once, as the command does.
const storedChunk = 1 << 20

// StoredConfig is the input of a comparison through a database.
type StoredConfig struct {
	// Lines is how many lines the bill has; there are as many payouts.
	Lines int
	// Dir, Now and Progress have the same meaning as in Config.
	Dir      string
	Now      func() time.Time
	Progress func(doing string, percent int)
}

// ReconciledStored is what an import and a comparison took that keep everything in a database, as
// a server does.
type ReconciledStored struct {
	Lines     int   `json:"lines"`
	Breaks    int64 `json:"breaks"`
	Matches   int   `json:"matches"`
	FileBytes int64 `json:"fileBytes"`
	// SendSeconds is the time to send the file in chunks, ReadSeconds that to read it into lines,
	// CompareSeconds that to compare the day and keep what was found.
	SendSeconds    float64 `json:"sendSeconds"`
	ReadSeconds    float64 `json:"readSeconds"`
	CompareSeconds float64 `json:"compareSeconds"`
	// HeapBytes is the most memory that the runtime held meanwhile.
	HeapBytes uint64 `json:"heapBytes"`
}

// Seconds is the time of an import and a comparison together.
func (r *ReconciledStored) Seconds() float64 {
	return r.SendSeconds + r.ReadSeconds + r.CompareSeconds
}

// ReconcileStored imports a fund-flow bill into a throwaway database that has as many payouts, of
// which every thousandth differs, and compares the day.
func ReconcileStored(ctx context.Context, c StoredConfig) (_ *ReconciledStored, err error) {
	day, err := reconcile.ParseDay("2026-03-01")
	if err != nil {
		return nil, err
	}
	cluster, err := startCluster(ctx, Config{Dir: c.Dir, Now: c.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	db, err := cluster.create(ctx, "reconcile")
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if _, _, err := postgres.Migrate(ctx, db.ownerURL, quiet); err != nil {
		return nil, err
	}
	bill, err := os.CreateTemp(c.Dir, "tenfold-bill-*.csv")
	if err != nil {
		return nil, err
	}
	defer os.Remove(bill.Name())
	defer bill.Close()
	if err := c.fill(ctx, db.ownerURL, bill, day); err != nil {
		return nil, err
	}
	store, err := postgres.Open(db.appURL, 8)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	e, err := engine.New(ctx, store, c.Now, engine.Defaults(), engine.Hooks{}, quiet)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	out := &ReconciledStored{Lines: c.Lines}
	watched := watchHeap()
	err = c.run(ctx, e, bill, out)
	out.HeapBytes = watched()
	return out, err
}

// fill writes the bill, and the payouts that it is about.
func (c *StoredConfig) fill(ctx context.Context, ownerURL string, bill *os.File, day time.Time) error {
	payouts, err := fill.NewPayouts(ctx, ownerURL)
	if err != nil {
		return err
	}
	defer payouts.Close()
	var ids claim.IDs
	var failed error
	err = formatstest.WeChatFundFlow(bill, func(yield func(formatstest.Entry) bool) {
		for i := range c.Lines {
			if i%100_000 == 0 {
				c.doing(100*i/c.Lines, "writing a bill and its payouts")
			}
			p := fill.Payout{Minor: int64(100 + i%100_000), At: day.Add(time.Hour + time.Duration(i%72_000)*time.Second)}
			p.Number = claim.Compact(ids.Next(p.At))
			if failed = payouts.Add(p); failed != nil {
				return
			}
			minor := -p.Minor
			if i%breakEvery == 0 {
				minor--
			}
			if !yield(formatstest.Entry{Minor: minor, At: p.At, OutNumber: p.Number, Reference: fmt.Sprintf("1000050101%018d", i)}) {
				return
			}
		}
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	return payouts.Finish()
}

// run imports the bill and compares the day, as the commands have the server do.
func (c *StoredConfig) run(ctx context.Context, e *engine.Engine, bill *os.File, out *ReconciledStored) error {
	info, err := bill.Stat()
	if err != nil {
		return err
	}
	out.FileBytes = info.Size()
	digest, err := formats.Digest(bill, info.Size())
	if err != nil {
		return err
	}
	by := principal.Principal{Workload: "bench", Role: principal.RoleFinance, Person: "bench"}
	c.doing(0, "sending the bill")
	begun := c.Now()
	taken, _, err := e.CreateImport(ctx, request.Header{Method: "ReconciliationService/CreateImport", RequestID: "import", Principal: by}, &reconcile.Import{
		Account: "bench", Side: reconcile.Channel, Day: "2026-03-01", Format: formats.WeChatFundFlow, Exclusive: true, Size: info.Size(), Digest: digest, By: by,
	})
	if err != nil {
		return err
	}
	chunk := make([]byte, storedChunk)
	for offset := int64(0); offset < info.Size(); {
		n, err := bill.ReadAt(chunk, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, _, err := e.UploadImportChunk(ctx, postgres.FileChunk{ImportID: taken.ID, Offset: offset, Content: chunk[:n]}, false); err != nil {
			return err
		}
		offset += int64(n)
	}
	out.SendSeconds = c.Now().Sub(begun).Seconds()
	c.doing(0, "reading the bill")
	begun = c.Now()
	read, _, err := e.CompleteImport(ctx, taken.ID, true)
	if err != nil {
		return err
	}
	if read.State != reconcile.Whole || read.Report.Lines != c.Lines {
		return fmt.Errorf("the bill of %d lines is %s: %v", c.Lines, read.State, read.Report)
	}
	out.ReadSeconds = c.Now().Sub(begun).Seconds()
	c.doing(0, "comparing the day")
	begun = c.Now()
	day, err := e.ReconcileDay(ctx, request.Header{Method: "ReconciliationService/ReconcileDay", RequestID: "day", Principal: by}, "2026-03-01")
	if err != nil {
		return err
	}
	out.CompareSeconds = c.Now().Sub(begun).Seconds()
	out.Breaks, out.Matches = day.Opened, day.ByRule[reconcile.ByOutNumber]
	if want := (c.Lines + breakEvery - 1) / breakEvery; out.Breaks != int64(want) || out.Matches != c.Lines {
		return fmt.Errorf("%d breaks and %d matches were found, want %d and %d", out.Breaks, out.Matches, want, c.Lines)
	}
	return nil
}

func (c *StoredConfig) doing(percent int, doing string) {
	if c.Progress != nil {
		c.Progress(doing, percent)
	}
}

// watchHeap follows how much memory the runtime holds, until its result is called: that gives the
// most that was seen.
func watchHeap() func() uint64 {
	const every = 20 * time.Millisecond
	var most uint64
	end := make(chan struct{})
	var ended sync.WaitGroup
	sample := func() {
		s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(s)
		most = max(most, s[0].Value.Uint64()-s[1].Value.Uint64())
	}
	ended.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			sample()
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	})
	return func() uint64 {
		close(end)
		ended.Wait()
		return most
	}
}
