package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/book"
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
		Windows: policyWindowsOf(&v.Windows),
		Floor:   moneyOrNone(v.Floor, v.Currency), Cap: moneyOrNone(v.Cap, v.Currency),
		AdvanceLimit:            moneyOrNone(v.AdvanceLimit, v.Currency),
		AdvanceLimitPerMerchant: moneyOrNone(v.AdvanceLimitPerMerchant, v.Currency),
		ApprovalOver:            moneyOrNone(v.ApprovalOver, v.Currency),
		AbnormalFactor:          v.AbnormalFactor, AbnormalOver: moneyOrNone(v.AbnormalOver, v.Currency),
		ReversalBorneBy: reversalBearers.proto(v.ReversalBearer()), AuthenticationFee: feeRules.proto(v.FeeRule()),
		FixedPromise:   fixedPromises.proto(v.FixedRule()),
		MinimumDeposit: moneyOrNone(v.MinimumDeposit, v.Currency), ReconsiderationsMax: v.ReconsiderationsMax,
		Consequences: consequencesOf(v.Consequence()),
	}
	if v.Floor > 0 {
		p.FloorScope = tenfoldv1.FloorScope_FLOOR_SCOPE_ONCE_PER_GROUP
	}
	if !v.ProtectedShare.IsZero() {
		p.ProtectedShare = ratioOf(v.ProtectedShare)
	}
	return p
}

func consequencesOf(c policy.Consequences) *tenfoldv1.VerdictConsequences {
	return &tenfoldv1.VerdictConsequences{
		NotOurProduct: consequences.proto(c.NotOurProduct), GrayMarket: consequences.proto(c.GrayMarket),
		Tampered: consequences.proto(c.Tampered), Altered: consequences.proto(c.Altered),
		NotAsDescribed: consequences.proto(c.NotAsDescribed), Inconclusive: consequences.proto(c.Inconclusive),
	}
}

func verdictConsequences(p *tenfoldv1.VerdictConsequences) policy.Consequences {
	return policy.Consequences{
		NotOurProduct: consequences.domain(p.GetNotOurProduct()), GrayMarket: consequences.domain(p.GetGrayMarket()),
		Tampered: consequences.domain(p.GetTampered()), Altered: consequences.domain(p.GetAltered()),
		NotAsDescribed: consequences.domain(p.GetNotAsDescribed()), Inconclusive: consequences.domain(p.GetInconclusive()),
	}
}

func policyVersion(p *tenfoldv1.PolicyVersion) (policy.Version, error) {
	id, _ := nameOf(p.GetName())
	r := amounts{currency: p.GetCurrencyCode(), field: "policy_version"}
	v := policy.Version{
		PolicyID: id, Number: int32(numberOf(p.GetName())), Title: p.GetTitle(), Basis: legalBases.domain(p.GetLegalBasis()),
		Currency: p.GetCurrencyCode(), Categories: p.GetCategories(), Multiplier: ratio(p.GetMultiplier()),
		BaseComponents: components.domains(p.GetBaseComponents()), RefundComponents: components.domains(p.GetRefundComponents()),
		RefundMode: refundModes.domain(p.GetRefundMode()), EarlierRefunds: earlierRefunds.domain(p.GetEarlierRefunds()),
		Floor: r.read(p.GetFloor(), "floor"), Cap: r.read(p.GetCap(), "cap"),
		SourceOrder: fundingSources.domains(p.GetSourceOrder()), AdvanceLimit: r.read(p.GetAdvanceLimit(), "advance_limit"),
		AdvanceLimitPerMerchant: r.read(p.GetAdvanceLimitPerMerchant(), "advance_limit_per_merchant"),
		ApprovalOver:            r.read(p.GetApprovalOver(), "approval_over"),
		AbnormalFactor:          p.GetAbnormalFactor(), AbnormalOver: r.read(p.GetAbnormalOver(), "abnormal_over"),
		ReversalBorneBy: reversalBearers.domain(p.GetReversalBorneBy()), AuthenticationFee: feeRules.domain(p.GetAuthenticationFee()),
		FixedPromise:   fixedPromises.domain(p.GetFixedPromise()),
		MinimumDeposit: r.read(p.GetMinimumDeposit(), "minimum_deposit"), ProtectedShare: ratio(p.GetProtectedShare()),
		Windows: policyWindows(p.GetWindows()), ReconsiderationsMax: p.GetReconsiderationsMax(),
		Consequences: verdictConsequences(p.GetConsequences()),
		PublishedAt:  moment(p.GetPublishedAt()), EffectiveFrom: moment(p.GetEffectiveFrom()), ClauseDigest: p.GetClauseDigest(),
	}
	return v, r.err
}

// resultOf is a result with what it counts for by the decision rules that the server knows.
func (b *backend) resultOf(r *claim.Result) *tenfoldv1.AuthenticationResult {
	return resultOf(b.engine.Catalog(), r)
}

func resultOf(catalog *book.Catalog, r *claim.Result) *tenfoldv1.AuthenticationResult {
	rules := catalog.Rules.Version(r.Rules)
	g := rules.Grade(r, r.Chain)
	answers := ""
	if r.Commission > 0 {
		answers = commissionName(r.MerchantID, r.ClaimID, r.Commission)
	}
	key := ""
	if r.SigningKey != "" {
		key = authenticatorKeyName(r.AuthenticatorID, r.SigningKey)
	}
	return &tenfoldv1.AuthenticationResult{
		Commission: answers, SigningKey: key,
		Name: resultName(r.MerchantID, r.ID), Claim: claimName(r.MerchantID, r.ClaimID),
		Authenticator: authenticatorName(r.AuthenticatorID), ReportNumber: r.ReportNumber, UnitVerdicts: unitsOf(r.Units),
		SampleSource: sampleSources.proto(r.Sample), Reinspection: r.Reinspection, CustodyIntact: r.CustodyIntact,
		IssuedAt: stamp(r.IssuedAt), RecordedAt: stamp(r.RecordedAt), ReportDigest: r.ReportDigest,
		Statement: r.Statement, Rank: int32(g.Rank), LoweredBy: rankLowerings.protos(g.LoweredBy), Retracted: r.Retracted,
		Sample: r.SampleID, Custody: standingOf(&g.Custody), Extendable: g.Extendable(rules), RulesVersion: rules.Version,
		Fee: moneyOrNone(r.Fee, r.FeeCurrency), FeePaidBy: feePayers.proto(r.FeePaidBy),
	}
}

// PolicyVersionMessage is a version as the contract holds it, for programs that read one
// from a file.
func PolicyVersionMessage(v *policy.Version) *tenfoldv1.PolicyVersion { return policyVersionOf(v) }

// PolicyVersionOfMessage is the version that a message of the contract holds, for programs
// that write one to a file. Refuses with CURRENCY_MISMATCH amounts in several currencies.
func PolicyVersionOfMessage(p *tenfoldv1.PolicyVersion) (policy.Version, error) {
	return policyVersion(p)
}
