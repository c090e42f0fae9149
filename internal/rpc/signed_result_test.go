package rpc_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) signedResults() tenfoldv1.SignedResultServiceClient {
	return tenfoldv1.NewSignedResultServiceClient(f.conn)
}

// signed is a report on unit 1 of a claim of m1, as a body signs it. members set members anew.
func (f *fixture) signed(s *signaturetest.Signer, body string, c *tenfoldv1.Claim, report string, members map[string]any) *tenfoldv1.RecordSignedResultRequest {
	f.t.Helper()
	id := c.GetName()[strings.LastIndexByte(c.GetName(), '/')+1:]
	said := map[string]any{
		"schema": "tenfold.result/1", "report": map[string]any{"number": report, "issuedAt": start.Format(time.RFC3339)},
		"issuer": map[string]any{"authenticator": body}, "subject": map[string]any{"merchant": "m1", "claim": id},
		"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT"}}, "sampleSource": "SEALED_PLATFORM_SAMPLE",
		"custodyIntact": true, "relatesOnlyToItemsTested": true,
	}
	for name, value := range members {
		said[name] = value
	}
	payload, err := json.Marshal(said)
	if err != nil {
		f.t.Fatal(err)
	}
	return &tenfoldv1.RecordSignedResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), SignedResult: s.Sign(s.Header("vnd.tenfold.result+jws"), payload),
	}
}

func (f *fixture) signedErr(r *tenfoldv1.RecordSignedResultRequest) error {
	return errorOf(f.signedResults().RecordSignedResult(f.as("operator"), r))
}

// credential signs a report as the subject of a credential that counts from a time on.
func (f *fixture) credential(s *signaturetest.Signer, r *tenfoldv1.RecordSignedResultRequest, from time.Time) *tenfoldv1.RecordSignedResultRequest {
	f.t.Helper()
	subject, err := base64.RawURLEncoding.DecodeString(strings.Split(r.GetSignedResult(), ".")[1])
	if err != nil {
		f.t.Fatal(err)
	}
	payload := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"https://cti.example","validFrom":"` +
		from.Format(time.RFC3339) + `","credentialSubject":` + string(subject) + `}`
	return &tenfoldv1.RecordSignedResultRequest{Parent: r.GetParent(), RequestId: f.id(), SignedResult: s.Sign(s.Header("vc+jwt"), []byte(payload))}
}

// Would catch a credential that is taken before its time.
func TestCredentialsAreTakenFromTheirTimeOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.register("cti")
	s := signaturetest.Ed25519(1)
	f.keyed("cti", s)
	r := f.signed(s, "cti", f.file("m1", "l1"), "S-1", nil)
	if got := refusal(f.signedErr(f.credential(s, r, f.now().Add(time.Hour)))); got.reason != "REQUEST_INVALID" || got.field != "signed_result" {
		t.Errorf("before its time: %+v", got)
	}
	if err := f.signedErr(f.credential(s, r, f.now())); err != nil {
		t.Errorf("at its time: %v", err)
	}
}

// swapped has the header and the signature of one result, and the payload of another.
func (f *fixture) swapped(r, other *tenfoldv1.RecordSignedResultRequest) *tenfoldv1.RecordSignedResultRequest {
	one, two := strings.Split(r.GetSignedResult(), "."), strings.Split(other.GetSignedResult(), ".")
	return &tenfoldv1.RecordSignedResultRequest{
		Parent: r.GetParent(), RequestId: f.id(), SignedResult: one[0] + "." + two[1] + "." + one[2],
	}
}

// Would catch a signed result that is recorded otherwise than it was signed or under another
// body, one by a revoked or foreign key, one that is recorded twice, a replay that is refused
// once the key is revoked, a sample that is not taken over, a statement that is kept in other bytes, and one that cannot be
// verified any more afterwards, on demand or by the audit.
func TestSignedResultsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.register("cti")
	f.register("sgs")
	s := signaturetest.Ed25519(1)
	key := f.keyed("cti", s)
	c := f.file("m1", "l1")
	r := f.signed(s, "cti", c, "S-1", map[string]any{"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT", "sampleId": "S1"}}})
	if got := refusal(errorOf(f.signedResults().RecordSignedResult(f.lab("sgs"), r))); got.reason != "ACCESS_DENIED" {
		t.Errorf("sent by another body: %+v", got)
	}
	for name, x := range map[string]struct {
		r      *tenfoldv1.RecordSignedResultRequest
		reason string
	}{
		"by an unknown key":         {f.signed(signaturetest.Ed25519(2), "cti", c, "S-1", nil), "KEY_NOT_FOUND"},
		"for another body":          {f.signed(s, "sgs", c, "S-1", nil), "KEY_NOT_FOUND"},
		"for a body that is none":   {f.signed(s, "nobody", c, "S-1", nil), "AUTHENTICATOR_NOT_FOUND"},
		"about another book":        {f.signed(s, "cti", c, "S-1", map[string]any{"subject": map[string]any{"merchant": "m2", "orderLine": "l1"}}), "SIGNED_RESULT_MISMATCH"},
		"about a line without one":  {f.signed(s, "cti", c, "S-1", map[string]any{"subject": map[string]any{"merchant": "m1", "orderLine": "l9"}}), "CLAIM_NOT_FOUND"},
		"about a unit that is none": {f.signed(s, "cti", c, "S-1", map[string]any{"items": []any{map[string]any{"unit": 7, "verdict": "GENUINE"}}}), "UNIT_NOT_CLAIMED"},
		"issued in the future": {f.signed(s, "cti", c, "S-1", map[string]any{"report": map[string]any{
			"number": "S-1", "issuedAt": start.AddDate(1, 0, 0).Format(time.RFC3339),
		}}), "REQUEST_INVALID"},
		"changed on its way": {f.swapped(r, f.signed(s, "cti", c, "S-2", nil)), "SIGNATURE_INVALID"},
	} {
		if got := refusal(f.signedErr(x.r)); got.reason != x.reason {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var recorded *tenfoldv1.AuthenticationResult
	for _, replayed := range []bool{false, true} {
		got, err := f.signedResults().RecordSignedResult(f.lab("cti"), r)
		if err != nil || got.GetReplayed() != replayed || got.GetResult().GetSigningKey() != key || got.GetResult().GetReportNumber() != "S-1" ||
			got.GetResult().GetSample() != "S1" ||
			got.GetClaim().GetName() != c.GetName() {
			t.Fatalf("recorded: %v, %v", got, err)
		}
		recorded = got.GetResult()
	}
	if got := refusal(f.signedErr(f.signed(s, "cti", c, "Ｓ-1", map[string]any{"statement": "another"}))); got.reason != "RESULT_ALREADY_RECORDED" {
		t.Errorf("the number of the report with other content: %+v", got)
	}
	if err := f.revokeErr(key); err != nil {
		t.Fatal(err)
	}
	if got := refusal(f.signedErr(f.signed(s, "cti", c, "S-2", nil))); got.reason != "KEY_REVOKED" {
		t.Errorf("by a revoked key: %+v", got)
	}
	if got, err := f.signedResults().RecordSignedResult(f.lab("cti"), r); err != nil || !got.GetReplayed() {
		t.Errorf("sent again after the revocation: %v, %v", got, err)
	}
	v, err := f.signedResults().GetSignedResult(f.as("auditor"), &tenfoldv1.GetSignedResultRequest{Name: recorded.GetName()})
	if err != nil || !v.GetVerified() || v.GetSignedResult() != r.GetSignedResult() || v.GetProblem() != 0 ||
		v.GetKey().GetState() != tenfoldv1.AuthenticatorKeyState_AUTHENTICATOR_KEY_STATE_REVOKED {
		t.Errorf("verified: %v, %v", v, err)
	}
	f.audited()
	_, id, _ := strings.Cut(recorded.GetName(), "/results/")
	if _, err := f.admin().ExecContext(t.Context(), `UPDATE results SET units = replace(units::text, 'COUNTERFEIT', 'GENUINE')::json WHERE result_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	v, err = f.signedResults().GetSignedResult(f.as("auditor"), &tenfoldv1.GetSignedResultRequest{Name: recorded.GetName()})
	if err != nil || v.GetVerified() || v.GetProblem() != tenfoldv1.Reason_REASON_SIGNED_RESULT_MISMATCH || !strings.Contains(v.GetProblemDetail(), "items") {
		t.Errorf("a forged verdict is verified: %v, %v", v, err)
	}
	found, err := audit.Check(t.Context(), f.db)
	told := false
	for _, d := range found {
		told = told || strings.HasPrefix(d.Subject, "signed result ")
	}
	if err != nil || !told {
		t.Errorf("the audit finds %v, %v", found, err)
	}
}

// Would catch the honest signed result of a body that was drawn for a re-inspection, which
// counts as one without its word and is shown as forged by that; and a forged re-inspection of a
// body that was not drawn.
func TestV3ADrawnBodysSignedResultIsVerified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rulesSinceEver()
	f.open("m1", 1_000_000)
	f.register("cti")
	f.register("sgs")
	one, two := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	f.keyed("cti", one)
	f.keyed("sgs", two)
	c := f.file("m1", "l1")
	both := map[string]any{"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT"}, map[string]any{"unit": 2, "verdict": "COUNTERFEIT"}}}
	first, err := f.signedResults().RecordSignedResult(f.lab("cti"), f.signed(one, "cti", c, "S-1", both))
	if err != nil {
		t.Fatal(err)
	}
	ask := f.commissioning(c, "")
	ask.Body = &tenfoldv1.CommissionItemRequest_Draw{Draw: &tenfoldv1.BodyDraw{Exclude: []string{"authenticators/sandbox-lab"}}}
	made, err := f.commissions().CommissionItem(f.as("adjudicator"), ask)
	if err != nil || made.GetCommission().GetAuthenticator() != "authenticators/sgs" {
		t.Fatalf("drawn: %v, %v", made, err)
	}
	got, err := f.signedResults().RecordSignedResult(f.lab("sgs"), f.signed(two, "sgs", c, "S-2", both))
	if err != nil || !got.GetResult().GetReinspection() {
		t.Fatalf("recorded: %v, %v", got, err)
	}
	verified := func(name string) *tenfoldv1.GetSignedResultResponse {
		t.Helper()
		v, err := f.signedResults().GetSignedResult(f.as("auditor"), &tenfoldv1.GetSignedResultRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := verified(got.GetResult().GetName()); !v.GetVerified() {
		t.Errorf("drawn by lot: %v", v)
	}
	f.audited()
	// A corrected report is the same re-inspection.
	correction := f.signed(two, "sgs", c, "S-3", both)
	correction.Supersedes = got.GetResult().GetName()
	corrected, err := f.signedResults().RecordSignedResult(f.lab("sgs"), correction)
	if err != nil || !corrected.GetResult().GetReinspection() || corrected.GetResult().GetCommission() != got.GetResult().GetCommission() {
		t.Fatalf("corrected: %v, %v", corrected, err)
	}
	if v := verified(corrected.GetResult().GetName()); !v.GetVerified() {
		t.Errorf("corrected: %v", v)
	}
	f.audited()
	_, id, _ := strings.Cut(first.GetResult().GetName(), "/results/")
	if _, err := f.admin().ExecContext(t.Context(), `UPDATE results SET reinspection = true, commission_number = 1 WHERE result_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if v := verified(first.GetResult().GetName()); v.GetVerified() || !strings.Contains(v.GetProblemDetail(), "reinspection") {
		t.Errorf("another body's commission: %v", v)
	}
	found, err := audit.Check(t.Context(), f.db)
	if told := slices.ContainsFunc(found, func(d audit.Discrepancy) bool { return d.Subject == "signed result "+id }); err != nil || !told {
		t.Errorf("the audit finds %v, %v", found, err)
	}
}

// Would catch a body that ranks the same whether it signs or not, one whose rank falls with a key
// that it is given later, and a decision that does not keep which rank was given and why.
func TestV11UnsignedResultsOfBodiesThatCouldSignRankLower(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rulesSinceEver()
	f.open("m1", 500_000)
	f.register("cti")
	f.register("sgs")
	s := signaturetest.Ed25519(1)
	f.keyed("cti", s)
	c := f.file("m1", "l1")
	unsigned := func(body, report string) *tenfoldv1.AuthenticationResult {
		t.Helper()
		got, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/" + body, ReportNumber: report,
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, IssuedAt: timestamppb.New(start),
			UnitVerdicts: []*tenfoldv1.UnitVerdict{
				{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetResult()
	}
	gap, missing := tenfoldv1.RankLowering_RANK_LOWERING_CUSTODY, tenfoldv1.RankLowering_RANK_LOWERING_UNSIGNED
	first := unsigned("sgs", "S-1")
	if first.GetRank() != 6 || !slices.Equal(first.GetLoweredBy(), []tenfoldv1.RankLowering{gap}) {
		t.Errorf("of a body that cannot sign: %v", first)
	}
	could := unsigned("cti", "C-1")
	if could.GetRank() != 7 || !slices.Equal(could.GetLoweredBy(), []tenfoldv1.RankLowering{gap, missing}) {
		t.Errorf("of a body that could sign: %v", could)
	}
	signed, err := f.signedResults().RecordSignedResult(f.lab("cti"), f.signed(s, "cti", c, "C-2", map[string]any{
		"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT"}, map[string]any{"unit": 2, "verdict": "COUNTERFEIT"}},
	}))
	if err != nil || signed.GetResult().GetRank() != 4 || !slices.Equal(signed.GetResult().GetLoweredBy(), []tenfoldv1.RankLowering{gap}) {
		t.Errorf("signed: %v, %v", signed, err)
	}
	// A key that the other body is given now changes nothing about what it reported before.
	f.keyed("sgs", signaturetest.Ed25519(2))
	got, err := f.results.GetResult(f.as("operator"), &tenfoldv1.GetResultRequest{Name: first.GetName()})
	if err != nil || got.GetResult().GetRank() != 6 {
		t.Errorf("after the body was given a key: %v, %v", got, err)
	}
	e := f.explained("support", c.GetName(), tenfoldv1.Audience_AUDIENCE_UNSPECIFIED)
	found := false
	for _, w := range e.GetWeighing().GetResults() {
		if w.GetResult() == could.GetName() {
			found = w.GetRank() == 7 && w.GetRungRank() == 5 && slices.Equal(w.GetLoweredBy(), []tenfoldv1.RankLowering{gap, missing})
		}
	}
	if why := e.GetText().GetWhy(); !found || !strings.Contains(why, "report C-1 of rank 7 instead of 5, because") || !strings.Contains(why, "could have signed it") {
		t.Errorf("weighed: %v, %s", e.GetWeighing(), why)
	}
	f.audited()
}

// Would catch a signed result in a batch that is not decided alone, one that is recorded unverified
// or otherwise than in a call of its own, statuses in another order, and a batch that takes more
// than it can.
func TestSignedResultsComeInBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.register("cti")
	s, other := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	key := f.keyed("cti", s)
	one, two := f.file("m1", "l1"), f.file("m1", "l2")
	unsigned := f.reported(two, "U-1", 1)
	good, forged := f.signed(s, "cti", one, "S-1", nil), f.signed(other, "cti", one, "S-2", nil)
	foreign := f.signed(s, "cti", one, "S-3", map[string]any{"subject": map[string]any{"merchant": "m2", "orderLine": "l1"}})
	again := proto.CloneOf(good)
	again.RequestId = f.id()
	batch := &tenfoldv1.BatchRecordResultsRequest{
		Requests:       []*tenfoldv1.ResultToRecord{unsigned, {}},
		SignedRequests: []*tenfoldv1.RecordSignedResultRequest{forged, good, {}, foreign},
	}
	client := tenfoldv1.NewResultServiceClient(f.conn)
	send := func(b *tenfoldv1.BatchRecordResultsRequest) (reasons []string, items []*tenfoldv1.BatchRecordResultsItem) {
		t.Helper()
		got, err := client.BatchRecordResults(f.as("operator"), b)
		if err != nil || len(got.GetItems()) != len(b.GetRequests()) || len(got.GetSignedItems()) != len(b.GetSignedRequests()) {
			t.Fatalf("answered: %v, %v", got, err)
		}
		for _, item := range slices.Concat(got.GetItems(), got.GetSignedItems()) {
			reasons = append(reasons, strings.TrimPrefix(item.GetStatus().GetReason().String(), "REASON_"))
		}
		return reasons, got.GetSignedItems()
	}
	want := []string{"UNSPECIFIED", "REQUEST_INVALID", "KEY_NOT_FOUND", "UNSPECIFIED", "REQUEST_INVALID", "SIGNED_RESULT_MISMATCH"}
	reasons, items := send(batch)
	if !slices.Equal(reasons, want) || items[1].GetReplayed() || items[1].GetClaim().GetName() != one.GetName() {
		t.Errorf("recorded: %v, %v", reasons, items)
	}
	v, err := f.signedResults().GetSignedResult(f.as("auditor"), &tenfoldv1.GetSignedResultRequest{Name: items[1].GetResult()})
	if err != nil || !v.GetVerified() || v.GetResult().GetSigningKey() != key {
		t.Errorf("verified: %v, %v", v, err)
	}
	if reasons, items := send(batch); !slices.Equal(reasons, want) || !items[1].GetReplayed() {
		t.Errorf("sent again: %v, %v", reasons, items)
	}
	if alone, err := f.signedResults().RecordSignedResult(f.lab("cti"), good); err != nil || !alone.GetReplayed() {
		t.Errorf("sent again alone: %v, %v", alone, err)
	}
	if reasons, _ := send(&tenfoldv1.BatchRecordResultsRequest{SignedRequests: []*tenfoldv1.RecordSignedResultRequest{again}}); reasons[0] != "RESULT_ALREADY_RECORDED" {
		t.Errorf("the same report: %v", reasons)
	}
	own, err := client.BatchRecordResults(f.lab("sandbox-lab"), &tenfoldv1.BatchRecordResultsRequest{SignedRequests: []*tenfoldv1.RecordSignedResultRequest{again}})
	if err != nil || own.GetSignedItems()[0].GetStatus().GetReason() != tenfoldv1.Reason_REASON_ACCESS_DENIED {
		t.Errorf("sent by another body: %v, %v", own, err)
	}
	for name, b := range map[string]*tenfoldv1.BatchRecordResultsRequest{
		"REQUEST_INVALID": {}, "BATCH_TOO_LARGE": {Requests: make([]*tenfoldv1.ResultToRecord, 250), SignedRequests: make([]*tenfoldv1.RecordSignedResultRequest, 251)},
	} {
		for i := range b.GetRequests() {
			b.Requests[i] = &tenfoldv1.ResultToRecord{}
		}
		for i := range b.GetSignedRequests() {
			b.SignedRequests[i] = &tenfoldv1.RecordSignedResultRequest{}
		}
		if got := refusal(errorOf(client.BatchRecordResults(f.as("operator"), b))); got.reason != name {
			t.Errorf("want %s: %+v", name, got)
		}
	}
	f.audited()
}

// Would catch a result of a body that is not registered for the brand, the trademark or the method
// that is told of the goods, unsigned or signed, and one that is refused for what nobody told.
func TestResultsAreOfGoodsThatTheirBodyMayJudge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	_, err := f.results.RegisterAuthenticator(f.as("operator"), &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: f.id(), AuthenticatorId: "dior", Authenticator: &tenfoldv1.Authenticator{
			Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_BRAND, DisplayName: "Dior", Brands: []string{"Dior Beauty"},
			TrademarkNumbers: []string{"3159141"}, Methods: []string{"GB/T 29679-2013"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := signaturetest.Ed25519(1)
	f.keyed("dior", s)
	c := f.file("m1", "l1")
	n := 0
	unsigned := func(change func(*tenfoldv1.RecordResultRequest)) error {
		n++
		item := f.reported(c, fmt.Sprint("U-", n), 1)
		r := &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/dior", ReportNumber: item.GetReportNumber(),
			UnitVerdicts: item.GetUnitVerdicts(), SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_PHOTOS, IssuedAt: item.GetIssuedAt(),
		}
		change(r)
		return errorOf(f.results.RecordResult(f.as("operator"), r))
	}
	signed := func(members map[string]any) error {
		n++
		members["sampleSource"] = "PHOTOS"
		return f.signedErr(f.signed(s, "dior", c, fmt.Sprint("S-", n), members))
	}
	type told = tenfoldv1.RecordResultRequest
	for name, x := range map[string]struct {
		err   error
		field string
	}{
		"nothing told":              {unsigned(func(*told) {}), ""},
		"the brand":                 {unsigned(func(r *told) { r.Brand = "ＤＩＯＲ beauty" }), ""},
		"the trademark":             {unsigned(func(r *told) { r.TrademarkNumber = "3159141" }), ""},
		"the brand alone":           {unsigned(func(r *told) { r.Brand, r.TrademarkNumber = "Dior Beauty", "1" }), ""},
		"the method":                {unsigned(func(r *told) { r.Methods = []string{"gb/t 29679-2013"} }), ""},
		"another brand":             {unsigned(func(r *told) { r.Brand = "Maotai" }), "brand"},
		"another trademark":         {unsigned(func(r *told) { r.TrademarkNumber = "1" }), "trademark_number"},
		"another method":            {unsigned(func(r *told) { r.Methods = []string{"GB/T 29679-2013", "smell"} }), "methods"},
		"signed, the trademark":     {signed(map[string]any{"trademark": map[string]any{"number": "3159141"}}), ""},
		"signed, another trademark": {signed(map[string]any{"trademark": map[string]any{"number": "1"}}), "signed_result"},
		"signed, another method":    {signed(map[string]any{"methods": []any{map[string]any{"id": "smell"}}}), "signed_result"},
	} {
		if got := refusal(x.err); x.field == "" && x.err != nil || x.field != "" && (got.reason != "AUTHENTICATOR_NOT_TRUSTED" || got.field != x.field) {
			t.Errorf("%s: %v, want a refusal at %q", name, x.err, x.field)
		}
	}
	batch := f.reported(c, "U-99", 1)
	batch.Authenticator, batch.Brand = "authenticators/dior", "Maotai"
	if items := f.recordAll(f.as("operator"), batch); items[0].GetStatus().GetReason() != tenfoldv1.Reason_REASON_AUTHENTICATOR_NOT_TRUSTED {
		t.Errorf("in a batch: %v", items)
	}
	f.audited()
}

// Would catch a commission that a result names and does not answer, in every way of recording one.
func TestResultsNameTheirCommission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	s := signaturetest.Ed25519(1)
	f.register("cti")
	f.keyed("cti", s)
	c, other := f.file("m1", "l1"), f.file("m1", "l2")
	give := func(c *tenfoldv1.Claim, units ...int32) string {
		t.Helper()
		r := f.commissioning(c, "cti")
		r.Units = units
		made, err := f.commissions().CommissionItem(f.as("support"), r)
		if err != nil {
			t.Fatal(err)
		}
		return made.GetCommission().GetName()
	}
	first, second, foreign := give(c, 1), give(c, 2), give(other)
	both := map[string]any{"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT"}, map[string]any{"unit": 2, "verdict": "COUNTERFEIT"}}}
	r := f.signed(s, "cti", c, "S-1", both)
	r.Commission = foreign
	if got := refusal(f.signedErr(r)); got.reason != "COMMISSION_NOT_FOUND" || got.field != "commission" {
		t.Errorf("of another claim: %+v", got)
	}
	r.Commission = second
	got, err := f.signedResults().RecordSignedResult(f.lab("cti"), r)
	if err != nil || got.GetResult().GetCommission() != second {
		t.Errorf("signed: %v, %v", got, err)
	}
	item := f.reported(c, "U-1", 1, 2)
	item.Authenticator, item.Commission = "authenticators/cti", first
	if items := f.recordAll(f.as("operator"), item); items[0].GetStatus().GetCode() != 0 {
		t.Fatalf("in a batch: %v", items)
	} else if x, err := f.results.GetResult(f.as("support"), &tenfoldv1.GetResultRequest{Name: items[0].GetResult()}); err != nil || x.GetResult().GetCommission() != first {
		t.Errorf("in a batch: %v, %v", x, err)
	}
}

// Would catch a signature that is refused and not counted, or counted twice; a missing one that is
// not; and a refusal that is counted although it is about no signature.
func TestRefusedSignaturesAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.register("cti")
	s, other := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	key := f.keyed("cti", s)
	f.signedOnly()
	c := f.file("m1", "l1")
	var mu sync.Mutex
	var told []string
	config := rpc.Defaults()
	config.Observer.SignatureRefused = func(reason fault.Reason) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, string(reason))
	}
	listener := bufconn.Listen(1 << 20)
	t.Cleanup(f.listen(listener, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, config))
	conn := dial(t, listener)
	signed, results := tenfoldv1.NewSignedResultServiceClient(conn), tenfoldv1.NewResultServiceClient(conn)
	good := f.signed(s, "cti", c, "S-1", nil)
	batch, err := results.BatchRecordResults(f.as("operator"), &tenfoldv1.BatchRecordResultsRequest{
		Requests:       []*tenfoldv1.ResultToRecord{f.reported(c, "U-1", 1)},
		SignedRequests: []*tenfoldv1.RecordSignedResultRequest{f.swapped(good, f.signed(s, "cti", c, "S-2", nil)), good},
	})
	if err != nil || batch.GetSignedItems()[1].GetStatus().GetCode() != 0 {
		t.Fatalf("recorded: %v, %v", batch, err)
	}
	send := func(r *tenfoldv1.RecordSignedResultRequest) { _, _ = signed.RecordSignedResult(f.as("operator"), r) }
	send(f.signed(other, "cti", c, "S-3", nil))
	send(f.signed(s, "cti", c, "S-4", map[string]any{"items": []any{map[string]any{"unit": 9, "verdict": "GENUINE"}}}))
	send(f.signed(s, "cti", c, "S-5", map[string]any{"items": "none"}))
	if err := f.revokeErr(key); err != nil {
		t.Fatal(err)
	}
	send(f.signed(s, "cti", c, "S-6", nil))
	_, _ = tenfoldv1.NewAuthenticatorKeyServiceClient(conn).GetAuthenticatorKey(f.as("operator"), &tenfoldv1.GetAuthenticatorKeyRequest{Name: "authenticators/cti/keys/none"})
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(told)
	if want := []string{"KEY_NOT_FOUND", "KEY_REVOKED", "SIGNATURE_INVALID", "SIGNATURE_REQUIRED", "SIGNED_RESULT_INVALID"}; !slices.Equal(told, want) {
		t.Errorf("counted: %v, want %v", told, want)
	}
}

// expiredKey gives sandbox-lab a key that counts for a minute, which then is over.
func (f *fixture) expiredKey(s *signaturetest.Signer) {
	f.t.Helper()
	r := f.adding("sandbox-lab", s)
	r.ValidUntil = timestamppb.New(f.now().Add(time.Minute))
	asked, err := f.keys().AddAuthenticatorKey(f.asPerson("operator", "oscar"), r)
	if err == nil {
		_, err = f.registry.ApproveAuthenticatorChange(f.asPerson("approver", "anna"), &tenfoldv1.ApproveAuthenticatorChangeRequest{
			Name: asked.GetChange().GetName(), RequestId: f.id(),
		})
	}
	if err == nil {
		_, err = f.sandbox.AdvanceClock(f.as("operator"), &tenfoldv1.AdvanceClockRequest{Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(f.now().Add(time.Hour))}})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// signedOnly has sandbox-lab sign all of its results.
func (f *fixture) signedOnly() {
	f.t.Helper()
	got, err := f.results.GetAuthenticator(f.as("operator"), &tenfoldv1.GetAuthenticatorRequest{Name: "authenticators/sandbox-lab"})
	if err != nil {
		f.t.Fatal(err)
	}
	a := got.GetAuthenticator()
	a.SignedOnly = true
	_, err = f.registry.ReviseAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.ReviseAuthenticatorRequest{
		Name: a.GetName(), RequestId: f.id(), Authenticator: a, Revision: a.GetRevision(), Note: "signs everything",
	})
	if err != nil {
		f.t.Fatal(err)
	}
}
