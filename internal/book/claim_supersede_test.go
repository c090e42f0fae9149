package book_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// corrects records a result in the place of an earlier one, and gives the claim with the id of the
// result.
func (f *fixture) corrects(c *claim.Claim, earlier string, r claim.Result) (*claim.Claim, string, error) {
	f.t.Helper()
	o, err := f.Do(f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: r, Supersedes: earlier})
	return o.Claim, o.ResultID, err
}

// recorded records a result and gives its id.
func (f *fixture) recorded(c *claim.Claim, r claim.Result) (*claim.Claim, string) {
	f.t.Helper()
	c, id, err := f.corrects(c, "", r)
	f.must(err)
	return c, id
}

// Would catch a corrected report that counts beside the wrong one, a claim, paid or not, that
// stays as it was although its verdict rested on the wrong one, one that goes to a person
// although the correction finds the same or decides by itself, money that moves before a person
// has decided, and a body that corrects what is not its own.
func TestACorrectedReportTakesThePlaceOfTheWrongOne(t *testing.T) {
	t.Parallel()
	lab2 := func(r claim.Result) claim.Result {
		r.AuthenticatorID = "lab-2"
		return r
	}
	begin := func(t *testing.T) (*fixture, *claim.Claim) {
		f := newFixture(t)
		labs(f)
		f.open("m1", 1_000_000)
		return f, f.file(filing(line("m1", "l1", 1, 10_000), 1))
	}
	t.Run("paid", func(t *testing.T) {
		t.Parallel()
		f, c := begin(t)
		c, wrong := f.recorded(c, result(c, claim.Counterfeit, "A"))
		c = f.paid(f.accept(f.confirmNotice(c)))
		if c.State != claim.Paid {
			t.Fatalf("%s", c.State)
		}
		before := f.head("m1").Balances
		c, right, err := f.corrects(c, wrong, result(c, claim.Genuine, "A-2"))
		f.must(err)
		rows := f.Rows("m1")
		if c.State != claim.InReview || f.head("m1").Balances != before {
			t.Errorf("corrected: %s, balances %+v", c.State, f.head("m1").Balances)
		}
		if old := rows.Results[wrong]; !old.Retracted || rows.Results[right].Retracted {
			t.Errorf("the wrong one counts: %+v", old)
		}
		last := rows.Events[len(rows.Events)-1]
		if last.Kind != event.ResultRetracted || last.Detail("cause") != string(claim.CauseSuperseded) || last.Detail("result") != wrong {
			t.Errorf("told: %s %v", last.Kind, last.Detail("cause"))
		}
		c, err = f.decide(c, book.Reject)
		f.must(err)
		if c.State != claim.Rejected {
			t.Errorf("decided anew: %s", c.State)
		}
	})
	t.Run("the same finding", func(t *testing.T) {
		t.Parallel()
		f, c := begin(t)
		c, wrong := f.recorded(c, result(c, claim.Counterfeit, "A"))
		c, right, err := f.corrects(c, wrong, result(c, claim.Counterfeit, "A-2"))
		f.must(err)
		if w := f.lastWeighing(); c.State != claim.Notified || len(w.Results) != 1 || w.Results[0].ResultID != right {
			t.Errorf("%s by %s", c.State, w.String())
		}
	})
	t.Run("nothing found before", func(t *testing.T) {
		t.Parallel()
		f, c := begin(t)
		c, wrong := f.recorded(c, result(c, claim.Inconclusive, "A"))
		c, _, err := f.corrects(c, wrong, result(c, claim.Counterfeit, "A-2"))
		f.must(err)
		if c.State != claim.Notified || c.Verdict != claim.Counterfeit {
			t.Errorf("%s %s", c.State, c.Verdict)
		}
	})
	t.Run("a conflict that is none", func(t *testing.T) {
		t.Parallel()
		f, c := begin(t)
		c, _ = f.recorded(c, result(c, claim.Counterfeit, "A"))
		c, wrong := f.recorded(c, lab2(result(c, claim.Genuine, "B")))
		if c.State != claim.InReview {
			t.Fatalf("conflict: %s", c.State)
		}
		c, _, err := f.corrects(c, wrong, lab2(result(c, claim.Counterfeit, "B-2")))
		f.must(err)
		if c.State != claim.Notified || c.Verdict != claim.Counterfeit {
			t.Errorf("%s %s", c.State, c.Verdict)
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		f, c := begin(t)
		c, first := f.recorded(c, result(c, claim.Counterfeit, "A"))
		other := f.file(filing(line("m1", "l2", 1, 10_000), 1))
		_, second, err := f.corrects(c, first, result(c, claim.Counterfeit, "A-2"))
		f.must(err)
		for name, x := range map[string]struct {
			claim   *claim.Claim
			earlier string
			of      claim.Result
			reason  fault.Reason
		}{
			"another body's":  {c, second, lab2(result(c, claim.Genuine, "C")), fault.ResultNotFound},
			"another claim's": {other, second, result(other, claim.Genuine, "D"), fault.ResultNotFound},
			"none":            {c, "nothing", result(c, claim.Genuine, "E"), fault.ResultNotFound},
			"corrected twice": {c, first, result(c, claim.Genuine, "F"), fault.ResultAlreadyRetracted},
		} {
			_, _, err := f.corrects(x.claim, x.earlier, x.of)
			if e, ok := fault.As(err); !ok || e.Reason != x.reason || e.Field != "supersedes" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
