package ledger

// Kind says why a transfer exists; it fixes both accounts.
type Kind string

// The kinds of transfer.
const (
	// DepositToppedUp is the merchant paying into the deposit.
	DepositToppedUp Kind = "DEPOSIT_TOPPED_UP"
	// DepositWithdrawn is free deposit going back to the merchant.
	DepositWithdrawn Kind = "DEPOSIT_WITHDRAWN"
	// DepositTopUpReversed takes back a top-up that bounced, as far as the deposit has it.
	DepositTopUpReversed Kind = "DEPOSIT_TOP_UP_REVERSED"
	// DepositTopUpReversedOwed is the part of a bounced top-up that is spent
	// already: the merchant owes it.
	DepositTopUpReversedOwed Kind = "DEPOSIT_TOP_UP_REVERSED_OWED"
	// ShopFundsHandedOver is sales money entrusted to the book.
	ShopFundsHandedOver Kind = "SHOP_FUNDS_HANDED_OVER"
	// ShopFundsTakenBack is free shop funds returning to the settlement system.
	ShopFundsTakenBack Kind = "SHOP_FUNDS_TAKEN_BACK"

	// DepositSetAside and ShopFundsSetAside place a hold for a claim.
	DepositSetAside   Kind = "DEPOSIT_HELD"
	ShopFundsSetAside Kind = "SHOP_FUNDS_HELD"
	// DepositReleased and ShopFundsReleased give a hold back to the merchant.
	DepositReleased   Kind = "DEPOSIT_RELEASED"
	ShopFundsReleased Kind = "SHOP_FUNDS_RELEASED"
	// DepositCaptured and ShopFundsCaptured take held money for a confirmed claim.
	DepositCaptured   Kind = "DEPOSIT_CAPTURED"
	ShopFundsCaptured Kind = "SHOP_FUNDS_CAPTURED"
	// ShortfallAdvanced is the platform paying in the merchant's place, who owes it.
	ShortfallAdvanced Kind = "SHORTFALL_ADVANCED"

	// PayoutInstructed is money on its way to the consumer.
	PayoutInstructed Kind = "PAYOUT_INSTRUCTED"
	// PayoutConfirmed is the gateway's word that it arrived.
	PayoutConfirmed Kind = "PAYOUT_CONFIRMED"
	// PayoutNotMade is the gateway's final refusal: it is payable again.
	PayoutNotMade Kind = "PAYOUT_FAILED"
	// PayoutCameBack is a confirmed payout returned: it is payable again.
	PayoutCameBack Kind = "PAYOUT_RETURNED"
	// SuspenseReceived is money that arrived and matches nothing yet.
	SuspenseReceived Kind = "SUSPENSE_RECEIVED"
)

// Legs are the two accounts of a transfer.
type Legs struct {
	Debit  Purpose
	Credit Purpose
}

// kinds says, for each kind of transfer, which account is debited and which is credited.
var kinds = map[Kind]Legs{
	DepositToppedUp:          {SettlementClearing, Deposit},
	DepositWithdrawn:         {Deposit, SettlementClearing},
	DepositTopUpReversed:     {Deposit, SettlementClearing},
	DepositTopUpReversedOwed: {Receivable, SettlementClearing},
	ShopFundsHandedOver:      {SettlementClearing, ShopFunds},
	ShopFundsTakenBack:       {ShopFunds, SettlementClearing},
	DepositSetAside:          {Deposit, DepositHeld},
	ShopFundsSetAside:        {ShopFunds, ShopFundsHeld},
	DepositReleased:          {DepositHeld, Deposit},
	ShopFundsReleased:        {ShopFundsHeld, ShopFunds},
	DepositCaptured:          {DepositHeld, ClaimPayable},
	ShopFundsCaptured:        {ShopFundsHeld, ClaimPayable},
	ShortfallAdvanced:        {Receivable, ClaimPayable},
	PayoutInstructed:         {ClaimPayable, PayoutClearing},
	PayoutConfirmed:          {PayoutClearing, PlatformCash},
	PayoutNotMade:            {PayoutClearing, ClaimPayable},
	PayoutCameBack:           {PlatformCash, ClaimPayable},
	SuspenseReceived:         {PlatformCash, Suspense},
}

// Kinds lists every kind in the order of a claim's life.
func Kinds() []Kind {
	return []Kind{
		DepositToppedUp, DepositWithdrawn, DepositTopUpReversed, DepositTopUpReversedOwed,
		ShopFundsHandedOver, ShopFundsTakenBack,
		DepositSetAside, ShopFundsSetAside, DepositReleased, ShopFundsReleased,
		DepositCaptured, ShopFundsCaptured, ShortfallAdvanced,
		PayoutInstructed, PayoutConfirmed, PayoutNotMade, PayoutCameBack, SuspenseReceived,
	}
}

// Legs gives the accounts that a transfer of kind k debits and credits.
func (k Kind) Legs() Legs { return kinds[k] }
