package postgres

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
)

// A row's columns in the form that events bind, by table and in order. A column has a
// kind where it is neither text nor number: time, units (a list of verdicts), list (of
// texts), bytes. A later column is one that rows of before do not have: it stands with its
// name, and only where it has a value. What is left out stands elsewhere: keys beside the digest, persons as
// commitments.
const (
	boundClaims = `version state state_since:time verdict revision order_line_id order_id payment_id product_id paid_at:time
		claimant_id destination units:units basis_chosen basis policy_id policy_version group_id wants_refund wants_compensation
		grounds learned_at:time arrived_at:time filed_at:time currency award_refund_minor award_compensation_minor held_minor
		from_deposit_minor from_shop_funds_minor advanced_minor refund_in_flight_minor refund_paid_minor
		compensation_in_flight_minor compensation_paid_minor notice_confirmed_at:time fires deadline_at:time escalated
		written_off_minor lost_minor clawed_back_minor refund_failed_minor compensation_failed_minor repaid_minor
		appealed_revision confirmed_at:time clock_stopped_at:time hold_expires_at:time potential_minor sampling_case payout_form
		fee_claimant_minor fee_fronted_minor fee_merchant_minor fee_consumer_minor fee_owed_minor fee_written_off_minor by_results
		highest_refund_minor highest_compensation_minor fraud fee_from_shop_funds_minor reconsiderations
		changed_at:later-time labels:later external_reference:later escalated_at:later-time
		retest_at:later-time retest_held:later`
	boundRevisions = `revision verdict units:units refund_minor compensation_minor basis policy_id policy_version cause note
		calculation event_number recorded_at:time`
	boundResults = `order_line_id authenticator_id authenticator_kind report_number sample_source reinspection custody_intact
		units:units issued_at:time report_digest statement event_number recorded_at:time fee_minor fee_currency fee_paid_by
		commission_number:later sample_id:later rules_version:later signing_key:later signed_statement:later unused_key:later`
	boundRetractions = `note event_number retracted_at:time cause:later job_id:later reweighed:later`
	boundHolds       = `source state amount_minor captured_minor released_minor placed_at:time ended_at:time`
	boundPayouts     = `part state amount_minor currency out_number payment_id destination not_after:time gateway_reference
		failure_code created_at:time answered_at:time form rides_payment superseded coupon_state coupon_redeemed_minor
		coupon_expires_at:time try_number arrived_minor came_back_minor changed_at:later-time`
	boundAppeals   = `note evidence:list event_number appealed_at:time`
	boundApprovals = `amount_minor note event_number approved_at:time`
	boundEvidence  = `kind reference digest note added_as added_at:time upload_id:later media_type:later size_bytes:later disclosed_to:later
		request_number:later late:later`
	boundDisclosures      = `note made_as made_at:time event_number`
	boundEvidenceRequests = `asked authenticator_id state kind question due_at:time made_as made_at:time event_number answers
		overdue_at:time ended_at:time note`
	boundNotes       = `visibility text event_number added_as added_at:time`
	boundCommissions = `authenticator_id state units:units questions photo_digests:list due_at:time fee_minor replaces_number
		draw_seed:bytes draw_candidates:list made_as made_at:time event_number accepted_at:time shipped_at:time shipment
		received_at:time overdue_at:time chases chased_at:time ended_at:time note`
	boundCustody = `sample_id kind units happened_at:time location actor authenticator_id seals:list weight_milligrams evidence_digests:list
		corrects_number note recorded_as recorded_at:time event_number`
	boundGroups = `claimant_id product_id anchor_paid_at:time recorded_at:time`
	boundLines  = `order_id payment_id product_id paid_at:time digest:bytes recorded_at:time`
	// The columns of boundLines stand in order_line_corrections too, as they were before.
	boundCorrections = `note corrected_as event_number corrected_at:time`
	boundRefunds     = `order_line_id refund_id amount_minor refunded_at:time recorded_at:time`
	boundProposals   = `kind state amount_minor debt_kind debt_id undoes_number note proposed_at:time ended_at:time transfer_number
		undone_minor changed_at:later-time payment_reference:later from_account:later to_account:later booked_minor:later
		effective_at:later-time`
	boundVotes = `approved note event_number voted_at:time`
	boundBooks = `currency opened_at:time sweep_since:time sweep_deposit_minor sweep_shop_funds_minor demanded_minor
		demand_deadline_at:time exit_begun_at:time exited_at:time demand_lapsed_at:time sweep_after_kind sweep_after_since:time
		sweep_after_id write_off_waived_minor labels:later`
	boundDebts = `open_minor sampling_case since:time recorded_from:time arose_at:time`
	// The event of an amount that took effect before it was recorded binds it by these.
	boundLateDebts = `debt_id from_at:time until_at:time open_minor`
	boundRequests  = `digest:bytes claim_id result_id payout_id transfer_number event_number recorded_at:time`
)

// BoundColumns lists, by table, the columns that the digest of a row covers, in order.
func BoundColumns() map[string][]string {
	out := make(map[string][]string)
	for table, columns := range map[string]string{
		"claims": boundClaims, "claim_revisions": boundRevisions, "results": boundResults, "result_retractions": boundRetractions,
		"holds": boundHolds, "payouts": boundPayouts, "appeals": boundAppeals, "approvals": boundApprovals,
		"evidence": boundEvidence, "claim_notes": boundNotes, "commissions": boundCommissions, "custody_steps": boundCustody,
		"evidence_disclosures": boundDisclosures, "evidence_requests": boundEvidenceRequests,
		"pricing_groups": boundGroups, "order_lines": boundLines, "order_line_refunds": boundRefunds,
		"proposals": boundProposals, "proposal_votes": boundVotes, "books": boundBooks, "requests": boundRequests,
		"order_line_corrections": boundCorrections, "debts": boundDebts, "debt_versions": boundLateDebts,
	} {
		for _, c := range strings.Fields(columns) {
			name, _, _ := strings.Cut(c, ":")
			out[table] = append(out[table], name)
		}
	}
	return out
}

// BoundRow is a row with the digest that its event must tell.
type BoundRow struct {
	Table string
	// ClaimID is the claim that it is about; empty for none.
	ClaimID string
	// Key is the rest of its key, as events name it.
	Key string
	// EventNumber is the event that made it; zero where the row does not say.
	EventNumber int64
	// Made is when it was made, in microseconds.
	Made   int64
	Digest event.Hash
}

// bound reads the rows of a table in the form that events bind. Columns is one of the
// lists above; the statement begins with SELECT and the columns claim, key, event and
// time, goes on with them, and ends with from.
func (a *Audit) bound(table, first, columns, from string, args ...any) ([]BoundRow, error) {
	var names, kinds []string
	query := "SELECT " + first
	for _, c := range strings.Fields(columns) {
		name, kind, _ := strings.Cut(c, ":")
		names, kinds = append(names, name), append(kinds, kind)
		switch kind {
		case "time", "later-time":
			query += ", " + micros(name)
		case "list":
			query += ", array_to_json(r." + name + ")::text"
		case "bytes":
			query += ", encode(r." + name + ", 'hex')"
		default:
			query += ", r." + name + "::text"
		}
	}
	rows, err := a.tx.QueryContext(a.ctx, query+" "+from, args...)
	if err != nil {
		return nil, failure(a.ctx, "audit bound rows of "+table, err)
	}
	defer rows.Close()
	var out []BoundRow
	values := make([]sql.RawBytes, len(kinds))
	one := BoundRow{Table: table}
	into := []any{&one.ClaimID, &one.Key, &one.EventNumber, &one.Made}
	for i := range values {
		into = append(into, &values[i])
	}
	var form event.RowForm
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, failure(a.ctx, "audit bound rows of "+table, err)
		}
		for i, v := range values {
			addBound(&form, names[i], kinds[i], v)
		}
		one.Digest = form.Digest()
		out = append(out, one)
	}
	return out, failure(a.ctx, "audit bound rows of "+table, rows.Err())
}

// made is a column of time in microseconds since 1970; zero for a time without end.
func made(column string) string {
	return "CASE WHEN isfinite(r." + column + ") THEN (extract(epoch FROM r." + column + ") * 1000000)::bigint ELSE 0 END"
}

// micros is a column of time in microseconds since 1970, in text.
func micros(column string) string {
	// A time without end is no number.
	return "CASE WHEN isfinite(r." + column + ") THEN (extract(epoch FROM r." + column + ") * 1000000)::bigint::text ELSE r." + column + "::text END"
}

// addBound adds a column to a form. A list or units that cannot be read are added as they
// are, and differ.
func addBound(f *event.RowForm, name, kind string, v sql.RawBytes) {
	if strings.HasPrefix(kind, "later") {
		f.Later(name, string(v))
		return
	}
	if v == nil {
		f.Null()
		return
	}
	switch kind {
	case "list":
		var list []string
		if json.Unmarshal(v, &list) == nil {
			f.List(list)
			return
		}
	case "units":
		if units, ok := unitsOf(v); ok {
			f.Texts(units)
			return
		}
	}
	f.Texts(string(v))
}

// unitsOf writes units as events do: "1=COUNTERFEIT 2=GENUINE".
func unitsOf(stored []byte) (string, bool) {
	units, err := decodeUnits(stored)
	if err != nil {
		return "", false
	}
	return claim.Describe(units), true
}

// BoundOfClaims reads the rows about the claims from one id to another that events bind.
func (a *Audit) BoundOfClaims(merchantID, from, to string) ([]BoundRow, error) {
	var out []BoundRow
	for _, t := range []struct{ table, key, event, made, columns, claim string }{
		{"claims", "''", "0", "filed_at", boundClaims, "claim_id"},
		{"claim_revisions", "r.revision::text", "r.event_number", "recorded_at", boundRevisions, "claim_id"},
		{"results", "r.result_id", "r.event_number", "recorded_at", boundResults, "claim_id"},
		{"result_retractions", "r.result_id", "r.event_number", "retracted_at", boundRetractions, "claim_id"},
		{"holds", "r.hold_number::text", "0", "placed_at", boundHolds, "claim_id"},
		{"payouts", "r.payout_id", "0", "created_at", boundPayouts, "claim_id"},
		{"appeals", "r.revision::text", "r.event_number", "appealed_at", boundAppeals, "claim_id"},
		{"approvals", "r.revision::text || '/' || r.event_number", "r.event_number", "approved_at", boundApprovals, "claim_id"},
		{"evidence", "'/' || r.event_number", "r.event_number", "added_at", boundEvidence, "claim_id"},
		{"claim_notes", "r.note_number::text", "r.event_number", "added_at", boundNotes, "claim_id"},
		{"commissions", "r.commission_number::text", "r.event_number", "made_at", boundCommissions, "claim_id"},
		{"custody_steps", "r.step_number::text", "r.event_number", "recorded_at", boundCustody, "claim_id"},
		{"evidence_disclosures", "r.evidence_number || '/' || r.party", "r.event_number", "made_at", boundDisclosures, "claim_id"},
		{"evidence_requests", "r.request_number::text", "r.event_number", "made_at", boundEvidenceRequests, "claim_id"},
		{"pricing_groups", "''", "0", "recorded_at", boundGroups, "group_id"},
	} {
		rows, err := a.bound(t.table, "r."+t.claim+", "+t.key+", "+t.event+", "+made(t.made), t.columns,
			"FROM "+t.table+" r WHERE r.merchant_id = $1 AND r."+t.claim+" BETWEEN $2 AND $3", merchantID, from, to)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// LineRefund names a refund of an order line.
type LineRefund struct{ LineID, RefundID string }

// LineRevision names a revision of an order line.
type LineRevision struct {
	LineID   string
	Revision int32
}

// boundLineRevisions reads revisions of order lines, those that were corrected too, and the
// corrections of some.
func (a *Audit) boundLineRevisions(merchantID string, lines, corrected []LineRevision) ([]BoundRow, error) {
	var out []BoundRow
	for _, t := range []struct {
		table, from, event, made, columns string
		of                                []LineRevision
	}{
		{"order_lines", "order_lines", "0", "recorded_at", boundLines, lines},
		{"order_lines", "order_line_corrections", "0", "recorded_at", boundLines, lines},
		{"order_line_corrections", "order_line_corrections", "r.event_number", "corrected_at", boundCorrections, corrected},
	} {
		if len(t.of) == 0 {
			continue
		}
		ids, revisions := make([]string, len(t.of)), make([]int64, len(t.of))
		for i, l := range t.of {
			ids[i], revisions[i] = l.LineID, int64(l.Revision)
		}
		rows, err := a.bound(t.table, "'', r.order_line_id || '/' || r.revision, "+t.event+", "+made(t.made), t.columns,
			`FROM unnest($2::text[], $3::bigint[]) AS k (line, revision)
			 JOIN `+t.from+` r ON r.merchant_id = $1 AND r.order_line_id = k.line AND r.revision = k.revision`,
			merchantID, pq.Array(ids), pq.Array(revisions))
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// Loose names rows about no claim that events tell of.
type Loose struct {
	// Lines are revisions of order lines, Corrected those that were corrected.
	Lines, Corrected []LineRevision
	Refunds          []LineRefund
	// Votes are named by their events.
	Votes    []int64
	Requests []RequestKey
}

// BoundOfEvents reads the rows about no claim that some events tell of.
func (a *Audit) BoundOfEvents(merchantID string, l *Loose) ([]BoundRow, error) {
	refunds, votes, requests := l.Refunds, l.Votes, l.Requests
	out, err := a.boundLineRevisions(merchantID, l.Lines, l.Corrected)
	if err != nil {
		return nil, err
	}
	add := func(rows []BoundRow, err error) error {
		out = append(out, rows...)
		return err
	}
	if len(refunds) > 0 {
		of, ids := make([]string, len(refunds)), make([]string, len(refunds))
		for i, r := range refunds {
			of[i], ids[i] = r.LineID, r.RefundID
		}
		err := add(a.bound("order_line_refunds", "'', r.order_line_id || '/' || r.refund_id, 0, "+made("recorded_at"), boundRefunds,
			`FROM unnest($2::text[], $3::text[]) AS k (line, refund)
			 JOIN order_line_refunds r ON r.merchant_id = $1 AND r.order_line_id = k.line AND r.refund_id = k.refund`,
			merchantID, pq.Array(of), pq.Array(ids)))
		if err != nil {
			return nil, err
		}
	}
	if len(votes) > 0 {
		err := add(a.bound("proposal_votes", "'', r.proposal_number || '/' || r.event_number, r.event_number, "+made("voted_at"), boundVotes,
			"FROM proposal_votes r WHERE r.merchant_id = $1 AND r.event_number = ANY ($2::bigint[])", merchantID, pq.Array(votes)))
		if err != nil {
			return nil, err
		}
	}
	if len(requests) > 0 {
		workloads, methods, ids := make([]string, len(requests)), make([]string, len(requests)), make([]string, len(requests))
		for i, r := range requests {
			workloads[i], methods[i], ids[i] = r.Workload, r.Method, r.RequestID
		}
		err := add(a.bound("requests", "'', r.workload || '/' || r.method || '/' || r.request_id, r.event_number, "+made("recorded_at"),
			boundRequests,
			`FROM unnest($2::text[], $3::text[], $4::text[]) AS k (workload, method, request_id)
			 JOIN requests r ON r.merchant_id = $1 AND r.workload = k.workload AND r.method = k.method AND r.request_id = k.request_id`,
			merchantID, pq.Array(workloads), pq.Array(methods), pq.Array(ids)))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RequestKey names a stored request of a book.
type RequestKey struct{ Workload, Method, RequestID string }

// BoundProposals reads the proposals of a book after a number, in order, in the form that
// events bind.
func (a *Audit) BoundProposals(merchantID string, after int64, limit int) ([]BoundRow, error) {
	return a.bound("proposals", "'', r.proposal_number::text, r.proposal_number, "+made("proposed_at"), boundProposals,
		"FROM proposals r WHERE r.merchant_id = $1 AND r.proposal_number > $2 ORDER BY r.proposal_number LIMIT $3",
		merchantID, after, limit)
}

// BoundBook reads what events bind of a book's own row.
func (a *Audit) BoundBook(merchantID string) ([]BoundRow, error) {
	return a.bound("books", "'', '', 0, "+made("opened_at"), boundBooks, "FROM books r WHERE r.merchant_id = $1", merchantID)
}

// MadeAfter counts the rows of a book that were made after a time, by table, in the tables
// whose rows belong to no claim.
func (a *Audit) MadeAfter(merchantID string, after int64) (map[string]int64, error) {
	type count struct {
		table string
		rows  int64
	}
	counts, err := page(a, "count rows", `
		SELECT 'order_lines', count(*) FROM order_lines
		WHERE merchant_id = $1 AND recorded_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
		UNION ALL
		SELECT 'order_lines', count(*) FROM order_line_corrections
		WHERE merchant_id = $1 AND recorded_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
		UNION ALL
		SELECT 'order_line_corrections', count(*) FROM order_line_corrections
		WHERE merchant_id = $1 AND corrected_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
		UNION ALL
		SELECT 'order_line_refunds', count(*) FROM order_line_refunds
		WHERE merchant_id = $1 AND recorded_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
		UNION ALL
		SELECT 'proposals', count(*) FROM proposals
		WHERE merchant_id = $1 AND proposed_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
		UNION ALL
		SELECT 'proposal_votes', count(*) FROM proposal_votes
		WHERE merchant_id = $1 AND voted_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'`,
		func(rows *sql.Rows) (c count, err error) { return c, rows.Scan(&c.table, &c.rows) }, merchantID, after)
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	out := make(map[string]int64, len(counts))
	for _, c := range counts {
		out[c.table] += c.rows
	}
	return out, nil
}

// ClaimEvents reads the events about the claims from one id to another, by claim and number.
func (a *Audit) ClaimEvents(merchantID, from, to string) ([]StoredEvent, error) {
	return page(a, "audit events of claims", `
		SELECT event_number, claim_id, encoding, content, `+exposureText("exposure_before")+`, `+exposureText("exposure")+`
		FROM events r
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, event_number`,
		func(rows *sql.Rows) (e StoredEvent, err error) {
			return e, rows.Scan(&e.Number, &e.ClaimID, &e.Encoding, &e.Content, &e.ExposureBefore, &e.ExposureAfter)
		}, merchantID, from, to)
}
