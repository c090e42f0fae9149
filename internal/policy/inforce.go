package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
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

// Query is what decides which versions apply: the goods, the currency and the
// instant. It has no other constructors than NewQuery and Bought, so that no look-up
// leaves one of them out.
type Query struct {
	category string
	currency string
	at       time.Time
}

// NewQuery makes the query for goods of a category, which may be empty, in a currency
// at an instant. A currency that is no ISO 4217 code, and the zero time, are mistakes
// of the caller and panic: no version would ever be found. Swapped texts panic too.
func NewQuery(category, currency string, at time.Time) Query {
	if money.CheckCurrency(currency) != nil || at.IsZero() {
		panic(fmt.Sprintf("policy: versions are looked up for category %q in currency %q at %s", category, currency, at))
	}
	return Query{category: category, currency: currency, at: at}
}

// Bought is the query for an order line: its category and currency, when it was paid
// (rule P2). The line must have been paid.
func Bought(l *order.Line) Query { return NewQuery(l.Category, l.Currency, l.PaidAt) }

// Versions are all published versions. Only its methods walk the list, so the rules of
// category, currency and time hold for every look-up.
type Versions struct {
	// list is in order of policy and number.
	list []Version
}

// NewVersions takes over a list of versions in any order.
func NewVersions(list []Version) Versions {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.PolicyID, b.PolicyID), cmp.Compare(a.Number, b.Number))
	})
	return Versions{list}
}

// Version gives one version by its name.
func (vs Versions) Version(policyID string, number int32) (*Version, bool) {
	i := slices.IndexFunc(vs.list, func(v Version) bool { return v.PolicyID == policyID && v.Number == number })
	if i < 0 {
		return nil, false
	}
	return &vs.list[i], true
}

// Listed gives the versions behind a place in the order of policy and number, to be
// shown: those of one policy, or of all where policyID is empty.
func (vs Versions) Listed(policyID, afterID string, afterNumber int32) []Version {
	var out []Version
	for _, v := range vs.list {
		after := cmp.Or(cmp.Compare(v.PolicyID, afterID), cmp.Compare(v.Number, afterNumber)) > 0
		if after && (policyID == "" || v.PolicyID == policyID) {
			out = append(out, v)
		}
	}
	return out
}

// Pay says whether any version, of whatever goods and time, pays in a currency.
func (vs Versions) Pay(currency string) bool {
	return slices.ContainsFunc(vs.list, func(v Version) bool { return v.Currency == currency })
}

// InForce gives, for each legal basis, the version that applies to what the query asks
// about (rule P2). Later publications never matter, so a merchant who left keeps the
// old version (rule P3).
//
// Versions in another currency do not count at all. A policy's newest version in force
// replaces all its earlier ones, also where it has dropped a category. Among the
// policies of one basis the one that names the category most precisely applies, then
// the one that took effect last, then the first by id. A basis without a version is
// absent.
func (vs Versions) InForce(q Query) map[LegalBasis]*Version {
	inForce := make(map[LegalBasis]*Version, len(bases))
	for _, v := range vs.newest(q) {
		if precision(v.Categories, q.category) < 0 {
			continue
		}
		if other := inForce[v.Basis]; other == nil || v.goesBefore(other, q.category) {
			inForce[v.Basis] = v
		}
	}
	return inForce
}

// newest gives each policy's newest version in the query's currency that is in force at
// its instant.
func (vs Versions) newest(q Query) map[string]*Version {
	list := make(map[string]*Version, len(bases))
	for i := range vs.list {
		v := &vs.list[i]
		if v.Currency != q.currency || v.EffectiveFrom.After(q.at) {
			continue
		}
		if old := list[v.PolicyID]; old == nil || v.replaces(old) {
			list[v.PolicyID] = v
		}
	}
	return list
}

// Preferred gives the version of a chosen basis; for Best the first of the versions in
// the order that breaks a tie between bases: the promise, then the Food Safety Law,
// then the Consumer Protection Law. It is nil where the basis has no version. Which
// basis is best for the consumer is known only once the claim is priced; until then the
// periods and the fee of a claim follow this one.
func Preferred(open map[LegalBasis]*Version, chosen LegalBasis) *Version {
	if chosen != Best {
		return open[chosen]
	}
	for _, basis := range bases {
		if v := open[basis]; v != nil {
			return v
		}
	}
	return nil
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
