package ledger

// Item is one of the amounts that a claim keeps of its money: what is set aside for
// it, who bears it, what has gone to the consumer, what its tests cost.
type Item int

// The items.
const (
	// ItemHeld lies in open holds.
	ItemHeld Item = iota
	// ItemFromDeposit and ItemFromShopFunds were borne by the merchant's sources.
	ItemFromDeposit
	ItemFromShopFunds
	// ItemAdvanced was put in by the platform and is owed by the merchant,
	// ItemWrittenOff was given up of that.
	ItemAdvanced
	ItemWrittenOff
	// ItemLost is borne by the platform, ItemClawedBack owed back by the consumer.
	ItemLost
	ItemClawedBack
	// ItemInFlight is sent and unconfirmed, ItemPaid has arrived; both are kept for
	// each part of the award.
	ItemInFlight
	ItemPaid
	// ItemRepaid was given back by the consumer.
	ItemRepaid
	// ItemFeeFronted was paid by the platform for tests.
	ItemFeeFronted
	// ItemFeeMerchant and ItemFeeConsumer are what of it either is charged with.
	ItemFeeMerchant
	ItemFeeConsumer
	// ItemFeeOwed is not yet recovered from the merchant, ItemFeeWrittenOff was given
	// up of that.
	ItemFeeOwed
	ItemFeeWrittenOff
	// ItemFeeFromShopFunds was recovered from the merchant's shop funds.
	ItemFeeFromShopFunds
	// ItemCount is how many items there are.
	ItemCount
)

// Due says which of two dues of a claim a transfer on the merchant's receivable is
// about; other transfers do not ask.
type Due int

// The dues.
const (
	// DueAward is what was advanced for the award.
	DueAward Due = iota
	// DueFee is the fee of a test.
	DueFee
)

// Effect is what one transfer does to the items of its claim: its amount is added to
// some and taken off others.
type Effect struct {
	Adds  []Item
	Takes []Item
}

// effects says, for each kind of transfer of a claim, what it does to the claim's
// items. Kinds that are not here leave them alone.
var effects = map[Kind]Effect{
	DepositSetAside:        {Adds: []Item{ItemHeld}},
	ShopFundsSetAside:      {Adds: []Item{ItemHeld}},
	DepositReleased:        {Takes: []Item{ItemHeld}},
	ShopFundsReleased:      {Takes: []Item{ItemHeld}},
	DepositCaptured:        {Takes: []Item{ItemHeld}, Adds: []Item{ItemFromDeposit}},
	ShopFundsCaptured:      {Takes: []Item{ItemHeld}, Adds: []Item{ItemFromShopFunds}},
	ShortfallAdvanced:      {Adds: []Item{ItemAdvanced}},
	PayoutInstructed:       {Adds: []Item{ItemInFlight}},
	PayoutConfirmed:        {Takes: []Item{ItemInFlight}, Adds: []Item{ItemPaid}},
	CouponIssued:           {Takes: []Item{ItemInFlight}, Adds: []Item{ItemPaid}},
	PayoutNotMade:          {Takes: []Item{ItemInFlight}},
	PayoutCameBack:         {Takes: []Item{ItemPaid}},
	CouponReturned:         {Takes: []Item{ItemPaid}},
	DepositRestored:        {Takes: []Item{ItemFromDeposit}},
	ShopFundsRestored:      {Takes: []Item{ItemFromShopFunds}},
	AdvanceCancelled:       {Takes: []Item{ItemAdvanced}},
	WriteOffCancelled:      {Takes: []Item{ItemWrittenOff}},
	ReversalLossBorne:      {Adds: []Item{ItemLost}},
	ReversalLossReversed:   {Takes: []Item{ItemLost}},
	ClawBackClaimed:        {Adds: []Item{ItemClawedBack}},
	ClawBackCancelled:      {Takes: []Item{ItemClawedBack}},
	ClawBackRepaid:         {Takes: []Item{ItemClawedBack, ItemPaid}, Adds: []Item{ItemRepaid}},
	FeeFronted:             {Adds: []Item{ItemFeeFronted}},
	FeeOwed:                {Adds: []Item{ItemFeeMerchant, ItemFeeOwed}},
	FeeForgiven:            {Takes: []Item{ItemFeeMerchant, ItemFeeOwed}},
	FeeRefunded:            {Takes: []Item{ItemFeeMerchant}},
	FeeRefundedToShopFunds: {Takes: []Item{ItemFeeMerchant, ItemFeeFromShopFunds}},
	FeeOwedByConsumer:      {Adds: []Item{ItemFeeConsumer}},
	FeeForgivenConsumer:    {Takes: []Item{ItemFeeConsumer}},
}

// dueEffects are the effects of the kinds that stand for an advance and for a fee
// alike: the transfer itself does not say for which.
var dueEffects = map[Kind]map[Due]Effect{
	RecoveredFromDeposit: {
		DueAward: {Takes: []Item{ItemAdvanced}, Adds: []Item{ItemFromDeposit}},
		DueFee:   {Takes: []Item{ItemFeeOwed}},
	},
	RecoveredFromShopFunds: {
		DueAward: {Takes: []Item{ItemAdvanced}, Adds: []Item{ItemFromShopFunds}},
		DueFee:   {Takes: []Item{ItemFeeOwed}, Adds: []Item{ItemFeeFromShopFunds}},
	},
	ReceivableWrittenOff: {
		DueAward: {Takes: []Item{ItemAdvanced}, Adds: []Item{ItemWrittenOff}},
		DueFee:   {Takes: []Item{ItemFeeOwed}, Adds: []Item{ItemFeeWrittenOff}},
	},
	WriteOffRecovered: {
		DueAward: {Takes: []Item{ItemWrittenOff}, Adds: []Item{ItemFromDeposit}},
		DueFee:   {Takes: []Item{ItemFeeWrittenOff}},
	},
}

// Effect gives what a transfer of kind k does to the items of its claim.
func (k Kind) Effect(of Due) Effect {
	if byDue, ok := dueEffects[k]; ok {
		return byDue[of]
	}
	return effects[k]
}
