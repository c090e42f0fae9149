package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// filed files a claim on each of some order lines, all at once under request ids of a
// round, and gives the answer of each.
func (o *operated) filed(round, merchant string, lines ...string) []error {
	o.t.Helper()
	ctx := o.t.Context()
	clock, err := tenfoldv1.NewSandboxServiceClient(o.conn).GetClock(ctx, &tenfoldv1.GetClockRequest{})
	if err != nil {
		o.t.Fatal(err)
	}
	claims := tenfoldv1.NewClaimServiceClient(o.conn)
	errs := make([]error, len(lines))
	var running sync.WaitGroup
	for i, line := range lines {
		f := filingFor(clock.GetNow().AsTime())
		l := f.GetOrderLine()
		f.Parent, f.RequestId, f.Note = "merchants/"+merchant, round+"-"+line, ""
		l.Name, l.OrderId, l.PaymentId, l.PayerId = "merchants/"+merchant+"/orderLines/"+line, "order-"+line, "payment-"+line, "consumer-"+line
		f.ClaimantId = l.PayerId
		running.Go(func() { _, errs[i] = claims.FileClaim(ctx, f) })
	}
	running.Wait()
	return errs
}

// Would catch a record that nobody can read and that stops somebody beside those who need
// it: the relay of all books, a watch, the neighbours of a command, an audit, or the
// server itself; and a record of which nobody is told. The database holds every poison
// at once.
func TestPoisonStopsNobody(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	before := operatedOver(t, db.AppURL)
	books := tenfoldv1.NewDepositServiceClient(before.conn)
	for _, m := range []string{"m1", "m2"} {
		if _, err := books.OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: m, RequestId: "open-" + m, CurrencyCode: "CNY"}); err != nil {
			t.Fatal(err)
		}
		for i, err := range before.filed("before", m, "l1", "l2", "l3", "l4", "l5") {
			if err != nil {
				t.Fatalf("claim %d: %v", i, err)
			}
		}
	}
	before.stop()
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	poisons := []struct{ poison, told string }{
		{`UPDATE events SET content = '' WHERE merchant_id = 'm1' AND event_number = 2`, "event 2: its content cannot be read"},
		{`UPDATE events SET content = repeat('[', 100000) WHERE merchant_id = 'm1' AND event_number = 3`, "event 3: its content cannot be read"},
		{`UPDATE events SET encoding = 99 WHERE merchant_id = 'm1' AND event_number = 5`, "event 5: its content cannot be read"},
		{`UPDATE events SET recorded_at = '-infinity' WHERE merchant_id = 'm2' AND event_number = 1`, "event 1: time is"},
		{`UPDATE events SET kind = '* >' WHERE merchant_id = 'm2' AND event_number = 6`, "event 6: kind is"},
		{`UPDATE events SET content = (SELECT content FROM events WHERE merchant_id = 'm1' AND event_number = 4)
		  WHERE merchant_id = 'm2' AND event_number = 4`, "m2: event 4: book is m1"},
		{`UPDATE order_lines SET content = '[]' WHERE merchant_id = 'm1' AND order_line_id = 'l1'`, "order line l1: "},
		{`UPDATE order_lines SET digest = decode('00', 'hex') || substring(digest FROM 2) WHERE merchant_id = 'm2' AND order_line_id = 'l1'`, "m2: order line l1: "},
		{`UPDATE claims SET units = '{}' WHERE merchant_id = 'm1' AND order_line_id = 'l2'`, "m1: a row: cannot be read (audit claims)"},
		{`UPDATE claims SET learned_at = 'infinity' WHERE merchant_id = 'm2' AND order_line_id = 'l2'`, "m2: a row: cannot be read (audit claims)"},
	}
	for _, p := range poisons {
		if n, err := admin.MustExec(p.poison).RowsAffected(); n != 1 || err != nil {
			t.Fatalf("%s: %d rows, %v", p.poison, n, err)
		}
	}

	o := operatedOver(t, db.AppURL)
	// Commands that need a damaged line or claim fail; their neighbours are carried out.
	again := o.filed("after", "m1", "l6", "l1", "l7", "l8", "l2")
	for i, want := range []codes.Code{codes.OK, codes.DataLoss, codes.OK, codes.OK, codes.Internal} {
		if got := status.Code(again[i]); got != want {
			t.Errorf("command %d is answered %v, want %v", i, again[i], want)
		}
	}
	for i, err := range o.filed("after", "m2", "l6", "l7") {
		if err != nil {
			t.Errorf("command %d on the other book is answered %v", i, err)
		}
	}
	heads := map[string]int{"m1": 9, "m2": 8}
	withheld := map[string]bool{"m1/2": true, "m1/3": true, "m1/5": true, "m2/1": true, "m2/4": true, "m2/6": true}
	o.scrape(`tenfold_events_unreadable_total{reader="relay"} 6`, "tenfold_relay_events_total 17")

	for merchant, head := range heads {
		stream := watchOf(t, o, merchant)
		if len(stream) != head {
			t.Errorf("a watch of %s shows %d events, want %d", merchant, len(stream), head)
		}
		for i, e := range stream {
			if e.GetNumber() != int64(i+1) || e.GetQuarantined() != withheld[fmt.Sprintf("%s/%d", merchant, i+1)] {
				t.Errorf("a watch of %s shows %v as event %d", merchant, e, i+1)
			}
		}
	}
	pg, err := postgres.Open(db.AppURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Close() })
	found, err := audit.Check(t.Context(), pg)
	if err != nil {
		t.Errorf("the audit ends with %v", err)
	}
	for _, p := range poisons {
		told := false
		for _, d := range found {
			told = told || strings.Contains(d.String(), p.told)
		}
		if !told {
			t.Errorf("the audit says nothing of %q: %v", p.told, found)
		}
	}
	var list []shownEntry
	code, out, errOut := try(t, "event", "list", "--database-url", db.AppURL, "--output", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitOK || len(list) != len(withheld) {
		t.Fatalf("exit %d, %q %q, %v", code, out, errOut, err)
	}
	for _, e := range list {
		if !withheld[fmt.Sprintf("%s/%d", e.Merchant, e.Event)] || e.Author != "relay" || e.Cause == "" {
			t.Errorf("quarantined is %+v", e)
		}
	}
	o.stop()
	if log := o.log.String(); strings.Count(log, "event cannot be read and is quarantined") != len(withheld) {
		t.Errorf("the log tells otherwise: %s", log)
	}
}

// watchOf gives all events of a book up to now.
func watchOf(t *testing.T, o *operated, merchant string) (events []*tenfoldv1.Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := tenfoldv1.NewWatchServiceClient(o.conn).WatchClaims(ctx, &tenfoldv1.WatchClaimsRequest{
		Parent: "merchants/" + merchant, Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING,
	})
	for err == nil {
		var m *tenfoldv1.WatchClaimsResponse
		if m, err = stream.Recv(); err == nil && len(m.GetEvents()) == 0 {
			return events
		}
		events = append(events, m.GetEvents()...)
	}
	t.Fatal(err)
	return nil
}

// Would catch commands by which an operator cannot see what is wrong with an event, take
// it away from readers or give it back, and ones that leave no name and no reason.
func TestEventCommands(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	pg := []string{"--database-url", db.AppURL}
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	o := operatedOver(t, db.AppURL)
	o.work()
	o.stop()
	says := func(code int, want string, args ...string) {
		t.Helper()
		got, out, errOut := try(t, append(args, pg...)...)
		if got != code || !strings.Contains(out+errOut, want) {
			t.Errorf("%v: exit %d, %q %q; want %d and %q", args, got, out, errOut, code, want)
		}
	}
	told := []string{"--cause", "too large for the broker", "--author", "operator-1"}
	says(exitOK, `"CLAIM_FILED"`, "event", "show", "m1", "2")
	says(exitOK, `"chained": true`, "event", "show", "m1", "1", "-o", "json")
	says(exitFailed, "EVENT_NOT_FOUND", "event", "show", "m1", "7")
	says(exitFailed, "EVENT_NOT_FOUND", append([]string{"event", "quarantine", "m3", "1"}, told...)...)
	says(exitUsage, "at least 1", "event", "show", "m1", "first")
	says(exitUsage, "--cause (TENFOLD_CAUSE) and --author (TENFOLD_AUTHOR)", "event", "quarantine", "m1", "2")
	says(exitOK, "event 2 of m1 is quarantined", append([]string{"event", "quarantine", "m1", "2"}, told...)...)
	says(exitOK, "is quarantined already", append([]string{"event", "quarantine", "m1", "2"}, told...)...)
	says(exitOK, "too large for the broker", "event", "list")
	says(exitOK, "operator-1", "event", "show", "m1", "2")
	says(exitOK, "event 2 of m1 is released", "event", "release", "m1", "2", "--cause", "it fits now", "--author", "operator-2")
	says(exitOK, "is not quarantined", "event", "release", "m1", "2", "--cause", "again", "--author", "operator-2")
	says(exitOK, "it fits now", "event", "show", "m1", "2")
	says(exitOK, "[]", "event", "list", "--output", "json")
	admin.MustExec(`UPDATE events SET content = 'no event' WHERE event_number = 2`)
	says(exitOK, "no: decode event", "event", "show", "m1", "2")
	says(exitOK, "no: content, encoding or hash", "event", "show", "m1", "2")
	if code, _, errOut := try(t, "event", "list"); code != exitUsage || !strings.Contains(errOut, "--database-url (TENFOLD_DATABASE_URL)") {
		t.Errorf("without a database: exit %d, %q", code, errOut)
	}
}
