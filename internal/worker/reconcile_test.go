package worker_test

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// payoutRow is what a payout's row says.
type payoutRow struct {
	OutNumber string       `db:"out_number"`
	ClaimID   string       `db:"claim_id"`
	Part      payout.Part  `db:"part"`
	State     payout.State `db:"state"`
	Minor     int64        `db:"minor"` // What arrived, if it did.
	Code      string       `db:"failure_code"`
}

func (f *fixture) payouts() []payoutRow {
	f.t.Helper()
	var rows []payoutRow
	err := f.rows.SelectContext(context.Background(), &rows, `
		SELECT out_number, claim_id, part, state, COALESCE(NULLIF(arrived_minor, 0), amount_minor) AS minor, failure_code
		FROM payouts ORDER BY payout_id`)
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

// reconcile proves at the end of each test that every book is in order and
// that what the payment service paid is what the books say was paid.
func (f *fixture) reconcile() {
	found, err := audit.Check(context.Background(), f.db)
	if err != nil {
		f.t.Error(err)
	}
	for _, d := range found {
		f.t.Errorf("audit: %s", d)
	}
	paid := f.payments.Payments()
	slices := make(map[string]int64)
	for _, p := range f.payouts() {
		said, ok := paid[p.OutNumber]
		switch {
		case p.State == payout.Succeeded && (!ok || said.Returned || said.Minor != p.Minor):
			f.t.Errorf("payout %s of %d is booked as paid; the payment service says %+v", p.OutNumber, p.Minor, said)
		case p.State == payout.Failed && ok:
			f.t.Errorf("payout %s is booked as failed and was paid: %+v", p.OutNumber, said)
		case p.State == payout.Returned && !said.Returned:
			f.t.Errorf("payout %s is booked as returned; the payment service says %+v", p.OutNumber, said)
		}
		if ok && !said.Returned {
			slices[p.ClaimID+string(p.Part)] += said.Minor
		}
		delete(paid, p.OutNumber)
	}
	for number, said := range paid {
		f.t.Errorf("out-number %s was paid and no payout has it: %+v", number, said)
	}
	for slice, minor := range slices {
		if minor != 1_000 && minor != 10_000 && !f.overpaid {
			f.t.Errorf("%s was paid %d", slice, minor)
		}
	}
}
