package engine_test

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What the tests of lanes, replicas and rows need of the stories that the tests of
// decisions tell, in internal/book.

// expiry is when the fixtures' coupons expire.
var expiry = start.AddDate(0, 6, 0)

func (f *fixture) lapseCoupon(p payout.Payout) (book.Outcome, error) {
	return f.engine.Do(f.t.Context(), f.request("", "ReportCouponLapsed"), &book.LapseCoupon{OutNumber: p.OutNumber})
}

// sent reserves a payout's out-number, as the worker does before it sends it.
func (f *fixture) sent(p payout.Payout) {
	f.t.Helper()
	_, ours, err := f.engine.Reserve(f.t.Context(), postgres.Reservation{
		Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
	})
	if err != nil || !ours {
		f.t.Fatalf("reserve out-number: %v, %v", ours, err)
	}
}

func (f *fixture) beginExit(merchant string) error {
	_, err := f.engine.Do(f.t.Context(), f.request(merchant, "BeginExit"), &book.BeginExit{Note: "closing"})
	return err
}

func (f *fixture) completeExit(merchant, deposit, shopFunds string) (book.Outcome, error) {
	return f.engine.Do(f.t.Context(), f.request(merchant, "CompleteExit"), &book.CompleteExit{
		DepositReference: deposit, ShopFundsReference: shopFunds,
	})
}

func (f *fixture) head(merchant string) book.Head {
	f.t.Helper()
	h, found, err := f.pg.Reader().Head(f.t.Context(), merchant)
	if err != nil || !found {
		f.t.Fatalf("book of %s: found %v, %v", merchant, found, err)
	}
	return h
}

// quarantine is how long the seeds keep the deposit of who leaves.
const quarantine = 30 * 24 * time.Hour

// charged makes a paid claim of 110,000 whose test cost the platform 3,000.
func (f *fixture) charged(deposit money.Amount) *claim.Claim {
	f.t.Helper()
	f.open("m1", deposit)
	f.authenticator("lab-1", claim.AccreditedLab)
	c, err := f.tested(f.file(filing(line("m1", "l1", 1, 10_000), 1)), claim.Counterfeit, "r1", 3_000, claim.FeePayerPlatform)
	f.must(err)
	if c.Fees != (claim.Fees{Fronted: 3_000}) {
		f.t.Fatalf("charged before notice: %+v", c.Fees)
	}
	return f.paid(f.accept(f.confirmNotice(c)))
}

// charging publishes a promise with a rule for fees that is in force when the
// fixtures' lines are paid.
func (f *fixture) charging(rule policy.FeeRule) {
	f.t.Helper()
	v := policy.Seeds()[0]
	v.Number, v.AuthenticationFee = 2, rule
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v)
	f.must(err)
}

// tested records a result that cost a fee.
func (f *fixture) tested(c *claim.Claim, v claim.Verdict, report string, fee money.Amount, by claim.FeePayer) (*claim.Claim, error) {
	f.t.Helper()
	r := result(c, v, report)
	r.Fee, r.FeeCurrency, r.FeePaidBy = fee, "CNY", by
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: r})
	return o.Claim, err
}

// limited publishes a promise that advances at most limit and is in force when
// the fixtures' lines are paid.
func (f *fixture) limited(limit money.Amount, order ...policy.Source) {
	f.t.Helper()
	v := policy.Seeds()[0]
	v.Number, v.AdvanceLimit = 2, limit
	if len(order) > 0 {
		v.SourceOrder = order
	}
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v)
	f.must(err)
}

// pass is a timer that saw the claim as it is in c.
func (f *fixture) pass(c *claim.Claim) (*claim.Claim, error) {
	o, err := f.engine.Do(f.t.Context(), request.System(c.MerchantID, "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: book.Wait{
		MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Fires: c.Fires, Deadline: c.Deadline,
	}.ClaimID}, Fires: book.Wait{
		MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Fires: c.Fires, Deadline: c.Deadline,
	}.Fires, Deadline: book.Wait{
		MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Fires: c.Fires, Deadline: c.Deadline,
	}.Deadline})
	return o.Claim, err
}

// read gives claims as the database has them.
func (f *fixture) read(claims ...*claim.Claim) []*claim.Claim {
	f.t.Helper()
	out := make([]*claim.Claim, len(claims))
	for i, c := range claims {
		// A refusal tells the claim as it is and changes nothing.
		_, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: "none"}})
		refusal, ok := fault.As(err)
		if !ok {
			f.t.Fatal(err)
		}
		out[i] = refusal.Subject.(*claim.Claim)
	}
	return out
}

func (f *fixture) withdraw(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "WithdrawClaim"), &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// advanced makes a paid claim of 220,000 of which the platform advanced 30,000.
func (f *fixture) advanced(merchant string) *claim.Claim {
	f.t.Helper()
	f.open(merchant, 190_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	return f.paid(f.accept(f.confirmNotice(f.found(filing(line(merchant, "l1", 2, 20_000), 1, 2)))))
}

func (f *fixture) approveProposal(person, merchant string, number int64) (*proposal.Proposal, error) {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.by(person, merchant, "ApproveProposal"), &book.ApproveProposal{OnProposal: book.OnProposal{Number: number}, Note: "agreed"})
	return o.Proposal, err
}

func (f *fixture) sweep(merchant string) {
	f.t.Helper()
	_, err := f.engine.Do(f.t.Context(), request.System(merchant, "SweepBook"), &book.SweepBook{})
	f.must(err)
}

// writingOff is a proposal to give up an advance.
func writingOff(c *claim.Claim, amount money.Amount) book.ProposeDecision {
	p := proposing(proposal.WriteOff, amount)
	p.DebtKind, p.DebtID = debt.Advance, c.ID
	return p
}

// proposing is a proposal of an amount in the fixtures' currency.
func proposing(kind proposal.Kind, amount money.Amount) book.ProposeDecision {
	return book.ProposeDecision{Kind: kind, Amount: amount, Currency: "CNY", Note: "as found"}
}

func (f *fixture) decide(c *claim.Claim, decision book.Decision, units ...claim.Unit) (*claim.Claim, error) {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "DecideReview"),
		&book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: decision, Units: units, Note: "as examined"})
	return o.Claim, err
}

// revisedTo gives a claim another verdict, unit by unit, as a court would.
func (f *fixture) revisedTo(c *claim.Claim, units ...claim.Verdict) *claim.Claim {
	f.t.Helper()
	verdicts := make([]claim.Unit, len(units))
	for i, v := range units {
		verdicts[i] = claim.Unit{Ordinal: c.Units[i].Ordinal, Verdict: v}
	}
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "ReviseVerdict"),
		&book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundCourtDecision, Units: verdicts, Document: "docket-1"})
	f.must(err)
	return o.Claim
}
