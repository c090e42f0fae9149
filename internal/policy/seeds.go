package policy

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

const day = 24 * time.Hour

// Seeds returns the policies that every installation starts with, in CNY: the
// platform's promise "fake one pays ten", and the two statutes that a consumer may
// choose instead. Each call returns fresh values.
//
// The promise binds for a year from delivery, the usual term of such programmes;
// the statutes run with the general limitation of three years. The merchant answers
// within seven days, on the model of a re-inspection under the Food Safety Law
// (Art. 88); results, reviews and deliveries have the terms of common platform
// rules. Purchases within 90 days count as one group: "a short time" in the sense
// of Fa Shi [2024] No. 9 Art. 13.
func Seeds() []Version {
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
