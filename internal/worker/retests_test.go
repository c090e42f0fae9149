package worker_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// retesting has conflicts draw their re-tests, among laboratories lab-1 to lab-3.
func (f *fixture) retesting() {
	f.t.Helper()
	f.admin(`
		UPDATE decision_rules
		SET content = jsonb_set(content::jsonb, '{reinspection}', '{"independent":true,"final":true,"retestDays":21}')::json
		WHERE version = 1`)
	f.lab("lab-2")
	f.lab("lab-3")
	f.open("m1")
	if err := f.engine.ReloadCatalog(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) lab(id string) {
	f.t.Helper()
	_, err := f.engine.RegisterAuthenticator(f.t.Context(), f.request("", "RegisterAuthenticator"),
		claim.Authenticator{ID: id, Kind: claim.AccreditedLab, DisplayName: id})
	if err != nil {
		f.t.Fatal(err)
	}
}

// disputed is a claim on which lab-1 and lab-2 disagree.
func (f *fixture) disputed(lineID string) *claim.Claim {
	f.t.Helper()
	c := f.file("m1", lineID, "wallet-1")
	f.result(c, "lab-1", "A-"+lineID, claim.Counterfeit)
	return f.result(c, "lab-2", "B-"+lineID, claim.Genuine)
}

func (f *fixture) commissionsOf(c *claim.Claim) []commission.Commission {
	f.t.Helper()
	list, err := f.db.Reader().CommissionsOfClaim(f.t.Context(), c.MerchantID, c.ID, 0, commission.PerClaimMax)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// Would catch two workers that commission two bodies for one conflict, a worker that comes again
// after it died and commissions another, and a draw whose record does not lead to the body.
func TestV3WorkersDrawOneRetest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.retesting()
	f.lab("lab-4")
	var claims []*claim.Claim
	for i := range 4 {
		claims = append(claims, f.disputed(fmt.Sprintf("l%d", i)))
	}
	f.clock.Move(time.Second)
	var all sync.WaitGroup
	for _, w := range []*worker.Worker{f.worker, f.begin(f.gateway, worker.Defaults()).worker, f.begin(f.gateway, worker.Defaults()).worker} {
		all.Go(func() {
			if _, err := w.RunDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, c := range claims {
		list := f.commissionsOf(c)
		if len(list) != 1 || !slices.Contains([]string{"lab-3", "lab-4"}, list[0].AuthenticatorID) || list[0].MadeAs != "system" {
			t.Fatalf("commissioned: %+v", list)
		}
		x := &list[0]
		var in []commission.Candidate
		for _, e := range commission.ReadRecord(x.Candidates) {
			in = append(in, e.Candidate)
		}
		if winner, _ := commission.Draw(x.Seed, in); winner != x.AuthenticatorID || len(in) != 2 {
			t.Errorf("the record of %v leads to %s, and %s has the commission", in, winner, x.AuthenticatorID)
		}
		// A worker that died after its commit does not know what it did: the same request is answered
		// as before. One that saw the claim before does nothing.
		due := postgres.RetestDue{MerchantID: c.MerchantID, ClaimID: c.ID, At: c.RetestAt}
		h := request.System("m1", "DrawRetest")
		h.RequestID = fmt.Sprintf("%s-%d", c.ID, c.RetestAt.UnixMicro())
		o, err := f.engine.Do(t.Context(), h, &book.DrawRetest{ClaimID: c.ID, At: c.RetestAt})
		if err != nil || !o.Replayed || o.EventNumber != x.EventNumber {
			t.Errorf("again: %+v, %v", o, err)
		}
		due.At = due.At.Add(-time.Microsecond)
		if err := f.worker.DrawRetest(t.Context(), &due); err != nil {
			t.Error(err)
		}
		if n := len(f.commissionsOf(c)); n != 1 {
			t.Errorf("%d commissions", n)
		}
	}
}

// Would catch a claim that nobody can be drawn for and that is looked at with every step of a worker,
// or never again; and a suspension after which a commission stays with its body.
func TestV3WorkersTryAgainAndLeaveSuspendedBodies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.retesting()
	c := f.disputed("l1")
	f.run(time.Second)
	first := f.commissionsOf(c)
	if len(first) != 1 || first[0].AuthenticatorID != "lab-3" {
		t.Fatalf("commissioned: %+v", first)
	}
	_, err := f.engine.SuspendAuthenticator(t.Context(), f.as("oscar", "SuspendAuthenticator"), "lab-3", "sold reports")
	if err != nil {
		t.Fatal(err)
	}
	if f.run(59 * time.Minute); f.commissionsOf(c)[0].State != commission.Offered {
		t.Error("the commission ended at once")
	}
	f.run(2 * time.Minute)
	now := f.read(c)
	if list := f.commissionsOf(c); len(list) != 1 || list[0].State != commission.Cancelled || now.RetestHeld != claim.RetestNoBody {
		t.Fatalf("after the suspension: %+v, held %q", list, now.RetestHeld)
	}
	version := now.Version
	for range 3 {
		f.run(time.Minute)
	}
	if now = f.read(c); now.Version != version {
		t.Errorf("the claim was looked at again until version %d, from %d", now.Version, version)
	}
	f.lab("lab-4")
	f.run(now.RetestAt.Sub(f.clock.Now()) + time.Second)
	list := f.commissionsOf(c)
	if now = f.read(c); len(list) != 2 || list[1].AuthenticatorID != "lab-4" || now.RetestHeld != "" || !now.RetestAt.IsZero() {
		t.Errorf("tried again: %+v, held %q", list, now.RetestHeld)
	}
	// A withdrawal ends the commission that is open.
	_, err = f.engine.Do(t.Context(), f.request("m1", "WithdrawClaim"), &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"})
	if list = f.commissionsOf(c); err != nil || list[1].State != commission.Cancelled {
		t.Errorf("withdrawn: %+v, %v", list, err)
	}
}
