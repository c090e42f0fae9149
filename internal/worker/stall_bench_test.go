package worker_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// filed brings the claims of n payouts to where they are to be sent.
func (f *fixture) filed(n int) {
	f.t.Helper()
	const books, filers = 4, 128
	for m := range books {
		f.open(fmt.Sprintf("m%d", m))
	}
	var filing sync.WaitGroup
	for i := range filers {
		filing.Go(func() {
			for k := i; 2*k < n; k += filers {
				f.paying(fmt.Sprintf("m%d", k%books), fmt.Sprintf("l%d", k), "wallet-1")
			}
		})
	}
	filing.Wait()
}

// Tells how long payouts wait beside calls that stall for ten seconds: none, or one in
// six. The clock moves with real time, so that the list of dues brings up the payouts
// whose calls brought no answer.
func BenchmarkPayoutsBesideStalls(b *testing.B) {
	for _, oneIn := range []int64{0, 6} {
		b.Run(fmt.Sprintf("one in %d stalls", oneIn), func(b *testing.B) {
			f := newFixture(b)
			f.filed(b.N)
			var calls atomic.Int64
			f.payments.Break(func(ctx context.Context, _, _ string) error {
				if oneIn > 0 && calls.Add(1)%oneIn == 0 {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			})
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			b.ResetTimer()
			_, end := f.running(f.process)
			var most, after10, open int64
			for ticks := 1; ; ticks++ {
				<-tick.C
				f.clock.Move(20 * time.Millisecond)
				done := f.worker.Totals().OutcomesSucceeded
				if most == 0 && done >= int64(b.N)*8/10 {
					most = int64(b.Elapsed())
				}
				if ticks == 500 {
					after10 = int64(b.N) - done
				}
				// A payout whose calls stall again and again is asked after ever more seldom.
				if open = int64(b.N) - done; open == 0 || ticks == 3000 {
					break
				}
			}
			b.StopTimer()
			end()
			b.ReportMetric(float64(b.N)*8/10/time.Duration(most).Seconds(), "payouts/s-first-80%")
			b.ReportMetric(float64(after10), "open-after-10s")
			b.ReportMetric(float64(open), "open-after-60s")
		})
	}
}
