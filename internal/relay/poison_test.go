package relay_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

func (f *fixture) admin() *sqlx.DB {
	f.t.Helper()
	admin, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = admin.Close() })
	return admin
}

// Would catch an event that cannot be read and stops the relay for all books, is left
// out so that a subscriber misses a number, or is set aside without a word; and one that
// is mended, released and still cannot be had again.
func TestUnreadableEventsStopNobody(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	f.open("m1", "m2")
	for range 7 {
		f.topUp("m1")
		f.topUp("m2")
	}
	admin := f.admin()
	admin.MustExec(`CREATE TABLE sound AS SELECT merchant_id, event_number, kind, recorded_at, encoding, content FROM events`)
	for _, poison := range []string{
		`UPDATE events SET content = '' WHERE merchant_id = 'm1' AND event_number = 1`,
		`UPDATE events SET encoding = 300 WHERE merchant_id = 'm1' AND event_number = 3`,
		`UPDATE events SET recorded_at = 'infinity' WHERE merchant_id = 'm1' AND event_number = 4`,
		`UPDATE events SET kind = 'A.B >' WHERE merchant_id = 'm1' AND event_number = 6`,
		// The content fits its row, and has a time that no transport has a form for.
		`UPDATE events SET recorded_at = recorded_at + interval '10000 years', content = replace(content, '"2026-', '"12026-')
		 WHERE merchant_id = 'm1' AND event_number = 7`,
	} {
		admin.MustExec(poison)
	}
	unreadable := []int64{1, 3, 4, 6}
	// An operator may set aside what can be read.
	aside := postgres.Quarantine{MerchantID: "m2", EventNumber: 5, Quarantined: true, Cause: "the broker refuses it", Author: "operator-1", RecordedAt: quarantinedAt}
	if added, err := f.db.AddQuarantine(t.Context(), &aside); !added || err != nil {
		t.Fatal(added, err)
	}
	sink, quarantine := b.sink(), f.quarantine()
	heads := map[string]int64{"m1": 8, "m2": 8}
	_, stop := f.relayWith(sink, quarantine)
	f.relayed(sink, heads)
	stop()
	// Another relay finds them quarantined, and tells of none again.
	f.topUp("m1")
	heads["m1"]++
	_, stop = f.relayWith(sink, quarantine)
	f.relayed(sink, heads)
	stop()
	if got := quarantine.Unreadable(watch.ByRelay); got != int64(len(unreadable)) {
		t.Errorf("%d events were counted, want %d", got, len(unreadable))
	}
	list := b.messages(relay.StreamEvents)
	b.whole(list, heads)
	for _, m := range list {
		data := m.Event["data"].(map[string]any)
		number := fmt.Sprint(data["number"])
		poisoned := m.ID == "m2/5" || slices.ContainsFunc(unreadable, func(n int64) bool { return m.ID == fmt.Sprintf("m1/%d", n) })
		if m.ID == "m1/7" && (m.Event["time"] != nil || data["recordedAt"] != nil || data["transfers"] == nil) {
			t.Errorf("an event after the year 9999 was relayed as %v", m.Event)
		}
		if told := data["quarantined"] == true; told != poisoned || poisoned != (m.Event["type"] == "tenfold.event_quarantined") {
			t.Errorf("event %s was relayed as %v on %s", m.ID, m.Event, m.Subject)
		}
		if poisoned && (m.Subject != "tenfold.events."+m.ID[:2]+".event_quarantined" || data["transfers"] != nil || data["hash"] == nil || number != m.ID[3:]) {
			t.Errorf("event %s was relayed as %v on %s", m.ID, m.Event, m.Subject)
		}
	}
	set, err := f.db.Reader().Quarantined(t.Context(), postgres.EventKey{}, 100)
	if err != nil || len(set) != len(unreadable)+1 {
		t.Fatalf("%d events are quarantined, %v", len(set), err)
	}
	for i, n := range unreadable {
		if q := set[i]; q.MerchantID != "m1" || q.EventNumber != n || q.Author != "relay" || q.Cause == "" || q.Entry != 1 || !q.RecordedAt.Equal(quarantinedAt) {
			t.Errorf("event %d is quarantined by %+v", n, q)
		}
	}
	f.mendedEventsComeWithAReplay(b, admin, set)
}

// mendedEventsComeWithAReplay mends and releases every event, and looks for it in a
// replay.
func (f *fixture) mendedEventsComeWithAReplay(b *broker, admin *sqlx.DB, set []postgres.Quarantine) {
	t := f.t
	t.Helper()
	admin.MustExec(`
		UPDATE events e SET kind = s.kind, recorded_at = s.recorded_at, encoding = s.encoding, content = s.content
		FROM sound s WHERE s.merchant_id = e.merchant_id AND s.event_number = e.event_number`)
	for _, q := range set {
		q.Quarantined, q.Cause, q.Author = false, "mended", "operator-1"
		for _, want := range []bool{true, false} {
			if added, err := f.db.AddQuarantine(t.Context(), &q); added != want || err != nil {
				t.Fatal(added, err)
			}
		}
	}
	again, err := relay.OpenJetStream(t.Context(), b.conn, relay.StreamReplay, relay.SubjectReplay, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := relay.New(f.db, again, rpc.CloudEvent, f.quarantine(), bounds(), slog.New(slog.DiscardHandler)).Replay(t.Context(), relay.Replay{})
	if n != 17 || err != nil {
		t.Fatalf("%d events were stored again, %v", n, err)
	}
	for _, m := range b.messages(relay.StreamReplay) {
		if m.Event["type"] == "tenfold.event_quarantined" {
			t.Errorf("event %s is still withheld", m.ID)
		}
	}
}

// Would catch an event that can be read and has no form in the broker, and stops the
// relay for ever.
func TestAnEventWithoutAFormIsWithheld(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	f.open("m1")
	f.topUp("m1")
	f.topUp("m1")
	// Nor can the database hold what is said of it.
	tooLong := "no form\x00" + strings.Repeat("長", 1_000)
	encode := func(e *watch.Event) ([]byte, error) {
		if _, err := e.Decoded(); err == nil && e.Number == 2 {
			return nil, errors.New(tooLong)
		}
		return rpc.CloudEvent(e)
	}
	sink, err := relay.OpenJetStream(t.Context(), b.conn, relay.StreamReplay, relay.SubjectReplay, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := relay.New(f.db, sink, encode, f.quarantine(), bounds(), slog.New(slog.DiscardHandler)).Replay(t.Context(), relay.Replay{})
	if n != 3 || err != nil {
		t.Fatalf("%d events were stored, %v", n, err)
	}
	if list := b.messages(relay.StreamReplay); list[1].Subject != "tenfold.replay.m1.event_quarantined" || list[2].Subject != "tenfold.replay.m1.deposit_topped_up" {
		t.Errorf("the events were stored as %v", list)
	}
	entries, err := f.db.Reader().QuarantinesOf(t.Context(), "m1", 2)
	if err != nil || len(entries) != 1 || !strings.HasPrefix(entries[0].Cause, "no form長") || len(entries[0].Cause) > 500 {
		t.Errorf("the event is quarantined by %+v, %v", entries, err)
	}
}
