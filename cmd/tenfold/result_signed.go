package main

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// signedMax is the most bytes of a signed result, as the contract has it.
const signedMax = 131_072

// compact is the form of a JSON Web Signature, which no line of column names has.
var compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// readSigned reads a file with a signed result in each line.
func (f *resultFile) readSigned(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, signedMax+len("\ufeff\r\n"))
	at := 0
	for at++; lines.Scan(); at++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" {
			continue
		}
		if f.taken == f.most {
			f.Note(at, "the file has more than %d results; divide it", f.most)
			break
		}
		f.taken++
		f.signedResult(at, func(column string) string {
			if column == signedColumn {
				return text
			}
			return ""
		})
		if len(f.List) > csvFaultsMax {
			f.List = f.List[:csvFaultsMax]
			f.Note(at, "and perhaps more; the rest of the file was not read")
			break
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		f.Note(at, "has more than %d bytes, which no signed result has", signedMax)
	case err != nil:
		return err
	}
	if len(f.List) > 0 {
		return f.Faults
	}
	return nil
}

// besideSigned are the columns that may have values beside a signed result.
var besideSigned = []string{"merchant", signedColumn, "report_digest", "fee", "fee_paid_by", "commission", "supersedes"}

// signedResult reads a line with a signed result. Whether its body signed it is for the server,
// which has the keys.
func (f *resultFile) signedResult(line int, value func(column string) string) {
	begun := len(f.List)
	text := value(signedColumn)
	for _, c := range resultColumns {
		if value(c.name) != "" && !slices.Contains(besideSigned, c.name) {
			f.Note(line, "%s must be empty beside signed_result, which says it", c.name)
		}
	}
	said, err := signature.ParseStatement(text)
	var report *authenticator.Report
	if err == nil {
		report, err = authenticator.ReadReport(said)
	}
	if err != nil {
		why := err.Error()
		if refused, ok := fault.As(err); ok {
			why = refused.Detail
		}
		f.Note(line, "is no signed result: %s", why)
		return
	}
	of := "authenticators/" + report.Issuer.Authenticator
	if f.authenticator != "" && f.authenticator != of {
		f.Note(line, "is signed for authenticator %s, not for that of --authenticator", report.Issuer.Authenticator)
	}
	if m := strings.TrimPrefix(value("merchant"), "merchants/"); m != "" && m != report.Subject.Merchant {
		f.Note(line, "is signed about merchant %s, and not about %s", report.Subject.Merchant, shown(m))
	}
	x := &tenfoldv1.RecordSignedResultRequest{Parent: "merchants/" + report.Subject.Merchant, SignedResult: text}
	told := f.beside(line, value)
	x.ReportDigest, x.Fee, x.FeePaidBy, x.Commission, x.Supersedes = told.digest, told.fee, told.payer, told.commission, told.supersedes
	if len(f.List) > begun {
		return
	}
	words := []string{"record-signed-result", x.GetParent(), text, value("report_digest"), value("fee"), value("fee_paid_by"), value("commission")}
	if told.supersedes != "" {
		words = append(words, "supersedes", told.supersedes)
	}
	x.RequestId = apiclient.RequestIDOf(words...)
	if f.first(line, x.GetRequestId()) {
		f.signed, f.signedLines = append(f.signed, x), append(f.signedLines, line)
	}
}

// reportOf is the number of the report of a signed result that was read.
func reportOf(x *tenfoldv1.RecordSignedResultRequest) string {
	said, err := signature.ParseStatement(x.GetSignedResult())
	if err != nil {
		return ""
	}
	report, err := authenticator.ReadReport(said)
	if err != nil {
		return ""
	}
	return report.Report.Number
}
