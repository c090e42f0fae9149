package authenticator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Life is how long a change waits for a second person. A month is long enough for somebody
// on leave, and too short for a forgotten change to surprise anybody.
const Life = 30 * 24 * time.Hour

// Action is what a change does to a body.
type Action string

// The actions.
const (
	Registered Action = "REGISTERED"
	Revised    Action = "REVISED"
	Suspended  Action = "SUSPENDED"
	Reinstated Action = "REINSTATED"
	KeyAdded   Action = "KEY_ADDED"
	KeyRevoked Action = "KEY_REVOKED"
)

// Actions lists the actions.
func Actions() []Action {
	return []Action{Registered, Revised, Suspended, Reinstated, KeyAdded, KeyRevoked}
}

// ChangeState is where a change stands.
type ChangeState string

// The states of a change.
const (
	// Open waits for a second person.
	Open ChangeState = "OPEN"
	// Applied is in force, or was until a later one.
	Applied ChangeState = "APPLIED"
	// Refused was refused by another person.
	Refused ChangeState = "REFUSED"
	// Withdrawn was taken back by whoever asked for it.
	Withdrawn ChangeState = "WITHDRAWN"
	// Expired was decided by nobody in time.
	Expired ChangeState = "EXPIRED"
)

// ChangeStates lists the states of a change.
func ChangeStates() []ChangeState { return []ChangeState{Open, Applied, Refused, Withdrawn, Expired} }

// Vote is what a person decides on an open change.
type Vote string

// The votes.
const (
	Approve  Vote = "APPROVE"
	Refuse   Vote = "REFUSE"
	Withdraw Vote = "WITHDRAW"
)

// Step is who did something, why and when.
type Step struct {
	Principal principal.Principal
	Note      string
	At        time.Time
}

// Key names a change. Those of a body are numbered from 1 without gaps.
type Key struct {
	ID     string
	Number int32
}

// Name is the name of the change in the contract.
func (k Key) Name() string { return fmt.Sprintf("authenticators/%s/changes/%d", k.ID, k.Number) }

// Change is one change of a body. What it changes never changes itself.
type Change struct {
	Key
	Action Action
	// State is as it is stored: At tells of an open change whose time is over.
	State ChangeState
	// BasedOn is the revision that a revision replaces, or the change that suspended the
	// body which a change reinstates.
	BasedOn int32
	// Revision is the number of the content that the change makes; 0 for none.
	Revision int32
	// Content is what the body is once the change is applied. Changes that make no revision
	// have that of their time.
	Content Content
	// SigningKey is the key that it adds or revokes, as it is once the change is applied; nil
	// for other changes.
	SigningKey *SigningKey
	// Widens are the fields by which it widens trust.
	Widens    []string
	Proposed  Step
	ExpiresAt time.Time
	// Decided is who approved, refused or withdrew it; empty where nobody had to.
	Decided Step
	// EndedAt is when it was applied, refused or withdrawn, or expired; zero while it is open.
	EndedAt time.Time
	// Applied is its number among the applied changes of the register; 0 if it is not.
	Applied int64
}

// At is the change as it stands at a time: one whose time is over has expired.
func (c Change) At(now time.Time) Change {
	if c.State == Open && !now.Before(c.ExpiresAt) {
		c.State, c.EndedAt = Expired, c.ExpiresAt
	}
	return c
}

// Register makes a body. Where two persons must act, the body begins as one that is
// suspended by its registration, until another person reinstates it. Refuses what
// Content.Check refuses.
func Register(id string, content *Content, by Step, two bool) (Body, Change, error) {
	if err := content.Check("authenticator"); err != nil {
		return Body{}, Change{}, err
	}
	b := Body{ID: id, Content: *content, RegisteredAt: by.At, Revision: 1, Changes: 1}
	if two {
		b.Suspended = Suspension{Change: 1, At: by.At, Reason: unapproved}
	}
	c := b.change(Registered, by)
	c.Number, c.Revision, c.State, c.EndedAt = 1, 1, Applied, by.At
	return b, c, nil
}

// unapproved is why a body is suspended that one person has registered where two must.
const unapproved = "registered by one person, and not approved by another one yet"

// change begins a change of the body.
func (b *Body) change(a Action, by Step) Change {
	return Change{
		Key: Key{b.ID, b.Changes + 1}, Action: a, State: Open, Content: b.Content, Proposed: by, ExpiresAt: by.At.Add(Life),
	}
}

// Revise changes the content of a body that has the revision which the caller has seen. A
// content that widens trust waits for a second person; any other is applied. Refuses what
// Content.Check refuses, and with AUTHENTICATOR_CHANGED a body that has another revision by
// now, with REQUEST_INVALID a content that changes nothing, and one that widens trust as
// ask does.
func (b *Body) Revise(content *Content, seen int32, open *Change, by Step) (Body, Change, error) {
	if err := content.Check("authenticator"); err != nil {
		return *b, Change{}, err
	}
	if seen != b.Revision {
		return *b, Change{}, b.changed(seen)
	}
	if content.Equal(&b.Content) {
		return *b, Change{}, fault.New(fault.RequestInvalid, "the content is that of revision %d, and nothing would change", b.Revision).
			With("authenticatorId", b.ID).At("authenticator")
	}
	c := b.change(Revised, by)
	c.Content, c.BasedOn, c.Revision, c.Widens = *content, b.Revision, b.Revision+1, content.Widens(&b.Content)
	if len(c.Widens) == 0 {
		return b.apply(&c, by.At), c, nil
	}
	return b.ask(c, open)
}

func (b *Body) changed(seen int32) error {
	return fault.New(fault.AuthenticatorChanged, "authenticator %s has revision %d, not %d; read it again and decide afresh", b.ID, b.Revision, seen).
		With("authenticatorId", b.ID).With("revision", b.Revision).At("revision")
}

// ask leaves a change to a second person. Refuses with PERSON_REQUIRED what nobody asks
// for, and with PROPOSAL_STATE_CONFLICT a change beside another open one.
func (b *Body) ask(c Change, open *Change) (Body, Change, error) {
	if c.Proposed.Principal.Person == "" {
		return *b, Change{}, fault.New(fault.PersonRequired,
			"a change that widens trust (%s) must be asked for by a person, but the call names no person", strings.Join(c.Widens, ", "))
	}
	if open != nil && open.At(c.Proposed.At).State == Open {
		return *b, Change{}, open.with(fault.New(fault.ProposalStateConflict,
			"change %d of authenticator %s is still open; it must be decided or withdrawn before another one is asked for", open.Number, b.ID)).
			With("state", Open)
	}
	after := *b
	after.Changes = c.Number
	return after, c, nil
}

// apply gives the body after a change, and notes in the change when it was applied.
func (b *Body) apply(c *Change, at time.Time) Body {
	after := *b
	after.Changes = max(after.Changes, c.Number)
	c.State, c.EndedAt = Applied, at
	switch c.Action {
	case Revised:
		after.Content, after.Revision = c.Content, c.Revision
	case Suspended:
		after.Suspended = Suspension{Change: c.Number, At: at, Reason: c.Proposed.Note}
	case Reinstated:
		after.Suspended = Suspension{}
	case KeyAdded:
		after.Keys = append(slices.Clone(b.Keys), c.SigningKey.addedBy(c, at))
	case KeyRevoked:
		after.Keys = slices.Clone(b.Keys)
		after.Keys[b.indexOf(c.SigningKey.Thumbprint)] = *c.SigningKey
	case Registered:
	}
	return after
}

// Suspend stops a body at once: from then on no result of it is recorded. Refuses with
// AUTHENTICATOR_SUSPENDED a body that is suspended.
func (b *Body) Suspend(by Step) (Body, Change, error) {
	if b.Suspended.Change != 0 {
		return *b, Change{}, fault.New(fault.AuthenticatorSuspended, "authenticator %s is suspended already, since %s", b.ID, b.Suspended.At.UTC().Format(time.RFC3339)).
			With("authenticatorId", b.ID).With("suspendedAt", b.Suspended.At.UTC().Format(time.RFC3339))
	}
	c := b.change(Suspended, by)
	return b.apply(&c, by.At), c, nil
}

// Reinstate asks for the end of a suspension. Refuses with AUTHENTICATOR_NOT_SUSPENDED a
// body that is not suspended, and as ask does.
func (b *Body) Reinstate(open *Change, by Step) (Body, Change, error) {
	if b.Suspended.Change == 0 {
		return *b, Change{}, fault.New(fault.AuthenticatorNotSuspended, "authenticator %s is not suspended", b.ID).With("authenticatorId", b.ID)
	}
	c := b.change(Reinstated, by)
	c.BasedOn, c.Widens = b.Suspended.Change, []string{"state"}
	return b.ask(c, open)
}

// Decide decides an open change of the body by a person. An approval applies it. Refuses
// with PERSON_REQUIRED the vote of nobody, with PROPOSAL_STATE_CONFLICT one on a change that
// has ended, with SAME_PERSON an approval or a refusal by whoever asked for it, with
// ACCESS_DENIED a withdrawal by anybody else, and with AUTHENTICATOR_CHANGED an approval of
// what rests on a revision or a suspension that is not in force any more.
func (b *Body) Decide(c Change, v Vote, by Step) (Body, Change, error) {
	if by.Principal.Person == "" {
		return *b, c, Nobody()
	}
	if at := c.At(by.At); at.State != Open {
		return *b, c, c.with(fault.New(fault.ProposalStateConflict, "change %d of authenticator %s is already %s, since %s",
			c.Number, c.ID, at.State, at.EndedAt.UTC().Format(time.RFC3339))).With("state", at.State)
	}
	own := principal.Same(by.Principal.Person, c.Proposed.Principal.Person)
	switch {
	case v == Withdraw && !own:
		return *b, c, c.with(fault.New(fault.AccessDenied, "only the person who asked for change %d can withdraw it; others refuse it", c.Number))
	case v != Withdraw && own:
		return *b, c, c.with(fault.New(fault.SamePerson, "the person who asked for change %d cannot decide it, but can withdraw it", c.Number))
	}
	c.Decided = by
	switch v {
	case Withdraw:
		c.State, c.EndedAt = Withdrawn, by.At
		return *b, c, nil
	case Refuse:
		c.State, c.EndedAt = Refused, by.At
		return *b, c, nil
	case Approve:
	}
	if err := b.stillRests(&c, by.At); err != nil {
		return *b, c, err
	}
	return b.apply(&c, by.At), c, nil
}

// Nobody refuses a decision for which no person is named.
func Nobody() *fault.Error {
	return fault.New(fault.PersonRequired, "a change of an authenticator must be decided by a person, but the call names no person")
}

// stillRests refuses a change that rests on something that is not in force any more.
func (b *Body) stillRests(c *Change, at time.Time) error {
	switch c.Action {
	case Revised:
		if c.BasedOn != b.Revision {
			return b.changed(c.BasedOn)
		}
	case Reinstated:
		if c.BasedOn != b.Suspended.Change {
			return c.with(fault.New(fault.AuthenticatorChanged, "change %d ends a suspension that has ended; ask for the end of the present one", c.Number))
		}
	case KeyAdded:
		if c.SigningKey == nil {
			return b.noKey("")
		}
		return b.admits(c.SigningKey, at)
	case KeyRevoked:
		if c.SigningKey == nil {
			return b.noKey("")
		}
		_, err := b.KeyByThumbprint(c.SigningKey.Thumbprint)
		return err
	case Registered, Suspended:
	}
	return nil
}

// with names the change in a refusal.
func (c *Change) with(f *fault.Error) *fault.Error {
	return f.With("authenticatorId", c.ID).With("changeNumber", c.Number)
}

// ChangeNotFound refuses a change that does not exist.
func ChangeNotFound(k Key) *fault.Error {
	return fault.New(fault.ProposalNotFound, "authenticator %s has no change %d", k.ID, k.Number).
		With("authenticatorId", k.ID).With("changeNumber", k.Number)
}

// Equal says whether two contents say the same, in the same order.
func (c *Content) Equal(other *Content) bool {
	return c.Kind == other.Kind && c.DisplayName == other.DisplayName && slices.Equal(c.Categories, other.Categories) &&
		slices.Equal(c.Brands, other.Brands) && slices.Equal(c.Trademarks, other.Trademarks) && slices.Equal(c.Methods, other.Methods) &&
		slices.Equal(c.Accreditations, other.Accreditations) && slices.Equal(c.Contacts, other.Contacts) &&
		slices.Equal(c.Algorithms, other.Algorithms) && c.SignedOnly == other.SignedOnly
}
