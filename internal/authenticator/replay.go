package authenticator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Replay gives the body that its changes make: all that were asked for, applied or not, by
// their numbers. Applied ones count in the order of the register. An error says why they make
// none.
//
// Where two persons must register, a body begins as a suspended one, which its registration
// does not tell; suspended says so.
func Replay(changes []Change, suspended bool) (Body, error) {
	for i := range changes {
		if int(changes[i].Number) != i+1 {
			return Body{}, fmt.Errorf("change %d stands in place of change %d", changes[i].Number, i+1)
		}
	}
	applied := appliedInOrder(changes)
	if len(applied) == 0 || applied[0].Action != Registered || applied[0].Number != 1 {
		return Body{}, errors.New("its first applied change is not its registration")
	}
	first := applied[0]
	b := Body{ID: first.ID, Content: first.Content, RegisteredAt: first.EndedAt, Revision: 1}
	if suspended {
		b.Suspended = Suspension{Change: 1, At: first.EndedAt, Reason: unapproved}
	}
	for i := range applied {
		c := applied[i]
		switch err := b.stillRests(&c, c.EndedAt); {
		case i > 0 && c.Action == Registered:
			return Body{}, fmt.Errorf("change %d registers it a second time", c.Number)
		case err != nil:
			return Body{}, fmt.Errorf("change %d rests on what was not in force: %w", c.Number, err)
		}
		b = b.apply(&c, c.EndedAt)
		b.Version = c.Applied
	}
	b.Changes = int32(len(changes)) // A number of a change is one.
	return b, nil
}

func appliedInOrder(changes []Change) []Change {
	var applied []Change
	for i := range changes {
		if changes[i].State == Applied {
			applied = append(applied, changes[i])
		}
	}
	slices.SortFunc(applied, func(x, y Change) int { return cmp.Compare(x.Applied, y.Applied) })
	return applied
}
