package audit

import (
	"encoding/hex"
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
			commitment := hex.EncodeToString(p.Commitment[:])
			b.persons[p.PersonID], b.behind[commitment] = commitment, p.PersonID
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

// by records a discrepancy unless a person is the one behind a commitment. The commitment
// of a person who was erased belongs to nobody whom the book knows.
func (b *inspection) by(subject, what, person, commitment string) {
	_, known := b.persons[person]
	behind, ok := b.behind[commitment]
	right := person == ""
	switch {
	case commitment == "":
	case ok:
		right = principal.Same(person, behind)
	default:
		right = person != "" && !known
	}
	if !right {
		b.wrong(subject, "%s is not the person that its event tells of", what)
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
