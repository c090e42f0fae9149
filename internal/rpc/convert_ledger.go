package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bookOf is a book at one moment.
func bookOf(b *book.Standing) *tenfoldv1.Book {
	p := &tenfoldv1.Book{
		Name: merchantName(b.MerchantID), CurrencyCode: b.Currency, Version: b.Version,
		EventNumber: b.EventNumber, ChainHash: hex.EncodeToString(b.EventHash[:]), OpenedAt: stamp(b.OpenedAt), UpdateTime: stamp(b.RecordedAt),
		OpenShortfall: moneyOf(b.Debts[debt.Shortfall].Open, b.Currency), Debts: debtSumsOf(b.Debts, b.Currency),
		Exposure: moneyOf(b.Exposure, b.Currency), FreeAmount: moneyOf(b.Free(), b.Currency), SweepSince: stamp(b.Sweep.Since),
		DemandedDeposit: moneyOf(b.Demanded, b.Currency), DemandDeadline: stamp(b.DemandDeadline), DemandLapsedAt: stamp(b.DemandLapsedAt),
		ExitBegunAt: stamp(b.ExitBegunAt), ExitedAt: stamp(b.ExitedAt), Labels: b.Labels.ByKey(),
	}
	of := func(purpose ledger.Purpose) *tenfoldv1.Money {
		return moneyOf(b.Balances.At(purpose).Of(purpose), b.Currency)
	}
	p.DepositAvailable, p.DepositHeld = of(ledger.Deposit), of(ledger.DepositHeld)
	p.ShopFundsAvailable, p.ShopFundsHeld = of(ledger.ShopFunds), of(ledger.ShopFundsHeld)
	p.Receivable = of(ledger.Receivable)
	for _, purpose := range ledger.Purposes() {
		p.Accounts = append(p.Accounts, accountOf(purpose, b.Balances.At(purpose), b.Currency))
	}
	return p
}

func accountOf(p ledger.Purpose, b *ledger.Balance, currency string) *tenfoldv1.Account {
	return &tenfoldv1.Account{
		Purpose: purposes.proto(p), NormalSide: sides.proto(p.Normal()),
		Debits: moneyOf(b.Debits, currency), Credits: moneyOf(b.Credits, currency), Balance: signed(b.Of(p), currency),
	}
}

func debtOf(d *debt.Debt, currency string) *tenfoldv1.Debt {
	p := &tenfoldv1.Debt{
		Kind: debtKinds.proto(d.Kind), SamplingCase: d.SamplingCase, Since: stamp(d.Since), Open: moneyOf(d.Open, currency),
		Book: merchantName(d.MerchantID),
	}
	if d.Kind == debt.TopUp {
		p.PaymentReference = d.ID
	} else {
		p.Claim = claimName(d.MerchantID, d.ID)
	}
	return p
}

// debtSumsOf are sums in the order in which income pays the kinds.
func debtSumsOf(sums debt.Sums, currency string) []*tenfoldv1.DebtSum {
	var out []*tenfoldv1.DebtSum
	for _, kind := range debt.Kinds() {
		if s, open := sums[kind]; open {
			out = append(out, &tenfoldv1.DebtSum{Kind: debtKinds.proto(kind), Open: moneyOf(s.Open, currency), Count: s.Count})
		}
	}
	return out
}

func transferOf(t *ledger.Transfer) *tenfoldv1.Transfer {
	p := &tenfoldv1.Transfer{
		Name: transferName(t.MerchantID, t.Number), Kind: transferKinds.proto(t.Kind),
		Debit: purposes.proto(t.Debit), Credit: purposes.proto(t.Credit), Amount: moneyOf(t.Amount, t.Currency),
		ExternalReference: t.ExternalReference, RecordedAt: stamp(t.RecordedAt), EffectiveAt: stamp(t.EffectiveAt),
		EventNumber: t.EventNumber,
	}
	if t.ClaimID != "" {
		p.Claim = claimName(t.MerchantID, t.ClaimID)
	}
	if t.OrderLineID != "" {
		p.OrderLineName = orderLineName(t.MerchantID, t.OrderLineID)
	}
	if t.PayoutID != "" {
		// A payout's out-number is its id without the dashes.
		p.Payout, p.OutNumber = payoutName(t.MerchantID, t.PayoutID), claim.Compact(t.PayoutID)
	}
	if t.Reverses > 0 {
		p.Reverses = transferName(t.MerchantID, t.Reverses)
	}
	return p
}

func transfersOf(list []ledger.Transfer) []*tenfoldv1.Transfer { return each(list, transferOf) }

func holdOf(h *ledger.Hold, currency string) *tenfoldv1.Hold {
	return &tenfoldv1.Hold{
		Name: holdName(h.MerchantID, h.ClaimID, h.Number), Claim: claimName(h.MerchantID, h.ClaimID),
		Source: holdSources.proto(h.Source), State: holdStates.proto(h.State),
		Amount: moneyOf(h.Amount, currency), Captured: moneyOf(h.Captured, currency), Released: moneyOf(h.Released, currency),
		HeldAt: stamp(h.PlacedAt), EndedAt: stamp(h.EndedAt),
	}
}

func payoutOf(o *payout.Payout) *tenfoldv1.Payout {
	p := &tenfoldv1.Payout{
		Name: payoutName(o.MerchantID, o.ID), Claim: claimName(o.MerchantID, o.ClaimID),
		Part: payoutParts.proto(o.Part), Amount: moneyOf(o.Amount, o.Currency), State: payoutStates.proto(o.State),
		OutNumber: o.OutNumber, OriginalPaymentId: o.PaymentID, Destination: o.Destination, NotAfter: stamp(o.NotAfter),
		GatewayReference: o.GatewayReference, FailureCode: o.FailureCode,
		InstructedAt: stamp(o.CreatedAt), AnsweredAt: stamp(o.AnsweredAt), UpdateTime: stamp(o.ChangedAt),
		Form: payoutForms.proto(o.Form), RidesPayment: o.RidesPayment, Superseded: o.Superseded,
		TryNumber: o.Try,
	}
	if reached := o.Reached(); reached > 0 {
		p.Arrived = moneyOf(reached, o.Currency)
	}
	if o.CameBack > 0 {
		p.CameBack = moneyOf(o.CameBack, o.Currency)
	}
	if o.Coupon.State != payout.CouponNone {
		p.Coupon = &tenfoldv1.Coupon{
			State: couponStates.proto(o.Coupon.State), Face: moneyOf(o.Reached(), o.Currency),
			Redeemed: moneyOf(o.Coupon.Redeemed, o.Currency), ExpiresAt: stamp(o.Coupon.ExpiresAt),
		}
	}
	return p
}
