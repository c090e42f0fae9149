package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// basicClaim is the BASIC view of a claim for a caller.
func (who caller) basicClaim(c *claim.Claim) *tenfoldv1.Claim {
	p := &tenfoldv1.Claim{
		Name: claimName(c.MerchantID, c.ID), ClaimId: c.ID, Etag: c.Etag(),
		State: claimStates.proto(c.State), StateSince: stamp(c.StateSince),
		Verdict: verdicts.proto(c.Verdict), Revision: c.Revision,
		OrderLineName: orderLineName(c.MerchantID, c.OrderLineID), OrderId: c.OrderID, ProductId: c.ProductID,
		ClaimantId: c.ClaimantID, Units: ruledUnitsOf(c.Units), RefundUnits: c.RefundUnits(),
		LegalBasisChoice: legalBases.proto(c.BasisChosen), LegalBasis: legalBases.proto(c.Basis),
		PricingGroup: c.GroupID, Remedies: remediesOf(c.Remedies), Grounds: grounds.proto(c.Grounds),
		LearnedAt: stamp(c.LearnedAt), FiledAt: stamp(c.FiledAt), PayoutDestination: c.Destination,
		Funding: fundingOf(c), Notice: noticeOf(c),
		WaitsFor: parties.proto(c.WaitsFor()), Assignee: c.Assignee, Escalated: c.Escalated,
		AllowedActions: actions.protos(who.allowed(c)), Exposure: moneyOf(c.Exposure(), c.Currency),
		HoldExpiresAt: stamp(c.HoldExpiresAt), ClockStoppedAt: stamp(c.ClockStoppedAt), ConfirmedAt: stamp(c.ConfirmedAt),
		SamplingCase: c.SamplingCase, PayoutForm: payoutForms.proto(c.PayoutForm),
		Labels: c.Labels.ByKey(), ExternalReference: c.ExternalReference, UpdateTime: stamp(c.ChangedAt),
		EscalatedAt: stamp(c.EscalatedAt), RetestAt: stamp(c.RetestAt), RetestHeld: retestHolds.proto(c.RetestHeld),
	}
	if c.Fees != (claim.Fees{}) {
		p.Fees = feesOf(c)
	}
	if c.PolicyID != "" {
		p.PolicyVersion = policyVersionName(c.PolicyID, c.PolicyVersion)
	}
	if c.Revision > 0 {
		p.Award = &tenfoldv1.Award{
			Refund: moneyOf(c.Award.Refund, c.Currency), Compensation: moneyOf(c.Award.Compensation, c.Currency),
		}
	}
	if c.Fires != claim.DeadlineNone {
		p.Deadline = &tenfoldv1.Deadline{PassesAt: stamp(c.Deadline), Kind: deadlines.proto(c.Fires)}
	}
	return p
}

func fundingOf(c *claim.Claim) *tenfoldv1.Funding {
	f := c.Funding
	return &tenfoldv1.Funding{
		Held:                  moneyOf(f.Held, c.Currency),
		CapturedFromDeposit:   moneyOf(f.FromDeposit, c.Currency),
		CapturedFromShopFunds: moneyOf(f.FromShopFunds, c.Currency),
		Advanced:              moneyOf(f.Advanced, c.Currency),
		Shortfall:             moneyOf(c.Shortfall(), c.Currency),
		InFlight:              moneyOf(f.InFlight(), c.Currency),
		PaidRefund:            moneyOf(f.RefundPaid, c.Currency),
		PaidCompensation:      moneyOf(f.CompensationPaid, c.Currency),
		WrittenOff:            moneyOf(f.WrittenOff, c.Currency),
		Lost:                  moneyOf(f.Lost, c.Currency),
		ClawedBack:            moneyOf(f.ClawedBack, c.Currency),
		Failed:                moneyOf(f.Failed(), c.Currency),
		Repaid:                moneyOf(f.Repaid, c.Currency),
		Borne:                 moneyOf(f.Borne(), c.Currency),
	}
}

func feesOf(c *claim.Claim) *tenfoldv1.AuthenticationFees {
	f := c.Fees
	return &tenfoldv1.AuthenticationFees{
		PaidByClaimant: moneyOf(f.Claimant, c.Currency), PaidByPlatform: moneyOf(f.Fronted, c.Currency),
		ChargedToMerchant: moneyOf(f.Merchant, c.Currency), ChargedToConsumer: moneyOf(f.Consumer, c.Currency),
		Owed: moneyOf(f.Owed, c.Currency), WrittenOff: moneyOf(f.WrittenOff, c.Currency),
	}
}

// noticeOf is the notice to the merchant, once there is one.
func noticeOf(c *claim.Claim) *tenfoldv1.Notice {
	if c.State != claim.Notified && c.NoticeConfirmedAt.IsZero() {
		return nil
	}
	n := &tenfoldv1.Notice{Revision: c.Revision, ConfirmedAt: stamp(c.NoticeConfirmedAt)}
	if c.Fires == claim.DeadlineNotice {
		n.EndsAt = stamp(c.Deadline)
	}
	return n
}

func unitsOf(units []claim.Unit) []*tenfoldv1.UnitVerdict {
	out := make([]*tenfoldv1.UnitVerdict, len(units))
	for i, u := range units {
		out[i] = &tenfoldv1.UnitVerdict{Ordinal: u.Ordinal, Verdict: verdicts.proto(u.Verdict)}
	}
	return out
}

// ruledUnitsOf are units of a claim or of a revision, with what followed from their verdicts.
func ruledUnitsOf(units []claim.Unit) []*tenfoldv1.UnitVerdict {
	out := unitsOf(units)
	for i, u := range units {
		out[i].Consequence = consequences.proto(u.Consequence)
		if u.Owed() {
			out[i].Consequence = tenfoldv1.Consequence_CONSEQUENCE_TENFOLD
		}
	}
	return out
}

func units(list []*tenfoldv1.UnitVerdict) []claim.Unit {
	out := make([]claim.Unit, len(list))
	for i, u := range list {
		out[i] = claim.Unit{Ordinal: u.GetOrdinal(), Verdict: verdicts.domain(u.GetVerdict())}
	}
	return out
}

func remediesOf(r policy.Remedies) []tenfoldv1.Remedy {
	var out []tenfoldv1.Remedy
	if r.Refund {
		out = append(out, tenfoldv1.Remedy_REMEDY_REFUND)
	}
	if r.Compensation {
		out = append(out, tenfoldv1.Remedy_REMEDY_COMPENSATION)
	}
	return out
}

func remedies(list []tenfoldv1.Remedy) policy.Remedies {
	var r policy.Remedies
	for _, one := range list {
		switch one {
		case tenfoldv1.Remedy_REMEDY_REFUND:
			r.Refund = true
		case tenfoldv1.Remedy_REMEDY_COMPENSATION:
			r.Compensation = true
		case tenfoldv1.Remedy_REMEDY_UNSPECIFIED:
		}
	}
	return r
}

func moveOf(m *postgres.MoveRead) *tenfoldv1.Move {
	c := claim.Claim{Version: m.Version}
	return &tenfoldv1.Move{
		Etag: c.Etag(), FromState: claimStates.proto(m.From), ToState: claimStates.proto(m.To),
		Trigger: triggers.proto(m.Trigger), MovedAt: stamp(m.RecordedAt),
		Workload: m.Workload, Role: m.Role, Person: m.Person, Note: m.Note, EventNumber: m.EventNumber,
	}
}

// calculationOf is a calculation in the contract's form; revision is zero for a
// quote.
func calculationOf(c *policy.Calculation, revision int32) *tenfoldv1.Calculation {
	if c.PolicyID == "" {
		return nil
	}
	p := &tenfoldv1.Calculation{
		PolicyVersion: policyVersionName(c.PolicyID, c.Version), LegalBasis: legalBases.proto(c.Basis),
		CounterfeitUnits: c.CounterfeitUnits, ClaimedUnits: c.Units, Base: moneyOf(c.Base, c.Currency),
		Multiplier: ratioOf(c.Multiplier), FloorApplied: c.FloorApplied, CapApplied: c.CapApplied,
		GroupTotalBefore: moneyOf(c.GroupTotalBefore, c.Currency), GroupTotalAfter: moneyOf(c.GroupTotalAfter, c.Currency),
		Compensation: moneyOf(c.Compensation, c.Currency), Refund: moneyOf(c.Refund, c.Currency),
		ConsumerTotal: moneyOf(c.ConsumerTotal, c.Currency), Revision: revision, ClauseDigest: c.ClauseDigest,
	}
	p.FixedPerUnit = moneyOrNone(c.FixedPerUnit, c.Currency)
	p.AuthenticationFee = moneyOrNone(c.AuthenticationFee, c.Currency)
	for _, s := range c.Steps {
		p.Steps = append(p.Steps, &tenfoldv1.CalculationStep{
			Code: s.Code, Rule: s.Rule, Note: s.Note, Amount: signed(s.Amount, c.Currency),
		})
	}
	for _, a := range c.Alternatives {
		p.Alternatives = append(p.Alternatives, &tenfoldv1.Alternative{
			LegalBasis: legalBases.proto(a.Basis), PolicyVersion: policyVersionName(a.PolicyID, a.Version),
			Compensation: moneyOf(a.Compensation, c.Currency), Refund: moneyOf(a.Refund, c.Currency),
			ConsumerTotal: moneyOf(a.Compensation+a.Refund, c.Currency), JointTotal: moneyOf(a.JointTotal, c.Currency),
			Chosen: a.Chosen,
		})
	}
	return p
}

// claimantRole says whether the claimant is the line's payer or its recipient.
func claimantRole(claimantID, payerID string) tenfoldv1.ClaimantRole {
	if claimantID == payerID {
		return tenfoldv1.ClaimantRole_CLAIMANT_ROLE_PAYER
	}
	return tenfoldv1.ClaimantRole_CLAIMANT_ROLE_RECIPIENT
}
