package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch labels or a reference that a filing or a command loses, that a repetition sets
// twice, that a merchant sees or finds claims by, or by which a claim is not found; and a time
// of change that is not that of the change.
func TestLabelsAndReferenceOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	r := f.filing("m1", "l1")
	r.Labels, r.ExternalReference = map[string]string{"team": "vip", "wave": ""}, "PSP/2026 红"
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil {
		t.Fatal(err)
	}
	c := filed.GetClaim()
	if diff := cmp.Diff(r.GetLabels(), c.GetLabels()); diff != "" || c.GetExternalReference() != r.GetExternalReference() || !c.GetUpdateTime().AsTime().Equal(c.GetFiledAt().AsTime()) {
		t.Errorf("filed as %v: %s", c, diff)
	}
	filedAt := c.GetUpdateTime().AsTime()
	f.advance(time.Hour)
	labels := tenfoldv1.NewLabelServiceClient(f.conn)
	set := &tenfoldv1.SetClaimLabelsRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Labels: map[string]string{"team": "night"}}
	if _, err := labels.SetClaimLabels(f.as("merchant"), set); refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("a merchant labels: %v", err)
	}
	for i := range 2 {
		a, err := labels.SetClaimLabels(f.as("support"), set)
		if err != nil || a.GetReplayed() != (i == 1) || !cmp.Equal(a.GetClaim().GetLabels(), set.GetLabels()) ||
			!a.GetClaim().GetUpdateTime().AsTime().After(filedAt) {
			t.Fatalf("labelled: %v, %v", a, err)
		}
		c = a.GetClaim()
	}
	refer := &tenfoldv1.SetExternalReferenceRequest{Name: c.GetName(), RequestId: f.id(), Etag: "1", ExternalReference: "CRM-1"}
	if _, err := labels.SetExternalReference(f.as("support"), refer); refusal(err).reason != "CLAIM_CHANGED" {
		t.Errorf("on an old view: %v", err)
	}
	refer.Etag = c.GetEtag()
	a, err := labels.SetExternalReference(f.as("support"), refer)
	if err != nil || a.GetClaim().GetExternalReference() != "CRM-1" {
		t.Fatalf("%v, %v", a, err)
	}
	find := func(role, reference string) ([]*tenfoldv1.Claim, error) {
		got, err := f.claims.ListClaims(f.as(role), &tenfoldv1.ListClaimsRequest{
			Parent: map[bool]string{true: "merchants/m1", false: "merchants/-"}[role == "merchant"], Filter: fmt.Sprintf("external_reference = %q", reference),
		})
		return got.GetClaims(), err
	}
	if got, err := find("support", "CRM-1"); err != nil || len(got) != 1 || got[0].GetName() != c.GetName() {
		t.Errorf("found by its reference: %v, %v", got, err)
	}
	if got, err := find("support", r.GetExternalReference()); err != nil || len(got) != 0 {
		t.Errorf("found by what it was: %v, %v", got, err)
	}
	if _, err := find("merchant", "CRM-1"); refusal(err).reason != "FILTER_UNSUPPORTED" {
		t.Errorf("a merchant finds it: %v", err)
	}
	seen, err := f.claims.GetClaim(f.as("merchant"), &tenfoldv1.GetClaimRequest{Name: c.GetName()})
	if err != nil || len(seen.GetClaim().GetLabels()) > 0 || seen.GetClaim().GetExternalReference() != "" || seen.GetClaim().GetUpdateTime() == nil {
		t.Errorf("a merchant sees %v, %v", seen, err)
	}
	f.audited()
}

// Would catch labels or a reference of a wrong form or beyond a bound that are taken, or refused
// without the field, or with the whole value in the text.
func TestLabelsOfAWrongFormAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	many, large := make(map[string]string), make(map[string]string)
	for i := range 33 {
		many[fmt.Sprintf("k%d", i)] = ""
	}
	for i := range 32 {
		large[fmt.Sprintf("k%d", i)] = strings.Repeat("红", 64)
	}
	for name, wrong := range map[string]map[string]string{
		"empty key": {"": "x"}, "capital": {"Team": "x"}, "digit first": {"1a": "x"}, "equals sign": {"a=b": "x"}, "long key": {strings.Repeat("k", 64): "x"},
		"long value": {"a": strings.Repeat("v", 65)}, "line break": {"a": "x\ny=z"}, "invisible": {"a": "x\u200by"}, "space first": {"a": " x"},
		"decomposed": {"a": "e\u0301"}, "too many": many, "too large": large,
	} {
		r := f.filing("m1", "l1")
		r.Labels = wrong
		_, err := f.claims.FileClaim(f.as("order-service"), r)
		got := refusal(err)
		if got.reason != "REQUEST_INVALID" || !strings.HasPrefix(got.field, "labels") || len(err.Error()) > 600 {
			t.Errorf("%s: %v at %q", name, err, got.field)
		}
	}
	for name, wrong := range map[string]string{"long": strings.Repeat("r", 65), "line break": "a\nb", "decomposed": "e\u0301", "space last": "a "} {
		r := f.filing("m1", "l1")
		r.ExternalReference = wrong
		if _, err := f.claims.FileClaim(f.as("order-service"), r); refusal(err).reason != "REQUEST_INVALID" || refusal(err).field != "external_reference" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.claims.FileClaim(f.as("order-service"), f.filing("m1", "l1")); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
}

// Would catch a book or a proposed policy without the time of its last change, or with another.
func TestBooksSayWhenTheyChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	read := func() *tenfoldv1.Book {
		got, err := tenfoldv1.NewDepositServiceClient(f.conn).GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetBook()
	}
	before := read()
	f.advance(time.Hour)
	if after := read(); !after.GetUpdateTime().AsTime().Equal(before.GetUpdateTime().AsTime()) {
		t.Errorf("nothing changed, but the time did: %v, %v", before.GetUpdateTime(), after.GetUpdateTime())
	}
	c := f.file("m1", "l1")
	if after := read(); !after.GetUpdateTime().AsTime().Equal(c.GetFiledAt().AsTime()) || after.GetVersion() == before.GetVersion() {
		t.Errorf("filed at %v, the book says %v", c.GetFiledAt(), after.GetUpdateTime())
	}
}

// Would catch labels of a book that are lost on the way, shown to a merchant, taken from a
// role that has no use for them, or outside of their bounds.
func TestLabelsOfBooksOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	labels := tenfoldv1.NewLabelServiceClient(f.conn)
	set := &tenfoldv1.SetBookLabelsRequest{Name: "merchants/m1", RequestId: f.id(), Labels: map[string]string{"region": "华东", "tier": ""}}
	for i := range 2 {
		a, err := labels.SetBookLabels(f.as("finance"), set)
		if err != nil || a.GetReplayed() != (i == 1) || !cmp.Equal(a.GetBook().GetLabels(), set.GetLabels()) {
			t.Fatalf("labelled: %v, %v", a, err)
		}
	}
	for role, want := range map[string]map[string]string{"finance": set.GetLabels(), "merchant": nil} {
		got, err := f.books.GetBook(f.as(role), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
		if err != nil || !cmp.Equal(got.GetBook().GetLabels(), want) {
			t.Errorf("%s sees %v, %v", role, got.GetBook().GetLabels(), err)
		}
	}
	for what, c := range map[string]struct {
		role, name string
		labels     map[string]string
		reason     string
	}{
		"by a merchant":    {"merchant", "merchants/m1", map[string]string{"a": "b"}, "ACCESS_DENIED"},
		"the same":         {"support", "merchants/m1", set.GetLabels(), "REQUEST_INVALID"},
		"of nobody":        {"support", "merchants/nobody", map[string]string{"a": "b"}, "MERCHANT_NOT_FOUND"},
		"decomposed":       {"support", "merchants/m1", map[string]string{"a": "u\u0308"}, "REQUEST_INVALID"},
		"key in capitals":  {"support", "merchants/m1", map[string]string{"A": "b"}, "REQUEST_INVALID"},
		"more than 32":     {"support", "merchants/m1", many(33, "v"), "REQUEST_INVALID"},
		"above 4096 bytes": {"support", "merchants/m1", many(32, strings.Repeat("华", 64)), "REQUEST_INVALID"},
	} {
		if _, err := labels.SetBookLabels(f.as(c.role), &tenfoldv1.SetBookLabelsRequest{Name: c.name, RequestId: f.id(), Labels: c.labels}); refusal(err).reason != c.reason {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// many labels of one value.
func many(n int, value string) map[string]string {
	all := make(map[string]string)
	for i := range n {
		all[fmt.Sprint("key", i)] = value
	}
	return all
}
