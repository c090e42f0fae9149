package postgres

import (
	"time"

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
	r.Times(d.Recorded, d.Arose)
}

func (tx *Tx) writeDebts(c *book.Changes) {
	tx.keepDebts(c.DebtsKept)
	if rows := c.DebtsBegun; len(rows) > 0 {
		tx.gather("begin debts", len(rows), `
			INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at)
			SELECT r.merchant_id, r.kind, r.debt_id, r.sampling_case, r.since, r.open_minor, r.recorded_from, r.arose_at
			FROM unnest($1::debts[]) r`,
			pgwire.RowsOf(tx.s.types["debts"], rows, putDebt))
	}
	if rows := c.DebtsChanged; len(rows) > 0 {
		tx.gather("change debts", len(rows), `
			UPDATE debts d
			SET since = k.since, open_minor = k.open_minor, recorded_from = k.recorded_from, arose_at = k.arose_at
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

// keepDebts keeps debts that change or end as the database has them: until now. Their batch has
// a later time than the one that made them so. In the tree of times a debt lies at the second in
// which debt.Fork sees it: the highest bit in which the second before its time and the last
// second of it differ.
func (tx *Tx) keepDebts(rows []debt.Debt) {
	if len(rows) == 0 {
		return
	}
	tx.gather("keep debts", len(rows), `
		INSERT INTO debt_versions (
			merchant_id, kind, debt_id, late_event, from_at, until_at, fork, sampling_case, since, arose_at, open_minor)
		SELECT d.merchant_id, d.kind, d.debt_id, 0, d.recorded_from, k.until_at, (s.last >> s.shift) << s.shift,
		       d.sampling_case, d.since, d.arose_at, d.open_minor
		FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS k (merchant_id, kind, id, until_at)
		JOIN debts d ON d.merchant_id = k.merchant_id AND d.kind = k.kind AND d.debt_id = k.id
		CROSS JOIN LATERAL (
			SELECT f.last, length(ltrim(((f.first - 1) # f.last)::bit(64)::text, '0')) - 1 AS shift
			FROM (
				SELECT floor(extract(epoch FROM d.recorded_from))::bigint AS first,
				       floor(extract(epoch FROM k.until_at - interval '1 microsecond'))::bigint AS last) f) s`,
		append(debtKeys(rows), pgwire.Times(rows, func(d *debt.Debt) time.Time { return d.Recorded }))...)
}

func (tx *Tx) writeLateDebts(c *book.Changes) {
	rows := c.DebtsLate
	if len(rows) == 0 {
		return
	}
	tx.gather("keep debts told of late", len(rows), `
		INSERT INTO debt_versions (
			merchant_id, kind, debt_id, late_event, from_at, until_at, fork, sampling_case, since, arose_at, open_minor)
		SELECT r.merchant_id, r.kind, r.debt_id, r.late_event, r.from_at, r.until_at, r.fork, r.sampling_case, r.since, r.arose_at, r.open_minor
		FROM unnest($1::debt_versions[]) r`,
		pgwire.RowsOf(tx.s.types["debt_versions"], rows, func(r *pgwire.Records, l *debt.Late) {
			r.Texts(l.MerchantID, string(debt.TopUp), l.ID)
			r.Bigints(l.Event)
			r.Times(l.From, l.Until)
			r.Bigints(debt.Fork(l.From, l.Until))
			r.Texts("")
			r.Times(l.From, l.From)
			r.Bigints(int64(l.Open))
		}))
}
