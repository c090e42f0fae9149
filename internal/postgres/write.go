package postgres

import (
	"cmp"
	"slices"

	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Write stores changes in one statement, which is a transaction of its own if none is
// open: all of it or nothing. It counts every row and compares every book's version;
// ErrStale means that a book has changed since it was read. Books are written, and so
// locked, first and in key order.
func (tx *Tx) Write(c *book.Changes) error {
	if err := tx.gatherAll(c); err != nil {
		return err
	}
	return tx.flush()
}

// gatherAll gathers every part of what a batch decided.
func (tx *Tx) gatherAll(c *book.Changes) error {
	tx.parts, tx.spoiled = nil, nil
	tx.writeBooks(c)
	tx.compareBooks(c)
	tx.compareJudged(c)
	for _, kind := range stored {
		if kind.put != nil {
			kind.put(tx, c)
		}
	}
	return tx.spoiled
}

func (tx *Tx) writeBooks(c *book.Changes) {
	if rows := c.Books; len(rows) > 0 {
		slices.SortFunc(rows, func(a, b book.Head) int { return cmp.Compare(a.MerchantID, b.MerchantID) })
		tx.gather("write books", len(rows), `
			UPDATE books b
			SET version = b.version + 1, event_number = k.event_number, event_hash = k.event_hash,
			    transfer_number = k.transfer_number, recorded_at = k.recorded_at,`+balanceChanges+`,
			    exposure_minor = k.exposure_minor, sweep_since = k.sweep_since,
			    sweep_deposit_minor = k.sweep_deposit_minor, sweep_shop_funds_minor = k.sweep_shop_funds_minor,
			    demanded_minor = k.demanded_minor, demand_deadline_at = k.demand_deadline_at,
			    exit_begun_at = k.exit_begun_at, exited_at = k.exited_at, demand_lapsed_at = k.demand_lapsed_at,
			    sweep_after_kind = k.sweep_after_kind, sweep_after_since = k.sweep_after_since,
			    sweep_after_id = k.sweep_after_id, write_off_waived_minor = k.write_off_waived_minor,
			    labels = k.labels
			FROM unnest($1::books[]) k
			WHERE b.merchant_id = k.merchant_id AND b.version = k.version`,
			pgwire.RowsOf(tx.s.types["books"], rows, putHead))
	}
	rows := c.BooksOpened
	if len(rows) == 0 {
		return
	}
	tx.gather("open books", len(rows), `
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash,
		                   transfer_number, recorded_at, opened_at,`+balanceNames+`,
		                   exposure_minor, sweep_since, sweep_deposit_minor, sweep_shop_funds_minor, demanded_minor,
		                   demand_deadline_at, exit_begun_at, exited_at, demand_lapsed_at,
		                   sweep_after_kind, sweep_after_since, sweep_after_id, write_off_waived_minor, labels)
		SELECT r.merchant_id, r.currency, r.version, r.event_number, r.event_hash,
		       r.transfer_number, r.recorded_at, r.opened_at,`+balanceValues+`,
		       r.exposure_minor, r.sweep_since, r.sweep_deposit_minor, r.sweep_shop_funds_minor, r.demanded_minor,
		       r.demand_deadline_at, r.exit_begun_at, r.exited_at, r.demand_lapsed_at,
		       r.sweep_after_kind, r.sweep_after_since, r.sweep_after_id, r.write_off_waived_minor, r.labels
		FROM unnest($1::books[]) r`,
		pgwire.RowsOf(tx.s.types["books"], rows, putHead))
}

// compareBooks counts the books that are still as they were read.
func (tx *Tx) compareBooks(c *book.Changes) {
	rows := slices.Clone(c.BooksRead)
	const missing = -1
	for _, id := range c.BooksMissing {
		rows = append(rows, book.Head{MerchantID: id, Version: missing})
	}
	if len(rows) == 0 {
		return
	}
	tx.gatherRead("compare books", len(rows), `
		SELECT 1
		FROM unnest($1::text[], $2::bigint[]) AS k (merchant_id, version)
		LEFT JOIN books b ON b.merchant_id = k.merchant_id
		WHERE coalesce(b.version, -1) = k.version`,
		pgwire.Texts(rows, func(h *book.Head) string { return h.MerchantID }),
		pgwire.Bigints(rows, func(h *book.Head) int64 { return h.Version }))
}

func putHead(r *pgwire.Records, h *book.Head) {
	r.Texts(h.MerchantID, h.Currency)
	r.Bigints(h.Version, h.EventNumber)
	r.Blob(h.EventHash[:])
	r.Bigints(h.TransferNumber)
	r.Times(h.RecordedAt, h.OpenedAt)
	putBalances(r, &h.Balances)
	r.Bigints(int64(h.Exposure))
	r.Times(h.Sweep.Since)
	r.Bigints(int64(h.Sweep.Deposit), int64(h.Sweep.ShopFunds), int64(h.Demanded))
	r.Times(h.DemandDeadline, h.ExitBegunAt, h.ExitedAt, h.DemandLapsedAt)
	r.Texts(string(h.Sweep.After.Kind))
	r.Times(h.Sweep.After.Since)
	r.Texts(h.Sweep.After.ID)
	r.Bigints(int64(h.Waived))
	r.Texts(string(h.Labels))
}

func (tx *Tx) writePersons(c *book.Changes) {
	rows := c.Persons
	if len(rows) == 0 {
		return
	}
	tx.gather("write persons", len(rows), `
		INSERT INTO person_commitments (
			merchant_id, person_id, salt, commitment)
		SELECT
			r.merchant_id, r.person_id, r.salt, r.commitment
		FROM unnest($1::person_commitments[]) r`,
		pgwire.RowsOf(tx.s.types["person_commitments"], rows, func(r *pgwire.Records, p *book.Person) {
			r.Texts(p.MerchantID, p.PersonID)
			r.Blob(p.Salt)
			r.Blob(p.Commitment[:])
		}))
}

func (tx *Tx) writeRefunds(c *book.Changes) {
	rows := c.Refunds
	if len(rows) == 0 {
		return
	}
	tx.gather("write refunds", len(rows), `
		INSERT INTO order_line_refunds (
			merchant_id, order_line_id, refund_id, amount_minor, refunded_at, recorded_at)
		SELECT
			r.merchant_id, r.order_line_id, r.refund_id, r.amount_minor, r.refunded_at,
			r.recorded_at
		FROM unnest($1::order_line_refunds[]) r`,
		pgwire.RowsOf(tx.s.types["order_line_refunds"], rows, func(r *pgwire.Records, f *book.Refund) {
			r.Texts(f.MerchantID, f.OrderLineID, f.RefundID)
			r.Bigints(int64(f.Amount))
			r.Times(f.RefundedAt, f.RecordedAt)
		}))
}

func (tx *Tx) writeGroups(c *book.Changes) {
	rows := c.Groups
	if len(rows) == 0 {
		return
	}
	tx.gather("write pricing groups", len(rows), `
		INSERT INTO pricing_groups (
			merchant_id, group_id, claimant_id, product_id, anchor_paid_at, recorded_at)
		SELECT
			r.merchant_id, r.group_id, r.claimant_id, r.product_id, r.anchor_paid_at, r.recorded_at
		FROM unnest($1::pricing_groups[]) r`,
		pgwire.RowsOf(tx.s.types["pricing_groups"], rows, func(r *pgwire.Records, g *book.Group) {
			r.Texts(g.MerchantID, g.ID, g.ClaimantID, g.ProductID)
			r.Times(g.AnchorPaidAt, g.RecordedAt)
		}))
}

func (tx *Tx) writeHoldsPlaced(c *book.Changes) {
	rows := c.HoldsPlaced
	if len(rows) == 0 {
		return
	}
	tx.gather("place holds", len(rows), `
		INSERT INTO holds (
			merchant_id, claim_id, hold_number, source, state, amount_minor, captured_minor,
			released_minor, placed_at, ended_at)
		SELECT
			r.merchant_id, r.claim_id, r.hold_number, r.source, r.state, r.amount_minor,
			r.captured_minor, r.released_minor, r.placed_at, r.ended_at
		FROM unnest($1::holds[]) r`,
		pgwire.RowsOf(tx.s.types["holds"], rows, putHold))
}

func putHold(r *pgwire.Records, h *ledger.Hold) {
	r.Texts(h.MerchantID, h.ClaimID)
	r.Integer(h.Number)
	r.Texts(string(h.Source), string(h.State))
	r.Bigints(int64(h.Amount), int64(h.Captured), int64(h.Released))
	r.Times(h.PlacedAt, h.EndedAt)
}

func (tx *Tx) writeHoldsChanged(c *book.Changes) {
	rows := c.HoldsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change holds", len(rows), `
		UPDATE holds h
		SET state = k.state, captured_minor = k.captured_minor, released_minor = k.released_minor, ended_at = k.ended_at
		FROM unnest($1::holds[]) k
		WHERE h.merchant_id = k.merchant_id AND h.claim_id = k.claim_id AND h.hold_number = k.hold_number
		  AND h.state = 'HELD'`,
		pgwire.RowsOf(tx.s.types["holds"], rows, putHold))
}

func (tx *Tx) writeTransfers(c *book.Changes) {
	rows := c.Transfers
	if len(rows) == 0 {
		return
	}
	tx.gather("write transfers", len(rows), `
		INSERT INTO transfers (merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose,
		                       amount_minor, currency, claim_id, order_line_id, payout_id,
		                       external_reference, reverses_number, recorded_at, effective_at)
		SELECT r.merchant_id, r.transfer_number, r.event_number, r.kind, r.debit_purpose, r.credit_purpose,
		       r.amount_minor, r.currency, r.claim_id, r.order_line_id, r.payout_id,
		       r.external_reference, r.reverses_number, r.recorded_at, r.effective_at
		FROM unnest($1::transfers[]) r`,
		pgwire.RowsOf(tx.s.types["transfers"], rows, func(r *pgwire.Records, t *ledger.Transfer) {
			r.Texts(t.MerchantID)
			r.Bigints(t.Number, t.EventNumber)
			r.Texts(string(t.Kind), string(t.Debit), string(t.Credit))
			r.Bigints(int64(t.Amount))
			r.Texts(t.Currency)
			r.TextsOrNull(t.ClaimID, t.OrderLineID, t.PayoutID, t.ExternalReference)
			r.BigintOrNull(t.Reverses)
			r.Times(t.RecordedAt, t.EffectiveAt)
		}))
}

func (tx *Tx) writePayoutsMade(c *book.Changes) {
	rows := c.PayoutsMade
	if len(rows) == 0 {
		return
	}
	tx.gather("make payouts", len(rows), `
		INSERT INTO payouts (merchant_id, payout_id, claim_id, part, state, amount_minor, currency,
		                     out_number, payment_id, destination, not_after, gateway_reference,
		                     failure_code, created_at, answered_at, form, rides_payment, superseded,
		                     coupon_state, coupon_redeemed_minor, coupon_expires_at,
		                     try_number, arrived_minor, came_back_minor, changed_at)
		SELECT r.merchant_id, r.payout_id, r.claim_id, r.part, r.state, r.amount_minor, r.currency,
		       r.out_number, r.payment_id, r.destination, r.not_after, r.gateway_reference,
		       r.failure_code, r.created_at, r.answered_at, r.form, r.rides_payment, r.superseded,
		       r.coupon_state, r.coupon_redeemed_minor, r.coupon_expires_at,
		       r.try_number, r.arrived_minor, r.came_back_minor, r.changed_at
		FROM unnest($1::payouts[]) r`,
		pgwire.RowsOf(tx.s.types["payouts"], rows, putPayout))
}

func putPayout(r *pgwire.Records, p *payout.Payout) {
	r.Texts(p.MerchantID, p.ID, p.ClaimID, string(p.Part), string(p.State))
	r.Bigints(int64(p.Amount))
	r.Texts(p.Currency, p.OutNumber, p.PaymentID, p.Destination)
	r.Times(p.NotAfter)
	r.Texts(p.GatewayReference, p.FailureCode)
	r.Times(p.CreatedAt, p.AnsweredAt)
	r.Texts(string(p.Form))
	r.Booleans(p.RidesPayment, p.Superseded)
	r.Texts(string(p.Coupon.State))
	r.Bigints(int64(p.Coupon.Redeemed))
	r.Times(p.Coupon.ExpiresAt)
	r.Integer(p.Try)
	r.Bigints(int64(p.Arrived), int64(p.CameBack))
	r.Times(p.ChangedAt)
}

func (tx *Tx) writePayoutsChanged(c *book.Changes) {
	rows := c.PayoutsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change payouts", len(rows), `
		UPDATE payouts p
		SET state = k.state, destination = k.destination, not_after = k.not_after,
		    gateway_reference = k.gateway_reference, failure_code = k.failure_code, answered_at = k.answered_at,
		    superseded = k.superseded, coupon_state = k.coupon_state,
		    coupon_redeemed_minor = k.coupon_redeemed_minor, coupon_expires_at = k.coupon_expires_at,
		    try_number = k.try_number, arrived_minor = k.arrived_minor, came_back_minor = k.came_back_minor,
		    changed_at = k.changed_at
		FROM unnest($1::payouts[]) k
		WHERE p.merchant_id = k.merchant_id AND p.payout_id = k.payout_id`,
		pgwire.RowsOf(tx.s.types["payouts"], rows, putPayout))
}

func putDue(r *pgwire.Records, d *book.Due) {
	r.Texts(d.MerchantID, d.PayoutID)
	r.Times(d.DueAt)
	r.Integer(d.Attempts)
}

func (tx *Tx) writeDues(c *book.Changes) {
	if rows := c.DuesEnded; len(rows) > 0 {
		tx.gather("end payout dues", len(rows), `
			DELETE FROM payout_dues d
			USING unnest($1::text[], $2::text[]) AS k (merchant_id, id)
			WHERE d.merchant_id = k.merchant_id AND d.payout_id = k.id`,
			keyArrays(rows)...)
	}
	if rows := c.DuesChanged; len(rows) > 0 {
		tx.gather("change payout dues", len(rows), `
			UPDATE payout_dues d
			SET due_at = k.due_at, attempts = k.attempts
			FROM unnest($1::payout_dues[]) k
			WHERE d.merchant_id = k.merchant_id AND d.payout_id = k.payout_id`,
			pgwire.RowsOf(tx.s.types["payout_dues"], rows, putDue))
	}
	rows := c.DuesBegun
	if len(rows) == 0 {
		return
	}
	tx.gather("begin payout dues", len(rows), `
		INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts)
		SELECT r.merchant_id, r.payout_id, r.due_at, r.attempts
		FROM unnest($1::payout_dues[]) r`,
		pgwire.RowsOf(tx.s.types["payout_dues"], rows, putDue))
}

func (tx *Tx) writeEvents(c *book.Changes) {
	rows := c.Events
	if len(rows) == 0 {
		return
	}
	tx.gather("write events", len(rows), `
		INSERT INTO events (
			merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash,
			claim_version, from_state, to_state, trigger, note, first_transfer, last_transfer,
			exposure_before_minor, exposure_before_held_minor, exposure_before_due_at,
			exposure_minor, exposure_held_minor, exposure_due_at)
		SELECT
			r.merchant_id, r.event_number, r.kind, r.claim_id, r.recorded_at, r.encoding, r.content, r.hash,
			r.claim_version, r.from_state, r.to_state, r.trigger, r.note, r.first_transfer, r.last_transfer,
			r.exposure_before_minor, r.exposure_before_held_minor, r.exposure_before_due_at,
			r.exposure_minor, r.exposure_held_minor, r.exposure_due_at
		FROM unnest($1::events[]) r`,
		pgwire.RowsOf(tx.s.types["events"], rows, putEvent))
}

func putEvent(r *pgwire.Records, e *event.Event) {
	r.Texts(e.MerchantID)
	r.Bigints(e.Number)
	r.Texts(string(e.Kind))
	r.TextsOrNull(e.ClaimID)
	r.Times(e.RecordedAt)
	r.Smallint(event.Encoding)
	r.Texts(e.Content)
	r.Blob(e.Hash[:])
	r.Nulls(pgwire.XID8) // No statement reads it: the table has a default.
	if m := e.Move; m != nil {
		r.Bigints(m.Version)
		r.Texts(m.From, m.To, m.Trigger, e.Note)
	} else {
		r.Nulls(oid.T_int8, oid.T_text, oid.T_text, oid.T_text, oid.T_text)
	}
	first, last := e.TransferNumbers()
	r.BigintOrNull(first)
	r.BigintOrNull(last)
	x := e.Exposure
	if x == nil {
		r.Nulls(oid.T_int8, oid.T_int8, oid.T_timestamptz, oid.T_int8, oid.T_int8, oid.T_timestamptz)
		return
	}
	for _, v := range []event.Exposure{x.Before, x.After} {
		r.Bigints(int64(v.Amount), int64(v.Held))
		r.Times(v.Due)
	}
}

func (tx *Tx) writeRequests(c *book.Changes) {
	rows := c.Requests
	if len(rows) == 0 {
		return
	}
	tx.gather("write requests", len(rows), `
		INSERT INTO requests (merchant_id, workload, method, request_id, digest, claim_id, result_id,
		                      payout_id, transfer_number, event_number, recorded_at)
		SELECT r.merchant_id, r.workload, r.method, r.request_id, r.digest, r.claim_id, r.result_id,
		       r.payout_id, r.transfer_number, r.event_number, r.recorded_at
		FROM unnest($1::requests[]) r`,
		pgwire.RowsOf(tx.s.types["requests"], rows, func(r *pgwire.Records, q *request.Stored) {
			r.Texts(q.MerchantID, q.Workload, q.Method, q.RequestID)
			r.Blob(q.Digest[:])
			r.TextsOrNull(q.ClaimID, q.ResultID, q.PayoutID)
			r.BigintOrNull(q.TransferNumber)
			r.Bigints(q.EventNumber)
			r.Times(q.RecordedAt)
		}))
}
