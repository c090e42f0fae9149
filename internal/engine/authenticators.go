package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The registry of authenticators belongs to no book, so its changes run outside the lanes.
// What a lane judges by is compared when it writes (see postgres): a result is recorded
// under the body as it is at the commit, and a change waits for the writes that rest on the
// body as it was.

// Authenticator reads an authenticator as it stands. AUTHENTICATOR_NOT_FOUND.
func (e *Engine) Authenticator(ctx context.Context, id string) (*authenticator.Body, error) {
	return e.db.Authenticator(ctx, id)
}

// RegisterAuthenticator registers a body whose results count, without limits but
// categories. See Register.
func (e *Engine) RegisterAuthenticator(ctx context.Context, h request.Header, a claim.Authenticator) (replayed bool, err error) {
	_, replayed, err = e.Register(ctx, h, a.ID, authenticator.Content{Kind: a.Kind, DisplayName: a.DisplayName, Categories: a.Categories})
	return replayed, err
}

// Register registers a body whose results count. Refuses with
// AUTHENTICATOR_ALREADY_REGISTERED, and with what Content.Check refuses.
func (e *Engine) Register(ctx context.Context, h request.Header, id string, content authenticator.Content) (*authenticator.Body, bool, error) {
	made, replayed, err := e.changeBodies(ctx, h, registration{id, content}, []string{id}, func(r *request.Once) { r.Name = "authenticators/" + id },
		func(at time.Time, found map[string]postgres.HeldBody) ([]postgres.BodyChange, error) {
			if found[id].Body != nil {
				return nil, registered(id)
			}
			b, c, err := authenticator.Register(id, &content, step(&h, "", at), e.config.RegisterByTwo)
			return []postgres.BodyChange{{Body: b, Change: c}}, err
		})
	if err != nil {
		return nil, false, err
	}
	if replayed {
		b, err := e.Authenticator(ctx, id)
		return b, true, err
	}
	return &made[0].Body, false, nil
}

func registered(id string) *fault.Error {
	return fault.New(fault.AuthenticatorRegistered, "authenticator %s is already registered", id).
		With("authenticatorId", id).At("authenticator_id")
}

func step(h *request.Header, note string, at time.Time) authenticator.Step {
	return authenticator.Step{Principal: h.Principal, Note: note, At: at}
}

// changeBodies changes bodies under a request. named sets what the stored request names.
func (e *Engine) changeBodies(
	ctx context.Context, h request.Header, content request.Content, ids []string, named func(*request.Once),
	decide func(at time.Time, found map[string]postgres.HeldBody) ([]postgres.BodyChange, error),
) (made []postgres.BodyChange, replayed bool, err error) {
	r := h.Once(request.DigestOf(content), e.Now())
	named(&r)
	_, made, replayed, err = e.db.ChangeAuthenticators(ctx, r, ids, e.Now, decide)
	if err != nil {
		return nil, false, unfinished(err)
	}
	return made, replayed, nil
}

// ChangedBody is an authenticator and one of its changes, both as they stand after a request.
type ChangedBody struct {
	Body     *authenticator.Body
	Change   authenticator.Change
	Replayed bool
}

// numberings is how often a request is tried whose change has just lost its number to
// another one.
const numberings = 4

// changeBody asks for a change of one body under a request, which names the change.
// AUTHENTICATOR_NOT_FOUND, and what decide refuses.
func (e *Engine) changeBody(
	ctx context.Context, h request.Header, content request.Content, id string,
	decide func(b *authenticator.Body, open *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error),
) (made ChangedBody, err error) {
	for range numberings {
		before, err := e.Authenticator(ctx, id)
		if err != nil {
			return made, unfinished(err)
		}
		k := authenticator.Key{ID: id, Number: before.Changes + 1}
		made, err = e.changeNamed(ctx, h, content, k, func(held postgres.HeldBody, at time.Time) (authenticator.Body, authenticator.Change, error) {
			if held.Body.Changes != before.Changes {
				return authenticator.Body{}, authenticator.Change{}, postgres.ErrContended
			}
			return decide(held.Body, held.Open, at)
		})
		if !errors.Is(err, fault.TransactionContended) {
			return made, err
		}
	}
	return made, unfinished(postgres.ErrContended)
}

// changeNamed makes or decides a change of a body under a request, which names it.
func (e *Engine) changeNamed(
	ctx context.Context, h request.Header, content request.Content, k authenticator.Key,
	decide func(held postgres.HeldBody, at time.Time) (authenticator.Body, authenticator.Change, error),
) (ChangedBody, error) {
	r := h.Once(request.DigestOf(content), e.Now())
	r.Name = k.Name()
	stored, made, replayed, err := e.db.ChangeAuthenticators(ctx, r, []string{k.ID}, e.Now,
		func(at time.Time, found map[string]postgres.HeldBody) ([]postgres.BodyChange, error) {
			held := found[k.ID]
			if held.Body == nil {
				return nil, authenticator.NotFound(k.ID)
			}
			b, c, err := decide(held, at)
			return []postgres.BodyChange{{Body: b, Change: c, Decided: c.Number <= held.Body.Changes}}, err
		})
	switch {
	case err != nil:
		return ChangedBody{}, unfinished(err)
	case !replayed:
		return ChangedBody{Body: &made[0].Body, Change: made[0].Change}, nil
	}
	return e.changedBefore(ctx, k.ID, stored.Name)
}

// changedBefore reads what the request of a replay made, by its name.
func (e *Engine) changedBefore(ctx context.Context, id, name string) (made ChangedBody, err error) {
	k := authenticator.Key{ID: id}
	if _, err := fmt.Sscanf(strings.TrimPrefix(name, "authenticators/"+id+"/"), "changes/%d", &k.Number); err != nil {
		return made, fmt.Errorf("read the name of a stored request %q: %w", name, err)
	}
	made.Replayed = true
	if made.Change, err = e.AuthenticatorChange(ctx, k); err != nil {
		return made, err
	}
	made.Body, err = e.Authenticator(ctx, id)
	return made, err
}

// AuthenticatorChange reads a change as it stands now. PROPOSAL_NOT_FOUND.
func (e *Engine) AuthenticatorChange(ctx context.Context, k authenticator.Key) (authenticator.Change, error) {
	c, err := e.db.AuthenticatorChange(ctx, k)
	return c.At(e.Now()), err
}

// ReviseAuthenticator changes what an authenticator may judge; see Body.Revise.
func (e *Engine) ReviseAuthenticator(ctx context.Context, h request.Header, id string, content authenticator.Content, seen int32, note string) (ChangedBody, error) {
	asked := revision{registration{id, content}, seen, note}
	return e.changeBody(ctx, h, asked, id, func(b *authenticator.Body, open *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error) {
		return b.Revise(&content, seen, open, step(&h, note, at))
	})
}

// BodyItem is one body of a batch.
type BodyItem struct {
	ID      string
	Content authenticator.Content
}

// Registered is what became of one body of a batch. Its change is nil where the content was
// the one in force.
type Registered struct {
	ID     string
	Change *authenticator.Change
}

// RegisterAll registers bodies, all or none, and revises those that are registered already.
// A refusal names the item. Nothing is given for a replay.
func (e *Engine) RegisterAll(ctx context.Context, h request.Header, items []BodyItem, note string) (all []Registered, replayed bool, err error) {
	ids, at := make([]string, len(items)), make(map[string]int, len(items))
	for i, x := range items {
		if first, twice := at[x.ID]; twice {
			return nil, false, fault.New(fault.RequestInvalid, "items[%d] has the id of items[%d]", i, first).
				With("authenticatorId", x.ID).At(fmt.Sprintf("items[%d].authenticator_id", i))
		}
		ids[i], at[x.ID] = x.ID, i
	}
	_, replayed, err = e.changeBodies(ctx, h, registrations{items, note}, ids, func(r *request.Once) { r.Name = "authenticators" },
		func(now time.Time, found map[string]postgres.HeldBody) ([]postgres.BodyChange, error) {
			var made []postgres.BodyChange
			all = make([]Registered, len(items))
			for i := range items {
				all[i].ID = items[i].ID
				held := found[items[i].ID]
				if held.Body != nil && held.Body.Content.Equal(&items[i].Content) {
					continue
				}
				m, err := e.registerOrRevise(&items[i], held, step(&h, note, now))
				if err != nil {
					return nil, ofItem(err, i)
				}
				made, all[i].Change = append(made, m), &m.Change
			}
			return made, nil
		})
	if err != nil || replayed {
		return nil, replayed, err
	}
	return all, false, nil
}

func (e *Engine) registerOrRevise(x *BodyItem, held postgres.HeldBody, by authenticator.Step) (m postgres.BodyChange, err error) {
	if held.Body == nil {
		m.Body, m.Change, err = authenticator.Register(x.ID, &x.Content, by, e.config.RegisterByTwo)
	} else {
		m.Body, m.Change, err = held.Body.Revise(&x.Content, held.Body.Revision, held.Open, by)
	}
	return m, err
}

// ofItem names the item of a batch in a refusal.
func ofItem(err error, i int) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	of := *f
	of.Field = strings.TrimSuffix(fmt.Sprintf("items[%d].%s", i, f.Field), ".")
	return (&of).With("item", i)
}

// SuspendAuthenticator stops an authenticator at once: when it returns, no result is recorded
// on its word any more. See Body.Suspend.
func (e *Engine) SuspendAuthenticator(ctx context.Context, h request.Header, id, reason string) (ChangedBody, error) {
	return e.changeBody(ctx, h, noted{id, reason}, id, func(b *authenticator.Body, _ *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error) {
		return b.Suspend(step(&h, reason, at))
	})
}

// ReinstateAuthenticator asks another person for the end of a suspension; see Body.Reinstate.
func (e *Engine) ReinstateAuthenticator(ctx context.Context, h request.Header, id, note string) (ChangedBody, error) {
	return e.changeBody(ctx, h, noted{id, note}, id, func(b *authenticator.Body, open *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error) {
		return b.Reinstate(open, step(&h, note, at))
	})
}

// DecideAuthenticatorChange approves, refuses or withdraws an open change; see Body.Decide.
func (e *Engine) DecideAuthenticatorChange(ctx context.Context, h request.Header, k authenticator.Key, v authenticator.Vote, note string) (ChangedBody, error) {
	if h.Principal.Person == "" {
		return ChangedBody{}, authenticator.Nobody()
	}
	content := decidedChange{k, v, note}
	return e.changeNamed(ctx, h, content, k, func(held postgres.HeldBody, at time.Time) (authenticator.Body, authenticator.Change, error) {
		c := held.Open
		if c == nil || c.Key != k {
			ended, err := e.db.AuthenticatorChange(ctx, k)
			if err != nil {
				return authenticator.Body{}, authenticator.Change{}, err
			}
			c = &ended
		}
		return held.Body.Decide(*c, v, step(&h, note, at))
	})
}

// The contents of requests.

type registration struct {
	id string
	authenticator.Content
}

// DigestVersion implements request.Grown: the second list covers everything that may be said
// beside categories, the third one signatures too.
func (r registration) DigestVersion() int64 {
	switch {
	case len(r.Algorithms) > 0 || r.SignedOnly:
		return request.FirstVersion + 2
	case len(r.Brands)+len(r.Trademarks)+len(r.Methods)+len(r.Accreditations)+len(r.Contacts) == 0:
		return request.FirstVersion
	}
	return request.FirstVersion + 1
}

func (r registration) Cover(d *request.Digest) {
	d.Texts(r.id, string(r.Kind), r.DisplayName)
	d.Texts(r.Categories...)
	if r.DigestVersion() == request.FirstVersion {
		return
	}
	for _, list := range [][]string{r.Brands, r.Trademarks, r.Methods} {
		d.Number(int64(len(list)))
		d.Texts(list...)
	}
	d.Number(int64(len(r.Accreditations)))
	for _, a := range r.Accreditations {
		d.Texts(a.Scheme, a.Number, a.From, a.Until)
	}
	for _, c := range r.Contacts {
		d.Texts(c.Role, c.Name, c.Email, c.Phone)
	}
	if r.DigestVersion() > request.FirstVersion+1 {
		d.Number(int64(len(r.Algorithms)))
		for _, a := range r.Algorithms {
			d.Texts(string(a))
		}
		d.Flag(r.SignedOnly)
	}
}

type revision struct {
	registration
	seen int32
	note string
}

func (r revision) Cover(d *request.Digest) {
	r.registration.Cover(d)
	d.Number(int64(r.seen))
	d.Texts(r.note)
}

type noted struct{ id, note string }

func (n noted) Cover(d *request.Digest) { d.Texts(n.id, n.note) }

type decidedChange struct {
	authenticator.Key
	vote authenticator.Vote
	note string
}

func (c decidedChange) Cover(d *request.Digest) {
	d.Texts(c.ID, string(c.vote), c.note)
	d.Number(int64(c.Number))
}

type registrations struct {
	items []BodyItem
	note  string
}

func (r registrations) Cover(d *request.Digest) {
	d.Number(int64(len(r.items)))
	for _, x := range r.items {
		one := request.DigestOf(registration{x.ID, x.Content})
		d.Texts(string(one[:]))
	}
	d.Texts(r.note)
}
