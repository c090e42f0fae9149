package postgres_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a need that books state and nobody reads: what it names would never be
// in memory. Every list of names is filled, and must be empty once it was read.
func TestEveryNeedIsRead(t *testing.T) {
	t.Parallel()
	pg, err := postgres.Open(pgtest.New(t).AppURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close()
	s := pg.OpenSession()
	defer s.Close()
	books := book.Books{"": book.New("", nil, &book.Settings{})}
	n := book.NewNeeds(books)
	lists := 0
	of := reflect.ValueOf(n).Elem()
	for i := range of.NumField() {
		if list := of.Field(i); list.Kind() == reflect.Slice {
			list.Set(reflect.Append(list, reflect.Zero(list.Type().Elem())))
			lists++
		}
	}
	if lists < 10 {
		t.Fatalf("needs have %d lists", lists)
	}
	if err := s.Alone(context.Background(), func(tx *postgres.Tx) error { return tx.Load(n) }); err != nil {
		t.Fatal(err)
	}
	for i := range of.NumField() {
		if list := of.Field(i); list.Kind() == reflect.Slice && list.Len() > 0 {
			t.Errorf("the need %s was not read", of.Type().Field(i).Name)
		}
	}
}

// Would catch a table of books that no kind of row stands for: its rows would be
// written behind the book's back.
func TestEveryTableOfBooksIsAKind(t *testing.T) {
	t.Parallel()
	kinds := make(map[string]bool)
	for k := range book.KindCount {
		kinds[k.String()] = true
	}
	others := map[string]string{
		"books":                 "the head, which is the mutex of the rows",
		"webhooks":              "kept beside the pipeline",
		"webhook_requests":      "kept beside the pipeline",
		"webhook_deliveries":    "kept beside the pipeline",
		"event_quarantines":     "kept beside the pipeline",
		"uploads":               "kept beside the pipeline",
		"upload_chunks":         "kept beside the pipeline",
		"reservations":          "keyed by themselves, over all books",
		"balance_snapshots":     "sums that a worker makes of transfers",
		"snapshot_progress":     "how far it is with them",
		"exposure_snapshots":    "sums that a worker makes of events",
		"exposure_openings":     "how books were when the history of their exposure began",
		"period_heads":          "a mark of the close of a month in each book",
		"suspense_explanations": "what a person said of an account, for the close of a month",
		"access_refusals":       "attempts that were refused, of books or of none",
	}
	for table, columns := range columnsOf(t) {
		ofBook := false
		for _, c := range columns {
			ofBook = ofBook || c == "merchant_id"
		}
		_, other := others[table]
		switch {
		case ofBook && !kinds[table] && !other:
			t.Errorf("table %s belongs to books and is no kind of row", table)
		case kinds[table] && other:
			t.Errorf("table %s is a kind of row and named among the others", table)
		case !ofBook && kinds[table] && table != "authenticator_states": // Those are read beside the books.
			t.Errorf("table %s is a kind of row and belongs to no book", table)
		}
		delete(kinds, table)
	}
	for table := range kinds {
		t.Errorf("the table %s of a kind does not exist", table)
	}
}
