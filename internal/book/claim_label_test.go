package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch labels or a reference that are lost, that move money or the state, of which no
// event tells, or that a caller with an old view overwrites; in a state that has ended, too.
func TestLabelsAndReferenceAreSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	c := f.withdraw(f.file(filing(line("m1", "l1", 1, 20_000), 1)))
	f.Move(time.Hour)
	old, before := *c, f.head("m1").TransferNumber
	o := f.done(f.request("m1", "SetClaimLabels"), &book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Labels: "team=vip"})
	if o.Claim.Labels != "team=vip" || o.Claim.State != c.State || !o.Claim.ChangedAt.Equal(f.Now()) || o.Claim.ChangedAt.Equal(old.ChangedAt) {
		t.Errorf("labelled: %+v", o.Claim)
	}
	reference := book.SetExternalReference{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: o.Claim.Etag()}, Reference: "CRM/47 11"}
	o = f.done(f.request("m1", "SetExternalReference"), &reference)
	if o.Claim.ExternalReference != "CRM/47 11" || o.Claim.Labels != "team=vip" || f.head("m1").TransferNumber != before {
		t.Errorf("with a reference: %+v", o.Claim)
	}
	events := f.Rows("m1").Events
	last := &events[len(events)-1]
	if events[len(events)-2].Kind != event.ClaimLabelsSet || last.Kind != event.ExternalReferenceSet ||
		!slices.Contains(last.Details, event.Detail{Key: "external_reference", Value: "CRM/47 11"}) {
		t.Errorf("the events are %+v", events[len(events)-2:])
	}
	for name, refused := range map[string]struct {
		cmd    book.Command
		reason fault.Reason
		field  string
	}{
		"old view":       {&book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: old.Etag()}, Labels: "a=b"}, fault.ClaimChanged, "etag"},
		"same labels":    {&book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: o.Claim.Etag()}, Labels: "team=vip"}, fault.RequestInvalid, "labels"},
		"same reference": {&book.SetExternalReference{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: o.Claim.Etag()}, Reference: "CRM/47 11"}, fault.RequestInvalid, "external_reference"},
		"no claim":       {&book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: "1KJPW-D6M05-F2S5T-CT5FM"}, Labels: "a=b"}, fault.ClaimNotFound, ""},
	} {
		head := f.head("m1")
		if _, err := f.Do(f.request("m1", "SetClaimLabels"), refused.cmd); !isRefused(err, refused.reason, refused.field) {
			t.Errorf("%s: %v", name, err)
		}
		if f.head("m1") != head {
			t.Errorf("%s: the refusal changed the book", name)
		}
	}
}

// Would catch labels or a reference that a filing loses, or that its request id does not cover.
func TestFilingIsLabelled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	filed := filing(line("m1", "l1", 1, 20_000), 1)
	cmd := &filed
	plain := cmd.DigestVersion()
	cmd.Labels, cmd.ExternalReference = "team=vip\nwave=3", "PSP-9"
	if cmd.DigestVersion() <= plain {
		t.Errorf("the digest is of version %d with labels, and %d without", cmd.DigestVersion(), plain)
	}
	h := f.request("m1", "FileClaim")
	c := f.done(h, cmd).Claim
	if c.Labels != cmd.Labels || c.ExternalReference != "PSP-9" || !c.ChangedAt.Equal(c.FiledAt) {
		t.Errorf("filed: %+v", c)
	}
	if o := f.done(h, cmd); !o.Replayed {
		t.Error("the same request is no repetition")
	}
	for _, change := range []func(*book.FileClaim){
		func(o *book.FileClaim) { o.Labels = "team=vip" }, func(o *book.FileClaim) { o.ExternalReference = "PSP-8" },
	} {
		other := *cmd
		change(&other)
		if _, err := f.Do(h, &other); !isRefused(err, fault.RequestIDReused, "") {
			t.Errorf("another content under the request id: %v", err)
		}
	}
	var none claim.Labels
	if f.done(f.request("m1", "SetClaimLabels"), &book.SetClaimLabels{OnClaim: book.OnClaim{ClaimID: c.ID}}).Claim.Labels != none {
		t.Error("the labels were not taken away")
	}
}

// Would catch labels of a book that are not kept, that no event tells of, that are taken for
// those of before, or that move money.
func TestBooksHaveLabels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000)
	was := f.done(f.request("m1", "SetBookLabels"), &book.SetBookLabels{Labels: "region=east\ntier=2"}).Book
	f.Forget("m1")
	if _, err := f.Do(f.request("m1", "SetBookLabels"), &book.SetBookLabels{Labels: "region=east\ntier=2"}); !isRefused(err, fault.RequestInvalid, "labels") {
		t.Errorf("the same labels: %v", err)
	}
	h := f.request("m1", "SetBookLabels")
	now := f.done(h, &book.SetBookLabels{}).Book
	if was.Labels != "region=east\ntier=2" || now.Labels != "" || now.Balances != was.Balances {
		t.Errorf("labelled %+v, then %+v", was, now)
	}
	if o := f.done(h, &book.SetBookLabels{}); !o.Replayed {
		t.Error("the same request is no repetition")
	}
	events := f.Rows("m1").Events
	if last := events[len(events)-1]; last.Kind != event.BookLabelsSet || last.ClaimID != "" {
		t.Errorf("the newest event is %+v", last)
	}
	f.audited()
}
