package postgres_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/signature"
)

// golden is what a column holds for some values, byte for byte.
type golden struct {
	// write stores the values and gives the condition under which they are found,
	// in the order of bytes.
	write func(b *books) (condition string)
	// read reads them back.
	read  func(b *books) (any, error)
	want  any
	bytes []string
}

// goldens are those of every column that is JSON.
var goldens = map[string]golden{
	"order_lines.content": {
		write: func(b *books) string {
			b.write(&book.Changes{Lines: []book.LineSeen{seenLine(wholeLine()), seenLine(bareLine())}})
			return `merchant_id = 'm-1' ORDER BY order_line_id`
		},
		read: func(b *books) (any, error) {
			whole, _, _, err := b.pg.Reader().OrderLine(b.t.Context(), "m-1", "l-1")
			return whole, err
		},
		want:  ptr(seenLine(wholeLine())),
		bytes: []string{wholeLine2, bareLine2},
	},
	"order_line_corrections.content": {
		write: func(b *books) string {
			b.write(&book.Changes{Corrections: []book.LineCorrection{{Before: seenLine(wholeLine()), CorrectedAt: start}}})
			return `merchant_id = 'm-1'`
		},
		read: func(b *books) (any, error) {
			list, err := b.pg.Reader().LineCorrections(b.t.Context(), "m-1", "l-1", 0, 1)
			return list, err
		},
		want:  []book.LineCorrection{{Before: seenLine(wholeLine()), CorrectedAt: start}},
		bytes: []string{wholeLine2},
	},
	"claims.units": {
		write: func(b *books) string {
			c := filled[claim.Claim](0, 0)
			c.MerchantID, c.ID, c.Units = "m-1", "c-1", someUnits
			b.write(&book.Changes{ClaimsFiled: []claim.Claim{c}})
			return `claim_id = 'c-1'`
		},
		read: func(b *books) (any, error) {
			c, _, err := b.pg.Reader().Claim(b.t.Context(), "m-1", "c-1")
			return c.Units, err
		},
		want:  someUnits,
		bytes: []string{someUnitsStored},
	},
	"claim_revisions.units": {
		write: func(b *books) string {
			b.write(&book.Changes{Revisions: []claim.Revision{revised("units", someCalculation())}})
			return `claim_id = 'units'`
		},
		read: func(b *books) (any, error) {
			v, _, err := b.pg.Reader().Revision(b.t.Context(), "m-1", "units")
			return v.Units, err
		},
		want:  someUnits,
		bytes: []string{someUnitsStored},
	},
	"commissions.units": {
		write: func(b *books) string {
			x := filled[commission.Commission](0, 0)
			x.MerchantID, x.ClaimID, x.Number, x.Units = "m-1", "c-1", 1, someUnits
			b.write(&book.Changes{CommissionsMade: []commission.Commission{x}})
			return `claim_id = 'c-1'`
		},
		read: func(b *books) (any, error) {
			x, _, err := b.pg.Reader().Commission(b.t.Context(), "m-1", "c-1", 1)
			return x.Units, err
		},
		want:  someUnits,
		bytes: []string{someUnitsStored},
	},
	"decision_rules.content": {
		write: func(*books) string { return `version = 1` }, // The rows came with the migration.
		read: func(b *books) (any, error) {
			list, err := b.pg.DecisionRules(b.t.Context())
			first := list[0]
			first.Note, first.PublishedAt, first.EffectiveFrom = "", time.Time{}, time.Time{}
			return first, err
		},
		want: *claim.FirstRules(),
		bytes: []string{`{"ladder":[{"rank":1,"kinds":["COURT"]},{"rank":8,"samples":["PHOTOS"]},{"rank":7,"samples":["TRACE_DATA"]},` +
			`{"rank":7,"kinds":["TRACE"]},{"rank":2,"kinds":["ACCREDITED_LAB"],"reinspection":true},` +
			`{"rank":3,"kinds":["ACCREDITED_LAB"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":4,"kinds":["BRAND"],"samples":["SEALED_PLATFORM_SAMPLE"]},` +
			`{"rank":5,"kinds":["BRAND","ACCREDITED_LAB"]},{"rank":6}],"decidesAlone":5,"custody":{"unrecorded":"AS_TOLD",` +
			`"platform":["RECEIVED","SEALED","SHIPPED","ARRIVED","TESTED"],"consumer":["ARRIVED","TESTED"],"weightMilligrams":5000,"weightPerMille":20}}`},
	},
	"results.units": {
		write: func(b *books) string {
			r := filled[claim.Result](0, 0)
			r.MerchantID, r.ID, r.Units = "m-1", "r-1", someUnits
			b.write(&book.Changes{Results: []claim.Result{r}})
			return `result_id = 'r-1'`
		},
		read: func(b *books) (any, error) {
			r, _, err := b.pg.Reader().Result(b.t.Context(), "m-1", "r-1")
			return r.Units, err
		},
		want:  someUnits,
		bytes: []string{someUnitsStored},
	},
	"claim_revisions.calculation": {
		write: func(b *books) string {
			b.write(&book.Changes{Revisions: []claim.Revision{
				revised("priced", someCalculation()), revised("unpriced", policy.Calculation{}),
			}})
			return `claim_id IN ('priced', 'unpriced') ORDER BY claim_id`
		},
		read: func(b *books) (any, error) {
			v, _, err := b.pg.Reader().Revision(b.t.Context(), "m-1", "priced")
			return v.Calculation, err
		},
		want: someCalculation(),
		bytes: []string{
			`{"policy_id":"p","version":2,"legal_basis":"PROMISE","currency":"CNY","clause_digest":"` + strings.Repeat("ab", 32) + `","counterfeit_units":3,"units":4,"base_minor":5,"multiplier":{"num":12,"den":5},"fixed_per_unit_minor":6,"group_total_before_minor":7,"group_total_after_minor":8,"floor_applied":true,"cap_applied":true,"authentication_fee_minor":9,"compensation_minor":10,"refund_minor":11,"consumer_total_minor":21,"steps":[{"code":"BASE","rule":"C1","note":"10 × 2.00 CNY \u0026 more","amount_minor":-1}],"alternatives":[{"legal_basis":"PROMISE","policy_id":"p","version":2,"compensation_minor":10,"refund_minor":11,"joint_total_minor":21,"chosen":true}]}`,
			`{"policy_id":"","version":0,"legal_basis":"","currency":"","counterfeit_units":0,"units":0,"base_minor":0,"multiplier":{"num":0,"den":0},"group_total_before_minor":0,"group_total_after_minor":0,"floor_applied":false,"cap_applied":false,"compensation_minor":0,"refund_minor":0,"consumer_total_minor":0,"steps":null}`,
		},
	},
	"policy_versions.terms": {
		write: func(b *books) string {
			if err := b.pg.SeedPolicies(b.t.Context(), []policy.Version{someTerms(), plainTerms()}); err != nil {
				b.t.Fatal(err)
			}
			return `policy_id IN ('some', 'some-plain') ORDER BY policy_id`
		},
		read: func(b *books) (any, error) {
			versions, err := b.pg.PolicyVersions(b.t.Context())
			for _, v := range versions {
				if v.PolicyID == "some" {
					return v, err
				}
			}
			return nil, err
		},
		want: someTerms(),
		bytes: []string{
			`{"policy_id":"some","number":2,"title":"Fake one pays ten","legal_basis":"PROMISE","currency":"CNY","categories":["food"],"multiplier":{"num":10,"den":3},"base_components":["GOODS_PAID","SELLER_DISCOUNT"],"refund_components":["GOODS_PAID","SHIPPING"],"refund_mode":"ON_TOP","earlier_refunds":"NET","floor_minor":1,"cap_minor":2,"source_order":["DEPOSIT","SHOP_FUNDS","PLATFORM_ADVANCE"],"advance_limit_minor":3,"advance_limit_per_merchant_minor":4,"approval_over_minor":5,"abnormal_factor":6,"abnormal_over_minor":7,"reversal_borne_by":"CONSUMER","authentication_fee":"LOSER","fixed_promise":"REPLACES","minimum_deposit_minor":8,"protected_share":{"num":1,"den":4},"windows":{"claim":3600000000000,"knowledge":7200000000000,"result":{"working_days":15},"review":10800000000000,"notice_delivery":14400000000000,"notice":{"working_days":7},"grouping":18000000000000,"panel":21600000000000,"approval":{"working_days":2},"top_up":25200000000000,"hold":28800000000000,"exit_quarantine":32400000000000},"published_at":"2026-01-01T00:00:00Z","effective_from":"2026-02-01T00:00:00.000001Z","clause_digest":"` + strings.Repeat("cd", 32) + `"}`,
			`{"policy_id":"some-plain","number":1,"title":"Fake one pays ten","legal_basis":"PROMISE","currency":"CNY","multiplier":{"num":10,"den":1},"base_components":["GOODS_PAID"],"refund_components":["GOODS_PAID","SHIPPING"],"refund_mode":"ON_TOP","earlier_refunds":"GROSS","floor_minor":0,"cap_minor":0,"source_order":["DEPOSIT","SHOP_FUNDS","PLATFORM_ADVANCE"],"advance_limit_minor":50000000,"windows":{"claim":31536000000000000,"knowledge":94694400000000000,"result":1296000000000000,"review":259200000000000,"notice_delivery":172800000000000,"notice":604800000000000,"grouping":7776000000000000},"published_at":"2015-11-30T16:00:00Z","effective_from":"2015-12-31T16:00:00Z"}`,
		},
	},
	"channel_imports.mapping": {
		write: func(b *books) string { return b.imports() },
		read: func(b *books) (any, error) {
			i, _, err := b.pg.Reader().Import(b.t.Context(), "i-1")
			return i.Mapping, err
		},
		want:  wholeMapping(),
		bytes: []string{wholeMapping1},
	},
	"channel_imports.report": {
		write: func(b *books) string { return b.imports() },
		read: func(b *books) (any, error) {
			i, _, err := b.pg.Reader().Import(b.t.Context(), "i-1")
			return i.Report, err
		},
		want:  wholeReport(),
		bytes: []string{wholeReport1},
	},
	"policy_proposals.terms": {
		write: func(b *books) string {
			p := drafted()
			r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-1", Method: "Propose"}, RecordedAt: start}}}
			if _, _, err := b.pg.ProposePolicyVersion(b.t.Context(), r, &p, func() error { return nil }); err != nil {
				b.t.Fatal(err)
			}
			return `policy_id = 'some-drafted'`
		},
		read: func(b *books) (any, error) {
			p, _, err := b.pg.PolicyProposal(b.t.Context(), drafted().Key)
			return p, err
		},
		want: drafted(),
		bytes: []string{
			`{"policy_id":"some-drafted","number":1,"title":"Fake one pays ten","legal_basis":"PROMISE","currency":"CNY","categories":["food"],"multiplier":{"num":10,"den":3},"base_components":["GOODS_PAID","SELLER_DISCOUNT"],"refund_components":["GOODS_PAID","SHIPPING"],"refund_mode":"ON_TOP","earlier_refunds":"NET","floor_minor":1,"cap_minor":2,"source_order":["DEPOSIT","SHOP_FUNDS","PLATFORM_ADVANCE"],"advance_limit_minor":3,"advance_limit_per_merchant_minor":4,"approval_over_minor":5,"abnormal_factor":6,"abnormal_over_minor":7,"reversal_borne_by":"CONSUMER","authentication_fee":"LOSER","fixed_promise":"REPLACES","minimum_deposit_minor":8,"protected_share":{"num":1,"den":4},"windows":{"claim":3600000000000,"knowledge":7200000000000,"result":{"working_days":15},"review":10800000000000,"notice_delivery":14400000000000,"notice":{"working_days":7},"grouping":18000000000000,"panel":21600000000000,"approval":{"working_days":2},"top_up":25200000000000,"hold":28800000000000,"exit_quarantine":32400000000000},"published_at":"0001-01-01T00:00:00Z","effective_from":"2026-02-01T00:00:00.000001Z","clause_digest":"` + strings.Repeat("cd", 32) + `"}`,
		},
	},
	"rules_proposals.content": {
		write: func(b *books) string {
			p := draftedRules()
			r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-2", Method: "ProposeRules"}, RecordedAt: start}}}
			if _, _, err := b.pg.ProposeRules(b.t.Context(), r, &p, func() error { return nil }); err != nil {
				b.t.Fatal(err)
			}
			return `proposal_number = 1`
		},
		read: func(b *books) (any, error) {
			p, _, err := b.pg.RulesProposal(b.t.Context(), 1)
			return p, err
		},
		want: draftedRules(),
		bytes: []string{
			`{"ladder":[{"rank":1,"kinds":["COURT"]},{"rank":2,"kinds":["ACCREDITED_LAB"],"samples":["CONSUMER_SAMPLE"],"reinspection":true},{"rank":6}],"decidesAlone":5,"quorum":[{"rank":2,"bodies":3}],"reinspection":{"independent":true,"final":true,"retestDays":30},"custody":{"unrecorded":"GAP","platform":["SEALED"],"consumer":["ARRIVED","TESTED"],"weightMilligrams":7,"weightPerMille":8},"unsigned":{"ranks":2},"sourceProofFrom":6}`,
		},
	},
	"jobs.arguments": ofJob(jobArguments, func(j *job.Job) any { return j.Arguments }),
	"jobs.preview":   ofJob(jobPreview, func(j *job.Job) any { return j.Preview }),
	"jobs.cursor":    ofJob(jobCursor, func(j *job.Job) any { return j.Cursor }),
	"jobs.outcomes":  ofJob(jobOutcomes, func(j *job.Job) any { return j.Outcomes }),
	"authenticator_states.content": {
		write: func(b *books) string { b.registered(); return `authenticator_id = 'some-body'` },
		read: func(b *books) (any, error) {
			a, err := b.pg.Authenticator(b.t.Context(), "some-body")
			return a.Content, err
		},
		want:  someBody(),
		bytes: []string{bodyBytes},
	},
	"authenticator_changes.content": {
		write: func(b *books) string { b.registered(); return `authenticator_id = 'some-body'` },
		read: func(b *books) (any, error) {
			c, err := b.pg.AuthenticatorChange(b.t.Context(), authenticator.Key{ID: "some-body", Number: 1})
			return c.Content, err
		},
		want:  someBody(),
		bytes: []string{bodyBytes},
	},
	"authenticator_changes.widens": {
		write: func(b *books) string { b.registered(); return `authenticator_id = 'some-body'` },
		read: func(b *books) (any, error) {
			c, err := b.pg.AuthenticatorChange(b.t.Context(), authenticator.Key{ID: "some-body", Number: 1})
			return c.Widens, err
		},
		want:  []string{"kind", "brands"},
		bytes: []string{`["kind","brands"]`},
	},
	"authenticator_states.signing_keys": {
		write: func(b *books) string { b.registered(); return `authenticator_id = 'some-body'` },
		read: func(b *books) (any, error) {
			a, err := b.pg.Authenticator(b.t.Context(), "some-body")
			return a.Keys, err
		},
		want:  []authenticator.SigningKey{someKey(), {Thumbprint: "t2", Algorithm: "RS256", JWK: "{}", From: start, Until: start}},
		bytes: []string{`[` + keyBytes + `,{"thumbprint":"t2","algorithm":"RS256","jwk":"{}","from":"2026-03-02T09:00:00Z","until":"2026-03-02T09:00:00Z"}]`},
	},
	"authenticator_changes.signing_key": {
		write: func(b *books) string { b.registered(); return `authenticator_id = 'some-body'` },
		read: func(b *books) (any, error) {
			c, err := b.pg.AuthenticatorChange(b.t.Context(), authenticator.Key{ID: "some-body", Number: 1})
			return c.SigningKey, err
		},
		want:  ptr(someKey()),
		bytes: []string{keyBytes},
	},
}

const keyBytes = `{"thumbprint":"t1","keyId":"winter","algorithm":"EdDSA","jwk":"{\"kty\":\"OKP\"}","from":"2026-03-02T09:00:00Z","until":"2026-03-02T09:00:00Z",` +
	`"added":2,"addedAt":"2026-03-02T09:00:00Z","revoked":3,"revokedAt":"2026-03-02T09:00:00Z","reason":"copied"}`

// someKey says everything that a key can.
func someKey() authenticator.SigningKey {
	return authenticator.SigningKey{
		Thumbprint: "t1", KeyID: "winter", Algorithm: "EdDSA", JWK: `{"kty":"OKP"}`, From: start, Until: start, Added: 2, AddedAt: start,
		Revoked: 3, RevokedAt: start, Reason: "copied",
	}
}

const bodyBytes = `{"kind":"ACCREDITED_LAB","displayName":"CTI","categories":["food"],"brands":["Dior"],"trademarks":["3159141"],"methods":["GB 1"],` +
	`"accreditations":[{"scheme":"CNAS","number":"L1","from":"2024-02-01","until":"2027-01-31"}],` +
	`"contacts":[{"role":"reports","name":"Desk","email":"lab@example.com","phone":"021"}],"algorithms":["ES256"],"signedOnly":true}`

// someBody says everything that a body can.
func someBody() authenticator.Content {
	return authenticator.Content{
		Kind: claim.AccreditedLab, DisplayName: "CTI", Categories: []string{"food"}, Brands: []string{"Dior"}, Trademarks: []string{"3159141"},
		Methods:        []string{"GB 1"},
		Accreditations: []authenticator.Accreditation{{Scheme: "CNAS", Number: "L1", From: "2024-02-01", Until: "2027-01-31"}},
		Contacts:       []authenticator.Contact{{Role: "reports", Name: "Desk", Email: "lab@example.com", Phone: "021"}},
		Algorithms:     []signature.Algorithm{"ES256"}, SignedOnly: true,
	}
}

// registered stores a body that says everything, unless it is there.
func (b *books) registered() {
	b.t.Helper()
	content := someBody()
	body, change, err := authenticator.Register("some-body", &content, authenticator.Step{At: start}, false)
	body.Keys = []authenticator.SigningKey{someKey(), {Thumbprint: "t2", Algorithm: "RS256", JWK: "{}", From: start, Until: start}}
	change.SigningKey = ptr(someKey())
	if err != nil {
		b.t.Fatal(err)
	}
	change.Widens = []string{"kind", "brands"}
	r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-body", Method: "Register"}, RecordedAt: start}}}
	_, _, _, err = b.pg.ChangeAuthenticators(b.t.Context(), r, []string{body.ID}, func() time.Time { return start },
		func(time.Time, map[string]postgres.HeldBody) ([]postgres.BodyChange, error) {
			return []postgres.BodyChange{{Body: body, Change: change}}, nil
		})
	if err != nil {
		b.t.Fatal(err)
	}
}

// drafted is a proposal of a version that says everything.
func drafted() policyproposal.Proposal {
	v := someTerms()
	v.PolicyID, v.Number, v.PublishedAt = "some-drafted", 1, time.Time{}
	return policyproposal.Proposal{
		Key: policyproposal.Key{PolicyID: v.PolicyID, Number: 1}, Version: v,
		Course: policyproposal.Begin(principal.Principal{Workload: "ops", Role: principal.RoleOperator, Person: "olga"}, "a note", start),
	}
}

// draftedRules is a proposal of decision rules that say everything.
func draftedRules() policyproposal.Rules {
	r := claim.Rules{
		Version: 7, Note: "a note", EffectiveFrom: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), DecidesAlone: 5,
		Ladder: []claim.Rung{
			{Rank: 1, Kinds: []claim.AuthenticatorKind{claim.Court}},
			{Rank: 2, Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Samples: []claim.SampleSource{claim.ConsumerSample}, Reinspection: true},
			{Rank: 6},
		},
		Quorum: []claim.Quorum{{Rank: 2, Bodies: 3}}, Reinspection: claim.ReinspectionRules{Independent: true, Final: true, RetestDays: 30},
		Custody: claim.CustodyRules{
			Unrecorded: claim.UnrecordedGap, Platform: []custody.Kind{custody.Sealed}, Consumer: []custody.Kind{custody.Arrived, custody.Tested},
			WeightMilligrams: 7, WeightPerMille: 8,
		},
		Unsigned: claim.UnsignedRules{Ranks: 2}, SourceProofFrom: 6,
	}
	return policyproposal.Rules{
		Number: 1, Rules: r,
		Course: policyproposal.Begin(principal.Principal{Workload: "ops", Role: principal.RoleOperator, Person: "olga"}, r.Note, start),
	}
}

var someUnits = []claim.Unit{
	{Ordinal: 1, Verdict: claim.Counterfeit}, {Ordinal: 12, Verdict: claim.Genuine}, {Ordinal: 13, Verdict: claim.Pending},
	{Ordinal: 14, Verdict: claim.Inconclusive}, {Ordinal: 15, Verdict: claim.Tampered, Consequence: policy.Tenfold},
}

const someUnitsStored = `[{"ordinal":1,"verdict":"COUNTERFEIT"},{"ordinal":12,"verdict":"GENUINE"},{"ordinal":13,"verdict":"PENDING"},{"ordinal":14,"verdict":"INCONCLUSIVE"},{"ordinal":15,"verdict":"TAMPERED","consequence":"TENFOLD"}]`

// revised is a revision with a calculation and an award that fits.
func revised(claimID string, n policy.Calculation) claim.Revision {
	v := filled[claim.Revision](0, 0)
	v.MerchantID, v.ClaimID, v.Units, v.Calculation, v.Explained = "m-1", claimID, someUnits, n, ""
	v.PolicyID, v.Version, v.Basis = n.PolicyID, n.Version, n.Basis
	v.Award = claim.Award{Refund: n.Refund, Compensation: n.Compensation}
	return v
}

func someCalculation() policy.Calculation {
	return policy.Calculation{
		PolicyID: "p", Version: 2, Basis: policy.Promise, Currency: "CNY", ClauseDigest: strings.Repeat("ab", 32),
		CounterfeitUnits: 3, Units: 4, Base: 5, Multiplier: money.Ratio{Num: 12, Den: 5}, FixedPerUnit: 6,
		GroupTotalBefore: 7, GroupTotalAfter: 8, FloorApplied: true, CapApplied: true, AuthenticationFee: 9,
		Compensation: 10, Refund: 11, ConsumerTotal: 21,
		Steps: []policy.Step{{Code: policy.StepBase, Rule: "C1", Note: "10 × 2.00 CNY & more", Amount: -1}},
		Alternatives: []policy.Alternative{
			{Basis: policy.Promise, PolicyID: "p", Version: 2, Compensation: 10, Refund: 11, JointTotal: 21, Chosen: true},
		},
	}
}

func someTerms() policy.Version {
	return policy.Version{
		PolicyID: "some", Number: 2, Title: "Fake one pays ten", Basis: policy.Promise, Currency: "CNY", Categories: []string{"food"},
		Multiplier:       money.Ratio{Num: 10, Den: 3},
		BaseComponents:   []policy.Component{policy.GoodsPaid, policy.SellerDiscount},
		RefundComponents: []policy.Component{policy.GoodsPaid, policy.Shipping},
		RefundMode:       policy.RefundOnTop, EarlierRefunds: policy.EarlierRefundsNet, Floor: 1, Cap: 2,
		SourceOrder:  []policy.Source{policy.SourceDeposit, policy.SourceShopFunds, policy.SourceAdvance},
		AdvanceLimit: 3, AdvanceLimitPerMerchant: 4, ApprovalOver: 5, AbnormalFactor: 6, AbnormalOver: 7,
		ReversalBorneBy: policy.BorneConsumer, AuthenticationFee: policy.FeeLoser, FixedPromise: policy.FixedReplaces,
		MinimumDeposit: 8, ProtectedShare: money.Ratio{Num: 1, Den: 4},
		Windows: policy.Windows{
			Claim: time.Hour, Knowledge: 2 * time.Hour, Result: policy.WorkingDays(15), Review: policy.Lasting(3 * time.Hour),
			NoticeDelivery: policy.Lasting(4 * time.Hour), Notice: policy.WorkingDays(7), Grouping: 5 * time.Hour,
			Panel: policy.Lasting(6 * time.Hour), Approval: policy.WorkingDays(2), TopUp: policy.Lasting(7 * time.Hour),
			Hold: 8 * time.Hour, ExitQuarantine: 9 * time.Hour,
		},
		PublishedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), EffectiveFrom: time.Date(2026, 2, 1, 0, 0, 0, 1_000, time.UTC),
		ClauseDigest: strings.Repeat("cd", 32),
	}
}

// plainTerms is a version that says no more than it must.
func plainTerms() policy.Version {
	v := policy.WithoutLimits()[0]
	v.PolicyID, v.FixedPromise = "some-plain", ""
	return v
}

func seenLine(l order.Line) book.LineSeen {
	return book.LineSeen{Line: l, Revision: 1, RecordedAt: start}
}

func ptr[V any](v V) *V { return &v }

// write writes what a batch decided.
func (b *books) write(c *book.Changes) {
	b.t.Helper()
	b.in(func(tx *postgres.Tx) error { return tx.Write(c) })
}

// Would catch JSON whose names or bytes change although rows are stored in it, and
// a column of JSON that no test holds to its form.
func TestStoredJSONKeepsItsForm(t *testing.T) {
	t.Parallel()
	b := unchecked(t)
	columns := b.strings(`
		SELECT table_name || '.' || column_name
		FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type IN ('json', 'jsonb')`)
	if len(columns) != len(goldens) {
		t.Errorf("there are %d columns of JSON and %d of them are held to their bytes", len(columns), len(goldens))
	}
	for _, column := range columns {
		g, ok := goldens[column]
		if !ok {
			t.Errorf("%s has no golden bytes: declare its form and add it here", column)
			continue
		}
		table, name, _ := strings.Cut(column, ".")
		stored := b.strings(fmt.Sprintf(`SELECT %s::text FROM %s WHERE %s`, name, table, g.write(b)))
		if diff := cmp.Diff(g.bytes, stored); diff != "" {
			t.Errorf("%s: %s", column, diff)
		}
		if got, err := g.read(b); err != nil || !cmp.Equal(got, g.want) {
			t.Errorf("%s: %v, %s", column, err, cmp.Diff(g.want, got))
		}
	}
}

// Would catch a field of what is stored as JSON that has no name of its own, and
// would change with the code: every one has a tag.
func TestStoredJSONIsDeclared(t *testing.T) {
	t.Parallel()
	var check func(reflect.Type)
	check = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if _, itself := of.MethodByName("MarshalJSON"); itself || of.Kind() != reflect.Struct {
			return // Its form is in that method, or it is one value.
		}
		for i := range of.NumField() {
			f := of.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == "" || strings.ToLower(name) != name {
				t.Errorf("field %s of %s has no name in the stored form", f.Name, of)
			}
			check(f.Type)
		}
	}
	check(reflect.TypeFor[policy.Calculation]())
	check(reflect.TypeFor[policy.Version]())
}

// Would catch stored JSON that lost what it said and is read as zeros, or that
// stands beside other columns than it did.
func TestDamagedJSONIsNotRead(t *testing.T) {
	t.Parallel()
	b := unchecked(t)
	for _, g := range goldens {
		g.write(b)
	}
	for name, change := range map[string]struct{ column, query string }{
		"units without names":        {"claims.units", `UPDATE claims SET units = '[{}]'`},
		"units of a result":          {"results.units", `UPDATE results SET units = '[{"Ordinal":1}]'`},
		"units of a revision":        {"claim_revisions.units", `UPDATE claim_revisions SET units = '{}'`},
		"an empty calculation":       {"claim_revisions.calculation", `UPDATE claim_revisions SET calculation = '{}'`},
		"a calculation of another":   {"claim_revisions.calculation", `UPDATE claim_revisions SET compensation_minor = compensation_minor + 1`},
		"terms without names":        {"policy_versions.terms", `UPDATE policy_versions SET terms = '{}'`},
		"terms of another version":   {"policy_versions.terms", `UPDATE policy_versions SET version = version + 1`},
		"terms that begin otherwise": {"policy_versions.terms", `UPDATE policy_versions SET effective_from = effective_from + interval '1 day'`},
	} {
		table, _, _ := strings.Cut(change.column, ".")
		b.run(`CREATE TABLE kept AS SELECT * FROM ` + table)
		b.run(change.query)
		if got, err := goldens[change.column].read(b); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
		b.run(`DELETE FROM ` + table)
		b.run(`INSERT INTO ` + table + ` SELECT * FROM kept`)
		b.run(`DROP TABLE kept`)
	}
}
