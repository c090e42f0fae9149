package audit

import "github.com/tenfold-claims/tenfold/internal/event"

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
