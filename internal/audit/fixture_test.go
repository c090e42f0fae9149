package audit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// filled is a book in which a bit of everything has happened.
type filled struct {
	t      *testing.T
	db     *postgres.DB
	engine *engine.Engine
	// admin may do to the rows what the engine may not.
	admin *sqlx.DB
	// ownerURL and appURL connect as the roles of the owner and of the engine.
	ownerURL, appURL string
	// merchant is whose book the next command is for.
	merchant string
	count    int
	made     []payout.Payout

	// Claims, by what became of them.
	advanced, lost, clawedBack, held, appealed, approved, failed string
	// penalty is the number of a proposal that was carried out, and undone.
	penalty int64
}

func newBook(t *testing.T) *filled {
	t.Helper()
	pg := pgtest.New(t)
	b := &filled{t: t, merchant: "m1", ownerURL: pg.OwnerURL, appURL: pg.AppURL}
	var err error
	b.db, err = postgres.Open(pg.AppURL, 8)
	b.must(err)
	hooks := engine.Hooks{Payouts: func(made []payout.Payout) { b.made = append(b.made, made...) }}
	config := engine.Defaults()
	config.PoliciesAtOnce = true
	b.engine, err = engine.New(t.Context(), b.db, func() time.Time { return start }, config, hooks, slog.New(slog.DiscardHandler))
	b.must(err)
	b.admin, err = sqlx.ConnectContext(t.Context(), "postgres", pg.AdminURL)
	b.must(err)
	t.Cleanup(func() {
		b.engine.Close()
		_, _ = b.db.Close(), b.admin.Close()
	})
	b.fill()
	return b
}

func (b *filled) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *filled) request(method, person string) request.Header {
	b.count++
	return request.Header{
		MerchantID: b.merchant, Method: method, RequestID: fmt.Sprintf("request-%d", b.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: person},
	}
}

// fill lets things happen: an advance and a recovery, verdicts that fall after
// payment, an appeal, an approval, a retraction, a failed payout, a bounced top-up.
func (b *filled) fill() {
	b.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.ApprovalOver, v.AdvanceLimit = 2, 300_000, 80_000
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := b.engine.PublishPolicyVersion(b.t.Context(), b.request("PublishPolicyVersion", ""), v)
	b.must(err)
	_, err = b.engine.RegisterAuthenticator(b.t.Context(), b.request("RegisterAuthenticator", ""),
		claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"})
	b.must(err)
	_, err = b.engine.Do(b.t.Context(), b.request("OpenBook", ""), &book.OpenBook{Currency: "CNY"})
	b.must(err)

	b.money(ledger.DepositToppedUp, 60_000, "first")
	b.penalty = b.decide(book.ProposeDecision{Kind: proposal.DepositForfeiture, Amount: 1_000, Currency: "CNY", Note: "forged papers"})
	b.decide(book.ProposeDecision{Kind: proposal.PenaltyReversal, Amount: 1_000, Currency: "CNY", Note: "genuine after all", Undoes: b.penalty})
	b.money(ledger.ShopFundsHandedOver, 10_000, "sales")
	b.advanced = b.paid("l1", 1)
	b.money(ledger.DepositToppedUp, 5_000, "second")
	_, err = b.engine.Do(b.t.Context(), request.System("m1", "SweepBook"), &book.SweepBook{})
	b.must(err)
	b.money(ledger.DepositToppedUp, 500_000, "third")
	b.lost, b.clawedBack = b.paid("l2", 1), b.paid("l3", 1)
	b.revise(b.lost, book.GroundCourtDecision)
	b.revise(b.clawedBack, book.GroundFraud)
	b.failed = b.accepted("l4", 1)
	for _, p := range b.takePayouts() {
		b.answer(p, payout.OutcomeFailed)
	}
	_, err = b.engine.Do(b.t.Context(), b.request("ReverseTopUp", ""), &book.ReverseTopUp{Reference: "third", EffectiveAt: start})
	b.must(err)
	b.money(ledger.ShopFundsHandedOver, 9_000, "more-sales")
	b.held = b.found("l5", 1)
	b.appealed = b.found("l6", 1)
	_, err = b.engine.Do(b.t.Context(), b.request("AppealClaim", "merchant-1"), &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: b.appealed}, Note: "genuine"})
	b.must(err)
	b.do("AddNote", "agent-2", &book.AddNote{ClaimID: b.appealed, Visibility: book.NoteMerchant, Text: "a second report is on its way"})
	b.do("AddNote", "agent-1", &book.AddNote{ClaimID: b.appealed, Visibility: book.NoteInternal, Text: "the claimant called"})
	b.do("SetClaimLabels", "agent-1", &book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: b.appealed}, Labels: "team=vip\nwave=3"})
	b.do("SetBookLabels", "agent-1", &book.SetBookLabels{Labels: "region=east\ntier=2"})
	b.do("SetExternalReference", "agent-1", &book.SetExternalReference{OnClaim: book.OnClaim{ClaimID: b.appealed}, Reference: "PSP-9"})
	_, err = b.engine.Do(b.t.Context(), b.request("AddEvidence", "agent-2"), &book.AddEvidence{ClaimID: b.appealed, Kind: "PHOTO", Digest: strings.Repeat("d", 64), EvidenceFile: book.EvidenceFile{
		UploadID: "u1", MediaType: "image/jpeg", Size: 12_000, DisclosedTo: book.EvidencePartiesOf([]book.EvidenceParty{book.EvidenceMerchant}),
	}})
	b.must(err)
	b.commission(b.appealed)
	b.body("lab-9")
	b.keyed("lab-8")
	b.askForEvidence(b.appealed)
	b.approved = b.accepted("l7", 3)
	_, err = b.engine.Do(b.t.Context(), b.request("ApproveClaim", "approver-1"), &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: b.approved}})
	b.must(err)
	b.retract(b.found("l8", 1))
	b.correct("corrected")
}

// askForEvidence leaves a claim with a request that was answered late and one that was cancelled.
func (b *filled) askForEvidence(claimID string) {
	b.t.Helper()
	for range 2 {
		b.do("RequestEvidence", "agent-1", &book.RequestEvidence{
			ClaimID: claimID, Asked: claim.AskedMerchant, Kind: "INVOICE", Question: "who sold it?", DueAt: start.AddDate(0, 0, 9),
		})
	}
	answer, err := b.engine.Do(b.t.Context(), b.request("AddEvidence", "agent-2"),
		&book.AddEvidence{ClaimID: claimID, Kind: "INVOICE", Reference: "files/3", Request: 1})
	b.must(err)
	b.do("DiscloseEvidence", "agent-1", &book.DiscloseEvidence{ClaimID: claimID, Evidence: answer.Evidence.EventNumber, To: book.EvidenceConsumer, Note: "asked for"})
	b.do("CancelEvidenceRequest", "agent-2", &book.CancelEvidenceRequest{
		OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: claimID, Number: 2}, Note: "not needed",
	})
}

// commission leaves a claim with two commissions of drawn bodies that have reported.
func (b *filled) commission(claimID string) {
	b.t.Helper()
	photo := strings.Repeat("ab", 32)
	b.do("AddEvidence", "agent-2", &book.AddEvidence{ClaimID: claimID, Kind: "PHOTO", Reference: "files/2", Digest: photo})
	var candidates []commission.Candidate
	for _, id := range []string{"lab-2", "lab-3"} {
		_, err := b.engine.RegisterAuthenticator(b.t.Context(), b.request("RegisterAuthenticator", ""),
			claim.Authenticator{ID: id, Kind: claim.AccreditedLab, DisplayName: id})
		b.must(err)
		candidates = append(candidates, commission.Candidate{AuthenticatorID: id})
	}
	for n := range byte(2) {
		o, err := b.engine.Do(b.t.Context(), b.request("CommissionItem", "agent-1"), &book.CommissionItem{
			ClaimID: claimID, DueAt: start.AddDate(0, 0, 9), Questions: "which batch?", Photos: []string{photo}, Fee: 300, FeeCurrency: "CNY",
			Draw: book.Drawing{
				Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{n + 1}, commission.SeedLength), Candidates: candidates,
			},
		})
		b.must(err)
		x := o.Commission
		on := book.OnCommission{ClaimID: claimID, Number: x.Number}
		for _, by := range []commission.Step{commission.Accept, commission.Ship, commission.Receive} {
			b.do("Step", "agent-2", &book.MoveCommission{OnCommission: on, Step: by, Shipment: "EMS-118"})
		}
		b.do("AddCustodyStep", "agent-2", &book.AddCustodyStep{Step: custody.Step{
			ClaimID: claimID, SampleID: "S1", Kind: custody.Arrived, HappenedAt: start, Place: "dock 4", Actor: "EMS", AuthenticatorID: x.AuthenticatorID,
			Seals: []string{"A-117"}, Weight: 310_000, Evidence: []string{photo}, Corrects: int32(n), Note: "dented",
		}})
		b.do("ChaseCommission", "agent-2", &book.ChaseCommission{OnCommission: on, Note: "please"})
		b.do("RecordResult", "", &book.RecordResult{Result: claim.Result{
			ClaimID: claimID, AuthenticatorID: x.AuthenticatorID, ReportNumber: "R-drawn", Sample: claim.ConsumerSample, SampleID: "S1", CustodyIntact: true,
			IssuedAt: start, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}},
		}})
	}
}

// body leaves an authenticator that was revised and suspended, and whose reinstatement nobody
// has approved.
func (b *filled) body(id string) {
	b.t.Helper()
	content := authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "Lab 9"}
	_, _, err := b.engine.Register(b.t.Context(), b.request("RegisterAuthenticator", "keeper-1"), id, content)
	b.must(err)
	content.Categories = []string{"beauty"}
	_, err = b.engine.ReviseAuthenticator(b.t.Context(), b.request("ReviseAuthenticator", "keeper-1"), id, content, 1, "beauty only")
	b.must(err)
	_, err = b.engine.SuspendAuthenticator(b.t.Context(), b.request("SuspendAuthenticator", "keeper-1"), id, "sold reports")
	b.must(err)
	_, err = b.engine.ReinstateAuthenticator(b.t.Context(), b.request("ReinstateAuthenticator", "keeper-1"), id, "inspected")
	b.must(err)
}

// keyed leaves an authenticator with two keys, of which one is revoked.
func (b *filled) keyed(id string) {
	b.t.Helper()
	_, _, err := b.engine.Register(b.t.Context(), b.request("RegisterAuthenticator", "agent-1"), id, authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "Lab 8"})
	b.must(err)
	for number := range byte(2) {
		s := signaturetest.Ed25519(number)
		asked, err := b.engine.AddAuthenticatorKey(b.t.Context(), b.request("AddAuthenticatorKey", "agent-1"), id, authenticator.KeyOffer{
			JWK: s.Public, Proof: s.Proof(id, b.engine.Now()), Until: b.engine.Now().AddDate(1, 0, 0),
		}, "a key")
		b.must(err)
		_, err = b.engine.DecideAuthenticatorChange(b.t.Context(), b.request("ApproveAuthenticatorChange", "approver-1"), asked.Change.Key, authenticator.Approve, "")
		b.must(err)
	}
	_, err = b.engine.RevokeAuthenticatorKey(b.t.Context(), b.request("RevokeAuthenticatorKey", "agent-1"), id, signaturetest.Ed25519(0).Thumbprint, "copied")
	b.must(err)
}

// correct leaves a line that was corrected twice after its claim was withdrawn.
func (b *filled) correct(lineID string) {
	b.t.Helper()
	b.do("WithdrawClaim", "", &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: b.found(lineID, 1)}})
	for n, person := range []string{"clerk-1", "clerk-2"} {
		l := orderLine(lineID, 1, 20_000+10_000*money.Amount(n))
		b.do("CorrectOrderLine", person, &book.CorrectOrderLine{Line: l, Revision: int32(n + 1), Note: "in another unit"})
	}
}

// decide has a proposal made and carried out, and gives its number.
func (b *filled) decide(p book.ProposeDecision) int64 {
	b.t.Helper()
	o, err := b.engine.Do(b.t.Context(), b.request("ProposeDecision", "finance-1"), &p)
	b.must(err)
	number := o.Proposal.Number
	for _, person := range []string{"finance-2", "finance-3"} {
		_, err := b.engine.Do(b.t.Context(), b.request("ApproveProposal", person), &book.ApproveProposal{OnProposal: book.OnProposal{Number: number}})
		b.must(err)
	}
	return number
}

func (b *filled) money(kind ledger.Kind, amount money.Amount, reference string) {
	b.t.Helper()
	_, err := b.engine.Do(b.t.Context(), b.request(string(kind), ""),
		&book.MoneyMove{Kind: kind, Amount: amount, Currency: "CNY", Reference: reference})
	b.must(err)
}

// found files a claim on every unit of a line and has it found counterfeit.
func (b *filled) found(lineID string, quantity int32) string {
	b.t.Helper()
	return b.file(lineID, quantity, func(*book.FileClaim, *claim.Result) {})
}

// orderLine is a line of units at one price.
func orderLine(id string, quantity int32, price money.Amount) *order.Line {
	at := start.AddDate(0, -1, 0)
	return &order.Line{
		MerchantID: "m1", ID: id, OrderID: "order-" + id, PaymentID: "payment-" + id, PaidAt: at, ShippedAt: at, DeliveredAt: at,
		ProductID: "product-1", Category: "cosmetics", Quantity: quantity, Currency: "CNY", UnitPrice: price,
		GoodsPaid: price * money.Amount(quantity), PayerID: "consumer-" + id, RecipientID: "consumer-" + id,
	}
}

// file files a claim on every unit of a line and has a result recorded on it: that all of
// them are counterfeit, or what change makes of that.
func (b *filled) file(lineID string, quantity int32, change func(*book.FileClaim, *claim.Result)) string {
	b.t.Helper()
	l := orderLine(lineID, quantity, 10_000)
	cmd := book.FileClaim{
		Line: l, ClaimantID: l.PayerID, Basis: policy.Promise, Remedies: policy.Remedies{Refund: true, Compensation: true},
		Grounds: claim.GroundsTrademark, LearnedAt: l.PaidAt, Destination: "wallet-1",
	}
	r := claim.Result{
		AuthenticatorID: "lab-1", ReportNumber: "R-" + lineID, Sample: claim.SealedPlatformSample, CustodyIntact: true, IssuedAt: start,
	}
	for o := int32(1); o <= quantity; o++ {
		cmd.Ordinals = append(cmd.Ordinals, o)
		r.Units = append(r.Units, claim.Unit{Ordinal: o, Verdict: claim.Counterfeit})
	}
	change(&cmd, &r)
	o, err := b.engine.Do(b.t.Context(), b.request("FileClaim", "agent-1"), &cmd)
	b.must(err)
	r.ClaimID = o.ClaimID
	_, err = b.engine.Do(b.t.Context(), b.request("RecordResult", ""), &book.RecordResult{Result: r})
	b.must(err)
	return o.ClaimID
}

func (b *filled) accepted(lineID string, quantity int32) string {
	b.t.Helper()
	id := b.found(lineID, quantity)
	o, err := b.engine.Do(b.t.Context(), b.request("ConfirmNotice", ""), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: id}})
	b.must(err)
	_, err = b.engine.Do(b.t.Context(), b.request("AcceptClaim", ""), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: o.Claim.Etag()}})
	b.must(err)
	return id
}

func (b *filled) paid(lineID string, quantity int32) string {
	b.t.Helper()
	id := b.accepted(lineID, quantity)
	for _, p := range b.takePayouts() {
		b.answer(p, payout.OutcomeSucceeded)
	}
	return id
}

func (b *filled) takePayouts() []payout.Payout {
	made := b.made
	b.made = nil
	return made
}

func (b *filled) answer(p payout.Payout, said payout.Outcome) {
	b.t.Helper()
	_, ours, err := b.engine.Reserve(b.t.Context(), postgres.Reservation{
		Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
	})
	b.must(err)
	if !ours {
		b.t.Fatalf("out-number %s is another payout's", p.OutNumber)
	}
	_, err = b.engine.Do(b.t.Context(), request.System("m1", "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: said}})
	b.must(err)
}

// revise finds a claim on one unit genuine after all.
func (b *filled) revise(id string, ground book.RevisionGround) {
	b.t.Helper()
	units := []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}}
	_, err := b.engine.Do(b.t.Context(), b.request("ReviseVerdict", "judge-1"), &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: id}, Ground: ground, Units: units, Document: "docket-1"})
	b.must(err)
}

// retract takes the result on a claim back.
func (b *filled) retract(id string) {
	b.t.Helper()
	results, err := b.db.Reader().Results(b.t.Context(), "m1", id, "", 1)
	b.must(err)
	_, err = b.engine.Do(b.t.Context(), b.request("RetractResult", ""), &book.RetractResult{OnClaim: book.OnClaim{ClaimID: id}, ResultID: results[0].ID, Note: "another sample"})
	b.must(err)
}

// do carries out a command that must succeed.
func (b *filled) do(method, person string, cmd book.Command) book.Outcome {
	b.t.Helper()
	o, err := b.engine.Do(b.t.Context(), b.request(method, person), cmd)
	b.must(err)
	return o
}

// fillMore lets happen what fill leaves out, so that the book has rows of all kinds and
// values in all of their columns: a claim under review, a stopped clock, a coupon, a fee,
// a withdrawal, a refund by the order service, an open proposal, a merchant who leaves.
func (b *filled) fillMore() {
	b.t.Helper()
	same := func(*book.FileClaim, *claim.Result) {}
	review := b.file("l9", 1, func(f *book.FileClaim, r *claim.Result) {
		f.SamplingCase, f.Note = "case-1", "smells of glue"
		r.Units[0].Verdict, r.Statement = claim.Inconclusive, "not enough of it"
	})
	b.do("AssignReview", "lead-1", &book.AssignReview{OnClaim: book.OnClaim{ClaimID: review}, Assignee: "reviewer-1"})
	reviewed := b.file("l10", 2, func(_ *book.FileClaim, r *claim.Result) { r.Units[0].Verdict = claim.Inconclusive })
	b.do("DecideReview", "reviewer-2", &book.DecideReview{
		OnClaim: book.OnClaim{ClaimID: reviewed}, Decision: book.Uphold, Note: "the seal is broken",
		Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}, {Ordinal: 2, Verdict: claim.Genuine}},
	})
	stopped := b.file("l11", 1, same)
	b.do("ConfirmNotice", "", &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: stopped}})
	b.do("StopClock", "agent-1", &book.StopClock{OnClaim: book.OnClaim{ClaimID: stopped}, Note: "a second test"})
	coupon := b.file("l12", 1, func(f *book.FileClaim, r *claim.Result) {
		f.PayoutForm = claim.Coupon
		r.Fee, r.FeeCurrency, r.FeePaidBy = 3_000, "CNY", claim.FeePayerClaimant
	})
	o := b.do("ConfirmNotice", "", &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: coupon}})
	b.do("AcceptClaim", "", &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: coupon, Etag: o.Claim.Etag()}})
	for _, p := range b.takePayouts() {
		b.answer(p, payout.OutcomeSucceeded)
		if p.Form == claim.Coupon {
			b.do("RedeemCoupon", "", &book.RedeemCoupon{OutNumber: p.OutNumber, Amount: 700, Currency: "CNY", Reference: "basket-1"})
		}
	}
	withdrawn := b.file("l13", 1, same)
	b.do("WithdrawClaim", "", &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: withdrawn}, Note: "settled in the shop"})
	b.do("ReportOrderRefund", "", &book.ReportOrderRefund{LineID: "unseen", RefundID: "refund-2", Amount: 100, Currency: "CNY", RefundedAt: start})
	b.file("l14", 1, same)
	b.do("ReportOrderRefund", "", &book.ReportOrderRefund{LineID: "l14", RefundID: "refund-1", Amount: 2_500, Currency: "CNY", RefundedAt: start})
	b.money(ledger.ShopFundsHandedOver, 400_000, "sales-again")
	b.do("SweepBook", "", &book.SweepBook{})
	b.do("RepayClawBack", "", &book.RepayClawBack{ClaimID: b.clawedBack, Amount: 50, Currency: "CNY", Reference: "repaid-1"})
	b.unanswered("l15")
	b.found("l16", 9)
	b.money(ledger.ShopFundsHandedOver, 300, "sales-after")
	b.merchant = "m2"
	b.do("OpenBook", "", &book.OpenBook{Currency: "CNY"})
	b.money(ledger.DepositToppedUp, 60_000, "other")
	b.do("ProposeDecision", "finance-1", &book.ProposeDecision{Kind: proposal.DepositForfeiture, Amount: 100, Currency: "CNY", Note: "late answers"})
	b.do("BeginExit", "", &book.BeginExit{Note: "closing down"})
	b.merchant = "m1"
	b.months()
}

// months closes January and February, with something late in between, and February again after
// it was reopened; one reopening was refused.
func (b *filled) months() {
	b.t.Helper()
	told := func(reference string, at time.Time) {
		b.do("TopUpDeposit", "", &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 70, Currency: "CNY", Reference: reference, EffectiveAt: at})
	}
	told("of-december", start.AddDate(0, -3, 0))
	told("of-january", start.AddDate(0, -2, 5))
	b.must(b.db.RecordAudit(b.t.Context(), start, 2, 0))
	for _, merchant := range []string{"m1", "m2"} {
		b.explain(merchant)
	}
	b.changeMonth("2026-01", period.Close, true)
	told("late", start.AddDate(0, -2, 6))
	told("of-february", start.AddDate(0, -1, 5))
	b.changeMonth("2026-02", period.Close, true)
	b.changeMonth("2026-02", period.Reopen, false)
	b.changeMonth("2026-02", period.Reopen, true)
	told("of-december-late", start.AddDate(0, -3, 1))
	b.changeMonth("2026-02", period.Close, true)
	told("behind", start.AddDate(0, -1, 6))
}

// explain says what lies in suspense in a book, where something does.
func (b *filled) explain(merchant string) {
	b.t.Helper()
	h, _, err := b.db.Reader().Head(b.t.Context(), merchant)
	b.must(err)
	if lies := h.Balances.At(ledger.Suspense).Of(ledger.Suspense); lies > 0 {
		_, _, err = b.engine.NoteSuspense(b.t.Context(), b.request("NoteSuspense", "finance-1"),
			&engine.SuspenseSeen{MerchantID: merchant, Note: "asked the bank", Amount: lies, Currency: "CNY"})
		b.must(err)
	}
}

// changeMonth proposes a change of a month, and has another person approve or refuse it.
func (b *filled) changeMonth(p period.ID, a period.Action, approve bool) {
	b.t.Helper()
	for _, c := range []engine.PeriodChange{{Period: p, Action: a, Note: "month end"}, {Period: p, Approve: approve, Note: "seen"}} {
		person := "finance-1"
		if c.Action == "" {
			person = "approver-1"
		}
		h := b.request("ChangePeriod", person)
		h.MerchantID = ""
		_, err := b.engine.ChangePeriod(b.t.Context(), h, &c)
		b.must(err)
	}
}

// unanswered leaves payouts with the gateway.
func (b *filled) unanswered(lineID string) {
	b.t.Helper()
	b.money(ledger.DepositToppedUp, 200_000, "for-"+lineID)
	b.accepted(lineID, 1)
	for _, p := range b.takePayouts() {
		_, _, err := b.engine.Reserve(b.t.Context(), postgres.Reservation{Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID})
		b.must(err)
	}
}
