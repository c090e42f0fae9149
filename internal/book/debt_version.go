package book

import (
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
)

// A debt is kept as it is, and as it was: with each change the database keeps the debt as it had
// it, until the book's time. All commands of a batch have one time, so that of a debt which
// changes several times in a batch only the last state is one that anybody can ask for.

// beginDebt makes a debt.
func (b *Book) beginDebt(d debt.Debt) {
	d.Recorded = b.now
	if d.Arose.IsZero() {
		d.Arose = d.Since
	}
	b.debts.add(debtKey{d.Kind, d.ID}, d, b.command)
}

// changeDebt gives a debt to change.
func (b *Book) changeDebt(k debtKey) *debt.Debt {
	d := b.debts.edit(k, b.command)
	d.Recorded = b.now
	return d
}

// endDebt ends a debt.
func (b *Book) endDebt(k debtKey) {
	b.changeDebt(k)
	b.debts.drop(k, b.command)
}

// owedLate notes an amount that took effect before it was recorded, as part of the running
// event.
func (b *Book) owedLate(l debt.Late) {
	l.MerchantID, l.Event, l.Until = b.merchantID, b.event().Number, b.now
	b.owedBefore.add(l)
}

// bindDebts tells of the debts that the running command began, changed or ended, and of those
// that took effect before. All that is known of earlier debts follows from these.
func (b *Book) bindDebts(f *event.RowForm) {
	for _, u := range b.debts.touched {
		r := b.debts.rows[u.key]
		d, key := &r.value, string(u.key.kind)+"/"+u.key.id
		switch was := !u.fresh && u.before.live; {
		case r.live:
			bindDebt(f, d)
			b.tell("debts", "", key, f, debtFacts(d)...)
		case was:
			f.Times(d.Recorded)
			b.tell("debts", "", key, f, factOf("open_minor", 0))
		}
	}
	for i := b.owedBefore.kept; i < len(b.owedBefore.list); i++ {
		l := &b.owedBefore.list[i]
		f.Texts(l.ID)
		f.Times(l.From, l.Until)
		f.Numbers(int64(l.Open))
		b.tellIn(l.Event, "debt_versions", string(debt.TopUp)+"/"+l.ID, f, factOf("open_minor", l.Open), fact("from_at", event.Stamp(l.From)))
	}
}

func bindDebt(f *event.RowForm, d *debt.Debt) {
	f.Numbers(int64(d.Open))
	f.Texts(d.SamplingCase)
	f.Times(d.Since, d.Recorded, d.Arose)
}

// debtFacts are the values of a debt that its versions repeat.
func debtFacts(d *debt.Debt) []event.Detail {
	facts := []event.Detail{factOf("open_minor", d.Open), fact("since", event.Stamp(d.Since))}
	if !d.Arose.Equal(d.Since) {
		facts = append(facts, fact("arose_at", event.Stamp(d.Arose)))
	}
	if d.SamplingCase != "" {
		facts = append(facts, fact("sampling_case", d.SamplingCase))
	}
	return facts
}
