package event_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

var moment = time.Date(2026, 11, 24, 8, 30, 15, 123_456_000, time.UTC)

// kinds reads every kind of event from the source: the package lists none.
func kinds(t *testing.T) []event.Kind {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []event.Kind
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Kind" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, event.Kind(value))
		}
		return true
	})
	return list
}

// sample is a fixed event of a kind, the n-th of its book. Together the samples
// hold every member of the encoding, present and absent, and every character
// that is escaped or must not be.
func sample(k event.Kind, n int) *event.Event {
	commitment := event.Commit([]byte("salt of the person"), "person-7")
	e := &event.Event{
		MerchantID: "m-1", Number: int64(n), Kind: k, RecordedAt: moment.Add(time.Duration(n) * time.Millisecond),
		Actor:  event.Actor{Workload: "order-service", Role: "order-service"},
		Method: "ClaimService/FileClaim", RequestID: fmt.Sprintf("request-%d", n),
	}
	if n%2 == 0 {
		e.Actor.Person = hex.EncodeToString(commitment[:])
	}
	if n%3 == 0 {
		e.ClaimID = "1KB2H-4V6T0-0QX5Z-3M8N7"
		e.Move = &event.Move{From: "NOTIFIED", To: "PAYING", Trigger: "ACCEPTED", Version: int64(n)}
	}
	if n%4 == 0 {
		e.RequestID = ""
		e.Transfers = []ledger.Transfer{
			transfer(int64(2*n), ledger.DepositCaptured, 220_000, "payout-1", "", 0),
			transfer(int64(2*n+1), ledger.DepositTopUpReversed, 1, "", "bank \"9\"\\1", int64(n)),
		}
	}
	if n%5 == 0 {
		e.Details = []event.Detail{{Key: "note", Value: "假一赔十 <&> ü\u2028"}, {Key: "control", Value: "a\tb\n\x00\x1f\x7f"}, {Key: "empty", Value: ""}}
	}
	if n%7 == 1 {
		e.Rows = []event.Row{
			{Table: "payouts", Key: fmt.Sprintf("payout-%d", n), Digest: event.Genesis("a payout"), Facts: []event.Detail{
				{Key: "amount_minor", Value: "220000"}, {Key: "destination", Value: "wallet \"7\""},
			}},
			{Table: "claims", Digest: event.Genesis("a claim")},
		}
	}
	return e
}

func transfer(number int64, k ledger.Kind, amount money.Amount, payoutID, reference string, reverses int64) ledger.Transfer {
	return ledger.Transfer{
		Number: number, Kind: k, Debit: k.Legs().Debit, Credit: k.Legs().Credit, Amount: amount, Currency: "CNY",
		OrderLineID: "line-1", PayoutID: payoutID, ExternalReference: reference, Reverses: reverses,
		EffectiveAt: moment.Add(-time.Hour),
	}
}

// chain is a book of one sealed sample of each kind.
func chain(t *testing.T, merchantID string) []row {
	t.Helper()
	previous := event.Genesis(merchantID)
	var rows []row
	for i, k := range kinds(t) {
		e := sample(k, i+1)
		e.MerchantID = merchantID
		e.Seal(previous)
		previous = e.Hash
		rows = append(rows, row{event.Encoding, e.Content, e.Hash})
	}
	return rows
}

// row is what the database keeps of an event, as far as the chain goes.
type row struct {
	encoding byte
	content  string
	hash     event.Hash
}

// verify walks a chain from its book's beginning to the head that the book's
// own row keeps, and tells the first event that does not fit.
func verify(merchantID string, rows []row, head event.Hash) error {
	previous := event.Genesis(merchantID)
	for i, r := range rows {
		e, err := event.Decode(r.encoding, r.content)
		if err != nil {
			return err
		}
		if e.MerchantID != merchantID || e.Number != int64(i+1) {
			return fmt.Errorf("event %d of %s is at position %d of %s", e.Number, e.MerchantID, i+1, merchantID)
		}
		if want := event.Chain(previous, r.encoding, r.content); !bytes.Equal(want[:], r.hash[:]) {
			return fmt.Errorf("event %d does not fit the one before it", e.Number)
		}
		previous = r.hash
	}
	if previous != head {
		return fmt.Errorf("the chain ends before the book's head")
	}
	return nil
}
