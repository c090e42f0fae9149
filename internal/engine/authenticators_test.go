package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a replica that records the result of a body which another replica has
// suspended: from its memory, because its read came before the suspension, or because the
// result was decided before and is written after it. A result that was written first stays,
// and a suspension waits for it.
func TestNoResultIsRecordedAfterASuspension(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	_, other := f.replica(engine.Defaults())
	c1 := f.file(filing(line("m1", "l1", 1, 20_000), 1))
	c2 := f.file(filing(line("m2", "l2", 1, 20_000), 1))
	record := func(c *claim.Claim, report string) <-chan error {
		h, done := f.request(c.MerchantID, "RecordResult"), make(chan error, 1)
		go func() {
			_, err := f.engine.Do(context.WithoutCancel(t.Context()), h, &book.RecordResult{Result: result(c, claim.Inconclusive, report)})
			done <- err
		}()
		return done
	}
	suspend := func() {
		t.Helper()
		made, err := other.SuspendAuthenticator(t.Context(), f.request("", "SuspendAuthenticator"), "lab-1", "reports were sold")
		f.must(err)
		if made.Body.State() != authenticator.Stopped || made.Change.State != authenticator.Applied {
			t.Fatalf("suspended: %+v", made)
		}
	}
	reinstate := func() {
		t.Helper()
		made, err := other.ReinstateAuthenticator(t.Context(), f.request("", "ReinstateAuthenticator"), "lab-1", "inspected")
		f.must(err)
		h := f.request("", "ApproveAuthenticatorChange")
		h.Principal.Person = "anna"
		made, err = other.DecideAuthenticatorChange(t.Context(), h, made.Change.Key, authenticator.Approve, "")
		f.must(err)
		if made.Body.State() != authenticator.Active {
			t.Fatalf("reinstated: %+v", made)
		}
	}

	f.must(<-record(c1, "R-1")) // From here on the first replica has the body in memory.
	suspend()
	if err := <-record(c1, "R-2"); !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Errorf("after the suspension by another replica: %v", err)
	}
	reinstate()
	f.must(<-record(c1, "R-3"))

	// The lane has decided a result, and its write waits for the book.
	release := f.occupy("m2")
	decided := record(c2, "R-4")
	f.waiter()
	suspend()
	release()
	if err := <-decided; !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Errorf("decided before the suspension and written after it: %v", err)
	}
	reinstate()

	// A write that rests on the body is under way.
	tx, err := f.db.Open(t).BeginTx(context.WithoutCancel(t.Context()), &sql.TxOptions{})
	f.must(err)
	_, err = tx.ExecContext(t.Context(), `SELECT FROM authenticator_states WHERE authenticator_id = 'lab-1' FOR SHARE`)
	f.must(err)
	suspended, h := make(chan error, 1), f.request("", "SuspendAuthenticator")
	go func() {
		_, err := other.SuspendAuthenticator(context.WithoutCancel(t.Context()), h, "lab-1", "once more")
		suspended <- err
	}()
	f.waiter()
	f.must(<-record(c1, "R-5")) // Others may still rest on it: nobody was told of the suspension.
	f.must(tx.Rollback())
	f.must(<-suspended)
	if err := <-record(c1, "R-6"); !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Errorf("after a suspension that had to wait: %v", err)
	}
	if n := f.rows(`SELECT count(*) FROM results`); n != 3 {
		t.Errorf("%d results are recorded, want 3", n)
	}
	if n := f.rows(`SELECT count(*) FROM reservations WHERE kind = 'AUTHENTICATION_REPORT'`); n != 3 {
		t.Errorf("%d reports are reserved, want those of the 3 results", n)
	}
	f.audited()
}

// Would catch changes of the register without a number, with a gap or out of order, a change
// that is applied twice by a request sent again, one that leaves the look-up by goods as it
// was, and a refused or tried one that leaves a trace.
func TestChangesOfTheRegisterAreNumberedAndHappenOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "CTI", Categories: []string{"food", "beauty"}}
	_, _, err := f.engine.Register(t.Context(), f.request("", "RegisterAuthenticator"), "cti", first)
	f.must(err)
	f.authenticator("other", claim.Brand)
	narrower := first
	narrower.DisplayName, narrower.Categories = "CTI Shanghai", []string{"food"}
	h := f.request("", "ReviseAuthenticator")
	for _, replayed := range []bool{false, true} {
		made, err := f.engine.ReviseAuthenticator(t.Context(), h, "cti", narrower, 1, "smaller")
		if err != nil || made.Replayed != replayed || made.Body.Revision != 2 || made.Change.Number != 2 || made.Change.Applied != 3 || made.Body.Version != 3 {
			t.Errorf("revised: %+v, %v", made, err)
		}
	}
	if _, err := f.engine.ReviseAuthenticator(t.Context(), h, "cti", narrower, 2, "smaller"); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("another content under the same id: %v", err)
	}
	tried := f.request("", "SuspendAuthenticator")
	tried.ValidateOnly = true
	if made, err := f.engine.SuspendAuthenticator(t.Context(), tried, "cti", "tried"); err != nil || made.Body.State() != authenticator.Stopped {
		t.Errorf("tried: %+v, %v", made, err)
	}
	if _, err := f.engine.SuspendAuthenticator(t.Context(), f.request("", "SuspendAuthenticator"), "nobody", "x"); !errors.Is(err, fault.AuthenticatorNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	wider := narrower
	wider.Categories = nil
	asked, err := f.engine.ReviseAuthenticator(t.Context(), f.request("", "ReviseAuthenticator"), "cti", wider, 2, "all")
	f.must(err)
	approval := f.request("", "ApproveAuthenticatorChange")
	approval.Principal.Person = "anna"
	if _, err := f.engine.DecideAuthenticatorChange(t.Context(), approval, authenticator.Key{ID: "cti", Number: 9}, authenticator.Approve, ""); !errors.Is(err, fault.ProposalNotFound) {
		t.Errorf("a change that does not exist: %v", err)
	}
	for _, replayed := range []bool{false, true} {
		made, err := f.engine.DecideAuthenticatorChange(t.Context(), approval, asked.Change.Key, authenticator.Approve, "")
		if err != nil || made.Replayed != replayed || made.Body.Revision != 3 || made.Change.Applied != 4 || made.Change.Decided.Principal.Person != "anna" {
			t.Errorf("approved: %+v, %v", made, err)
		}
	}
	applied, err := f.pg.AppliedAuthenticatorChanges(t.Context(), 1, 10)
	f.must(err)
	var names []string
	for i, c := range applied {
		if names = append(names, c.Name()); c.Applied != int64(i+2) {
			t.Errorf("%s has the number %d", c.Name(), c.Applied)
		}
	}
	want := []string{"authenticators/other/changes/1", "authenticators/cti/changes/2", "authenticators/cti/changes/3"}
	if len(names) != 3 || names[0] != want[0] || names[1] != want[1] || names[2] != want[2] {
		t.Errorf("the applied changes are %v", names)
	}
	if n := f.rows(`SELECT count(*) FROM authenticator_scopes`); n != 0 {
		t.Errorf("%d scopes are left of a body without limits", n)
	}
	if stale, err := f.pg.Authenticator(t.Context(), "nobody"); stale != nil || !errors.Is(err, fault.AuthenticatorNotFound) {
		t.Errorf("a body that does not exist: %+v, %v", stale, err)
	}
}

// Would catch an approval that one person gives by registering a body anew, where
// registrations take two persons.
func TestRegistrationByTwoCountsOnceApproved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	config := engine.Defaults()
	config.RegisterByTwo = true
	_, e := f.replica(config)
	b, _, err := e.Register(t.Context(), f.request("", "RegisterAuthenticator"), "lab-1", authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "lab"})
	f.must(err)
	f.open("m1", 500_000)
	c := f.file(filing(line("m1", "l1", 1, 20_000), 1))
	r := &book.RecordResult{Result: result(c, claim.Inconclusive, "R-1")}
	if _, err := e.Do(t.Context(), f.request("m1", "RecordResult"), r); b.State() != authenticator.Stopped || !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Errorf("before the approval: %s, %v", b.State(), err)
	}
	asked, err := e.ReinstateAuthenticator(t.Context(), f.request("", "ReinstateAuthenticator"), "lab-1", "checked")
	f.must(err)
	h := f.request("", "ApproveAuthenticatorChange")
	if _, err := e.DecideAuthenticatorChange(t.Context(), h, asked.Change.Key, authenticator.Approve, ""); !errors.Is(err, fault.SamePerson) {
		t.Errorf("approved by the same person: %v", err)
	}
	h.Principal.Person = "anna"
	_, err = e.DecideAuthenticatorChange(t.Context(), h, asked.Change.Key, authenticator.Approve, "")
	f.must(err)
	_, err = e.Do(t.Context(), f.request("m1", "RecordResult"), r)
	f.must(err)
}

// Would catch a batch of bodies of which a part is stored although one is refused, or twice
// when it is sent again; a body of it that widens trust for one person; and one that is
// registered or revised although nothing changes.
func TestBodiesAreRegisteredTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.authenticator("known", claim.Brand)
	item := func(id string, change func(*authenticator.Content)) engine.BodyItem {
		c := authenticator.Content{Kind: claim.Brand, DisplayName: id, Brands: []string{"Dior"}}
		change(&c)
		return engine.BodyItem{ID: id, Content: c}
	}
	same := func(*authenticator.Content) {}
	narrowed, fresh := item("known", same), item("new", same)
	for name, x := range map[string]struct {
		items []engine.BodyItem
		field string
	}{
		"an id twice": {[]engine.BodyItem{fresh, narrowed, fresh}, "items[2].authenticator_id"},
		"an impossible day": {[]engine.BodyItem{narrowed, fresh, item("bad", func(c *authenticator.Content) {
			c.Accreditations = []authenticator.Accreditation{{Scheme: "CMA", Number: "1", From: "2026-02-30", Until: "2026-03-01"}}
		})}, "items[2].authenticator.accreditations[0].valid_from"},
	} {
		_, _, err := f.engine.RegisterAll(t.Context(), f.request("", "BatchRegisterAuthenticators"), x.items, "import")
		if got, ok := fault.As(err); !ok || got.Reason != fault.RequestInvalid || got.Field != x.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	tried := f.request("", "BatchRegisterAuthenticators")
	tried.ValidateOnly = true
	if all, _, err := f.engine.RegisterAll(t.Context(), tried, []engine.BodyItem{fresh}, "import"); err != nil || len(all) != 1 || all[0].Change == nil {
		t.Errorf("tried: %+v, %v", all, err)
	}
	if n := f.rows(`SELECT count(*) FROM authenticator_changes`); n != 1 {
		t.Fatalf("%d changes are stored of batches that were refused or tried", n-1)
	}
	h := f.request("", "BatchRegisterAuthenticators")
	all, _, err := f.engine.RegisterAll(t.Context(), h, []engine.BodyItem{narrowed, fresh}, "import")
	f.must(err)
	if all[0].Change.Action != authenticator.Revised || all[1].Change.Action != authenticator.Registered || all[0].Change.State != authenticator.Applied {
		t.Errorf("registered: %+v", all)
	}
	if again, replayed, err := f.engine.RegisterAll(t.Context(), h, []engine.BodyItem{narrowed, fresh}, "import"); err != nil || !replayed || again != nil {
		t.Errorf("sent again: %+v, %v, %v", again, replayed, err)
	}
	wider := item("known", func(c *authenticator.Content) { c.Brands = nil })
	all, _, err = f.engine.RegisterAll(t.Context(), f.request("", "BatchRegisterAuthenticators"), []engine.BodyItem{fresh, wider}, "import")
	f.must(err)
	if all[0].Change != nil || all[1].Change.State != authenticator.Open {
		t.Errorf("the same and a wider one: %+v", all)
	}
	if n := f.rows(`SELECT last_applied FROM authenticator_register`); n != 3 {
		t.Errorf("the last applied change has the number %d, want 3", n)
	}
}

// Would catch a body that is found for goods that it may not judge, while it is suspended or
// by a method that it may not use; one that is missed; and pages that leave one out.
func TestBodiesAreFoundByGoods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	add := func(id string, c authenticator.Content) {
		t.Helper()
		c.Kind, c.DisplayName = claim.AccreditedLab, "Body "+id
		_, _, err := f.engine.Register(t.Context(), f.request("", "RegisterAuthenticator"), id, c)
		f.must(err)
	}
	add("all", authenticator.Content{})
	add("beauty", authenticator.Content{Categories: []string{"beauty", "beauty/mascara"}})
	add("food", authenticator.Content{Categories: []string{"food"}})
	add("dior", authenticator.Content{Brands: []string{"ＤＩＯＲ"}})
	add("dior-food", authenticator.Content{Brands: []string{"Dior"}, Categories: []string{"food"}})
	add("mark", authenticator.Content{Trademarks: []string{"315 9141"}})
	add("method", authenticator.Content{Categories: []string{"beauty"}, Methods: []string{"GB 1"}})
	add("stopped", authenticator.Content{})
	_, err := f.engine.SuspendAuthenticator(t.Context(), f.request("", "SuspendAuthenticator"), "stopped", "sold")
	f.must(err)
	for name, x := range map[string]struct {
		of   authenticator.Product
		want string
	}{
		"goods of no known brand": {authenticator.Product{Category: "beauty/mascara"}, "[all beauty method]"},
		"a category beside":       {authenticator.Product{Category: "beautys"}, "[all]"},
		"goods of a brand":        {authenticator.Product{Category: "beauty", Brand: "dior"}, "[all beauty dior method]"},
		"food of the brand":       {authenticator.Product{Category: "food/liquor", Brand: "Dior"}, "[all dior dior-food food]"},
		"under a trademark":       {authenticator.Product{Category: "shoes", Trademark: "3159141"}, "[all mark]"},
		"by another method":       {authenticator.Product{Category: "beauty", Method: "GB 2"}, "[all beauty]"},
		"by the method":           {authenticator.Product{Category: "beauty", Method: "gb1"}, "[all beauty method]"},
	} {
		for _, size := range []int{1, 100} {
			var ids []string
			for after := ""; ; after = ids[len(ids)-1] {
				page, err := f.pg.JudgesOf(t.Context(), &x.of, after, size)
				f.must(err)
				for _, b := range page {
					ids = append(ids, b.ID)
				}
				if len(page) < size {
					break
				}
			}
			if got := fmt.Sprint(ids); got != x.want {
				t.Errorf("%s, %d at once: %s, want %s", name, size, got, x.want)
			}
		}
	}
	for name, x := range map[string]struct {
		q    authenticator.Query
		want string
	}{
		"a part of the name": {authenticator.Query{Text: "BODY D"}, "[dior dior-food]"},
		"a part of the id":   {authenticator.Query{Text: "-foo"}, "[dior-food]"},
		"no pattern":         {authenticator.Query{Text: "%"}, "[]"},
		"suspended":          {authenticator.Query{State: authenticator.Stopped}, "[stopped]"},
		"another kind":       {authenticator.Query{Kind: string(claim.Brand)}, "[]"},
		"two scopes": {authenticator.Query{Scopes: []authenticator.Scoped{
			{Scope: authenticator.ScopeBrand, Value: "dior"}, {Scope: authenticator.ScopeCategory, Value: "food"},
		}}, "[dior-food]"},
	} {
		list, err := f.pg.FindAuthenticators(t.Context(), &x.q, "", 100)
		f.must(err)
		var ids []string
		for _, b := range list {
			ids = append(ids, b.ID)
		}
		if got := fmt.Sprint(ids); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}
