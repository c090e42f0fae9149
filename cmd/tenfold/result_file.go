package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// resultsMax is how many results a file may hold, and resultFileMax its size in bytes.
	resultsMax    = 100_000
	resultFileMax = 64 << 20
	// resultFaultsMax is how many faults of a file are told.
	resultFaultsMax = 50
)

// resultColumns are the columns of a file of results, and whether each line needs a value.
var resultColumns = []struct {
	name, meaning string
	required      bool
}{
	{"merchant", "the merchant's id; --merchant where it is left out", false},
	{"claim", "the claim; this, order_line or order", false},
	{"order_line", "the order line's id, as it is", false},
	{"order", "the order's id, if claims are filed on one line of it", false},
	{"report", "the authenticator's number of the report", true},
	{"issued_at", "when the report was issued", true},
	{"sample_source", "sealed-platform-sample, consumer-sample, trace-data or photos", true},
	{"counterfeit", "units that are counterfeit, such as 1,3-5", false},
	{"genuine", "units that are genuine", false},
	{"inconclusive", "units of which it cannot be told", false},
	{"custody_intact", "yes if the chain of custody has no gap and every seal matched", false},
	{"reinspection", "yes for a re-inspection", false},
	{"report_digest", "SHA-256 of the report", false},
	{"statement", "the finding in words", false},
	{"fee", "cost with its currency, such as 300.00CNY", false},
	{"fee_paid_by", "claimant or platform", false},
}

// resultFile reads the results that a brand or a laboratory has found.
type resultFile struct {
	*rulefile.Faults
	authenticator, merchant string
	zone                    *time.Location
	// at is where each column stands in a line.
	at      map[string]int
	results []*tenfoldv1.ResultToRecord
	// lines are those of the results.
	lines []int
	seen  map[string]int
}

// read reads comma-separated values with a line of column names. It gives *rulefile.Faults
// with everything that is wrong.
func (f *resultFile) read(in io.Reader) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			f.Note(malformed.Line, "%s", malformed.Err)
			break // What follows cannot be told apart from the quoted text.
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if !f.take(line, record) {
			break
		}
	}
	if len(f.results) == 0 && len(f.List) == 0 {
		f.Note(0, "the file holds no results")
	}
	if len(f.List) == 0 {
		return nil
	}
	return f.Faults
}

// take takes over a line, and says whether to go on.
func (f *resultFile) take(line int, record []string) bool {
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
		if !utf8.ValidString(record[i]) {
			f.Note(line, "is not in UTF-8; save the file as CSV in UTF-8")
			return false
		}
	}
	switch {
	case f.at == nil:
		return f.header(line, record)
	case len(record) != len(f.at):
		f.Note(line, "must have %d values like the first line, not %d", len(f.at), len(record))
	case len(f.results) == resultsMax:
		f.Note(line, "the file has more than %d results; divide it", resultsMax)
		return false
	default:
		f.result(line, func(column string) string {
			if at, there := f.at[column]; there {
				return record[at]
			}
			return ""
		})
	}
	if len(f.List) > resultFaultsMax {
		f.List = f.List[:resultFaultsMax]
		f.Note(line, "and perhaps more; the rest of the file was not read")
		return false
	}
	return true
}

// header reads the line of column names.
func (f *resultFile) header(line int, record []string) bool {
	f.at = make(map[string]int, len(record))
	record[0] = strings.TrimPrefix(record[0], "\ufeff")
	for i, name := range record {
		known := func(c struct {
			name, meaning string
			required      bool
		}) bool {
			return c.name == name
		}
		if !slices.ContainsFunc(resultColumns, known) {
			f.Note(line, "%s is no column; there are %s", shown(name), columnNames())
		} else if _, twice := f.at[name]; twice {
			f.Note(line, "the column %s stands there twice", name)
		}
		f.at[name] = i
	}
	for _, c := range resultColumns {
		if _, there := f.at[c.name]; c.required && !there {
			f.Note(line, "the column %s is missing", c.name)
		}
	}
	return len(f.List) == 0
}

func columnNames() string {
	var names []string
	for _, c := range resultColumns {
		names = append(names, c.name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// result reads one result.
func (f *resultFile) result(line int, value func(column string) string) {
	before := len(f.List)
	wrong := func(column string, err error) {
		if err != nil {
			f.Note(line, "%s %s", column, err)
		}
	}
	for _, c := range resultColumns {
		if c.required && value(c.name) == "" {
			f.Note(line, "%s is missing", c.name)
		}
	}
	x := &tenfoldv1.ResultToRecord{
		Authenticator: f.authenticator, ReportNumber: value("report"), ReportDigest: value("report_digest"), Statement: value("statement"),
	}
	f.subject(line, x, value)
	var err error
	if text := value("issued_at"); text != "" {
		x.IssuedAt, err = timeOf(text, f.zone)
		wrong("issued_at", err)
	}
	if text := value("sample_source"); text != "" {
		n, err := wordNumber(x.GetSampleSource().Descriptor(), text)
		wrong("sample_source", err)
		x.SampleSource = tenfoldv1.SampleSource(n)
	}
	x.CustodyIntact, err = yesOrNo(value("custody_intact"))
	wrong("custody_intact", err)
	x.Reinspection, err = yesOrNo(value("reinspection"))
	wrong("reinspection", err)
	if text := value("fee"); text != "" {
		x.Fee, err = amountOf(text)
		wrong("fee", err)
	}
	if text := value("fee_paid_by"); text != "" {
		n, err := wordNumber(x.GetFeePaidBy().Descriptor(), text)
		wrong("fee_paid_by", err)
		x.FeePaidBy = tenfoldv1.FeePayer(n)
	}
	if (value("fee") == "") != (value("fee_paid_by") == "") {
		f.Note(line, "fee and fee_paid_by must be given together")
	}
	f.units(line, x, value)
	if len(f.List) > before {
		return
	}
	f.keep(line, x, value)
}

// keep keeps a result under a request id that follows from its line, so that the same file
// again records nothing twice.
func (f *resultFile) keep(line int, x *tenfoldv1.ResultToRecord, value func(column string) string) {
	words := []string{"record-result", f.authenticator, x.GetParent()}
	for _, c := range resultColumns {
		words = append(words, value(c.name))
	}
	x.RequestId = apiclient.RequestIDOf(words...)
	if first, twice := f.seen[x.GetRequestId()]; twice {
		f.Note(line, "is the same as line %d", first)
		return
	}
	f.seen[x.GetRequestId()] = line
	f.results, f.lines = append(f.results, x), append(f.lines, line)
}

// subject reads what a result is about.
func (f *resultFile) subject(line int, x *tenfoldv1.ResultToRecord, value func(column string) string) {
	merchant := value("merchant")
	if merchant == "" {
		merchant = f.merchant
	}
	if merchant = strings.TrimPrefix(merchant, "merchants/"); !idPart.MatchString(merchant) {
		f.Note(line, "merchant must be a merchant's id of letters, digits, _ and -, not %s; or say --merchant", shown(merchant))
		return
	}
	x.Parent = "merchants/" + merchant
	given := 0
	if id := value("claim"); id != "" {
		given++
		name, err := claimText(id)
		if err != nil {
			f.Note(line, "claim %s", err)
			return
		}
		x.Subject = &tenfoldv1.ResultToRecord_Claim{Claim: x.Parent + name[strings.LastIndex(name, "/claims/"):]}
	}
	if id := value("order_line"); id != "" {
		given++
		x.Subject = &tenfoldv1.ResultToRecord_OrderLineName{OrderLineName: apiclient.OrderLineName(merchant, id)}
	}
	if id := value("order"); id != "" {
		given++
		x.Subject = &tenfoldv1.ResultToRecord_OrderId{OrderId: id}
	}
	if given != 1 {
		f.Note(line, "must name one of claim, order_line and order, not %d", given)
	}
}

// units reads the verdict on each unit.
func (f *resultFile) units(line int, x *tenfoldv1.ResultToRecord, value func(column string) string) {
	seen := make(map[int32]bool)
	for _, list := range []struct {
		column  string
		verdict tenfoldv1.Verdict
	}{
		{"counterfeit", tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {"genuine", tenfoldv1.Verdict_VERDICT_GENUINE},
		{"inconclusive", tenfoldv1.Verdict_VERDICT_INCONCLUSIVE},
	} {
		text := value(list.column)
		if text == "" {
			continue
		}
		ordinals, err := ordinalsOf(text)
		if err != nil {
			f.Note(line, "%s %s", list.column, err)
		}
		for _, n := range ordinals {
			if seen[n] {
				f.Note(line, "unit %d has two verdicts", n)
			}
			seen[n] = true
			x.UnitVerdicts = append(x.UnitVerdicts, &tenfoldv1.UnitVerdict{Ordinal: n, Verdict: list.verdict})
		}
	}
	if len(seen) == 0 && value("counterfeit")+value("genuine")+value("inconclusive") == "" {
		f.Note(line, "must give a verdict on at least one unit, in counterfeit, genuine or inconclusive")
	}
}

func yesOrNo(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "yes", "true":
		return true, nil
	case "", "no", "false":
		return false, nil
	}
	return false, fmt.Errorf("must be yes or no, not %s", shown(text))
}
