package event_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

var update = flag.Bool("update", false, "add the kinds of event that the golden file lacks; what it has never changes")

// golden holds an event of every kind with its hash, by encoding.
var golden = map[byte]string{event.EncodingV1: "testdata/encoding_v1.txt", event.EncodingV2: "testdata/encoding_v2.txt"}

// Would catch any change of a released encoding: a chain that was sealed would
// not verify any more. Kinds may be added, with -update; what stands there stays.
func TestEncodingNeverChanges(t *testing.T) {
	t.Parallel()
	for version, name := range golden {
		neverChanges(t, version, name)
	}
}

func neverChanges(t *testing.T, version byte, name string) {
	t.Helper()
	stored, err := os.ReadFile(name)
	if err != nil && !*update {
		t.Fatal(err)
	}
	text := string(stored)
	previous := event.Genesis("m-1")
	for i, k := range inOrder(text, kinds(t)) {
		e := sample(k, i+1)
		e.SealAs(version, previous)
		previous = e.Hash
		want := fmt.Sprintf("%s\n%s\n%x\n\n", k, e.Content, e.Hash)
		switch {
		case strings.Contains(text, want):
		case *update && !strings.Contains(text, heading(k)):
			text += want
		default:
			t.Errorf("an event of kind %s is encoded as\n%s\nwith the hash %x; a released encoding never changes", k, e.Content, e.Hash)
		}
	}
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// heading is how a kind's entry in the golden file begins.
func heading(k event.Kind) string { return string(k) + "\n{" }

// inOrder puts the kinds in the order of the golden file, what it lacks last.
func inOrder(text string, list []event.Kind) []event.Kind {
	position := func(k event.Kind) int {
		if at := strings.Index(text, heading(k)); at >= 0 {
			return at
		}
		return len(text)
	}
	slices.SortStableFunc(list, func(a, b event.Kind) int { return position(a) - position(b) })
	return list
}

// Would catch a fact that is lost or changed between encoding and decoding.
func TestSamplesComeBack(t *testing.T) {
	t.Parallel()
	for i, k := range kinds(t) {
		for version := range golden {
			comesBack(t, version, sample(k, i+1))
		}
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// comesBack proves that decoding gives the event as it was sealed, and that
// this encodes to the same bytes again.
func comesBack(t failer, version byte, e *event.Event) {
	t.Helper()
	if version == event.EncodingV1 {
		e.Rows = nil
	}
	e.SealAs(version, event.Genesis(e.MerchantID))
	got, err := event.Decode(version, e.Content)
	if err != nil {
		t.Fatalf("decode %s: %v", e.Content, err)
	}
	want := *e
	want.Hash = event.Hash{}
	want.Transfers, want.Details = nil, nil
	// The content names book, event, claim and time once for all its transfers.
	for _, one := range e.Transfers {
		one.MerchantID, one.EventNumber, one.ClaimID, one.RecordedAt = e.MerchantID, e.Number, e.ClaimID, e.RecordedAt
		want.Transfers = append(want.Transfers, one)
	}
	// An empty value says what no value says.
	for _, d := range e.Details {
		if d.Value != "" {
			want.Details = append(want.Details, d)
		}
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Fatalf("%s comes back otherwise:\n%s", e.Content, diff)
	}
	if len(e.Details) > 0 && len(want.Details) == 0 {
		return // An object without a member, which decoding cannot tell from none.
	}
	got.SealAs(version, event.Genesis(e.MerchantID))
	if got.Content != e.Content || got.Hash != e.Hash {
		t.Fatalf("%s\nencodes again as\n%s", e.Content, got.Content)
	}
}

// Would catch a text, number or time for which the encoding is not one to one.
func TestAnyEventComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String() // Valid UTF-8, as the database holds it.
		at := rapid.Custom(func(t *rapid.T) time.Time {
			const second = 1_000_000
			return time.UnixMicro(rapid.Int64Range(-50_000_000_000*second, 200_000_000_000*second).Draw(t, "micros")).UTC()
		})
		e := &event.Event{
			MerchantID: text.Draw(t, "book"), Number: rapid.Int64().Draw(t, "number"), Kind: event.Kind(text.Draw(t, "kind")),
			RecordedAt: at.Draw(t, "recorded at"),
			Actor:      event.Actor{Workload: text.Draw(t, "workload"), Role: text.Draw(t, "role"), Person: text.Draw(t, "person")},
			Method:     text.Draw(t, "method"), RequestID: text.Draw(t, "request id"), ClaimID: text.Draw(t, "claim"),
		}
		if rapid.Bool().Draw(t, "moves") {
			e.Move = &event.Move{From: text.Draw(t, "from"), To: text.Draw(t, "to"), Trigger: text.Draw(t, "trigger"), Version: rapid.Int64().Draw(t, "version")}
		}
		for range rapid.IntRange(0, 3).Draw(t, "transfers") {
			e.Transfers = append(e.Transfers, ledger.Transfer{
				Number: rapid.Int64().Draw(t, "transfer"), Kind: ledger.Kind(text.Draw(t, "kind")),
				Debit: ledger.Purpose(text.Draw(t, "debit")), Credit: ledger.Purpose(text.Draw(t, "credit")),
				Amount: money.Amount(rapid.Int64().Draw(t, "amount")), Currency: text.Draw(t, "currency"),
				OrderLineID: text.Draw(t, "line"), PayoutID: text.Draw(t, "payout"), ExternalReference: text.Draw(t, "reference"),
				Reverses: rapid.Int64().Draw(t, "reverses"), EffectiveAt: at.Draw(t, "effective at"),
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "details") {
			e.Details = append(e.Details, event.Detail{Key: text.Draw(t, "key"), Value: text.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "rows") {
			r := event.Row{Table: text.Draw(t, "table"), Key: text.Draw(t, "row key")}
			copy(r.Digest[:], rapid.SliceOfN(rapid.Byte(), len(r.Digest), len(r.Digest)).Draw(t, "digest"))
			for range rapid.IntRange(0, 2).Draw(t, "facts") {
				value := rapid.StringN(1, -1, -1).Draw(t, "fact")
				r.Facts = append(r.Facts, event.Detail{Key: text.Draw(t, "fact key"), Value: value})
			}
			e.Rows = append(e.Rows, r)
		}
		for version := range golden {
			again := *e
			comesBack(t, version, &again)
		}
	})
}

// Would catch a text that closes its own quotes, and bytes that a database
// refuses: whatever is no UTF-8 becomes U+FFFD.
func TestTextsAreQuoted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"`:                `"\""`,
		`\`:                `"\\"`,
		"\x00\x1f":         `"\u0000\u001f"`,
		"\n\t":             `"\u000a\u0009"`,
		"\x7f/<>&":         "\"\x7f/<>&\"",
		"假\u2028":          "\"假\u2028\"",
		"a\xffb":           "\"a\ufffdb\"",
		"\xe5\x81":         "\"\ufffd\ufffd\"",
		`","kind":"FORGED`: `"\",\"kind\":\"FORGED"`,
	} {
		e := &event.Event{ClaimID: text}
		e.Seal(event.Hash{})
		if got := strings.TrimSuffix(strings.TrimPrefix(e.Content, `{"claim":`), "}"); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

// Would catch a time that is encoded by its zone or below what the database keeps.
func TestTimesAreMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	beijing := time.FixedZone("UTC+8", 8*60*60)
	for _, at := range []time.Time{moment, moment.In(beijing), moment.Add(999)} {
		e := &event.Event{RecordedAt: at}
		e.Seal(event.Hash{})
		if want := `{"recorded_at":"2026-11-24T08:30:15.123456Z"}`; e.Content != want {
			t.Errorf("%s is written %s, want %s", at, e.Content, want)
		}
	}
}

// Would catch an encoding of another version read as this one.
func TestDecodeRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for encoding, content := range map[byte]string{0: "{}", 3: "{}", event.EncodingV1: "{", event.EncodingV2: `{"rows":[{"digest":"00"}]}`} {
		if e, err := event.Decode(encoding, content); err == nil {
			t.Errorf("encoding %d of %q gives %+v", encoding, content, e)
		}
	}
}

// Would catch content that breaks the decoder: the audit reads rows that
// somebody may have changed.
func FuzzDecode(f *testing.F) {
	for i, k := range []event.Kind{event.BookOpened, event.ClaimPaid, event.PayoutAnswered} {
		e := sample(k, 20*(i+3))
		e.Seal(event.Hash{})
		f.Add(byte(event.Encoding), e.Content)
	}
	for _, details := range []string{"null", "7", "[", "[1,2]", `{"a":1}`, `{"a":{}}`, `"x"`, `{"a":"b"`} {
		f.Add(byte(event.EncodingV1), `{"details":`+details+`}`)
	}
	f.Fuzz(func(t *testing.T, encoding byte, content string) {
		e, err := event.Decode(encoding, content)
		if err != nil {
			return
		}
		if e.Content != content {
			t.Fatalf("decoding %q gives %q", content, e.Content)
		}
		e.Seal(event.Hash{})
		sealed := e.Content
		if years := e.RecordedAt.UTC().Year(); years < 1 || years > 9_999 {
			return // No clock of ours goes there.
		}
		for _, one := range e.Transfers {
			if years := one.EffectiveAt.UTC().Year(); years < 1 || years > 9_999 {
				return
			}
		}
		if _, err := event.Decode(event.Encoding, sealed); err != nil {
			t.Fatalf("%q is sealed as %q: %v", content, sealed, err)
		}
	})
}
