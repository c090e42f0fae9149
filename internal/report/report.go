// Package report says what each report of finance sums up: which kinds of transfer count, and on
// which side, or which open items. It is pure; postgres reads, and rpc hands out.
package report

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Report names a report.
type Report string

// The reports.
const (
	// Deductions is what was taken from deposits and shop funds for claims, less what was given
	// back.
	Deductions Report = "DEDUCTIONS"
	// Recoveries is what merchants paid back of what they owed or of what was written off.
	Recoveries Report = "RECOVERIES"
	// WriteOffs is what was written off, less what was recovered of it or cancelled.
	WriteOffs Report = "WRITE_OFFS"
	// AuthenticationCosts is what the platform paid for tests, less what others bear of it.
	AuthenticationCosts Report = "AUTHENTICATION_COSTS"
	// Advances are the advances that merchants owe now.
	Advances Report = "ADVANCES"
	// PayoutsInFlight are the payouts whose outcome is not known now.
	PayoutsInFlight Report = "PAYOUTS_IN_FLIGHT"
)

// Reports lists the reports.
func Reports() []Report {
	return []Report{Deductions, Recoveries, WriteOffs, AuthenticationCosts, Advances, PayoutsInFlight}
}

// Grouping says by what a report is divided.
type Grouping string

// The groupings. An order line does not name a brand, so there is none by brand: the products of
// a brand are for the catalogue to know.
const (
	ByDay      Grouping = "DAY"
	ByMerchant Grouping = "MERCHANT"
	ByCategory Grouping = "CATEGORY"
	ByProduct  Grouping = "PRODUCT"
)

// Groupings lists the groupings.
func Groupings() []Grouping { return []Grouping{ByDay, ByMerchant, ByCategory, ByProduct} }

// kinds are the kinds of transfer of each report of a time, and whether each adds to it or
// reduces it.
var kinds = map[Report]map[ledger.Kind]money.Amount{
	Deductions: {
		ledger.DepositCaptured: 1, ledger.ShopFundsCaptured: 1, ledger.DepositRestored: -1, ledger.ShopFundsRestored: -1,
	},
	Recoveries: {ledger.RecoveredFromDeposit: 1, ledger.RecoveredFromShopFunds: 1, ledger.WriteOffRecovered: 1},
	WriteOffs:  {ledger.ReceivableWrittenOff: 1, ledger.WriteOffRecovered: -1, ledger.WriteOffCancelled: -1},
	AuthenticationCosts: {
		ledger.FeeFronted: 1, ledger.FeeOwed: -1, ledger.FeeForgiven: 1, ledger.FeeRefunded: 1, ledger.FeeRefundedToShopFunds: 1,
		ledger.FeeOwedByConsumer: -1, ledger.FeeForgivenConsumer: 1,
	},
}

// OfTime says whether a report sums up the transfers of a time, and not what is open now.
func (r Report) OfTime() bool { return kinds[r] != nil }

// Kinds are the kinds of transfer that a report of a time counts.
func (r Report) Kinds() []ledger.Kind {
	var list []ledger.Kind
	for _, k := range ledger.Kinds() {
		if kinds[r][k] != 0 {
			list = append(list, k)
		}
	}
	return list
}

// Sign says whether transfers of a kind add to a report, 1, or reduce it, -1.
func (r Report) Sign(k ledger.Kind) money.Amount { return kinds[r][k] }

// ages are the ages in days from which on open items are summed apart, like debts.
var ages = [...]int32{0, 8, 31, 91}

// Ages lists the ages from which on open items are summed apart.
func Ages() []int32 { return ages[:] }

// AgeOf is the greatest age of the list that something open since a time has reached.
func AgeOf(since, now time.Time) int32 {
	days := int32(now.Sub(since) / (24 * time.Hour))
	reached := ages[0]
	for _, age := range ages {
		if days >= age {
			reached = age
		}
	}
	return reached
}

// DayOf is the day of a time in China.
func DayOf(at time.Time) string { return at.In(policy.Beijing).Format(time.DateOnly) }
