package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/job"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func jobName(id string) string { return "jobs/" + id }

func jobOf(j *job.Job) *tenfoldv1.Job {
	m := &tenfoldv1.Job{
		Name: jobName(j.ID), Kind: jobKinds.proto(j.Kind), State: jobStates.proto(j.State),
		TotalItems: j.Total, DoneItems: j.Done, RefusedItems: j.Refused,
		Attempts: j.Attempts, RetryTime: stamp(j.RetryAt), Failure: j.Failure, LeaseHolder: j.LeaseHolder, LeaseUntil: stamp(j.LeaseUntil),
		CreatedBy: j.Created.Person, CreateTime: stamp(j.CreatedAt), ApprovedBy: j.Approved.Person, ApproveTime: stamp(j.ApprovedAt),
		ChangedBy: j.Changed.Person, ChangeTime: stamp(j.ChangedAt), StartTime: stamp(j.StartedAt), EndTime: stamp(j.EndedAt),
	}
	switch j.Kind {
	case job.Retraction:
		m.Retraction = retractionOf(&j.Arguments)
		m.Preview = &tenfoldv1.JobPreview{
			Results: j.Preview.Results, Claims: j.Preview.Claims, PaidClaims: j.Preview.PaidClaims,
			AtLeast: j.Preview.AtLeast,
			Paid:    each(j.Preview.Paid, func(p *job.Paid) *tenfoldv1.Money { return moneyOf(p.Amount, p.Currency) }),
		}
	case job.StatementFile:
		s := j.Arguments.Statement
		m.Statement = &tenfoldv1.StatementArguments{
			File: fileNameOf(j), From: stamp(s.From), Until: stamp(s.Until), Basis: basisOf(s), CurrencyCode: s.Currency, OrderId: s.OrderID,
		}
	}
	for _, outcome := range claim.Reweighings() {
		if n := j.Outcomes[outcome]; n > 0 {
			m.Outcomes = append(m.Outcomes, &tenfoldv1.ReweighedCount{Outcome: reweighings.proto(outcome), Claims: n})
		}
	}
	return m
}

func retractionOf(a *job.Arguments) *tenfoldv1.RetractionArguments {
	return &tenfoldv1.RetractionArguments{
		Authenticator: authenticatorName(a.AuthenticatorID), Cause: retractionCauses.proto(a.Cause), Note: a.Note,
		RecordedFrom: stamp(a.RecordedFrom), RecordedUntil: stamp(a.RecordedUntil), IssuedFrom: stamp(a.IssuedFrom), IssuedUntil: stamp(a.IssuedUntil),
		ReportNumbers: a.Reports,
	}
}

func jobItemOf(i *job.Item) *tenfoldv1.JobItem {
	return &tenfoldv1.JobItem{
		Claim: claimName(i.MerchantID, i.ClaimID), State: jobItemStates.proto(i.State), Outcome: reweighings.proto(i.Outcome),
		Reason: string(i.Reason), Detail: i.Detail, DoneTime: stamp(i.DoneAt),
	}
}
