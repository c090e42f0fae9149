package policy

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

const day = 24 * time.Hour

// The limits of the seeded policies. They are small on purpose: whoever wants more
// publishes a version that says so, under two approvers.
const (
	// seedApprovalOver is ten times the price of most goods that are claimed for.
	seedApprovalOver = 10_000_00
	// seedAdvance and seedAdvancePerMerchant are what the platform may lose by one claim
	// and by one merchant who does not pay.
	seedAdvance            = 10_000_00
	seedAdvancePerMerchant = 50_000_00
	// seedMinimumDeposit is the usual lowest deposit of marketplaces.
	seedMinimumDeposit = 1_000_00
)

// Seeds returns the policies that every new installation starts with, in CNY: the
// platform's promise "fake one pays ten", and the two statutes that a consumer may
// choose instead. Awards above 10,000 yuan need two approvers, the platform advances
// 10,000 yuan for a claim and 50,000 yuan for a merchant at most, and a merchant keeps a
// deposit of 1,000 yuan. Each call returns fresh values.
func Seeds() []Version {
	list := WithoutLimits()
	for i := range list {
		v := &list[i]
		v.ApprovalOver, v.AdvanceLimit, v.AdvanceLimitPerMerchant = seedApprovalOver, seedAdvance, seedAdvancePerMerchant
		if v.Basis == Promise {
			v.MinimumDeposit = seedMinimumDeposit
		}
	}
	return list
}

// WithoutLimits returns the policies that installations started with before there were
// limits. A database that has them keeps them. They are for tests whose claims need no
// approvers, too. Each call returns fresh values.
//
// The promise binds for a year from delivery, the usual term of such programmes;
// the statutes run with the general limitation of three years. The merchant answers
// within seven days, on the model of a re-inspection under the Food Safety Law
// (Art. 88); results, reviews and deliveries have the terms of common platform
// rules. Purchases within 90 days count as one group: "a short time" in the sense
// of Fa Shi [2024] No. 9 Art. 13.
func WithoutLimits() []Version {
	promise := seed("promise-tenfold", "Fake one pays ten", Promise)
	promise.Multiplier, promise.FixedPromise = money.Ratio{Num: 10, Den: 1}, FixedReplaces
	promise.Windows.Claim = 365 * day
	promise.PublishedAt, promise.EffectiveFrom = beijingDate(2015, 12, 1), beijingDate(2016, 1, 1)

	food := seed("food-safety-148", "Food Safety Law Art. 148(2): tenfold, at least 1,000 yuan", FoodSafety148)
	food.Categories = []string{"food"}
	food.Multiplier = money.Ratio{Num: 10, Den: 1}
	food.Floor = 1_000_00
	food.PublishedAt, food.EffectiveFrom = beijingDate(2015, 4, 24), beijingDate(2015, 10, 1)

	fraud := seed("consumer-protection-55", "Consumer Protection Law Art. 55(1): threefold, at least 500 yuan",
		ConsumerProtection55)
	fraud.Multiplier = money.Ratio{Num: 3, Den: 1}
	fraud.Floor = 500_00
	fraud.PublishedAt, fraud.EffectiveFrom = beijingDate(2013, 10, 25), beijingDate(2014, 3, 15)

	return []Version{promise, food, fraud}
}

// seed holds the terms that the seeded policies have in common.
func seed(id, title string, basis LegalBasis) Version {
	return Version{
		PolicyID:         id,
		Number:           1,
		Title:            title,
		Basis:            basis,
		Currency:         "CNY",
		BaseComponents:   []Component{GoodsPaid},
		RefundComponents: []Component{GoodsPaid, Shipping},
		RefundMode:       RefundOnTop,
		EarlierRefunds:   EarlierRefundsGross,
		SourceOrder:      []Source{SourceDeposit, SourceShopFunds, SourceAdvance},
		AdvanceLimit:     500_000_00,
		Windows: Windows{
			Claim:          KnowledgeMax,
			Knowledge:      KnowledgeMax,
			Result:         Lasting(15 * day),
			Review:         Lasting(3 * day),
			NoticeDelivery: Lasting(2 * day),
			Notice:         Lasting(7 * day),
			Grouping:       90 * day,
		},
	}
}

func beijingDate(year int, month time.Month, dayOfMonth int) time.Time {
	return time.Date(year, month, dayOfMonth, 0, 0, 0, 0, Beijing).UTC()
}
