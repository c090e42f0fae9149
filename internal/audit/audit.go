// Package audit proves books from their raw rows. It proves that accounts are the
// sums of transfers; that holds, claims, payouts, debts and bearers agree with the
// transfers; that every claim is in the state that its moves lead to, and was
// confirmed, appealed against and approved as it says; that order lines are as
// they were first received; and that the events are numbered without gaps, chained
// by hash and agree with the rows. It also proves that every authenticator is what its
// changes make of it, and that closed months are chained and kept what the books held.
// It repairs nothing.
package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

const (
	// pageRows is how many rows of one kind are held in memory.
	pageRows = 2_000
	// pageClaims is the same for claims, whose events are held with them.
	pageClaims = 500
	// discrepanciesMax is where an audit stops: the books are certainly wrong.
	discrepanciesMax = 1_000
)

// Discrepancy is one point on which a book disagrees with itself.
type Discrepancy struct {
	// MerchantID is empty for the register of authenticators, which belongs to no book.
	MerchantID string
	// Subject is the row at fault: an account, an event, a claim.
	Subject string
	// Detail says which values disagree.
	Detail string
	// Class says in what the books disagree.
	Class reconcile.Class
	// Expected and Found are the amounts that disagree, in Currency; empty where it is not of one.
	Expected, Found money.Amount
	Currency        string
}

// String is the discrepancy in one line.
func (d Discrepancy) String() string {
	if d.MerchantID == "" {
		return d.Subject + ": " + d.Detail
	}
	return d.MerchantID + ": " + d.Subject + ": " + d.Detail
}

// gone finds the merchants whose events have no book.
func gone(ctx context.Context, db *postgres.DB) (found []Discrepancy, err error) {
	err = db.InAudit(ctx, func(a *postgres.Audit) error {
		ids, err := a.Bookless()
		for _, id := range ids {
			found = append(found, Discrepancy{
				MerchantID: id, Subject: "book", Detail: "is missing, although there are events of it", Class: reconcile.BooksDiffer,
			})
		}
		return err
	})
	return found, err
}

// CheckBook audits one book on one snapshot.
func CheckBook(ctx context.Context, db *postgres.DB, merchantID string) ([]Discrepancy, error) {
	return checkBook(ctx, db, merchantID, discrepanciesMax, nil)
}

// checkBook audits one book until it has found most discrepancies, or somewhat more, and adds
// its transfers to closed months, unless those are nil.
func checkBook(ctx context.Context, db *postgres.DB, merchantID string, most int, all *months) ([]Discrepancy, error) {
	b := &inspection{
		all:  all,
		head: book.Head{MerchantID: merchantID}, most: most, sums: make(map[ledger.Purpose]ledger.Balance),
		persons: make(map[string]string), behind: make(map[string]string), deciders: make(map[int64]string),
		debts: debtHistory{open: make(map[string]debtTold), were: make(map[debt.Kind]digests)},
		told:  make(map[string]int64), proposals: make(map[string]tale), correctors: make(map[string]corrector),
	}
	err := db.InAudit(ctx, func(a *postgres.Audit) error {
		b.rows = a
		// A row that nobody can read is a discrepancy of its book, and no end of the audit.
		a.Unread = func(what string, err error) { b.wrong("a row", "cannot be read (%s): %v", what, err) }
		var err error
		if b.debts.opening, err = a.Opening(merchantID); err != nil {
			return err
		}
		head, err := a.Head(merchantID)
		if err != nil {
			return err
		}
		if head.MerchantID == "" {
			b.wrong("book", "does not exist")
			return nil
		}
		b.head = head
		for i := range checks {
			if err := b.run(&checks[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && b.months != nil {
		all.add(b.head.Currency, b.months)
	}
	return b.found, err
}

// run runs one check. What it cannot make sense of is a discrepancy, too.
func (b *inspection) run(c *check) (err error) {
	defer func() {
		if r := recover(); r != nil {
			b.wrong("a check", "ended with %v\n%s", r, debug.Stack())
		}
	}()
	if err := c.run(b); err != nil {
		return err
	}
	return b.full()
}

// check is one check of a book, with the kinds of rows that it proves something
// about.
type check struct {
	run   func(*inspection) error
	kinds []book.Kind
}

// checks are all checks of a book. A check may rely on the checks before it. Every
// kind of row that commands stage is listed in at least one check.
var checks = [...]check{
	{(*inspection).checkPersons, []book.Kind{book.KindPerson}},
	{(*inspection).checkHistory, []book.Kind{book.KindEvent, book.KindTransfer}},
	{(*inspection).checkDebtHistory, []book.Kind{book.KindDebt, book.KindLateDebt}},
	{(*inspection).checkMoves, []book.Kind{book.KindEvent}},
	{(*inspection).checkClaims, []book.Kind{
		book.KindClaim, book.KindRevision, book.KindResult, book.KindWait, book.KindHold, book.KindPayout, book.KindDebt,
		book.KindAppeal, book.KindApproval, book.KindNote, book.KindCommission, book.KindCustody,
		book.KindAppeal, book.KindApproval, book.KindNote, book.KindCommission,
		book.KindEvidenceRequest, book.KindDisclosure,
	}},
	{(*inspection).checkSigned, []book.Kind{book.KindResult}},
	{(*inspection).checkLines, []book.Kind{book.KindLine, book.KindCorrection}},
	{(*inspection).checkPrices, []book.Kind{book.KindClaim, book.KindGroup, book.KindRefund}},
	{(*inspection).checkUnits, []book.Kind{book.KindUnit}},
	{(*inspection).checkAccounts, nil},
	{(*inspection).checkTotals, []book.Kind{book.KindDebt}},
	{(*inspection).checkProposals, []book.Kind{book.KindProposal, book.KindVote}},
	{(*inspection).checkBook, nil},
	{(*inspection).checkStrays, []book.Kind{
		book.KindRequest, book.KindRefund, book.KindGroup, book.KindRetraction, book.KindDue, book.KindEvidence,
	}},
}

// errEnough ends the audit of a book with too many discrepancies.
var errEnough = errors.New("too many discrepancies")

// inspection is the audit of one book.
type inspection struct {
	rows  *postgres.Audit
	head  book.Head
	found []Discrepancy
	// most is how many discrepancies end the audit of the book.
	most int
	// class is that of what is found now; empty for BOOKS_DIFFER.
	class reconcile.Class

	// persons are the commitments of the people whom the book knows, in hex.
	persons map[string]string
	// behind are those people by commitment.
	behind map[string]string
	// deciders are the commitments of those who made or voted on proposals, by event.
	deciders map[int64]string
	// correctors are those who corrected order lines, by line and revision.
	correctors map[string]corrector
	// old is the newest event of the encoding that binds no rows; zero for none.
	old struct{ number, at int64 }
	// told counts, by table, the rows about no claim that events told of first.
	told map[string]int64
	// proposals are the digests of proposals, and marks that of the book's row, as last
	// told.
	proposals map[string]tale
	marks     tale

	// debts are what events told of debts.
	debts debtHistory

	// marksLeft are the marks of closed months behind the event that was checked last.
	marksLeft []postgres.Mark
	// all are the closed months over all books, and months the part of this one; nil where the book
	// is audited alone.
	all    *months
	months *monthsOfBook

	// sums are the accounts computed from the transfers.
	sums map[ledger.Purpose]ledger.Balance
	// moved is how many events contain a move.
	moved int64
	// units is how many units live claims hold.
	units int64
	// claims is the money of all claims together.
	claims totals
	// held is the amount in open holds, by source.
	held map[ledger.Purpose]money.Amount
}

// wrong records a discrepancy.
func (b *inspection) wrong(subject, format string, args ...any) {
	b.found = append(b.found, Discrepancy{
		MerchantID: b.head.MerchantID, Subject: subject, Detail: fmt.Sprintf(format, args...), Class: cmp.Or(b.class, reconcile.BooksDiffer),
	})
}

// as gives what f finds a class.
func (b *inspection) as(class reconcile.Class, f func()) {
	before := b.class
	b.class = class
	f()
	b.class = before
}

// equal records a discrepancy if got is not want.
func equal[V comparable](b *inspection, subject, what string, got, want V) {
	if got == want {
		return
	}
	b.wrong(subject, "%s is %v, should be %v", what, got, want)
	if amount, ok := any(got).(money.Amount); ok {
		d := &b.found[len(b.found)-1]
		d.Found, d.Expected, d.Currency = amount, any(want).(money.Amount), b.head.Currency
	}
}

func (b *inspection) full() error {
	if len(b.found) >= b.most {
		return errEnough
	}
	return nil
}

// checkAccounts compares the running totals with the sums of the transfers.
func (b *inspection) checkAccounts() error {
	accounts, err := b.rows.Accounts(b.head.MerchantID)
	if err != nil {
		return err
	}
	stored := make(map[ledger.Purpose]ledger.Balance, len(accounts))
	var debits, credits int64
	for _, a := range accounts {
		subject := "account " + string(a.Purpose)
		if !a.Purpose.Known() {
			b.wrong(subject, "is not in the chart")
			continue
		}
		stored[a.Purpose] = a.Balance
		equal(b, subject, "running total", a.Balance, b.sums[a.Purpose])
		if a.Balance.Of(a.Purpose) < 0 && !a.Purpose.MayGoBelowZero() {
			b.as(reconcile.BalanceNegative, func() { b.wrong(subject, "is below zero: %d", a.Balance.Of(a.Purpose)) })
		}
		debits += int64(a.Balance.Debits)
		credits += int64(a.Balance.Credits)
	}
	for _, p := range ledger.Purposes() {
		if _, ok := stored[p]; !ok {
			b.wrong("account "+string(p), "is missing")
		}
	}
	equal(b, "trial balance", "sum of debits less credits", debits-credits, 0)
	return nil
}

func (b *inspection) checkStrays() error {
	strays, err := b.rows.Strays(b.head.MerchantID)
	for name, rows := range strays {
		b.wrong(name, "%d", rows)
	}
	return err
}

// checkUnits proves that live claims own exactly the units they claim.
func (b *inspection) checkUnits() error {
	line, ordinal := "", int32(0)
	var owned int64
	for {
		units, err := b.rows.Units(b.head.MerchantID, line, ordinal, pageRows)
		if err != nil {
			return err
		}
		for _, u := range units {
			owned++
			if !u.State.Live() || !u.Holds {
				b.wrong(fmt.Sprintf("unit %d of order line %s", u.Ordinal, u.OrderLineID),
					"belongs to claim %s, which is %s", u.ClaimID, u.State)
			}
		}
		if len(units) < pageRows {
			break
		}
		last := units[len(units)-1]
		line, ordinal = last.OrderLineID, last.Ordinal
		if err := b.full(); err != nil {
			return err
		}
	}
	equal(b, "units", "number owned", owned, b.units)
	return nil
}

// checkMoves proves that every move belongs to exactly one event. checkClaims
// compares the state of the claim.
func (b *inspection) checkMoves() error {
	var moves int64
	var before postgres.Move
	for {
		rows, err := b.rows.Moves(b.head.MerchantID, before.ClaimID, before.Version, pageRows)
		if err != nil {
			return err
		}
		for i := range rows {
			moves++
			b.checkMove(&before, &rows[i])
			before = rows[i]
		}
		if len(rows) < pageRows {
			break
		}
		if err := b.full(); err != nil {
			return err
		}
	}
	equal(b, "moves", "number", moves, b.moved)
	return nil
}

func (b *inspection) checkMove(before, m *postgres.Move) {
	subject := fmt.Sprintf("move %d of claim %s", m.Version, m.ClaimID)
	from := claim.New
	if before.ClaimID == m.ClaimID {
		from = before.To
	}
	equal(b, subject, "from", m.From, from)
	if to, ok := claim.Next(m.From, m.Trigger); !ok || to != m.To {
		b.wrong(subject, "%s does not lead from %s to %s", m.Trigger, m.From, m.To)
	}
}
