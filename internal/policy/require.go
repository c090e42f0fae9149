package policy

import (
	"fmt"
	"slices"
	"time"
)

// Lacking names the limits that a version should have and does not, as paths of its
// fields. Without them one claim can take any amount, of which nobody has approved a
// part: an award that two people approve, a bound on what the platform advances for a
// merchant, and a deposit that the merchant keeps.
//
// A bound on advances is lacking only where the platform advances money, and the
// minimum deposit only in a promise for all categories, where the terms of a merchant
// stand.
func (v *Version) Lacking() []string {
	var lacking []string
	if v.ApprovalOver == 0 {
		lacking = append(lacking, "approval_over")
	}
	if slices.Contains(v.SourceOrder, SourceAdvance) && v.AdvanceLimit != 0 && v.AdvanceLimitPerMerchant == 0 {
		lacking = append(lacking, "advance_limit_per_merchant")
	}
	if v.holdsMerchantTerms() && v.MinimumDeposit == 0 {
		lacking = append(lacking, "minimum_deposit")
	}
	return lacking
}

// CheckLimits refuses a version that lacks a limit, with REQUEST_INVALID at the first.
func (v *Version) CheckLimits() error {
	lacking := v.Lacking()
	if len(lacking) == 0 {
		return nil
	}
	return invalid(lacking[0], "the version must set %s; a server admits a policy without it only if "+
		"--allow-policy-without-limits names the policy", listed(lacking))
}

// listed joins names for a sentence.
func listed(names []string) string {
	text := names[0]
	for i, name := range names[1:] {
		if i == len(names)-2 {
			text += " and " + name
		} else {
			text += ", " + name
		}
	}
	return text
}

// Unlimited is a version that lacks limits.
type Unlimited struct {
	Version *Version
	Lacking []string
	// Superseded says that a newer version of its policy is in force. The version goes on
	// to govern claims on orders that were paid before.
	Superseded bool
}

// Unlimited lists the versions that lack limits and govern claims at a time, or will:
// those in force or yet to come, and those whose orders may still be claimed for.
func (vs Versions) Unlimited(now time.Time) []Unlimited {
	var found []Unlimited
	for i := range vs.list {
		v := &vs.list[i]
		lacking := v.Lacking()
		if len(lacking) == 0 {
			continue
		}
		until, superseded := vs.end(v, now)
		if superseded && now.Sub(until) > v.Windows.Claim {
			continue
		}
		found = append(found, Unlimited{Version: v, Lacking: lacking, Superseded: superseded})
	}
	return found
}

// end says whether a newer version has replaced v by now, and since when.
func (vs Versions) end(v *Version, now time.Time) (since time.Time, superseded bool) {
	for i := range vs.list {
		o := &vs.list[i]
		if o.PolicyID != v.PolicyID || o.Currency != v.Currency || !o.replaces(v) || o.EffectiveFrom.After(now) {
			continue
		}
		if !superseded || o.EffectiveFrom.Before(since) {
			since, superseded = o.EffectiveFrom, true
		}
	}
	return since, superseded
}

// String names the version and what it lacks.
func (u *Unlimited) String() string {
	return fmt.Sprintf("version %d of policy %s lacks %s", u.Version.Number, u.Version.PolicyID, listed(u.Lacking))
}
