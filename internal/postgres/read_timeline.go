package postgres

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// TimelineEvent is an event in the life of a claim.
type TimelineEvent struct {
	FeedEvent
	// Note is the reason of a move, as given.
	Note string
}

func scanTimeline(rows *sql.Rows) (t TimelineEvent, err error) {
	t.FeedEvent, err = scanWith(rows, &t.Note)
	return t, err
}

// Timeline reads the events in the life of a claim after a number, oldest first: those
// about it, and those that report a refund of its order line since it was filed. It
// walks the events of the claim by their index, and looks up one event for each refund.
func (r Reader) Timeline(ctx context.Context, c *claim.Claim, after int64, limit int) ([]TimelineEvent, error) {
	events, err := read(ctx, r, "list events of claim", `
		SELECT`+feedColumns+`, coalesce(e.note, '')
		FROM events e
		WHERE e.merchant_id = $1 AND e.claim_id = $2 AND e.event_number > $3
		ORDER BY e.event_number
		LIMIT $4`, scanTimeline, c.MerchantID, c.ID, after, limit)
	if err != nil {
		return nil, err
	}
	if after == 0 && len(events) > 0 {
		after = events[0].Number // The filing.
	}
	refunds, err := r.refundEvents(ctx, c, after, limit)
	if err != nil {
		return nil, err
	}
	events = append(events, refunds...)
	slices.SortFunc(events, func(a, b TimelineEvent) int { return a.compare(&b.FeedEvent) })
	return events[:min(limit, len(events))], nil
}

// refundEvents reads the events that report a refund of the claim's order line. The row
// of a refund has the time of its event; of several events at that time, the content
// tells which one it is, in every encoding alike.
func (r Reader) refundEvents(ctx context.Context, c *claim.Claim, after int64, limit int) ([]TimelineEvent, error) {
	return read(ctx, r, "list refund events of line", `
		SELECT`+feedColumns+`, ''
		FROM order_line_refunds f
		JOIN events e ON e.merchant_id = f.merchant_id AND e.recorded_at = f.recorded_at AND e.kind = 'ORDER_REFUND_REPORTED'
		WHERE f.merchant_id = $1 AND f.order_line_id = $2 AND e.event_number > $3
		  AND strpos(e.content, '"details":{"order_line":"' || f.order_line_id || '","refund":"' || f.refund_id || '"') > 0
		ORDER BY e.event_number
		LIMIT $4`, scanTimeline, c.MerchantID, c.OrderLineID, after, limit)
}

// TimelineParts are the rows that belong to events of a timeline, by event number where
// nothing else is said.
type TimelineParts struct {
	// Results and Payouts are by their ids.
	Results   map[string]*claim.Result
	Payouts   map[string]*payout.Payout
	Revisions map[int64]*claim.Revision
	Evidence  map[int64]*book.Evidence
	// EvidenceRequests are by their numbers.
	EvidenceRequests map[int32]*claim.EvidenceRequest
	// Notes are those of approvals, retractions and appeals.
	Notes map[int64]string
	// Refunds are by their ids at the order service.
	Refunds map[string]*book.Refund
	// Persons are by their commitments in hex. An erased person is missing.
	Persons map[string]string
	// Outcomes are the times at which the first outcome of a payout was recorded.
	Outcomes map[string]time.Time
}

// TimelineKeys name the rows to read.
type TimelineKeys struct {
	Results, Payouts, Refunds, Persons []string
	Events                             []int64
	// EvidenceRequests says that there are requests for evidence among the events.
	EvidenceRequests bool
}

// TimelineParts reads the rows that belong to events of a claim's timeline.
func (r Reader) TimelineParts(ctx context.Context, c *claim.Claim, k TimelineKeys) (*TimelineParts, error) {
	p := &TimelineParts{Notes: make(map[int64]string)}
	for _, part := range []func(context.Context, *claim.Claim, TimelineKeys, *TimelineParts) error{
		r.timelineResults, r.timelinePayouts, r.timelineRevisions, r.timelineEvidence, r.timelineNotes, r.timelineRefunds,
		r.timelineEvidenceRequests,
	} {
		if err := part(ctx, c, k, p); err != nil {
			return nil, err
		}
	}
	var err error
	p.Persons, err = r.personsOf(ctx, c.MerchantID, k.Persons)
	return p, err
}

// keyed makes a map of rows.
func keyed[K comparable, V any](rows []V, key func(*V) K) map[K]*V {
	m := make(map[K]*V, len(rows))
	for i := range rows {
		m[key(&rows[i])] = &rows[i]
	}
	return m
}

func (r Reader) timelineResults(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	if len(k.Results) == 0 {
		return nil
	}
	rows, err := r.rankedResults(ctx, "read results of timeline", `
		SELECT`+resultColumns+`
		FROM results r
		WHERE r.merchant_id = $1 AND r.result_id = ANY ($2)`, c.MerchantID, pq.Array(k.Results))
	p.Results = keyed(rows, func(x *claim.Result) string { return x.ID })
	return err
}

func (r Reader) timelinePayouts(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	if len(k.Payouts) == 0 {
		return nil
	}
	rows, err := read(ctx, r, "read payouts of timeline", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id = ANY ($2)`, payoutValue, c.MerchantID, pq.Array(k.Payouts))
	p.Payouts = keyed(rows, func(x *payout.Payout) string { return x.ID })
	return err
}

func (r Reader) timelineRevisions(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	rows, err := read(ctx, r, "read revisions of timeline", `
		SELECT`+revisionColumns+`
		FROM claim_revisions v
		WHERE v.merchant_id = $1 AND v.claim_id = $2 AND v.event_number = ANY ($3)
		ORDER BY v.revision`, scanRevision, c.MerchantID, c.ID, pq.Array(k.Events))
	p.Revisions = keyed(rows, func(x *claim.Revision) int64 { return x.EventNumber })
	return err
}

func (r Reader) timelineEvidence(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	if len(k.Events) == 0 {
		return nil
	}
	rows, err := r.Evidence(ctx, c.MerchantID, c.ID, slices.Min(k.Events)-1, len(k.Events))
	p.Evidence = keyed(rows, func(x *book.Evidence) int64 { return x.EventNumber })
	return err
}

func (r Reader) timelineEvidenceRequests(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	if !k.EvidenceRequests {
		return nil
	}
	rows, err := r.EvidenceRequestsOfClaim(ctx, c.MerchantID, c.ID, 0, claim.EvidenceRequestsMax)
	p.EvidenceRequests = keyed(rows, func(x *claim.EvidenceRequest) int32 { return x.Number })
	return err
}

// timelineNotes reads the notes that are kept apart from their events.
func (r Reader) timelineNotes(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	type note struct {
		event int64
		text  string
	}
	rows, err := read(ctx, r, "read notes of timeline", `
		SELECT a.event_number, a.note FROM approvals a
		WHERE a.merchant_id = $1 AND a.claim_id = $2 AND a.event_number = ANY ($3)
		UNION ALL
		SELECT a.event_number, a.note FROM appeals a
		WHERE a.merchant_id = $1 AND a.claim_id = $2 AND a.event_number = ANY ($3)
		UNION ALL
		SELECT x.event_number, x.note FROM result_retractions x
		WHERE x.merchant_id = $1 AND x.result_id = ANY ($4) AND x.event_number = ANY ($3)`,
		func(rows *sql.Rows) (n note, err error) { return n, rows.Scan(&n.event, &n.text) },
		c.MerchantID, c.ID, pq.Array(k.Events), pq.Array(k.Results))
	for _, n := range rows {
		p.Notes[n.event] = n.text
	}
	return err
}

func (r Reader) timelineRefunds(ctx context.Context, c *claim.Claim, k TimelineKeys, p *TimelineParts) error {
	if len(k.Refunds) == 0 {
		return nil
	}
	rows, err := read(ctx, r, "read refunds of timeline", `
		SELECT f.merchant_id, f.order_line_id, f.refund_id, f.amount_minor, f.refunded_at, f.recorded_at
		FROM order_line_refunds f
		WHERE f.merchant_id = $1 AND f.order_line_id = $2 AND f.refund_id = ANY ($3)`, scanRefund,
		c.MerchantID, c.OrderLineID, pq.Array(k.Refunds))
	p.Refunds = keyed(rows, func(x *book.Refund) string { return x.RefundID })
	return err
}

// outcomesMax is how many events of a claim are looked through for first outcomes: more
// than any claim has that is not asked about for years.
const outcomesMax = examinedFarMax

// FirstOutcomes reads, by payout, when the first outcome of a claim's payouts was
// recorded, as far as that was before an event.
func (r Reader) FirstOutcomes(ctx context.Context, merchantID, claimID string, before int64) (map[string]time.Time, error) {
	rows, err := read(ctx, r, "read first outcomes", `
		SELECT`+feedColumns+`, ''
		FROM (
			SELECT`+eventColumns+`
			FROM events e
			WHERE e.merchant_id = $1 AND e.claim_id = $2 AND e.event_number < $3
			ORDER BY e.event_number
			LIMIT $4) e
		WHERE e.kind = 'PAYOUT_ANSWERED'
		ORDER BY e.event_number`, scanTimeline, merchantID, claimID, before, outcomesMax)
	first := make(map[string]time.Time)
	for i := range rows {
		if e, err := event.Decode(rows[i].Encoding, rows[i].Content); err == nil {
			id := e.Detail("payout")
			if _, known := first[id]; !known && payout.Outcome(e.Detail("outcome")) != payout.Processing {
				first[id] = e.RecordedAt
			}
		}
	}
	return first, err
}

// personsOf finds the persons behind commitments, given and returned in hex.
func (r Reader) personsOf(ctx context.Context, merchantID string, commitments []string) (map[string]string, error) {
	var raw [][]byte
	for _, c := range commitments {
		if b, err := hex.DecodeString(c); err == nil && len(b) > 0 {
			raw = append(raw, b)
		}
	}
	if len(raw) == 0 {
		return nil, nil
	}
	persons, err := read(ctx, r, "read persons", `
		SELECT p.person_id, p.commitment
		FROM person_commitments p
		WHERE p.merchant_id = $1 AND p.commitment = ANY ($2::bytea[])`,
		func(rows *sql.Rows) (p book.Person, err error) {
			var commitment []byte
			err = rows.Scan(&p.PersonID, &commitment)
			copy(p.Commitment[:], commitment)
			return p, err
		}, merchantID, pq.Array(raw))
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(persons))
	for _, p := range persons {
		names[hex.EncodeToString(p.Commitment[:])] = p.PersonID
	}
	return names, nil
}
