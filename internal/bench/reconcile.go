package bench

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

// breakEvery is how many payouts share one planted difference.
const breakEvery = 1000

// Reconciled is what the comparison of a file with as many payouts took.
type Reconciled struct {
	Lines     int   `json:"lines"`
	Payouts   int   `json:"payouts"`
	Breaks    int   `json:"breaks"`
	FileBytes int64 `json:"fileBytes"`
	// ReadSeconds is the time to read, check and index the file, MatchSeconds that to compare it.
	ReadSeconds  float64 `json:"readSeconds"`
	MatchSeconds float64 `json:"matchSeconds"`
	// HeapBytes is the largest size of the heap that was seen.
	HeapBytes uint64 `json:"heapBytes"`
}

// Reconcile compares a fund-flow bill of n lines, in a file below dir, with n payouts, of which
// every thousandth differs. The file is read as an import reads it.
func Reconcile(dir string, n int, now func() time.Time) (Reconciled, error) {
	out := Reconciled{Lines: n, Payouts: n}
	day, err := reconcile.ParseDay("2026-03-01")
	if err != nil {
		return out, err
	}
	f, err := os.CreateTemp(dir, "tenfold-bill-*.csv")
	if err != nil {
		return out, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	// The ids of one source increase, so that the same source made anew gives others: numbers
	// are made from the index instead.
	number := func(i int) string { return fmt.Sprintf("0%018X0", i) }
	at := func(i int) time.Time { return day.Add(time.Hour + time.Duration(i%72_000)*time.Second) }
	err = formatstest.WeChatFundFlow(f, func(yield func(formatstest.Entry) bool) {
		for i := range n {
			minor := -int64(100 + i%100_000)
			if i%breakEvery == 0 {
				minor--
			}
			if !yield(formatstest.Entry{Minor: minor, At: at(i), OutNumber: number(i), Reference: fmt.Sprintf("1000050101%018d", i)}) {
				return
			}
		}
	})
	if err != nil {
		return out, err
	}
	info, err := f.Stat()
	if err != nil {
		return out, err
	}
	out.FileBytes = info.Size()
	ours := func(number string) bool { return len(number) == 20 && number[0] == '0' }
	run := reconcile.New(reconcile.Settings{Day: day, CutOff: 10 * time.Minute, Ours: ours}, func(*reconcile.Break) { out.Breaks++ }, nil)
	begun := now()
	take := run.Add(reconcile.Source{Import: "bench", Account: reconcile.Account{Side: reconcile.Channel, Exclusive: true}, Day: day})
	report, err := formats.Read(f, info.Size(), formats.Options{Format: formats.WeChatFundFlow, Day: day}, take)
	if err != nil {
		return out, err
	}
	if !report.Whole() || report.Lines != n {
		return out, fmt.Errorf("the bill of %d lines is not whole: %v", n, report.Problems)
	}
	out.ReadSeconds = now().Sub(begun).Seconds()
	out.sampleHeap()
	begun = now()
	for i := range n {
		amount := money.Amount(100 + i%100_000)
		run.AddPayout(&reconcile.Payout{
			MerchantID: "m1", ID: number(i), ClaimID: number(i), Part: payout.Compensation, Form: string(claim.Cash), State: payout.Succeeded,
			Amount: amount, Reached: amount, Currency: "CNY", OutNumber: number(i), At: at(i),
		})
	}
	summary := run.Finish()
	out.MatchSeconds = now().Sub(begun).Seconds()
	out.sampleHeap()
	if want := (n + breakEvery - 1) / breakEvery; out.Breaks != want || summary.ByRule[reconcile.ByOutNumber] != n {
		return out, fmt.Errorf("%d breaks and %d matches were found, want %d and %d", out.Breaks, summary.ByRule[reconcile.ByOutNumber], want, n)
	}
	return out, nil
}

// sampleHeap notes the memory that the program has from the system, where it has grown.
func (r *Reconciled) sampleHeap() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.HeapBytes = max(r.HeapBytes, m.Sys-m.HeapReleased)
}
