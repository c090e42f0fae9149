package bench

import (
	"testing"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a gateway that counts a payout twice which was instructed again,
// answers it otherwise than before, or calls a claim paid before both of its parts
// are.
func TestGatewayPaysANumberOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	g, err := startGateway(func() time.Time { now = now.Add(time.Second); return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.stop)
	const claim = "merchants/m1/claims/c1"
	done := 0
	g.watch(claim, now, func(time.Time) { done++ })
	instruct := func(number string, part tenfoldv1.PayoutPart) *tenfoldv1.InstructResponse {
		t.Helper()
		r, err := g.Instruct(t.Context(), &tenfoldv1.InstructRequest{OutNumber: number, Claim: claim, Part: part})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := instruct("N1", tenfoldv1.PayoutPart_PAYOUT_PART_REFUND)
	again := instruct("N1", tenfoldv1.PayoutPart_PAYOUT_PART_REFUND)
	if first.GetOutcome() != tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED || !again.GetOccurredAt().AsTime().Equal(first.GetOccurredAt().AsTime()) {
		t.Errorf("first %v, again %v", first, again)
	}
	if g.paid() != 1 || done != 0 || g.watching() != 1 {
		t.Errorf("%d paid, claim done %d times, %d watched", g.paid(), done, g.watching())
	}
	instruct("N2", tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION)
	if g.paid() != 2 || done != 1 || g.watching() != 0 {
		t.Errorf("%d paid, claim done %d times, %d watched", g.paid(), done, g.watching())
	}
	for number, want := range map[string]tenfoldv1.GatewayOutcome{
		"N2": tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED, "N3": tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND,
	} {
		r, err := g.Query(t.Context(), &tenfoldv1.QueryRequest{OutNumber: number})
		if err != nil || r.GetOutcome() != want {
			t.Errorf("%s: %v, %v", number, r, err)
		}
	}
}
