package postgres

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func debtKeys(rows []debt.Debt) []any {
	return []any{
		pgwire.Texts(rows, func(d *debt.Debt) string { return d.MerchantID }),
		pgwire.Texts(rows, func(d *debt.Debt) string { return string(d.Kind) }),
		pgwire.Texts(rows, func(d *debt.Debt) string { return d.ID }),
	}
}

func putDebt(r *pgwire.Records, d *debt.Debt) {
	r.Texts(d.MerchantID, string(d.Kind), d.ID, d.SamplingCase)
	r.Times(d.Since)
	r.Bigints(int64(d.Open))
}

func (tx *Tx) writeDebts(c *book.Changes) {
	if rows := c.DebtsBegun; len(rows) > 0 {
		tx.gather("begin debts", len(rows), `
			INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor)
			SELECT r.merchant_id, r.kind, r.debt_id, r.sampling_case, r.since, r.open_minor
			FROM unnest($1::debts[]) r`,
			pgwire.RowsOf(tx.s.types["debts"], rows, putDebt))
	}
	if rows := c.DebtsChanged; len(rows) > 0 {
		tx.gather("change debts", len(rows), `
			UPDATE debts d
			SET since = k.since, open_minor = k.open_minor
			FROM unnest($1::debts[]) k
			WHERE d.merchant_id = k.merchant_id AND d.kind = k.kind AND d.debt_id = k.debt_id`,
			pgwire.RowsOf(tx.s.types["debts"], rows, putDebt))
	}
	rows := c.DebtsEnded
	if len(rows) == 0 {
		return
	}
	tx.gather("end debts", len(rows), `
		DELETE FROM debts d
		USING unnest($1::text[], $2::text[], $3::text[]) AS k (merchant_id, kind, id)
		WHERE d.merchant_id = k.merchant_id AND d.kind = k.kind AND d.debt_id = k.id`,
		debtKeys(rows)...)
}

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
