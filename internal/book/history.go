package book

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
)

// record starts an event of the running command. The moves and transfers that follow
// belong to it.
func (b *Book) record(kind event.Kind, claimID string) *event.Event {
	b.head.EventNumber++
	h := &b.call.Header
	return b.events.add(event.Event{
		MerchantID: b.merchantID,
		Number:     b.head.EventNumber,
		Kind:       kind,
		RecordedAt: b.now,
		Actor:      event.Actor{Workload: h.Principal.Workload, Role: string(h.Principal.Role), Person: b.commitment(h.Principal.Person)},
		Method:     h.Method,
		RequestID:  h.RequestID,
		ClaimID:    claimID,
	})
}

// detail adds a fact to the running event.
func (b *Book) detail(key, value string) {
	e := b.event()
	e.Details = append(e.Details, event.Detail{Key: key, Value: value})
}

// detailOn adds a fact to the last event of the running command that is about a claim. There is one.
func (b *Book) detailOn(claimID, key, value string) {
	for i := len(b.events.list) - 1; i >= b.events.kept; i-- {
		if e := &b.events.list[i]; e.ClaimID == claimID {
			e.Details = append(e.Details, event.Detail{Key: key, Value: value})
			return
		}
	}
}

// detailOf adds a fact to an earlier event of the running command.
func (b *Book) detailOf(number int64, key, value string) {
	for i := b.events.kept; i < len(b.events.list); i++ {
		if e := &b.events.list[i]; e.Number == number {
			e.Details = append(e.Details, event.Detail{Key: key, Value: value})
		}
	}
}

func (b *Book) event() *event.Event { return &b.events.list[len(b.events.list)-1] }

// eventOf gives the running event if it is about the claim, and otherwise the
// command's event about that claim, so that events about siblings stay apart.
func (b *Book) eventOf(claimID string) *event.Event {
	e := b.event()
	if e.ClaimID == claimID {
		return e
	}
	kind := event.ClaimRepriced
	for i := b.events.kept; i < len(b.events.list); i++ {
		if earlier := &b.events.list[i]; earlier.ClaimID == claimID {
			kind = earlier.Kind
		}
	}
	return b.record(kind, claimID)
}

// sealEvents encodes the command's events and links them to the chain.
func (b *Book) sealEvents() {
	for i := b.events.kept; i < len(b.events.list); i++ {
		e := &b.events.list[i]
		e.Seal(b.head.EventHash)
		b.head.EventHash = e.Hash
	}
}

// commitment gives the commitment to a person; the first call for a person makes it.
func (b *Book) commitment(person string) string {
	if person == "" {
		return ""
	}
	if p := b.persons.get(person); p != nil {
		return hex.EncodeToString(p.Commitment[:])
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // Never fails: the program ends rather than go on with less.
	p := Person{MerchantID: b.merchantID, PersonID: person, Salt: salt, Commitment: event.Commit(salt, person)}
	b.persons.add(person, p, b.command)
	return hex.EncodeToString(p.Commitment[:])
}

// move takes a claim along its state table, as part of the running event, and
// sets what it waits for next.
func (b *Book) move(id string, t claim.Trigger, note string) error {
	to, ok := claim.Next(b.claims.get(id).State, t)
	if !ok {
		return b.claims.get(id).Refuse(t)
	}
	c := b.change(id)
	from := c.State
	c.State, c.StateSince, c.Assignee, c.ClockStoppedAt = to, b.now, "", time.Time{}
	c.EndEscalation()
	c.EndRetest()
	b.trace(c, from, t, note)
	if to.Final() && !to.Live() {
		b.freeUnits(c)
	}
	b.wait(c, b.deadlineOf(c))
	return nil
}

// trace writes a move into history, exactly one for each running event. A second move
// of the same command, for a claim with nothing to pay, counts a version of its own.
func (b *Book) trace(c *claim.Claim, from claim.State, t claim.Trigger, note string) {
	e := b.eventOf(c.ID)
	if e.Move != nil {
		e = b.record(e.Kind, c.ID)
		c.Version++
	}
	e.Move = &event.Move{From: string(from), To: string(c.State), Trigger: string(t), Version: c.Version}
	e.Note = note
}
