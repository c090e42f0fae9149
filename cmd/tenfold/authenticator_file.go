package main

import (
	"io"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// bodiesMax is how many authenticators a file may hold: all of them are one request.
	bodiesMax = 2_000
	// bodyFileMax is the size of a file in bytes.
	bodyFileMax = 8 << 20
)

// bodyColumns are the columns of a file of authenticators.
var bodyColumns = []csvColumn{
	{"authenticator", "the id of the authenticator", true},
	{"kind", "brand, accredited-lab, appraiser, court or trace", true},
	{"display_name", "name for people", true},
	{"categories", "category paths that it may judge, separated by semicolons", false},
	{"brands", "brands whose goods it may judge", false},
	{"trademark_numbers", "registration numbers of trademarks whose goods it may judge", false},
	{"methods", "methods that it may test by", false},
	{"accreditations", "SCHEME NUMBER FROM UNTIL, such as CNAS L0123 2024-02-01 2030-01-31", false},
	{"signature_algorithms", "algorithms by which it may sign results: EdDSA, ES256, RS256 or PS256", false},
	{"signed_only", "yes if only results that it signed are recorded", false},
	{"contacts", "ROLE EMAIL-OR-PHONE NAME, such as reports lab@example.com Report desk", false},
}

// bodyFile reads authenticators.
type bodyFile struct {
	csvFile
	items []*tenfoldv1.AuthenticatorToRegister
	// lines are those of the items.
	lines []int
	seen  map[string]int
}

func newBodyFile(path string) *bodyFile {
	return &bodyFile{
		csvFile: csvFile{Faults: &rulefile.Faults{File: path}, columns: bodyColumns, most: bodiesMax, thing: "authenticator"},
		seen:    make(map[string]int),
	}
}

// read reads comma-separated values with a line of column names. It gives *rulefile.Faults
// with everything that is wrong.
func (f *bodyFile) read(in io.Reader) error { return f.rows(in, f.body) }

// body reads one authenticator, and checks it by the rules of the registry.
func (f *bodyFile) body(line int, value func(column string) string) {
	id := value("authenticator")
	if id != "" && !idPart.MatchString(id) {
		f.Note(line, "authenticator must be an id of letters, digits, _ and -, not %s", shown(id))
	}
	if first, twice := f.seen[id]; twice && id != "" {
		f.Note(line, "authenticator %s stands in line %d already", shown(id), first)
	}
	f.seen[id] = line
	a := &tenfoldv1.Authenticator{
		DisplayName: value("display_name"), Categories: listOf(value("categories")), Brands: listOf(value("brands")),
		TrademarkNumbers: listOf(value("trademark_numbers")), Methods: listOf(value("methods")),
		SignatureAlgorithms: listOf(value("signature_algorithms")),
	}
	var err error
	if a.SignedOnly, err = yesOrNo(value("signed_only")); err != nil {
		f.Note(line, "signed_only %s", err)
	}
	if text := value("kind"); text != "" {
		n, err := wordNumber(a.GetKind().Descriptor(), text)
		if err != nil {
			f.Note(line, "kind %s", err)
		}
		a.Kind = tenfoldv1.AuthenticatorKind(n)
	}
	for _, text := range listOf(value("accreditations")) {
		x, err := accreditationOf(text)
		if err != nil {
			f.Note(line, "accreditations %s", err)
		}
		a.Accreditations = append(a.Accreditations, x)
	}
	for _, text := range listOf(value("contacts")) {
		x, err := contactOf(text)
		if err != nil {
			f.Note(line, "contacts %s", err)
		}
		a.Contacts = append(a.Contacts, x)
	}
	if !f.sound() {
		return
	}
	if refused, ok := fault.As(rpc.CheckAuthenticator(a)); ok {
		f.Note(line, "%s", refused.Detail)
		return
	}
	f.items, f.lines = append(f.items, &tenfoldv1.AuthenticatorToRegister{AuthenticatorId: id, Authenticator: a}), append(f.lines, line)
}

// listOf parts a value at semicolons. Nothing between two of them is nothing.
func listOf(value string) []string {
	var list []string
	for part := range strings.SplitSeq(value, ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
