package claim

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// State says where a claim stands and who must act next. It includes neither what
// was found, which is the Verdict, nor what happened to money, which is the
// Funding.
type State string

// The states of a claim.
const (
	// Authenticating waits for the authenticator's result on every claimed unit.
	Authenticating State = "AUTHENTICATING"
	// InReview waits for a person to decide what results alone cannot.
	InReview State = "IN_REVIEW"
	// Notified waits for the merchant to accept, or for the notice period to pass.
	Notified State = "NOTIFIED"
	// Appealed waits for the appeal panel.
	Appealed State = "APPEALED"
	// AwaitingApproval waits for two approvers of the amount.
	AwaitingApproval State = "AWAITING_APPROVAL"
	// Paying waits for the payout gateway, or for money to fund the rest.
	Paying State = "PAYING"
	// PayoutFailed waits for an operator to retry a payout that failed for good.
	PayoutFailed State = "PAYOUT_FAILED"
	// Paid waits for nobody: everything awarded has reached the consumer.
	Paid State = "PAID"
	// Rejected waits for nobody: nothing is owed.
	Rejected State = "REJECTED"
	// Withdrawn waits for nobody: the claimant withdrew the claim.
	Withdrawn State = "WITHDRAWN"
	// Expired waits for nobody: the proof never came.
	Expired State = "EXPIRED"
)

// States lists every state in the order of a claim's life.
func States() []State {
	return []State{
		Authenticating, InReview, Notified, Appealed, AwaitingApproval, Paying,
		PayoutFailed, Paid, Rejected, Withdrawn, Expired,
	}
}

// Trigger moves a claim from one state to another.
type Trigger string

// The triggers.
const (
	// Filed is the arrival of the consumer's claim through the order service.
	Filed Trigger = "FILED"
	// ResultCounterfeit is a verdict of counterfeit on at least one unit, by
	// sufficient results.
	ResultCounterfeit Trigger = "RESULT_COUNTERFEIT"
	// ResultGenuine is a verdict of genuine on every unit, by sufficient results.
	ResultGenuine Trigger = "RESULT_GENUINE"
	// ResultRefundPath is verdicts that owe nothing, by sufficient results; at least one unit is
	// open to an ordinary refund.
	ResultRefundPath Trigger = "RESULT_REFUND_PATH"
	// ResultUndecided is a set of results that conflict, are inconclusive, or are
	// too weak to decide alone.
	ResultUndecided Trigger = "RESULT_UNDECIDED"
	// ResultLapsed is the end of the wait for a result.
	ResultLapsed Trigger = "RESULT_LAPSED"
	// ReviewUpheld is a reviewer's finding that units are counterfeit.
	ReviewUpheld Trigger = "REVIEW_UPHELD"
	// ReviewRejected is a reviewer's finding that nothing is owed.
	ReviewRejected Trigger = "REVIEW_REJECTED"
	// ReviewRefundPath is a reviewer's finding that nothing is owed under the promise, and that
	// at least one unit is open to an ordinary refund.
	ReviewRefundPath Trigger = "REVIEW_REFUND_PATH"
	// ReviewRetest is a reviewer's request for another result.
	ReviewRetest Trigger = "REVIEW_RETEST"
	// ReviewExpired is a reviewer's decision to close a claim whose proof never
	// came.
	ReviewExpired Trigger = "REVIEW_EXPIRED"
	// Accepted is the merchant's consent to the debit.
	Accepted Trigger = "ACCEPTED"
	// NoticeLapsed is the end of the notice period without an answer.
	NoticeLapsed Trigger = "NOTICE_LAPSED"
	// PaidInFull is the arrival of the last part of the award at the consumer.
	PaidInFull Trigger = "PAID_IN_FULL"
	// PayoutFailedForGood is the gateway's final refusal of a payout.
	PayoutFailedForGood Trigger = "PAYOUT_FAILED"
	// PayoutRetried is an operator's retry of a failed payout.
	PayoutRetried Trigger = "PAYOUT_RETRIED"
	// PayoutReturned is the return of a payout that had succeeded.
	PayoutReturned Trigger = "PAYOUT_RETURNED"
	// WithdrawnByClaimant is the claimant's withdrawal of the claim.
	WithdrawnByClaimant Trigger = "WITHDRAWN"
	// AppealedByMerchant is the merchant's objection to the verdict within the
	// notice period.
	AppealedByMerchant Trigger = "APPEALED"
	// AppealUpheld is the appeal panel's finding that nothing is owed.
	AppealUpheld Trigger = "APPEAL_UPHELD"
	// AppealUpheldInPart is the appeal panel's finding that fewer units are
	// counterfeit.
	AppealUpheldInPart Trigger = "APPEAL_UPHELD_IN_PART"
	// AppealDismissed is the appeal panel's confirmation of the verdict.
	AppealDismissed Trigger = "APPEAL_DISMISSED"
	// ApprovalRequired is an award that could be debited, but whose amount two
	// approvers must agree to first.
	ApprovalRequired Trigger = "APPROVAL_REQUIRED"
	// ApprovedByTwo is the second approver's agreement to the amount.
	ApprovedByTwo Trigger = "APPROVED"
	// ApprovalRefused is an approver's refusal of the amount, which goes back to
	// review.
	ApprovalRefused Trigger = "APPROVAL_REFUSED"
	// Reconsidered is the claimant's objection to a decision that nothing is owed, with new
	// evidence: another person decides anew.
	Reconsidered Trigger = "RECONSIDERATION_REQUESTED"
	// Reopened is the loss of a verdict's basis, such as by a retracted result: a
	// person decides anew.
	Reopened Trigger = "REOPENED"
	// RevisedUpward is a revised verdict that asks more of the merchant than the merchant has borne.
	RevisedUpward Trigger = "REVISED_UPWARD"
	// RevisedSettled is a revised verdict that asks nothing more of the merchant.
	RevisedSettled Trigger = "REVISED_SETTLED"
	// RevisedRejected is a revised verdict that finds nothing owed.
	RevisedRejected Trigger = "REVISED_REJECTED"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{
		Filed, ResultCounterfeit, ResultGenuine, ResultRefundPath, ResultUndecided, ResultLapsed,
		ReviewUpheld, ReviewRejected, ReviewRefundPath, ReviewRetest, ReviewExpired, Accepted,
		NoticeLapsed, PaidInFull, PayoutFailedForGood, PayoutRetried,
		PayoutReturned, WithdrawnByClaimant,
		AppealedByMerchant, AppealUpheld, AppealUpheldInPart, AppealDismissed,
		ApprovalRequired, ApprovedByTwo, ApprovalRefused,
		Reconsidered, Reopened, RevisedUpward, RevisedSettled, RevisedRejected,
	}
}

// New is the state of a claim before it is filed.
const New State = ""

// rules is the whole state machine: any other pair is refused.
var rules = map[State]map[Trigger]State{
	New: {
		Filed: Authenticating,
	},
	Authenticating: {
		ResultCounterfeit:   Notified,
		ResultGenuine:       Rejected,
		ResultRefundPath:    Rejected,
		ResultUndecided:     InReview,
		ResultLapsed:        InReview,
		WithdrawnByClaimant: Withdrawn,
	},
	InReview: {
		ResultCounterfeit:   Notified,
		ResultGenuine:       Rejected,
		ResultRefundPath:    Rejected,
		ReviewUpheld:        Notified,
		ReviewRejected:      Rejected,
		ReviewRefundPath:    Rejected,
		ReviewRetest:        Authenticating,
		ReviewExpired:       Expired,
		RevisedSettled:      Paying,
		WithdrawnByClaimant: Withdrawn,
	},
	Notified: {
		ResultGenuine:       Rejected,
		ResultRefundPath:    Rejected,
		ResultUndecided:     InReview,
		Accepted:            Paying,
		NoticeLapsed:        Paying,
		AppealedByMerchant:  Appealed,
		ApprovalRequired:    AwaitingApproval,
		Reopened:            InReview,
		RevisedSettled:      Paying,
		RevisedRejected:     Rejected,
		WithdrawnByClaimant: Withdrawn,
	},
	Appealed: {
		ResultGenuine:       Rejected,
		ResultRefundPath:    Rejected,
		AppealUpheld:        Rejected,
		AppealUpheldInPart:  Paying,
		AppealDismissed:     Paying,
		ApprovalRequired:    AwaitingApproval,
		Reopened:            InReview,
		RevisedUpward:       Notified,
		RevisedSettled:      Paying,
		RevisedRejected:     Rejected,
		WithdrawnByClaimant: Withdrawn,
	},
	AwaitingApproval: {
		ResultGenuine:       Rejected,
		ResultRefundPath:    Rejected,
		ResultUndecided:     InReview,
		ApprovedByTwo:       Paying,
		ApprovalRefused:     InReview,
		Reopened:            InReview,
		RevisedUpward:       Notified,
		RevisedSettled:      Paying,
		RevisedRejected:     Rejected,
		WithdrawnByClaimant: Withdrawn,
	},
	Paying: {
		PaidInFull:          Paid,
		PayoutFailedForGood: PayoutFailed,
		Reopened:            InReview,
		RevisedUpward:       Notified,
		RevisedRejected:     Rejected,
	},
	PayoutFailed: {
		PayoutRetried: Paying,
		// The gateway reports a success late, for a payout that it had called
		// failed.
		PaidInFull:      Paid,
		Reopened:        InReview,
		RevisedUpward:   Notified,
		RevisedSettled:  Paying,
		RevisedRejected: Rejected,
	},
	Paid: {
		PayoutReturned:  PayoutFailed,
		Reopened:        InReview,
		RevisedUpward:   Notified,
		RevisedRejected: Rejected,
	},
	// A claim that had ended and is upheld again may cost nothing more than before,
	// for example because its group was paid in the meantime.
	Rejected: {
		Reconsidered:   InReview,
		Reopened:       InReview,
		RevisedUpward:  Notified,
		RevisedSettled: Paying,
	},
	Expired: {
		Reconsidered:   InReview,
		Reopened:       InReview,
		RevisedUpward:  Notified,
		RevisedSettled: Paying,
	},
}

// Next gives the state that trigger leads to from s, and whether it is allowed.
func Next(s State, t Trigger) (State, bool) {
	to, ok := rules[s][t]
	return to, ok
}

// TriggersFrom lists the triggers that can move a claim out of s, in the order of
// Triggers.
func TriggersFrom(s State) []Trigger {
	var out []Trigger
	for _, t := range Triggers() {
		if _, ok := rules[s][t]; ok {
			out = append(out, t)
		}
	}
	return out
}

// Final says whether nobody has to act in s.
func (s State) Final() bool {
	return s == Paid || s == Rejected || s == Withdrawn || s == Expired
}

// Live says whether a claim in s keeps its units, so that no other claim may have
// them.
func (s State) Live() bool {
	return s != New && s != Rejected && s != Withdrawn && s != Expired
}

// Assignable says whether a claim in s can be assigned to the person who is to decide it.
func (s State) Assignable() bool { return s == InReview || s == Appealed }

// Party is who has to act.
type Party string

// The parties a claim can wait for.
const (
	PartyAuthenticator Party = "AUTHENTICATOR"
	PartyReviewer      Party = "REVIEWER"
	PartyMerchant      Party = "MERCHANT"
	PartyAppealPanel   Party = "APPEAL_PANEL"
	PartyApprovers     Party = "APPROVERS"
	PartyGateway       Party = "PAYOUT_GATEWAY"
	PartyMerchantFunds Party = "MERCHANT_FUNDS"
	PartyOperator      Party = "OPERATOR"
	PartyNobody        Party = "NOBODY"
)

var waitsFor = map[State]Party{
	Authenticating:   PartyAuthenticator,
	InReview:         PartyReviewer,
	Notified:         PartyMerchant,
	Appealed:         PartyAppealPanel,
	AwaitingApproval: PartyApprovers,
	Paying:           PartyGateway,
	PayoutFailed:     PartyOperator,
	Paid:             PartyNobody,
	Rejected:         PartyNobody,
	Withdrawn:        PartyNobody,
	Expired:          PartyNobody,
}

// WaitsFor says who has to act in s, as far as the state alone tells.
func (s State) WaitsFor() Party { return waitsFor[s] }

// WaitsFor says who has to act on c. A confirmed claim of which all that is funded has
// left waits for the merchant's money.
func (c *Claim) WaitsFor() Party {
	if c.State == Paying && c.Shortfall() > 0 && c.Funding.InFlight() == 0 {
		return PartyMerchantFunds
	}
	return c.State.WaitsFor()
}

// InState gives the state in which claims wait for p; false if there is more than one.
func (p Party) InState() (State, bool) {
	if p == PartyMerchantFunds {
		return Paying, true
	}
	var in []State
	for _, s := range States() {
		if s.WaitsFor() == p {
			in = append(in, s)
		}
	}
	if len(in) != 1 {
		return "", false
	}
	return in[0], true
}

// Parties lists whom claims can wait for, in the order in which they come up.
func Parties() []Party {
	return []Party{
		PartyAuthenticator, PartyReviewer, PartyMerchant, PartyAppealPanel, PartyApprovers, PartyGateway,
		PartyMerchantFunds, PartyOperator, PartyNobody,
	}
}

// Deadline is what fires when the time of a state runs out.
type Deadline string

// The deadlines.
const (
	// DeadlineNone belongs to a state that no deadline ends.
	DeadlineNone Deadline = ""
	// DeadlineResult moves the claim to review, because no result came.
	DeadlineResult Deadline = "RESULT_LAPSED"
	// DeadlineReview escalates an undecided review; the claim stays.
	DeadlineReview Deadline = "REVIEW_OVERDUE"
	// DeadlineNoticeDelivery escalates a notice whose delivery nobody confirmed; the
	// claim stays until the notice is delivered or deemed to be.
	DeadlineNoticeDelivery Deadline = "NOTICE_UNDELIVERED"
	// DeadlineNoticeDeemed is when a notice that nobody confirmed is deemed delivered, and
	// the notice period begins.
	DeadlineNoticeDeemed Deadline = "NOTICE_DEEMED"
	// DeadlineNotice confirms the claim, because the merchant did not answer in
	// time.
	DeadlineNotice Deadline = "NOTICE_LAPSED"
	// DeadlineAppeal escalates an appeal that the panel did not decide; the claim
	// stays.
	DeadlineAppeal Deadline = "APPEAL_OVERDUE"
	// DeadlineApproval escalates an amount that nobody approved; the claim stays.
	DeadlineApproval Deadline = "APPROVAL_OVERDUE"
	// DeadlineFunds escalates a confirmed claim that nobody has funded in full; the claim
	// stays.
	DeadlineFunds Deadline = "FUNDS_OVERDUE"
)

// Deadlines lists every deadline that can fire.
func Deadlines() []Deadline {
	return []Deadline{
		DeadlineResult, DeadlineReview, DeadlineNoticeDelivery, DeadlineNoticeDeemed, DeadlineNotice, DeadlineAppeal,
		DeadlineApproval, DeadlineFunds,
	}
}

// Starts gives the deadline that begins when a claim enters s.
func (s State) Starts() Deadline {
	if f := s.Fires(); len(f) > 0 && s != Paying {
		return f[0]
	}
	return DeadlineNone
}

// Fires gives the deadlines that can run in s, the one that begins on entry first. In
// PAYING one runs only while the award is not funded.
func (s State) Fires() []Deadline {
	switch s {
	case Authenticating:
		return []Deadline{DeadlineResult}
	case InReview:
		return []Deadline{DeadlineReview}
	case Notified:
		return []Deadline{DeadlineNoticeDelivery, DeadlineNoticeDeemed, DeadlineNotice}
	case Appealed:
		return []Deadline{DeadlineAppeal}
	case AwaitingApproval:
		return []Deadline{DeadlineApproval}
	case Paying:
		return []Deadline{DeadlineFunds}
	case New, PayoutFailed, Paid, Rejected, Withdrawn, Expired:
		return nil
	}
	return nil
}

// Action is something that a caller may do to a claim through the contract.
type Action string

// The actions.
const (
	ActionRecordResult  Action = "RECORD_RESULT"
	ActionDecideReview  Action = "DECIDE_REVIEW"
	ActionConfirmNotice Action = "CONFIRM_NOTICE"
	ActionAccept        Action = "ACCEPT"
	ActionWithdraw      Action = "WITHDRAW"
	ActionRetryPayout   Action = "RETRY_PAYOUT"
	ActionAppeal        Action = "APPEAL"
	ActionDecideAppeal  Action = "DECIDE_APPEAL"
	ActionApprove       Action = "APPROVE"
	ActionReviseVerdict Action = "REVISE_VERDICT"
	ActionReconsider    Action = "RECONSIDER"
)

// Actions lists every action in the order in which answers name them.
func Actions() []Action {
	return []Action{
		ActionRecordResult, ActionDecideReview, ActionAccept, ActionAppeal, ActionDecideAppeal, ActionApprove,
		ActionWithdraw, ActionRetryPayout, ActionReviseVerdict, ActionConfirmNotice, ActionReconsider,
	}
}

// actionTriggers lists the triggers that an action can pull. An action is not
// allowed in a state in which none of its triggers leads anywhere.
var actionTriggers = map[Action][]Trigger{
	ActionRecordResult:  {ResultCounterfeit, ResultGenuine, ResultRefundPath, ResultUndecided},
	ActionDecideReview:  {ReviewUpheld, ReviewRejected, ReviewRefundPath, ReviewRetest, ReviewExpired},
	ActionAccept:        {Accepted},
	ActionAppeal:        {AppealedByMerchant},
	ActionDecideAppeal:  {AppealUpheld, AppealUpheldInPart, AppealDismissed},
	ActionApprove:       {ApprovedByTwo},
	ActionWithdraw:      {WithdrawnByClaimant},
	ActionRetryPayout:   {PayoutRetried},
	ActionReviseVerdict: {RevisedUpward, RevisedRejected},
	ActionReconsider:    {Reconsidered},
}

// Allowed lists the actions that c admits now, in the order of Actions.
func (c *Claim) Allowed() []Action {
	var out []Action
	for _, a := range Actions() {
		if c.admits(a) {
			out = append(out, a)
		}
	}
	return out
}

func (c *Claim) admits(a Action) bool {
	switch {
	case a == ActionConfirmNotice:
		return c.State == Notified && c.NoticeConfirmedAt.IsZero()
	case (a == ActionAppeal || a == ActionReconsider) && !c.MayAppeal(), a == ActionWithdraw && c.Funding.Funded() > 0:
		return false
	}
	return slices.ContainsFunc(actionTriggers[a], func(t Trigger) bool {
		_, ok := Next(c.State, t)
		return ok
	})
}

// Refuse is the refusal of a trigger that the claim's state does not allow. It
// carries the claim, so that the caller learns the state, the allowed actions, who
// must act and until when.
func (c *Claim) Refuse(t Trigger) *fault.Error {
	return fault.New(fault.ClaimStateConflict,
		"claim %s is in state %s, which does not allow %s", c.ID, c.State, t).
		With("state", string(c.State)).With("event", string(t)).About(c)
}
