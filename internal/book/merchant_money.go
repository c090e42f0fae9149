package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// OpenBook opens a merchant's book with every account at zero. Refuses with
// MERCHANT_ALREADY_OPENED.
type OpenBook struct {
	Currency string
}

func (o *OpenBook) need(*Call, *Needs)      {}
func (o *OpenBook) Cover(d *request.Digest) { d.Texts(o.Currency) }

func (o *OpenBook) decide(b *Book) (Outcome, error) {
	if b.exists {
		return Outcome{}, fault.New(fault.MerchantAlreadyOpened, "merchant %s already has a book", b.merchantID).
			With("merchantId", b.merchantID)
	}
	b.openWith(o.Currency, "")
	return Outcome{}, nil
}

// openedByClaim says in the event that a book was opened by its first claim.
const openedByClaim = "FIRST_CLAIM"

// openWith opens the book and tells of it, and of what opened it if nobody asked for it.
func (b *Book) openWith(currency, by string) {
	b.open(currency)
	b.record(event.BookOpened, "")
	b.detail("currency", currency)
	if by != "" {
		b.detail("opened_by", by)
	}
}

// open makes the book that did not exist.
func (b *Book) open(currency string) {
	b.exists, b.opened = true, true
	b.head = Head{
		MerchantID: b.merchantID, Currency: currency, Version: 1, EventHash: event.Genesis(b.merchantID),
		RecordedAt: b.now, OpenedAt: b.now,
	}
}

// MoneyMove moves the merchant's own money: it tops up or withdraws the deposit, or
// hands over or takes back shop funds.
type MoneyMove struct {
	// Kind is DepositToppedUp, DepositWithdrawn, ShopFundsHandedOver or ShopFundsTakenBack.
	Kind      ledger.Kind
	Amount    money.Amount
	Currency  string
	Reference string
	// EffectiveAt is when it happened outside; zero means now.
	EffectiveAt time.Time
}

var moneyEvents = map[ledger.Kind]event.Kind{
	ledger.DepositToppedUp:     event.DepositToppedUp,
	ledger.DepositWithdrawn:    event.DepositWithdrawn,
	ledger.ShopFundsHandedOver: event.ShopFundsHandedOver,
	ledger.ShopFundsTakenBack:  event.ShopFundsTakenBack,
}

// References implements Referring.
func (m *MoneyMove) References() []Reference { return payments(m.Reference) }

func (m *MoneyMove) need(c *Call, n *Needs) {
	if m.Reference != "" {
		n.reference(c.Header.MerchantID, m.Reference)
	}
}

func (m *MoneyMove) Cover(d *request.Digest) {
	d.Texts(string(m.Kind), m.Currency, m.Reference)
	d.Number(int64(m.Amount))
	d.Time(m.EffectiveAt)
}

func (m *MoneyMove) decide(b *Book) (Outcome, error) {
	if err := b.checkAmount(m.Amount, m.Currency); err != nil {
		return Outcome{}, err
	}
	if err := b.checkDirect(m.Amount, moneyProposals[m.Kind]); err != nil {
		return Outcome{}, err
	}
	if err := m.check(b); err != nil {
		return Outcome{}, err
	}
	first := b.head.TransferNumber + 1
	if err := m.carryOut(b); err != nil {
		return Outcome{}, err
	}
	return b.transferred(first), nil
}

// check refuses a movement that cannot be made now.
func (m *MoneyMove) check(b *Book) error {
	if _, used := b.transferWith(m.Reference, m.Kind); used {
		return ReferenceUsed(m.Reference)
	}
	if _, err := b.moved(m.EffectiveAt, "effective_at"); err != nil {
		return err
	}
	return m.checkFree(b)
}

// carryOut makes a movement that was checked, with an event of its own.
func (m *MoneyMove) carryOut(b *Book) error {
	b.record(moneyEvents[m.Kind], "")
	if err := b.post(m.Kind, m.Amount, posting{external: m.Reference, at: b.seen(m.EffectiveAt)}); err != nil {
		return err
	}
	if source, in := incomes[m.Kind]; in {
		return b.income(source, m.Amount)
	}
	return nil
}

// incomes are the movements that bring money in, with the source that receives it.
var incomes = map[ledger.Kind]ledger.Purpose{
	ledger.DepositToppedUp: ledger.Deposit, ledger.ShopFundsHandedOver: ledger.ShopFunds,
}

// checkFree refuses to pay out money that open claims or debts may need, or that the
// policy requires to stay in the deposit.
func (m *MoneyMove) checkFree(b *Book) error {
	switch {
	case m.Kind == ledger.DepositWithdrawn:
		return b.checkFromDeposit(m.Amount)
	case m.Kind == ledger.ShopFundsTakenBack:
		return b.checkFree(ledger.ShopFunds, m.Amount, 0)
	}
	return nil
}

// checkFromDeposit refuses to give a merchant money of its deposit, on whatever way, that open
// claims or debts may need or that the policy requires to stay. Refuses with
// EXIT_STATE_CONFLICT while the merchant is leaving.
func (b *Book) checkFromDeposit(amount money.Amount) error {
	if !b.head.ExitBegunAt.IsZero() && b.head.ExitedAt.IsZero() {
		return b.exitConflict("is leaving: the deposit is kept until the exit quarantine ends at %s, and is paid out with the exit",
			b.exitPossibleFrom().Format(time.RFC3339))
	}
	return b.checkFree(ledger.Deposit, amount, b.leastDeposit())
}

// leastDeposit is the amount that must stay in the deposit unless the merchant leaves.
func (b *Book) leastDeposit() money.Amount {
	if !b.head.ExitBegunAt.IsZero() {
		return 0
	}
	return b.catalog.Policies.MerchantTerms(b.head.Currency, b.now).MinimumDeposit
}

// checkFree refuses to take amount out of a source if open claims or debts may need
// it, or if less than least would stay in the deposit. It refuses with SWEEP_DUE while
// a sweep is pending, otherwise with FREE_AMOUNT_EXCEEDED.
func (b *Book) checkFree(from ledger.Purpose, amount, least money.Amount) error {
	if has := b.available(from); amount > has {
		return ledger.Insufficient(from, amount, has, b.head.Currency)
	}
	if !b.head.Sweep.Since.IsZero() {
		return fault.New(fault.SweepDue, "a sweep is pending; the free amount is known once it has run").
			After(time.Second)
	}
	free := b.free()
	if least > 0 {
		free = min(free, max(0, b.available(ledger.Deposit)+b.available(ledger.DepositHeld)-least))
	}
	if amount <= free {
		return nil
	}
	return fault.New(fault.FreeAmountExceeded, "the free amount is %s %s after open claims, debts and the minimum deposit; the request asks for %s",
		money.Format(free, b.head.Currency), b.head.Currency, money.Format(amount, b.head.Currency)).
		With("freeMinor", int64(free)).With("askedMinor", int64(amount)).With("exposureMinor", int64(b.head.Exposure)).
		With("receivableMinor", int64(b.available(ledger.Receivable))).With("currency", b.head.Currency).At("amount.minor_units")
}

// checkAmount refuses amounts in another currency than the book's, or out of range.
func (b *Book) checkAmount(a money.Amount, currency string) error {
	if currency != b.head.Currency {
		return fault.New(fault.CurrencyMismatch, "the book's currency is %s, not %s", b.head.Currency, currency).
			With("expected", b.head.Currency).With("given", currency).At("amount.currency_code")
	}
	if a <= 0 || a > money.MaxAmount {
		return fault.New(fault.AmountOutOfRange, "the amount must be between 1 and %d minor units; it is %d", money.MaxAmount, a).
			With("maxMinor", int64(money.MaxAmount)).With("currency", currency).At("amount.minor_units")
	}
	return nil
}

// transferWith finds the transfer of a kind with an external reference, loaded
// or staged.
func (b *Book) transferWith(reference string, kinds ...ledger.Kind) (*ledger.Transfer, bool) {
	if reference == "" {
		return nil, false
	}
	for _, list := range [][]ledger.Transfer{b.byReference.found[reference], b.transfers.list} {
		for i := range list {
			for _, k := range kinds {
				if t := &list[i]; t.ExternalReference == reference && t.Kind == k {
					return t, true
				}
			}
		}
	}
	return nil, false
}

// transferred is the outcome of a command whose transfers begin at first.
func (b *Book) transferred(first int64) Outcome {
	o := Outcome{TransferNumber: first}
	for _, t := range b.transfers.list {
		if t.Number >= first {
			o.Transfers = append(o.Transfers, t)
		}
	}
	return o
}

// ReverseTopUp takes back a top-up that bounced. What the deposit no longer has, the
// merchant owes. It never refuses for lack of money: the money has left the bank
// whether or not the deposit covers it.
type ReverseTopUp struct {
	// Reference is the payment reference of the top-up.
	Reference string
	// EffectiveAt is when it bounced; zero for now.
	EffectiveAt time.Time
}

func (r *ReverseTopUp) need(c *Call, n *Needs) { n.topUp(c.Header.MerchantID, r.Reference) }

// topUp asks for a top-up, with what was made of it since.
func (n *Needs) topUp(merchantID, reference string) {
	n.reference(merchantID, reference)
	n.debt(debt.Key{MerchantID: merchantID, Kind: debt.TopUp, ID: reference})
}

func (r *ReverseTopUp) Cover(d *request.Digest) { d.Texts(r.Reference); d.Time(r.EffectiveAt) }

func (r *ReverseTopUp) decide(b *Book) (Outcome, error) {
	t, booked, err := r.check(b)
	if err == nil {
		err = b.checkDirect(booked, proposal.TopUpReversal)
	}
	if err != nil {
		return Outcome{}, err
	}
	first := b.head.TransferNumber + 1
	if err := r.carryOut(b, t.Number, booked); err != nil {
		return Outcome{}, err
	}
	return b.transferred(first), nil
}

// check gives the top-up and the amount at which it is booked. It refuses one that does not
// exist, was reversed before, or whose corrections leave nothing of it.
func (r *ReverseTopUp) check(b *Book) (*ledger.Transfer, money.Amount, error) {
	t, booked, err := b.topUp(r.Reference)
	if err != nil {
		return nil, 0, err
	}
	if booked == 0 {
		return nil, 0, fault.New(fault.TransferAlreadyReversed, "top-up %s was corrected to nothing; there is nothing to take back", r.Reference).
			With("reference", r.Reference).With("transferNumber", t.Number)
	}
	if _, err := b.moved(r.EffectiveAt, "effective_at"); err != nil {
		return nil, 0, err
	}
	return t, booked, b.notBefore(r.EffectiveAt, t.EffectiveAt, "effective_at", "the bounce of a top-up", "its payment")
}

func (r *ReverseTopUp) carryOut(b *Book, number int64, booked money.Amount) error {
	b.record(event.TopUpReversed, "")
	return b.takeFromTopUp(takenFromTopUp{
		reference: r.Reference, number: number, amount: booked, at: b.seen(r.EffectiveAt),
		free: ledger.DepositTopUpReversed, owed: ledger.DepositTopUpReversedOwed,
	})
}
