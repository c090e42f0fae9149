package booktest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// life lets things happen on a shelf.
type life struct {
	t *testing.T
	*Shelf
	count int
	// written are the changes of each batch, in their order.
	written []*book.Changes
}

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, Shelf: New(Start)}
	v := policy.WithoutLimits()[0]
	v.Number, v.AdvanceLimit, v.ApprovalOver = 2, 20_000, 400_000
	v.PublishedAt, v.EffectiveFrom = Start.AddDate(-1, 0, -30), Start.AddDate(-1, 0, 0)
	if err := l.Publish(v); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"lab-1", "lab-2"} {
		if err := l.Register(claim.Authenticator{ID: id, Kind: claim.AccreditedLab}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *life) header(person, merchant, method string) request.Header {
	l.count++
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("request-%d", l.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: person},
	}
}

// does runs a command that is not refused, and keeps what it wrote.
func (l *life) does(person, merchant string, cmd book.Command) book.Outcome {
	l.t.Helper()
	o, err := l.Do(l.header(person, merchant, fmt.Sprintf("%T", cmd)), cmd)
	if err != nil {
		l.t.Fatalf("%T: %v", cmd, err)
	}
	if c := l.at(o.MerchantID).pending; c != nil {
		l.written = append(l.written, c)
	}
	return o
}

// found files a claim of 110,000 for each unit and has it found counterfeit.
func (l *life) found(cmd book.FileClaim) *claim.Claim {
	l.t.Helper()
	c := l.does("", cmd.Line.MerchantID, &cmd).Claim
	return l.does("", c.MerchantID, &book.RecordResult{Result: Result(c, claim.Counterfeit, "R-"+c.ID)}).Claim
}

func (l *life) accepted(cmd book.FileClaim) *claim.Claim {
	l.t.Helper()
	on := book.OnClaim{ClaimID: l.found(cmd).ID}
	l.does("", cmd.Line.MerchantID, &book.ConfirmNotice{OnClaim: on})
	return l.does("", cmd.Line.MerchantID, &book.AcceptClaim{OnClaim: on}).Claim
}

func (l *life) answered(said payout.Outcome) {
	l.t.Helper()
	for _, p := range l.Made() {
		l.Send(p)
		l.does("", "", &book.AnswerPayout{OutNumber: p.OutNumber, Answer: payout.Answer{Outcome: said, ExpiresAt: Start.AddDate(1, 0, 0)}})
	}
}

// lived gives a book with a row of every kind.
func lived(t *testing.T) *life {
	t.Helper()
	l := newLife(t)
	l.live()
	return l
}

func (l *life) live() {
	l.t.Helper()
	l.does("", "m1", &book.OpenBook{Currency: "CNY"})
	l.does("", "m1", &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 400_000, Currency: "CNY", Reference: "bank-1"})
	l.does("", "m1", &book.MoneyMove{Kind: ledger.ShopFundsHandedOver, Amount: 70_000, Currency: "CNY", Reference: "shop-1"})

	// One is paid, its compensation as a coupon; of another the payouts failed.
	paid := Filing(Line("m1", "paid", 1, 10_000), 1)
	paid.PayoutForm = claim.Coupon
	paid.Refunds = []book.OrderRefund{{RefundID: "r-1", Amount: 1_000, Currency: "CNY", RefundedAt: Start}}
	l.accepted(paid)
	l.answered(payout.OutcomeSucceeded)
	l.accepted(Filing(Line("m1", "failed", 1, 10_000), 1))
	l.answered(payout.OutcomeFailed)

	// One was found counterfeit by a result that was taken back, and withdrawn.
	c := l.found(Filing(Line("m1", "retracted", 1, 10_000), 1))
	x := l.Rows("m1").SortedResults()
	l.does("", "m1", &book.RetractResult{OnClaim: book.OnClaim{ClaimID: c.ID}, ResultID: x[len(x)-1].ID, Note: "another sample"})
	l.does("", "m1", &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}})

	// One was withdrawn before, while a body examined it, and its line corrected since.
	c = l.does("", "m1", new(Filing(Line("m1", "corrected", 1, 20_000), 1))).Claim
	l.does("", "m1", &book.AddCustodyStep{Step: custody.Step{ClaimID: c.ID, SampleID: "S1", Kind: custody.Bought, HappenedAt: Start}})
	l.does("", "m1", &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-2", DueAt: Start.AddDate(0, 0, 10)})
	l.does("", "m1", &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}})
	l.does("clerk-1", "m1", &book.CorrectOrderLine{Line: Line("m1", "corrected", 1, 10_000), Revision: 1, Note: "in another unit"})

	// One is appealed against, one waits for approval and has one, one is short.
	c = l.found(Filing(Line("m1", "appealed", 1, 10_000), 1))
	l.does("", "m1", &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "genuine"})
	l.does("helper-1", "m1", &book.RequestEvidence{
		ClaimID: c.ID, Asked: claim.AskedMerchant, Kind: "INVOICE", Question: "who sold it?", DueAt: Start.AddDate(0, 0, 10),
	})
	l.does("seller-1", "m1", &book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "files/1", Digest: "d", Request: 1})
	added := l.Rows("m1").Evidence
	l.does("helper-1", "m1", &book.DiscloseEvidence{ClaimID: c.ID, Evidence: added[len(added)-1].EventNumber, To: book.EvidenceConsumer, Note: "asked for"})
	l.does("helper-1", "m1", &book.AddNote{ClaimID: c.ID, Visibility: book.NoteInternal, Text: "the claimant called"})
	l.accepted(Filing(Line("m1", "short", 2, 20_000), 1, 2))
	c = l.accepted(Filing(Line("m1", "large", 4, 40_000), 1, 2, 3, 4))
	l.does("approver-1", "m1", &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: c.ID}})

	// Of what the platform advanced for the short one a part is proposed to be given up.
	for k := range l.Rows("m1").Debts {
		if k.Kind == debt.Advance {
			o := l.does("finance-1", "m1", &book.ProposeDecision{Kind: proposal.WriteOff, Amount: 5_000, Currency: "CNY", DebtKind: k.Kind, DebtID: k.ID})
			l.does("approver-1", "m1", &book.ApproveProposal{OnProposal: book.OnProposal{Number: o.Proposal.Number}})
			l.does("approver-2", "m1", &book.ApproveProposal{OnProposal: book.OnProposal{Number: o.Proposal.Number}})
			break
		}
	}

	// The bank took a top-up back, which is told of late.
	l.does("", "m1", &book.ReverseTopUp{Reference: "bank-1", EffectiveAt: Start})
	l.Move(time.Hour)
	if wrong := l.Prove(); len(wrong) > 0 {
		l.t.Fatalf("the life is wrong: %q", wrong)
	}
}
