package engine_test

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What the tests of lanes, replicas and rows need of the stories that the tests of
// decisions tell, in internal/book.

// expiry is when the fixtures' coupons expire.
var expiry = start.AddDate(0, 6, 0)

func (f *fixture) head(merchant string) book.Head {
	f.t.Helper()
	h, found, err := f.pg.Reader().Head(f.t.Context(), merchant)
	if err != nil || !found {
		f.t.Fatalf("book of %s: found %v, %v", merchant, found, err)
	}
	return h
}

// charging publishes a promise with a rule for fees that is in force when the
// fixtures' lines are paid.
func (f *fixture) charging(rule policy.FeeRule) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.AuthenticationFee = 2, rule
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v)
	f.must(err)
}

// limited publishes a promise that advances at most limit and is in force when
// the fixtures' lines are paid.
func (f *fixture) limited(limit money.Amount) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.AdvanceLimit = 2, limit
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	_, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v)
	f.must(err)
}

func (f *fixture) sweep(merchant string) {
	f.t.Helper()
	_, err := f.engine.Do(f.t.Context(), request.System(merchant, "SweepBook"), &book.SweepBook{})
	f.must(err)
}
