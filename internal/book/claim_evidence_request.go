package book

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Who is asked for which evidence until when. A request decides nothing: whoever decides the
// claim looks at what came and what did not.

// RequestEvidence asks a party of a claim for evidence. Refuses with
// EVIDENCE_REQUEST_BODY_UNINVOLVED a laboratory without a part in the claim, and with
// EVIDENCE_REQUEST_LIMIT_REACHED one request too many.
type RequestEvidence struct {
	ClaimID string
	Asked   claim.Asked
	// AuthenticatorID is the laboratory that is asked; empty for another party.
	AuthenticatorID string
	// Kind is the kind of evidence, Question what is to be shown by it.
	Kind     string
	Question string
	DueAt    time.Time
}

func (r *RequestEvidence) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, r.ClaimID)
	n.evidenceRequestsOf(c.Header.MerchantID, r.ClaimID)
	if r.AuthenticatorID != "" {
		n.commissionsOf(c.Header.MerchantID, r.ClaimID)
		n.resultsOf(c.Header.MerchantID, r.ClaimID)
	}
}

// Cover implements request.Content.
func (r *RequestEvidence) Cover(d *request.Digest) {
	d.Texts(r.ClaimID, string(r.Asked), r.AuthenticatorID, r.Kind, r.Question)
	d.Time(r.DueAt)
}

func (r *RequestEvidence) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(r.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	// From here on nothing refuses.
	e := b.record(event.EvidenceRequested, c.ID)
	who := &b.call.Header.Principal
	made := claim.EvidenceRequest{
		MerchantID: b.merchantID, ClaimID: c.ID, Number: b.lastEvidenceRequest(c.ID) + 1, Asked: r.Asked,
		AuthenticatorID: r.AuthenticatorID, State: claim.RequestOpen, Kind: r.Kind, Question: r.Question,
		DueAt: r.DueAt.UTC().Truncate(time.Microsecond), MadeAs: string(who.Role), MadeBy: who.Person, MadeAt: b.now, EventNumber: e.Number,
	}
	b.tellEvidenceRequest(&made)
	b.evidenceRequests.add(evidenceRequestKey{c.ID, made.Number}, made, b.command)
	return b.requestedEvidence(made), nil
}

// check refuses a claim of which nothing is decided any more, one request too many, a time by
// which nobody can answer, and a laboratory without a part in the claim.
func (r *RequestEvidence) check(b *Book, c *claim.Claim) error {
	if c.State.Final() && c.State != claim.Paid && c.State != claim.Rejected {
		return c.Refuse(claim.ResultUndecided)
	}
	if b.lastEvidenceRequest(c.ID) >= claim.EvidenceRequestsMax {
		return fault.New(fault.EvidenceRequestLimit, "claim %s has %d requests for evidence already, and can have no more", c.ID, claim.EvidenceRequestsMax).
			With("claimId", c.ID).With("evidenceRequestsMax", claim.EvidenceRequestsMax).About(c)
	}
	switch latest := b.now.Add(claim.EvidenceDueMax); {
	case !r.DueAt.After(b.now):
		return fault.New(fault.RequestInvalid, "evidence cannot be due at %s, which has passed", r.DueAt.UTC().Format(time.RFC3339)).At("due_at")
	case r.DueAt.After(latest):
		return fault.New(fault.RequestInvalid, "evidence must be due by %s at the latest, and not at %s",
			latest.UTC().Format(time.RFC3339), r.DueAt.UTC().Format(time.RFC3339)).With("latest", latest.UTC().Format(time.RFC3339Nano)).At("due_at")
	}
	if r.AuthenticatorID != "" && !b.takesPart(c.ID, r.AuthenticatorID) {
		return fault.New(fault.EvidenceRequestUninvolved, "authenticator %s has recorded no result on claim %s, and has no commission of it",
			r.AuthenticatorID, c.ID).With("claimId", c.ID).At("authenticator").About(c)
	}
	return nil
}

// takesPart says whether a body has a part in a claim: it reported on it, or is commissioned
// with it.
func (b *Book) takesPart(claimID, authenticatorID string) bool {
	for _, id := range b.resultsOf[claimID] {
		if r := b.results.get(id); r != nil && r.AuthenticatorID == authenticatorID {
			return true
		}
	}
	return slices.ContainsFunc(b.commissionsOn(claimID), func(x *commission.Commission) bool {
		return x.AuthenticatorID == authenticatorID && x.State.Open()
	})
}

// OnEvidenceRequest names a request for evidence. Every command on one embeds it.
type OnEvidenceRequest struct {
	ClaimID string
	Number  int32
}

func (o *OnEvidenceRequest) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, o.ClaimID)
	n.evidenceRequestsOf(c.Header.MerchantID, o.ClaimID)
}

// of gives the request; EVIDENCE_REQUEST_NOT_FOUND.
func (o *OnEvidenceRequest) of(b *Book) (*claim.EvidenceRequest, error) {
	if _, err := b.Claim(o.ClaimID); err != nil {
		return nil, err
	}
	return b.evidenceRequest(o.ClaimID, o.Number)
}

// CancelEvidenceRequest ends an open request, because the evidence is not needed.
type CancelEvidenceRequest struct {
	OnEvidenceRequest
	Note string
}

// Cover implements request.Content.
func (x *CancelEvidenceRequest) Cover(d *request.Digest) {
	d.Texts(x.ClaimID, x.Note)
	d.Number(int64(x.Number))
}

func (x *CancelEvidenceRequest) decide(b *Book) (Outcome, error) {
	r, err := x.of(b)
	if err != nil {
		return Outcome{}, err
	}
	if r.State != claim.RequestOpen {
		return Outcome{}, r.Refuse("nobody is waited for")
	}
	b.record(event.EvidenceRequestCancelled, r.ClaimID)
	b.tellEvidenceRequest(r)
	return b.requestedEvidence(*b.endEvidenceRequest(r, x.Note)), nil
}

// PassEvidenceRequest is a worker's command for a request whose time it saw pass: it stands
// among those that are overdue from now on. It is refused with CLAIM_CHANGED if the request has
// changed since.
type PassEvidenceRequest struct {
	OnEvidenceRequest
	DueAt time.Time
}

// Cover implements request.Content.
func (x *PassEvidenceRequest) Cover(d *request.Digest) {
	d.Texts(x.ClaimID)
	d.Number(int64(x.Number))
	d.Time(x.DueAt)
}

func (x *PassEvidenceRequest) decide(b *Book) (Outcome, error) {
	r, err := x.of(b)
	if err != nil {
		return Outcome{}, err
	}
	if r.State != claim.RequestOpen || !r.OverdueAt.IsZero() || !r.DueAt.Equal(x.DueAt) || !passed(r.DueAt, b.now.Add(-b.settings.LapseGrace)) {
		return Outcome{}, claimMoved(x.ClaimID)
	}
	b.record(event.EvidenceRequestOverdue, r.ClaimID)
	b.tellEvidenceRequest(r)
	r = b.evidenceRequests.edit(evidenceRequestKey{r.ClaimID, r.Number}, b.command)
	r.OverdueAt = b.now
	return b.requestedEvidence(*r), nil
}

// answerEvidenceRequest counts evidence as an answer to a request of its claim, as part of the
// running event, and says whether it came late. No request is zero.
func (b *Book) answerEvidenceRequest(claimID string, n int32) (late bool) {
	if n == 0 {
		return false
	}
	r := b.evidenceRequests.edit(evidenceRequestKey{claimID, n}, b.command)
	r.Answer(b.now)
	late = r.Late(b.call.Header.ArrivedAt)
	b.detail("evidence_request", number(int64(n)))
	if late {
		b.detail("late", "true")
	}
	return late
}

// mayAnswer refuses evidence that names a request which the claim does not have, or which was
// cancelled. No request is zero.
func (b *Book) mayAnswer(claimID string, n int32) error {
	if n == 0 {
		return nil
	}
	r, err := b.evidenceRequest(claimID, n)
	if err == nil {
		err = r.MayAnswer()
	}
	if refused, ok := fault.As(err); ok {
		return refused.At("evidence_request")
	}
	return err
}

// tellEvidenceRequest adds to the running event which request it is about. Every party reads the
// events of the book, and is told nothing there of what another is asked.
func (b *Book) tellEvidenceRequest(r *claim.EvidenceRequest) {
	b.detail("evidence_request", number(int64(r.Number)))
}

// requestedEvidence is the outcome of a command on a request for evidence.
func (b *Book) requestedEvidence(r claim.EvidenceRequest) Outcome {
	o := b.about(r.ClaimID)
	o.EvidenceRequest = &r
	return o
}

// evidenceRequest gives a request of a claim; EVIDENCE_REQUEST_NOT_FOUND.
func (b *Book) evidenceRequest(claimID string, n int32) (*claim.EvidenceRequest, error) {
	if r := b.evidenceRequests.get(evidenceRequestKey{claimID, n}); r != nil {
		return r, nil
	}
	return nil, fault.New(fault.EvidenceRequestNotFound, "claim %s has no request %d for evidence", claimID, n).
		With("claimId", claimID).With("evidenceRequest", strconv.Itoa(int(n)))
}

// evidenceRequestsOn are the requests for evidence of a claim, oldest first.
func (b *Book) evidenceRequestsOn(claimID string) []*claim.EvidenceRequest {
	var list []*claim.EvidenceRequest
	for _, text := range b.evidenceRequestsOf[claimID] {
		n, _ := strconv.Atoi(text) // As the index wrote it.
		if r := b.evidenceRequests.get(evidenceRequestKey{claimID, int32(n)}); r != nil {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(x, y *claim.EvidenceRequest) int { return int(x.Number - y.Number) })
	return list
}

// lastEvidenceRequest is the number of a claim's newest request; zero for none.
func (b *Book) lastEvidenceRequest(claimID string) int32 {
	if list := b.evidenceRequestsOn(claimID); len(list) > 0 {
		return list[len(list)-1].Number
	}
	return 0
}

// endEvidenceRequest cancels an open request as part of the running event.
func (b *Book) endEvidenceRequest(r *claim.EvidenceRequest, note string) *claim.EvidenceRequest {
	r = b.evidenceRequests.edit(evidenceRequestKey{r.ClaimID, r.Number}, b.command)
	r.State, r.EndedAt, r.Note = claim.RequestCancelled, b.now, note
	return r
}

// endEvidenceRequests cancels the open requests of a claim that is closed for good.
func (b *Book) endEvidenceRequests(claimID, note string) {
	var ended []string
	for _, r := range b.evidenceRequestsOn(claimID) {
		if r.State == claim.RequestOpen {
			b.endEvidenceRequest(r, note)
			ended = append(ended, number(int64(r.Number)))
		}
	}
	if len(ended) > 0 {
		b.detail("evidence_requests_cancelled", strings.Join(ended, " "))
	}
}
