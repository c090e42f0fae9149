package rpc

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	reporting "github.com/tenfold-claims/tenfold/internal/report"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// enum translates between the words of a domain type and the values of a proto
// enum. The contract names each value after its word, prefixed with the enum's own
// name, so no list is needed; internal/parity_test.go compares the two.
type enum[D ~string, P protoreflect.Enum] struct {
	to   map[D]P
	from map[protoreflect.EnumNumber]D
}

func enumOf[D ~string, P interface {
	~int32
	protoreflect.Enum
}](prefix string) enum[D, P] {
	var zero P
	values := zero.Descriptor().Values()
	e := enum[D, P]{to: make(map[D]P, values.Len()), from: make(map[protoreflect.EnumNumber]D, values.Len())}
	for i := range values.Len() {
		v := values.Get(i)
		if v.Number() == 0 {
			continue
		}
		word := D(strings.TrimPrefix(string(v.Name()), prefix))
		e.to[word] = P(v.Number())
		e.from[v.Number()] = word
	}
	return e
}

// proto gives the value of a word; unspecified if the word has none.
func (e enum[D, P]) proto(d D) P { return e.to[d] }

// word gives a word that the contract has a value for, as it is; empty for any other text.
func (e enum[D, P]) word(text string) D {
	if _, known := e.to[D(text)]; !known {
		return ""
	}
	return D(text)
}

// domain gives the word of a value; empty for unspecified.
func (e enum[D, P]) domain(p P) D { return e.from[p.Number()] }

func (e enum[D, P]) protos(list []D) []P {
	out := make([]P, len(list))
	for i, d := range list {
		out[i] = e.to[d]
	}
	return out
}

func (e enum[D, P]) domains(list []P) []D {
	out := make([]D, len(list))
	for i, p := range list {
		out[i] = e.domain(p)
	}
	return out
}

var (
	claimStates        = enumOf[claim.State, tenfoldv1.ClaimState]("CLAIM_STATE_")
	triggers           = enumOf[claim.Trigger, tenfoldv1.ClaimTrigger]("CLAIM_TRIGGER_")
	actions            = enumOf[claim.Action, tenfoldv1.ClaimAction]("CLAIM_ACTION_")
	evidenceParties    = enumOf[book.EvidenceParty, tenfoldv1.EvidenceParty]("EVIDENCE_PARTY_")
	uploadStates       = enumOf[postgres.UploadState, tenfoldv1.UploadState]("UPLOAD_STATE_")
	custodyKinds       = enumOf[custody.Kind, tenfoldv1.CustodyStepKind]("CUSTODY_STEP_KIND_")
	rankLowerings      = enumOf[claim.Lowering, tenfoldv1.RankLowering]("RANK_LOWERING_")
	retestHolds        = enumOf[claim.RetestHeld, tenfoldv1.RetestHeld]("RETEST_HELD_")
	weighingReasons    = enumOf[claim.Reason, tenfoldv1.WeighingReason]("WEIGHING_REASON_")
	custodyStates      = enumOf[custody.State, tenfoldv1.CustodyState]("CUSTODY_STATE_")
	commissionStates   = enumOf[commission.State, tenfoldv1.CommissionState]("COMMISSION_STATE_")
	noteVisibilities   = enumOf[book.NoteVisibility, tenfoldv1.NoteVisibility]("NOTE_VISIBILITY_")
	parties            = enumOf[claim.Party, tenfoldv1.WaitsFor]("WAITS_FOR_")
	deadlines          = enumOf[claim.Deadline, tenfoldv1.DeadlineKind]("DEADLINE_KIND_")
	triggerSources     = enumOf[claim.Source, tenfoldv1.TriggerSource]("TRIGGER_SOURCE_")
	moneyEffects       = enumOf[claim.MoneyEffect, tenfoldv1.MoneyEffect]("MONEY_EFFECT_")
	readers            = enumOf[explain.Audience, tenfoldv1.Audience]("AUDIENCE_")
	languages          = enumOf[explain.Language, tenfoldv1.Language]("LANGUAGE_")
	verdicts           = enumOf[claim.Verdict, tenfoldv1.Verdict]("VERDICT_")
	grounds            = enumOf[claim.Grounds, tenfoldv1.Grounds]("GROUNDS_")
	authenticatorKinds = enumOf[claim.AuthenticatorKind, tenfoldv1.AuthenticatorKind]("AUTHENTICATOR_KIND_")
	feePayers          = enumOf[claim.FeePayer, tenfoldv1.FeePayer]("FEE_PAYER_")
	sampleSources      = enumOf[claim.SampleSource, tenfoldv1.SampleSource]("SAMPLE_SOURCE_")
	reviewDecisions    = enumOf[book.Decision, tenfoldv1.ReviewDecision]("REVIEW_DECISION_")

	appealDecisions = enumOf[book.AppealDecision, tenfoldv1.AppealDecision]("APPEAL_DECISION_")
	revisionGrounds = enumOf[book.RevisionGround, tenfoldv1.RevisionGround]("REVISION_GROUND_")

	eventKinds = enumOf[event.Kind, tenfoldv1.EventKind]("EVENT_KIND_")

	purposes                  = enumOf[ledger.Purpose, tenfoldv1.AccountPurpose]("ACCOUNT_PURPOSE_")
	sides                     = enumOf[ledger.Side, tenfoldv1.AccountSide]("ACCOUNT_SIDE_")
	transferKinds             = enumOf[ledger.Kind, tenfoldv1.TransferKind]("TRANSFER_KIND_")
	reportNames               = enumOf[reporting.Report, tenfoldv1.Report]("REPORT_")
	reportGroupings           = enumOf[reporting.Grouping, tenfoldv1.ReportGrouping]("REPORT_GROUPING_")
	holdStates                = enumOf[ledger.HoldState, tenfoldv1.HoldState]("HOLD_STATE_")
	holdSources               = enumOf[ledger.Purpose, tenfoldv1.FundingSource]("FUNDING_SOURCE_")
	payoutParts               = enumOf[payout.Part, tenfoldv1.PayoutPart]("PAYOUT_PART_")
	payoutForms               = enumOf[claim.PayoutForm, tenfoldv1.PayoutForm]("PAYOUT_FORM_")
	authenticatorKeyStates    = enumOf[authenticator.KeyState, tenfoldv1.AuthenticatorKeyState]("AUTHENTICATOR_KEY_STATE_")
	authenticatorStates       = enumOf[authenticator.State, tenfoldv1.AuthenticatorState]("AUTHENTICATOR_STATE_")
	authenticatorChangeStates = enumOf[authenticator.ChangeState, tenfoldv1.AuthenticatorChangeState]("AUTHENTICATOR_CHANGE_STATE_")
	authenticatorActions      = enumOf[authenticator.Action, tenfoldv1.AuthenticatorAction]("AUTHENTICATOR_ACTION_")
	policyProposalStates      = enumOf[policyproposal.State, tenfoldv1.PolicyProposalState]("POLICY_PROPOSAL_STATE_")
	policyProposalActions     = enumOf[policyproposal.Action, tenfoldv1.PolicyProposalAction]("POLICY_PROPOSAL_ACTION_")
	proposalKinds             = enumOf[proposal.Kind, tenfoldv1.ProposalKind]("PROPOSAL_KIND_")
	proposalStates            = enumOf[proposal.State, tenfoldv1.ProposalState]("PROPOSAL_STATE_")
	periodActions             = enumOf[period.Action, tenfoldv1.PeriodAction]("PERIOD_ACTION_")
	periodChangeStates        = enumOf[period.ChangeState, tenfoldv1.PeriodChangeState]("PERIOD_CHANGE_STATE_")
	periodItems               = enumOf[period.Item, tenfoldv1.PeriodCheckItem]("PERIOD_CHECK_ITEM_")
	debtKinds                 = enumOf[debt.Kind, tenfoldv1.DebtKind]("DEBT_KIND_")
	payoutStates              = enumOf[payout.State, tenfoldv1.PayoutState]("PAYOUT_STATE_")
	couponStates              = enumOf[payout.CouponState, tenfoldv1.CouponState]("COUPON_STATE_")
	payoutOutcomes            = enumOf[payout.Outcome, tenfoldv1.PayoutOutcome]("PAYOUT_OUTCOME_")
	reconciliationSides       = enumOf[reconcile.Side, tenfoldv1.ReconciliationSide]("RECONCILIATION_SIDE_")
	importStates              = enumOf[reconcile.ImportState, tenfoldv1.ImportState]("IMPORT_STATE_")
	matchRules                = enumOf[reconcile.Rule, tenfoldv1.MatchRule]("MATCH_RULE_")
	breakClasses              = enumOf[reconcile.Class, tenfoldv1.BreakClass]("BREAK_CLASS_")
	breakStates               = enumOf[reconcile.BreakState, tenfoldv1.BreakState]("BREAK_STATE_")
	breakCloseReasons         = enumOf[reconcile.CloseReason, tenfoldv1.BreakCloseReason]("BREAK_CLOSE_REASON_")
	lineKinds                 = enumOf[formats.Kind, tenfoldv1.LineKind]("LINE_KIND_")
	jobKinds                  = enumOf[job.Kind, tenfoldv1.JobKind]("JOB_KIND_")
	jobStates                 = enumOf[job.State, tenfoldv1.JobState]("JOB_STATE_")
	jobItemStates             = enumOf[job.ItemState, tenfoldv1.JobItemState]("JOB_ITEM_STATE_")
	retractionCauses          = enumOf[claim.RetractionCause, tenfoldv1.RetractionCause]("RETRACTION_CAUSE_")
	reweighings               = enumOf[claim.Reweighed, tenfoldv1.Reweighed]("REWEIGHED_")
	lineStatuses              = enumOf[formats.Status, tenfoldv1.LineStatus]("LINE_STATUS_")

	legalBases      = enumOf[policy.LegalBasis, tenfoldv1.LegalBasis]("LEGAL_BASIS_")
	components      = enumOf[policy.Component, tenfoldv1.BaseComponent]("BASE_COMPONENT_")
	refundModes     = enumOf[policy.RefundMode, tenfoldv1.RefundMode]("REFUND_MODE_")
	earlierRefunds  = enumOf[policy.EarlierRefunds, tenfoldv1.EarlierRefunds]("EARLIER_REFUNDS_")
	fundingSources  = enumOf[policy.Source, tenfoldv1.FundingSource]("FUNDING_SOURCE_")
	reversalBearers = enumOf[policy.ReversalBearer, tenfoldv1.ReversalBearer]("REVERSAL_BEARER_")
	fixedPromises   = enumOf[policy.FixedPromise, tenfoldv1.FixedPromise]("FIXED_PROMISE_")
	consequences    = enumOf[policy.Consequence, tenfoldv1.Consequence]("CONSEQUENCE_")
	feeRules        = enumOf[policy.FeeRule, tenfoldv1.FeeRule]("FEE_RULE_")
	dayKinds        = enumOf[calendar.Kind, tenfoldv1.CalendarDayKind]("CALENDAR_DAY_KIND_")
	discountBearers = enumOf[order.Bearer, tenfoldv1.DiscountBearer]("DISCOUNT_BEARER_")
	promiseKinds    = enumOf[order.PromiseKind, tenfoldv1.PromiseKind]("PROMISE_KIND_")

	evidenceRequestStates = enumOf[claim.EvidenceRequestState, tenfoldv1.EvidenceRequestState]("EVIDENCE_REQUEST_STATE_")
)
