package formats

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// entryEnds reads an element of an entry, and takes the entry over at its end.
func (c *camtFile) entryEnds(line int, text string) {
	e, rest := &c.entry, c.path[4:]
	switch {
	case len(rest) == 0:
		c.entered(line)
	case len(rest) >= 2 && rest[0] == "NtryDtls" && rest[1] == "TxDtls":
		c.paymentEnds(rest[2:], text)
	case slices.Equal(rest, []string{"NtryDtls", "Btch", "NbOfTxs"}):
		e.batch = text
	case slices.Equal(rest, []string{"Amt"}):
		e.amount, e.currency = text, c.ccy
	case slices.Equal(rest, []string{"CdtDbtInd"}):
		e.side = text
	case slices.Equal(rest, []string{"RvslInd"}):
		e.reversal = text
	case slices.Equal(rest, []string{"Sts", "Cd"}), slices.Equal(rest, []string{"Sts"}) && text != "":
		// From version 08 on the status has an element of its own.
		e.status = text
	case slices.Equal(rest, []string{"BookgDt", "Dt"}), slices.Equal(rest, []string{"BookgDt", "DtTm"}):
		e.booked = text
	case slices.Equal(rest, []string{"AcctSvcrRef"}), slices.Equal(rest, []string{"NtryRef"}):
		e.refs[rest[0]] = text
	}
}

// paymentEnds reads an element of one payment of an entry.
func (c *camtFile) paymentEnds(rest []string, text string) {
	p := &c.entry.payments[len(c.entry.payments)-1]
	switch {
	case slices.Equal(rest, []string{"Amt"}), slices.Equal(rest, []string{"AmtDtls", "TxAmt", "Amt"}) && p.amount == "":
		// Up to version 02 the amount lies among its details.
		p.amount, p.currency = text, c.ccy
	case slices.Equal(rest, []string{"CdtDbtInd"}):
		p.side = text
	case len(rest) == 2 && rest[0] == "Refs":
		p.refs[rest[1]] = text
	case len(rest) > 0 && rest[0] == "RtrInf":
		p.returned = true
	}
}

// entered takes over an entry.
func (c *camtFile) entered(line int) {
	e := &c.entry
	c.stmt.all++
	switch e.status {
	case "BOOK":
	case "PDNG", "INFO", "FUTR":
		c.notice(NotBooked, c.entries, "Sts", "is %s; it has moved no money", e.status)
		return
	default:
		c.problem(WordUnknown, c.entries, "Sts", "%s is not BOOK, PDNG, INFO or FUTR", e.status)
		return
	}
	a, ok := c.minor(line, "Ntry/Amt", e.amount, e.currency)
	if !ok {
		return
	}
	if a, ok = c.sided(line, "Ntry", e.side, a); !ok {
		return
	}
	c.stmt.counted++
	side := &c.stmt.in
	if e.side == "DBIT" {
		side = &c.stmt.out
	}
	side.n, side.minor = side.n+1, plus(side.minor, max(a, -a))
	c.stmt.booked = plus(c.stmt.booked, a)
	c.payments(line, a)
}

// payments makes a line of each payment of an entry, or one of the entry.
func (c *camtFile) payments(line int, whole money.Amount) {
	e := &c.entry
	at, ok := c.time(line, e.booked)
	if !ok {
		return
	}
	if e.batch != "" && e.batch != "1" {
		if n, err := strconv.Atoi(e.batch); err != nil || len(e.payments) > 0 && n != len(e.payments) {
			c.problem(ColumnCount, c.entries, "NbOfTxs", "the entry says that it has %s payments, and tells of %d", e.batch, len(e.payments))
			return
		}
	}
	if len(e.payments) == 0 {
		e.payments = []camtPayment{{refs: make(map[string]string)}}
	}
	var sum money.Amount
	lines := make([]*Line, 0, len(e.payments))
	for i := range e.payments {
		l, ok := c.payment(line, &e.payments[i], whole)
		if !ok {
			return
		}
		l.At = at
		sum = plus(sum, l.Amount)
		lines = append(lines, l)
	}
	if sum != whole {
		c.problem(SummaryDiffers, c.entries, "TxDtls", "the payments of the entry give %s, and the entry is %s", plainDecimal(int64(sum), 2), plainDecimal(int64(whole), 2))
		return
	}
	for i, l := range lines {
		if bank := e.refs["AcctSvcrRef"]; bank != "" {
			l.identity = strings.Join([]string{bank, l.OutNumber, l.Reference, strconv.FormatInt(int64(l.Amount), 10), strconv.Itoa(i)}, "\x00")
		}
		c.line(l)
	}
}

// payment makes a line of one payment.
func (c *camtFile) payment(line int, p *camtPayment, whole money.Amount) (*Line, bool) {
	e := &c.entry
	l := &Line{Place: c.entries, Status: Done, Currency: c.stmt.currency, Amount: whole}
	if p.amount == "" && len(e.payments) > 1 {
		c.problem(ValueMissing, c.entries, "TxDtls/Amt", "a payment of an entry with several has no amount")
		return nil, false
	}
	if p.amount != "" {
		a, ok := c.minor(line, "TxDtls/Amt", p.amount, p.currency)
		if !ok {
			return nil, false
		}
		side := p.side
		if side == "" {
			side = e.side
		}
		if l.Amount, ok = c.sided(line, "TxDtls", side, a); !ok {
			return nil, false
		}
	}
	w := &row{r: c.reading, line: c.entries, header: &header{}}
	l.OutNumber = w.reference("EndToEndId", p.refs["EndToEndId"])
	if l.OutNumber == "" {
		l.OutNumber = w.reference("InstrId", p.refs["InstrId"])
	}
	for _, ref := range []struct{ name, text string }{
		{"TxDtls/AcctSvcrRef", p.refs["AcctSvcrRef"]}, {"TxId", p.refs["TxId"]},
		{"AcctSvcrRef", e.refs["AcctSvcrRef"]}, {"NtryRef", e.refs["NtryRef"]},
	} {
		if l.Reference == "" {
			l.Reference = w.reference(ref.name, ref.text)
		}
	}
	l.Kind = camtKind(p.returned || e.reversal == "true", l.Amount)
	return l, !w.bad
}

// reference checks a number of the message.
func (w *row) reference(element, text string) string {
	w.header, w.values = &header{at: map[string]int{element: 0}, count: 1}, []string{text}
	return w.number(element, false, "NOTPROVIDED", "NONREF")
}

func camtKind(returned bool, a money.Amount) Kind {
	switch {
	case returned:
		return Return
	case a < 0:
		return Transfer
	}
	return Other
}

// statement compares balances and totals with the entries, at the end of a statement.
func (c *camtFile) statement(line int) {
	s := &c.stmt
	c.statements++
	if len(c.report.Problems) > 0 {
		return // The sums would only say again that an entry is missing.
	}
	if s.opening == nil || s.closing == nil {
		c.problem(SummaryMissing, line, "Bal", "the statement has no opening balance (OPBD or PRCD), or no closing one (CLBD); nothing proves it whole")
		return
	}
	if got := plus(*s.opening, s.booked); got != *s.closing {
		c.problem(BalanceDiffers, line, "Bal", "opening balance %s and entries of %s give %s, and the closing balance is %s",
			plainDecimal(int64(*s.opening), 2), plainDecimal(int64(s.booked), 2), plainDecimal(int64(got), 2), plainDecimal(int64(*s.closing), 2))
	}
	both := camtTotal{n: s.counted, minor: plus(s.in.minor, s.out.minor)}
	c.compare(line, "TtlNtries", both)
	c.compare(line, "TtlCdtNtries", s.in)
	c.compare(line, "TtlDbtNtries", s.out)
}

// compare compares one of the totals. Banks count pending entries or leave them out; only
// without any can the totals be compared.
func (c *camtFile) compare(line int, name string, have camtTotal) {
	told, there := c.stmt.told[name]
	if !there || c.stmt.all != c.stmt.counted {
		return
	}
	if n, ok := count(told.count); told.count != "" && (!ok || n != have.n) {
		c.problem(SummaryDiffers, line, name, "the statement says %s entries, and there are %d", told.count, have.n)
	}
	if told.sum == "" {
		return
	}
	if sum, wrong := decimal(told.sum, money.Exponent(c.stmt.currency), false); wrong != "" || money.Amount(sum) != have.minor {
		c.problem(SummaryDiffers, line, name, "the statement says %s, and the entries give %s", told.sum, plainDecimal(int64(have.minor), money.Exponent(c.stmt.currency)))
	}
}
