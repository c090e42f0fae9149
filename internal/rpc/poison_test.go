package rpc_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch an event that cannot be read and ends the watches of everybody, is
// swallowed so that a number is missing, or shows a part of what it was said to be; and a
// watch of an order that misses the claim of which such an event tells.
func TestUnreadableEventsEndNoWatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	first, second := f.file("m1", "l1"), f.file("m1", "l2")
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	// The content of one event stands in another; one is none.
	admin.MustExec(`
		UPDATE events SET content = (SELECT content FROM events WHERE kind = 'CLAIM_FILED' AND claim_id = $1)
		WHERE kind = 'CLAIM_FILED' AND claim_id = $2`, first.GetClaimId(), second.GetClaimId())
	admin.MustExec(`UPDATE events SET content = 'null' WHERE kind = 'BOOK_OPENED'`)
	from := tenfoldv1.WatchStart_WATCH_START_BEGINNING
	for name, r := range map[string]*tenfoldv1.WatchClaimsRequest{
		"book":       {Parent: "merchants/m1", Start: from, WithContent: true},
		"everything": {Parent: "merchants/-", Start: from, WithContent: true},
	} {
		_, events, _ := caughtUp(f.watched(r))
		for i, e := range events {
			if e.GetNumber() != int64(i+1) || e.GetHash() == "" {
				t.Errorf("%s: event %d comes as %v", name, i+1, e)
			}
			damaged := e.GetKind() == tenfoldv1.EventKind_EVENT_KIND_BOOK_OPENED || e.GetClaim() == second.GetName()
			if e.GetQuarantined() != damaged || damaged != (e.GetContent() == "") || damaged != (e.GetMethod() == "") {
				t.Errorf("%s: event %d comes as %v", name, i+1, e)
			}
		}
		if len(events) != 4 {
			t.Errorf("%s: %d events come", name, len(events))
		}
	}
	for line, want := range map[string]string{"l1": first.GetName(), "l2": second.GetName()} {
		_, events, _ := caughtUp(f.watched(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", OrderId: "order-" + line, Start: from}))
		if len(events) != 1 || events[0].GetClaim() != want {
			t.Errorf("on the order of %s come %v", line, events)
		}
	}
	// The claim can still be read; who moved it cannot be told.
	c, err := f.claims.GetClaim(f.as("support"), &tenfoldv1.GetClaimRequest{Name: first.GetName()})
	if err != nil || c.GetClaim().GetState() != first.GetState() {
		t.Errorf("beside it, its claim is read as %v, %v", c, err)
	}
	admin.MustExec(`UPDATE events SET content = '' WHERE claim_id = $1`, second.GetClaimId())
	moves, err := f.claims.ListMoves(f.as("support"), &tenfoldv1.ListMovesRequest{Parent: second.GetName()})
	if err != nil || len(moves.GetMoves()) != 1 || moves.GetMoves()[0].GetWorkload() != "" || moves.GetMoves()[0].GetToState() != second.GetState() {
		t.Errorf("the moves of the claim are read as %v, %v", moves, err)
	}
	if c, err = f.claims.GetClaim(f.as("support"), &tenfoldv1.GetClaimRequest{Name: second.GetName()}); err != nil || c.GetClaim().GetState() != second.GetState() {
		t.Errorf("the claim is read as %v, %v", c, err)
	}
	var authors []string
	if err := admin.Select(&authors, `SELECT author FROM event_quarantines ORDER BY event_number`); err != nil || len(authors) != 2 || authors[0] != "watch" || authors[1] != "watch" {
		t.Errorf("the events are quarantined by %v, %v", authors, err)
	}
}
