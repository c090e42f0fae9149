package book

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// BeginExit is a merchant giving notice to leave: from then on the policy's
// quarantine runs, in which the deposit stays for claims that may yet come (rule
// A9), and no minimum is demanded. Refuses with EXIT_STATE_CONFLICT.
type BeginExit struct{ Note string }

func (x *BeginExit) need(*Call, *Needs)      {}
func (x *BeginExit) Cover(d *request.Digest) { d.Texts(x.Note) }

func (x *BeginExit) decide(b *Book) (Outcome, error) {
	if !b.head.ExitBegunAt.IsZero() {
		return Outcome{}, b.exitConflict("gave notice on %s already", b.head.ExitBegunAt.Format(time.RFC3339))
	}
	b.record(event.ExitBegun, "")
	b.detail("note", x.Note)
	b.head.ExitBegunAt = b.now
	b.head.Demanded, b.head.DemandDeadline, b.head.DemandLapsedAt = 0, time.Time{}, time.Time{}
	return Outcome{}, nil
}

// CancelExit is a merchant staying after all; the deposit's minimum is demanded
// again. Refuses with EXIT_STATE_CONFLICT.
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

// checkLeaving refuses a merchant who is not on the way out.
func (b *Book) checkLeaving() error {
	switch {
	case b.head.ExitBegunAt.IsZero():
		return b.exitConflict("has not given notice")
	case !b.head.ExitedAt.IsZero():
		return b.exitConflict("left on %s", b.head.ExitedAt.Format(time.RFC3339))
	}
	return nil
}

func (b *Book) exitConflict(format string, args ...any) error {
	return fault.New(fault.ExitStateConflict, "merchant %s %s", b.merchantID, fmt.Sprintf(format, args...)).
		With("merchantId", b.merchantID)
}

// exitPossibleFrom is when the quarantine of a merchant who leaves has ended.
func (b *Book) exitPossibleFrom() time.Time {
	terms := policy.MerchantTerms(b.catalog.Policies, b.now, b.head.Currency)
	return b.head.ExitBegunAt.Add(terms.ExitQuarantine)
}

// CompleteExit pays a merchant out who has given notice: what is left of deposit
// and shop funds, each under a payment reference. Refuses with EXIT_NOT_POSSIBLE,
// naming everything that stands in the way, before the quarantine has ended and
// while a claim or a debt is open.
type CompleteExit struct {
	// DepositReference and ShopFundsReference are needed where something is left.
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
			return Outcome{}, fault.New(fault.RequestInvalid, "%s %s are paid out; that needs a payment reference",
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

// checkExit refuses an exit with everything that stands in its way, so that
// whoever asks learns of all of it at once.
func (b *Book) checkExit() error {
	var why []string
	f := fault.New(fault.ExitNotPossible, "").With("merchantId", b.merchantID)
	in := func(name, key string, amount money.Amount) {
		if amount > 0 {
			why = append(why, fmt.Sprintf("%s %s %s", money.Format(amount, b.head.Currency), b.head.Currency, name))
			f.With(key, int64(amount)).With("currency", b.head.Currency)
		}
	}
	if from := b.exitPossibleFrom(); b.now.Before(from) {
		why = append(why, "the quarantine lasts until "+from.Format(time.RFC3339))
		f.With("possibleFrom", from.Format(time.RFC3339))
	}
	in("may yet be claimed", "exposureMinor", b.head.Exposure)
	in("are held", "heldMinor", b.heldInAll())
	in("are owed", "receivableMinor", b.available(ledger.Receivable))
	in("are on their way to consumers", "payingMinor", b.available(ledger.ClaimPayable)+b.available(ledger.PayoutClearing))
	if !b.head.Sweep.Since.IsZero() {
		why = append(why, "income waits to be used for what is owed")
		f.With("sweepDue", true)
	}
	if len(why) == 0 {
		return nil
	}
	f.Detail = fmt.Sprintf("merchant %s cannot leave now: %s", b.merchantID, strings.Join(why, "; "))
	return f
}

// LapseDemand is a timer's command: the time to meet a demand for deposit has
// passed. It is noted once, and shown until the demand is met.
type LapseDemand struct{}

func (l *LapseDemand) need(*Call, *Needs)    {}
func (l *LapseDemand) Cover(*request.Digest) {}

func (l *LapseDemand) decide(b *Book) (Outcome, error) {
	if at := b.head.DemandDeadline; at.IsZero() || b.now.Before(at) {
		return Outcome{}, nil // Met, or another replica was first.
	}
	b.record(event.DepositDemandLapsed, "")
	b.head.DemandLapsedAt, b.head.DemandDeadline = b.now, time.Time{}
	return Outcome{}, nil
}
