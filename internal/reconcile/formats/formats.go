// Package formats reads the files by which payment channels, banks and marketplaces tell of
// money: one file of Go for each format. It turns bytes into lines, proves that the file is
// whole, and names exactly what is wrong with one that is not. It stores nothing and compares
// with nothing.
package formats

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Version is the version of the readers. It grows whenever a file would be read otherwise than
// before, and is stored with every import.
const Version = 1

// Bounds of a file. A day of a large marketplace has a tenth of them.
const (
	// LinesMax bounds the lines, FileMax the bytes of a file after it is unpacked.
	LinesMax = 2_000_000
	FileMax  = 1 << 30
	// lineMax bounds one line: the longest of a channel has under two kilobytes.
	lineMax = 64 << 10
	// problemsMax is how many problems and how many notices of one file are told.
	problemsMax = 50
)

// Format names a format of files.
type Format string

// The formats.
const (
	// WeChatTrade is the trade bill of WeChat Pay, of any bill type.
	WeChatTrade Format = "wechat-trade"
	// WeChatFundFlow is the fund-flow bill of WeChat Pay.
	WeChatFundFlow Format = "wechat-fund-flow"
	// AlipayTrade is the list of trades of Alipay (业务明细), AlipayAccount its list of
	// movements of the account (账务明细).
	AlipayTrade   Format = "alipay-trade"
	AlipayAccount Format = "alipay-account"
	// Compensation is the marketplace's bill of compensations that it took from shops (消费者补偿).
	Compensation Format = "marketplace-compensation"
	// Camt053 is a bank's statement in ISO 20022, camt.053.001 of any version.
	Camt053 Format = "camt.053"
	// CSV is any table, read by a Mapping.
	CSV Format = "csv"
)

// Formats lists the formats.
func Formats() []Format {
	return []Format{WeChatTrade, WeChatFundFlow, AlipayTrade, AlipayAccount, Compensation, Camt053, CSV}
}

// Kind says what a line is about, as far as the file tells.
type Kind string

// The kinds of lines.
const (
	// Payment is money of a buyer.
	Payment Kind = "PAYMENT"
	// Refund gives money of a payment back.
	Refund Kind = "REFUND"
	// Transfer is money paid out to somebody.
	Transfer Kind = "TRANSFER"
	// Return is a transfer that came back.
	Return Kind = "RETURN"
	// Fee is what the channel takes for its work.
	Fee Kind = "FEE"
	// Deduction is a compensation that the marketplace took from a shop, or gave back to it.
	Deduction Kind = "DEDUCTION"
	// Other is everything else.
	Other Kind = "OTHER"
)

// Kinds lists the kinds of lines.
func Kinds() []Kind { return []Kind{Payment, Refund, Transfer, Return, Fee, Deduction, Other} }

// Status says how far the movement of a line has come.
type Status string

// The statuses of a line.
const (
	// Done has moved money.
	Done Status = "DONE"
	// Processing was begun and may still move money.
	Processing Status = "PROCESSING"
	// Failed has moved none and will not.
	Failed Status = "FAILED"
)

// Statuses lists the statuses of a line.
func Statuses() []Status { return []Status{Done, Processing, Failed} }

// Line is one movement of money that a file tells of. Names of goods and of persons are not
// read from the file.
type Line struct {
	// Place is the line of the file, or in XML the number of the entry; both count from 1.
	Place  int
	Kind   Kind
	Status Status
	// Amount is positive for money that came into the account, and negative for money that
	// left it.
	Amount   money.Amount
	Currency string
	At       time.Time
	// OutNumber is the number that we gave the movement, Reference the one of the channel.
	OutNumber string
	Reference string
	// Original is the channel's number of the payment that a refund gives back, and
	// OriginalOut our own.
	Original    string
	OriginalOut string
	// OrderID is the order, where the file names one.
	OrderID string
	// identity is what makes the line one of its kind within the file; empty where the format
	// gives a line no number.
	identity string
}

// Options say what the file should be.
type Options struct {
	Format Format
	// Account is the number of the account at the channel; a file that names another is
	// refused. Empty compares nothing.
	Account string
	// Day is the day that the file should be of, at midnight; zero compares nothing.
	Day time.Time
	// Told are the totals that the caller knows from elsewhere; nil for none.
	Told *Told
	// Mapping says how to read CSV; nil for the other formats.
	Mapping *Mapping
}

// Told are the number of lines of a file and their sum, as the channel shows them elsewhere.
type Told struct {
	Lines int
	// Sum is signed as the amounts of lines are.
	Sum money.Amount
}

// Code names what is wrong with a file, or worth telling of it.
type Code string

// The codes of problems; a file with one of them is refused.
const (
	// Empty: there are no bytes. NoBill: the bytes are the channel's answer that it has no bill.
	Empty  Code = "EMPTY"
	NoBill Code = "NO_BILL"
	// UnknownFormat: no format is recognised, or another one than was named.
	UnknownFormat Code = "UNKNOWN_FORMAT"
	// TooLarge: a bound of the file, a line or a value is exceeded.
	TooLarge Code = "TOO_LARGE"
	// Archive: the archive is broken, or holds not the one file that it should.
	Archive Code = "ARCHIVE"
	// Encoding: the bytes are not in the encoding that the channel uses.
	Encoding Code = "ENCODING"
	// Markup: XML with a document type, entities or instructions.
	Markup Code = "MARKUP"
	// Malformed: quotes or tags do not close.
	Malformed Code = "MALFORMED"
	// ColumnMissing and ColumnTwice: the header lacks a column, or has it twice.
	ColumnMissing Code = "COLUMN_MISSING"
	ColumnTwice   Code = "COLUMN_TWICE"
	// ColumnCount: a line has more or fewer values than the header.
	ColumnCount Code = "COLUMN_COUNT"
	// HeaderTwice: the header stands there once more, as in files joined together.
	HeaderTwice Code = "HEADER_TWICE"
	// Truncated: the file ends before its end.
	Truncated Code = "TRUNCATED"
	// AfterEnd: there is more after the end.
	AfterEnd Code = "AFTER_END"
	// SummaryMissing: nothing proves that the file is whole.
	SummaryMissing Code = "SUMMARY_MISSING"
	// SummaryDiffers: a total of the file, or one told, is not that of the lines.
	SummaryDiffers Code = "SUMMARY_DIFFERS"
	// BalanceDiffers: opening balance and entries do not give the closing balance.
	BalanceDiffers Code = "BALANCE_DIFFERS"
	// PageMissing: the file is one of several pages.
	PageMissing Code = "PAGE_MISSING"
	// LineTwice: two lines have the same number of the channel.
	LineTwice Code = "LINE_TWICE"
	// ValueMissing, AmountInvalid, TimeInvalid, NumberInvalid, WordUnknown: a value is not one
	// of its column.
	ValueMissing  Code = "VALUE_MISSING"
	AmountInvalid Code = "AMOUNT_INVALID"
	TimeInvalid   Code = "TIME_INVALID"
	NumberInvalid Code = "NUMBER_INVALID"
	WordUnknown   Code = "WORD_UNKNOWN"
	// Formula: a value that is read begins as a formula of a spreadsheet does.
	Formula Code = "FORMULA"
	// CurrencyDiffers: a line is in another currency than the account.
	CurrencyDiffers Code = "CURRENCY_DIFFERS"
	// WrongAccount and WrongDay: the file is of another account or day than was said.
	WrongAccount Code = "WRONG_ACCOUNT"
	WrongDay     Code = "WRONG_DAY"
	// MappingInvalid: the mapping of a CSV file cannot be used.
	MappingInvalid Code = "MAPPING_INVALID"
)

// The codes of notices; a file with them is taken.
const (
	// ColumnUnknown: the header has a column that nobody reads.
	ColumnUnknown Code = "COLUMN_UNKNOWN"
	// SeparatorInText: a name holds the separator; the values around it are read from both ends.
	SeparatorInText Code = "SEPARATOR_IN_TEXT"
	// FormulaInText: a text that nobody reads begins as a formula does.
	FormulaInText Code = "FORMULA_IN_TEXT"
	// FeesDiffer: the total of the fees is not that of the lines.
	FeesDiffer Code = "FEES_DIFFER"
	// OtherDays: some lines are of another day.
	OtherDays Code = "OTHER_DAYS"
	// SameValues: two lines of a format without numbers are equal in everything.
	SameValues Code = "SAME_VALUES"
	// NotBooked: entries that are pending or for information; they are no lines.
	NotBooked Code = "NOT_BOOKED"
	// EntryIgnored: a file of the archive that is not the bill.
	EntryIgnored Code = "ENTRY_IGNORED"
)

// Codes lists the codes, those of problems first.
func Codes() []Code {
	return []Code{
		Empty, NoBill, UnknownFormat, TooLarge, Archive, Encoding, Markup, Malformed, ColumnMissing, ColumnTwice, ColumnCount,
		HeaderTwice, Truncated, AfterEnd, SummaryMissing, SummaryDiffers, BalanceDiffers, PageMissing, LineTwice, ValueMissing,
		AmountInvalid, TimeInvalid, NumberInvalid, WordUnknown, Formula, CurrencyDiffers, WrongAccount, WrongDay, MappingInvalid,
		ColumnUnknown, SeparatorInText, FormulaInText, FeesDiffer, OtherDays, SameValues, NotBooked, EntryIgnored,
	}
}

// Problem is one thing that is wrong with a file, or worth telling of it.
type Problem struct {
	Code Code
	// Line counts from 1; zero is the file as a whole.
	Line int
	// Column is the name of the column or element; empty for none.
	Column string
	Text   string
	// Times is how often a notice of this code was made; 1 for a problem.
	Times int
}

// String is the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(string(p.Code))
	if p.Line > 0 {
		fmt.Fprintf(&b, " at %d", p.Line)
	}
	if p.Column != "" {
		b.WriteString(" " + p.Column)
	}
	b.WriteString(": " + p.Text)
	if p.Times > 1 {
		fmt.Fprintf(&b, " (and %d more)", p.Times-1)
	}
	return b.String()
}

// Report says what a file holds, and what is wrong with it.
type Report struct {
	Format Format
	// Packed is how the file was packed: empty, "gzip" or "zip".
	Packed string
	// Encoding is the encoding of the text.
	Encoding string
	// Account is the account that the file names; empty if it names none.
	Account  string
	Currency string
	Columns  int
	Lines    int
	// In and Out are the sums of what came in and left, of lines that are Done; both positive.
	In, Out money.Amount
	ByKind  map[Kind]int
	// First and Last are the earliest and the latest time of a line.
	First, Last time.Time
	// Proof says what proves that the file is whole.
	Proof    string
	Problems []Problem
	Notices  []Problem
}

// Whole says that the file was read to its end, is proved whole and has no problem.
func (r *Report) Whole() bool { return len(r.Problems) == 0 }

// Has says whether the report has a problem or a notice of a code.
func (r *Report) Has(code Code) bool {
	is := func(p Problem) bool { return p.Code == code }
	return slices.ContainsFunc(r.Problems, is) || slices.ContainsFunc(r.Notices, is)
}

// Digest is the SHA-256 of the bytes of a file.
func Digest(src io.ReaderAt, size int64) ([sha256.Size]byte, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(src, 0, size)); err != nil {
		return [sha256.Size]byte{}, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// Read reads a file and gives each of its lines to take, in their order. The lines count only
// if the report is Whole: what is wrong may show at the end. The error is of src; everything
// that is wrong with the bytes is in the report.
func Read(src io.ReaderAt, size int64, o Options, take func(*Line)) (*Report, error) {
	r := newReading(o, take)
	body, err := r.open(src, size)
	if err != nil || body == nil {
		return r.report, cmp.Or(err, r.failed)
	}
	r.read(&watched{r: body, of: r})
	r.finish()
	return r.report, r.failed
}

// read calls the reader of the format.
func (r *reading) read(body io.Reader) {
	switch r.o.Format {
	case WeChatTrade:
		r.weChatTrade(body)
	case WeChatFundFlow:
		r.weChatFundFlow(body)
	case AlipayTrade:
		r.alipay(body, &alipayTrade)
	case AlipayAccount:
		r.alipay(body, &alipayAccount)
	case Compensation:
		r.compensation(body)
	case Camt053:
		r.camt053(body)
	case CSV:
		r.csv(body)
	default:
		r.stop(UnknownFormat, 0, "", "the format is not known and not recognised; name one of %s", names(Formats()))
	}
}

func names[T ~string](all []T) string {
	var b strings.Builder
	for i, one := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(one))
	}
	return b.String()
}

// Identity is what makes a line one of its kind within its file: the channel's number, or
// everything that is read where the format gives none.
func (l *Line) Identity() string {
	if l.identity != "" {
		return l.identity
	}
	return fmt.Sprint(l.Kind, l.Status, int64(l.Amount), l.Currency, l.At.Unix(), l.OutNumber, "\x00", l.Reference, "\x00", l.OrderID)
}

// Number is the number by which people know a line.
func (l *Line) Number() string {
	for _, number := range []string{l.Reference, l.OutNumber, l.OrderID} {
		if number != "" {
			return number
		}
	}
	return l.Original
}
