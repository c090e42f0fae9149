package booktest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// errRequestStored says that a request id of a batch was used by a batch before.
var errRequestStored = errors.New("a request was stored before")

// write takes over what one book staged, as one statement of a database would:
// whatever the batch makes must not be there before it, and whatever it changes or
// ends must be, and as it was read. Rows that break that are an error, and the rows
// are of no use from then on; only errRequestStored changes nothing.
func (r *Rows) write(c *book.Changes) error {
	for i := range c.Requests {
		if _, stored := r.Requests[c.Requests[i].Key]; stored {
			return errRequestStored
		}
	}
	return errors.Join(
		r.writeHead(c), r.writeFiled(c), r.writeClaims(c), r.writeUnits(c), r.writeFindings(c), r.writeMoney(c), r.writeHistory(c),
	)
}

// table applies what a batch does to the rows of one table.
type table[K comparable, V any] struct {
	name          string
	rows          map[K]V
	key           func(*V) K
	made, changed []V
	ended         []K
	// check refuses a row that the table may not hold; old is nil for one that is
	// made.
	check func(old, row *V) error
}

func (t *table[K, V]) write() error {
	wrong := func(k K, format string, args ...any) error {
		return fmt.Errorf("%s %v: %s", t.name, k, fmt.Sprintf(format, args...))
	}
	var errs []error
	touched := make(map[K]bool, len(t.made)+len(t.changed)+len(t.ended))
	touch := func(k K, there bool) {
		_, stored := t.rows[k]
		switch {
		case touched[k]:
			errs = append(errs, wrong(k, "is written twice in one batch"))
		case stored && !there:
			errs = append(errs, wrong(k, "is there already"))
		case !stored && there:
			errs = append(errs, wrong(k, "is not there"))
		}
		touched[k] = true
	}
	for i := range t.made {
		touch(t.key(&t.made[i]), false)
	}
	for i := range t.changed {
		touch(t.key(&t.changed[i]), true)
	}
	for _, k := range t.ended {
		touch(k, true)
	}
	for i := range t.made {
		if err := t.check(nil, &t.made[i]); err != nil {
			errs = append(errs, wrong(t.key(&t.made[i]), "%v", err))
		}
	}
	for i := range t.changed {
		old := t.rows[t.key(&t.changed[i])]
		if err := t.check(&old, &t.changed[i]); err != nil {
			errs = append(errs, wrong(t.key(&t.changed[i]), "%v", err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, list := range [][]V{t.made, t.changed} {
		for i := range list {
			t.rows[t.key(&list[i])] = list[i]
		}
	}
	for _, k := range t.ended {
		delete(t.rows, k)
	}
	return nil
}

// only makes rows that never change.
func only[K comparable, V any](name string, rows map[K]V, made []V, key func(*V) K) error {
	return (&table[K, V]{name: name, rows: rows, key: key, made: made, check: anything[V]}).write()
}

// anything is the check of a table that asks nothing of its rows.
func anything[V any](_, _ *V) error { return nil }

func (r *Rows) writeHead(c *book.Changes) error {
	var errs []error
	for _, h := range c.BooksOpened {
		if r.Open {
			errs = append(errs, errors.New("the book is opened twice"))
		}
		r.Head, r.Open = h, true
	}
	for _, h := range c.Books {
		if !r.Open || h.Version != r.Head.Version {
			errs = append(errs, fmt.Errorf("the book was read at version %d and is at %d", h.Version, r.Head.Version))
		}
		h.Version++
		h.OpenedAt, h.Currency = r.Head.OpenedAt, r.Head.Currency
		r.Head = h
	}
	for _, h := range c.BooksRead {
		if !r.Open || h.Version != r.Head.Version {
			errs = append(errs, fmt.Errorf("the book was decided on at version %d and is at %d", h.Version, r.Head.Version))
		}
	}
	if len(c.BooksMissing) > 0 && r.Open {
		errs = append(errs, errors.New("the book was taken for one that nobody has opened"))
	}
	return errors.Join(append(errs, checkHead(&r.Head))...)
}

// checkHead refuses a book that no database may hold.
func checkHead(h *book.Head) error {
	var errs []error
	for _, p := range ledger.Purposes() {
		a := h.Balances.At(p)
		if a.Debits < 0 || a.Credits < 0 {
			errs = append(errs, fmt.Errorf("a running total of %s is below zero", p))
		}
		if balance(p, a.Debits, a.Credits) < 0 && p != ledger.PlatformCash && p != ledger.SettlementClearing {
			errs = append(errs, fmt.Errorf("%s is below zero", p))
		}
	}
	if h.Exposure < 0 {
		errs = append(errs, fmt.Errorf("the exposure is %d", h.Exposure))
	}
	if h.Sweep.Since.IsZero() && (h.Sweep.Deposit != 0 || h.Sweep.ShopFunds != 0) {
		errs = append(errs, errors.New("income waits since no time"))
	}
	return errors.Join(errs...)
}

func (r *Rows) writeFiled(c *book.Changes) error {
	lines := table[string, book.LineSeen]{name: "order line", rows: r.Lines, key: func(l *book.LineSeen) string { return l.Line.ID }, check: anything[book.LineSeen]}
	for i := range c.Lines {
		lines.made = append(lines.made, cloneLine(&c.Lines[i]))
	}
	var errs []error
	for i := range c.LinesChanged {
		l := &c.LinesChanged[i]
		if at := r.Lines[l.Line.ID].Revision; at != l.From {
			errs = append(errs, fmt.Errorf("order line %s was read at revision %d and is at %d", l.Line.ID, l.From, at))
		}
		lines.changed = append(lines.changed, cloneLine(&l.LineSeen))
	}
	return errors.Join(errors.Join(errs...),
		only("person", r.Persons, c.Persons, func(p *book.Person) string { return p.PersonID }),
		lines.write(),
		only("correction", r.Corrections, c.Corrections, func(x *book.LineCorrection) CorrectionKey {
			return CorrectionKey{x.Before.Line.ID, x.Before.Revision}
		}),
		only("refund", r.Refunds, c.Refunds, func(f *book.Refund) RefundKey { return RefundKey{f.OrderLineID, f.RefundID} }),
		only("pricing group", r.Groups, c.Groups, func(g *book.Group) string { return g.ID }),
	)
}

// writeHistory writes transfers, events and requests.
func (r *Rows) writeHistory(c *book.Changes) error {
	var errs []error
	for _, t := range c.Transfers {
		for i := range r.Transfers {
			o := &r.Transfers[i]
			switch {
			case o.Number == t.Number:
				errs = append(errs, fmt.Errorf("transfer %d is there already", t.Number))
			case t.ExternalReference != "" && o.ExternalReference == t.ExternalReference && o.Kind == t.Kind:
				errs = append(errs, fmt.Errorf("transfer %d has the reference %s of transfer %d", t.Number, t.ExternalReference, o.Number))
			case t.Reverses != 0 && o.Reverses == t.Reverses && o.Kind == t.Kind:
				errs = append(errs, fmt.Errorf("transfer %d reverses %d, as transfer %d does", t.Number, t.Reverses, o.Number))
			}
		}
		if t.Amount <= 0 || t.Debit == t.Credit {
			errs = append(errs, fmt.Errorf("transfer %d moves %d from %s to %s", t.Number, t.Amount, t.Debit, t.Credit))
		}
		r.Transfers = append(r.Transfers, t)
	}
	for _, e := range c.Events {
		for i := range r.Events {
			if r.Events[i].Number == e.Number {
				errs = append(errs, fmt.Errorf("event %d is there already", e.Number))
			}
		}
		e.Transfers, e.Details = slices.Clone(e.Transfers), slices.Clone(e.Details)
		r.Events = append(r.Events, e)
	}
	return errors.Join(append(errs,
		only("request", r.Requests, c.Requests, func(q *request.Stored) request.Key { return q.Key }))...)
}
