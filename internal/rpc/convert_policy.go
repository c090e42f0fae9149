package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func policyVersionOf(v *policy.Version) *tenfoldv1.PolicyVersion {
	p := &tenfoldv1.PolicyVersion{
		Name: policyVersionName(v.PolicyID, v.Number), Title: v.Title, LegalBasis: legalBases.proto(v.Basis),
		CurrencyCode: v.Currency, Categories: v.Categories, Multiplier: ratioOf(v.Multiplier),
		BaseComponents: components.protos(v.BaseComponents), RefundComponents: components.protos(v.RefundComponents),
		RefundMode: refundModes.proto(v.RefundMode), EarlierRefunds: earlierRefunds.proto(v.EarlierRefunds),
		SourceOrder: fundingSources.protos(v.SourceOrder),
		PublishedAt: stamp(v.PublishedAt), EffectiveFrom: stamp(v.EffectiveFrom), ClauseDigest: v.ClauseDigest,
		Windows: &tenfoldv1.PolicyWindows{
			Claim: durationpb.New(v.Windows.Claim), Knowledge: durationpb.New(v.Windows.Knowledge),
			Result: durationpb.New(v.Windows.Result), Review: durationpb.New(v.Windows.Review),
			NoticeDelivery: durationpb.New(v.Windows.NoticeDelivery), Notice: durationpb.New(v.Windows.Notice),
			Grouping: durationpb.New(v.Windows.Grouping),
		},
	}
	if v.Floor > 0 {
		p.Floor, p.FloorScope = moneyOf(v.Floor, v.Currency), tenfoldv1.FloorScope_FLOOR_SCOPE_ONCE_PER_GROUP
	}
	if v.Cap > 0 {
		p.Cap = moneyOf(v.Cap, v.Currency)
	}
	if v.AdvanceLimit > 0 {
		p.AdvanceLimit = moneyOf(v.AdvanceLimit, v.Currency)
	}
	return p
}

func policyVersion(p *tenfoldv1.PolicyVersion) (policy.Version, error) {
	id, _ := nameOf(p.GetName())
	r := amounts{currency: p.GetCurrencyCode(), field: "policy_version"}
	w := p.GetWindows()
	v := policy.Version{
		PolicyID: id, Number: int32(numberOf(p.GetName())), Title: p.GetTitle(), Basis: legalBases.domain(p.GetLegalBasis()),
		Currency: p.GetCurrencyCode(), Categories: p.GetCategories(), Multiplier: ratio(p.GetMultiplier()),
		BaseComponents: components.domains(p.GetBaseComponents()), RefundComponents: components.domains(p.GetRefundComponents()),
		RefundMode: refundModes.domain(p.GetRefundMode()), EarlierRefunds: earlierRefunds.domain(p.GetEarlierRefunds()),
		Floor: r.read(p.GetFloor(), "floor"), Cap: r.read(p.GetCap(), "cap"),
		SourceOrder: fundingSources.domains(p.GetSourceOrder()), AdvanceLimit: r.read(p.GetAdvanceLimit(), "advance_limit"),
		Windows: policy.Windows{
			Claim: period(w.GetClaim()), Knowledge: period(w.GetKnowledge()), Result: period(w.GetResult()),
			Review: period(w.GetReview()), NoticeDelivery: period(w.GetNoticeDelivery()), Notice: period(w.GetNotice()),
			Grouping: period(w.GetGrouping()),
		},
		PublishedAt: moment(p.GetPublishedAt()), EffectiveFrom: moment(p.GetEffectiveFrom()), ClauseDigest: p.GetClauseDigest(),
	}
	return v, r.err
}

func period(d *durationpb.Duration) time.Duration { return d.AsDuration() }

func authenticatorOf(a *claim.Authenticator) *tenfoldv1.Authenticator {
	return &tenfoldv1.Authenticator{
		Name: authenticatorName(a.ID), Kind: authenticators.proto(a.Kind), DisplayName: a.DisplayName,
		Categories: a.Categories, RegisteredAt: stamp(a.RegisteredAt),
	}
}

func resultOf(r *claim.Result) *tenfoldv1.AuthenticationResult {
	return &tenfoldv1.AuthenticationResult{
		Name: resultName(r.MerchantID, r.ID), Claim: claimName(r.MerchantID, r.ClaimID),
		Authenticator: authenticatorName(r.AuthenticatorID), ReportNumber: r.ReportNumber, UnitVerdicts: unitsOf(r.Units),
		SampleSource: samples.proto(r.Sample), Reinspection: r.Reinspection, CustodyIntact: r.CustodyIntact,
		IssuedAt: stamp(r.IssuedAt), RecordedAt: stamp(r.RecordedAt), ReportDigest: r.ReportDigest,
		Statement: r.Statement, Rank: int32(r.Rank()),
	}
}
