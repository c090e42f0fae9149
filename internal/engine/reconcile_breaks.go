package engine

import (
	"context"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// BreakChange is what a person does to a break.
type BreakChange struct {
	ID, Etag string
	Action   reconcile.BreakAction
	Text     string
	Assignee string
	Reason   reconcile.CloseReason
}

// Cover covers what is done.
func (c *BreakChange) Cover(d *request.Digest) {
	d.Texts(c.ID, string(c.Action), c.Text, c.Assignee, string(c.Reason))
}

// BreakEtag is the etag of a break.
func BreakEtag(b *reconcile.StoredBreak) string { return strconv.FormatInt(b.Version, 10) }

func breakNotFound(id string) *fault.Error {
	return fault.New(fault.BreakNotFound, "there is no break with the id %s", id)
}

// Break reads a break.
func (e *Engine) Break(ctx context.Context, id string) (reconcile.StoredBreak, error) {
	b, found, err := e.db.Reader().Break(ctx, id)
	if err == nil && !found {
		err = breakNotFound(id)
	}
	return b, err
}

// ChangeBreak does to a break what a person wants.
func (e *Engine) ChangeBreak(ctx context.Context, h request.Header, c *BreakChange) (b reconcile.StoredBreak, replayed bool, err error) {
	if h.Principal.Person == "" {
		return b, false, fault.New(fault.PersonRequired, "a break must be changed by a person, but the call names no person")
	}
	replayed, err = e.once(h, c, func(r request.Once) (replayed bool, err error) {
		r.Name = "breaks/" + c.ID
		now := e.Now()
		b, replayed, err = e.db.ChangeBreak(ctx, r, c.ID, func(b *reconcile.StoredBreak, found bool) (reconcile.BreakNote, error) {
			note := reconcile.BreakNote{Action: c.Action, Text: c.Text, Assignee: c.Assignee, By: h.Principal, At: now}
			switch {
			case !found:
				return note, breakNotFound(c.ID)
			case BreakEtag(b) != c.Etag:
				return note, fault.New(fault.BreakChanged, "the break was changed since it was read with the etag %s", c.Etag).With("etag", BreakEtag(b)).At("etag")
			case b.State == reconcile.Closed && c.Action != reconcile.Commented:
				return note, fault.New(fault.BreakStateConflict, "the break is closed for the reason %s", string(b.Reason)).With("closeReason", b.Reason)
			}
			switch c.Action {
			case reconcile.Assigned:
				b.Assignee = c.Assignee
			case reconcile.Ended:
				b.State, b.ClosedAt, b.Reason = reconcile.Closed, now, c.Reason
			case reconcile.Commented, reconcile.Opened, reconcile.SeenAgain:
			}
			return note, nil
		})
		return replayed, err
	})
	return b, replayed, err
}
