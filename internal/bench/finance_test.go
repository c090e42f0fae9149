package bench

import (
	"testing"
	"time"
)

// Would catch a measurement that fails on an empty machine, or that measures nothing.
func TestRunFinance(t *testing.T) {
	t.Parallel()
	report, err := RunFinance(t.Context(), FinanceConfig{Transfers: 2400, Books: 3, Reads: 3, Seed: 7, Dir: openDir(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Reads) != len(financeReads()) || report.SnapshotSeconds == 0 || report.PeriodSeconds == 0 {
		t.Errorf("%+v", report)
	}
	for _, f := range report.Reads {
		if f.P50Millis == 0 || f.MaxMillis < f.P50Millis {
			t.Errorf("%+v", f)
		}
	}
	for _, c := range []FinanceConfig{{Transfers: 999, Books: 1, Reads: 1}, {Transfers: 1000, Books: 1}, {Transfers: 1000, Reads: 1}} {
		if c.Check() == nil {
			t.Errorf("%+v has sense", c)
		}
	}
	if report.Job.Lines != 2400 || report.Job.FileBytes < 2400*100 || !report.Job.Met {
		t.Errorf("the statement that a worker wrote: %+v", report.Job)
	}
	met := StatementFile{Met: true}
	if (&FinanceReport{Job: met, Reads: []FinanceFigure{{Met: true}}}).Missed() || !(&FinanceReport{Job: met, Reads: []FinanceFigure{{Met: true}, {}}}).Missed() ||
		!(&FinanceReport{Reads: []FinanceFigure{{Met: true}}}).Missed() {
		t.Error("what is missed is told wrongly")
	}
}
