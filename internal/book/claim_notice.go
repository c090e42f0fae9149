package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// OnClaim is the part of a command that acts on one claim.
type OnClaim struct {
	ClaimID string
	// Etag is the version the caller has seen; empty where none is required.
	Etag string
}

func (o *OnClaim) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, o.ClaimID)
	n.holdsOf(c.Header.MerchantID, o.ClaimID)
}

// onClaim names the claim, whose policy a command may ask for; see Call.Follow.
func (o *OnClaim) onClaim() string { return o.ClaimID }

// claim gives the claim, after checking the etag.
func (o *OnClaim) claim(b *Book) (*claim.Claim, error) {
	c, err := b.Claim(o.ClaimID)
	if err != nil {
		return nil, err
	}
	if o.Etag != "" {
		if err := c.CheckEtag(o.Etag); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// about is the outcome of a command on a claim, as the claim is now.
func (b *Book) about(id string) Outcome {
	c := b.claims.get(id).Claim
	return Outcome{ClaimID: id, Claim: &c}
}

// AcceptClaim is the merchant's consent to the debit before the notice period has
// passed.
type AcceptClaim struct {
	OnClaim
	// Note is kept with the move.
	Note string
}

func (a *AcceptClaim) Cover(d *request.Digest) { d.Texts(a.ClaimID, a.Note) }

func (a *AcceptClaim) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(a.ClaimID); c != nil && round == 0 {
		followUsual(b, n, &c.Claim)
	}
}

func (a *AcceptClaim) decide(b *Book) (Outcome, error) {
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if _, ok := claim.Next(c.State, claim.Accepted); !ok {
		return Outcome{}, c.Refuse(claim.Accepted)
	}
	b.record(event.ClaimAccepted, c.ID)
	if err := b.confirm(c.ID, claim.Accepted, a.Note); err != nil {
		return Outcome{}, err
	}
	return b.about(a.ClaimID), nil
}

// ConfirmNotice is the message from the merchant's system that the notice was
// delivered. It starts the notice period.
type ConfirmNotice struct {
	OnClaim
	// Revision is the claim's revision that the delivered notice was about; zero
	// means the current one.
	Revision int32
	// WebhookID and NoticeEvent say which of the engine's own webhooks took the notice,
	// in which event; empty where a caller tells of the delivery.
	WebhookID   string
	NoticeEvent int64
}

// need asks for the claim alone: no money moves.
func (n *ConfirmNotice) need(c *Call, needs *Needs) {
	needs.claim(c.Header.MerchantID, n.ClaimID)
}

// Cover leaves out the webhook: a command of the engine has no request id.
func (n *ConfirmNotice) Cover(d *request.Digest) { d.Texts(n.ClaimID); d.Number(int64(n.Revision)) }

func (n *ConfirmNotice) decide(b *Book) (Outcome, error) {
	c, err := n.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := undeliveredNotice(c, n.Revision); err != nil {
		return Outcome{}, err
	}
	b.record(event.NoticeConfirmed, c.ID)
	if n.WebhookID != "" {
		b.detail("webhook", n.WebhookID)
		b.detail("notice_event", number(n.NoticeEvent))
	}
	if err := b.deliver(c.ID, b.call.Header.ArrivedAt); err != nil {
		return Outcome{}, err
	}
	return b.about(c.ID), nil
}

// deliver has the notice period of a claim begin with the delivery of its notice.
func (b *Book) deliver(id string, at time.Time) error {
	c := b.change(id)
	if at.Before(c.StateSince) {
		// Another replica's clock was ahead when the notice was made.
		at = c.StateSince
	}
	v, err := b.terms(c)
	if err != nil {
		return err
	}
	b.detail("delivered_at", at.UTC().Format(time.RFC3339Nano))
	c.NoticeConfirmedAt = at
	c.EndEscalation()
	b.wait(c, deadline{claim.DeadlineNotice, b.after(at, v.Windows.Notice)})
	return nil
}

// undelivered marks a claim whose notice nobody confirmed, for a person. Nobody has to
// act for it to go on: after the policy's time, counted from when it was made, the notice
// is deemed delivered.
func (b *Book) undelivered(id string) {
	c := b.change(id)
	c.Escalate(b.now)
	at := b.after(c.StateSince, spanOf(b.governing(c), claim.DeadlineNoticeDeemed))
	if at.Before(b.now) {
		at = b.now
	}
	b.wait(c, deadline{claim.DeadlineNoticeDeemed, at})
}

// ResumeNotice gives a notice that was given up on its time to be deemed delivered. Before
// there was such a time, a notice that nobody confirmed waited for a person for ever; claims
// of then are found by their having no deadline.
type ResumeNotice struct{ OnClaim }

func (r *ResumeNotice) Cover(d *request.Digest) { d.Texts(r.ClaimID) }

func (r *ResumeNotice) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.State != claim.Notified || !c.NoticeConfirmedAt.IsZero() || c.Fires != claim.DeadlineNone {
		return Outcome{}, claimMoved(c.ID)
	}
	b.record(event.DeadlinePassed, c.ID)
	b.detail("deadline", string(claim.DeadlineNoticeDelivery))
	b.undelivered(c.ID)
	return b.about(c.ID), nil
}

// NoticeAttempt is an attempt to deliver a notice that is not known to have arrived. It is
// kept as proof that the merchant could have known (rule A3).
type NoticeAttempt struct {
	OnClaim
	// Revision is as in ConfirmNotice.
	Revision int32
	// Channel says by what means: "webhook", "message", "letter".
	Channel string
	// Reference names the attempt with whoever made it, such as a consignment number.
	Reference string
	// Failure says in a word why it failed; empty if that is not known.
	Failure string
	// AttemptedAt is when; zero means now.
	AttemptedAt time.Time
}

// need asks for the claim alone: no money moves.
func (a *NoticeAttempt) need(c *Call, n *Needs) { n.claim(c.Header.MerchantID, a.ClaimID) }

func (a *NoticeAttempt) Cover(d *request.Digest) {
	d.Texts(a.ClaimID, a.Channel, a.Reference, a.Failure)
	d.Number(int64(a.Revision))
	d.Time(a.AttemptedAt)
}

func (a *NoticeAttempt) decide(b *Book) (Outcome, error) {
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := undeliveredNotice(c, a.Revision); err != nil {
		return Outcome{}, err
	}
	at := a.AttemptedAt
	if at.IsZero() {
		at = b.now
	}
	if err := b.notAhead(at, "attempted_at", "an attempt"); err != nil {
		return Outcome{}, err
	}
	if err := b.notBefore(at, c.StateSince, "attempted_at", "an attempt", "the notice was made"); err != nil {
		return Outcome{}, err
	}
	b.record(event.NoticeAttempted, c.ID)
	b.detail("channel", a.Channel)
	b.detail("reference", a.Reference)
	b.detail("failure", a.Failure)
	b.detail("attempted_at", event.Stamp(b.seen(at)))
	return b.about(c.ID), nil
}

// undeliveredNotice refuses what is said of a notice that the claim has not, that is of
// another revision, or that is delivered.
func undeliveredNotice(c *claim.Claim, revision int32) error {
	if c.State != claim.Notified {
		return c.Refuse(claim.NoticeLapsed)
	}
	if !c.NoticeConfirmedAt.IsZero() {
		return fault.New(fault.NoticeAlreadyConfirmed, "delivery of the notice has already been confirmed").
			With("claimId", c.ID).With("confirmedAt", c.NoticeConfirmedAt.Format(time.RFC3339)).About(c)
	}
	if revision != 0 && revision != c.Revision {
		return fault.New(fault.ClaimChanged, "the notice was of revision %d, but the claim is at revision %d", revision, c.Revision).
			With("claimId", c.ID).With("revision", c.Revision).At("revision").About(c)
	}
	return nil
}

// WithdrawClaim is the claimant taking the claim back, until the debit is confirmed.
type WithdrawClaim struct {
	OnClaim
	Note string
}

func (w *WithdrawClaim) Cover(d *request.Digest) { d.Texts(w.ClaimID, w.Note) }

func (w *WithdrawClaim) follow(b *Book, n *Needs, _ int) {
	n.commissionsOf(b.merchantID, w.ClaimID)
	n.evidenceRequestsOf(b.merchantID, w.ClaimID)
	if c := b.claims.get(w.ClaimID); c != nil {
		followGroup(b, n, &c.Claim)
	}
}

func (w *WithdrawClaim) decide(b *Book) (Outcome, error) {
	c, err := w.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if _, ok := claim.Next(c.State, claim.WithdrawnByClaimant); !ok || c.Funding.Funded() > 0 {
		return Outcome{}, c.Refuse(claim.WithdrawnByClaimant)
	}
	b.record(event.ClaimWithdrawn, c.ID)
	b.endCommissions(c.ID, w.Note)
	b.endEvidenceRequests(c.ID, w.Note)
	if err := b.leave(c.ID, ruling{
		rejected: claim.WithdrawnByClaimant, cause: string(claim.WithdrawnByClaimant), note: w.Note,
	}); err != nil {
		return Outcome{}, err
	}
	return b.about(w.ClaimID), nil
}
