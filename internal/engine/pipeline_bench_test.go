package engine_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// callers is how many goroutines a pipeline benchmark keeps waiting for answers.
const callers = 256

// durableFixture is a fixture on a durable server of its own, as `serve` has.
func durableFixture(b *testing.B) *fixture {
	b.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "tenfold-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	// The server may run as another user, who must be able to enter.
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	server, err := embedpg.Start(b.Context(), embedpg.Config{DataDir: filepath.Join(dir, "data"), Durable: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop(b.Context()) })
	if _, _, err := postgres.Migrate(b.Context(), server.OwnerURL(), slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	f := &fixture{t: b, clock: &clock{now: start}}
	pg, err := postgres.Open(server.AppURL(), 16)
	if err != nil {
		b.Fatal(err)
	}
	config := engine.Defaults()
	if n, err := strconv.Atoi(os.Getenv("BENCH_BATCH_MAX")); err == nil {
		config.BatchMax = n
	}
	if n, err := strconv.Atoi(os.Getenv("BENCH_AHEAD")); err == nil {
		config.Ahead = n
	}
	e, err := engine.New(b.Context(), pg, f.clock.Now, config, engine.Hooks{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	f.pg, f.engine = pg, e
	return f
}

// each runs f for every index from callers goroutines.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range callers {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	wg.Wait()
}

// BenchmarkPipeline runs the whole life of claims without gRPC, stage by stage.
func BenchmarkPipeline(b *testing.B) {
	for _, merchants := range []int{1, 1000} {
		b.Run(fmt.Sprintf("merchants=%d", merchants), func(b *testing.B) {
			f := durableFixture(b)
			f.authenticator("lab-1", claim.AccreditedLab)
			each(merchants, func(i int) { f.open(fmt.Sprintf("m%d", i), 1_000_000_000_000) })
			n := b.N
			claims := make([]*claim.Claim, n)
			stage := func(name string, run func(i int)) {
				runtime.GC()
				began := time.Now()
				each(n, run)
				b.ReportMetric(float64(n)/time.Since(began).Seconds(), name+"/s")
			}
			b.ResetTimer()
			stage("file", func(i int) {
				claims[i] = f.file(filing(line(fmt.Sprintf("m%d", i%merchants), fmt.Sprintf("l%d", i), 1, 10_000), 1))
			})
			stage("result", func(i int) {
				claims[i] = f.record(claims[i], result(claims[i], claim.Counterfeit, fmt.Sprintf("R-%d", i)))
			})
			stage("notice", func(i int) { claims[i] = f.confirmNotice(claims[i]) })
			stage("accept", func(i int) { claims[i] = f.accept(claims[i]) })
		})
	}
}
