package postgres

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// What is stored as JSON has a declared form, which a test holds to its bytes: order
// lines in order_line_form.go, units as unitRow, calculations and the terms of
// policies as policy.Calculation and policy.Version, whose fields all have tags. A
// field may be added to those two, and what was stored before does not have it; a
// name never changes. What is read is compared with what stands beside it, for
// JSON that lost a name would be read as zeros.

// policyRow is a policy version as it is stored.
type policyRow struct {
	PolicyID      string          `db:"policy_id"`
	Number        int32           `db:"version"`
	Basis         string          `db:"legal_basis"`
	PublishedAt   time.Time       `db:"published_at"`
	EffectiveFrom time.Time       `db:"effective_from"`
	Terms         json.RawMessage `db:"terms"`
}

// version reads the terms and compares them with the columns beside them.
func (r *policyRow) version() (v policy.Version, err error) {
	if err := json.Unmarshal(r.Terms, &v); err != nil {
		return v, err
	}
	if v.PolicyID != r.PolicyID || v.Number != r.Number || string(v.Basis) != r.Basis ||
		!sameTime(v.PublishedAt, r.PublishedAt) || !sameTime(v.EffectiveFrom, r.EffectiveFrom) {
		return v, errors.New("the terms are not those of the version")
	}
	return v, nil
}

// sameTime compares a time with one that the database keeps, which it rounds.
func sameTime(t, stored time.Time) bool { return t.Sub(stored).Abs() < time.Microsecond }

// decodeCalculation reads the calculation of a revision, whose other fields are
// read, and compares it with them. A verdict that was priced by none has an empty
// one.
func decodeCalculation(b []byte, v *claim.Revision) error {
	var written struct {
		PolicyID *string `json:"policy_id"`
	}
	if err := json.Unmarshal(b, &written); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &v.Calculation); err != nil {
		return err
	}
	switch n := &v.Calculation; {
	case written.PolicyID == nil:
		return errors.New("it names no policy, not even none")
	case n.PolicyID == "":
		return nil
	case n.PolicyID != v.PolicyID, n.Version != v.Version, n.Basis != v.Basis,
		n.Refund != v.Award.Refund, n.Compensation != v.Award.Compensation:
		return errors.New("it explains another award")
	}
	return nil
}
