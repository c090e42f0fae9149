package book

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// BeginExit is a merchant's notice to leave. It starts the policy's exit quarantine,
// during which the deposit stays for claims that may still come (rule A9) and no
// minimum is demanded. Refuses with EXIT_STATE_CONFLICT.
type BeginExit struct{ Note string }

func (x *BeginExit) need(*Call, *Needs)      {}
func (x *BeginExit) Cover(d *request.Digest) { d.Texts(x.Note) }

func (x *BeginExit) decide(b *Book) (Outcome, error) {
	if !b.head.ExitBegunAt.IsZero() {
		return Outcome{}, b.exitConflict("already gave notice on %s", b.head.ExitBegunAt.Format(time.RFC3339))
	}
	b.record(event.ExitBegun, "")
	b.detail("note", x.Note)
	b.head.ExitBegunAt = b.now
	b.head.Demanded, b.head.DemandDeadline, b.head.DemandLapsedAt = 0, time.Time{}, time.Time{}
	return Outcome{}, nil
}

// CancelExit lets a merchant stay after all; the minimum deposit is demanded again.
// Refuses with EXIT_STATE_CONFLICT.
type CancelExit struct{ Note string }

func (x *CancelExit) need(*Call, *Needs)      {}
func (x *CancelExit) Cover(d *request.Digest) { d.Texts(x.Note) }

func (x *CancelExit) decide(b *Book) (Outcome, error) {
	if err := b.checkLeaving(); err != nil {
		return Outcome{}, err
	}
	b.record(event.ExitCancelled, "")
	b.detail("note", x.Note)
	b.head.ExitBegunAt = time.Time{}
	return Outcome{}, nil
}

// checkLeaving refuses unless the merchant has given notice and not left yet.
func (b *Book) checkLeaving() error {
	switch {
	case b.head.ExitBegunAt.IsZero():
		return b.exitConflict("has not given notice to leave")
	case !b.head.ExitedAt.IsZero():
		return b.exitConflict("already left on %s", b.head.ExitedAt.Format(time.RFC3339))
	}
	return nil
}

func (b *Book) exitConflict(format string, args ...any) error {
	return fault.New(fault.ExitStateConflict, "merchant %s %s", b.merchantID, fmt.Sprintf(format, args...)).
		With("merchantId", b.merchantID)
}

// exitPossibleFrom is when the exit quarantine ends.
func (b *Book) exitPossibleFrom() time.Time {
	terms := b.catalog.Policies.MerchantTerms(b.head.Currency, b.now)
	return b.head.ExitBegunAt.Add(terms.ExitQuarantine)
}

// CompleteExit pays out what is left of a leaving merchant's deposit and shop funds,
// each under a payment reference. Refuses with EXIT_NOT_POSSIBLE before the quarantine
// has ended and while a claim or a debt is open; the refusal names every obstacle.
type CompleteExit struct {
	// DepositReference and ShopFundsReference are required where money is left.
	DepositReference   string
	ShopFundsReference string
}

// References implements Referring.
func (x *CompleteExit) References() []Reference {
	return payments(x.DepositReference, x.ShopFundsReference)
}

func (x *CompleteExit) need(c *Call, n *Needs) {
	for _, r := range x.References() {
		n.reference(c.Header.MerchantID, r.Value)
	}
}

func (x *CompleteExit) Cover(d *request.Digest) { d.Texts(x.DepositReference, x.ShopFundsReference) }

func (x *CompleteExit) decide(b *Book) (Outcome, error) {
	if x.DepositReference != "" && x.DepositReference == x.ShopFundsReference {
		return Outcome{}, ReferenceUsed(x.ShopFundsReference)
	}
	if err := b.checkLeaving(); err != nil {
		return Outcome{}, err
	}
	if err := b.checkExit(); err != nil {
		return Outcome{}, err
	}
	first := b.head.TransferNumber + 1
	b.record(event.MerchantExited, "")
	for _, left := range []struct {
		kind      ledger.Kind
		from      ledger.Purpose
		reference string
		field     string
	}{
		{ledger.DepositWithdrawn, ledger.Deposit, x.DepositReference, "deposit_reference"},
		{ledger.ShopFundsTakenBack, ledger.ShopFunds, x.ShopFundsReference, "shop_funds_reference"},
	} {
		amount := b.available(left.from)
		if amount == 0 {
			continue
		}
		if left.reference == "" {
			return Outcome{}, fault.New(fault.RequestInvalid, "the exit pays out %s %s, which needs a payment reference",
				money.Format(amount, b.head.Currency), b.head.Currency).At(left.field)
		}
		if _, used := b.transferWith(left.reference, left.kind); used {
			return Outcome{}, ReferenceUsed(left.reference)
		}
		if err := b.post(left.kind, amount, posting{external: left.reference}); err != nil {
			return Outcome{}, err
		}
	}
	b.head.ExitedAt = b.now
	if b.head.TransferNumber < first {
		return Outcome{}, nil
	}
	return b.transferred(first), nil
}

// checkExit refuses an exit and names every obstacle at once.
func (b *Book) checkExit() error {
	var why []string
	f := fault.New(fault.ExitNotPossible, "").With("merchantId", b.merchantID)
	in := func(name, key string, amount money.Amount) {
		if amount > 0 {
			why = append(why, fmt.Sprintf("%s %s %s", money.Format(amount, b.head.Currency), b.head.Currency, name))
			f.With(key, int64(amount)).With("currency", b.head.Currency)
		}
	}
	if from := b.exitPossibleFrom(); !passed(from, b.now) {
		why = append(why, "the exit quarantine lasts until "+from.Format(time.RFC3339))
		f.With("possibleFrom", from.Format(time.RFC3339))
	}
	in("may still be claimed", "exposureMinor", b.head.Exposure)
	in("are held", "heldMinor", b.heldInAll())
	in("are owed", "receivableMinor", b.available(ledger.Receivable))
	// A write-off gives up nothing against the merchant (rule F5): it is recovered before
	// the rest is paid out, unless two people waive that.
	in("were written off and are to be recovered first", "writtenOffMinor",
		min(b.available(ledger.WriteOff)-b.head.Waived, b.available(ledger.Deposit)+b.available(ledger.ShopFunds)))
	in("are on their way to consumers", "payingMinor", b.available(ledger.ClaimPayable)+b.available(ledger.PayoutClearing))
	if !b.head.Sweep.Since.IsZero() {
		why = append(why, "a sweep is pending")
		f.With("sweepDue", true)
	}
	if len(why) == 0 {
		return nil
	}
	f.Detail = fmt.Sprintf("merchant %s cannot leave yet: %s", b.merchantID, strings.Join(why, "; "))
	return f
}

// LapseDemand is a timer's command for a demand for deposit whose deadline has passed.
// The lapse is recorded once, and shown until the demand is met.
type LapseDemand struct{}

func (l *LapseDemand) need(*Call, *Needs)    {}
func (l *LapseDemand) Cover(*request.Digest) {}

func (l *LapseDemand) decide(b *Book) (Outcome, error) {
	if !passed(b.head.DemandDeadline, b.now) {
		return Outcome{}, nil // Met, or another replica was first.
	}
	b.record(event.DepositDemandLapsed, "")
	b.head.DemandLapsedAt, b.head.DemandDeadline = b.now, time.Time{}
	return Outcome{}, nil
}
