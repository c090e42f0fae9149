package audit_test

import (
	"fmt"
	"testing"
)

// Would catch an audit that ends at a row which cannot be read, or at an event that does
// not follow, and so says nothing of what else is wrong with this book and with the
// books after it; and one that takes everything after such a row for wrong.
func TestUnreadableRowsEndNoAudit(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.admin.SetMaxOpenConns(1) // What is set for the session holds for all statements.
	of := func(id string) string { return "claim_id = '" + id + "'" }
	admin := func(statement string) {
		t.Helper()
		if _, err := b.admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	// A second book, which comes after the first.
	admin(`INSERT INTO books SELECT (jsonb_populate_record(b, '{"merchant_id":"m2"}')).* FROM books b WHERE merchant_id = 'm1'`)
	second := "m2: events: last number is 0"
	if found := b.check(); !told(found, second) {
		t.Fatalf("the second book is sound: %v", found)
	}
	// What is wrong with the accounts and the persons is found by the last checks of a book.
	wrong := []tampering{
		raised("books", "deposit_credits_minor", "merchant_id = 'm1'", "account DEPOSIT: running total"),
		set("person_commitments", "salt", "substring(salt FOR length(salt) - 1)", "salt || decode('01', 'hex')", "person_id = 'agent-1'", "the commitment is not that of its salt"),
	}
	for _, w := range wrong {
		admin(w.do)
	}
	withTransfers := "merchant_id = 'm1' AND event_number = (SELECT max(event_number) - 5 FROM events WHERE first_transfer IS NOT NULL)"
	const most = 60 // Without anything unreadable there are about 45, most of them of the second book.
	for _, p := range []struct {
		table, change, where, found string
	}{
		{"events", "content = 'damaged ' || content", withTransfers, "its content cannot be read"},
		{"events", "content = ''", "event_number = 1", "event 1: its content cannot be read"},
		{"events", "hash = decode(repeat('00', 32), 'hex')", "event_number = 7", "event 7: its hash does not follow"},
		{"events", "encoding = -1", withTransfers, "its content cannot be read: decode event: unknown encoding 0"},
		{"events", "recorded_at = 'infinity'", withTransfers, "time is"},
		{"claims", "units = '[{}]'", of(b.advanced), "cannot be read (audit claims): read units of claim " + b.advanced},
		{"claims", "deadline_at = '-infinity'", of(b.held), "cannot be read (audit claims)"},
		{"transfers", "effective_at = 'infinity'", "transfer_number = 3", "cannot be read (audit transfers)"},
		{"holds", "placed_at = 'infinity'", of(b.advanced), "cannot be read (audit holds)"},
		{"payouts", "not_after = 'infinity'", of(b.advanced), "cannot be read (audit payouts)"},
		{"order_lines", "content = '[]'", "order_line_id = 'l1'", "order line l1: "},
	} {
		admin(`CREATE TABLE kept AS SELECT * FROM ` + p.table)
		b.change(fmt.Sprintf("UPDATE %s SET %s WHERE %s", p.table, p.change, p.where))
		found := b.check()
		for _, want := range []string{p.found, wrong[0].found, wrong[1].found, second} {
			if !told(found, want) {
				t.Errorf("%s: the audit says nothing of %q: %v", p.change, want, found)
			}
		}
		if len(found) > most {
			t.Errorf("%s: the audit says %d things: %v", p.change, len(found), found)
		}
		admin(`SET session_replication_role = replica`)
		admin(`TRUNCATE ` + p.table + ` CASCADE`)
		admin(`INSERT INTO ` + p.table + ` SELECT * FROM kept`)
		admin(`DROP TABLE kept`)
	}
	admin(`DELETE FROM books WHERE merchant_id = 'm2'`)
	for _, w := range wrong {
		admin(w.undo)
	}
	b.clean("after everything was mended")
}
