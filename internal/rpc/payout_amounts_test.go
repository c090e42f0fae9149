package rpc_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// arrived is a report about the refund of a claim whose payouts are under way.
func (f *fixture) arrived(p *tenfoldv1.Payout, amount *tenfoldv1.Money, try int32) (*tenfoldv1.Payout, error) {
	r, err := f.claims.ReportPayoutOutcome(f.as("operator"), &tenfoldv1.ReportPayoutOutcomeRequest{
		Parent: "merchants/-", RequestId: f.id(), OutNumber: p.GetOutNumber(), OccurredAt: timestamppb.New(f.now()),
		Outcome: tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_SUCCEEDED, Amount: amount, TryNumber: try,
	})
	return r.GetPayout(), err
}

// Would catch an amount that the contract takes and the engine never hears of, one that
// callers cannot see, and a refusal that names no field of the request.
func TestO5AmountsOfPayoutsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	filing := f.filing("m1", "l1")
	filing.PayoutDestination = "sandbox-stall-1"
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	c := f.accept(f.confirm(f.claim(filed.GetClaim().GetName())))
	f.runDueWork()
	p := f.claim(c.GetName()).GetPayouts()[0]
	if p.GetTryNumber() != 1 || p.GetArrived() != nil || p.GetState() != tenfoldv1.PayoutState_PAYOUT_STATE_INSTRUCTED {
		t.Fatalf("under way: %v", p)
	}
	for name, row := range map[string]struct {
		amount        *tenfoldv1.Money
		try           int32
		reason, field string
	}{
		"another currency": {&tenfoldv1.Money{CurrencyCode: "USD", MinorUnits: 5}, 0, "CURRENCY_MISMATCH", "amount.currency_code"},
		"no currency":      {&tenfoldv1.Money{MinorUnits: 5}, 0, "REQUEST_INVALID", "amount.currency_code"},
		"nothing":          {fen(0), 0, "AMOUNT_OUT_OF_RANGE", "amount.minor_units"},
		"below nothing":    {fen(-1), 0, "AMOUNT_OUT_OF_RANGE", "amount.minor_units"},
		"too much":         {fen(1_000_000_000_000_001), 0, "AMOUNT_OUT_OF_RANGE", "amount.minor_units"},
		"a later try":      {fen(5), 2, "REQUEST_INVALID", "try_number"},
		"a try below one":  {fen(5), -1, "REQUEST_INVALID", "try_number"},
	} {
		_, err := f.arrived(p, row.amount, row.try)
		if got := refusal(err); got.reason != row.reason || got.field != row.field {
			t.Errorf("%s: %s at %q", name, got.reason, got.field)
		}
	}
	if got := f.claim(c.GetName()); got.GetEtag() != c.GetEtag() {
		t.Errorf("the refusals changed the claim")
	}
	half := p.GetAmount().GetMinorUnits() / 2
	got, err := f.arrived(p, fen(half), 1)
	if err != nil || got.GetArrived().GetMinorUnits() != half || got.GetAmount().GetMinorUnits() != 2*half {
		t.Fatalf("in part: %v, %v", got, err)
	}
	if now := f.claim(c.GetName()); now.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAYOUT_FAILED || !now.GetEscalated() {
		t.Fatalf("the claim is %s, escalated %v", now.GetState(), now.GetEscalated())
	}
	if got, err = f.arrived(p, fen(3*half), 1); err != nil || got.GetArrived().GetMinorUnits() != 3*half {
		t.Fatalf("for too much: %v, %v", got, err)
	}
	if owed := f.claim(c.GetName()).GetFunding().GetClawedBack().GetMinorUnits(); owed != half {
		t.Errorf("the consumer owes %d", owed)
	}
	f.audited()
}
