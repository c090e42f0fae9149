package book_test

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// commands are the words of a story. Each tells what its events do not, and gives the
// refusal, if there was one.
var commands = map[string]func(s *scenario, merchant string, a args) ([]string, error){
	// The catalog and the clock.
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
	"reconsider": func(s *scenario, m string, a args) ([]string, error) {
		return s.do(m, a, "RequestReconsideration", &book.ReconsiderClaim{
			OnClaim: s.on(a), Note: a.note(), Kind: "PHOTO", Reference: a.must("photo"), Digest: a.must("photo"),
		})
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
	"tampered":        func(v *policy.Version, a args, n string) { v.Consequences.Tampered = policy.Consequence(a.must(n)) },
	"not_our_product": func(v *policy.Version, a args, n string) {
		v.Consequences.NotOurProduct = policy.Consequence(a.must(n))
	},
	"inconclusive": func(v *policy.Version, a args, n string) { v.Consequences.Inconclusive = policy.Consequence(a.must(n)) },
	"hold":         func(v *policy.Version, a args, n string) { v.Windows.Hold = a.duration(n) },
	"notice":       func(v *policy.Version, a args, n string) { v.Windows.Notice = a.span(n) },
	"top_up":       func(v *policy.Version, a args, n string) { v.Windows.TopUp = a.span(n) },
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
