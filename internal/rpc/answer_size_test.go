package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// largeClaims claims of unitsEach units weigh more than one answer may; so do as many
	// notes or statements as stand here.
	largeClaims     = 5
	unitsEach       = 10_000
	largeNotes      = 700
	largeStatements = 400
	// tokenMax is more than the token of the next page has bytes.
	tokenMax = 1 << 10
)

// large is a book with claims, evidence and results that together fit into no answer.
func large(t *testing.T) (f *fixture, c *tenfoldv1.Claim) {
	t.Helper()
	f = newFixture(t)
	f.open("m1", 500_000)
	filing := f.filing("m1", "l1")
	l := filing.GetOrderLine()
	l.Quantity, l.UnitPrice, l.GoodsPaid = unitsEach, fen(100), fen(100*unitsEach)
	filing.Units = nil
	for i := range unitsEach {
		filing.Units = append(filing.Units, int32(i+1))
	}
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	c = filed.GetClaim()
	_, err = f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_PHOTOS, IssuedAt: c.GetFiledAt(), Statement: strings.Repeat("\U00020000", 4000),
	})
	if err != nil {
		t.Fatal(err)
	}
	// Rows as they were stored before evidence was bounded, and copies of what was filed.
	for _, copies := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO claims SELECT (jsonb_populate_record(c, jsonb_build_object('claim_id', left(c.claim_id, 20) || lpad(n::text, 6, '0')))).*
		  FROM claims c, generate_series(2, $1::int) n`, []any{largeClaims}},
		{`INSERT INTO results SELECT (jsonb_populate_record(r, jsonb_build_object('result_id', left(r.result_id, 20) || lpad(n::text, 6, '0'), 'report_number', 'R-' || n))).*
		  FROM results r, generate_series(2, $1::int) n`, []any{largeStatements}},
		{`INSERT INTO evidence SELECT 'm1', $1, n, 'PHOTO', 'files/' || n, '', repeat(U&'\+020000', 2000), 'support', 'p1', now()
		  FROM generate_series(1, $2::int) n`, []any{c.GetClaimId(), largeNotes}},
	} {
		if _, err := f.admin().Exec(copies.query, copies.args...); err != nil {
			t.Fatal(err)
		}
	}
	return f, c
}

// walked lists page after page, and gives how many entries and pages there were. It fails
// for a page that weighs more than an answer may, or is too large for a client that has set no
// limit of its own.
func walked(t *testing.T, what string, read func(token string) (entries []string, next string, page proto.Message)) (int, int) {
	t.Helper()
	seen := make(map[string]bool)
	for token, pages := "", 1; ; pages++ {
		entries, next, page := read(token)
		if len(entries) == 0 || rpc.Weight(page) > rpc.AnswerMax+tokenMax || proto.Size(page) > 4<<20 {
			t.Fatalf("%s: page %d has %d entries in %d bytes that weigh %d", what, pages, len(entries), proto.Size(page), rpc.Weight(page))
		}
		for _, e := range entries {
			if seen[e] {
				t.Fatalf("%s: %s is on two pages", what, e)
			}
			seen[e] = true
		}
		if token = next; token == "" {
			return len(seen), pages
		}
	}
}

// names are the names of resources.
func names[M interface{ GetName() string }](list []M) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.GetName())
	}
	return out
}

func numbers(list []*tenfoldv1.Evidence) []string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprint(e.GetEventNumber()))
	}
	return out
}

// Would catch a page, a whole claim or the first messages of a watch that a client cannot
// receive with the limit that gRPC has by default, entries that are lost or come twice where a
// page ends early, and a list that is shortened in silence.
func TestLargeAnswersFit(t *testing.T) {
	t.Parallel()
	f, c := large(t)
	ctx := f.as("support")
	check := func(what string, want int, read func(token string) ([]string, string, proto.Message)) {
		t.Helper()
		if got, pages := walked(t, what, read); got != want || pages < 2 {
			t.Errorf("%s: %d of %d entries on %d pages", what, got, want, pages)
		}
	}
	check("claims", largeClaims, func(token string) ([]string, string, proto.Message) {
		r, err := f.claims.ListClaims(ctx, &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageSize: 1000, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return names(r.GetClaims()), r.GetNextPageToken(), r
	})
	check("results", largeStatements, func(token string) ([]string, string, proto.Message) {
		r, err := f.results.ListResults(ctx, &tenfoldv1.ListResultsRequest{Parent: c.GetName(), PageSize: 1000, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return names(r.GetResults()), r.GetNextPageToken(), r
	})
	check("evidence", largeNotes, func(token string) ([]string, string, proto.Message) {
		r, err := f.claims.ListEvidence(ctx, &tenfoldv1.ListEvidenceRequest{Parent: c.GetName(), PageSize: 1000, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return numbers(r.GetEvidence()), r.GetNextPageToken(), r
	})
	got, err := f.claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		t.Fatal(err)
	}
	full := got.GetClaim()
	if len(full.GetUnits()) != unitsEach || len(full.GetEvidence()) == 0 || len(full.GetResults()) == 0 ||
		!slices.Equal(full.GetShortenedLists(), []string{"evidence", "results"}) || full.GetEvidence()[0].GetEventNumber() != 1 {
		t.Errorf("the whole claim has %d units, %d evidence, %d results, and shortened are %q", len(full.GetUnits()),
			len(full.GetEvidence()), len(full.GetResults()), full.GetShortenedLists())
	}
	f.watchesLargeClaims(c)
	largeAnswersFitOverHTTP(t, f, c)
}

// watchesLargeClaims expects all claims in the first messages of a watch, and of a watch that
// goes on from the middle of them.
func (f *fixture) watchesLargeClaims(c *tenfoldv1.Claim) {
	f.t.Helper()
	for what, r := range map[string]*tenfoldv1.WatchClaimsRequest{
		"of a book": {Parent: "merchants/m1"}, "of all books": {Parent: "merchants/-"}, "of an order": {Parent: "merchants/m1", OrderId: c.GetOrderId()},
	} {
		seen := make(map[string]int)
		for begun := false; len(seen) < largeClaims; begun = true {
			ctx, end := context.WithCancel(f.as("support"))
			stream, err := f.watches.WatchClaims(ctx, r)
			if err != nil {
				f.t.Fatal(err)
			}
			// The first watch breaks off after one message.
			for more := true; more; more = begun && len(seen) < largeClaims {
				got, err := stream.Recv()
				if err != nil || len(got.GetClaims()) == 0 || rpc.Weight(got) > rpc.AnswerMax {
					f.t.Fatalf("a watch %s gives %d claims of %d, then a weight of %d and %v", what, len(seen), largeClaims, rpc.Weight(got), err)
				}
				for _, name := range names(got.GetClaims()) {
					seen[name]++
				}
				r.ResumeToken = got.GetResumeToken()
			}
			end()
		}
		for name, times := range seen {
			if times != 1 {
				f.t.Errorf("a watch %s gives %s %d times", what, name, times)
			}
		}
	}
}

// largeAnswersFitOverHTTP looks at the same over HTTP, where the names of fields make answers
// several times as large.
func largeAnswersFitOverHTTP(t *testing.T, f *fixture, c *tenfoldv1.Claim) {
	t.Helper()
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	get := func(path string, into proto.Message) {
		t.Helper()
		response, content := h.call(inRole("support"), "GET", path, "")
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %d %.200s", path, response.StatusCode, content)
		}
		if err := protojson.Unmarshal(content, into); err != nil {
			t.Fatal(err)
		}
	}
	page := func(path, token string) string { return path + "?pageSize=1000&pageToken=" + url.QueryEscape(token) }
	check := func(what string, want int, read func(token string) ([]string, string, proto.Message)) {
		t.Helper()
		if got, pages := walked(t, what, read); got != want || pages < 2 {
			t.Errorf("%s: %d of %d entries on %d pages", what, got, want, pages)
		}
	}
	check("claims", largeClaims, func(token string) ([]string, string, proto.Message) {
		var r tenfoldv1.ListClaimsResponse
		get(page("/v1/merchants/m1/claims", token), &r)
		return names(r.GetClaims()), r.GetNextPageToken(), &r
	})
	check("results", largeStatements, func(token string) ([]string, string, proto.Message) {
		var r tenfoldv1.ListResultsResponse
		get(page("/v1/"+c.GetName()+"/results", token), &r)
		return names(r.GetResults()), r.GetNextPageToken(), &r
	})
	check("evidence", largeNotes, func(token string) ([]string, string, proto.Message) {
		var r tenfoldv1.ListEvidenceResponse
		get(page("/v1/"+c.GetName()+"/evidence", token), &r)
		return numbers(r.GetEvidence()), r.GetNextPageToken(), &r
	})
	var full tenfoldv1.GetClaimResponse
	get("/v1/"+c.GetName()+"?view=CLAIM_VIEW_FULL", &full)
	if len(full.GetClaim().GetUnits()) != unitsEach || len(full.GetClaim().GetShortenedLists()) != 2 {
		t.Errorf("the whole claim has %d units, and shortened are %q", len(full.GetClaim().GetUnits()), full.GetClaim().GetShortenedLists())
	}
	h.watchesLargeClaims()
}

// watchesLargeClaims expects all claims in the first messages of a watch over HTTP.
func (h *overHTTP) watchesLargeClaims() {
	h.t.Helper()
	ctx, end := context.WithCancel(h.t.Context())
	defer end()
	r, err := http.NewRequestWithContext(ctx, "POST", h.base+"/tenfold.v1.WatchService/WatchClaims", bytes.NewReader(envelope(`{"parent":"merchants/m1"}`)))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/connect+json")
	for name, value := range inRole("support") {
		r.Header.Set(name, value)
	}
	stream, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer stream.Body.Close()
	seen := make(map[string]bool)
	for len(seen) < largeClaims {
		var got tenfoldv1.WatchClaimsResponse
		content := opened(h.t, stream.Body)
		if err := protojson.Unmarshal(content, &got); err != nil || len(got.GetClaims()) == 0 || rpc.Weight(&got) > rpc.AnswerMax || len(content) > 8<<20 {
			h.t.Fatalf("the watch gives %d claims, then %d bytes, %v", len(seen), len(content), err)
		}
		for _, name := range names(got.GetClaims()) {
			seen[name] = true
		}
	}
}

// Would catch a batch that is carried out and whose answer does not reach its caller, or does
// not name every claim.
func TestAnswersToBatchesFit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const claims, units = 16, 4_000
	batch := &tenfoldv1.BatchFileClaimsRequest{}
	for i := range claims {
		r := f.filing("m1", fmt.Sprintf("l%d", i))
		l := r.GetOrderLine()
		l.Quantity, l.UnitPrice, l.GoodsPaid, r.Units = units, fen(100), fen(100*units), nil
		for u := range units {
			r.Units = append(r.Units, int32(u+1))
		}
		batch.Requests = append(batch.Requests, r)
	}
	r, err := f.claims.BatchFileClaims(f.as("order-service"), batch)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for i, item := range r.GetItems() {
		if item.GetClaim().GetName() == "" || item.GetClaim().GetState() == 0 {
			t.Errorf("item %d: %v", i, item.GetStatus())
		}
		if len(item.GetClaim().GetUnits()) == units {
			whole++
		}
	}
	if size := rpc.Weight(r); whole == 0 || whole == claims || size > rpc.AnswerMax+claims*2048 {
		t.Errorf("%d of %d claims have their units, and the answer weighs %d", whole, claims, size)
	}
}
