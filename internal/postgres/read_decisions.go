package postgres

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/event"
)

// Decision is what a person decided on a claim.
type Decision struct {
	MerchantID string
	// Kind is event.ReviewDecided or event.AppealDecided.
	Kind event.Kind
	// Person decided; empty for one who was erased, and where an event cannot be read.
	Person string
	// DecidedAt is when, and WaitedSince when the claim entered the queue.
	DecidedAt, WaitedSince time.Time

	// commitment is that to the person, in hex.
	commitment string
}

// Decisions lists what people decided from a time and before another, oldest first. It
// may look at every decision of that time, so callers bound the time, too.
func (r Reader) Decisions(ctx context.Context, from, until time.Time, limit int) ([]Decision, error) {
	list, err := read(ctx, r, "list decisions", `
		SELECT e.merchant_id, e.kind, e.recorded_at, e.encoding, e.content, m.recorded_at
		FROM (
			SELECT e.merchant_id, e.event_number, e.claim_id, e.kind, e.recorded_at, e.encoding, e.content
			FROM events e
			WHERE e.kind IN ('REVIEW_DECIDED', 'APPEAL_DECIDED')
			  AND e.recorded_at >= $1 AND e.recorded_at < $2
			ORDER BY e.recorded_at, e.merchant_id, e.event_number
			LIMIT $3) e
		CROSS JOIN LATERAL (
			SELECT m.recorded_at
			FROM events m
			WHERE m.merchant_id = e.merchant_id AND m.claim_id = e.claim_id AND m.event_number < e.event_number
			  AND m.to_state IN ('IN_REVIEW', 'APPEALED')
			ORDER BY m.event_number DESC
			LIMIT 1) m
		ORDER BY e.recorded_at, e.merchant_id, e.event_number`, scanDecision, from, until, limit)
	if err != nil {
		return nil, err
	}
	return list, r.decidedBy(ctx, list)
}

func scanDecision(rows *sql.Rows) (d Decision, err error) {
	var encoding byte
	var content string
	if err = rows.Scan(&d.MerchantID, (*string)(&d.Kind), &d.DecidedAt, &encoding, &content, &d.WaitedSince); err != nil {
		return d, err
	}
	inUTC(&d.DecidedAt, &d.WaitedSince)
	if e, err := event.Decode(encoding, content); err == nil {
		d.commitment = e.Actor.Person
	}
	return d, nil
}

// decidedBy fills in the persons behind decisions.
func (r Reader) decidedBy(ctx context.Context, list []Decision) error {
	type of struct{ merchantID, commitment string }
	persons := make(map[of]string)
	var merchants []string
	var commitments [][]byte
	for i := range list {
		k := of{list[i].MerchantID, list[i].commitment}
		raw, err := hex.DecodeString(k.commitment)
		if _, asked := persons[k]; asked || err != nil || len(raw) == 0 {
			continue
		}
		persons[k] = ""
		merchants, commitments = append(merchants, k.merchantID), append(commitments, raw)
	}
	if len(merchants) == 0 {
		return nil
	}
	_, err := read(ctx, r, "read deciders", `
		SELECT p.merchant_id, p.person_id, encode(p.commitment, 'hex')
		FROM unnest($1::text[], $2::bytea[]) AS k (merchant_id, commitment)
		JOIN person_commitments p ON p.merchant_id = k.merchant_id AND p.commitment = k.commitment`,
		func(rows *sql.Rows) (struct{}, error) {
			var k of
			var person string
			err := rows.Scan(&k.merchantID, &person, &k.commitment)
			persons[k] = person
			return struct{}{}, err
		}, pq.Array(merchants), pq.Array(commitments))
	for i := range list {
		list[i].Person = persons[of{list[i].MerchantID, list[i].commitment}]
	}
	return err
}
