package policy

import (
	"strings"
	"time"
)

// bases are the legal bases in the order that breaks a tie between them.
var bases = [...]LegalBasis{Promise, FoodSafety148, ConsumerProtection55}

// Law names the norm behind the basis, for the stored calculation.
func (b LegalBasis) Law() string {
	switch b {
	case Promise:
		return "Fa Shi [2022] No. 8 Art. 10"
	case FoodSafety148:
		return "Food Safety Law Art. 148(2)"
	case ConsumerProtection55:
		return "Consumer Protection Law Art. 55(1)"
	case Best: // A choice between the others, with no law of its own.
	}
	return string(b)
}

// InForce gives, for each legal basis, the version that applies to an order line of
// the category paid at paidAt (rule P2). Later publications never matter, so a
// merchant that has left keeps the old version (rule P3).
//
// A policy's newest version in force replaces all its earlier ones, even if it
// dropped a category. Among the policies of one basis, the one that names the
// category most precisely applies; then the one that took effect last; then the
// first by id. The versions should be those in the line's currency. The results
// point into versions; a basis without a version is absent.
func InForce(versions []Version, paidAt time.Time, category string) map[LegalBasis]*Version {
	inForce := make(map[LegalBasis]*Version, len(bases))
	for _, v := range newest(versions, paidAt) {
		if precision(v.Categories, category) < 0 {
			continue
		}
		if other := inForce[v.Basis]; other == nil || v.goesBefore(other, category) {
			inForce[v.Basis] = v
		}
	}
	return inForce
}

// newest gives each policy's newest version in force at a time; there is none at
// the zero time.
func newest(versions []Version, at time.Time) map[string]*Version {
	list := make(map[string]*Version, len(bases))
	for i := range versions {
		v := &versions[i]
		if at.IsZero() || v.EffectiveFrom.After(at) {
			continue
		}
		if old := list[v.PolicyID]; old == nil || v.replaces(old) {
			list[v.PolicyID] = v
		}
	}
	return list
}

// replaces says whether v is the newer version of one policy.
func (v *Version) replaces(old *Version) bool {
	if v.EffectiveFrom.Equal(old.EffectiveFrom) {
		return v.Number > old.Number
	}
	return v.EffectiveFrom.After(old.EffectiveFrom)
}

// goesBefore says whether v applies rather than a version of another policy. The
// ids decide last, so the order is total.
func (v *Version) goesBefore(other *Version, category string) bool {
	mine, its := precision(v.Categories, category), precision(other.Categories, category)
	if mine != its {
		return mine > its
	}
	if !v.EffectiveFrom.Equal(other.EffectiveFrom) {
		return v.EffectiveFrom.After(other.EffectiveFrom)
	}
	return v.PolicyID < other.PolicyID
}

// precision counts the path segments of the longest prefix that fits the category.
// It is 0 for a version for all categories, and −1 if none fits. Prefixes end at a
// slash: "food" fits "food/liquor" but not "footwear" or "foodstuff".
func precision(prefixes []string, category string) int {
	if len(prefixes) == 0 {
		return 0
	}
	best := -1
	for _, p := range prefixes {
		if category == p || strings.HasPrefix(category, p+"/") {
			best = max(best, 1+strings.Count(p, "/"))
		}
	}
	return best
}
