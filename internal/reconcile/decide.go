package reconcile

import (
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// tally is what the lines of a side say about one payout.
type tally struct {
	// paid is the sum that left and back the sum that came in; payments counts the former.
	paid, back money.Amount
	payments   int
	// processing and failed count lines that moved nothing, and refunds those that are refunds.
	processing, failed, refunds int
	// returned says that a line calls itself a return.
	returned bool
	// today says that a line is of the day's file.
	today bool
	// line is the one that people are shown: the last of the day's.
	line     *kept
	currency string
}

// count sums the lines up. Two files of one account, such as trades and movements, may tell of
// one payment each: it counts once.
func (r *Run) count(all []*kept) tally {
	var t tally
	var counted []*kept
	for _, k := range all {
		today := r.dayOf(r.sources[k.source].Day) == 0
		t.today = t.today || today
		if t.line == nil || today {
			t.line, t.currency = k, r.currencies[k.source]
		}
		if r.told(counted, k) {
			continue
		}
		counted = append(counted, k)
		if k.kindOf() == formats.Refund {
			t.refunds++
		}
		switch k.statusOf() {
		case formats.Processing:
			t.processing++
		case formats.Failed:
			t.failed++
		case formats.Done:
			if outgoing(k.kindOf(), k.amount) {
				t.paid, t.payments = t.paid-k.amount, t.payments+1
			} else {
				t.back, t.returned = t.back+max(k.amount, -k.amount), t.returned || k.kindOf() == formats.Return
			}
		}
	}
	return t
}

// told says whether another file of the account has told of the movement already, as bills of
// two formats do. Two files of one format, such as those of two days, tell of one movement only
// under one reference.
func (r *Run) told(counted []*kept, k *kept) bool {
	for _, c := range counted {
		one, two := r.lines.number(c, keyReference), r.lines.number(k, keyReference)
		of, with := &r.sources[c.source], &r.sources[k.source]
		same := one == two && one != "" || of.Format != with.Format && (one == "" || two == "")
		if c.source != k.source && of.Account == with.Account && same && c.amount == k.amount && c.status == k.status {
			return true
		}
	}
	return false
}

// decide compares a payout with the lines of a side that are about it.
func (r *Run) decide(p *Payout, side Side, found []*kept, rule Rule) {
	for _, k := range found {
		k.used = true
		if r.dayOf(r.sources[k.source].Day) == 0 {
			r.sum.ByRule[rule]++
			r.onMatch(&Match{Import: r.sources[k.source].Import, Place: int(k.place), Rule: rule, MerchantID: p.MerchantID, PayoutID: p.ID})
		}
	}
	t := r.count(found)
	mine := r.inDay(p.At)
	if !r.days[side][0] || !mine && !t.today || outside(p, side) {
		return // It is a matter of another day, or of nobody.
	}
	if len(found) == 0 {
		r.missing(p, side)
		return
	}
	if mine && !t.today {
		r.sum.CutOff++
	}
	class, expected, amount, detail := judge(p, &t)
	if class == "" {
		return
	}
	r.report(&Break{
		Class: class, Side: side, MerchantID: p.MerchantID, PayoutID: p.ID, ClaimID: p.ClaimID, Number: p.OutNumber,
		Expected: expected, Found: amount, Currency: p.Currency, Detail: detail,
	}, t.line)
}

// missing names a payout that no line is about.
func (r *Run) missing(p *Payout, side Side) {
	if p.Reached <= 0 {
		return // Nothing has been paid, and no file says otherwise.
	}
	b := &Break{
		Class: Missing, Side: side, MerchantID: p.MerchantID, PayoutID: p.ID, ClaimID: p.ClaimID, Number: p.OutNumber, Expected: p.Reached,
		Currency: p.Currency, Detail: "the engine has paid, and no file of the day and its neighbours tells of it",
	}
	late := !r.days[side][2] && p.At.After(r.end.Add(-r.s.CutOff))
	early := !r.days[side][1] && p.At.Before(r.s.Day.Add(r.s.CutOff))
	if late || early {
		b.Class = CutOff
		b.Detail = "the engine paid close to the end of the day, and the file of the neighbouring day is not imported"
	}
	r.report(b, nil)
}

// judge says in what a payout and its lines differ; no class for nothing.
func judge(p *Payout, t *tally) (class Class, expected, found money.Amount, detail string) {
	returned := p.CameBack
	if p.State == payout.Returned {
		returned = p.Reached
	}
	switch {
	case t.currency != p.Currency:
		return AmountDiffers, p.Reached, t.paid, "the line is in another currency than the payout"
	case t.payments > 1 || t.payments > 0 && p.Superseded && p.State == payout.Failed:
		return Duplicate, p.Reached, t.paid, "the money was paid more than once: under this number, or under another as well"
	case t.payments > 0:
		if class, detail := judgePaid(p, t); class != "" {
			return class, p.Reached, t.paid, detail
		}
	case t.back > 0 && !t.returned && returned == 0:
		return SignDiffers, p.Reached, -t.back, "the file says that the money came in, and the engine that it left"
	case t.processing > 0 && t.back == 0 && p.Reached > 0 && t.refunds > 0:
		return RefundOpen, p.Reached, 0, "the refund was begun, and the file does not say that it was completed"
	case t.processing+t.failed > 0 && t.back == 0 && p.Reached > 0:
		return StatusDiffers, p.Reached, 0, "the engine has paid, and the file says that nothing was"
	case t.processing > 0 && p.State == payout.Failed:
		return StatusDiffers, 0, 0, "the engine has a failure, and the file says that the payment is under way"
	}
	switch {
	case t.back > returned:
		return ReturnUnbooked, returned, t.back, "money came back that the engine has as paid"
	case t.back < returned && t.payments > 0 && t.today && t.back > 0:
		return AmountDiffers, returned, t.back, "another amount came back than the engine has"
	}
	return "", 0, 0, ""
}

// judgePaid compares a payment that the file has once.
func judgePaid(p *Payout, t *tally) (Class, string) {
	switch p.State {
	case payout.Failed:
		return StatusDiffers, "the file says paid, and the engine has a failure"
	case payout.Instructed:
		return StatusDiffers, "the file says paid, and the engine does not know the outcome"
	case payout.Succeeded, payout.Returned:
	}
	switch {
	case t.paid == p.Reached:
		return "", ""
	case t.paid == p.Reached*100, t.paid*100 == p.Reached:
		return UnitDiffers, "the amount is a hundred times, or a hundredth of, that of the engine"
	}
	return AmountDiffers, "the file has another amount than the engine"
}
