package webhook

import (
	"context"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Notice is a notice in an event that was sent to a webhook that confirms notices.
type Notice struct {
	MerchantID, ClaimID string
	// Revision is the revision that the event tells of; zero if it tells of none, and then
	// Version is the claim's version after the event.
	Revision int32
	Version  int64
	// WebhookID and EventNumber say what was sent where.
	WebhookID   string
	EventNumber int64
	// Status and Failure are how a try failed.
	Status  int
	Failure string
}

// Notices hears what became of notices. It takes no offence at a notice that is out of
// date or confirmed already; an error means that it could not be recorded.
type Notices interface {
	// Delivered is called when a webhook took a notice, before the delivery is done with.
	Delivered(context.Context, *Notice) error
	// Failed is called when the first try of a notice failed, and when it is given up.
	Failed(context.Context, *Notice) error
}

// noticeIn finds the notice that an event tells of, if any: the event brought the claim to
// where the merchant is to be told, or made another revision.
func noticeIn(d *postgres.Delivery, e *event.Event) (n Notice, found bool) {
	n = Notice{MerchantID: e.MerchantID, ClaimID: e.ClaimID, WebhookID: d.Webhook.ID, EventNumber: e.Number}
	for i := range e.Rows {
		r := &e.Rows[i]
		if r.Table != "claim_revisions" {
			continue
		}
		if number, err := strconv.ParseInt(r.Key, 10, 32); err == nil {
			n.Revision, found = int32(number), true
		}
	}
	if m := e.Move; m != nil && m.To == string(claim.Notified) {
		n.Version, found = m.Version, true
	}
	return n, found && e.ClaimID != ""
}

// tellNotice tells of the notice in an event that was sent, or could not be.
func (w *Webhooks) tellNotice(ctx context.Context, d *postgres.Delivery, o outcome, dead bool) error {
	if !d.Webhook.ConfirmsNotices || w.notices == nil {
		return nil
	}
	if !o.taken() && d.Attempts > 0 && !dead {
		return nil
	}
	e, err := w.source(d.Event).Decoded()
	if err != nil {
		return nil // The event could not be sent, and that is said elsewhere.
	}
	n, found := noticeIn(d, e)
	switch {
	case !found:
		return nil
	case o.taken():
		return w.notices.Delivered(ctx, &n)
	}
	n.Status, n.Failure = o.status, o.failure
	return w.notices.Failed(ctx, &n)
}
