package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// rows is what a book does with the rows of a kind, whatever they are.
type rows interface {
	// keep makes the running command's changes part of the batch; undo takes them
	// back.
	keep()
	undo()
	// written makes what the batch changed what the database has.
	written()
	// forget drops every row that the batch did not change.
	forget()
	// size is how many rows are in memory.
	size() int
	// reindex rebuilds the indexes over the rows in memory.
	reindex()
}

// table holds one kind of row of a book in memory, with the staged changes of a
// batch's commands on top. The edits of a refused command are undone together; those
// of other commands are visible to the next command.
type table[K comparable, V any] struct {
	rows    map[K]*row[V]
	touched []touch[K, V] // What the running command changed, with what was before.
	changed []K           // Every row that any command of the batch changed, once each.
	// index makes a row found by what it shares with others; nil for nothing.
	index func(K, *V)
	// wrote is called for each row that has been written; nil for nothing.
	wrote func(*V)
	// brief rows stay in memory for one batch after they were written or read.
	brief bool
}

type row[V any] struct {
	value V
	// live says whether the row exists as staged, stored whether it is in the database.
	live   bool
	stored bool
	// listed says whether the row stands in changed; mark is the command that touched it.
	listed bool
	mark   int
}

type touch[K comparable, V any] struct {
	key    K
	before row[V]
	fresh  bool // The running command made the row.
}

func newTable[K comparable, V any]() table[K, V] {
	return table[K, V]{rows: make(map[K]*row[V])}
}

// load adds a row as the database has it; a row that is already there stays as it is.
func (t *table[K, V]) load(k K, v V) {
	if _, ok := t.rows[k]; !ok {
		t.rows[k] = &row[V]{value: v, live: true, stored: true}
		t.found(k)
	}
}

func (t *table[K, V]) found(k K) {
	if t.index != nil {
		t.index(k, &t.rows[k].value)
	}
}

func (t *table[K, V]) reindex() {
	for k := range t.rows {
		t.found(k)
	}
}

// written marks the batch's changes as stored. Ended rows stay as ended, so that an
// older read does not bring them back.
func (t *table[K, V]) written() {
	if t.brief {
		t.forget()
	}
	for _, k := range t.changed {
		r := t.rows[k]
		r.stored, r.listed = r.live, false
		if t.wrote != nil {
			t.wrote(&r.value)
		}
	}
	t.changed = t.changed[:0]
}

// forget forgets every row that the batch did not change.
func (t *table[K, V]) forget() {
	recent := make(map[K]*row[V], len(t.changed))
	for _, k := range t.changed {
		recent[k] = t.rows[k]
	}
	t.rows = recent
}

func (t *table[K, V]) size() int { return len(t.rows) }

// get gives a row to read; nil when there is none.
func (t *table[K, V]) get(k K) *V {
	if r, ok := t.rows[k]; ok && r.live {
		return &r.value
	}
	return nil
}

// edit gives a live row to change; the change is undone if the command is refused.
func (t *table[K, V]) edit(k K, command int) *V {
	r := t.rows[k]
	t.touch(k, r, command)
	return &r.value
}

// add stages a row that does not exist.
func (t *table[K, V]) add(k K, v V, command int) *V {
	r, ok := t.rows[k]
	if !ok {
		r = &row[V]{mark: command}
		t.rows[k] = r
		t.touched = append(t.touched, touch[K, V]{key: k, fresh: true})
	} else {
		t.touch(k, r, command)
	}
	r.value, r.live = v, true
	t.found(k)
	return &r.value
}

// drop stages the end of a live row.
func (t *table[K, V]) drop(k K, command int) {
	r := t.rows[k]
	t.touch(k, r, command)
	r.live = false
}

func (t *table[K, V]) touch(k K, r *row[V], command int) {
	if r.mark == command {
		return
	}
	t.touched = append(t.touched, touch[K, V]{key: k, before: *r})
	r.mark = command
}

// keep makes the running command's changes part of the batch.
func (t *table[K, V]) keep() {
	for _, u := range t.touched {
		if r := t.rows[u.key]; !r.listed {
			r.listed = true
			t.changed = append(t.changed, u.key)
		}
	}
	t.touched = t.touched[:0]
}

// undo takes the running command's changes back.
func (t *table[K, V]) undo() {
	for _, u := range t.touched {
		if u.fresh {
			delete(t.rows, u.key)
			continue
		}
		*t.rows[u.key] = u.before
	}
	t.touched = t.touched[:0]
}

// staged calls made for every new row that the batch staged, kept for every stored row
// that it changed, and ended for every stored row that it ended.
func (t *table[K, V]) staged(made, kept, ended func(*V)) {
	for _, k := range t.changed {
		switch r := t.rows[k]; {
		case r.live && !r.stored:
			made(&r.value)
		case r.live:
			kept(&r.value)
		case r.stored:
			ended(&r.value)
		}
	}
}

// made stages rows that are made and never change.
func (t *table[K, V]) made(made func(*V)) { t.staged(made, never[V], never[V]) }

// each calls f for every row that the batch changed.
func (t *table[K, V]) each(f func(K, *row[V])) {
	for _, k := range t.changed {
		f(k, t.rows[k])
	}
}

// appendOnly is a list whose tail belongs to the running command until kept.
type appendOnly[V any] struct {
	list []V
	kept int
	// wrote is called for each row that has been written; nil for nothing.
	wrote func(*V)
}

func (a *appendOnly[V]) add(v V) *V {
	a.list = append(a.list, v)
	return &a.list[len(a.list)-1]
}

func (a *appendOnly[V]) undo() { a.list = a.list[:a.kept] }
func (a *appendOnly[V]) keep() { a.kept = len(a.list) }

// written empties the list: what it held is written and not looked at again.
func (a *appendOnly[V]) written() {
	if a.wrote != nil {
		for i := range a.list {
			a.wrote(&a.list[i])
		}
	}
	clear(a.list)
	a.list, a.kept = a.list[:0], 0
}

// forget does nothing: a list holds only what the batch made.
func (a *appendOnly[V]) forget()   {}
func (a *appendOnly[V]) size() int { return len(a.list) }
func (a *appendOnly[V]) reindex()  {}

// references are transfers by their external reference, each once.
type references struct {
	found map[string][]ledger.Transfer
	count int
}

func (r *references) add(t *ledger.Transfer) {
	list := r.found[t.ExternalReference]
	if t.ExternalReference == "" || slices.ContainsFunc(list, func(o ledger.Transfer) bool { return o.Number == t.Number }) {
		return
	}
	r.found[t.ExternalReference] = append(list, *t)
	r.count++
}

func (r *references) keep()     {}
func (r *references) undo()     {}
func (r *references) written()  {}
func (r *references) forget()   { r.found, r.count = make(map[string][]ledger.Transfer), 0 }
func (r *references) size() int { return r.count }
func (r *references) reindex()  {}

// lookup is what was read for the commands of a batch and is never staged.
type lookup[K comparable, V any] map[K]V

func (l lookup[K, V]) keep()     {}
func (l lookup[K, V]) undo()     {}
func (l lookup[K, V]) written()  {}
func (l lookup[K, V]) forget()   { clear(l) }
func (l lookup[K, V]) size() int { return len(l) }
func (l lookup[K, V]) reindex()  {}
