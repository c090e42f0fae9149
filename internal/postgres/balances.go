package postgres

import (
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// A book's row carries its accounts: for each purpose, in the order of the
// chart, the running total of debits and that of credits. The lists below are in
// that order.

const balanceColumns = `
	b.platform_cash_debits_minor, b.platform_cash_credits_minor, b.settlement_clearing_debits_minor,
	b.settlement_clearing_credits_minor, b.receivable_debits_minor, b.receivable_credits_minor,
	b.consumer_receivable_debits_minor, b.consumer_receivable_credits_minor, b.authentication_fees_debits_minor,
	b.authentication_fees_credits_minor, b.reversal_loss_debits_minor, b.reversal_loss_credits_minor,
	b.write_off_debits_minor, b.write_off_credits_minor, b.deposit_debits_minor,
	b.deposit_credits_minor, b.deposit_held_debits_minor, b.deposit_held_credits_minor,
	b.shop_funds_debits_minor, b.shop_funds_credits_minor, b.shop_funds_held_debits_minor,
	b.shop_funds_held_credits_minor, b.claim_payable_debits_minor, b.claim_payable_credits_minor,
	b.payout_clearing_debits_minor, b.payout_clearing_credits_minor, b.coupon_liability_debits_minor,
	b.coupon_liability_credits_minor, b.penalty_debits_minor, b.penalty_credits_minor,
	b.suspense_debits_minor, b.suspense_credits_minor`

const balanceNames = `
	platform_cash_debits_minor, platform_cash_credits_minor, settlement_clearing_debits_minor,
	settlement_clearing_credits_minor, receivable_debits_minor, receivable_credits_minor,
	consumer_receivable_debits_minor, consumer_receivable_credits_minor, authentication_fees_debits_minor,
	authentication_fees_credits_minor, reversal_loss_debits_minor, reversal_loss_credits_minor,
	write_off_debits_minor, write_off_credits_minor, deposit_debits_minor,
	deposit_credits_minor, deposit_held_debits_minor, deposit_held_credits_minor,
	shop_funds_debits_minor, shop_funds_credits_minor, shop_funds_held_debits_minor,
	shop_funds_held_credits_minor, claim_payable_debits_minor, claim_payable_credits_minor,
	payout_clearing_debits_minor, payout_clearing_credits_minor, coupon_liability_debits_minor,
	coupon_liability_credits_minor, penalty_debits_minor, penalty_credits_minor,
	suspense_debits_minor, suspense_credits_minor`

const balanceValues = `
	r.platform_cash_debits_minor, r.platform_cash_credits_minor, r.settlement_clearing_debits_minor,
	r.settlement_clearing_credits_minor, r.receivable_debits_minor, r.receivable_credits_minor,
	r.consumer_receivable_debits_minor, r.consumer_receivable_credits_minor, r.authentication_fees_debits_minor,
	r.authentication_fees_credits_minor, r.reversal_loss_debits_minor, r.reversal_loss_credits_minor,
	r.write_off_debits_minor, r.write_off_credits_minor, r.deposit_debits_minor,
	r.deposit_credits_minor, r.deposit_held_debits_minor, r.deposit_held_credits_minor,
	r.shop_funds_debits_minor, r.shop_funds_credits_minor, r.shop_funds_held_debits_minor,
	r.shop_funds_held_credits_minor, r.claim_payable_debits_minor, r.claim_payable_credits_minor,
	r.payout_clearing_debits_minor, r.payout_clearing_credits_minor, r.coupon_liability_debits_minor,
	r.coupon_liability_credits_minor, r.penalty_debits_minor, r.penalty_credits_minor,
	r.suspense_debits_minor, r.suspense_credits_minor`

const balanceChanges = `
	platform_cash_debits_minor = k.platform_cash_debits_minor, platform_cash_credits_minor = k.platform_cash_credits_minor,
	settlement_clearing_debits_minor = k.settlement_clearing_debits_minor, settlement_clearing_credits_minor = k.settlement_clearing_credits_minor,
	receivable_debits_minor = k.receivable_debits_minor, receivable_credits_minor = k.receivable_credits_minor,
	consumer_receivable_debits_minor = k.consumer_receivable_debits_minor, consumer_receivable_credits_minor = k.consumer_receivable_credits_minor,
	authentication_fees_debits_minor = k.authentication_fees_debits_minor, authentication_fees_credits_minor = k.authentication_fees_credits_minor,
	reversal_loss_debits_minor = k.reversal_loss_debits_minor, reversal_loss_credits_minor = k.reversal_loss_credits_minor,
	write_off_debits_minor = k.write_off_debits_minor, write_off_credits_minor = k.write_off_credits_minor,
	deposit_debits_minor = k.deposit_debits_minor, deposit_credits_minor = k.deposit_credits_minor,
	deposit_held_debits_minor = k.deposit_held_debits_minor, deposit_held_credits_minor = k.deposit_held_credits_minor,
	shop_funds_debits_minor = k.shop_funds_debits_minor, shop_funds_credits_minor = k.shop_funds_credits_minor,
	shop_funds_held_debits_minor = k.shop_funds_held_debits_minor, shop_funds_held_credits_minor = k.shop_funds_held_credits_minor,
	claim_payable_debits_minor = k.claim_payable_debits_minor, claim_payable_credits_minor = k.claim_payable_credits_minor,
	payout_clearing_debits_minor = k.payout_clearing_debits_minor, payout_clearing_credits_minor = k.payout_clearing_credits_minor,
	coupon_liability_debits_minor = k.coupon_liability_debits_minor, coupon_liability_credits_minor = k.coupon_liability_credits_minor,
	penalty_debits_minor = k.penalty_debits_minor, penalty_credits_minor = k.penalty_credits_minor,
	suspense_debits_minor = k.suspense_debits_minor, suspense_credits_minor = k.suspense_credits_minor`

// balanceTargets are where a row's balances are scanned to.
func balanceTargets(b *ledger.Balances) []any {
	targets := make([]any, 0, 2*len(b))
	for i := range b {
		targets = append(targets, (*int64)(&b[i].Debits), (*int64)(&b[i].Credits))
	}
	return targets
}

func putBalances(r *pgwire.Records, b *ledger.Balances) {
	for i := range b {
		r.Bigints(int64(b[i].Debits), int64(b[i].Credits))
	}
}
