package event_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// Would catch a decoder that refuses an event which was sealed, because a time, an
// amount or a text of it is absurd: such an event would be withheld from all readers
// although nothing of it is damaged.
func TestDecodeReadsWhatWasSealedHoweverAbsurd(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sane := event.Event{MerchantID: "m1", Number: 1, Kind: event.ClaimFiled, RecordedAt: at, Method: "FileClaim"}
	for name, spoil := range map[string]func(*event.Event){
		"nothing at all": func(e *event.Event) { *e = event.Event{} },
		"after the year 9999": func(e *event.Event) {
			e.RecordedAt = time.Date(10_000, 2, 29, 23, 59, 59, 999_999_000, time.UTC)
			e.Transfers = []ledger.Transfer{{Number: 1, EffectiveAt: time.Date(294_276, 12, 31, 0, 0, 0, 0, time.UTC)}}
		},
		"before the year 1": func(e *event.Event) {
			e.RecordedAt = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
			e.Transfers = []ledger.Transfer{{Number: 1, EffectiveAt: time.Date(-4713, 11, 24, 0, 0, 0, 0, time.UTC)}}
		},
		"numbers at their ends": func(e *event.Event) {
			e.Number, e.Move = math.MinInt64, &event.Move{Version: math.MaxInt64}
			e.Transfers = []ledger.Transfer{{Number: math.MaxInt64, Amount: math.MinInt64, Reverses: -1}}
		},
		"unknown words":      func(e *event.Event) { e.Kind, e.Move = "SURELY NOT", &event.Move{From: "?", To: "*", Trigger: ">"} },
		"control characters": func(e *event.Event) { e.MerchantID, e.RequestID = "\x01\n\"\\", "\u2028<>\x7f" },
		"a long text":        func(e *event.Event) { e.RequestID = strings.Repeat("長", 1<<16) },
		"names of facts repeated": func(e *event.Event) {
			e.Details = []event.Detail{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}, {Value: "3"}}
		},
		"an empty move": func(e *event.Event) { e.Move = new(event.Move) },
	} {
		e := sane
		spoil(&e)
		e.Seal(event.Hash{})
		got, err := event.Decode(event.EncodingV1, e.Content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Hash = e.Hash
		// Decode fills in what a transfer has from its event.
		ignored := cmpopts.IgnoreFields(ledger.Transfer{}, "MerchantID", "EventNumber", "ClaimID", "RecordedAt")
		if diff := cmp.Diff(&e, got, ignored, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Would catch a decoder that panics, or takes for a time what is none.
func TestDecodeRefusesTimesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"12026-02-30T00:00:00.000000Z", "infinity", "10000-01-01T25:00:00.000000Z", "", "12345678-01-01T00:00:00.000000Z"} {
		if e, err := event.Decode(event.EncodingV1, `{"book":"m1","recorded_at":"`+text+`"}`); err == nil {
			t.Errorf("%q is read as %s", text, e.RecordedAt)
		}
	}
}
