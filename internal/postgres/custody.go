package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

const custodyColumns = `
	x.merchant_id, x.claim_id, x.step_number, x.sample_id, x.kind, x.units, x.happened_at, x.location, x.actor,
	x.authenticator_id, x.seals, x.weight_milligrams, x.evidence_digests, x.corrects_number, x.note, x.recorded_as,
	x.recorded_by, x.recorded_at, x.event_number`

func scanCustodyStep(rows *sql.Rows) (custody.Step, error) {
	var x custody.Step
	var units string
	err := rows.Scan(&x.MerchantID, &x.ClaimID, &x.Number, &x.SampleID, (*string)(&x.Kind), &units, &x.HappenedAt, &x.Place, &x.Actor,
		&x.AuthenticatorID, pq.Array(&x.Seals), &x.Weight, pq.Array(&x.Evidence), &x.Corrects, &x.Note, &x.RecordedAs,
		&x.RecordedBy, &x.RecordedAt, &x.EventNumber)
	if err != nil {
		return x, err
	}
	inUTC(&x.HappenedAt, &x.RecordedAt)
	if x.Units, err = custody.ReadUnits(units); err != nil {
		return x, fmt.Errorf("read units of step %d of claim %s: %w", x.Number, x.ClaimID, err)
	}
	return x, nil
}

func (tx *Tx) writeCustody(c *book.Changes) {
	rows := c.Custody
	if len(rows) == 0 {
		return
	}
	tx.gather("write steps of custody", len(rows), `
		INSERT INTO custody_steps (
			merchant_id, claim_id, step_number, sample_id, kind, units, happened_at, location, actor, authenticator_id, seals,
			weight_milligrams, evidence_digests, corrects_number, note, recorded_as, recorded_by, recorded_at, event_number)
		SELECT
			r.merchant_id, r.claim_id, r.step_number, r.sample_id, r.kind, r.units, r.happened_at, r.location, r.actor,
			r.authenticator_id, r.seals, r.weight_milligrams, r.evidence_digests, r.corrects_number, r.note, r.recorded_as,
			r.recorded_by, r.recorded_at, r.event_number
		FROM unnest($1::custody_steps[]) r`,
		pgwire.RowsOf(tx.s.types["custody_steps"], rows, func(r *pgwire.Records, x *custody.Step) {
			r.Texts(x.MerchantID, x.ClaimID)
			r.Integer(x.Number)
			r.Texts(x.SampleID, string(x.Kind), custody.UnitsText(x.Units))
			r.Times(x.HappenedAt)
			r.Texts(x.Place, x.Actor, x.AuthenticatorID)
			r.TextArray(x.Seals)
			r.Bigints(x.Weight)
			r.TextArray(x.Evidence)
			r.Integer(x.Corrects)
			r.Texts(x.Note, x.RecordedAs, x.RecordedBy)
			r.Times(x.RecordedAt)
			r.Bigints(x.EventNumber)
		}))
}

const custodyOfClaims = `
	SELECT` + custodyColumns + `
	FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
	JOIN custody_steps x ON x.merchant_id = k.merchant_id AND x.claim_id = k.id
	ORDER BY x.merchant_id, x.claim_id, x.step_number`

// CustodySteps reads the steps of custody of the claims among keys, in the order in which they
// were added.
func (tx *Tx) CustodySteps(keys []book.Key) ([]custody.Step, error) {
	var out []custody.Step
	err := tx.query("read steps of custody", custodyOfClaims, keyArrays(keys),
		func(rows *sql.Rows) error {
			x, err := scanCustodyStep(rows)
			out = append(out, x)
			return err
		})
	return out, err
}

// CustodyOfClaim reads the steps of custody of a claim.
func (r Reader) CustodyOfClaim(ctx context.Context, merchantID, claimID string) ([]custody.Step, error) {
	return read(ctx, r, "list steps of custody", `
		SELECT`+custodyColumns+`
		FROM custody_steps x
		WHERE x.merchant_id = $1 AND x.claim_id = $2
		ORDER BY x.step_number`, scanCustodyStep, merchantID, claimID)
}

// rankedResults reads results as they are shown: with the steps of custody by which each is ranked.
// What asks for resultColumns to show a result asks here.
func (r Reader) rankedResults(ctx context.Context, what, query string, args ...any) ([]claim.Result, error) {
	rows, err := read(ctx, r, what, query, scanResult, args...)
	return r.withCustody(ctx, rows, err)
}

// withCustody gives results with the steps of custody of their claims.
func (r Reader) withCustody(ctx context.Context, results []claim.Result, err error) ([]claim.Result, error) {
	if err != nil || len(results) == 0 {
		return results, err
	}
	var merchants, claims []string
	of := make(map[book.Key][]custody.Step)
	for i := range results {
		k := book.Key{MerchantID: results[i].MerchantID, ID: results[i].ClaimID}
		if _, known := of[k]; !known {
			of[k], merchants, claims = nil, append(merchants, k.MerchantID), append(claims, k.ID)
		}
	}
	steps, err := read(ctx, r, "read steps of custody of results", custodyOfClaims, scanCustodyStep, pq.Array(merchants), pq.Array(claims))
	for i := range steps {
		k := book.Key{MerchantID: steps[i].MerchantID, ID: steps[i].ClaimID}
		of[k] = append(of[k], steps[i])
	}
	for i := range results {
		results[i].Chain = of[book.Key{MerchantID: results[i].MerchantID, ID: results[i].ClaimID}]
	}
	return results, err
}
