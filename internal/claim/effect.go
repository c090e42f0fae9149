package claim

import "github.com/tenfold-claims/tenfold/internal/money"

// MoneyEffect is one thing that happens to money when a claim enters a state.
type MoneyEffect string

// The effects, in the order in which they happen.
const (
	// EffectHold sets the award aside, as far as the merchant's sources have it.
	EffectHold MoneyEffect = "HOLD"
	// EffectRelease gives everything held back to where it was taken from.
	EffectRelease MoneyEffect = "RELEASE"
	// EffectCapture takes held money from the merchant for good.
	EffectCapture MoneyEffect = "CAPTURE"
	// EffectFund takes what the hold does not cover from the sources, and advances
	// the rest up to the policy's limit. The remainder stays open as a shortfall.
	EffectFund MoneyEffect = "FUND"
	// EffectInstruct sends the funded amount on its way to the consumer.
	EffectInstruct MoneyEffect = "INSTRUCT"
	// EffectPayableAgain makes the amount of a payout that did not arrive payable
	// again.
	EffectPayableAgain MoneyEffect = "PAYABLE_AGAIN"
	// EffectConfirm records that the sent amount has reached the consumer.
	EffectConfirm MoneyEffect = "CONFIRM"
)

// MoneyEffects lists every effect.
func MoneyEffects() []MoneyEffect {
	return []MoneyEffect{
		EffectHold, EffectRelease, EffectCapture, EffectFund, EffectInstruct, EffectPayableAgain, EffectConfirm,
	}
}

// Entry says what happens to money when a claim enters a state.
type Entry struct {
	// Effects happen in this order; it is empty if no money moves.
	Effects []MoneyEffect
	// Words describe the same, with what the effects alone do not show.
	Words string
}

var entries = map[State]Entry{
	Authenticating: {Words: "Nothing. After a retest, held money stays held."},
	InReview:       {Words: "Nothing. Held money stays held, and captured or paid money stays where it is, until a person has decided."},
	Notified: {
		[]MoneyEffect{EffectHold},
		"The part of the award that the merchant has not borne is held, from the policy's sources in order, as far as they " +
			"have it. Later income tops the hold up.",
	},
	Appealed: {Words: "Nothing: the debit waits for the panel. Held money stays held."},
	AwaitingApproval: {
		Words: "Nothing: the debit waits for two approvers. Held money stays held. An approval binds claim, revision and amount.",
	},
	Paying: {
		[]MoneyEffect{EffectCapture, EffectFund, EffectInstruct},
		"Holds are captured. The sources give what else they have, and the rest is advanced up to the policy's limits. Every " +
			"funded part is instructed as a payout; later income funds further payouts. The platform's loss on the claim is " +
			"reversed as far as the merchant bears it. After REVISED_SETTLED nothing is taken, and the merchant gets back " +
			"what it bore too much. After a retry, failed payouts are instructed again.",
	},
	PayoutFailed: {[]MoneyEffect{EffectPayableAgain}, "The amount of the failed or returned payout is payable again."},
	Paid: {
		[]MoneyEffect{EffectConfirm},
		"The last payout is booked as confirmed. An award of zero, or one that had already reached the consumer under an " +
			"earlier verdict, gets here without a payout.",
	},
	Rejected: {
		[]MoneyEffect{EffectRelease},
		"Holds are released. What the merchant bore goes back to where it came from. Money that has already gone to the " +
			"consumer is borne by whomever the policy names, or by the consumer after fraud.",
	},
	Withdrawn: {[]MoneyEffect{EffectRelease}, "Holds are released."},
	Expired:   {[]MoneyEffect{EffectRelease}, "As in REJECTED."},
}

// OnEntry says what happens to money when a claim enters s.
func (s State) OnEntry() Entry { return entries[s] }

// Movement is an amount that an effect would move.
type Movement struct {
	Effect MoneyEffect
	Amount money.Amount
}

// Prospect is what one trigger would do to a claim as it stands now.
type Prospect struct {
	// Trigger is empty if the claim would stay in its state.
	Trigger Trigger
	To      State
	// Movements are the amounts that would move, in order. An amount beyond the
	// hold is an upper bound: the sources may not have it.
	Movements []Movement
	// Unpriced says that a verdict would first have to be priced, so the amount is
	// not known yet.
	Unpriced bool
	// Fires is the deadline that would begin to run.
	Fires Deadline
}

// Prospects gives the prospects of action a on c, one for each outcome of the
// action; none if the state does not admit it.
func (c *Claim) Prospects(a Action) []Prospect {
	if !c.admits(a) {
		return nil
	}
	if a == ActionConfirmNotice {
		return []Prospect{{To: c.State, Fires: DeadlineNotice}}
	}
	var out []Prospect
	for _, t := range actionTriggers[a] {
		if _, ok := Next(c.State, t); ok {
			out = append(out, c.prospect(t))
		}
	}
	return out
}

// Lapse gives the prospect of the claim's deadline passing; one without a trigger
// escalates the claim. It returns false if no deadline runs.
func (c *Claim) Lapse() (Prospect, bool) {
	if c.Fires == DeadlineNone {
		return Prospect{}, false
	}
	t, ok := c.Fires.Pulls()
	if !ok {
		return Prospect{To: c.State}, true
	}
	if _, ok := Next(c.State, t); !ok {
		return Prospect{To: c.State}, true
	}
	return c.prospect(t), true
}

func (c *Claim) prospect(t Trigger) Prospect {
	to, _ := Next(c.State, t)
	p := Prospect{Trigger: t, To: to, Fires: to.Starts()}
	for _, e := range to.OnEntry().Effects {
		amount, known := c.moves(e)
		if !known {
			p.Unpriced = true
		}
		if amount > 0 {
			p.Movements = append(p.Movements, Movement{e, amount})
		}
	}
	return p
}

// moves is how much an effect would move for c, and whether that is known.
func (c *Claim) moves(e MoneyEffect) (money.Amount, bool) {
	f := &c.Funding
	needed := max(0, c.Award.Total()-f.Borne())
	switch e {
	case EffectHold:
		return 0, false
	case EffectRelease:
		return f.Held, true
	case EffectCapture:
		return money.Min(f.Held, needed), true
	case EffectFund:
		if c.State.Confirmed() {
			return 0, true
		}
		return needed - money.Min(f.Held, needed), true
	case EffectInstruct:
		if c.State.Confirmed() {
			return f.Payable(), true
		}
		return f.Payable() + needed, true
	case EffectPayableAgain, EffectConfirm:
		return f.InFlight(), true
	}
	return 0, true
}
