package booktest

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// checkRetests proves of the commissions that the server made that each was drawn, that no unit is
// re-tested twice at once, and that none waits for consent once its claim has been decided.
func (p *proof) checkRetests() {
	type unit struct {
		claim   string
		ordinal int32
	}
	open := make(map[unit]int32)
	for k, x := range p.rows.Commissions {
		if x.MadeAs != string(principal.RoleSystem) || x.Replaces != 0 {
			continue
		}
		if len(x.Seed) != commission.SeedLength || len(x.Candidates) == 0 {
			p.wrongly("re-test", "%v was not drawn", k)
		}
		in := []claim.State{claim.InReview, claim.Authenticating}
		if of := p.rows.Claims[k.Claim]; x.State == commission.Offered && !slices.Contains(in, of.State) {
			p.wrongly("re-test", "%v is offered, and its claim is %s", k, of.State)
		}
		for _, u := range x.Units {
			if !x.State.Open() {
				continue
			}
			if other := open[unit{k.Claim, u.Ordinal}]; other != 0 {
				p.wrongly("re-test", "%v has a unit that commission %d has", k, other)
			}
			open[unit{k.Claim, u.Ordinal}] = k.Number
		}
	}
}
