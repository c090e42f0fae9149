package ledger

// Kind says why a transfer exists; it fixes both accounts.
type Kind string

// The kinds of transfer.
const (
	// DepositToppedUp is a payment of the merchant into the deposit.
	DepositToppedUp Kind = "DEPOSIT_TOPPED_UP"
	// DepositWithdrawn is free deposit that goes back to the merchant.
	DepositWithdrawn Kind = "DEPOSIT_WITHDRAWN"
	// DepositTopUpReversed takes back a bounced top-up, as far as the deposit has
	// it.
	DepositTopUpReversed Kind = "DEPOSIT_TOP_UP_REVERSED"
	// DepositTopUpReversedOwed is the part of a bounced top-up that is already
	// spent: the merchant owes it.
	DepositTopUpReversedOwed Kind = "DEPOSIT_TOP_UP_REVERSED_OWED"
	// ShopFundsHandedOver is sales money entrusted to the book.
	ShopFundsHandedOver Kind = "SHOP_FUNDS_HANDED_OVER"
	// ShopFundsTakenBack is free shop funds that return to the settlement system.
	ShopFundsTakenBack Kind = "SHOP_FUNDS_TAKEN_BACK"

	// DepositSetAside and ShopFundsSetAside place a hold for a claim.
	DepositSetAside   Kind = "DEPOSIT_HELD"
	ShopFundsSetAside Kind = "SHOP_FUNDS_HELD"
	// DepositReleased and ShopFundsReleased release a hold to the merchant.
	DepositReleased   Kind = "DEPOSIT_RELEASED"
	ShopFundsReleased Kind = "SHOP_FUNDS_RELEASED"
	// DepositCaptured and ShopFundsCaptured take held money for a confirmed claim.
	DepositCaptured   Kind = "DEPOSIT_CAPTURED"
	ShopFundsCaptured Kind = "SHOP_FUNDS_CAPTURED"
	// ShortfallAdvanced is the platform's payment in place of the merchant, who
	// owes it.
	ShortfallAdvanced Kind = "SHORTFALL_ADVANCED"

	// PayoutInstructed is money on its way to the consumer.
	PayoutInstructed Kind = "PAYOUT_INSTRUCTED"
	// PayoutConfirmed is the gateway's report that a payout arrived.
	PayoutConfirmed Kind = "PAYOUT_CONFIRMED"
	// PayoutNotMade is the gateway's final refusal: the amount is payable again.
	PayoutNotMade Kind = "PAYOUT_FAILED"
	// PayoutCameBack is the return of a confirmed payout: the amount is payable
	// again.
	PayoutCameBack Kind = "PAYOUT_RETURNED"
	// SuspenseReceived is the part of a returned payout that the consumer had
	// already repaid: that money came back twice.
	SuspenseReceived Kind = "SUSPENSE_RECEIVED"

	// DepositRestored and ShopFundsRestored return what a claim cost too much to
	// where it was taken from.
	DepositRestored   Kind = "DEPOSIT_RESTORED"
	ShopFundsRestored Kind = "SHOP_FUNDS_RESTORED"
	// AdvanceCancelled reduces the merchant's debt for a claim that cost too much.
	AdvanceCancelled Kind = "ADVANCE_CANCELLED"
	// WriteOffCancelled reduces the write-off for a claim that cost too much.
	WriteOffCancelled Kind = "WRITE_OFF_CANCELLED"
	// ReversalLossBorne is the amount that the platform bears because it cannot be
	// taken back from a consumer in good faith.
	ReversalLossBorne Kind = "REVERSAL_LOSS_BORNE"
	// ReversalLossReversed is the part of that loss that the merchant bears after
	// all.
	ReversalLossReversed Kind = "REVERSAL_LOSS_REVERSED"
	// ClawBackClaimed is the amount that the consumer owes back after a payment
	// without grounds.
	ClawBackClaimed Kind = "CLAW_BACK_CLAIMED"
	// ClawBackCancelled is the part of a claw-back that the consumer may keep after
	// all.
	ClawBackCancelled Kind = "CLAW_BACK_CANCELLED"
	// ClawBackRepaid is the consumer's repayment of a claw-back.
	ClawBackRepaid Kind = "CLAW_BACK_REPAID"

	// RecoveredFromDeposit and RecoveredFromShopFunds take what the merchant owes
	// from later income.
	RecoveredFromDeposit   Kind = "RECOVERED_FROM_DEPOSIT"
	RecoveredFromShopFunds Kind = "RECOVERED_FROM_SHOP_FUNDS"
	// ReceivableWrittenOff writes off a debt in the books, not against the
	// merchant.
	ReceivableWrittenOff Kind = "RECEIVABLE_WRITTEN_OFF"
	// WriteOffRecovered takes a written-off amount from the deposit after all.
	WriteOffRecovered Kind = "WRITE_OFF_RECOVERED"

	// CouponIssued is a payout that arrived as a coupon.
	CouponIssued Kind = "COUPON_ISSUED"
	// CouponRedeemed is the spending of a coupon, in full or in part.
	CouponRedeemed Kind = "COUPON_REDEEMED"
	// CouponLapsed is the expiry of a coupon that was not spent in full.
	CouponLapsed Kind = "COUPON_LAPSED"
	// CouponReturned is the return of a coupon: the rest of it is payable again.
	CouponReturned Kind = "COUPON_RETURNED"

	// DepositForfeited is a penalty from the deposit, apart from any compensation.
	DepositForfeited Kind = "DEPOSIT_FORFEITED"
	// PenaltyTaken is a penalty from shop funds, apart from any compensation.
	PenaltyTaken Kind = "PENALTY_TAKEN"
	// DepositForfeitureReversed gives a penalty back to the deposit.
	DepositForfeitureReversed Kind = "DEPOSIT_FORFEITURE_REVERSED"
	// PenaltyReversed gives a penalty back to the shop funds.
	PenaltyReversed Kind = "PENALTY_REVERSED"

	// FeeFronted is the platform's payment for a test.
	FeeFronted Kind = "FEE_FRONTED"
	// FeeOwed is the fee of a test that the merchant owes, as the loser or by
	// share.
	FeeOwed Kind = "FEE_OWED"
	// FeeForgiven is a fee that the merchant no longer owes.
	FeeForgiven Kind = "FEE_FORGIVEN"
	// FeeRefunded is a recovered fee that goes back to the merchant's deposit.
	FeeRefunded Kind = "FEE_REFUNDED"
	// FeeRefundedToShopFunds is a fee that goes back to the shop funds which paid it.
	FeeRefundedToShopFunds Kind = "FEE_REFUNDED_TO_SHOP_FUNDS"
	// FeeOwedByConsumer is the fee of a test that the consumer owes, as the loser
	// or by share.
	FeeOwedByConsumer Kind = "FEE_OWED_BY_CONSUMER"
	// FeeForgivenConsumer is a fee that the consumer no longer owes.
	FeeForgivenConsumer Kind = "FEE_FORGIVEN_CONSUMER"

	// SuspenseTakenIn is a payment that arrived and matches nothing.
	SuspenseTakenIn Kind = "SUSPENSE_TAKEN_IN"
	// SuspenseTakenInCash is money that reached the platform's cash and matches
	// nothing.
	SuspenseTakenInCash Kind = "SUSPENSE_TAKEN_IN_CASH"
	// SuspenseGivenBack is money without an owner that went back to its payer.
	SuspenseGivenBack Kind = "SUSPENSE_GIVEN_BACK"
	// SuspenseGivenBackCash is money without an owner that went back out of the
	// platform's cash.
	SuspenseGivenBackCash Kind = "SUSPENSE_GIVEN_BACK_CASH"
	// SuspenseToDeposit is money in suspense that turned out to be the merchant's
	// deposit.
	SuspenseToDeposit Kind = "SUSPENSE_TO_DEPOSIT"
	// SuspenseToShopFunds is money in suspense that turned out to be the merchant's
	// sales money.
	SuspenseToShopFunds Kind = "SUSPENSE_TO_SHOP_FUNDS"
	// DepositTopUpLowered takes back what a top-up was booked too high, as far as the
	// deposit has it.
	DepositTopUpLowered Kind = "DEPOSIT_TOP_UP_LOWERED"
	// DepositTopUpLoweredOwed is the part of that which is already spent: the merchant
	// owes it.
	DepositTopUpLoweredOwed Kind = "DEPOSIT_TOP_UP_LOWERED_OWED"
	// DepositTopUpRaised adds what a top-up was booked too low.
	DepositTopUpRaised Kind = "DEPOSIT_TOP_UP_RAISED"
	// DepositReclassified is deposit that belongs to the shop funds.
	DepositReclassified Kind = "DEPOSIT_RECLASSIFIED"
	// ShopFundsReclassified is shop funds that belong to the deposit.
	ShopFundsReclassified Kind = "SHOP_FUNDS_RECLASSIFIED"
	// ClearingReclassified is money in clearing that lies in the platform's cash.
	ClearingReclassified Kind = "CLEARING_RECLASSIFIED"
	// CashReclassified is money in the platform's cash that lies in clearing.
	CashReclassified Kind = "CASH_RECLASSIFIED"
)

// Legs are the two accounts of a transfer.
type Legs struct {
	Debit  Purpose
	Credit Purpose
}

// kinds gives the account that each kind of transfer debits, and the one that it
// credits.
var kinds = map[Kind]Legs{
	DepositToppedUp:           {SettlementClearing, Deposit},
	DepositWithdrawn:          {Deposit, SettlementClearing},
	DepositTopUpReversed:      {Deposit, SettlementClearing},
	DepositTopUpReversedOwed:  {Receivable, SettlementClearing},
	ShopFundsHandedOver:       {SettlementClearing, ShopFunds},
	ShopFundsTakenBack:        {ShopFunds, SettlementClearing},
	DepositSetAside:           {Deposit, DepositHeld},
	ShopFundsSetAside:         {ShopFunds, ShopFundsHeld},
	DepositReleased:           {DepositHeld, Deposit},
	ShopFundsReleased:         {ShopFundsHeld, ShopFunds},
	DepositCaptured:           {DepositHeld, ClaimPayable},
	ShopFundsCaptured:         {ShopFundsHeld, ClaimPayable},
	ShortfallAdvanced:         {Receivable, ClaimPayable},
	PayoutInstructed:          {ClaimPayable, PayoutClearing},
	PayoutConfirmed:           {PayoutClearing, PlatformCash},
	PayoutNotMade:             {PayoutClearing, ClaimPayable},
	PayoutCameBack:            {PlatformCash, ClaimPayable},
	SuspenseReceived:          {PlatformCash, Suspense},
	DepositRestored:           {ClaimPayable, Deposit},
	ShopFundsRestored:         {ClaimPayable, ShopFunds},
	AdvanceCancelled:          {ClaimPayable, Receivable},
	WriteOffCancelled:         {ClaimPayable, WriteOff},
	ReversalLossBorne:         {ReversalLoss, ClaimPayable},
	ReversalLossReversed:      {ClaimPayable, ReversalLoss},
	ClawBackClaimed:           {ConsumerReceivable, ClaimPayable},
	ClawBackCancelled:         {ClaimPayable, ConsumerReceivable},
	ClawBackRepaid:            {PlatformCash, ConsumerReceivable},
	RecoveredFromDeposit:      {Deposit, Receivable},
	RecoveredFromShopFunds:    {ShopFunds, Receivable},
	ReceivableWrittenOff:      {WriteOff, Receivable},
	WriteOffRecovered:         {Deposit, WriteOff},
	CouponIssued:              {PayoutClearing, CouponLiability},
	CouponRedeemed:            {CouponLiability, PlatformCash},
	CouponLapsed:              {CouponLiability, Suspense},
	CouponReturned:            {CouponLiability, ClaimPayable},
	DepositForfeited:          {Deposit, Penalty},
	PenaltyTaken:              {ShopFunds, Penalty},
	DepositForfeitureReversed: {Penalty, Deposit},
	PenaltyReversed:           {Penalty, ShopFunds},
	FeeFronted:                {AuthenticationFees, PlatformCash},
	FeeOwed:                   {Receivable, AuthenticationFees},
	FeeForgiven:               {AuthenticationFees, Receivable},
	FeeRefunded:               {AuthenticationFees, Deposit},
	FeeRefundedToShopFunds:    {AuthenticationFees, ShopFunds},
	FeeOwedByConsumer:         {ConsumerReceivable, AuthenticationFees},
	FeeForgivenConsumer:       {AuthenticationFees, ConsumerReceivable},
	SuspenseTakenIn:           {SettlementClearing, Suspense},
	SuspenseTakenInCash:       {PlatformCash, Suspense},
	SuspenseGivenBack:         {Suspense, SettlementClearing},
	SuspenseGivenBackCash:     {Suspense, PlatformCash},
	SuspenseToDeposit:         {Suspense, Deposit},
	SuspenseToShopFunds:       {Suspense, ShopFunds},
	DepositTopUpLowered:       {Deposit, SettlementClearing},
	DepositTopUpLoweredOwed:   {Receivable, SettlementClearing},
	DepositTopUpRaised:        {SettlementClearing, Deposit},
	DepositReclassified:       {Deposit, ShopFunds},
	ShopFundsReclassified:     {ShopFunds, Deposit},
	ClearingReclassified:      {PlatformCash, SettlementClearing},
	CashReclassified:          {SettlementClearing, PlatformCash},
}

// Kinds lists every kind in the order of a claim's life.
func Kinds() []Kind {
	return []Kind{
		DepositToppedUp, DepositWithdrawn, DepositTopUpReversed, DepositTopUpReversedOwed,
		ShopFundsHandedOver, ShopFundsTakenBack,
		DepositSetAside, ShopFundsSetAside, DepositReleased, ShopFundsReleased,
		DepositCaptured, ShopFundsCaptured, ShortfallAdvanced,
		PayoutInstructed, PayoutConfirmed, PayoutNotMade, PayoutCameBack, SuspenseReceived,
		DepositRestored, ShopFundsRestored, AdvanceCancelled, WriteOffCancelled,
		ReversalLossBorne, ReversalLossReversed, ClawBackClaimed, ClawBackCancelled, ClawBackRepaid,
		RecoveredFromDeposit, RecoveredFromShopFunds, ReceivableWrittenOff, WriteOffRecovered,
		CouponIssued, CouponRedeemed, CouponLapsed, CouponReturned,
		DepositForfeited, PenaltyTaken, DepositForfeitureReversed, PenaltyReversed,
		FeeFronted, FeeOwed, FeeForgiven, FeeRefunded, FeeRefundedToShopFunds, FeeOwedByConsumer, FeeForgivenConsumer,
		SuspenseTakenIn, SuspenseTakenInCash, SuspenseGivenBack, SuspenseGivenBackCash, SuspenseToDeposit, SuspenseToShopFunds,
		DepositTopUpLowered, DepositTopUpLoweredOwed, DepositTopUpRaised,
		DepositReclassified, ShopFundsReclassified, ClearingReclassified, CashReclassified,
	}
}

// Legs gives the accounts that a transfer of kind k debits and credits.
func (k Kind) Legs() Legs { return kinds[k] }
