// Package policy computes what a consumer is owed: it finds the policy version that
// applies to an order line, and from it base, multiplier, floor and cap, for one
// claim or for a whole pricing group. It returns every step, to be stored and
// shown. It is pure: it takes values and returns values or a refusal.
package policy

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// LegalBasis is the ground on which compensation is owed.
type LegalBasis string

// The legal bases the engine knows.
const (
	// Promise is the merchant's or platform's own promise (Civil Code; SPC
	// interpretation Fa Shi 2022 No. 8 Art. 10: a promise above the statute binds).
	Promise LegalBasis = "PROMISE"
	// FoodSafety148 is Food Safety Law Art. 148(2): tenfold, at least 1,000 yuan.
	FoodSafety148 LegalBasis = "FOOD_SAFETY_148"
	// ConsumerProtection55 is Consumer Protection Law Art. 55(1): threefold, at least 500 yuan.
	ConsumerProtection55 LegalBasis = "CONSUMER_PROTECTION_55"
	// Best asks for the single basis that is best for the consumer (rule C5).
	Best LegalBasis = "BEST"
)

// Component is a part of the price that may count towards the base.
type Component string

// The components of a base.
const (
	GoodsPaid       Component = "GOODS_PAID"
	SellerDiscount  Component = "SELLER_DISCOUNT"
	PlatformSubsidy Component = "PLATFORM_SUBSIDY"
	Shipping        Component = "SHIPPING"
)

// RefundMode says how the refund of the price relates to the compensation (rule
// C3). There is no default.
type RefundMode string

// The refund modes.
const (
	RefundOnTop    RefundMode = "ON_TOP"
	RefundIncluded RefundMode = "INCLUDED"
	RefundNone     RefundMode = "NONE"
)

// EarlierRefunds says whether earlier refunds of the line also reduce the base
// (rule C10); they always reduce the refund.
type EarlierRefunds string

// The treatments of earlier refunds.
const (
	// EarlierRefundsGross leaves the base as it was paid.
	EarlierRefundsGross EarlierRefunds = "GROSS"
	// EarlierRefundsNet reduces the base by the refunded amount.
	EarlierRefundsNet EarlierRefunds = "NET"
)

// Source is an account that funds a payout.
type Source string

// The funding sources, in the default order.
const (
	SourceDeposit   Source = "DEPOSIT"
	SourceShopFunds Source = "SHOP_FUNDS"
	SourceAdvance   Source = "PLATFORM_ADVANCE"
)

// ReversalBearer is who bears a payout when the verdict falls afterwards. Fraud is
// different: then the consumer owes it, whatever a policy says (rule B2).
type ReversalBearer string

// The bearers of a reversal.
const (
	// BornePlatform lets the consumer keep the payout: a good-faith buyer is not
	// charged.
	BornePlatform ReversalBearer = "PLATFORM"
	// BorneConsumer makes the consumer owe it back.
	BorneConsumer ReversalBearer = "CONSUMER"
)

// FixedPromise says what a merchant's own promise of a fixed amount does (rule C4).
type FixedPromise string

// The effects of a fixed promise. The version's basis must be PROMISE for either.
const (
	// FixedReplaces puts the fixed amount in the place of multiplier times base, even if
	// that would be more.
	FixedReplaces FixedPromise = "REPLACES"
	// FixedBest gives the consumer the larger of the two.
	FixedBest FixedPromise = "BEST"
)

// FeeRule says who pays for authentication (rule C11).
type FeeRule string

// The rules of the fee. See FeeShares.
const (
	// FeeNone leaves the cost with the side that fronted it.
	FeeNone FeeRule = "NONE"
	// FeeAdded adds the fee that the claimant fronted to the compensation of a
	// claim that succeeds.
	FeeAdded FeeRule = "ADDED"
	// FeeLoser charges the side that loses, and nobody if no conclusion was
	// reached.
	FeeLoser FeeRule = "LOSER"
	// FeeSplit charges the side that loses, and half to each side if no conclusion
	// was reached (Shanghai Consumer Protection Regulations Art. 60).
	FeeSplit FeeRule = "SPLIT"
)

// Version is one version of a policy. It is data, not constants (domain rule P1). A
// published version never changes.
type Version struct {
	PolicyID string `json:"policy_id"`
	Number   int32  `json:"number"`
	Title    string `json:"title"`

	Basis    LegalBasis `json:"legal_basis"`
	Currency string     `json:"currency"`
	// Categories are the category path prefixes that the policy covers; empty means
	// all.
	Categories []string `json:"categories,omitempty"`

	Multiplier money.Ratio `json:"multiplier"`
	// BaseComponents count towards the base of the compensation.
	BaseComponents []Component `json:"base_components"`
	// RefundComponents are given back when the claim succeeds.
	RefundComponents []Component    `json:"refund_components"`
	RefundMode       RefundMode     `json:"refund_mode"`
	EarlierRefunds   EarlierRefunds `json:"earlier_refunds"`

	// Floor is the least compensation, applied once for each pricing group (rule
	// C6); zero means none.
	Floor money.Amount `json:"floor_minor"`
	// Cap is the highest compensation of a pricing group. It is applied after the
	// multiplier, and never to the refund (rule C9); zero means none.
	Cap money.Amount `json:"cap_minor"`

	// SourceOrder is the waterfall; AdvanceLimit bounds the platform's advance for
	// each claim.
	SourceOrder  []Source     `json:"source_order"`
	AdvanceLimit money.Amount `json:"advance_limit_minor"`
	// AdvanceLimitPerMerchant is the most that the merchant may owe for advances in
	// total; zero sets no such bound.
	AdvanceLimitPerMerchant money.Amount `json:"advance_limit_per_merchant_minor,omitempty"`

	// ApprovalOver is the award above which two people must approve; zero means
	// never. See Approval.
	ApprovalOver money.Amount `json:"approval_over_minor,omitempty"`
	// AbnormalFactor makes an award abnormal that is more than this many times the
	// usual one and above AbnormalOver; zero means never.
	AbnormalFactor int32        `json:"abnormal_factor,omitempty"`
	AbnormalOver   money.Amount `json:"abnormal_over_minor,omitempty"`

	// ReversalBorneBy is who bears a payout when a verdict falls after payment
	// without fraud; empty means the platform. See ReversalBearer.
	ReversalBorneBy ReversalBearer `json:"reversal_borne_by,omitempty"`
	// AuthenticationFee is who pays for authentication (rule C11); empty leaves the
	// cost with the side that fronted it. See FeeRule.
	AuthenticationFee FeeRule `json:"authentication_fee,omitempty"`

	// FixedPromise is what a merchant's own promise of a fixed amount does; empty means
	// FixedBest. See FixedPromise.
	FixedPromise FixedPromise `json:"fixed_promise,omitempty"`

	// ReconsiderationsMax is how often the claimant of a claim may ask to have a decision
	// reconsidered, each decision once; zero means ReconsiderationsDefault.
	ReconsiderationsMax int32 `json:"reconsiderations_max,omitempty"`

	// Consequences are what follows from verdicts other than counterfeit and genuine.
	Consequences Consequences `json:"consequences,omitzero"`

	// MinimumDeposit and ProtectedShare are terms of the merchant, not of a claim;
	// see MerchantTerms.
	MinimumDeposit money.Amount `json:"minimum_deposit_minor,omitempty"`
	ProtectedShare money.Ratio  `json:"protected_share,omitzero"`

	Windows Windows `json:"windows"`

	// PublishedAt is at least seven days before EffectiveFrom (E-Commerce Law
	// Art. 34). The version in force at the order's payment time applies (P2).
	PublishedAt   time.Time `json:"published_at"`
	EffectiveFrom time.Time `json:"effective_from"`
	// ClauseDigest is the SHA-256, in hex, of the clause text that merchants
	// accepted (P4).
	ClauseDigest string `json:"clause_digest,omitempty"`
}
