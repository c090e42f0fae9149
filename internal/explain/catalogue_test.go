package explain

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// lacks names the words of list that a catalogue does not have.
func lacks[W ~string, T any](t *testing.T, l Language, what string, words map[W]T, list []W) {
	t.Helper()
	for _, w := range list {
		if _, ok := words[w]; !ok {
			t.Errorf("%s has no words for %s %s", l, what, w)
		}
	}
	if len(words) > len(list) {
		t.Errorf("%s has words for %d of %s, of which there are %d", l, len(words), what, len(list))
	}
}

// Would catch a state, trigger, action or other word of the domain that a
// language cannot say, and would show raw.
func TestEveryWordIsSaid(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		c := in(l)
		lacks(t, l, "state", c.states, claim.States())
		lacks(t, l, "the name of state", c.names, claim.States())
		if l != English {
			lacks(t, l, "money in state", c.money, claim.States())
		}
		lacks(t, l, "trigger", c.triggers, claim.Triggers())
		lacks(t, l, "party", c.parties, claim.Parties())
		lacks(t, l, "action", c.actions, claim.Actions())
		lacks(t, l, "deadline", c.deadlines, claim.Deadlines())
		lacks(t, l, "verdict", c.verdicts, claim.Verdicts())
		lacks(t, l, "basis", c.bases, []policy.LegalBasis{policy.Promise, policy.FoodSafety148, policy.ConsumerProtection55, policy.Best})
		lacks(t, l, "effect", c.effects, claim.MoneyEffects())
	}
	lacks(t, Chinese, "role", chinese.roles, rolesOf(english))
}

func rolesOf(c *catalogue) []string {
	var out []string
	for r := range c.roles {
		out = append(out, r)
	}
	return out
}
