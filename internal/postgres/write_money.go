package postgres

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func (tx *Tx) writeAppeals(c *book.Changes) {
	rows := c.Appeals
	if len(rows) == 0 {
		return
	}
	tx.gather("write appeals", len(rows), `
		INSERT INTO appeals (merchant_id, claim_id, revision, note, evidence, event_number, appealed_at)
		SELECT r.merchant_id, r.claim_id, r.revision, r.note, r.evidence, r.event_number, r.appealed_at
		FROM unnest($1::appeals[]) r`,
		pgwire.RowsOf(tx.s.types["appeals"], rows, func(r *pgwire.Records, a *book.Appeal) {
			r.Texts(a.MerchantID, a.ClaimID)
			r.Integer(a.Revision)
			r.Texts(a.Note)
			r.TextArray(a.Evidence)
			r.Bigints(a.EventNumber)
			r.Times(a.AppealedAt)
		}))
}

func (tx *Tx) writeApprovals(c *book.Changes) {
	rows := c.Approvals
	if len(rows) == 0 {
		return
	}
	tx.gather("write approvals", len(rows), `
		INSERT INTO approvals (merchant_id, claim_id, revision, person_id, amount_minor, note, event_number, approved_at)
		SELECT r.merchant_id, r.claim_id, r.revision, r.person_id, r.amount_minor, r.note, r.event_number, r.approved_at
		FROM unnest($1::approvals[]) r`,
		pgwire.RowsOf(tx.s.types["approvals"], rows, func(r *pgwire.Records, a *book.Approval) {
			r.Texts(a.MerchantID, a.ClaimID)
			r.Integer(a.Revision)
			r.Texts(a.Person)
			r.Bigints(int64(a.Amount))
			r.Texts(a.Note)
			r.Bigints(a.EventNumber)
			r.Times(a.ApprovedAt)
		}))
}

func (tx *Tx) writeRetractions(c *book.Changes) {
	rows := c.Retractions
	if len(rows) == 0 {
		return
	}
	tx.gather("write retractions", len(rows), `
		INSERT INTO result_retractions (merchant_id, result_id, claim_id, note, event_number, retracted_at, cause, job_id, reweighed)
		SELECT r.merchant_id, r.result_id, r.claim_id, r.note, r.event_number, r.retracted_at, r.cause, r.job_id, r.reweighed
		FROM unnest($1::result_retractions[]) r`,
		pgwire.RowsOf(tx.s.types["result_retractions"], rows, func(r *pgwire.Records, x *book.Retraction) {
			r.Texts(x.MerchantID, x.ResultID, x.ClaimID, x.Note)
			r.Bigints(x.EventNumber)
			r.Times(x.RetractedAt)
			r.TextsOrNull(string(x.Cause), x.Job, string(x.Reweighed))
		}))
}
