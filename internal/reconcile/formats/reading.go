package formats

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// errTooLarge ends the reading of a file that is larger than FileMax, or unpacks to too much.
var errTooLarge = errors.New("the file is too large")

// reading is one file that is being read.
type reading struct {
	o      Options
	report *Report
	take   func(*Line)
	src    *source
	// failed is why src could not be read.
	failed error
	// stopped says that nothing more is read.
	stopped bool
	// seen are the identities of lines, by digest, with their place.
	seen map[[16]byte]int32
	// sum is that of all lines, whatever their status.
	sum money.Amount
	// proved says that a total of the file was compared.
	proved bool
	// onDay and offDay count the lines of the day that was said, and of others.
	onDay, offDay int
}

func newReading(o Options, take func(*Line)) *reading {
	if take == nil {
		take = func(*Line) {}
	}
	return &reading{
		o: o, take: take, seen: make(map[[16]byte]int32),
		report: &Report{Format: o.Format, ByKind: make(map[Kind]int)},
	}
}

// watched notes why a file cannot be read further.
type watched struct {
	r  io.Reader
	of *reading
	n  int64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	if w.n > FileMax {
		err = errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		w.of.broken(err)
		return n, io.EOF
	}
	return n, err
}

// problem notes what is wrong; the file is refused.
func (r *reading) problem(code Code, line int, column, format string, args ...any) {
	if r.stopped {
		return
	}
	if len(r.report.Problems) == problemsMax {
		r.report.Problems = append(r.report.Problems, Problem{Code: code, Line: line, Text: "and perhaps more; the rest of the file was not read", Times: 1})
		r.stopped = true
		return
	}
	r.report.Problems = append(r.report.Problems, Problem{Code: code, Line: line, Column: fault.Excerpt(column), Text: sentence(format, args), Times: 1})
}

// stop notes a problem after which nothing else of the file can be told.
func (r *reading) stop(code Code, line int, column, format string, args ...any) {
	r.problem(code, line, column, format, args...)
	r.stopped = true
}

// notice notes what is worth telling; of each code and column the first is told, and the others counted.
func (r *reading) notice(code Code, line int, column, format string, args ...any) {
	for i := range r.report.Notices {
		if n := &r.report.Notices[i]; n.Code == code && n.Column == column {
			n.Times++
			return
		}
	}
	if len(r.report.Notices) < problemsMax {
		r.report.Notices = append(r.report.Notices, Problem{Code: code, Line: line, Column: fault.Excerpt(column), Text: sentence(format, args), Times: 1})
	}
}

// sentence formats a text, with excerpts of the texts in it.
func sentence(format string, args []any) string {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = fault.Excerpt(text)
		}
	}
	return fmt.Sprintf(format, args...)
}

// broken notes why the bytes of the file cannot be read further.
func (r *reading) broken(err error) {
	switch {
	case r.src.failed != nil:
		r.failed = r.src.failed
		r.stopped = true
	case errors.Is(err, errTooLarge):
		r.stop(TooLarge, 0, "", "the file has more than %d bytes when it is unpacked, or unpacks to more than %d times its size", int64(FileMax), ratioMax)
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.stop(Truncated, 0, "", "the archive ends before its end; download the file again")
	default:
		r.stop(Archive, 0, "", "the archive is damaged: %s; download the file again", err.Error())
	}
}

// line takes a line over.
func (r *reading) line(l *Line) {
	if r.stopped {
		return
	}
	if r.report.Lines == LinesMax {
		r.stop(TooLarge, l.Place, "", "the file has more than %d lines; divide it", LinesMax)
		return
	}
	if !r.unique(l) || !r.counted(l) {
		return
	}
	r.report.Lines++
	r.report.ByKind[l.Kind]++
	if r.report.First.IsZero() || l.At.Before(r.report.First) {
		r.report.First = l.At
	}
	if l.At.After(r.report.Last) {
		r.report.Last = l.At
	}
	r.dated(l)
	r.take(l)
}

// unique refuses a line whose number another line has.
func (r *reading) unique(l *Line) bool {
	numbered := l.identity != ""
	whole := sha256.Sum256([]byte(l.Identity()))
	key := [16]byte(whole[:])
	first, twice := r.seen[key]
	if !twice {
		r.seen[key] = int32(l.Place)
		return true
	}
	if numbered {
		r.problem(LineTwice, l.Place, "", "has the same number of the channel as %d, %s; the file was joined with another or saved twice", first, l.Number())
		return false
	}
	r.notice(SameValues, l.Place, "", "is equal to %d in everything that is read", first)
	return true
}

// counted adds the amount of a line to the sums.
func (r *reading) counted(l *Line) bool {
	var err error
	if r.sum, err = r.sum.Add(l.Amount); err != nil {
		r.stop(AmountInvalid, l.Place, "", "the sum of the lines is beyond the largest amount")
		return false
	}
	switch {
	case r.report.Currency == "":
		r.report.Currency = l.Currency
	case r.report.Currency != l.Currency:
		r.problem(CurrencyDiffers, l.Place, "", "is in %s, and the lines before it are in %s", l.Currency, r.report.Currency)
		return false
	}
	if l.Status != Done {
		return true
	}
	side, amount := &r.report.In, l.Amount
	if l.Amount < 0 {
		side, amount = &r.report.Out, -l.Amount
	}
	if *side, err = side.Add(amount); err != nil {
		r.stop(AmountInvalid, l.Place, "", "the sum of the lines is beyond the largest amount")
		return false
	}
	return true
}

// dated counts a line by its day.
func (r *reading) dated(l *Line) {
	if r.o.Day.IsZero() {
		return
	}
	if sameDay(l.At, r.o.Day) {
		r.onDay++
		return
	}
	r.offDay++
	r.notice(OtherDays, l.Place, "", "is of %s", l.At.In(r.o.Day.Location()).Format(time.DateOnly))
}

func sameDay(at, day time.Time) bool {
	y, m, d := at.In(day.Location()).Date()
	wantY, wantM, wantD := day.Date()
	return y == wantY && m == wantM && d == wantD
}

// named compares the account that the file names with the one that was said.
func (r *reading) named(line int, column, account string) {
	if account == "" {
		return
	}
	switch {
	case r.report.Account == "":
		r.report.Account = account
	case r.report.Account != account:
		r.problem(WrongAccount, line, column, "names account %s, and the file began with %s", account, r.report.Account)
		return
	default:
		return
	}
	if r.o.Account != "" && r.o.Account != account {
		r.stop(WrongAccount, line, column, "the file is of account %s, not of %s", account, r.o.Account)
	}
}

// provedBy notes that totals of the file were compared.
func (r *reading) provedBy(what string) {
	r.proved = true
	if r.report.Proof == "" {
		r.report.Proof = what
	}
}

// finish compares what can be compared at the end only.
func (r *reading) finish() {
	if r.stopped {
		r.report.Proof = ""
		return
	}
	if told := r.o.Told; told != nil {
		if told.Lines != r.report.Lines {
			r.problem(SummaryDiffers, 0, "", "the file has %d lines, and %d were told", r.report.Lines, told.Lines)
		}
		if told.Sum != r.sum {
			r.problem(SummaryDiffers, 0, "", "the sum of the lines is %s, and %s was told", r.amount(r.sum), r.amount(told.Sum))
		}
		r.provedBy("the number and the sum of its lines, as the caller told them")
	}
	if !r.proved && !r.report.Has(Truncated) {
		r.problem(SummaryMissing, 0, "", "the file has no totals that prove it whole; download it again, or tell the number and the sum of its lines as the channel shows them")
	}
	if r.offDay > 0 && r.onDay == 0 {
		r.problem(WrongDay, 0, "", "no line is of %s; the first is of %s", r.o.Day.Format(time.DateOnly), r.report.First.In(r.o.Day.Location()).Format(time.DateOnly))
	}
	if !r.report.Whole() {
		r.report.Proof = ""
	}
}

// amount formats an amount in the currency of the file.
func (r *reading) amount(a money.Amount) string {
	currency := r.report.Currency
	if currency == "" {
		currency = "CNY"
	}
	return money.Format(a, currency)
}
