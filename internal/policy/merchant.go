package policy

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Terms are a policy's requirements on a merchant as a whole, independent of
// claims.
type Terms struct {
	// MinimumDeposit is the amount that the deposit should hold; zero means no
	// minimum.
	MinimumDeposit money.Amount
	// ProtectedShare is the part of income from sales that sweeps leave alone,
	// from 0 to 1; zero protects nothing.
	ProtectedShare money.Ratio
	// TopUp is how long the merchant has to meet a demand for deposit.
	TopUp Span
	// ExitQuarantine is how long the deposit stays after the merchant's notice to
	// leave (rule A9).
	ExitQuarantine time.Duration
}

// MerchantTerms gives the terms of a merchant with a book in the currency at a
// time. They stand in the promise for all categories, in the version that is in
// force then. Where there is none, only what holds by default is set.
func (vs Versions) MerchantTerms(currency string, at time.Time) Terms {
	const everything = ""
	var promise *Version
	for _, v := range vs.newest(NewQuery(everything, currency, at)) {
		if v.Basis != Promise || len(v.Categories) > 0 {
			continue
		}
		if promise == nil || v.goesBefore(promise, everything) {
			promise = v
		}
	}
	if promise == nil {
		promise = &Version{}
	}
	return Terms{
		MinimumDeposit: promise.MinimumDeposit, ProtectedShare: promise.ProtectedShare,
		TopUp: promise.Windows.TopUpSpan(), ExitQuarantine: promise.Windows.ExitQuarantineMin(),
	}
}

// Protected is the part of an income that sweeps leave alone, rounded half up.
func (t *Terms) Protected(income money.Amount) (money.Amount, error) {
	if t.ProtectedShare.IsZero() {
		return 0, nil
	}
	return t.ProtectedShare.Of(income)
}

// holdsMerchantTerms says whether MerchantTerms would read the version.
func (v *Version) holdsMerchantTerms() bool { return v.Basis == Promise && len(v.Categories) == 0 }

func (v *Version) checkMinimumDeposit() error {
	if err := v.checkAmount(v.MinimumDeposit, "minimum_deposit"); err != nil {
		return err
	}
	if v.MinimumDeposit != 0 && !v.holdsMerchantTerms() {
		return invalid("minimum_deposit", "only a promise for all categories can hold terms of the merchant")
	}
	return nil
}

func (v *Version) checkProtectedShare() error {
	if v.ProtectedShare.IsZero() {
		return nil
	}
	if err := v.ProtectedShare.Check(); err != nil {
		return at(err, "protected_share")
	}
	if v.ProtectedShare.Num > v.ProtectedShare.Den {
		return invalid("protected_share", "the protected share must not exceed the whole income")
	}
	if !v.holdsMerchantTerms() {
		return invalid("protected_share", "only a promise for all categories can hold terms of the merchant")
	}
	return nil
}
