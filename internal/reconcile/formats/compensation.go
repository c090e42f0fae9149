package formats

import (
	"io"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// compensationColumns are those of the list that tools show, and of the raw list.
var compensationColumns = []columnSpec{
	{name: "orderNo", required: true},
	{name: "itemId"},
	{name: "billTime", required: true},
	{name: "accountId"},
	{name: "accountName"},
	{name: "inAmount"},
	{name: "outAmount"},
	{name: "amount"},
	{name: "expressNo"},
	{name: "itemName"},
	{name: "promiseConsignTime"},
	{name: "consignTime"},
	{name: "deductReason"},
}

// compensation reads the marketplace's bill of what it took from shops for consumers. A row
// has an amount that was taken and one that was given back (outAmount, inAmount), or in the raw
// list one amount, which is below zero where it was given back. The format has no totals and
// gives its rows no number.
func (r *reading) compensation(body io.Reader) {
	t := newTable(r.inUTF8(body), ',')
	names, _, ok := t.next(noText)
	if !ok {
		return
	}
	h := r.header(t.line, names, compensationColumns)
	two, one := h.has("inAmount") && h.has("outAmount"), h.has("amount")
	if !r.stopped && two == one {
		r.stop(ColumnMissing, t.line, "outAmount", "the header must have inAmount and outAmount, or amount, and not both")
		return
	}
	for {
		values, _, ok := t.next(noText)
		if !ok {
			r.terminated(t)
			return
		}
		if w := r.tableRow(t, h, values, "orderNo"); w != nil {
			w.ignored("itemName", "deductReason", "accountName")
			if l := w.deduction(two); !w.bad {
				r.line(l)
			}
		}
	}
}

// terminated refuses a table whose last line has no end: nothing else shows that its last value
// is not cut.
func (r *reading) terminated(t *table) {
	if t.lines.open && !r.stopped {
		r.problem(Truncated, t.lines.n, "", "the last line has no line end; it may be cut. If the file is whole, end the line")
	}
}

// tableRow takes over one record of a table; nil if it is none.
func (r *reading) tableRow(t *table, h *header, values []string, first string) *row {
	switch {
	case len(values) == 0, len(values) == 1 && values[0] == "":
		return nil
	case len(values) < h.count && t.lines.open:
		r.stop(Truncated, t.line, "", "the file ends inside the line, after %d of %d values; download it again", len(values), h.count)
		return nil
	case len(values) != h.count:
		r.problem(ColumnCount, t.line, "", "has %d values, and the header %d", len(values), h.count)
		return nil
	}
	w := &row{r: r, line: t.line, header: h, values: values}
	if w.text(first) == first {
		r.stop(HeaderTwice, t.line, "", "is the header once more; two files were joined")
		return nil
	}
	return w
}

func (w *row) deduction(two bool) *Line {
	const currency = "CNY"
	l := &Line{
		Place: w.line, Kind: Deduction, Status: Done, Currency: currency,
		At: w.when("billTime", time.DateTime, china), OrderID: w.number("orderNo", true),
	}
	w.r.named(w.line, "accountId", w.number("accountId", false))
	if !two {
		l.Amount = -w.yuan("amount", currency)
		return l
	}
	in, out := w.orZero("inAmount", currency), w.orZero("outAmount", currency)
	switch {
	case w.text("inAmount") == "" && w.text("outAmount") == "":
		w.problem(ValueMissing, "outAmount", "has no amount, and inAmount has none")
	case in < 0 || out < 0:
		w.problem(AmountInvalid, "outAmount", "the row has an amount below zero; what was given back stands in inAmount")
	case in != 0 && out != 0:
		w.problem(AmountInvalid, "outAmount", "the row has money that was taken and money that was given back")
	}
	l.Amount = in - out
	return l
}

// orZero reads an amount that may be left out.
func (w *row) orZero(column, currency string) money.Amount {
	if w.text(column) == "" {
		return 0
	}
	return w.yuan(column, currency)
}
