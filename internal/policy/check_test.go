package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches a version that leaves out, repeats or contradicts one of its rules
// (P1) and is published all the same, and a refusal that names another field.
func TestP1_VersionSaysEverything(t *testing.T) {
	type V = policy.Version
	const tooMuch = money.MaxAmount + 1
	for _, c := range []struct {
		name   string
		mutate func(v *V)
		reason fault.Reason
		field  string
	}{
		{"no policy", func(v *V) { v.PolicyID = "" }, fault.RequestInvalid, "name"},
		{"no number", func(v *V) { v.Number = 0 }, fault.RequestInvalid, "name"},
		{"no basis", func(v *V) { v.Basis = "" }, fault.RequestInvalid, "legal_basis"},
		{"basis best", func(v *V) { v.Basis = policy.Best }, fault.RequestInvalid, "legal_basis"},
		{"no currency", func(v *V) { v.Currency = "" }, fault.RequestInvalid, "currency_code"},
		{"category with an empty name", func(v *V) { v.Categories = []string{"food", "food/"} }, fault.RequestInvalid, "categories[1]"},
		{"empty category", func(v *V) { v.Categories = []string{""} }, fault.RequestInvalid, "categories[0]"},
		{"category twice", func(v *V) { v.Categories = []string{"food", "food"} }, fault.RequestInvalid, "categories[1]"},
		{"too many categories", func(v *V) { v.Categories = make([]string, 201) }, fault.RequestInvalid, "categories"},
		{"no multiplier", func(v *V) { v.Multiplier = money.Ratio{} }, fault.RequestInvalid, "multiplier"},
		{"negative multiplier", func(v *V) { v.Multiplier.Num = -10 }, fault.RequestInvalid, "multiplier"},
		{"no base", func(v *V) { v.BaseComponents = nil }, fault.RequestInvalid, "base_components"},
		{"base twice", func(v *V) {
			v.BaseComponents = []policy.Component{policy.GoodsPaid, policy.GoodsPaid}
		}, fault.RequestInvalid, "base_components[1]"},
		{"base of something else", func(v *V) { v.BaseComponents = []policy.Component{"TAX"} }, fault.RequestInvalid, "base_components[0]"},
		{"negative floor", func(v *V) { v.Floor = -1 }, fault.AmountOutOfRange, "floor"},
		{"negative cap", func(v *V) { v.Cap = -1 }, fault.AmountOutOfRange, "cap"},
		{"cap too large", func(v *V) { v.Cap = tooMuch }, fault.AmountOutOfRange, "cap"},
		{"cap below the floor", func(v *V) { v.Floor, v.Cap = 1000, 999 }, fault.RequestInvalid, "cap"},
		{"unknown refund mode", func(v *V) { v.RefundMode = "SOME" }, fault.RequestInvalid, "refund_mode"},
		{"a refund of nothing", func(v *V) { v.RefundComponents = nil }, fault.RequestInvalid, "refund_components"},
		{"a refund with mode none", func(v *V) { v.RefundMode = policy.RefundNone }, fault.RequestInvalid, "refund_components"},
		{"a refund of what was never paid", func(v *V) {
			v.RefundComponents = []policy.Component{policy.GoodsPaid, policy.SellerDiscount}
		}, fault.RequestInvalid, "refund_components[1]"},
		{"earlier refunds not treated", func(v *V) { v.EarlierRefunds = "" }, fault.RequestInvalid, "earlier_refunds"},
		{"no source", func(v *V) { v.SourceOrder = nil }, fault.RequestInvalid, "source_order"},
		{"unknown source", func(v *V) { v.SourceOrder[1] = "LOTTERY" }, fault.RequestInvalid, "source_order[1]"},
		{"source twice", func(v *V) { v.SourceOrder[1] = policy.SourceDeposit }, fault.RequestInvalid, "source_order[1]"},
		{"advance before the merchant", func(v *V) { slices.Reverse(v.SourceOrder) }, fault.RequestInvalid, "source_order"},
		{"negative advance", func(v *V) { v.AdvanceLimit = -1 }, fault.AmountOutOfRange, "advance_limit"},
		{"advance without its source", func(v *V) { v.SourceOrder = v.SourceOrder[:2] }, fault.RequestInvalid, "advance_limit"},
		{"no claim window", func(v *V) { v.Windows.Claim = 0 }, fault.RequestInvalid, "windows.claim"},
		{"knowledge beyond three years", func(v *V) { v.Windows.Knowledge = policy.KnowledgeMax + 1 }, fault.RequestInvalid, "windows.knowledge"},
		{"negative result window", func(v *V) { v.Windows.Result = policy.Lasting(-1) }, fault.RequestInvalid, "windows.result"},
		{"no review window", func(v *V) { v.Windows.Review = policy.Span{} }, fault.RequestInvalid, "windows.review"},
		{"no delivery window", func(v *V) { v.Windows.NoticeDelivery = policy.Span{} }, fault.RequestInvalid, "windows.notice_delivery"},
		{"no notice", func(v *V) { v.Windows.Notice = policy.Span{} }, fault.RequestInvalid, "windows.notice"},
		{"grouping for ever", func(v *V) { v.Windows.Grouping = 1 << 62 }, fault.RequestInvalid, "windows.grouping"},
		{"never published", func(v *V) { v.PublishedAt = time.Time{} }, fault.RequestInvalid, "published_at"},
		{"never in force", func(v *V) { v.EffectiveFrom = time.Time{} }, fault.RequestInvalid, "effective_from"},
		{"what cannot be told compensated", func(v *V) { v.Consequences.Inconclusive = policy.Tenfold }, fault.RequestInvalid, "consequences.inconclusive"},
		{"gray market compensated", func(v *V) { v.Consequences.GrayMarket = policy.Tenfold }, fault.RequestInvalid, "consequences.gray_market"},
		{"unknown consequence", func(v *V) { v.Consequences.Altered = "TWOFOLD" }, fault.RequestInvalid, "consequences.altered"},
		{"clause without digest", func(v *V) { v.ClauseDigest = "the text" }, fault.RequestInvalid, "clause_digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := version(policy.Promise, c.mutate)
			e, ok := fault.As(v.Check())
			if !ok || e.Reason != c.reason || e.Field != "policy_version."+c.field {
				t.Fatalf("refusal is %+v, want %s at %s", e, c.reason, c.field)
			}
			if e.Reason == fault.AmountOutOfRange && (e.Fields["maxMinor"] == "" || e.Fields["currency"] != "CNY") {
				t.Errorf("the refusal lacks maxMinor or currency: %v", e)
			}
		})
	}
}

// Catches a default refund mode: a policy that says nothing is refused (C3).
func TestC3_RefundModeHasNoDefault(t *testing.T) {
	err := version(policy.Promise, func(v *policy.Version) { v.RefundMode = "" }).Check()
	if e, ok := fault.As(err); !ok || e.Field != "policy_version.refund_mode" {
		t.Errorf("answered %v", err)
	}
}

// Catches a version that takes effect less than seven days after publication
// (P2), or one refused at exactly seven days.
func TestP2_SevenDaysBetweenPublicationAndEffect(t *testing.T) {
	published := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		ok    bool
	}{
		{policy.NoticeMin, true},
		{policy.NoticeMin + time.Hour, true},
		{policy.NoticeMin - 1, false},
		{0, false},
		{-time.Hour, false},
	} {
		v := version(policy.Promise, func(v *policy.Version) {
			v.PublishedAt, v.EffectiveFrom = published, published.Add(c.after)
		})
		err := v.Check()
		if c.ok != (err == nil) || (!c.ok && !errors.Is(err, fault.PolicyNoticeTooShort)) {
			t.Errorf("effect after %s is answered %v", c.after, err)
		}
		if e, ok := fault.As(err); ok && e.Fields["earliestEffectiveFrom"] != "2026-01-08T00:00:00Z" {
			t.Errorf("the refusal does not say when: %v", e)
		}
	}
}

// Catches a variant of a sound version that is refused.
func TestCheckAcceptsSoundVersions(t *testing.T) {
	for _, change := range []func(v *policy.Version){
		func(*policy.Version) {},
		included, net,
		limits(1000, 1000),
		func(v *policy.Version) { v.RefundMode, v.RefundComponents = policy.RefundNone, nil },
		func(v *policy.Version) { v.Categories = []string{"food", "food/liquor", "drug"} },
		func(v *policy.Version) { v.SourceOrder, v.AdvanceLimit = []policy.Source{policy.SourceAdvance}, 1 },
		func(v *policy.Version) { v.SourceOrder, v.AdvanceLimit = []policy.Source{policy.SourceShopFunds}, 0 },
		func(v *policy.Version) { v.Multiplier = money.Ratio{Num: 3, Den: 2} },
		func(v *policy.Version) { v.ClauseDigest = strings.Repeat("0f", 32) },
		func(v *policy.Version) { v.Consequences = policy.DefaultConsequences() },
		func(v *policy.Version) {
			v.Consequences = policy.Consequences{
				NotOurProduct: policy.Tenfold, GrayMarket: policy.Review, Tampered: policy.Tenfold, Altered: policy.Tenfold,
				NotAsDescribed: policy.Tenfold, Inconclusive: policy.RefundPath,
			}
		},
	} {
		if err := version(policy.Promise, change).Check(); err != nil {
			t.Error(err)
		}
	}
}

// Catches a seeded policy that could not be published, whose numbers drift from the
// law, or that lets one claim take any amount.
func TestSeeds(t *testing.T) {
	for _, c := range []struct {
		id         string
		basis      policy.LegalBasis
		multiplier int64
		floor      money.Amount
		effective  string
	}{
		{"promise-tenfold", policy.Promise, 10, 0, "2016-01-01"},
		{"food-safety-148", policy.FoodSafety148, 10, 100000, "2015-10-01"},
		{"consumer-protection-55", policy.ConsumerProtection55, 3, 50000, "2014-03-15"},
	} {
		v := seeded(c.basis)
		if err := v.Check(); err != nil {
			t.Errorf("%s: %v", c.id, err)
		}
		if lacking := v.Lacking(); len(lacking) > 0 || v.ApprovalOver != 10_000_00 || v.AdvanceLimit > v.ApprovalOver {
			t.Errorf("%s lacks %v: it asks for approval above %d and advances %d", c.id, lacking, v.ApprovalOver, v.AdvanceLimit)
		}
		inBeijing := v.EffectiveFrom.In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
		if v.PolicyID != c.id || v.Number != 1 || v.Multiplier != (money.Ratio{Num: c.multiplier, Den: 1}) ||
			v.Floor != c.floor || v.Cap != 0 || inBeijing != c.effective {
			t.Errorf("%s is %+v", c.id, v)
		}
	}
	first, second := policy.Seeds(), policy.Seeds()
	first[0].SourceOrder[0] = "CHANGED"
	if second[0].SourceOrder[0] != policy.SourceDeposit {
		t.Error("two calls share their lists")
	}
}
