package book_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// commands are the words of a story. Each tells what its events do not, and gives the
// refusal, if there was one.
var commands = map[string]func(s *scenario, merchant string, a args) ([]string, error){
	// The catalogue and the clock.
	"policy": (*scenario).publishPolicy,
	"wait":   (*scenario).wait,

	// The merchant and the merchant's money.
	"open": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "OpenBook", &book.OpenBook{Currency: currency})
	},
	"top-up":           moves(ledger.DepositToppedUp),
	"withdraw-deposit": moves(ledger.DepositWithdrawn),
	"hand-over":        moves(ledger.ShopFundsHandedOver),
	"take-back":        moves(ledger.ShopFundsTakenBack),
	"bounce": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "ReverseTopUp", &book.ReverseTopUp{Reference: a.must("reference")})
	},
	"sweep": func(s *scenario, m string, a args) ([]string, error) {
		_, err := s.Do(request.System(m, "SweepBook"), &book.SweepBook{})
		return nil, err
	},
	"begin-exit": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "BeginExit", &book.BeginExit{Note: a.note()})
	},
	"cancel-exit": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "CancelExit", &book.CancelExit{Note: a.note()})
	},
	"complete-exit": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "CompleteExit",
			&book.CompleteExit{DepositReference: a.text("deposit", ""), ShopFundsReference: a.text("shop_funds", "")})
	},

	// The claim, from filing to the debit.
	"file":  (*scenario).file,
	"quote": (*scenario).quote,
	"evidence": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "AddEvidence", &book.AddEvidence{ClaimID: s.id(a.must("claim")), Kind: a.must("kind"), Note: a.note()})
	},
	"result":  (*scenario).result,
	"retract": (*scenario).retract,
	"assign": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "AssignReview", &book.AssignReview{OnClaim: s.on(a), Assignee: a.text("to", "")})
	},
	"review": func(s *scenario, m string, a args) ([]string, error) {
		on := s.on(a)
		return s.do(m, a, "DecideReview", &book.DecideReview{
			OnClaim: on, Decision: book.Decision(a.must("decision")), Units: a.verdicts(s.claim(m, on)), Note: a.note(),
		})
	},
	"confirm-notice": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "ConfirmNotice", &book.ConfirmNotice{OnClaim: s.on(a), Revision: a.number("revision", 0)})
	},
	"accept": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "AcceptClaim", &book.AcceptClaim{OnClaim: s.on(a), Note: a.note()})
	},
	"withdraw": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "WithdrawClaim", &book.WithdrawClaim{OnClaim: s.on(a), Note: a.note()})
	},
	"appeal": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "AppealClaim", &book.AppealClaim{OnClaim: s.on(a), Note: a.note()})
	},
	"decide-appeal": func(s *scenario, m string, a args) ([]string, error) {
		on := s.on(a)
		return s.do(m, a, "DecideAppeal", &book.DecideAppeal{
			OnClaim: on, Decision: book.AppealDecision(a.must("decision")), Units: a.verdicts(s.claim(m, on)), Note: a.note(),
		})
	},
	"approve":         approves(false),
	"refuse-approval": approves(true),
	"stop-clock":      stops(false),
	"resume-clock":    stops(true),
	"extend-hold":     (*scenario).extendHold,
	"revise":          (*scenario).revise,
	"order-refund":    (*scenario).orderRefund,

	// Payouts.
	"gateway":      (*scenario).gateway,
	"retry":        (*scenario).retry,
	"redeem":       (*scenario).redeem,
	"lapse-coupon": (*scenario).lapseCoupon,
	"repay": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "RecordConsumerRepayment", &book.RepayClawBack{
			ClaimID: s.id(a.must("claim")), Amount: a.amount("amount"), Currency: currency, Reference: a.must("reference"),
		})
	},

	// Decisions of two people.
	"propose":          (*scenario).propose,
	"approve-proposal": (*scenario).approveProposal,
	"refuse-proposal": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "RefuseProposal", &book.RefuseProposal{OnProposal: s.onProposal(a), Note: a.note()})
	},

	// What is so.
	"balances": (*scenario).tellBalances,
	"merchant": (*scenario).tellMerchant,
	"claim":    (*scenario).tellClaim,
	"debts":    (*scenario).tellDebts,
}

// do runs a command for the person that the story names, if any.
func (s *scenario) do(merchant string, a args, method string, cmd book.Command) ([]string, error) {
	_, told, err := s.outcome(merchant, a, method, cmd)
	return told, err
}

func (s *scenario) outcome(merchant string, a args, method string, cmd book.Command) (book.Outcome, []string, error) {
	s.count++
	h := request.Header{
		MerchantID: merchant, Method: method, RequestID: a.text("request", fmt.Sprintf("request-%d", s.count)),
		Principal: principal.Principal{Workload: "story", Role: principal.RoleOperator, Person: a.text("by", "")},
	}
	o, err := s.Do(h, cmd)
	if o.Replayed {
		return o, []string{"was done before"}, err
	}
	return o, nil, err
}

// on is the claim that a command is about.
func (s *scenario) on(a args) book.OnClaim { return book.OnClaim{ClaimID: s.id(a.must("claim"))} }

func (s *scenario) claim(merchant string, on book.OnClaim) *claim.Claim {
	c := s.Rows(merchant).Claims[on.ClaimID]
	return &c
}

func moves(kind ledger.Kind) func(*scenario, string, args) ([]string, error) {
	return func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, string(kind), &book.MoneyMove{
			Kind: kind, Amount: a.amount("amount"), Currency: a.text("currency", currency), Reference: a.must("reference"),
		})
	}
}

func approves(refuse bool) func(*scenario, string, args) ([]string, error) {
	return func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "ApproveClaim", &book.ApproveClaim{OnClaim: s.on(a), Refuse: refuse, Note: a.note()})
	}
}

func stops(resume bool) func(*scenario, string, args) ([]string, error) {
	return func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "StopClock", &book.StopClock{OnClaim: s.on(a), Resume: resume, Note: a.note()})
	}
}

// terms are what a story may set of a policy, by argument.
var terms = map[string]func(v *policy.Version, a args, name string){
	"advance_limit":   func(v *policy.Version, a args, n string) { v.AdvanceLimit = a.amount(n) },
	"advance_in_all":  func(v *policy.Version, a args, n string) { v.AdvanceLimitPerMerchant = a.amount(n) },
	"approval_over":   func(v *policy.Version, a args, n string) { v.ApprovalOver = a.amount(n) },
	"abnormal_factor": func(v *policy.Version, a args, n string) { v.AbnormalFactor = a.number(n, 0) },
	"minimum_deposit": func(v *policy.Version, a args, n string) { v.MinimumDeposit = a.amount(n) },
	"protected_share": func(v *policy.Version, a args, n string) { v.ProtectedShare = a.ratio(n) },
	"cap":             func(v *policy.Version, a args, n string) { v.Cap = a.amount(n) },
	"floor":           func(v *policy.Version, a args, n string) { v.Floor = a.amount(n) },
	"fee":             func(v *policy.Version, a args, n string) { v.AuthenticationFee = policy.FeeRule(a.must(n)) },
	"reversal":        func(v *policy.Version, a args, n string) { v.ReversalBorneBy = policy.ReversalBearer(a.must(n)) },
	"hold":            func(v *policy.Version, a args, n string) { v.Windows.Hold = a.duration(n) },
	"notice":          func(v *policy.Version, a args, n string) { v.Windows.Notice = a.span(n) },
	"top_up":          func(v *policy.Version, a args, n string) { v.Windows.TopUp = a.span(n) },
	"sources": func(v *policy.Version, a args, n string) {
		v.SourceOrder = nil
		for _, source := range a.list(n) {
			v.SourceOrder = append(v.SourceOrder, policy.Source(source))
		}
	},
}

// publishPolicy publishes the next version of a seeded policy with other terms, in
// force when the orders of a story are paid.
func (s *scenario) publishPolicy(_ string, a args) ([]string, error) {
	id := a.text("id", "promise-tenfold")
	var v policy.Version
	for _, known := range s.Catalog().Policies.Listed(id, "", 0) {
		if known.PolicyID == id {
			v = known
		}
	}
	v.Number++
	for name, set := range terms {
		if a.has(name) {
			set(&v, a, name)
		}
	}
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	return []string{fmt.Sprintf("version %d of %s", v.Number, id)}, s.Publish(v)
}

// wait moves the clock and lets the timers do what is due by then.
func (s *scenario) wait(merchant string, a args) ([]string, error) {
	s.Move(a.duration("for"))
	told := []string{"it is " + inBeijing(s.Now())}
	for _, w := range s.Rows(merchant).DueWaits(s.Now().Add(-booktest.LapseGrace)) {
		_, err := s.Do(request.System(merchant, "PassDeadline"),
			&book.PassDeadline{OnClaim: book.OnClaim{ClaimID: w.ClaimID}, Fires: w.Fires, Deadline: w.Deadline})
		if err != nil {
			return told, err
		}
	}
	for _, w := range s.Rows(merchant).ExpiredHolds(s.Now()) {
		_, err := s.Do(request.System(merchant, "ExpireHold"),
			&book.ExpireHold{OnClaim: book.OnClaim{ClaimID: w.ClaimID}, ExpiresAt: w.HoldExpires})
		if err != nil {
			return told, err
		}
	}
	if at := s.Rows(merchant).Head.DemandDeadline; !at.IsZero() && !at.After(s.Now()) {
		if _, err := s.Do(request.System(merchant, "LapseDemand"), &book.LapseDemand{}); err != nil {
			return told, err
		}
	}
	return told, nil
}

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

// gateway has the gateway answer about one payout, or about all of a claim that are
// under way. An answer that it reports by itself is a request of the payment service.
func (s *scenario) gateway(merchant string, a args) (told []string, err error) {
	answer := payout.Answer{Outcome: payout.Outcome(a.must("says")), OccurredAt: s.Now(), FailureCode: a.text("code", "")}
	if a.has("expires") {
		answer.ExpiresAt = s.Now().Add(a.duration("expires"))
	}
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
		DebtKind: debt.Kind(a.text("debt", "")), Note: a.note(),
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

func (s *scenario) tellBalances(merchant string, _ args) (told []string, _ error) {
	h := s.Rows(merchant).Head
	for _, p := range ledger.Purposes() {
		if b := h.Balances.At(p).Of(p); b != 0 {
			told = append(told, fmt.Sprintf("%-19s %12s", p, yuan(b)))
		}
	}
	if len(told) == 0 {
		told = append(told, "every account is at 0.00")
	}
	return told, nil
}

func (s *scenario) tellMerchant(merchant string, _ args) ([]string, error) {
	h := s.Rows(merchant).Head
	told := []string{fmt.Sprintf("open claims may cost %s; %s are free", yuan(h.Exposure), yuan(h.Free()))}
	if h.Demanded > 0 {
		until := "and overdue"
		if !h.DemandDeadline.IsZero() {
			until = "until " + inBeijing(h.DemandDeadline)
		}
		told = append(told, fmt.Sprintf("%s are demanded %s", yuan(h.Demanded), until))
	}
	if !h.Sweep.Since.IsZero() {
		told = append(told, fmt.Sprintf("a sweep is due: of the deposit %s, of shop funds %s", yuan(h.Sweep.Deposit), yuan(h.Sweep.ShopFunds)))
	}
	switch {
	case !h.ExitedAt.IsZero():
		told = append(told, "has left")
	case !h.ExitBegunAt.IsZero():
		told = append(told, "is leaving")
	}
	return told, nil
}

// tellClaim tells where a claim stands, and of its money what is not zero.
func (s *scenario) tellClaim(merchant string, a args) ([]string, error) {
	c := s.claim(merchant, s.on(a))
	told := []string{fmt.Sprintf("%s, %s, awarded %s and %s", c.State, c.Verdict, yuan(c.Award.Refund), yuan(c.Award.Compensation))}
	sums := func(what string, amounts ...any) {
		var parts []string
		for i := 0; i < len(amounts); i += 2 {
			if amount := amounts[i+1].(money.Amount); amount != 0 {
				parts = append(parts, fmt.Sprintf("%s %s", amounts[i], yuan(amount)))
			}
		}
		if len(parts) > 0 {
			told = append(told, what+strings.Join(parts, ", "))
		}
	}
	f := &c.Funding
	sums("set aside: ", "in all", f.Held)
	sums("borne by: ", "deposit", f.FromDeposit, "shop funds", f.FromShopFunds, "advance", f.Advanced, "write-off", f.WrittenOff,
		"platform", f.Lost, "consumer", f.ClawedBack, "nobody yet", c.Shortfall())
	sums("paid: ", "refund", f.RefundPaid, "compensation", f.CompensationPaid)
	sums("under way: ", "refund", f.RefundInFlight, "compensation", f.CompensationInFlight)
	sums("failed: ", "refund", f.RefundFailed, "compensation", f.CompensationFailed)
	sums("given back by the consumer: ", "in all", f.Repaid)
	sums("fees: ", "paid by the claimant", c.Fees.Claimant, "paid by the platform", c.Fees.Fronted, "charged to the merchant", c.Fees.Merchant,
		"charged to the consumer", c.Fees.Consumer, "still owed", c.Fees.Owed, "written off", c.Fees.WrittenOff)
	if c.Escalated {
		told = append(told, "a person has to look")
	}
	if c.Funding.Held > 0 {
		told = append(told, "what is set aside expires "+inBeijing(c.HoldExpiresAt))
	}
	return told, nil
}

// tellDebts lists what the merchant owes, in the order in which income goes to it.
func (s *scenario) tellDebts(merchant string, _ args) (told []string, _ error) {
	place := func(d debt.Debt) int { return slices.Index(debt.Kinds(), d.Kind) }
	list := slices.SortedFunc(maps.Values(s.Rows(merchant).Debts), func(a, b debt.Debt) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	for _, d := range list {
		told = append(told, fmt.Sprintf("%-10s %12s  %s", d.Kind, yuan(d.Open), s.named(d.ID)))
	}
	if len(told) == 0 {
		told = append(told, "nothing is owed")
	}
	return told, nil
}
