package worker_test

import (
	"fmt"
	"sync"
	"testing"
)

// Tells how many payouts a second one worker sends and records, each through
// reservation, gateway and answer, in real gRPC and PostgreSQL.
func BenchmarkPayouts(b *testing.B) {
	f := newFixture(b)
	const books = 4
	for m := range books {
		f.open(fmt.Sprintf("m%d", m))
	}
	// Each claim makes two payouts.
	var filing sync.WaitGroup
	const filers = 128
	for i := range filers {
		filing.Go(func() {
			for n := i; 2*n < b.N; n += filers {
				f.paying(fmt.Sprintf("m%d", n%books), fmt.Sprintf("l%d", n), "wallet-1")
			}
		})
	}
	filing.Wait()
	b.ResetTimer()
	if done := f.run(0); done.OutcomesRecorded < int64(b.N) {
		b.Fatalf("done: %+v", done)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payouts/s")
}
