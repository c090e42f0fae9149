package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
)

// rulesForm is how decision rules are stored.
type rulesForm struct {
	Ladder       []rungForm `json:"ladder"`
	DecidesAlone int        `json:"decidesAlone"`
	// What versions before the third do not have.
	Quorum       []quorumForm     `json:"quorum,omitempty"`
	Reinspection reinspectionForm `json:"reinspection,omitzero"`
	Custody      custodyForm      `json:"custody"`
	// What versions before the fourth do not have.
	Unsigned        unsignedForm `json:"unsigned,omitzero"`
	SourceProofFrom int          `json:"sourceProofFrom,omitempty"`
}

type unsignedForm struct {
	Ranks int `json:"ranks"`
}

type quorumForm struct {
	Rank   int `json:"rank"`
	Bodies int `json:"bodies"`
}

type reinspectionForm struct {
	Independent bool `json:"independent"`
	Final       bool `json:"final"`
	// What versions before the sixth do not have.
	RetestDays int `json:"retestDays,omitempty"`
}

type rungForm struct {
	Rank         int                       `json:"rank"`
	Kinds        []claim.AuthenticatorKind `json:"kinds,omitempty"`
	Samples      []claim.SampleSource      `json:"samples,omitempty"`
	Reinspection bool                      `json:"reinspection,omitempty"`
}

type custodyForm struct {
	Unrecorded       claim.Unrecorded `json:"unrecorded"`
	Platform         []custody.Kind   `json:"platform"`
	Consumer         []custody.Kind   `json:"consumer"`
	WeightMilligrams int64            `json:"weightMilligrams"`
	WeightPerMille   int64            `json:"weightPerMille"`
}

func scanRules(rows *sql.Rows) (claim.Rules, error) {
	var r claim.Rules
	var content []byte
	if err := rows.Scan(&r.Version, &r.Note, &r.PublishedAt, &r.EffectiveFrom, &content); err != nil {
		return r, err
	}
	inUTC(&r.PublishedAt, &r.EffectiveFrom)
	return r, readRules(content, &r)
}

// readRules reads what encodeRules wrote.
func readRules(content []byte, r *claim.Rules) error {
	var f rulesForm
	if err := json.Unmarshal(content, &f); err != nil {
		return fmt.Errorf("read version %d of the decision rules: %w", r.Version, err)
	}
	for _, g := range f.Ladder {
		r.Ladder = append(r.Ladder, claim.Rung(g))
	}
	for _, q := range f.Quorum {
		r.Quorum = append(r.Quorum, claim.Quorum(q))
	}
	r.Reinspection = claim.ReinspectionRules(f.Reinspection)
	r.DecidesAlone, r.Custody, r.Unsigned = f.DecidesAlone, claim.CustodyRules(f.Custody), claim.UnsignedRules(f.Unsigned)
	r.SourceProofFrom = f.SourceProofFrom
	return nil
}

// encodeRules writes what rules say, without number, note and times.
func encodeRules(r *claim.Rules) (string, error) {
	f := rulesForm{
		DecidesAlone: r.DecidesAlone, Reinspection: reinspectionForm(r.Reinspection), Custody: custodyForm(r.Custody), Unsigned: unsignedForm(r.Unsigned),
		SourceProofFrom: r.SourceProofFrom,
	}
	for _, g := range r.Ladder {
		f.Ladder = append(f.Ladder, rungForm(g))
	}
	for _, q := range r.Quorum {
		f.Quorum = append(f.Quorum, quorumForm(q))
	}
	content, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("encode decision rules: %w", err)
	}
	return string(content), nil
}

// DecisionRules reads every version of the decision rules, oldest first.
func (db *DB) DecisionRules(ctx context.Context) ([]claim.Rules, error) {
	return read(ctx, Reader{from: db.pool}, "read decision rules", `
		SELECT version, note, published_at, effective_from, content FROM decision_rules ORDER BY version`, scanRules)
}
