package formats

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Bounds of a statement. The deepest element of the standard lies twenty below the root.
const (
	xmlDepthMax = 40
	xmlTextMax  = 4 << 10
	// tokenMax bounds one tag or text as it stands in the file.
	tokenMax = 1 << 20
	// batchMax bounds the payments of one entry.
	batchMax = 100_000
)

var camtNamespace = regexp.MustCompile(`^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}$`)

// camtFile is a statement that is being read. Elements are known by their local names, which
// are the same in all versions of the message.
type camtFile struct {
	*reading
	path []string
	text strings.Builder
	// attr is the currency of the element that is open.
	ccy string
	// entries counts the entries of the file.
	entries int
	pages   map[string]string
	stmt    camtStatement
	entry   camtEntry
	balance camtBalance
	closed  bool
	// statements counts those that are whole.
	statements int
}

// camtStatement is what the current statement has told.
type camtStatement struct {
	account, currency string
	opening, closing  *money.Amount
	booked            money.Amount
	// all counts all entries, and counted those that are booked, with their sums by direction.
	all, counted int
	in, out      camtTotal
	told         map[string]camtTotal
}

type camtTotal struct {
	count string
	n     int
	sum   string
	minor money.Amount
}

type camtBalance struct{ code, amount, currency, side string }

// camtPayment is one payment of an entry.
type camtPayment struct {
	amount, currency, side string
	refs                   map[string]string
	returned               bool
}

type camtEntry struct {
	amount, currency, side, status string
	reversal                       string
	booked                         string
	refs                           map[string]string
	batch                          string
	payments                       []camtPayment
}

// camt053 reads a bank's statement.
func (r *reading) camt053(body io.Reader) {
	r.report.Encoding = utf8Name
	c := &camtFile{reading: r, pages: make(map[string]string)}
	short := &tokens{r: body}
	d := xml.NewDecoder(short)
	d.Strict = true
	d.CharsetReader = c.charset
	for !r.stopped {
		short.n = 0
		token, err := d.Token()
		line, _ := d.InputPos()
		switch {
		case errors.Is(err, errLongToken):
			c.stop(TooLarge, line, c.at(), "has a tag or text of more than %d bytes", tokenMax)
		case errors.Is(err, io.EOF) && c.closed:
			c.end()
			return
		case err != nil:
			c.syntax(line, err)
			return
		}
		c.token(line, token)
	}
}

// tokens bounds the bytes that the parser of XML keeps of one tag or text.
type tokens struct {
	r io.Reader
	n int
}

var errLongToken = errors.New("a tag or text is too long")

func (t *tokens) Read(p []byte) (int, error) {
	if t.n > tokenMax {
		return 0, errLongToken
	}
	n, err := t.r.Read(p)
	t.n += n
	return n, err
}

// charset reads the encodings of Chinese banks.
func (c *camtFile) charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "gb18030", "gbk", "gb2312":
		c.report.Encoding = gb18030Name
		return newGB18030().Reader(in), nil
	}
	c.stop(Encoding, 1, "", "the file says that it is in %s; statements are in UTF-8, or in GB18030", label)
	return nil, errors.New("unknown encoding")
}

// syntax notes why the XML cannot be read.
func (c *camtFile) syntax(line int, err error) {
	if c.stopped {
		return
	}
	text := err.Error()
	switch {
	case errors.Is(err, io.EOF), strings.Contains(text, "unexpected EOF"):
		c.stop(Truncated, line, "", "the file ends before its last element is closed; download it again")
	case strings.Contains(text, "invalid UTF-8"), strings.Contains(text, "illegal character code"):
		c.stop(Encoding, line, "", "is not in %s, as the file says", c.report.Encoding)
	case strings.Contains(text, "invalid character entity"):
		c.stop(Markup, line, "", "uses an entity that XML does not define; a statement needs none")
	default:
		c.stop(Malformed, line, "", "is not well-formed XML")
	}
}

func (c *camtFile) token(line int, token xml.Token) {
	switch t := token.(type) {
	case xml.Directive:
		c.stop(Markup, line, "", "has a document type; a statement needs none, and it may name files and bombs")
	case xml.ProcInst:
		if t.Target != "xml" {
			c.stop(Markup, line, "", "has an instruction for programs; a statement needs none")
		}
	case xml.StartElement:
		c.start(line, &t)
	case xml.EndElement:
		c.endElement(line)
	case xml.CharData:
		if c.text.Len()+len(t) > xmlTextMax {
			c.stop(TooLarge, line, c.at(), "has more than %d bytes", xmlTextMax)
			return
		}
		if strings.ContainsRune(string(t), utf8.RuneError) {
			c.stop(Encoding, line, c.at(), "holds a character that could not be read")
			return
		}
		c.text.Write(t)
	}
}

// at is the element that is open.
func (c *camtFile) at() string {
	if len(c.path) == 0 {
		return ""
	}
	return c.path[len(c.path)-1]
}

func (c *camtFile) start(line int, t *xml.StartElement) {
	c.text.Reset()
	switch {
	case len(c.path) == 0 && c.closed:
		c.stop(AfterEnd, line, t.Name.Local, "stands behind the end of the document")
	case len(c.path) == 0 && (t.Name.Local != "Document" || !camtNamespace.MatchString(t.Name.Space)):
		c.stop(UnknownFormat, line, t.Name.Local, "the file is no camt.053: its root is in the namespace %s", t.Name.Space)
	case len(c.path) == xmlDepthMax:
		c.stop(TooLarge, line, t.Name.Local, "lies more than %d elements deep", xmlDepthMax)
	}
	c.path = append(c.path, t.Name.Local)
	c.ccy = ""
	for _, a := range t.Attr {
		if a.Name.Local == "Ccy" {
			c.ccy = a.Value
		}
	}
	switch {
	case c.below("Stmt") && len(c.path) == 3:
		c.stmt = camtStatement{told: make(map[string]camtTotal)}
	case c.below("Stmt", "Ntry") && len(c.path) == 4:
		c.entries++
		c.entry = camtEntry{refs: make(map[string]string)}
	case c.below("Stmt", "Ntry", "NtryDtls", "TxDtls") && len(c.path) == 6:
		if len(c.entry.payments) == batchMax {
			c.stop(TooLarge, line, "TxDtls", "the entry has more than %d payments", batchMax)
		}
		c.entry.payments = append(c.entry.payments, camtPayment{refs: make(map[string]string)})
	case c.below("Stmt", "Bal") && len(c.path) == 4:
		c.balance = camtBalance{}
	}
}

// below says whether the path leads through elements below the message.
func (c *camtFile) below(names ...string) bool {
	return len(c.path) >= 2+len(names) && c.path[1] == "BkToCstmrStmt" && slices.Equal(c.path[2:2+len(names)], names)
}

func (c *camtFile) endElement(line int) {
	text := strings.TrimSpace(c.text.String())
	c.text.Reset()
	switch {
	case c.below("Stmt", "Ntry"):
		c.entryEnds(line, text)
	case c.below("Stmt", "Bal"):
		c.balanceEnds(line, text)
	case c.below("Stmt", "TxsSummry"):
		c.totalEnds(text)
	case c.below("Stmt"):
		c.statementEnds(line, text)
	case c.below("GrpHdr", "MsgPgntn"):
		c.page(line, "MsgPgntn", text)
	}
	c.path = c.path[:len(c.path)-1]
	if len(c.path) == 0 {
		c.closed = true
	}
}

// page refuses a file that is not the only page.
func (c *camtFile) page(line int, element, text string) {
	switch c.at() {
	case "PgNb":
		if strings.TrimLeft(text, "0") != "1" {
			c.stop(PageMissing, line, element, "the file is page %s of a statement; export the statement in one file", text)
		}
	case "LastPgInd":
		if text != "true" && text != "1" {
			c.stop(PageMissing, line, element, "the file is not the last page of its statement; export the statement in one file")
		}
	}
}

// statementEnds reads what a statement tells beside entries and balances.
func (c *camtFile) statementEnds(line int, text string) {
	rest := c.path[3:]
	switch {
	case len(rest) == 0:
		c.statement(line)
	case rest[0] == "StmtPgntn":
		c.page(line, "StmtPgntn", text)
	case slices.Equal(rest, []string{"Acct", "Id", "IBAN"}), slices.Equal(rest, []string{"Acct", "Id", "Othr", "Id"}):
		c.stmt.account = text
		c.named(line, "Acct", text)
	case slices.Equal(rest, []string{"Acct", "Ccy"}):
		c.stmt.currency = text
		if money.CheckCurrency(text) != nil {
			c.problem(WordUnknown, line, "Acct/Ccy", "%s is no currency", text)
		}
	}
}

// end refuses a file without a statement.
func (c *camtFile) end() {
	if c.statements == 0 {
		c.stop(UnknownFormat, 0, "Stmt", "the file holds no statement")
		return
	}
	c.provedBy("the balances of the statement")
}

// amount reads an amount of the message: digits with at most the decimals of the currency.
func (c *camtFile) minor(line int, element, text, currency string) (money.Amount, bool) {
	if c.stmt.currency == "" && money.CheckCurrency(currency) == nil {
		c.stmt.currency = currency
	}
	if currency != c.stmt.currency {
		c.problem(CurrencyDiffers, line, element, "is in %s, and the account in %s", currency, c.stmt.currency)
		return 0, false
	}
	a, wrong := decimal(text, money.Exponent(currency), false)
	switch {
	case text == "":
		c.problem(ValueMissing, line, element, "has no amount")
	case wrong == "" && a < 0:
		wrong = "the direction stands beside it, not in a sign"
		fallthrough
	case wrong != "":
		c.problem(AmountInvalid, line, element, "%s is no amount: %s", text, wrong)
	default:
		return money.Amount(a), true
	}
	return 0, false
}

// sided gives an amount its sign.
func (c *camtFile) sided(line int, element, side string, a money.Amount) (money.Amount, bool) {
	switch side {
	case "CRDT":
		return a, true
	case "DBIT":
		return -a, true
	}
	c.problem(WordUnknown, line, element+"/CdtDbtInd", "%s is not CRDT or DBIT", side)
	return 0, false
}

// balanceEnds reads a balance.
func (c *camtFile) balanceEnds(line int, text string) {
	switch rest := c.path[4:]; {
	case len(rest) == 0:
		if !slices.Contains([]string{"OPBD", "PRCD", "CLBD"}, c.balance.code) {
			return // Intermediate, available and forward balances prove nothing.
		}
		a, ok := c.minor(line, "Bal/Amt", c.balance.amount, c.balance.currency)
		if !ok {
			return
		}
		if a, ok = c.sided(line, "Bal", c.balance.side, a); !ok {
			return
		}
		at := &c.stmt.opening
		if c.balance.code == "CLBD" {
			at = &c.stmt.closing
		}
		if *at != nil && **at != a {
			c.problem(BalanceDiffers, line, "Bal", "the statement tells two different balances of %s", c.balance.code)
		}
		*at = &a
	case slices.Equal(rest, []string{"Tp", "CdOrPrtry", "Cd"}):
		c.balance.code = text
	case slices.Equal(rest, []string{"Amt"}):
		c.balance.amount, c.balance.currency = text, c.ccy
	case slices.Equal(rest, []string{"CdtDbtInd"}):
		c.balance.side = text
	}
}

// totalEnds reads the totals of a statement.
func (c *camtFile) totalEnds(text string) {
	rest := c.path[4:]
	if len(rest) != 2 {
		return
	}
	t := c.stmt.told[rest[0]]
	switch rest[1] {
	case "NbOfNtries":
		t.count = text
	case "Sum":
		t.sum = text
	}
	c.stmt.told[rest[0]] = t
}

// time reads a date, or a date with a time.
func (c *camtFile) time(line int, text string) (time.Time, bool) {
	for _, form := range []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		at, err := time.ParseInLocation(form, text, china)
		if err == nil && plausible(at) {
			return at, true
		}
	}
	c.problem(TimeInvalid, line, "BookgDt", "%s is no date or time between 2000 and 2100", text)
	return time.Time{}, false
}
