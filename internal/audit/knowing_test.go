package audit_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch an audit that takes for wrong what a claim keeps that was confirmed before
// the claimant told of having bought knowingly, in whichever state it is since: a result
// is taken back before any money could leave, and a person decides.
func TestKeptBesideKnowledgeIsInOrder(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	v := policy.WithoutLimits()[0]
	v.PolicyID, v.Categories, v.AdvanceLimit = "promise-bare", []string{"bare"}, 0
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := b.engine.PublishPolicyVersion(t.Context(), b.request("PublishPolicyVersion", ""), v)
	b.must(err)
	b.merchant = "m3"
	b.do("OpenBook", "", &book.OpenBook{Currency: "CNY"})
	of := func(months, learned int) func(*book.FileClaim, *claim.Result) {
		return func(f *book.FileClaim, _ *claim.Result) {
			at := start.AddDate(0, -months, 0)
			f.Line.MerchantID, f.Line.Category, f.Line.PayerID, f.Line.RecipientID = "m3", "bare", "knower", "knower"
			f.Line.PaidAt, f.Line.ShippedAt, f.Line.DeliveredAt = at, at, at
			f.ClaimantID, f.LearnedAt = "knower", at.AddDate(0, 0, learned)
		}
	}
	kept := b.file("known", 3, of(1, 5))
	o := b.do("ConfirmNotice", "", &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: kept}})
	b.do("AcceptClaim", "", &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: kept, Etag: o.Claim.Etag()}})
	b.file("told", 2, of(2, 5))
	b.clean("told after the debit")
	results, err := b.db.Reader().Results(t.Context(), "m3", kept, "", 1)
	b.must(err)
	b.do("RetractResult", "", &book.RetractResult{OnClaim: book.OnClaim{ClaimID: kept}, ResultID: results[0].ID, Note: "another sample"})
	now, _, err := b.db.Reader().Claim(t.Context(), "m3", kept)
	b.must(err)
	if now.State != claim.InReview || now.Award.Compensation != 300_000 || now.Funding.Paid()+now.Funding.InFlight() != 0 {
		t.Fatalf("the claim is %s with %+v and %+v", now.State, now.Award, now.Funding)
	}
	b.clean("decided anew")
}
