package engine_test

import (
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// released are digests of the first list of fields, as requests were stored with it.
var released = map[string]string{
	"promise-tenfold":        "ba299d49f9e8536bd51cfcb6f40305eb707c6146ee02f744477e561129cda311",
	"food-safety-148":        "427f27d650c5d054a7cafcf53f3e88976aee171f71981d1810141087aa000f1a",
	"consumer-protection-55": "4c35eb7c1f8656a9d23e2fcf7d60855d6eb34bbc2404c703c978ab7b429013f6",
}

// Would catch a publication that was accepted before the list of fields grew and
// whose replay is taken for another request.
func TestStoredPublicationsRecogniseTheirReplays(t *testing.T) {
	t.Parallel()
	for _, v := range policy.WithoutLimits() {
		v.FixedPromise = "" // As it was sent then.
		digest := engine.PublicationDigest(v)
		if got := hex.EncodeToString(digest[:]); got != released[v.PolicyID] {
			t.Errorf("%s has the digest %s, was stored with %s", v.PolicyID, got, released[v.PolicyID])
		}
		v.ReversalBorneBy, v.AuthenticationFee, v.FixedPromise = policy.BornePlatform, policy.FeeNone, policy.FixedBest
		v.Consequences = policy.DefaultConsequences()
		if engine.PublicationDigest(v) != digest {
			t.Errorf("%s with its defaults spelled out is another request", v.PolicyID)
		}
	}
}

// changedEach calls f with a version in which one field differs from v, for each field
// that holds no struct of its own.
func changedEach(t *testing.T, v policy.Version, f func(path string, v policy.Version)) {
	t.Helper()
	var walk func(of reflect.Value, path string)
	walk = func(of reflect.Value, path string) {
		for i := range of.NumField() {
			field, at := of.Field(i), path+"."+of.Type().Field(i).Name
			old := reflect.New(field.Type()).Elem()
			old.Set(field)
			switch field.Interface().(type) {
			case time.Time:
				field.Set(reflect.ValueOf(start))
			case string, policy.LegalBasis, policy.RefundMode, policy.EarlierRefunds, policy.ReversalBearer, policy.FeeRule, policy.FixedPromise,
				policy.Consequence:
				field.SetString("ANOTHER")
			case int32, int64, money.Amount, time.Duration:
				field.SetInt(field.Int() + 7)
			case []string, []policy.Component, []policy.Source:
				field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			case policy.Span, policy.Windows, money.Ratio, policy.Consequences:
				walk(field, at)
				continue
			default:
				t.Fatalf("%s is a %s, which this test cannot change", at, field.Type())
			}
			f(at, v)
			field.Set(old)
		}
	}
	walk(reflect.ValueOf(&v).Elem(), "Version")
}

// Would catch a term that the digest leaves out or confuses with another, so that
// a request id which is used again for other terms goes unnoticed.
func TestPublicationDigestCoversEveryTerm(t *testing.T) {
	t.Parallel()
	for _, v := range []policy.Version{policy.WithoutLimits()[0], policy.Seeds()[1], booktest.InWorkingDays()} {
		seen := map[[32]byte]string{engine.PublicationDigest(v): "nothing"}
		changedEach(t, v, func(path string, changed policy.Version) {
			digest := engine.PublicationDigest(changed)
			if other, twice := seen[digest]; twice {
				t.Errorf("%s: another %s has the digest of another %s", v.PolicyID, path, other)
			}
			seen[digest] = path
		})
		if len(seen) < 50 {
			t.Errorf("only %d fields were changed", len(seen))
		}
	}
}

// Would catch terms that are lost between publication and the next start, and a
// request id that is taken for the same although a term differs.
func TestPublishedTermsAreStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := policy.WithoutLimits()[0]
	v.Number, v.PublishedAt, v.EffectiveFrom = 2, start, start.Add(policy.NoticeMin)
	v.ApprovalOver, v.AuthenticationFee, v.MinimumDeposit = 7, policy.FeeSplit, 8
	v.Windows.Notice, v.Windows.Hold = policy.WorkingDays(7), time.Hour
	h := f.request("", "PublishPolicyVersion")
	for _, replay := range []bool{false, true} {
		if replayed, err := f.engine.PublishPolicyVersion(t.Context(), h, v); err != nil || replayed != replay {
			t.Fatalf("replayed %t, %v", replayed, err)
		}
	}
	_, other := f.replica(engine.Defaults())
	got, ok := other.Catalog().Policy(v.PolicyID, 2)
	if !ok || got.ApprovalOver != 7 || got.FeeRule() != policy.FeeSplit || got.Windows != v.Windows {
		t.Errorf("stored as %+v", got)
	}
	if terms := other.Catalog().Policies.MerchantTerms("CNY", v.EffectiveFrom); terms.MinimumDeposit != 8 {
		t.Errorf("the merchant's terms are %+v", terms)
	}
	v.ApprovalOver = 9
	if _, err := f.engine.PublishPolicyVersion(t.Context(), h, v); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("other terms under the same request id: %v", err)
	}
}

// Would catch a policy in a currency that no book is kept in, most likely a slip, and a
// refusal that leaves a version or a used request id behind.
func TestPolicyInACurrencyOfNoBookIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	v := policy.WithoutLimits()[0]
	v.PolicyID, v.Currency = "promise-usd", "USD"
	h := f.request("", "PublishPolicyVersion")
	_, err := f.engine.PublishPolicyVersion(t.Context(), h, v)
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.RequestInvalid || refusal.Field != "policy_version.currency_code" {
		t.Errorf("with books in CNY alone: %v", err)
	}
	if n := f.rows(`SELECT count(*) FROM policy_versions WHERE policy_id = 'promise-usd'`); n != 0 {
		t.Errorf("%d versions are left behind", n)
	}
	_, err = f.engine.Do(t.Context(), f.request("dollars", "OpenBook"), &book.OpenBook{Currency: "USD"})
	f.must(err)
	if _, err := f.engine.PublishPolicyVersion(t.Context(), h, v); err != nil {
		t.Errorf("with a book in USD, under the same request id: %v", err)
	}
}
