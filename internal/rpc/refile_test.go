package rpc_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch an item of a batch, or a quote, that is judged otherwise than a claim on its
// own, and a refused item that takes others with it.
func TestBatchAndQuoteAskForNewEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.rejected("l1")
	again := func(digest string) *tenfoldv1.FileClaimRequest {
		r := f.filing("m1", "l1")
		r.GetOrderLine().ProductId = "sandbox-conflict"
		if digest != "" {
			r.Evidence = []*tenfoldv1.ClaimEvidence{{Kind: "PHOTO", Reference: "crm://3", Digest: strings.Repeat(digest, 64)}}
		}
		return r
	}
	quote := func(r *tenfoldv1.FileClaimRequest) error {
		_, err := f.claims.QuotePayout(f.as("order-service"), &tenfoldv1.QuotePayoutRequest{
			Parent: r.GetParent(), Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: r.GetOrderLine()}, CounterfeitUnits: r.GetUnits(),
			LegalBasisChoice: r.GetLegalBasisChoice(), ClaimantId: r.GetClaimantId(), Evidence: r.GetEvidence(),
		})
		return err
	}
	if got := refusal(quote(again(""))); got.reason != "NEW_EVIDENCE_REQUIRED" || got.field != "evidence" {
		t.Errorf("a quote without evidence: %+v", got)
	}
	if err := quote(again("d")); err != nil {
		t.Errorf("a quote with evidence: %v", err)
	}
	bare := again("")
	bare.ValidateOnly = true
	if got := refusal(f.fileErr(bare)); got.reason != "NEW_EVIDENCE_REQUIRED" {
		t.Errorf("a preview without evidence: %+v", got)
	}
	good := again("d")
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{
		Requests: []*tenfoldv1.FileClaimRequest{again(""), f.filing("m1", "l2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []tenfoldv1.Reason{tenfoldv1.Reason_REASON_NEW_EVIDENCE_REQUIRED, tenfoldv1.Reason_REASON_UNSPECIFIED} {
		if got := r.GetItems()[i].GetStatus().GetReason(); got != want {
			t.Errorf("item %d: %v, not %s", i, r.GetItems()[i].GetStatus(), want)
		}
	}
	for n := range 2 {
		r, err = f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{good}})
		if err != nil || r.GetItems()[0].GetStatus().GetCode() != 0 || r.GetItems()[0].GetReplayed() != (n > 0) {
			t.Errorf("with new evidence, time %d: %v, %v", n+1, r, err)
		}
	}
	f.audited()
}

// Would catch a claimant who told to have known before the order was paid, and is told only at
// the payout that there is no compensation.
func TestFilingWarnsOfKnowledgeBeforePayment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	early := f.filing("m1", "l1")
	early.LearnedAt = timestamppb.New(early.GetOrderLine().GetPaidAt().AsTime().Add(-time.Hour))
	usual := f.filing("m1", "l2")
	for _, replayed := range []bool{false, true} {
		r, err := f.claims.FileClaim(f.as("order-service"), early)
		if err != nil || r.GetReplayed() != replayed || len(r.GetWarnings()) != 1 ||
			r.GetWarnings()[0] != tenfoldv1.FilingWarning_FILING_WARNING_LEARNED_BEFORE_PAID {
			t.Errorf("replayed %v: %v, %v", replayed, r.GetWarnings(), err)
		}
	}
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{early, usual}})
	if err != nil || len(r.GetItems()[0].GetWarnings()) != 1 || len(r.GetItems()[1].GetWarnings()) != 0 || r.GetItems()[1].GetStatus().GetCode() != 0 {
		t.Errorf("in a batch: %v, %v", r, err)
	}
}
