package rpc_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a term of a policy that is lost, or changed, on its way through
// the server and back, and a default that is not shown.
func TestPolicyTermsComeBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.version(t, 2)
	v := r.GetPolicyVersion()
	if v.GetReversalBorneBy() != tenfoldv1.ReversalBearer_REVERSAL_BEARER_PLATFORM || v.GetAuthenticationFee() != tenfoldv1.FeeRule_FEE_RULE_NONE ||
		v.GetWindows().GetPanel() != nil || v.GetWindows().GetHold() != nil || v.GetMinimumDeposit() != nil || v.GetProtectedShare() != nil {
		t.Errorf("the seeded version is %v", v)
	}
	v.AdvanceLimitPerMerchant, v.ApprovalOver, v.AbnormalFactor, v.AbnormalOver = fen(1), fen(2), 3, fen(4)
	v.ReversalBorneBy, v.AuthenticationFee = tenfoldv1.ReversalBearer_REVERSAL_BEARER_CONSUMER, tenfoldv1.FeeRule_FEE_RULE_SPLIT
	v.MinimumDeposit, v.ProtectedShare = fen(5), &tenfoldv1.Ratio{Numerator: 1, Denominator: 5}
	w := v.GetWindows()
	w.Result, w.ResultWorkingDays = nil, 15
	w.Review, w.ReviewWorkingDays = nil, 3
	w.NoticeDelivery, w.NoticeDeliveryWorkingDays = nil, 2
	w.Notice, w.NoticeWorkingDays = nil, 7
	w.PanelWorkingDays, w.Approval, w.TopUpWorkingDays = 14, durationpb.New(48*time.Hour), 5
	w.Hold, w.ExitQuarantine = durationpb.New(60*24*time.Hour), durationpb.New(45*24*time.Hour)
	published, err := f.rules.PublishPolicyVersion(f.as("operator"), r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.rules.GetPolicyVersion(f.as("support"), &tenfoldv1.GetPolicyVersionRequest{Name: v.GetName()})
	if err != nil || !proto.Equal(got.GetPolicyVersion(), v) || !proto.Equal(published.GetPolicyVersion(), v) {
		t.Errorf("%v: %v came back as %v", err, v, got)
	}
}

// Would catch terms that contradict one another and are published all the same,
// or amounts in several currencies.
func TestBadPolicyTerms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	type V = tenfoldv1.PolicyVersion
	for name, row := range map[string]struct {
		spoil         func(v *V)
		reason, field string
	}{
		"another currency": {func(v *V) { v.ApprovalOver = &tenfoldv1.Money{CurrencyCode: "USD", MinorUnits: 1} },
			"CURRENCY_MISMATCH", "policy_version.approval_over.currency_code"},
		"an advance without its source": {func(v *V) {
			v.SourceOrder, v.AdvanceLimit, v.AdvanceLimitPerMerchant = v.SourceOrder[:1], nil, fen(1)
		}, "REQUEST_INVALID", "policy_version.advance_limit_per_merchant"},
		"abnormal without a factor": {func(v *V) { v.AbnormalOver = fen(1) }, "REQUEST_INVALID", "policy_version"},
		"two units of time":         {func(v *V) { v.Windows.NoticeWorkingDays = 7 }, "REQUEST_INVALID", "policy_version.windows"},
		"a deposit by statute": {func(v *V) {
			v.LegalBasis, v.MinimumDeposit = tenfoldv1.LegalBasis_LEGAL_BASIS_FOOD_SAFETY_148, fen(1)
		}, "REQUEST_INVALID", "policy_version"},
	} {
		r := f.version(t, 2)
		row.spoil(r.GetPolicyVersion())
		_, err := f.rules.PublishPolicyVersion(f.as("operator"), r)
		if got := refusal(err); got.reason != row.reason || got.field != row.field {
			t.Errorf("%s: %s at %q: %v", name, got.reason, got.field, err)
		}
	}
}

// Would catch a policy in a currency that no book is kept in, which could never apply,
// and versions in another currency among those that apply to an order.
func TestPoliciesStandByCurrency(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	r := f.version(t, 1)
	v := r.GetPolicyVersion()
	v.Name, v.CurrencyCode = "policies/promise-usd/versions/1", "USD"
	for _, m := range []*tenfoldv1.Money{v.GetAdvanceLimit(), v.GetFloor(), v.GetCap()} {
		if m != nil {
			m.CurrencyCode = "USD"
		}
	}
	v.PublishedAt, v.EffectiveFrom = timestamppb.New(start.AddDate(-1, 0, -30)), timestamppb.New(start.AddDate(-1, 0, 0))
	_, err := f.rules.PublishPolicyVersion(f.as("operator"), r)
	if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "policy_version.currency_code" {
		t.Errorf("with books in CNY alone: %v", err)
	}
	_, err = f.rules.GetPolicyVersion(f.as("support"), &tenfoldv1.GetPolicyVersionRequest{Name: v.GetName()})
	if refusal(err).reason != "POLICY_NOT_FOUND" {
		t.Errorf("the refused version: %v", err)
	}
	_, err = f.books.OpenBook(f.as("finance"), &tenfoldv1.OpenBookRequest{MerchantId: "dollars", RequestId: f.id(), CurrencyCode: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.rules.PublishPolicyVersion(f.as("operator"), r); err != nil {
		t.Fatalf("with a book in USD: %v", err)
	}
	for currency, want := range map[string]string{"USD": v.GetName(), "CNY": "policies/promise-tenfold/versions/1"} {
		resolved, err := f.rules.ResolvePolicy(f.as("support"), &tenfoldv1.ResolvePolicyRequest{
			PaidAt: timestamppb.New(start.AddDate(0, -1, 0)), Category: "toys", CurrencyCode: currency,
		})
		if err != nil || resolved.GetPolicyVersions()[0].GetName() != want {
			t.Errorf("%s: %v, %v, want %s", currency, resolved, err, want)
		}
	}
	_, err = f.rules.ResolvePolicy(f.as("support"), &tenfoldv1.ResolvePolicyRequest{PaidAt: timestamppb.New(time.Time{}), CurrencyCode: "CNY"})
	if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "paid_at" {
		t.Errorf("at the beginning of time: %v", err)
	}
}

// Would catch a quote that leaves out the cost of authentication where the policy
// adds it, adds it where the policy does not, or takes it in another currency.
func TestQuoteAddsTheAuthenticationFee(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	r := f.version(t, 2)
	r.GetPolicyVersion().AuthenticationFee = tenfoldv1.FeeRule_FEE_RULE_ADDED
	r.GetPolicyVersion().PublishedAt = timestamppb.New(start.AddDate(-1, 0, -30))
	r.GetPolicyVersion().EffectiveFrom = timestamppb.New(start.AddDate(-1, 0, 0))
	if _, err := f.rules.PublishPolicyVersion(f.as("operator"), r); err != nil {
		t.Fatal(err)
	}
	quote := &tenfoldv1.QuotePayoutRequest{
		Parent: "merchants/m1", Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: line("m1", "l1")},
		CounterfeitUnits: []int32{1, 2}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_BEST, AuthenticationFee: fen(30_000),
	}
	got, err := f.claims.QuotePayout(f.as("support"), quote)
	if err != nil {
		t.Fatal(err)
	}
	c, other := got.GetChosen(), got.GetCalculations()[1]
	if c.GetAuthenticationFee().GetMinorUnits() != 30_000 || c.GetCompensation().GetMinorUnits() != 230_000 ||
		c.GetConsumerTotal().GetMinorUnits() != 250_000 || c.GetGroupTotalAfter().GetMinorUnits() != 200_000 {
		t.Errorf("chosen %v", c)
	}
	if other.GetAuthenticationFee() != nil || other.GetCompensation().GetMinorUnits() != 60_000 {
		t.Errorf("by a policy that adds nothing: %v", other)
	}
	quote.AuthenticationFee = &tenfoldv1.Money{CurrencyCode: "USD", MinorUnits: 1}
	_, err = f.claims.QuotePayout(f.as("support"), quote)
	if got := refusal(err); got.reason != "CURRENCY_MISMATCH" || got.field != "authentication_fee.currency_code" || got.metadata["expected"] != "CNY" {
		t.Errorf("in another currency: %v", err)
	}
}
