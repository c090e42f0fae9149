package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// Run compares one day. The files come first, line by line; then the payouts, one by one; then
// it is finished. Breaks and matches are handed out as they are found.
type Run struct {
	s       Settings
	end     time.Time
	sources []Source
	// currencies are those of the sources; a file has one.
	currencies []string
	lines      *lines
	// days says for each side of which days there are files: the day, the one before, the one after.
	days    map[Side]*[3]bool
	orders  map[string]*order
	waiting []waiting
	onBreak func(*Break)
	onMatch func(*Match)
	sum     Summary
}

// waiting is a payout that may be found by its original payment, once all payouts are known.
type waiting struct {
	p    Payout
	side Side
}

// New begins the comparison of a day. Either function may be nil.
func New(s Settings, onBreak func(*Break), onMatch func(*Match)) *Run {
	if onBreak == nil {
		onBreak = func(*Break) {}
	}
	if onMatch == nil {
		onMatch = func(*Match) {}
	}
	return &Run{
		s: s, end: s.Day.AddDate(0, 0, 1), lines: newLines(), days: make(map[Side]*[3]bool), orders: make(map[string]*order),
		onBreak: onBreak, onMatch: onMatch,
		sum: Summary{ByRule: make(map[Rule]int), ByClass: make(map[Class]int)},
	}
}

// dayOf says which of the three days a file is of: 0 is the day, 1 the one before and 2 the one
// after; -1 is any other.
func (r *Run) dayOf(day time.Time) int {
	return slices.IndexFunc([]time.Time{r.s.Day, r.s.Day.AddDate(0, 0, -1), r.end}, day.Equal)
}

// Add begins a file and gives what takes its lines. Files of other days than the day and its
// neighbours are not taken.
func (r *Run) Add(s Source) func(*formats.Line) {
	at := r.dayOf(s.Day)
	if at < 0 {
		return func(*formats.Line) {}
	}
	side := s.Account.Side
	if r.days[side] == nil {
		r.days[side] = new([3]bool)
	}
	r.days[side][at] = true
	n := len(r.sources)
	r.sources, r.currencies = append(r.sources, s), append(r.currencies, "")
	return func(l *formats.Line) {
		r.currencies[n] = l.Currency
		if at == 0 {
			r.sum.Lines++
		}
		switch {
		case side == Marketplace:
			r.deducted(n, at, l)
		case l.Kind == formats.Fee, l.Kind == formats.Payment:
			if at == 0 {
				r.sum.Foreign++
			}
		default:
			r.lines.add(n, l, r.s.Ours)
		}
	}
}

// AddPayout compares a payout with all files.
func (r *Run) AddPayout(p *Payout) {
	r.sum.Payouts++
	for _, side := range []Side{Gateway, Channel} {
		if r.days[side] == nil {
			continue
		}
		found, rule := r.find(p, side)
		if len(found) == 0 && p.Part == payout.Refund && r.hasOriginal(p, side) {
			r.waiting = append(r.waiting, waiting{*p, side})
			continue
		}
		r.decide(p, side, found, rule)
	}
}

// find gives the lines of a side that are about a payout, by the first rule that finds any.
func (r *Run) find(p *Payout, side Side) (found []*kept, rule Rule) {
	of := func(k *kept) {
		if r.sources[k.source].Account.Side == side {
			found = append(found, k)
		}
	}
	r.lines.each(keyOut, p.OutNumber, of)
	if len(found) > 0 {
		return found, ByOutNumber
	}
	r.lines.each(keyReference, p.Reference, of)
	return found, ByReference
}

// originals gives the lines of a side that give a payout's original payment back by its amount.
func (r *Run) originals(p *Payout, side Side) (found []*kept) {
	of := func(k *kept) {
		if !k.used && r.sources[k.source].Account.Side == side && k.amount == -p.Amount && !slices.Contains(found, k) {
			found = append(found, k)
		}
	}
	r.lines.each(keyOriginal, p.PaymentID, of)
	r.lines.each(keyOriginalOut, p.PaymentID, of)
	return found
}

func (r *Run) hasOriginal(p *Payout, side Side) bool { return len(r.originals(p, side)) > 0 }

// Wanted are the numbers of ours on lines of the day that no payout has had so far: the caller
// adds their payouts, wherever they are, before it finishes.
func (r *Run) Wanted() []string {
	var all []string
	for i := int32(1); i < r.lines.n; i++ {
		k := r.lines.at(i)
		if !k.used && r.dayOf(r.sources[k.source].Day) == 0 {
			if number := r.lines.number(k, keyOut); r.s.Ours(number) {
				all = append(all, number)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Finish compares what is left, and gives the counts.
func (r *Run) Finish() Summary {
	r.resolve()
	for i := int32(1); i < r.lines.n; i++ {
		if k := r.lines.at(i); !k.used && r.dayOf(r.sources[k.source].Day) == 0 {
			r.left(k)
		}
	}
	r.statements()
	return r.sum
}

// resolve gives lines to payouts by the original payment, where there is one of each only.
func (r *Run) resolve() {
	type same struct {
		side    Side
		payment string
		amount  money.Amount
	}
	of := func(w *waiting) same { return same{w.side, w.p.PaymentID, w.p.Amount} }
	times := make(map[same]int)
	for i := range r.waiting {
		times[of(&r.waiting[i])]++
	}
	for i := range r.waiting {
		w := &r.waiting[i]
		found := r.originals(&w.p, w.side)
		if len(found) != 1 || times[of(w)] != 1 {
			found = nil
		}
		r.decide(&w.p, w.side, found, ByOriginalPayment)
	}
	r.waiting = nil
}

// left names a line of the day that no payout has.
func (r *Run) left(k *kept) {
	source, number := &r.sources[k.source], r.lines.number(k, keyOut)
	ours := r.s.Ours(number)
	if !ours && !(source.Account.Exclusive && outgoing(k.kindOf(), k.amount) && k.statusOf() != formats.Failed) {
		r.sum.Foreign++
		return
	}
	detail := "the line has a number of ours, and the engine has no such payout"
	if !ours {
		detail = "the account pays payouts only, and the engine has none with the numbers of the line"
	}
	r.report(&Break{
		Class: Unknown, Side: source.Account.Side, Number: cmp.Or(number, r.lines.number(k, keyReference)), Found: -k.amount,
		Currency: r.currencies[k.source], Detail: detail,
	}, k)
}

// report hands out a break, with the line that it is about; nil for none.
func (r *Run) report(b *Break, k *kept) {
	if k != nil {
		b.Import, b.Place = r.sources[k.source].Import, int(k.place)
	}
	r.sum.ByClass[b.Class]++
	r.onBreak(b)
}

// inDay says whether a time is of the day.
func (r *Run) inDay(at time.Time) bool { return !at.Before(r.s.Day) && at.Before(r.end) }

// outside says whether the side could not know of a payout: coupons pass no bank.
func outside(p *Payout, side Side) bool { return side == Channel && p.Form == string(claim.Coupon) }
