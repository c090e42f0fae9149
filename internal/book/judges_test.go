package book_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a result that is recorded on the word of a body that is suspended, was not
// accredited on the day of the report in Beijing, or may not judge the goods; a result of a
// body without limits that is refused; and a request that is not recognised as a replay
// because its body was suspended meanwhile.
func TestResultsAreRecordedOnTheWordOfTrustedBodiesOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	body := authenticator.Body{ID: "lab-1", Version: 1, Revision: 1, Changes: 1, Content: authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "lab"}}
	c := f.file(filing(line("m1", "l1", 1, 20_000), 1)) // Its category is cosmetics.
	issued := result(c, claim.Genuine, "R").IssuedAt.In(time.FixedZone("Beijing", 8*3600))
	day := func(days int) string { return issued.AddDate(0, 0, days).Format(time.DateOnly) }
	accredited := func(from, until int) func(*authenticator.Body) {
		return func(b *authenticator.Body) {
			b.Accreditations = []authenticator.Accreditation{{Scheme: "CNAS", Number: "L1", From: day(-900), Until: day(-800)}, {Scheme: "CNAS", Number: "L1", From: day(from), Until: day(until)}}
		}
	}
	suspended := func(b *authenticator.Body) {
		b.Suspended = authenticator.Suspension{Change: 2, At: f.Now(), Reason: "reports were sold"}
	}
	for name, x := range map[string]struct {
		change func(*authenticator.Body)
		reason fault.Reason
		field  string
	}{
		"no limits":                  {func(*authenticator.Body) {}, "", ""},
		"the category":               {func(b *authenticator.Body) { b.Categories = []string{"food", "cosmetics"} }, "", ""},
		"another category":           {func(b *authenticator.Body) { b.Categories = []string{"food", "cosmetic", "cosmetics/mascara"} }, fault.AuthenticatorNotTrusted, "authenticator"},
		"accredited on its one day":  {accredited(0, 0), "", ""},
		"accredited from the next":   {accredited(1, 30), fault.AuthenticatorNotAccredited, "issued_at"},
		"accredited until yesterday": {accredited(-30, -1), fault.AuthenticatorNotAccredited, "issued_at"},
		"suspended":                  {suspended, fault.AuthenticatorSuspended, "authenticator"},
	} {
		b := body
		x.change(&b)
		f.SetBody(b)
		r := &book.RecordResult{Result: result(c, claim.Inconclusive, "R-"+name)}
		h := f.request("m1", "RecordResult")
		_, err := f.Do(h, r)
		if x.reason == "" && err != nil || x.reason != "" && !isRefused(err, x.reason, x.field) {
			t.Errorf("%s: %v", name, err)
		}
		if x.reason != "" {
			continue
		}
		suspended(&b)
		f.SetBody(b)
		if o, err := f.Do(h, r); err != nil || !o.Replayed {
			t.Errorf("%s, sent again after a suspension: replayed %v, %v", name, o.Replayed, err)
		}
	}
	if _, err := f.Do(f.request("m1", "RecordResult"), &book.RecordResult{Result: claim.Result{
		ClaimID: c.ID, AuthenticatorID: "nobody", ReportNumber: "R", Units: result(c, claim.Genuine, "R").Units,
	}}); !isRefused(err, fault.AuthenticatorNotFound, "") {
		t.Errorf("of a body that is not registered: %v", err)
	}
	if n := len(f.Rows("m1").Results); n != 3 {
		t.Errorf("%d results are recorded, want 3", n)
	}
}
