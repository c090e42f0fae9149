package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/linename"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// shown quotes a text in an error.
func shown(text string) string {
	if runes := []rune(text); len(runes) > shownMax {
		return strconv.Quote(string(runes[:shownMax])) + "…"
	}
	return strconv.Quote(text)
}

// amountForm is an amount as people write it and as tables print it: 1,234.50 CNY.
var amountForm = regexp.MustCompile(`^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))? ?([A-Z]{3})$`)

// amountOf reads an amount with its currency that is greater than zero.
func amountOf(text string) (*tenfoldv1.Money, error) {
	sum, err := sumOf(text)
	if err == nil && sum.GetMinorUnits() == 0 {
		return nil, errors.New("must be greater than zero")
	}
	return sum, err
}

// sumOf reads an amount with its currency, exactly: no digit is rounded or made up.
func sumOf(text string) (*tenfoldv1.Money, error) {
	m := amountForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("must be an amount with its currency, such as 12.34CNY, not %s", shown(text))
	}
	whole, part, currency := strings.ReplaceAll(m[1], ",", ""), m[2], m[3]
	decimals := money.Exponent(currency)
	if part == "" {
		part = strings.Repeat("0", decimals)
	}
	if len(part) != decimals {
		return nil, fmt.Errorf("must have %s or none, because amounts in %s have that many, not %s",
			counted(decimals, "decimal"), currency, shown(text))
	}
	minor, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || money.Amount(minor) > money.MaxAmount {
		return nil, fmt.Errorf("must be at most %s %s", amount(int64(money.MaxAmount), currency), currency)
	}
	return &tenfoldv1.Money{CurrencyCode: currency, MinorUnits: minor}, nil
}

// timeForms are the forms of a time: RFC 3339, the form of the tables, and without a zone the
// zone of the screen.
var timeForms = []string{time.RFC3339Nano, time.DateTime + " -07:00", time.DateTime, "2006-01-02 15:04"}

// timeOf reads a time.
func timeOf(text string, place *time.Location) (*timestamppb.Timestamp, error) {
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, text, place); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, fmt.Errorf("must be a time such as 2026-03-02T09:00:00Z, or 2026-03-02 17:00 in the zone of --tz, not %s", shown(text))
}

// momentOf reads the time of a flag that must be given. A day is its beginning.
func momentOf(flag, text string, place *time.Location) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, usageError{fmt.Errorf("%s is missing", settingOf(flag))}
	}
	if t, err := time.ParseInLocation(dateForm, text, place); err == nil {
		return timestamppb.New(t), nil
	}
	at, err := timeOf(text, place)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s %w", settingOf(flag), err)}
	}
	return at, nil
}

// durationForm is days, and then what Go calls a duration.
var durationForm = regexp.MustCompile(`^(?:([0-9]{1,6})d)?([0-9hms.]*)$`)

// durationOf reads a duration such as 7d, 36h or 1d12h.
func durationOf(text string) (*durationpb.Duration, error) {
	wrong := fmt.Errorf("must be a duration such as 7d, 36h or 90m, not %s", shown(text))
	m := durationForm.FindStringSubmatch(text)
	if m == nil || text == "" {
		return nil, wrong
	}
	var total time.Duration
	if m[1] != "" {
		days, err := strconv.Atoi(m[1])
		if err != nil || days > 36_500 {
			return nil, wrong
		}
		total = time.Duration(days) * 24 * time.Hour
	}
	if m[2] != "" {
		rest, err := time.ParseDuration(m[2])
		if err != nil || rest > 36_500*24*time.Hour {
			return nil, wrong
		}
		total += rest
	}
	return durationpb.New(total), nil
}

func wholeNumber(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number, not %s", shown(text))
	}
	return int32(n), nil
}

// ordinalsMax is the largest number of a unit.
const ordinalsMax = 10_000

// ordinalsOf reads the numbers of units: 1,3-5.
func ordinalsOf(text string) ([]int32, error) {
	wrong := fmt.Errorf("must be the numbers of units between 1 and 10000, such as 1,3-5, not %s", shown(text))
	var all []int32
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 31)
		last, err2 := strconv.ParseUint(to, 10, 31)
		if err != nil || err2 != nil || first < 1 || last < first || last > ordinalsMax {
			return nil, wrong
		}
		for n := int32(first); n <= int32(last); n++ {
			if slices.Contains(all, n) {
				return nil, fmt.Errorf("names unit %d twice", n)
			}
			all = append(all, n)
		}
	}
	return all, nil
}

// prefixOf is what the values of an enum begin with: CLAIM_STATE_ for ClaimState.
func prefixOf(e protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(e.Values().Get(0).Name()), "UNSPECIFIED")
}

// wordsOf are the values of an enum as flags spell them.
func wordsOf(e protoreflect.EnumDescriptor) []string {
	var words []string
	for i := 1; i < e.Values().Len(); i++ {
		word := strings.TrimPrefix(string(e.Values().Get(i).Name()), prefixOf(e))
		words = append(words, strings.ToLower(strings.ReplaceAll(word, "_", "-")))
	}
	return words
}

// wordNumber reads a value of an enum.
func wordNumber(e protoreflect.EnumDescriptor, text string) (protoreflect.EnumNumber, error) {
	v := e.Values().ByName(protoreflect.Name(prefixOf(e) + flagWord(strings.TrimSpace(text))))
	if v == nil || v.Number() == 0 {
		return 0, fmt.Errorf("must be %s, not %s", choices(wordsOf(e), text), shown(text))
	}
	return v.Number(), nil
}

// choices says which words there are; of very many, those that are near to the text.
func choices(words []string, text string) string {
	const many = 16
	if len(words) <= many {
		return alternatives(words)
	}
	near := slices.SortedFunc(slices.Values(words), func(a, b string) int { return distance(text, a) - distance(text, b) })
	return fmt.Sprintf("one of %d words (completion lists them), such as %s", len(words), alternatives(near[:3]))
}

// alternatives joins words to "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// unitVerdicts makes the flag that names the units of one verdict.
func unitVerdicts(verdict tenfoldv1.Verdict) func(*call, []string) error {
	return func(x *call, texts []string) error {
		ordinals, err := ordinalsOf(texts[0])
		if err != nil {
			return err
		}
		m := x.request.ProtoReflect()
		list := m.Mutable(x.verb.field("unit_verdicts")).List()
		for _, n := range ordinals {
			list.Append(protoreflect.ValueOfMessage((&tenfoldv1.UnitVerdict{Ordinal: n, Verdict: verdict}).ProtoReflect()))
		}
		return nil
	}
}

func unitFlag(name, usage string, verdict tenfoldv1.Verdict) input {
	return input{name: name, field: "unit_verdicts", usage: usage, put: unitVerdicts(verdict)}
}

// unitFlags are the flags that give each unit its verdict.
func unitFlags() []input {
	return []input{
		unitFlag("counterfeit", "units that are counterfeit, such as 1,3-5", tenfoldv1.Verdict_VERDICT_COUNTERFEIT),
		unitFlag("genuine", "units that are genuine", tenfoldv1.Verdict_VERDICT_GENUINE),
		unitFlag("inconclusive", "units of which it cannot be told", tenfoldv1.Verdict_VERDICT_INCONCLUSIVE),
		unitFlag("not-our-product", "units that the brand did not make", tenfoldv1.Verdict_VERDICT_NOT_OUR_PRODUCT),
		unitFlag("gray-market", "genuine units of an unauthorised channel", tenfoldv1.Verdict_VERDICT_GRAY_MARKET),
		unitFlag("tampered", "units that were opened, refilled or mixed", tenfoldv1.Verdict_VERDICT_TAMPERED),
		unitFlag("altered", "genuine units that were changed", tenfoldv1.Verdict_VERDICT_ALTERED),
		unitFlag("not-as-described", "units of the brand that are not what was sold", tenfoldv1.Verdict_VERDICT_NOT_AS_DESCRIBED),
	}
}

// claimText reads a claim's name or id.
func claimText(text string) (string, error) {
	name, err := claimNameOf(text)
	if err != nil {
		return "", fmt.Errorf("names no claim: %w", err)
	}
	return name, nil
}

func merchantText(text string) (string, error) { return merchantNameOf(text), nil }

func authenticatorText(text string) (string, error) {
	return "authenticators/" + strings.TrimPrefix(text, "authenticators/"), nil
}

// idPart is the form of every id in a name.
var idPart = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// under reads the name of a resource of a merchant, or MERCHANT/ID.
func under(collection string) func(string) (string, error) {
	return func(text string) (string, error) {
		merchant, rest, nested := strings.Cut(strings.TrimPrefix(text, "merchants/"), "/")
		id := strings.TrimPrefix(rest, collection+"/")
		if !nested || !idPart.MatchString(merchant) || !idPart.MatchString(id) {
			return "", fmt.Errorf("must be MERCHANT/ID or merchants/MERCHANT/%s/ID, not %s", collection, shown(text))
		}
		return "merchants/" + merchant + "/" + collection + "/" + id, nil
	}
}

// lineText reads the name of an order line, or MERCHANT/LINE with the id as it is.
func lineText(text string) (string, error) {
	const collection = "/orderLines/"
	if rest, named := strings.CutPrefix(text, "merchants/"); named {
		merchant, spelled, _ := strings.Cut(rest, collection)
		if id, ok := linename.ParseID(spelled); ok && id != "" && idPart.MatchString(merchant) {
			return text, nil
		}
		return "", fmt.Errorf("must be merchants/MERCHANT/orderLines/LINE, with every byte of the line's id but letters, digits and "+
			"-._~ percent-encoded, or MERCHANT/LINE with the id as it is, not %s", shown(text))
	}
	merchant, id, nested := strings.Cut(text, "/")
	if !nested || id == "" || !idPart.MatchString(merchant) {
		return "", fmt.Errorf("must be MERCHANT/LINE or merchants/MERCHANT/orderLines/LINE, not %s", shown(text))
	}
	return linename.Of(merchant, id), nil
}

// fileBytesMax is the largest file that a command reads: as much as a request may have.
const fileBytesMax = 4 << 20

// readInput reads a file, or the standard input for "-".
func readInput(path string, in io.Reader) ([]byte, error) {
	read := func() ([]byte, error) { return readBounded(path, fileBytesMax) }
	if path == "-" {
		read = func() ([]byte, error) { return readAtMost(in, fileBytesMax) }
	}
	raw, err := read()
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return raw, nil
}

// fromFile fills a message of the request, or the request itself for no field, from a file
// in JSON.
func fromFile(field string) func(*call, []string) error {
	return func(x *call, texts []string) error {
		into := x.request
		if field != "" {
			into = x.request.ProtoReflect().Mutable(x.verb.field(field)).Message().Interface()
		}
		raw, err := readInput(texts[0], x.cmd.InOrStdin())
		if err != nil {
			return err
		}
		read := into.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(raw, read); err != nil {
			return fmt.Errorf("is not a %s in JSON: %s", into.ProtoReflect().Descriptor().Name(), firstLine(err))
		}
		proto.Merge(into, read)
		return nil
	}
}

// firstLine is the first line of an error, bounded.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	const most = 200
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "…"
	}
	return line
}
