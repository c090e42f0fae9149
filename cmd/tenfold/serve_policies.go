package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/policy"
)

// checkPolicies refuses to serve under policies that lack limits, unless the settings name
// them, and says of each what it lacks. Under a version without limits one claim can cost
// any amount that nobody has approved.
func checkPolicies(versions policy.Versions, named []string, now time.Time, log *slog.Logger) error {
	var refused, policies []string
	needed := make(map[string]bool)
	for _, u := range versions.Unlimited(now) {
		id := u.Version.PolicyID
		needed[id] = true
		switch {
		case u.Superseded:
			log.Warn("a policy version lacks limits, and claims on orders that were paid under it go on",
				"policy", id, "version", u.Version.Number, "lacks", u.Lacking)
		case slices.Contains(named, id):
			log.Warn("a policy version lacks limits, as the settings allow",
				"policy", id, "version", u.Version.Number, "lacks", u.Lacking)
		default:
			refused = append(refused, u.String())
			if !slices.Contains(policies, id) {
				policies = append(policies, id)
			}
		}
	}
	for _, id := range named {
		if !needed[id] {
			log.Warn("no version of a policy that the settings allow to lack limits lacks any", "policy", id)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%s; publish versions that set them (docs/policies.md), or allow it by name: "+
		"--allow-policy-without-limits=%s",
		strings.Join(refused, "; "), strings.Join(slices.Concat(named, policies), ","))}
}

// checkNamedPolicies refuses names that no policy can have.
func checkNamedPolicies(named []string) error {
	for _, id := range named {
		if !policyID.MatchString(id) {
			return errors.New("--allow-policy-without-limits (TENFOLD_ALLOW_POLICY_WITHOUT_LIMITS) must name policies " +
				"by their ids, such as promise-tenfold, separated by commas")
		}
	}
	return nil
}
