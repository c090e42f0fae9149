package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// resultsMax is how many results a file may hold, and resultFileMax its size in bytes.
	resultsMax    = 100_000
	resultFileMax = 64 << 20
)

// resultColumns are the columns of a file of results, and whether each line needs a value.
var resultColumns = []csvColumn{
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
	{"not_our_product", "units that the brand did not make", false},
	{"gray_market", "genuine units of an unauthorised channel", false},
	{"tampered", "units that were opened, refilled or mixed", false},
	{"altered", "genuine units that were changed", false},
	{"not_as_described", "units of the brand that are not what was sold", false},
	{"custody_intact", "yes if the chain of custody has no gap and every seal matched, where no step of custody tells", false},
	{"sample", "the sample, as its steps of custody name it", false},
	{"reinspection", "yes for a re-inspection", false},
	{"report_digest", "SHA-256 of the report", false},
	{"statement", "the finding in words", false},
	{"fee", "cost with its currency, such as 300.00CNY", false},
	{"fee_paid_by", "claimant or platform", false},
	{"commission", "the commission that it answers: MERCHANT/CLAIM/NUMBER", false},
	{"supersedes", "the earlier result that it corrects: MERCHANT/RESULT", false},
	{"methods", "methods that were tested by, separated by semicolons; the authenticator must be registered for them", false},
	{"brand", "brand that the goods bear; the authenticator must be registered for it", false},
	{"trademark_number", "registration number of the trademark that the goods bear; the same", false},
	{signedColumn, "the result as its body signed it, with report_digest, fee, fee_paid_by, commission and supersedes beside it alone", false},
}

// signedColumn is the column of signed results.
const signedColumn = "signed_result"

// laterColumns were not there in the first place: the request id of a line covers them only where
// they say something, so that files from before keep their ids.
var laterColumns = []string{
	"not_our_product", "gray_market", "tampered", "altered", "not_as_described", "commission", "supersedes", "methods", "brand", "trademark_number",
	signedColumn,
}

// resultFile reads the results that a brand or a laboratory has found.
type resultFile struct {
	csvFile
	authenticator, merchant string
	zone                    *time.Location
	results                 []*tenfoldv1.ResultToRecord
	// signed are the results that bodies signed.
	signed []*tenfoldv1.RecordSignedResultRequest
	// lines are those of the results, signedLines those of the signed ones.
	lines, signedLines []int
	seen               map[string]int
}

// newResultFile is a file of results that is to be read. Lines that name no merchant are
// about this one.
func newResultFile(path, authenticator, merchant string, zone *time.Location) *resultFile {
	return &resultFile{
		csvFile:       csvFile{Faults: &rulefile.Faults{File: path}, columns: resultColumns, most: resultsMax, thing: "result", instead: signedColumn},
		authenticator: authenticator, merchant: merchant, zone: zone, seen: make(map[string]int),
	}
}

// read reads comma-separated values with a line of column names, or a signed result in each line.
// It gives *rulefile.Faults with everything that is wrong.
func (f *resultFile) read(in io.Reader) error {
	whole := bufio.NewReaderSize(in, signedMax+1)
	head, err := whole.Peek(signedMax + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")), "\n")
	if compact.MatchString(strings.TrimSpace(first)) {
		return f.readSigned(whole)
	}
	return f.rows(whole, f.result)
}

// result reads one result.
func (f *resultFile) result(line int, value func(column string) string) {
	if value(signedColumn) != "" {
		f.signedResult(line, value)
		return
	}
	if f.authenticator == "" {
		f.Note(line, "--authenticator is missing: say whose result it is")
		return
	}
	wrong := func(column string, err error) {
		if err != nil {
			f.Note(line, "%s %s", column, err)
		}
	}
	x := &tenfoldv1.ResultToRecord{
		Authenticator: f.authenticator, ReportNumber: value("report"), Statement: value("statement"),
		Sample: value("sample"), Brand: value("brand"), TrademarkNumber: value("trademark_number"),
	}
	for _, m := range strings.Split(value("methods"), ";") {
		if m = strings.TrimSpace(m); m != "" {
			x.Methods = append(x.Methods, m)
		}
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
	told := f.beside(line, value)
	x.ReportDigest, x.Fee, x.FeePaidBy, x.Commission, x.Supersedes = told.digest, told.fee, told.payer, told.commission, told.supersedes
	f.units(line, x, value)
	if !f.sound() {
		return
	}
	f.keep(line, x, value)
}

// besideFinding is what a line says beside the finding.
type besideFinding struct {
	digest, commission, supersedes string
	fee                            *tenfoldv1.Money
	payer                          tenfoldv1.FeePayer
}

// beside reads what a line says beside the finding.
func (f *resultFile) beside(line int, value func(column string) string) (told besideFinding) {
	wrong := func(column string, err error) {
		if err != nil {
			f.Note(line, "%s %s", column, err)
		}
	}
	var err error
	if text := value("fee"); text != "" {
		told.fee, err = amountOf(text)
		wrong("fee", err)
	}
	if text := value("fee_paid_by"); text != "" {
		n, err := wordNumber(told.payer.Descriptor(), text)
		wrong("fee_paid_by", err)
		told.payer = tenfoldv1.FeePayer(n)
	}
	if (value("fee") == "") != (value("fee_paid_by") == "") {
		f.Note(line, "fee and fee_paid_by must be given together")
	}
	if text := value("commission"); text != "" {
		told.commission, err = commissionText(text)
		wrong("commission", err)
	}
	if text := value("supersedes"); text != "" {
		told.supersedes, err = under("results")(text)
		wrong("supersedes", err)
	}
	told.digest = value("report_digest")
	return told
}

// keep keeps a result under a request id that follows from its line, so that the same file
// again records nothing twice.
func (f *resultFile) keep(line int, x *tenfoldv1.ResultToRecord, value func(column string) string) {
	words := []string{"record-result", f.authenticator, x.GetParent()}
	for _, c := range resultColumns {
		switch text := value(c.name); {
		case !slices.Contains(laterColumns, c.name):
			words = append(words, text)
		case text != "":
			words = append(words, c.name, text)
		}
	}
	x.RequestId = apiclient.RequestIDOf(words...)
	if f.first(line, x.GetRequestId()) {
		f.results, f.lines = append(f.results, x), append(f.lines, line)
	}
}

// first notes a request id that an earlier line has.
func (f *resultFile) first(line int, requestID string) bool {
	if first, twice := f.seen[requestID]; twice {
		f.Note(line, "is the same as line %d", first)
		return false
	}
	f.seen[requestID] = line
	return true
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

// unitColumns are the columns that name the units of one verdict.
var unitColumns = []struct {
	column  string
	verdict tenfoldv1.Verdict
}{
	{"counterfeit", tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {"genuine", tenfoldv1.Verdict_VERDICT_GENUINE},
	{"inconclusive", tenfoldv1.Verdict_VERDICT_INCONCLUSIVE}, {"not_our_product", tenfoldv1.Verdict_VERDICT_NOT_OUR_PRODUCT},
	{"gray_market", tenfoldv1.Verdict_VERDICT_GRAY_MARKET}, {"tampered", tenfoldv1.Verdict_VERDICT_TAMPERED},
	{"altered", tenfoldv1.Verdict_VERDICT_ALTERED}, {"not_as_described", tenfoldv1.Verdict_VERDICT_NOT_AS_DESCRIBED},
}

// units reads the verdict on each unit.
func (f *resultFile) units(line int, x *tenfoldv1.ResultToRecord, value func(column string) string) {
	seen := make(map[int32]bool)
	given := ""
	for _, list := range unitColumns {
		text := value(list.column)
		given += text
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
	if len(seen) == 0 && given == "" {
		f.Note(line, "must give a verdict on at least one unit, such as in counterfeit, genuine or inconclusive")
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
