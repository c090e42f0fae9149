package book_test

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// gateway has the gateway answer about one payout, or about all of a claim that are
// under way. An answer that it reports by itself is a request of the payment service.
func (s *scenario) gateway(merchant string, a args) (told []string, err error) {
	answer := payout.Answer{Outcome: payout.Outcome(a.must("says")), OccurredAt: s.Now(), FailureCode: a.text("code", "")}
	if a.has("expires") {
		answer.ExpiresAt = s.Now().Add(a.duration("expires"))
	}
	if a.has("amount") {
		answer.Amount, answer.Currency = a.amount("amount"), a.text("currency", currency)
	}
	answer.Try = a.number("try", 0)
	var names []string
	if a.has("claim") {
		names = s.payoutsOf(merchant, s.id(a.must("claim")), payout.Instructed)
	} else {
		names = a.list("payout")
	}
	reported := a.text("reported", "no") == "yes"
	for _, name := range names {
		p := s.Rows(merchant).Payouts[s.id(name)]
		if reported {
			told, err = s.do("", a, "ReportPayoutOutcome", &book.AnswerPayout{OutNumber: p.OutNumber, Answer: answer})
		} else {
			_, err = s.Do(request.System(merchant, "AnswerPayout"),
				&book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: answer, NotAfter: p.NotAfter})
		}
		if err != nil {
			return told, err
		}
	}
	return told, nil
}

func (s *scenario) retry(merchant string, a args) ([]string, error) {
	return s.do(merchant, a, "RetryPayout", &book.RetryPayout{PayoutID: s.id(a.must("payout")), Destination: a.text("to", ""), Note: a.note()})
}

func (s *scenario) redeem(merchant string, a args) ([]string, error) {
	p := s.Rows(merchant).Payouts[s.id(a.must("payout"))]
	return s.do("", a, "ReportCouponRedeemed", &book.RedeemCoupon{
		OutNumber: p.OutNumber, Amount: a.amount("amount"), Currency: currency, Reference: a.must("reference"),
	})
}

func (s *scenario) lapseCoupon(merchant string, a args) ([]string, error) {
	p := s.Rows(merchant).Payouts[s.id(a.must("payout"))]
	return s.do("", a, "ReportCouponLapsed", &book.LapseCoupon{OutNumber: p.OutNumber})
}

func (s *scenario) propose(merchant string, a args) ([]string, error) {
	name := a.must("proposal")
	cmd := book.ProposeDecision{
		Kind: proposal.Kind(a.must("kind")), Amount: a.amount("amount"), Currency: currency,
		DebtKind: debt.Kind(a.text("debt", "")), Note: a.note(), Reference: a.text("reference", ""),
		From: ledger.Purpose(a.text("from", "")), To: ledger.Purpose(a.text("to", "")),
	}
	if a.has("ago") {
		cmd.EffectiveAt = s.Now().Add(-a.duration("ago"))
	}
	switch {
	case a.has("of_claim"):
		cmd.DebtID = s.id(a.must("of_claim"))
	case a.has("of_top_up"):
		cmd.DebtID = a.must("of_top_up")
	case a.has("undoes"):
		cmd.Undoes = s.proposals[a.must("undoes")]
	}
	o, told, err := s.outcome(merchant, a, "ProposeDecision", &cmd)
	if err == nil {
		s.proposals[name] = o.Proposal.Number
	}
	return told, err
}

func (s *scenario) onProposal(a args) book.OnProposal {
	number, known := s.proposals[a.must("proposal")]
	if !known {
		bad("no proposal is called %q", a.must("proposal"))
	}
	return book.OnProposal{Number: number}
}

func (s *scenario) approveProposal(merchant string, a args) ([]string, error) {
	o, told, err := s.outcome(merchant, a, "ApproveProposal", &book.ApproveProposal{OnProposal: s.onProposal(a), Note: a.note()})
	if err == nil {
		told = append(told, fmt.Sprintf("%s is %s", a.must("proposal"), o.Proposal.State))
	}
	return told, err
}
