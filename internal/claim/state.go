package claim

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// State is where a claim stands and who must act next. What was found is the
// Verdict, what happened to money is the Funding: neither is folded in here.
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
	// Withdrawn waits for nobody: the claimant took the claim back.
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

// Trigger is what moves a claim from one state to another.
type Trigger string

// The triggers.
const (
	// Filed is the consumer's claim arriving through the order service.
	Filed Trigger = "FILED"
	// ResultCounterfeit is a verdict of counterfeit for at least one unit, by sufficient results.
	ResultCounterfeit Trigger = "RESULT_COUNTERFEIT"
	// ResultGenuine is a verdict of genuine for every unit, by sufficient results.
	ResultGenuine Trigger = "RESULT_GENUINE"
	// ResultUndecided is results that conflict, conclude nothing, or are too weak to decide alone.
	ResultUndecided Trigger = "RESULT_UNDECIDED"
	// ResultLapsed is the wait for a result running out.
	ResultLapsed Trigger = "RESULT_LAPSED"
	// ReviewUpheld is a reviewer finding units counterfeit.
	ReviewUpheld Trigger = "REVIEW_UPHELD"
	// ReviewRejected is a reviewer finding nothing owed.
	ReviewRejected Trigger = "REVIEW_REJECTED"
	// ReviewRetest is a reviewer asking for another result.
	ReviewRetest Trigger = "REVIEW_RETEST"
	// ReviewExpired is a reviewer closing a claim whose proof never came.
	ReviewExpired Trigger = "REVIEW_EXPIRED"
	// Accepted is the merchant agreeing to the debit.
	Accepted Trigger = "ACCEPTED"
	// NoticeLapsed is the notice period passing without an answer.
	NoticeLapsed Trigger = "NOTICE_LAPSED"
	// PaidInFull is the last part of the award reaching the consumer.
	PaidInFull Trigger = "PAID_IN_FULL"
	// PayoutFailedForGood is the gateway's final refusal of a payout.
	PayoutFailedForGood Trigger = "PAYOUT_FAILED"
	// PayoutRetried is an operator sending a failed payout again.
	PayoutRetried Trigger = "PAYOUT_RETRIED"
	// PayoutReturned is a payout coming back after it had succeeded.
	PayoutReturned Trigger = "PAYOUT_RETURNED"
	// WithdrawnByClaimant is the claimant taking the claim back.
	WithdrawnByClaimant Trigger = "WITHDRAWN"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{
		Filed, ResultCounterfeit, ResultGenuine, ResultUndecided, ResultLapsed,
		ReviewUpheld, ReviewRejected, ReviewRetest, ReviewExpired, Accepted,
		NoticeLapsed, PaidInFull, PayoutFailedForGood, PayoutRetried,
		PayoutReturned, WithdrawnByClaimant,
	}
}

// New is the state of a claim before it is filed.
const New State = ""

// rules is the whole state machine: a pair that is not here is refused.
var rules = map[State]map[Trigger]State{
	New: {
		Filed: Authenticating,
	},
	Authenticating: {
		ResultCounterfeit:   Notified,
		ResultGenuine:       Rejected,
		ResultUndecided:     InReview,
		ResultLapsed:        InReview,
		WithdrawnByClaimant: Withdrawn,
	},
	InReview: {
		ResultCounterfeit:   Notified,
		ResultGenuine:       Rejected,
		ReviewUpheld:        Notified,
		ReviewRejected:      Rejected,
		ReviewRetest:        Authenticating,
		ReviewExpired:       Expired,
		WithdrawnByClaimant: Withdrawn,
	},
	Notified: {
		ResultGenuine:       Rejected,
		ResultUndecided:     InReview,
		Accepted:            Paying,
		NoticeLapsed:        Paying,
		WithdrawnByClaimant: Withdrawn,
	},
	Paying: {
		PaidInFull:          Paid,
		PayoutFailedForGood: PayoutFailed,
	},
	PayoutFailed: {
		PayoutRetried: Paying,
		// The gateway's late success of a payout it had called failed.
		PaidInFull: Paid,
	},
	Paid: {
		PayoutReturned: PayoutFailed,
	},
}

// Next gives the state that trigger leads to from s, and whether it is allowed.
func Next(s State, t Trigger) (State, bool) {
	to, ok := rules[s][t]
	return to, ok
}

// TriggersFrom lists what can move a claim out of s, in the order of Triggers.
func TriggersFrom(s State) []Trigger {
	var out []Trigger
	for _, t := range Triggers() {
		if _, ok := rules[s][t]; ok {
			out = append(out, t)
		}
	}
	return out
}

// Final says whether nobody has to act in s any more.
func (s State) Final() bool {
	return s == Paid || s == Rejected || s == Withdrawn || s == Expired
}

// Live says whether a claim in s keeps its units: nobody else may claim them.
func (s State) Live() bool {
	return s != New && s != Rejected && s != Withdrawn && s != Expired
}

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

// WaitsFor says who has to act in s.
func (s State) WaitsFor() Party { return waitsFor[s] }

// Deadline is what fires when the time of a state runs out.
type Deadline string

// The deadlines.
const (
	// DeadlineNone is the wait of a state that nothing ends by time.
	DeadlineNone Deadline = ""
	// DeadlineResult moves the claim to review: no result came.
	DeadlineResult Deadline = "RESULT_LAPSED"
	// DeadlineReview escalates a review that nobody decided; the claim stays.
	DeadlineReview Deadline = "REVIEW_OVERDUE"
	// DeadlineNoticeDelivery escalates a notice whose delivery nobody
	// confirmed; it never turns into a debit.
	DeadlineNoticeDelivery Deadline = "NOTICE_UNDELIVERED"
	// DeadlineNotice confirms the claim: the merchant did not answer in time.
	DeadlineNotice Deadline = "NOTICE_LAPSED"
)

// Deadlines lists every deadline that can fire.
func Deadlines() []Deadline {
	return []Deadline{DeadlineResult, DeadlineReview, DeadlineNoticeDelivery, DeadlineNotice}
}

// Fires gives the deadlines that can run in s.
func (s State) Fires() []Deadline {
	switch s {
	case Authenticating:
		return []Deadline{DeadlineResult}
	case InReview:
		return []Deadline{DeadlineReview}
	case Notified:
		return []Deadline{DeadlineNoticeDelivery, DeadlineNotice}
	case New, Appealed, AwaitingApproval, Paying, PayoutFailed, Paid, Rejected, Withdrawn, Expired:
		return nil
	}
	return nil
}

// Action is what somebody may do to a claim through the contract.
type Action string

// The actions.
const (
	ActionRecordResult  Action = "RECORD_RESULT"
	ActionDecideReview  Action = "DECIDE_REVIEW"
	ActionConfirmNotice Action = "CONFIRM_NOTICE"
	ActionAccept        Action = "ACCEPT"
	ActionWithdraw      Action = "WITHDRAW"
	ActionRetryPayout   Action = "RETRY_PAYOUT"
)

// Actions lists every action in the order in which answers name them.
func Actions() []Action {
	return []Action{
		ActionRecordResult, ActionDecideReview, ActionAccept, ActionWithdraw, ActionRetryPayout, ActionConfirmNotice,
	}
}

// actionTriggers says which trigger an action pulls; an action whose triggers
// all lead nowhere from a state is not allowed there.
var actionTriggers = map[Action][]Trigger{
	ActionRecordResult: {ResultCounterfeit, ResultGenuine, ResultUndecided},
	ActionDecideReview: {ReviewUpheld, ReviewRejected, ReviewRetest, ReviewExpired},
	ActionAccept:       {Accepted},
	ActionWithdraw:     {WithdrawnByClaimant},
	ActionRetryPayout:  {PayoutRetried},
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
	if a == ActionConfirmNotice {
		return c.State == Notified && c.NoticeConfirmedAt.IsZero()
	}
	return slices.ContainsFunc(actionTriggers[a], func(t Trigger) bool {
		_, ok := Next(c.State, t)
		return ok
	})
}

// Refuse is the refusal of a trigger that the claim's state does not admit. It
// carries the claim, so that the caller learns state, allowed actions, who must
// act and until when.
func (c *Claim) Refuse(t Trigger) *fault.Error {
	return fault.New(fault.ClaimStateConflict,
		"claim %s is %s and does not admit %s", c.ID, c.State, t).
		With("state", string(c.State)).With("event", string(t)).About(c)
}
