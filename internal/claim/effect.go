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
	// EffectCapture takes what is held from the merchant for good.
	EffectCapture MoneyEffect = "CAPTURE"
	// EffectFund takes what the hold does not cover from the sources, and advances
	// the rest up to the policy's limit. What nobody has stays open as a shortfall.
	EffectFund MoneyEffect = "FUND"
	// EffectInstruct sends what is funded on its way to the consumer.
	EffectInstruct MoneyEffect = "INSTRUCT"
	// EffectPayableAgain takes a payout that did not arrive back into what is payable.
	EffectPayableAgain MoneyEffect = "PAYABLE_AGAIN"
	// EffectConfirm books what was sent as having reached the consumer.
	EffectConfirm MoneyEffect = "CONFIRM"
)

// MoneyEffects lists every effect.
func MoneyEffects() []MoneyEffect {
	return []MoneyEffect{
		EffectHold, EffectRelease, EffectCapture, EffectFund, EffectInstruct, EffectPayableAgain, EffectConfirm,
	}
}

// Entry is what happens to money when a claim enters a state.
type Entry struct {
	// Effects happen in this order; none where money stays as it is.
	Effects []MoneyEffect
	// Words say the same with what an effect alone does not tell.
	Words string
}

var entries = map[State]Entry{
	Authenticating:   {Words: "Nothing. After a retest, what is held stays held."},
	InReview:         {Words: "Nothing. What is held stays held until a person has decided."},
	Notified:         {[]MoneyEffect{EffectHold}, "The award is held, from the policy's sources in their order, as far as they have it."},
	Appealed:         {Words: "Nothing. The hold stays."},
	AwaitingApproval: {Words: "Nothing. The hold stays."},
	Paying: {
		[]MoneyEffect{EffectCapture, EffectFund, EffectInstruct},
		"Holds are captured, what else the sources have is taken, the rest is advanced up to the policy's limit; " +
			"every funded part is instructed as a payout. After a retry, what failed is instructed again.",
	},
	PayoutFailed: {[]MoneyEffect{EffectPayableAgain}, "The amount of the failed or returned payout is payable again."},
	Paid:         {[]MoneyEffect{EffectConfirm}, "The last payout is booked as confirmed. An award of zero comes here without one."},
	Rejected:     {[]MoneyEffect{EffectRelease}, "Holds are released."},
	Withdrawn:    {[]MoneyEffect{EffectRelease}, "Holds are released."},
	Expired:      {[]MoneyEffect{EffectRelease}, "Holds are released."},
}

// OnEntry says what happens to money when a claim enters s.
func (s State) OnEntry() Entry { return entries[s] }

// Movement is an amount that an effect would move.
type Movement struct {
	Effect MoneyEffect
	Amount money.Amount
}

// Prospect is what would come of a claim, as it is now, by one trigger.
type Prospect struct {
	// Trigger is empty where the claim would stay.
	Trigger Trigger
	To      State
	// Movements are what money would do, in its order. What is taken beyond the
	// hold is the most that would be: the sources may not have it.
	Movements []Movement
	// Unpriced says that a verdict would be priced first, so that nobody knows the
	// amount yet.
	Unpriced bool
	// Fires is the deadline that would begin to run.
	Fires Deadline
}

// Prospects gives what a would do to c, one for each way in which it can be
// taken; none where the state does not admit it.
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

// Lapse gives what the passing of the claim's deadline would do: escalate where
// the prospect has no trigger. False where no deadline runs.
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
	p := Prospect{Trigger: t, To: to}
	if fires := to.Fires(); len(fires) > 0 {
		p.Fires = fires[0]
	}
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

// moves is how much an effect would move for c, and whether that can be known.
func (c *Claim) moves(e MoneyEffect) (money.Amount, bool) {
	f := &c.Funding
	needed := money.Max(0, c.Award.Total()-f.Funded())
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
