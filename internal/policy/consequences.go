package policy

import (
	"cmp"
	"slices"
)

// Consequence is what follows from a verdict on a unit.
type Consequence string

// The consequences.
const (
	// NoConsequence is that of a verdict which says all by itself: counterfeit is compensated,
	// and nothing follows from genuine.
	NoConsequence Consequence = ""
	// Tenfold compensates the unit as a counterfeit one.
	Tenfold Consequence = "TENFOLD"
	// RefundPath owes nothing for the unit, and opens the path of an ordinary refund, which the
	// order service gives.
	RefundPath Consequence = "REFUND_PATH"
	// Review has a person decide.
	Review Consequence = "REVIEW"
)

// AllConsequences lists the consequences that a version can state.
func AllConsequences() []Consequence { return []Consequence{Tenfold, RefundPath, Review} }

// Consequences are what a version makes of each verdict that is neither counterfeit, which is
// always compensated, nor genuine, which never is. What is left out is as DefaultConsequences
// has it.
type Consequences struct {
	NotOurProduct  Consequence `json:"not_our_product,omitempty"`
	GrayMarket     Consequence `json:"gray_market,omitempty"`
	Tampered       Consequence `json:"tampered,omitempty"`
	Altered        Consequence `json:"altered,omitempty"`
	NotAsDescribed Consequence `json:"not_as_described,omitempty"`
	Inconclusive   Consequence `json:"inconclusive,omitempty"`
}

// DefaultConsequences hold where a version says nothing: only counterfeits are compensated.
func DefaultConsequences() Consequences {
	return Consequences{
		NotOurProduct: Review, GrayMarket: RefundPath, Tampered: Review, Altered: RefundPath,
		NotAsDescribed: RefundPath, Inconclusive: Review,
	}
}

// Consequence gives what the version makes of every verdict.
func (v *Version) Consequence() Consequences {
	c, d := v.Consequences, DefaultConsequences()
	return Consequences{
		NotOurProduct:  cmp.Or(c.NotOurProduct, d.NotOurProduct),
		GrayMarket:     cmp.Or(c.GrayMarket, d.GrayMarket),
		Tampered:       cmp.Or(c.Tampered, d.Tampered),
		Altered:        cmp.Or(c.Altered, d.Altered),
		NotAsDescribed: cmp.Or(c.NotAsDescribed, d.NotAsDescribed),
		Inconclusive:   cmp.Or(c.Inconclusive, d.Inconclusive),
	}
}

// checkConsequences refuses a version that compensates what is no counterfeit by any reading:
// what could not be told (rule V4), and genuine goods of an unauthorised channel (rule E6).
func (v *Version) checkConsequences() error {
	for _, x := range []struct {
		path    string
		says    Consequence
		tenfold string
	}{
		{"not_our_product", v.Consequences.NotOurProduct, ""},
		{"gray_market", v.Consequences.GrayMarket, "genuine goods of an unauthorised channel are no counterfeits, and cannot be compensated as such (rule E6)"},
		{"tampered", v.Consequences.Tampered, ""},
		{"altered", v.Consequences.Altered, ""},
		{"not_as_described", v.Consequences.NotAsDescribed, ""},
		{"inconclusive", v.Consequences.Inconclusive, "what could not be told is never compensated (rule V4)"},
	} {
		path := "consequences." + x.path
		if x.says != NoConsequence && !slices.Contains(AllConsequences(), x.says) {
			return invalid(path, "the consequence must be %s, %s or %s", Tenfold, RefundPath, Review)
		}
		if x.says == Tenfold && x.tenfold != "" {
			return invalid(path, "%s", x.tenfold)
		}
	}
	return nil
}
