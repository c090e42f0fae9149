package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bookOf is a book at one moment, with the sums of its debts by kind.
func bookOf(h *book.Head, accounts []postgres.Account, debts []postgres.DebtSum) *tenfoldv1.Book {
	var shortfall money.Amount
	for _, d := range debts {
		if d.Kind == debt.Shortfall {
			shortfall = d.Open
		}
	}
	p := &tenfoldv1.Book{
		Name: merchantName(h.MerchantID), CurrencyCode: h.Currency, Version: h.Version,
		EventNumber: h.EventNumber, ChainHash: hex.EncodeToString(h.EventHash[:]), OpenedAt: stamp(h.OpenedAt),
		OpenShortfall: moneyOf(shortfall, h.Currency), Debts: debtSumsOf(debts, 0, h.Currency),
		Exposure: moneyOf(h.Exposure, h.Currency), FreeAmount: moneyOf(h.Free(), h.Currency), SweepSince: stamp(h.Sweep.Since),
		DemandedDeposit: moneyOf(h.Demanded, h.Currency), DemandDeadline: stamp(h.DemandDeadline), DemandLapsedAt: stamp(h.DemandLapsedAt),
		ExitBegunAt: stamp(h.ExitBegunAt), ExitedAt: stamp(h.ExitedAt),
	}
	balances := make(map[ledger.Purpose]money.Amount, len(accounts))
	for _, a := range accounts {
		balances[a.Purpose] = a.Balance.Of(a.Purpose)
		p.Accounts = append(p.Accounts, accountOf(&a, h.Currency))
	}
	p.DepositAvailable = moneyOf(balances[ledger.Deposit], h.Currency)
	p.DepositHeld = moneyOf(balances[ledger.DepositHeld], h.Currency)
	p.ShopFundsAvailable = moneyOf(balances[ledger.ShopFunds], h.Currency)
	p.ShopFundsHeld = moneyOf(balances[ledger.ShopFundsHeld], h.Currency)
	p.Receivable = moneyOf(balances[ledger.Receivable], h.Currency)
	return p
}

func accountOf(a *postgres.Account, currency string) *tenfoldv1.Account {
	return &tenfoldv1.Account{
		Purpose: purposes.proto(a.Purpose), NormalSide: sides.proto(a.Purpose.Normal()),
		Debits: moneyOf(a.Balance.Debits, currency), Credits: moneyOf(a.Balance.Credits, currency),
		Balance: signed(a.Balance.Of(a.Purpose), currency),
	}
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

func transfersOf(list []ledger.Transfer) []*tenfoldv1.Transfer {
	out := make([]*tenfoldv1.Transfer, len(list))
	for i := range list {
		out[i] = transferOf(&list[i])
	}
	return out
}

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
		InstructedAt: stamp(o.CreatedAt), AnsweredAt: stamp(o.AnsweredAt),
		Form: payoutForms.proto(o.Form), RidesPayment: o.RidesPayment, Superseded: o.Superseded,
	}
	if o.Coupon.State != payout.CouponNone {
		p.Coupon = &tenfoldv1.Coupon{
			State: couponStates.proto(o.Coupon.State), Face: moneyOf(o.Amount, o.Currency),
			Redeemed: moneyOf(o.Coupon.Redeemed, o.Currency), ExpiresAt: stamp(o.Coupon.ExpiresAt),
		}
	}
	return p
}
