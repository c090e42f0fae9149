// Package notice records what became of notices at merchants' webhooks: a notice that a
// webhook took is delivered, and one that it did not take was attempted.
package notice

import (
	"context"
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// Recorder records through an engine.
type Recorder struct{ engine *engine.Engine }

// New makes a recorder.
func New(e *engine.Engine) *Recorder { return &Recorder{e} }

// Delivered starts the notice period of a claim whose notice a webhook took.
func (r *Recorder) Delivered(ctx context.Context, n *webhook.Notice) error {
	_, err := r.engine.Do(ctx, request.System(n.MerchantID, "ConfirmNotice"), &book.ConfirmNotice{
		OnClaim: of(n), Revision: n.Revision, WebhookID: n.WebhookID, NoticeEvent: n.EventNumber,
	})
	return unlessSettled(err)
}

// Failed keeps the attempt to deliver a notice.
func (r *Recorder) Failed(ctx context.Context, n *webhook.Notice) error {
	_, err := r.engine.Do(ctx, request.System(n.MerchantID, "RecordNoticeAttempt"), &book.NoticeAttempt{
		OnClaim: of(n), Revision: n.Revision, Channel: "webhook",
		Reference: n.WebhookID + "/" + strconv.FormatInt(n.EventNumber, 10), Failure: failure(n),
	})
	return unlessSettled(err)
}

// of names the claim. An event that tells of no revision is a notice only while the claim
// is as the event left it.
func of(n *webhook.Notice) book.OnClaim {
	o := book.OnClaim{ClaimID: n.ClaimID}
	if n.Revision == 0 {
		o.Etag = strconv.FormatInt(n.Version, 10)
	}
	return o
}

func failure(n *webhook.Notice) string {
	if n.Status == 0 {
		return n.Failure
	}
	return n.Failure + "_" + strconv.Itoa(n.Status)
}

// settled are the refusals which say that the notice is of the past: it is confirmed, of
// another revision, or the claim no longer waits for it.
var settled = []fault.Reason{fault.NoticeAlreadyConfirmed, fault.ClaimChanged, fault.ClaimStateConflict, fault.ClaimNotFound}

func unlessSettled(err error) error {
	if refused, ok := fault.As(err); ok && slices.Contains(settled, refused.Reason) {
		return nil
	}
	return err
}
