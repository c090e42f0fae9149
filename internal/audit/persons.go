package audit

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// checkPersons proves that what stands for persons in events is made of them.
func (b *inspection) checkPersons() error {
	after := ""
	for {
		persons, err := b.rows.Persons(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		for i := range persons {
			p := &persons[i]
			if event.Commit(p.Salt, p.PersonID) != p.Commitment {
				b.wrong("person "+p.PersonID, "the commitment is not that of its salt")
			}
			after = p.PersonID
		}
		if len(persons) < pageRows {
			return nil
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// among says whether a person is one of some, by whatever spelling.
func among(persons []string, person string) bool {
	return slices.ContainsFunc(persons, func(p string) bool { return principal.Same(p, person) })
}

// others is how many people some persons are, apart from one of them.
func others(persons []string, but string) int {
	var seen []string
	for _, p := range persons {
		if !principal.Same(p, but) && !among(seen, p) {
			seen = append(seen, p)
		}
	}
	return len(seen)
}
