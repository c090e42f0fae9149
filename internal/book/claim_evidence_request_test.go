package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ask asks the merchant for an invoice within five days.
func (f *fixture) ask(c *claim.Claim) claim.EvidenceRequest {
	f.t.Helper()
	return *f.done(f.request(c.MerchantID, "RequestEvidence"), &book.RequestEvidence{
		ClaimID: c.ID, Asked: claim.AskedMerchant, Kind: "INVOICE", Question: "who sold it?", DueAt: f.Now().AddDate(0, 0, 5),
	}).EvidenceRequest
}

// requested is a request for evidence as it is stored.
func (f *fixture) requested(r claim.EvidenceRequest) claim.EvidenceRequest {
	return f.Rows(r.MerchantID).EvidenceRequests[booktest.EvidenceRequestKey{Claim: r.ClaimID, Number: r.Number}]
}

// answers adds evidence that names a request.
func (f *fixture) answers(r claim.EvidenceRequest, digest string) book.Evidence {
	f.t.Helper()
	return *f.done(f.request(r.MerchantID, "AddEvidence"), &book.AddEvidence{
		ClaimID: r.ClaimID, Kind: "INVOICE", Reference: digest, Digest: digest, Request: r.Number,
	}).Evidence
}

// Would catch an answer that leaves its request open, a second one that is refused or not
// counted, one that is late and does not say so, or is refused for it, and a request that moves
// the claim or its money.
func TestEvidenceAnswersRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	head := f.head("m1")
	first, second := f.ask(c), f.ask(c)
	if first.Number != 1 || second.Number != 2 || first.State != claim.RequestOpen || first.MadeBy == "" {
		t.Fatalf("made: %+v and %+v", first, second)
	}
	f.Move(5 * 24 * time.Hour)
	if e := f.answers(first, "d1"); e.Request != 1 || e.Late {
		t.Errorf("at the last moment: %+v", e)
	}
	f.Move(time.Second)
	if e := f.answers(first, "d2"); e.Request != 1 || !e.Late {
		t.Errorf("a moment later: %+v", e)
	}
	if now := f.requested(first); now.State != claim.RequestAnswered || now.Answers != 2 || now.EndedAt.IsZero() {
		t.Errorf("answered: %+v", now)
	}
	events := f.Rows("m1").Events
	if last := &events[len(events)-1]; last.Kind != event.EvidenceAdded || last.Detail("evidence_request") != "1" || last.Detail("late") != "true" {
		t.Errorf("the event is %+v", last)
	}
	if now := f.requested(second); now.State != claim.RequestOpen || now.Answers != 0 {
		t.Errorf("the other: %+v", now)
	}
	if e := f.done(f.request("m1", "AddEvidence"), &book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "r"}).Evidence; e.Request != 0 || e.Late {
		t.Errorf("unasked: %+v", e)
	}
	if now := f.Rows("m1").Claims[c.ID]; now.Version != c.Version || now.State != c.State || f.head("m1").TransferNumber != head.TransferNumber {
		t.Errorf("the claim is %+v", now)
	}
	f.audited()
}

// Would catch a request whose time passes unnoticed, or is noticed twice, before the grace
// period, or although evidence came.
func TestOverdueEvidenceIsNotedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	open, answered := f.ask(c), f.ask(c)
	f.answers(answered, "d1")
	pass := func(r claim.EvidenceRequest) error {
		_, err := f.Do(request.System("m1", "PassEvidenceRequest"), &book.PassEvidenceRequest{
			OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: c.ID, Number: r.Number}, DueAt: r.DueAt,
		})
		return err
	}
	if err := pass(open); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("before it is due: %v", err)
	}
	f.Move(6 * 24 * time.Hour)
	if err := pass(answered); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("an answered one: %v", err)
	}
	f.must(pass(open))
	if err := pass(open); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("once more: %v", err)
	}
	events := f.Rows("m1").Events
	last := &events[len(events)-1]
	if now := f.requested(open); !now.OverdueAt.Equal(f.Now()) || now.State != claim.RequestOpen || last.Kind != event.EvidenceRequestOverdue ||
		last.Detail("evidence_request") != "1" {
		t.Errorf("overdue: %+v, told by %+v", now, last)
	}
	if e := f.answers(open, "d2"); !e.Late {
		t.Errorf("the answer: %+v", e)
	}
}

// Would catch a request that is made although it cannot be, and a refusal that does not name the
// field or that leaves a trace.
func TestRequestsForEvidenceAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	gone := f.withdraw(f.file(filing(line("m1", "l2", 1, 10_000), 1)))
	open := f.ask(c)
	cancelled := f.ask(c)
	on := book.OnEvidenceRequest{ClaimID: c.ID, Number: cancelled.Number}
	f.done(f.request("m1", "CancelEvidenceRequest"), &book.CancelEvidenceRequest{OnEvidenceRequest: on, Note: "found"})
	f.step(f.commission(c, "lab-2"), commission.Decline)
	ask := func(change func(*book.RequestEvidence)) book.Command {
		cmd := book.RequestEvidence{ClaimID: c.ID, Asked: claim.AskedConsumer, Kind: "PHOTO", Question: "?", DueAt: f.Now().AddDate(0, 0, 1)}
		change(&cmd)
		return &cmd
	}
	lab := func(id string) book.Command {
		return ask(func(r *book.RequestEvidence) { r.Asked, r.AuthenticatorID = claim.AskedAuthenticator, id })
	}
	add := book.AddEvidence{ClaimID: c.ID, Kind: "PHOTO", Reference: "r"}
	naming := func(n int32) book.Command {
		cmd := add
		cmd.Request = n
		return &cmd
	}
	for name, refused := range map[string]struct {
		cmd    book.Command
		reason fault.Reason
		field  string
	}{
		"no claim":            {ask(func(r *book.RequestEvidence) { r.ClaimID = "1KJPW-D6M05-F2S5T-CT5FM" }), fault.ClaimNotFound, ""},
		"withdrawn":           {ask(func(r *book.RequestEvidence) { r.ClaimID = gone.ID }), fault.ClaimStateConflict, ""},
		"due now":             {ask(func(r *book.RequestEvidence) { r.DueAt = f.Now() }), fault.RequestInvalid, "due_at"},
		"due in a year":       {ask(func(r *book.RequestEvidence) { r.DueAt = f.Now().AddDate(1, 0, 0) }), fault.RequestInvalid, "due_at"},
		"a lab without part":  {lab("lab-1"), fault.EvidenceRequestUninvolved, "authenticator"},
		"a lab that declined": {lab("lab-2"), fault.EvidenceRequestUninvolved, "authenticator"},
		"cancel twice":        {&book.CancelEvidenceRequest{OnEvidenceRequest: on, Note: "n"}, fault.EvidenceRequestStateConflict, ""},
		"cancel none":         {&book.CancelEvidenceRequest{OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: c.ID, Number: 9}}, fault.EvidenceRequestNotFound, ""},
		"answer a cancelled":  {naming(cancelled.Number), fault.EvidenceRequestStateConflict, "evidence_request"},
		"answer none":         {naming(9), fault.EvidenceRequestNotFound, "evidence_request"},
	} {
		head := f.head("m1")
		if _, err := f.Do(f.request("m1", "EvidenceRequest"), refused.cmd); !isRefused(err, refused.reason, refused.field) {
			t.Errorf("%s: %v", name, err)
		}
		if f.head("m1") != head {
			t.Errorf("%s: the refusal changed the book", name)
		}
	}
	f.commission(c, "lab-1")
	if o := f.done(f.request("m1", "RequestEvidence"), lab("lab-1")); o.EvidenceRequest.AuthenticatorID != "lab-1" {
		t.Errorf("a commissioned one: %+v", o.EvidenceRequest)
	}
	for range claim.EvidenceRequestsMax - 3 {
		f.ask(c)
	}
	if _, err := f.Do(f.request("m1", "RequestEvidence"), ask(func(*book.RequestEvidence) {})); !isRefused(err, fault.EvidenceRequestLimit, "") {
		t.Errorf("one too many: %v", err)
	}
	f.withdraw(c)
	if now := f.requested(open); now.State != claim.RequestCancelled || now.EndedAt.IsZero() {
		t.Errorf("of a withdrawn claim: %+v", now)
	}
	f.audited()
}

// Would catch a reconsideration that loses the file that it rests on, takes it as known, or does
// not answer the request that it names.
func TestReconsiderationTakesFilesAndAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.rejected("l1")
	r := f.ask(c)
	file := book.EvidenceFile{UploadID: "u1", MediaType: "image/jpeg", Size: 9, DisclosedTo: book.EvidencePartiesOf([]book.EvidenceParty{book.EvidenceMerchant})}
	reconsider := book.ReconsiderClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "look", Kind: "PHOTO", Digest: "d1", EvidenceFile: file, Request: 9}
	if _, err := f.Do(f.request("m1", "RequestReconsideration"), &reconsider); !isRefused(err, fault.EvidenceRequestNotFound, "evidence_request") {
		t.Errorf("no such request: %v", err)
	}
	reconsider.Request = r.Number
	if o := f.done(f.request("m1", "RequestReconsideration"), &reconsider); o.Claim.State != claim.InReview {
		t.Errorf("the claim is %s", o.Claim.State)
	}
	evidence := f.Rows("m1").Evidence
	if e := evidence[len(evidence)-1]; e.EvidenceFile != file || e.Request != r.Number || e.Late {
		t.Errorf("kept: %+v", e)
	}
	if now := f.requested(r); now.State != claim.RequestAnswered {
		t.Errorf("the request is %+v", now)
	}
	large := reconsider
	large.Size = book.EvidenceFileBytesMax + 1
	other := f.rejected("l2")
	large.ClaimID, large.Request = other.ID, 0
	if _, err := f.Do(f.request("m1", "RequestReconsideration"), &large); !isRefused(err, fault.EvidenceLimit, "") {
		t.Errorf("more than a claim takes: %v", err)
	}
	f.audited()
}

// Would catch compensation on a code or a photo alone while the merchant may still prove its
// source, a request for something else that passes for one, a review that stays blocked once the
// merchant has answered or let the time pass, and a court that has to ask.
func TestV12TheMerchantProvesItsSourceFirst(t *testing.T) {
	t.Parallel()
	rules := *claim.FirstRules()
	rules.SourceProofFrom = 6
	weak := func(t *testing.T) (*fixture, *claim.Claim) {
		f := newFixture(t)
		f.Decide(rules)
		labs(f)
		f.open("m1", 500_000)
		c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
		r := result(c, claim.Counterfeit, "code-1")
		r.Sample = claim.TraceData
		return f, f.record(c, r)
	}
	refused := func(f *fixture, c *claim.Claim) {
		f.t.Helper()
		_, err := f.decide(c, book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
		if e, ok := fault.As(err); !ok || e.Reason != fault.SourceProofMissing || e.Fields["rank"] != "7" {
			f.t.Fatalf("%v", err)
		}
	}
	upheld := func(f *fixture, c *claim.Claim) {
		f.t.Helper()
		c, err := f.decide(c, book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
		f.must(err)
		if c.State != claim.Notified || c.Verdict != claim.Counterfeit {
			f.t.Errorf("upheld: %s, %s", c.State, c.Verdict)
		}
	}
	asked := func(f *fixture, c *claim.Claim, of claim.Asked) claim.EvidenceRequest {
		f.t.Helper()
		return *f.done(f.request(c.MerchantID, "RequestEvidence"), &book.RequestEvidence{
			ClaimID: c.ID, Asked: of, Kind: claim.ProofOfSource, Question: "who sold it?", DueAt: f.Now().AddDate(0, 0, 5),
		}).EvidenceRequest
	}
	t.Run("unanswered", func(t *testing.T) {
		t.Parallel()
		f, c := weak(t)
		refused(f, c)
		f.ask(c)                         // For an invoice.
		asked(f, c, claim.AskedConsumer) // Of somebody else.
		asked(f, c, claim.AskedMerchant)
		refused(f, c)
		f.Move(5*24*time.Hour - time.Second)
		refused(f, c)
		f.Move(time.Second)
		upheld(f, c)
	})
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		f, c := weak(t)
		f.answers(asked(f, c, claim.AskedMerchant), "d1")
		upheld(f, c)
	})
	t.Run("strong", func(t *testing.T) {
		t.Parallel()
		f, c := weak(t)
		one := result(c, claim.Counterfeit, "B")
		other := result(c, claim.Genuine, "C")
		other.AuthenticatorID = "lab-2"
		one.Sample, other.Sample = claim.ConsumerSample, claim.ConsumerSample
		f.record(c, one)
		c = f.record(c, other)
		if c.State != claim.InReview {
			t.Fatalf("conflict: %s", c.State)
		}
		upheld(f, c)
	})
	t.Run("court", func(t *testing.T) {
		t.Parallel()
		f, c := weak(t)
		c, err := f.decide(c, book.Reject)
		f.must(err)
		revise := func(ground book.RevisionGround) error {
			_, err := f.Do(f.by("rita", c.MerchantID, "ReviseVerdict"), &book.ReviseVerdict{
				OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: ground, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, Document: "docket-1", Note: "heard",
			})
			return err
		}
		if err := revise(book.GroundNewEvidence); !errors.Is(err, fault.SourceProofMissing) {
			t.Errorf("on new evidence: %v", err)
		}
		f.must(revise(book.GroundCourtDecision))
	})
}
