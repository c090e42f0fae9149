package rpc_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) custody() tenfoldv1.CustodyServiceClient {
	return tenfoldv1.NewCustodyServiceClient(f.conn)
}

// custodyStep is a step of sample S1, as many hours before now.
func (f *fixture) custodyStep(c *tenfoldv1.Claim, kind tenfoldv1.CustodyStepKind, hours int) *tenfoldv1.AddCustodyStepRequest {
	r := &tenfoldv1.AddCustodyStepRequest{
		Parent: c.GetName(), RequestId: f.id(), Sample: "S1", Kind: kind,
		HappenedAt: timestamppb.New(start.Add(-time.Duration(hours) * time.Hour)), Place: "dock 4", Note: "dented",
	}
	if kind == tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_ARRIVED || kind == tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_TESTED {
		r.Authenticator = "authenticators/sandbox-lab"
	}
	return r
}

// Would catch steps of custody that a party or a body cannot add or see, steps of others that
// it can, a result whose custody is not told by them, one that may be extended over a gap, and a
// timeline and an explanation that do not tell of them.
func TestV6CustodyIsSeenByItsParties(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	c := f.file("m1", "l1")
	lab, other := f.lab("sandbox-lab"), f.lab("lab-2")
	const (
		bought, received = tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_BOUGHT, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED
		sealed, shipped  = tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_SEALED, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_SHIPPED
		arrived, tested  = tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_ARRIVED, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_TESTED
	)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(want codes.Code, err error) {
		t.Helper()
		if status.Code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	add := func(r *tenfoldv1.AddCustodyStepRequest, seals ...string) *tenfoldv1.AddCustodyStepResponse {
		t.Helper()
		r.Seals = seals
		out, err := f.custody().AddCustodyStep(f.as("support"), r)
		must(err)
		return out
	}
	add(f.custodyStep(c, received, 10))
	_, err := f.custody().AddCustodyStep(f.as("order-service"), f.custodyStep(c, sealed, 9))
	refused(codes.PermissionDenied, err)
	_, err = f.custody().AddCustodyStep(lab, f.custodyStep(c, bought, 9))
	refused(codes.PermissionDenied, err)
	_, err = f.custody().AddCustodyStep(lab, f.custodyStep(c, tested, 1))
	refused(codes.NotFound, err)
	_, err = f.custody().ListCustodySteps(lab, &tenfoldv1.ListCustodyStepsRequest{Parent: c.GetName()})
	refused(codes.NotFound, err)
	f.commission(c, "sandbox-lab")
	_, err = f.custody().AddCustodyStep(other, f.custodyStep(c, arrived, 1))
	refused(codes.PermissionDenied, err)

	preview := f.custodyStep(c, sealed, 9)
	preview.ValidateOnly = true
	if got := add(preview, "A-1"); got.GetStep().GetNumber() != 2 || len(got.GetStep().GetUnits()) != 2 {
		t.Errorf("preview: %v", got)
	}
	again := f.custodyStep(c, sealed, 9)
	if first, second := add(again, "A-1"), add(again, "A-1"); first.GetReplayed() || !second.GetReplayed() || second.GetStep().GetNumber() != 2 {
		t.Errorf("replayed: %v, then %v", first, second)
	}
	must(errOf(f.custody().AddCustodyStep(f.as("order-service"), f.custodyStep(c, shipped, 8))))
	arrival := f.custodyStep(c, arrived, 7)
	arrival.Seals = []string{"B-1"}
	must(errOf(f.custody().AddCustodyStep(lab, arrival)))
	must(errOf(f.custody().AddCustodyStep(lab, f.custodyStep(c, tested, 6))))
	record := &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1", Sample: "S1",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}}, CustodyIntact: true,
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, IssuedAt: timestamppb.New(start),
	}
	got, err := f.results.RecordResult(lab, record)
	must(err)
	if x := got.GetResult(); x.GetRank() != 4 || x.GetExtendable() || !x.GetCustodyIntact() || x.GetSample() != "S1" ||
		x.GetCustody().GetState() != tenfoldv1.CustodyState_CUSTODY_STATE_SEAL_DIFFERS || x.GetCustody().GetFindings()[0].GetStep() != 4 {
		t.Errorf("with another seal: %v", x)
	}
	arrival = f.custodyStep(c, arrived, 7)
	arrival.Seals, arrival.Corrects = []string{"a-1"}, 4
	if out, err := f.custody().AddCustodyStep(lab, arrival); err != nil || out.GetStep().GetNote() != "" || out.GetStep().GetPlace() == "" ||
		out.GetStanding().GetState() != tenfoldv1.CustodyState_CUSTODY_STATE_COMPLETE {
		t.Errorf("corrected: %v, %v", out, err)
	}
	read, err := f.results.GetResult(f.as("support"), &tenfoldv1.GetResultRequest{Name: got.GetResult().GetName()})
	must(err)
	if x := read.GetResult(); x.GetRank() != 3 || !x.GetExtendable() || x.GetRulesVersion() != 1 {
		t.Errorf("corrected: %v", x)
	}
	for parent, as := range map[string]context.Context{c.GetName(): f.as("support"), "authenticators/sandbox-lab": lab} {
		list, err := f.results.ListResults(as, &tenfoldv1.ListResultsRequest{Parent: parent})
		must(err)
		if len(list.GetResults()) != 1 || list.GetResults()[0].GetRank() != 3 || list.GetResults()[0].GetCustody().GetState() != tenfoldv1.CustodyState_CUSTODY_STATE_COMPLETE {
			t.Errorf("listed under %s: %v", parent, list)
		}
	}
	page, err := f.custody().ListCustodySteps(f.as("support"), &tenfoldv1.ListCustodyStepsRequest{Parent: c.GetName(), PageSize: 4})
	must(err)
	rest, err := f.custody().ListCustodySteps(f.as("support"), &tenfoldv1.ListCustodyStepsRequest{Parent: c.GetName(), PageSize: 4, PageToken: page.GetNextPageToken()})
	must(err)
	if steps := append(page.GetSteps(), rest.GetSteps()...); len(steps) != 6 || steps[3].GetCorrectedBy() != 6 || steps[5].GetCorrects() != 4 || rest.GetNextPageToken() != "" {
		t.Errorf("listed: %v", steps)
	}
	own, err := f.custody().ListCustodySteps(lab, &tenfoldv1.ListCustodyStepsRequest{Parent: c.GetName(), Sample: "S1"})
	must(err)
	if len(own.GetSteps()) != 6 || own.GetSteps()[0].GetPerson() != "" || own.GetSteps()[0].GetRole() != "" {
		t.Errorf("the body sees %v", own)
	}
	_, err = f.custody().ListCustodySteps(other, &tenfoldv1.ListCustodyStepsRequest{Parent: c.GetName()})
	refused(codes.NotFound, err)
}
