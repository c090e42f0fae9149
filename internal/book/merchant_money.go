package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
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
		return Outcome{}, fault.New(fault.MerchantAlreadyOpened, "merchant %s has a book already", b.merchantID).
			With("merchantId", b.merchantID)
	}
	b.open(o.Currency)
	b.record(event.BookOpened, "")
	b.detail("currency", o.Currency)
	return Outcome{}, nil
}

// open makes the book that did not exist.
func (b *Book) open(currency string) {
	b.exists, b.opened = true, true
	b.head = Head{
		MerchantID: b.merchantID, Currency: currency, Version: 1, EventHash: event.Genesis(b.merchantID),
		RecordedAt: b.now, OpenedAt: b.now,
	}
}

// MoneyMove is one movement of the merchant's own money: a top-up or
// withdrawal of the deposit, shop funds handed over or taken back.
type MoneyMove struct {
	// Kind is DepositToppedUp, DepositWithdrawn, ShopFundsHandedOver or ShopFundsTakenBack.
	Kind      ledger.Kind
	Amount    money.Amount
	Currency  string
	Reference string
	// EffectiveAt is when it happened outside; zero for now.
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
	if _, used := b.transferWith(m.Reference, m.Kind); used {
		return Outcome{}, ReferenceUsed(m.Reference)
	}
	if err := m.checkFree(b); err != nil {
		return Outcome{}, err
	}
	first := b.head.TransferNumber + 1
	b.record(moneyEvents[m.Kind], "")
	if err := b.post(m.Kind, m.Amount, posting{external: m.Reference, at: m.EffectiveAt}); err != nil {
		return Outcome{}, err
	}
	if source, in := incomes[m.Kind]; in {
		if err := b.income(source, m.Amount); err != nil {
			return Outcome{}, err
		}
	}
	return b.transferred(first), nil
}

// incomes are the movements that bring money in, each with where it comes to lie.
var incomes = map[ledger.Kind]ledger.Purpose{
	ledger.DepositToppedUp: ledger.Deposit, ledger.ShopFundsHandedOver: ledger.ShopFunds,
}

// checkFree refuses to give the merchant what open claims and debts may need, or
// what the policy wants to stay in the deposit.
func (m *MoneyMove) checkFree(b *Book) error {
	switch {
	case m.Kind == ledger.DepositWithdrawn:
		if !b.head.ExitBegunAt.IsZero() && b.head.ExitedAt.IsZero() {
			return b.exitConflict("is leaving: the deposit stays until the quarantine has ended on %s and goes back with the exit",
				b.exitPossibleFrom().Format(time.RFC3339))
		}
		return b.checkFree(ledger.Deposit, m.Amount, b.leastDeposit())
	case m.Kind == ledger.ShopFundsTakenBack:
		return b.checkFree(ledger.ShopFunds, m.Amount, 0)
	}
	return nil
}

// leastDeposit is what stays in the deposit of a merchant who does not leave.
func (b *Book) leastDeposit() money.Amount {
	if !b.head.ExitBegunAt.IsZero() {
		return 0
	}
	return policy.MerchantTerms(b.catalog.Policies, b.now, b.head.Currency).MinimumDeposit
}

// checkFree refuses to take amount out of a merchant's source when open claims and
// debts may need it, or when less than least would stay in the deposit: with
// SWEEP_DUE while income waits to be used, then with FREE_AMOUNT_EXCEEDED.
func (b *Book) checkFree(from ledger.Purpose, amount, least money.Amount) error {
	if has := b.available(from); amount > has {
		return ledger.Insufficient(from, amount, has, b.head.Currency)
	}
	if !b.head.Sweep.Since.IsZero() {
		return fault.New(fault.SweepDue, "income waits to be used for what the merchant owes; what is free is known after that").
			After(time.Second)
	}
	free := b.free()
	if least > 0 {
		free = min(free, max(0, b.available(ledger.Deposit)+b.available(ledger.DepositHeld)-least))
	}
	if amount <= free {
		return nil
	}
	return fault.New(fault.FreeAmountExceeded, "%s %s are free of open claims, debts and the minimum deposit; %s were asked",
		money.Format(free, b.head.Currency), b.head.Currency, money.Format(amount, b.head.Currency)).
		With("freeMinor", int64(free)).With("askedMinor", int64(amount)).With("exposureMinor", int64(b.head.Exposure)).
		With("receivableMinor", int64(b.available(ledger.Receivable))).With("currency", b.head.Currency).At("amount.minor_units")
}

// checkAmount refuses another currency than the book's and amounts out of range.
func (b *Book) checkAmount(a money.Amount, currency string) error {
	if currency != b.head.Currency {
		return fault.New(fault.CurrencyMismatch, "the book is in %s, not %s", b.head.Currency, currency).
			With("expected", b.head.Currency).With("given", currency).At("amount.currency_code")
	}
	if a <= 0 || a > money.MaxAmount {
		return fault.New(fault.AmountOutOfRange, "an amount must lie between 1 and %d minor units, not %d", money.MaxAmount, a).
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

// ReverseTopUp takes back a top-up that bounced, as far as the deposit has it;
// what is spent already the merchant owes. It refuses nothing that is true: the
// money has left the bank whether the deposit covers it or not.
type ReverseTopUp struct {
	// Reference is the payment reference of the top-up.
	Reference string
	// EffectiveAt is when it bounced; zero for now.
	EffectiveAt time.Time
}

func (r *ReverseTopUp) need(c *Call, n *Needs) {
	n.reference(c.Header.MerchantID, r.Reference)
}

func (r *ReverseTopUp) Cover(d *request.Digest) { d.Texts(r.Reference); d.Time(r.EffectiveAt) }

func (r *ReverseTopUp) decide(b *Book) (Outcome, error) {
	t, ok := b.transferWith(r.Reference, ledger.DepositToppedUp)
	if !ok {
		return Outcome{}, fault.New(fault.TransferNotFound, "no top-up has the payment reference %s", r.Reference).
			With("reference", r.Reference).At("payment_reference")
	}
	if done, ok := b.transferWith(r.Reference, ledger.DepositTopUpReversed, ledger.DepositTopUpReversedOwed); ok {
		return Outcome{}, fault.New(fault.TransferAlreadyReversed, "top-up %s was reversed by transfer %d", r.Reference, done.Number).
			With("reference", r.Reference).With("transferNumber", done.Number)
	}
	number, amount := t.Number, t.Amount
	first := b.head.TransferNumber + 1
	b.record(event.TopUpReversed, "")
	back := min(amount, b.available(ledger.Deposit))
	for _, part := range []struct {
		kind   ledger.Kind
		amount money.Amount
	}{{ledger.DepositTopUpReversed, back}, {ledger.DepositTopUpReversedOwed, amount - back}} {
		if part.amount == 0 {
			continue
		}
		if err := b.post(part.kind, part.amount, posting{external: r.Reference, reverses: number, at: r.EffectiveAt}); err != nil {
			return Outcome{}, err
		}
	}
	if owed := amount - back; owed > 0 {
		b.debts.add(debtKey{debt.TopUp, r.Reference}, debt.Debt{
			MerchantID: b.merchantID, Kind: debt.TopUp, ID: r.Reference, Since: b.now, Open: owed,
		}, b.command)
	}
	return b.transferred(first), nil
}
