package book_test

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// line gives the order line of a filing: the one of a name that was seen before, or
// one that is bought now.
func (s *scenario) line(merchant string, a args) *order.Line {
	id := a.text("line", a.text("claim", "")+"-line")
	if l := s.lines[id]; l != nil {
		return l
	}
	l := line(merchant, id, a.number("quantity", 1), a.amount("paid"))
	l.ProductID, l.Category = a.text("product", "product-1"), a.text("category", "cosmetics")
	l.PayerID = a.text("buyer", "buyer-of-"+id)
	l.RecipientID = l.PayerID
	if a.has("bought") {
		l.PaidAt = s.Now().Add(-a.duration("bought"))
		l.ShippedAt, l.DeliveredAt = l.PaidAt.Add(time.Hour), l.PaidAt.Add(48*time.Hour)
	}
	s.lines[id] = l
	return l
}

func (s *scenario) filing(merchant string, a args) book.FileClaim {
	l := s.line(merchant, a)
	cmd := filing(l, a.ordinals(l.Quantity)...)
	cmd.Basis = policy.LegalBasis(a.text("basis", string(policy.Promise)))
	cmd.PayoutForm, cmd.SamplingCase = claim.PayoutForm(a.text("form", "")), a.text("case", "")
	cmd.LearnedAt, cmd.Destination = s.Now().Add(-72*time.Hour), a.text("to", "wallet-1")
	switch remedies := a.text("remedies", "both"); remedies {
	case "both":
	case "refund":
		cmd.Remedies.Compensation = false
	case "compensation":
		cmd.Remedies.Refund = false
	default:
		bad("%q are no remedies", remedies)
	}
	if a.has("photo") {
		cmd.Evidence = []book.AddEvidence{{Kind: "PHOTO", Reference: a.must("photo"), Digest: a.must("photo")}}
	}
	if a.has("refunded") {
		cmd.Refunds = []book.OrderRefund{{RefundID: "with-" + l.ID, Amount: a.amount("refunded"), Currency: l.Currency, RefundedAt: s.Now()}}
	}
	return cmd
}

func (s *scenario) file(merchant string, a args) ([]string, error) {
	name := a.must("claim")
	cmd := s.filing(merchant, a)
	o, told, err := s.outcome(merchant, a, "FileClaim", &cmd)
	if err == nil && !o.Replayed {
		s.name(o.ClaimID, name)
	}
	return told, err
}

func (s *scenario) quote(merchant string, a args) ([]string, error) {
	cmd := book.QuotePayout{FileClaim: s.filing(merchant, a), AuthenticationFee: a.amount("fee"), FeeCurrency: currency}
	o, told, err := s.outcome(merchant, a, "QuotePayout", &cmd)
	for _, q := range o.Quotes {
		told = append(told, fmt.Sprintf("would be awarded %s and %s  %s", yuan(q.Refund), yuan(q.Compensation), q.Basis))
	}
	return told, err
}

func (s *scenario) result(merchant string, a args) ([]string, error) {
	on := s.on(a)
	s.reports++
	name := a.text("report", "R-"+strconv.Itoa(s.reports))
	r := result(s.claim(merchant, on), claim.Counterfeit, name)
	r.ClaimID, r.AuthenticatorID, r.IssuedAt = on.ClaimID, a.text("lab", "lab-1"), s.Now()
	r.Units = a.verdicts(s.claim(merchant, on))
	r.CustodyIntact, r.Reinspection = a.text("custody", "intact") == "intact", a.text("reinspection", "no") == "yes"
	if a.has("fee") {
		r.Fee, r.FeeCurrency, r.FeePaidBy = a.amount("fee"), currency, claim.FeePayer(a.must("fee_paid_by"))
	}
	o, told, err := s.outcome(merchant, a, "RecordResult", &book.RecordResult{Result: r})
	if err == nil && !o.Replayed {
		s.name(o.ResultID, name)
	}
	return told, err
}

func (s *scenario) retract(merchant string, a args) ([]string, error) {
	return s.do(merchant, a, "RetractResult", &book.RetractResult{OnClaim: s.on(a), ResultID: s.id(a.must("report")), Note: a.note()})
}

func (s *scenario) extendHold(merchant string, a args) ([]string, error) {
	on := s.on(a)
	until := s.claim(merchant, on).HoldExpiresAt.Add(a.duration("by_another"))
	return s.do(merchant, a, "ExtendHold", &book.ExtendHold{OnClaim: on, Until: until, Note: a.note()})
}

func (s *scenario) revise(merchant string, a args) ([]string, error) {
	on := s.on(a)
	return s.do(merchant, a, "ReviseVerdict", &book.ReviseVerdict{
		OnClaim: on, Ground: book.RevisionGround(a.must("ground")), Units: a.verdicts(s.claim(merchant, on)),
		Document: a.text("document", "docket-1"), Note: a.note(),
	})
}

func (s *scenario) orderRefund(merchant string, a args) ([]string, error) {
	return s.do(merchant, a, "ReportOrderRefund", &book.ReportOrderRefund{
		LineID: a.must("line"), RefundID: a.must("refund"), Amount: a.amount("amount"), Currency: currency, RefundedAt: s.Now(),
	})
}
