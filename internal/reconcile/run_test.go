package reconcile

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// world is a day with payouts and files, into which differences are planted. What must be found
// is written down where it is planted, so the test knows it without comparing anything.
type world struct {
	rnd *rand.Rand
	n   int
	// payouts are those of the engine; gateway and bank are tables, trade and flow bills of
	// WeChat Pay. The bank's account pays payouts only.
	payouts                    []Payout
	gateway, bank, trade, flow []formatstest.Entry
	// before and after are the gateway's and the bank's files of the neighbouring days; nil where
	// there are none.
	before, after []formatstest.Entry
	statement     []formatstest.Entry
	debits        []Debit
	// want are the breaks, as class, side, number and amounts.
	want []string
}

const oursPrefix = "OURS"

func ours(number string) bool { return strings.HasPrefix(number, oursPrefix) }

func (w *world) number(prefix string) string {
	w.n++
	return fmt.Sprintf("%s%06d", prefix, w.n)
}

// break_ writes down what must be found.
func (w *world) must(class Class, side Side, number string, expected, found money.Amount) {
	w.want = append(w.want, fmt.Sprintf("%s %s %s %d %d", class, side, number, expected, found))
}

// paid makes a payout that succeeded in the middle of the day.
func (w *world) paid() Payout {
	amount := money.Amount(101 + w.rnd.IntN(100_000)*7)
	p := Payout{
		MerchantID: "m1", ID: w.number("p"), ClaimID: w.number("c"), Part: payout.Compensation, Form: "CASH", State: payout.Succeeded,
		Amount: amount, Reached: amount, Currency: "CNY", OutNumber: w.number(oursPrefix), Reference: w.number("G"), PaymentID: w.number("T"),
		At: day.Add(6 * time.Hour).Add(time.Duration(w.rnd.IntN(12*60*60)) * time.Second),
	}
	return p
}

// told is a line that tells of a payout as it is.
func (w *world) told(p *Payout) formatstest.Entry {
	return formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: p.OutNumber, Reference: w.number("B"), Status: "paid"}
}

// ends adds a payout with one line for each side; nil for none.
func (w *world) ends(p *Payout, gateway, bank *formatstest.Entry) {
	w.payouts = append(w.payouts, *p)
	if gateway != nil {
		w.gateway = append(w.gateway, *gateway)
	}
	if bank != nil {
		w.bank = append(w.bank, *bank)
	}
}

// both gives the lines of both sides.
func (w *world) both(p *Payout) (gateway, bank formatstest.Entry) { return w.told(p), w.told(p) }

// plants are what can be planted; each writes down what must be found.
var plants = map[string]func(*world){
	"nothing": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		w.ends(&p, &g, &b)
	},
	"missing in both": func(w *world) {
		p := w.paid()
		w.ends(&p, nil, nil)
		w.must(Missing, Gateway, p.OutNumber, p.Amount, 0)
		w.must(Missing, Channel, p.OutNumber, p.Amount, 0)
	},
	"missing at the bank": func(w *world) {
		p := w.paid()
		g, _ := w.both(&p)
		w.ends(&p, &g, nil)
		w.must(Missing, Channel, p.OutNumber, p.Amount, 0)
	},
	"cut off at night": func(w *world) {
		p := w.paid()
		p.At = day.Add(24*time.Hour - time.Second)
		g, b := w.both(&p)
		switch {
		case w.after == nil:
			w.ends(&p, nil, &b)
			w.must(CutOff, Gateway, p.OutNumber, p.Amount, 0)
		case w.rnd.IntN(2) == 0:
			g.At = p.At.Add(2 * time.Second)
			w.ends(&p, nil, &b)
			w.after = append(w.after, g)
		default:
			w.ends(&p, nil, &b)
			w.must(Missing, Gateway, p.OutNumber, p.Amount, 0)
		}
	},
	"cut off in the morning": func(w *world) {
		p := w.paid()
		p.At = day.Add(time.Second)
		g, b := w.both(&p)
		w.ends(&p, nil, &b)
		if w.before == nil {
			w.must(CutOff, Gateway, p.OutNumber, p.Amount, 0)
			return
		}
		g.At = p.At.Add(-2 * time.Second)
		w.before = append(w.before, g)
	},
	"a payout of yesterday": func(w *world) {
		p := w.paid()
		p.At = p.At.AddDate(0, 0, -1)
		w.ends(&p, nil, nil)
	},
	"another amount": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		g.Minor -= 1
		w.ends(&p, &g, &b)
		w.must(AmountDiffers, Gateway, p.OutNumber, p.Amount, p.Amount+1)
	},
	"fen for yuan": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		b.Minor *= 100
		w.ends(&p, &g, &b)
		w.must(UnitDiffers, Channel, p.OutNumber, p.Amount, p.Amount*100)
	},
	"another sign": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		g.Minor = -g.Minor
		w.ends(&p, &g, &b)
		w.must(SignDiffers, Gateway, p.OutNumber, p.Amount, -p.Amount)
	},
	"paid twice under one number": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		again := w.told(&p)
		w.ends(&p, &g, &b)
		w.bank = append(w.bank, again)
		w.must(Duplicate, Channel, p.OutNumber, p.Amount, p.Amount*2)
	},
	"paid twice in two files without references": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		g.Reference = ""
		w.ends(&p, &g, &b)
		if w.after == nil {
			return
		}
		again := g
		again.At = day.AddDate(0, 0, 1).Add(time.Hour)
		w.after = append(w.after, again)
		w.must(Duplicate, Gateway, p.OutNumber, p.Amount, p.Amount*2)
	},
	"paid twice under two numbers": func(w *world) {
		failed := w.paid()
		failed.State, failed.Reached, failed.Superseded = payout.Failed, 0, true
		second := failed
		second.State, second.Reached, second.Superseded = payout.Succeeded, second.Amount, false
		second.ID, second.OutNumber, second.Reference = w.number("p"), w.number(oursPrefix), w.number("G")
		late := w.told(&failed)
		w.ends(&failed, nil, &late)
		g, b := w.both(&second)
		w.ends(&second, &g, &b)
		w.must(Duplicate, Channel, failed.OutNumber, 0, failed.Amount)
	},
	"under way at the gateway": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		g.Status = "under way"
		w.ends(&p, &g, &b)
		w.must(StatusDiffers, Gateway, p.OutNumber, p.Amount, 0)
	},
	"refused by the bank": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		b.Status = "refused"
		w.ends(&p, &g, &b)
		w.must(StatusDiffers, Channel, p.OutNumber, p.Amount, 0)
	},
	"paid, and failed in the ledger": func(w *world) {
		p := w.paid()
		p.State, p.Reached = payout.Failed, 0
		g, b := w.both(&p)
		b.Status, g.Status = "refused", "paid"
		w.ends(&p, &g, &b)
		w.must(StatusDiffers, Gateway, p.OutNumber, 0, p.Amount)
	},
	"paid, and unknown in the ledger": func(w *world) {
		p := w.paid()
		p.State, p.Reached = payout.Instructed, 0
		g, b := w.both(&p)
		g.Status = "under way"
		w.ends(&p, &g, &b)
		w.must(StatusDiffers, Channel, p.OutNumber, 0, p.Amount)
	},
	"a failure on both sides": func(w *world) {
		p := w.paid()
		p.State, p.Reached = payout.Failed, 0
		g, _ := w.both(&p)
		g.Status = "refused"
		w.ends(&p, &g, nil)
	},
	"came back, and nobody knows": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		back := w.told(&p)
		back.Minor = -back.Minor
		w.ends(&p, &g, &b)
		w.bank = append(w.bank, back)
		w.must(ReturnUnbooked, Channel, p.OutNumber, 0, p.Amount)
	},
	"came back today, paid last week": func(w *world) {
		p := w.paid()
		p.At = p.At.AddDate(0, 0, -7)
		w.ends(&p, nil, nil)
		w.flow = append(w.flow, formatstest.Entry{Minor: int64(p.Amount), At: day.Add(time.Hour), OutNumber: p.OutNumber, Reference: w.number("B"), Word: "转账退回"})
		w.must(ReturnUnbooked, Channel, p.OutNumber, 0, p.Amount)
	},
	"came back, and is booked": func(w *world) {
		p := w.paid()
		p.State = payout.Returned
		g, b := w.both(&p)
		w.ends(&p, &g, &b)
		for _, file := range []*[]formatstest.Entry{&w.gateway, &w.bank} {
			back := w.told(&p)
			back.Minor = -back.Minor
			*file = append(*file, back)
		}
	},
	"a part came back": func(w *world) {
		p := w.paid()
		p.CameBack = 50
		g, b := w.both(&p)
		w.ends(&p, &g, &b)
		back := w.told(&p)
		back.Minor = 70
		w.gateway = append(w.gateway, back)
		w.must(ReturnUnbooked, Gateway, p.OutNumber, 50, 70)
	},
	"a number of ours that nobody knows": func(w *world) {
		p := w.paid()
		g, _ := w.both(&p)
		w.gateway = append(w.gateway, g)
		w.must(Unknown, Gateway, p.OutNumber, 0, p.Amount)
	},
	"somebody else's payment": func(w *world) {
		g := formatstest.Entry{Minor: -5, At: day.Add(time.Hour), OutNumber: w.number("X"), Reference: w.number("B"), Status: "paid"}
		w.gateway = append(w.gateway, g)
		b := g
		b.OutNumber = w.number("X")
		w.bank = append(w.bank, b)
		w.must(Unknown, Channel, b.OutNumber, 0, 5)
	},
	"a payment and a fee": func(w *world) {
		w.flow = append(w.flow,
			formatstest.Entry{Minor: 700, At: day.Add(time.Hour), OutNumber: w.number("S"), Reference: w.number("B"), Word: "交易"},
			formatstest.Entry{Minor: -7, At: day.Add(time.Hour), OutNumber: w.number("S"), Reference: w.number("B"), Word: "扣除交易手续费"})
	},
	"found by the reference": func(w *world) {
		p := w.paid()
		g, b := w.both(&p)
		g.OutNumber, g.Reference = w.number("X"), p.Reference
		g.Minor -= 3
		w.ends(&p, &g, &b)
		w.must(AmountDiffers, Gateway, p.OutNumber, p.Amount, p.Amount+3)
	},
	"found by the original payment": func(w *world) {
		p := w.paid()
		p.Part = payout.Refund
		g, _ := w.both(&p)
		w.ends(&p, &g, nil)
		w.trade = append(w.trade, formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: w.number("R"), Reference: w.number("5"),
			Original: w.number("4"), OriginalOut: p.PaymentID, Refund: true})
	},
	"two refunds of one amount, and one line": func(w *world) {
		p := w.paid()
		p.Part = payout.Refund
		q := p
		q.ID, q.OutNumber, q.Reference = w.number("p"), w.number(oursPrefix), w.number("G")
		for _, one := range []*Payout{&p, &q} {
			g := w.told(one)
			w.ends(one, &g, nil)
			w.must(Missing, Channel, one.OutNumber, one.Amount, 0)
		}
		w.trade = append(w.trade, formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: w.number("R"), Reference: w.number("5"),
			Original: p.PaymentID, OriginalOut: w.number("T"), Refund: true})
	},
	"a refund that is under way": func(w *world) {
		p := w.paid()
		p.Part = payout.Refund
		g, _ := w.both(&p)
		w.ends(&p, &g, nil)
		w.trade = append(w.trade, formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: p.OutNumber, Reference: w.number("5"),
			Original: w.number("4"), OriginalOut: p.PaymentID, Refund: true, Status: "PROCESSING"})
		w.must(RefundOpen, Channel, p.OutNumber, p.Amount, 0)
	},
	"a refund in two bills": func(w *world) {
		p := w.paid()
		p.Part = payout.Refund
		g, _ := w.both(&p)
		w.ends(&p, &g, nil)
		reference := w.number("5")
		w.trade = append(w.trade, formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: p.OutNumber, Reference: reference,
			Original: w.number("4"), OriginalOut: p.PaymentID, Refund: true})
		w.flow = append(w.flow, formatstest.Entry{Minor: -int64(p.Amount), At: p.At, OutNumber: p.OutNumber, Reference: reference, Word: "退款"})
	},
	"a coupon": func(w *world) {
		p := w.paid()
		p.Form = "COUPON"
		g, _ := w.both(&p)
		w.ends(&p, &g, nil)
	},
	"a statement": func(w *world) {
		order := w.number("O")
		w.statement = append(w.statement, formatstest.Entry{Minor: -300, At: day, OrderID: order}, formatstest.Entry{Minor: 100, At: day, OrderID: order})
		w.debits = append(w.debits, Debit{"m1", "c", order, 150, "CNY"}, Debit{"m1", "c", order, 50, "CNY"})
	},
	"another statement": func(w *world) {
		order, none := w.number("O"), w.number("O")
		w.statement = append(w.statement, formatstest.Entry{Minor: -300, At: day, OrderID: order})
		w.debits = append(w.debits, Debit{"m1", "c", order, 299, "CNY"}, Debit{"m1", "c", none, 10, "CNY"})
		w.must(StatementDiffers, Marketplace, order, 299, 300)
		w.must(StatementDiffers, Marketplace, none, 10, 0)
	},
	"a deduction without a claim": func(w *world) {
		order := w.number("O")
		w.statement = append(w.statement, formatstest.Entry{Minor: -300, At: day, OrderID: order})
		w.must(Orphan, Marketplace, order, 0, 300)
	},
}

// file writes entries as a file, reads it, and gives its lines to the comparison.
func (w *world) file(t *testing.T, r *Run, s Source, o formats.Options, write func(io.Writer) error, n int, all []formatstest.Entry) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	o.Told = &formats.Told{Lines: n}
	for _, e := range all {
		o.Told.Sum += money.Amount(e.Minor)
	}
	report, err := formats.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), o, r.Add(s))
	if err != nil || !report.Whole() {
		t.Fatalf("%s: %v %v", s.Import, err, report.Problems)
	}
}

func (w *world) table(t *testing.T, r *Run, side Side, exclusive bool, at time.Time, all []formatstest.Entry) {
	t.Helper()
	m := &formats.Mapping{
		OutNumber: "number", Reference: "reference", Original: "paid", OrderID: "order", Amount: "amount", Currency: "CNY",
		Time: "when", TimeForm: time.DateTime, Zone: "Asia/Shanghai", Status: "status",
		Statuses: map[string]formats.Status{"paid": formats.Done, "under way": formats.Processing, "refused": formats.Failed},
	}
	w.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w.file(t, r, Source{string(side) + at.Format(time.DateOnly), Account{Side: side, Exclusive: exclusive}, formats.CSV, at}, formats.Options{Format: formats.CSV, Mapping: m},
		func(out io.Writer) error { return formatstest.Table(out, slices.Values(all)) }, len(all), all)
}

// run compares the world, and gives the breaks in the form in which they were written down.
func (w *world) run(t *testing.T) (found []string, matches []Match, sum Summary) {
	t.Helper()
	r := New(Settings{Day: day, CutOff: 10 * time.Minute, Ours: ours}, func(b *Break) {
		found = append(found, fmt.Sprintf("%s %s %s %d %d", b.Class, b.Side, b.Number, b.Expected, b.Found))
		if b.Detail == "" || b.Currency != "CNY" || (b.Import == "") != (b.Place == 0) {
			t.Errorf("a break without its facts: %+v", b)
		}
	}, func(m *Match) { matches = append(matches, *m) })
	w.table(t, r, Gateway, false, day, w.gateway)
	w.table(t, r, Channel, true, day, w.bank)
	if w.before != nil {
		w.table(t, r, Gateway, false, day.AddDate(0, 0, -1), w.before)
	}
	if w.after != nil {
		w.table(t, r, Gateway, false, day.AddDate(0, 0, 1), w.after)
	}
	w.file(t, r, Source{"trade", Account{Side: Channel, Name: "wechat"}, formats.WeChatTrade, day}, formats.Options{},
		func(out io.Writer) error { return formatstest.WeChatTrade(out, "1", slices.Values(w.trade)) }, len(w.trade), w.trade)
	w.file(t, r, Source{"flow", Account{Side: Channel, Name: "wechat"}, formats.WeChatFundFlow, day}, formats.Options{},
		func(out io.Writer) error { return formatstest.WeChatFundFlow(out, slices.Values(w.flow)) }, len(w.flow), w.flow)
	w.file(t, r, Source{"statement", Account{Side: Marketplace}, formats.Compensation, day}, formats.Options{},
		func(out io.Writer) error { return formatstest.Compensation(out, slices.Values(w.statement)) }, len(w.statement), w.statement)
	w.rnd.Shuffle(len(w.payouts), func(i, j int) { w.payouts[i], w.payouts[j] = w.payouts[j], w.payouts[i] })
	// Some payouts are known by the numbers of the lines only.
	later := make(map[string]*Payout)
	for i := range w.payouts {
		p := &w.payouts[i]
		if r.inDay(p.At) {
			r.AddPayout(p)
		} else {
			later[p.OutNumber] = p
		}
	}
	for _, number := range r.Wanted() {
		if p := later[number]; p != nil {
			r.AddPayout(p)
		}
	}
	for _, d := range w.debits {
		r.AddDebit(d)
	}
	return found, matches, r.Finish()
}

// Would catch a planted difference that is not found, one that is found under another class,
// side or amount, and a difference where nothing was planted; and a class that no plant has.
func TestPlantedBreaksAreFound(t *testing.T) {
	t.Parallel()
	seed := testseed.New(t)
	classes := make(map[Class]bool)
	rules := make(map[Rule]bool)
	names := slices.Sorted(maps.Keys(plants))
	for round := range 12 {
		w := &world{rnd: rand.New(rand.NewPCG(uint64(seed), uint64(round)))}
		if round%2 == 1 {
			w.before = []formatstest.Entry{}
			w.after = []formatstest.Entry{}
		}
		for range 150 {
			plants[names[w.rnd.IntN(len(names))]](w)
		}
		for _, name := range names {
			plants[name](w)
		}
		found, matches, sum := w.run(t)
		slices.Sort(found)
		slices.Sort(w.want)
		if diff := cmp.Diff(w.want, found); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		for class, n := range sum.ByClass {
			classes[class] = n > 0
		}
		for _, m := range matches {
			rules[m.Rule] = true
		}
		if sum.ByRule[ByOrder] > 0 {
			rules[ByOrder] = true
		}
		if sum.Foreign == 0 || sum.Payouts == 0 || sum.Lines == 0 {
			t.Errorf("the counts lack something: %+v", sum)
		}
	}
	for _, c := range FileClasses() {
		if !classes[c] {
			t.Errorf("no plant gives %s", c)
		}
	}
	for _, r := range Rules() {
		if !rules[r] {
			t.Errorf("no line was found by %s", r)
		}
	}
}

// Would catch each plant that only shows among others, or is hidden by them.
func TestEachBreakAlone(t *testing.T) {
	t.Parallel()
	for name, plant := range plants {
		w := &world{rnd: rand.New(rand.NewPCG(1, 2))}
		plant(w)
		found, _, _ := w.run(t)
		slices.Sort(found)
		slices.Sort(w.want)
		if diff := cmp.Diff(w.want, found); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Would catch a side that is compared although none of its files of the day is there: every
// payout would be missing.
func TestSidesWithoutFilesAreNotCompared(t *testing.T) {
	t.Parallel()
	w := &world{rnd: rand.New(rand.NewPCG(1, 2))}
	p := w.paid()
	r := New(Settings{Day: day, CutOff: time.Minute, Ours: ours}, func(b *Break) { t.Errorf("found %+v", b) }, nil)
	w.table(t, r, Gateway, false, day.AddDate(0, 0, 1), nil)
	w.table(t, r, Channel, true, day.AddDate(0, 0, 5), []formatstest.Entry{w.told(&p)})
	r.AddPayout(&p)
	r.AddDebit(Debit{"m1", "c", "o", 1, "CNY"})
	if sum := r.Finish(); sum.Lines != 0 || len(r.Wanted()) != 0 {
		t.Errorf("compared %+v", sum)
	}
}

// Would catch two numbers that share a place of the index and are taken for one.
func TestNumbersAreComparedByTheirBytes(t *testing.T) {
	t.Parallel()
	l := newLines()
	for i := range 3000 {
		l.add(0, &formats.Line{Place: i + 1, OutNumber: fmt.Sprint("n", i), Reference: fmt.Sprint("r", i%1000)}, ours)
	}
	for i := range 3000 {
		n := 0
		l.each(keyOut, fmt.Sprint("n", i), func(k *kept) { n += int(k.place) })
		same := 0
		l.each(keyReference, fmt.Sprint("r", i%1000), func(*kept) { same++ })
		if n != i+1 || same != 3 {
			t.Fatalf("line %d is found as %d, and %d lines by its reference", i+1, n, same)
		}
	}
	l.heads[l.hash(keyOut, "other")] = 1
	l.each(keyOut, "other", func(k *kept) { t.Errorf("a number that is nowhere is found as line %d", k.place) })
}
