package postgres_test

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The forms of imports, byte for byte.
const (
	wholeMapping1 = `{"separator":";","encoding":"GB18030","amount":"a","in":"i","out":"o","minor":true,"inverted":true,"currency":"CNY","currencyColumn":"c","time":"t","timeForm":"2006-01-02","zone":"UTC","outNumber":"n","reference":"r","original":"g","orderId":"d","account":"k","status":"s","statuses":{"ok":"DONE"},"kind":"w","kinds":{"fee":"FEE"}}`
	wholeReport1  = `{"encoding":"UTF-8","packed":"gzip","currency":"CNY","lines":2,"inMinor":3,"outMinor":4,"first":"2026-03-01T00:00:00Z","last":"2026-03-01T00:00:01Z","proof":"the summary","problems":[{"code":"TRUNCATED","line":5,"column":"c","text":"ends","times":1}],"notices":[{"code":"OTHER_DAYS","text":"is of another","times":2}]}`
)

func wholeMapping() *formats.Mapping {
	return &formats.Mapping{
		Separator: ";", Encoding: "GB18030", Amount: "a", In: "i", Out: "o", Minor: true, Inverted: true, Currency: "CNY", CurrencyColumn: "c",
		Time: "t", TimeForm: "2006-01-02", Zone: "UTC", OutNumber: "n", Reference: "r", Original: "g", OrderID: "d", Account: "k",
		Status: "s", Statuses: map[string]formats.Status{"ok": formats.Done}, Kind: "w", Kinds: map[string]formats.Kind{"fee": formats.Fee},
	}
}

func wholeReport() *formats.Report {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return &formats.Report{
		Encoding: "UTF-8", Packed: "gzip", Currency: "CNY", Lines: 2, In: 3, Out: 4, First: at, Last: at.Add(time.Second), Proof: "the summary",
		Problems: []formats.Problem{{Code: formats.Truncated, Line: 5, Column: "c", Text: "ends", Times: 1}},
		Notices:  []formats.Problem{{Code: formats.OtherDays, Text: "is of another", Times: 2}},
	}
}

// imports stores an import that says everything, unless it is there, and gives its condition.
func (b *books) imports() string {
	b.t.Helper()
	const condition = `import_id = 'i-1'`
	if _, found, err := b.pg.Reader().Import(b.t.Context(), "i-1"); found || err != nil {
		return condition
	}
	i := &reconcile.Import{
		ID: "i-1", Account: "a", Side: reconcile.Gateway, Day: "2026-03-01", Format: formats.CSV, Mapping: wholeMapping(), Size: 1, CreatedAt: start,
		By: principal.Principal{Workload: "w", Role: principal.RoleFinance, Person: "p"},
	}
	r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-1", Method: "Import"}, RecordedAt: start}}}
	if _, _, err := b.pg.CreateImport(b.t.Context(), r, i); err != nil {
		b.t.Fatal(err)
	}
	_, err := b.pg.ReadImport(b.t.Context(), "i-1", start, true, func(*reconcile.Import, bool, *postgres.LineWriter) (*formats.Report, error) {
		return wholeReport(), nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return condition
}
