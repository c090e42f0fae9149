package rpc

import (
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// moveOfEvent is the change of state that an event tells; nil for none.
func moveOfEvent(e *event.Event) *tenfoldv1.EventMove {
	m := e.Move
	if m == nil {
		return nil
	}
	return &tenfoldv1.EventMove{
		FromState: claimStates.proto(claim.State(m.From)), ToState: claimStates.proto(claim.State(m.To)),
		Trigger: triggers.proto(claim.Trigger(m.Trigger)), Version: m.Version,
	}
}

// payoutOf is a payout as an event tells of it: what was reported then, and not what is
// known now.
func (t *timeline) payoutOf(x *payout.Payout, e *event.Event) *tenfoldv1.TimelinePayout {
	p := &tenfoldv1.TimelinePayout{
		Name: payoutName(x.MerchantID, x.ID), OutNumber: x.OutNumber, Part: payoutParts.proto(x.Part), Form: payoutForms.proto(x.Form),
		Amount:      moneyOf(x.Amount, x.Currency),
		FailureCode: e.Detail("failure_code"), ConfirmsFailure: e.Detail("final") != "", Contradicts: e.Detail("contradicts") != "",
		Redirected: e.Detail("redirected") != "",
	}
	if e.Kind != event.PayoutAnswered {
		return p
	}
	outcome := payout.Outcome(e.Detail("outcome"))
	p.Outcome = payoutOutcomes.proto(outcome)
	if told, err := strconv.ParseInt(e.Detail("amount_minor"), 10, 64); err == nil && told != int64(x.Amount) {
		p.Reported = moneyOf(money.Amount(told), x.Currency)
	}
	if _, known := t.parts.Outcomes[x.ID]; !known && p.Outcome != tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_UNSPECIFIED {
		t.parts.Outcomes[x.ID] = e.RecordedAt
	}
	p.FirstOutcomeAt = stamp(t.parts.Outcomes[x.ID])
	return p
}

// sumOf is an amount of the contract; zero for none.
func sumOf(m *tenfoldv1.Money) explain.Sum {
	return explain.Sum{Amount: money.Amount(m.GetMinorUnits()), Currency: m.GetCurrencyCode()}
}

// lastPart is the id in a name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
