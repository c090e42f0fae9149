package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func moneyOf(a money.Amount, currency string) *tenfoldv1.Money {
	return &tenfoldv1.Money{CurrencyCode: currency, MinorUnits: int64(a)}
}

// moneyOrNone leaves out an amount of zero if zero means that there is none.
func moneyOrNone(a money.Amount, currency string) *tenfoldv1.Money {
	if a == 0 {
		return nil
	}
	return moneyOf(a, currency)
}

func signed(a money.Amount, currency string) *tenfoldv1.SignedMoney {
	return &tenfoldv1.SignedMoney{CurrencyCode: currency, MinorUnits: int64(a)}
}

// amount reads an optional amount, which must be in the currency of the amounts
// beside it; absent means zero.
func amount(m *tenfoldv1.Money, currency, field string) (money.Amount, error) {
	if m == nil || m.GetCurrencyCode() == currency {
		return money.Amount(m.GetMinorUnits()), nil
	}
	return 0, mixed(currency, m.GetCurrencyCode(), field)
}

func ratioOf(r money.Ratio) *tenfoldv1.Ratio {
	return &tenfoldv1.Ratio{Numerator: r.Num, Denominator: r.Den}
}

func ratio(r *tenfoldv1.Ratio) money.Ratio {
	return money.Ratio{Num: r.GetNumerator(), Den: r.GetDenominator()}
}

// stamp is a time in the contract's form; absent for the zero time, and for one before
// the year 1 or after the year 9999, for which the contract has no form.
func stamp(t time.Time) *timestamppb.Timestamp {
	if at := timestamppb.New(t); !t.IsZero() && at.IsValid() {
		return at
	}
	return nil
}

// moment reads a time with the precision in which it is stored; absent means zero. The
// contract's rules have checked that an event can hold it.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Microsecond)
}

// amounts reads several amounts of one message and keeps the first mismatch.
type amounts struct {
	currency string
	// field is the message's path in the request.
	field string
	err   error
}

func (r *amounts) read(m *tenfoldv1.Money, field string) money.Amount {
	a, err := amount(m, r.currency, r.field+"."+field)
	if err != nil && r.err == nil {
		r.err = err
	}
	return a
}
