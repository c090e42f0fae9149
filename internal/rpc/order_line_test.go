package rpc_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// withdrawn files a claim on a line of m1 and withdraws it.
func (f *fixture) withdrawn(lineID string) *tenfoldv1.FileClaimRequest {
	f.t.Helper()
	filing := f.filing("m1", lineID)
	r, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.claims.WithdrawClaim(f.as("order-service"), &tenfoldv1.WithdrawClaimRequest{
		Name: r.GetClaim().GetName(), RequestId: f.id(), Etag: r.GetClaim().GetEtag(),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return filing
}

func (f *fixture) correcting(filing *tenfoldv1.FileClaimRequest, paid int64) *tenfoldv1.CorrectOrderLineRequest {
	l := proto.CloneOf(filing.GetOrderLine())
	l.GoodsPaid = fen(paid)
	return &tenfoldv1.CorrectOrderLineRequest{
		Name: l.GetName(), RequestId: f.id(), Revision: 1, OrderLine: l, Reason: "the discount was left out",
	}
}

// Would catch a line that cannot be corrected, is corrected by those who may not, twice by
// one request, or without a trace of what it said.
func TestOrderLineIsCorrected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	lines := tenfoldv1.NewOrderLineServiceClient(f.conn)
	filing := f.withdrawn("l1")
	r := f.correcting(filing, 18_000)
	if _, err := lines.CorrectOrderLine(f.as("support"), r); refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("support corrects: %v", err)
	}
	tried := proto.CloneOf(r)
	tried.ValidateOnly = true
	if a, err := lines.CorrectOrderLine(f.as("order-service"), tried); err != nil || a.GetOrderLine().GetRevision() != 2 {
		t.Errorf("tried: %v, %v", a, err)
	}
	for i := range 2 {
		a, err := lines.CorrectOrderLine(f.as("order-service"), r)
		if err != nil || a.GetReplayed() != (i == 1) || a.GetOrderLine().GetRevision() != 2 || a.GetOrderLine().GetGoodsPaid().GetMinorUnits() != 18_000 {
			t.Fatalf("%v, %v", a, err)
		}
	}
	filing.RequestId = f.id()
	if got := refusal(f.fileErr(filing)); got.reason != "ORDER_LINE_CHANGED" || got.metadata["fields"] != "goods_paid" {
		t.Errorf("the first content is answered with %v", got)
	}
	list, err := lines.ListOrderLineCorrections(f.as("auditor"), &tenfoldv1.ListOrderLineCorrectionsRequest{Parent: r.GetName()})
	if err != nil || len(list.GetCorrections()) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	c := list.GetCorrections()[0]
	if c.GetBefore().GetGoodsPaid().GetMinorUnits() != 20_000 || c.GetBefore().GetRevision() != 1 || len(c.GetChangedFields()) != 1 ||
		c.GetChangedFields()[0] != "goods_paid" || c.GetReason() != r.GetReason() || c.GetCorrectedBy() != "person-1" ||
		c.GetCorrectedAs() != "order-service" || c.GetCorrectedAt() == nil || c.GetEventNumber() == 0 {
		t.Errorf("kept as %v", c)
	}
	seen, err := lines.ListOrderLineCorrections(f.as("merchant"), &tenfoldv1.ListOrderLineCorrectionsRequest{Parent: r.GetName()})
	if err != nil || seen.GetCorrections()[0].GetCorrectedBy() != "" || seen.GetCorrections()[0].GetReason() != "" {
		t.Errorf("the merchant sees %v, %v", seen, err)
	}
	filing.GetOrderLine().GoodsPaid = fen(18_000)
	if err := f.fileErr(filing); err != nil {
		t.Errorf("the corrected content is answered with %v", err)
	}
	f.audited()
}

// Would catch pages of corrections that lose one or name the fields of another.
func TestCorrectionsAreListedInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	lines := tenfoldv1.NewOrderLineServiceClient(f.conn)
	r := f.correcting(f.withdrawn("l1"), 19_000)
	for n := range int32(3) {
		r.RequestId, r.Revision = f.id(), n+1
		if n%2 == 0 {
			r.OrderLine.GoodsPaid = fen(int64(19_000 - n))
		} else {
			r.OrderLine.SkuId = "another"
		}
		if _, err := lines.CorrectOrderLine(f.as("operator"), r); err != nil {
			t.Fatal(err)
		}
	}
	q, want := &tenfoldv1.ListOrderLineCorrectionsRequest{Parent: r.GetName(), PageSize: 2}, int32(1)
	for _, fields := range []string{"goods_paid", "sku_id", "goods_paid"} {
		q.PageSize = 1
		list, err := lines.ListOrderLineCorrections(f.as("support"), q)
		if err != nil || len(list.GetCorrections()) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		if c := list.GetCorrections()[0]; c.GetBefore().GetRevision() != want || c.GetChangedFields()[0] != fields {
			t.Errorf("revision %d is shown as %v", want, c)
		}
		want++
		q.PageToken = list.GetNextPageToken()
	}
	if q.PageToken != "" {
		t.Error("the last page has a token")
	}
	q.Parent, q.PageToken = "merchants/m1/orderLines/none", ""
	if _, err := lines.ListOrderLineCorrections(f.as("support"), q); refusal(err).reason != "ORDER_LINE_NOT_FOUND" || refusal(err).field != "parent" {
		t.Errorf("of an unknown line: %v", err)
	}
	r.OrderLine.Name = "merchants/m1/orderLines/l2"
	if _, err := lines.CorrectOrderLine(f.as("operator"), r); refusal(err).reason != "REQUEST_INVALID" || refusal(err).field != "order_line.name" {
		t.Errorf("under another name: %v", err)
	}
}

// Would catch a destination that the order service cannot change, or that is changed twice
// by one request.
func TestPayoutDestinationIsChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	destinations := tenfoldv1.NewPayoutDestinationServiceClient(f.conn)
	c := f.confirm(f.notified("m1", "l1"))
	r := &tenfoldv1.ChangePayoutDestinationRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), PayoutDestination: "wallet-new", Reason: "asked for by telephone",
	}
	if _, err := destinations.ChangePayoutDestination(f.as("support"), r); refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("support changes it: %v", err)
	}
	for i := range 2 {
		a, err := destinations.ChangePayoutDestination(f.as("order-service"), r)
		if err != nil || a.GetReplayed() != (i == 1) || a.GetClaim().GetPayoutDestination() != "wallet-new" {
			t.Fatalf("%v, %v", a, err)
		}
		c = a.GetClaim()
		r.Etag = a.GetClaim().GetEtag() // It is no part of what the request asks for.
	}
	f.accept(f.claim(c.GetName()))
	f.runDueWork()
	for _, p := range f.claim(c.GetName()).GetPayouts() {
		if p.GetDestination() != "wallet-new" {
			t.Errorf("paid to %s", p.GetDestination())
		}
	}
	f.audited()
}

// Would catch evidence of the consumer that the order service cannot hand in, with the
// filing or later.
func TestOrderServiceHandsInEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	filing := f.filing("m1", "l1")
	filing.Evidence = []*tenfoldv1.ClaimEvidence{{Kind: "PHOTO", Reference: "files/1"}}
	r, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.claims.AddEvidence(f.as("order-service"), &tenfoldv1.AddEvidenceRequest{
		Name: r.GetClaim().GetName(), RequestId: f.id(), Kind: "VIDEO", Reference: "files/2",
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := f.claim(r.GetClaim().GetName()).GetEvidence()
	if len(kept) != 2 || kept[0].GetReference() != "files/1" || kept[1].GetReference() != "files/2" {
		t.Errorf("kept are %v", kept)
	}
	filing.RequestId, filing.Evidence[0].Kind = f.id(), "photo"
	if got := refusal(f.fileErr(filing)); got.reason != "REQUEST_INVALID" || got.field != "evidence[0].kind" {
		t.Errorf("of a kind that is none: %v", got)
	}
	f.audited()
}
