package booktest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// Would catch a kind of row that may be made twice, changed or ended where it is not,
// and a list of changes that the rows forget to take over.
func TestRowsAreMadeOnceAndChangedWhereTheyAre(t *testing.T) {
	t.Parallel()
	l := lived(t)
	seen := make(map[string]bool)
	for _, whole := range l.written {
		v := reflect.ValueOf(*whole)
		for i := range v.NumField() {
			name, list := v.Type().Field(i).Name, v.Field(i)
			if list.Len() == 0 {
				continue
			}
			seen[name] = true
			if name == "Judged" {
				continue // These are rows of no book.
			}
			var part book.Changes
			reflect.ValueOf(&part).Elem().Field(i).Set(list)
			rows, what := newRows("m1"), "made twice"
			if strings.HasSuffix(name, "Changed") || strings.HasSuffix(name, "Ended") || strings.HasSuffix(name, "Freed") ||
				strings.HasSuffix(name, "Passed") || strings.HasSuffix(name, "Kept") || name == "Books" || name == "BooksRead" {
				what = "changed where nothing is"
			} else if err := rows.write(&part); err != nil {
				t.Errorf("%s are not made: %v", name, err)
			}
			if err := rows.write(&part); err == nil {
				t.Errorf("%s are %s", name, what)
			}
		}
	}
	// The life cannot show those that pass units on and compare books.
	for i := range reflect.TypeFor[book.Changes]().NumField() {
		name := reflect.TypeFor[book.Changes]().Field(i).Name
		if !seen[name] && !slices.Contains([]string{"UnitsPassed", "BooksRead", "BooksMissing", "DuesChanged", "DebtsEnded"}, name) {
			t.Errorf("the life has no %s", name)
		}
	}
}

// Would catch a batch that is written although a claim, a unit or the book has changed
// since it was read.
func TestRowsRefuseWhatWasReadOtherwise(t *testing.T) {
	t.Parallel()
	r := lived(t).Rows("m1")
	c := r.SortedClaims()[0]
	var owned book.UnitOwner
	for _, u := range r.Units {
		owned = u
	}
	another := owned
	another.ClaimID = "another"
	for name, changes := range map[string]book.Changes{
		"an older claim":              {ClaimsChanged: []book.ClaimChanged{{Claim: c, From: c.Version - 1}}},
		"a newer claim":               {ClaimsChanged: []book.ClaimChanged{{Claim: c, From: c.Version + 1}}},
		"a claim twice":               {ClaimsChanged: []book.ClaimChanged{{Claim: c, From: c.Version}, {Claim: c, From: c.Version}}},
		"an older line":               {LinesChanged: []book.LineChanged{{LineSeen: r.Lines[c.OrderLineID], From: 2}}},
		"a unit of somebody else":     {UnitsTaken: []book.UnitOwner{another}},
		"a unit freed by another":     {UnitsFreed: []book.UnitOwner{another}},
		"a unit passed by another":    {UnitsPassed: []book.UnitPassed{{UnitOwner: owned, From: "another"}}},
		"a unit freed and taken":      {UnitsFreed: []book.UnitOwner{owned}, UnitsTaken: []book.UnitOwner{owned}},
		"a due ended and begun":       {DuesEnded: []book.Key{{ID: "p"}}, DuesBegun: []book.Due{{PayoutID: "p"}}},
		"an older book":               {Books: []book.Head{{MerchantID: "m1", Version: r.Head.Version - 1}}},
		"a book that is looked at":    {BooksRead: []book.Head{{MerchantID: "m1", Version: r.Head.Version + 1}}},
		"a book that is there":        {BooksMissing: []string{"m1"}},
		"a report of another result":  {Results: []claim.Result{{ID: "x", AuthenticatorID: "lab-1", ReportNumber: r.SortedResults()[0].ReportNumber}}},
		"a reference of another":      {Transfers: []ledger.Transfer{{Number: 999, Kind: ledger.DepositToppedUp, Debit: "A", Credit: "B", Amount: 1, ExternalReference: "bank-1"}}},
		"a transfer of nothing":       {Transfers: []ledger.Transfer{{Number: 999, Debit: "A", Credit: "B"}}},
		"a transfer onto itself":      {Transfers: []ledger.Transfer{{Number: 999, Amount: 1}}},
		"a second vote of one person": {Votes: r.Votes[:1]},
	} {
		// What is refused may be written in part, so that each case has rows of its own.
		if err := r.copied().write(&changes); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

// copied gives rows that may be spoiled.
func (r *Rows) copied() *Rows {
	c := *r
	c.Requests, c.Persons, c.Lines, c.Refunds, c.Groups = maps.Clone(r.Requests), maps.Clone(r.Persons), maps.Clone(r.Lines), maps.Clone(r.Refunds), maps.Clone(r.Groups)
	c.Corrections = maps.Clone(r.Corrections)
	c.Claims, c.Units, c.Revisions, c.Results = maps.Clone(r.Claims), maps.Clone(r.Units), maps.Clone(r.Revisions), maps.Clone(r.Results)
	c.Retractions, c.Waits, c.Appeals, c.Approvals = maps.Clone(r.Retractions), maps.Clone(r.Waits), maps.Clone(r.Appeals), maps.Clone(r.Approvals)
	c.Holds, c.Payouts, c.Dues, c.Debts, c.Proposals = maps.Clone(r.Holds), maps.Clone(r.Payouts), maps.Clone(r.Dues), maps.Clone(r.Debts), maps.Clone(r.Proposals)
	return &c
}

// Would catch amounts below zero and states without their reason that the rows of a
// kind take although a database refuses them.
func TestRowsRefuseWhatNoRowMayBe(t *testing.T) {
	t.Parallel()
	filed := claim.Claim{ID: "c"}
	hold := ledger.Hold{ClaimID: "c", Number: 1, Source: ledger.Deposit, State: ledger.Held, Amount: 10}
	captured := hold
	captured.State, captured.Captured, captured.EndedAt = ledger.Captured, 10, Start
	paid := payout.Payout{ID: "p", Amount: 10, OutNumber: "n", State: payout.Succeeded, Try: 1, AnsweredAt: Start}
	sent := payout.Payout{ID: "p", Amount: 10, OutNumber: "n", State: payout.Instructed, Try: 1}
	open := proposal.Proposal{Key: proposal.Key{Number: 1}, Kind: proposal.Penalty, State: proposal.Open, Amount: 10}
	for name, refuse := range map[string]func() error{
		"a claim with an amount below zero": func() error {
			c := filed
			c.Funding.Held = -1
			return checkClaim(nil, &c)
		},
		"a claim that sent more than it has": func() error {
			c := filed
			c.Funding.RefundPaid = 1
			return checkClaim(&filed, &c)
		},
		"a deadline at no time": func() error {
			c := filed
			c.Fires = claim.DeadlineResult
			return checkClaim(nil, &c)
		},
		"a claim that is filed as decided": func() error {
			c := filed
			c.DecidedBy = "somebody"
			return checkClaim(nil, &c)
		},
		"a claim that was filed otherwise": func() error {
			c := filed
			c.ClaimantID = "other"
			return checkClaim(&filed, &c)
		},
		"a book below zero": func() error {
			h := book.Head{}
			h.Balances.At(ledger.Deposit).Debits = 1
			return checkHead(&h)
		},
		"a running total below zero": func() error {
			h := book.Head{}
			h.Balances.At(ledger.PlatformCash).Credits = -1
			return checkHead(&h)
		},
		"an exposure below zero":  func() error { return checkHead(&book.Head{Exposure: -1}) },
		"a sweep since no time":   func() error { return checkHead(&book.Head{Sweep: book.Sweep{Deposit: 1}}) },
		"a hold after its end":    func() error { return checkHold(&captured, &hold) },
		"a hold of another sum":   func() error { return checkHold(&hold, &ledger.Hold{Source: ledger.Deposit, Amount: 9}) },
		"a hold that gave more":   func() error { h := hold; h.Released = 11; return checkHold(nil, &h) },
		"a hold held without end": func() error { h := hold; h.Captured = 10; return checkHold(nil, &h) },
		"a hold of nothing":       func() error { h := hold; h.Amount = 0; return checkHold(nil, &h) },
		"a payout of nothing":     func() error { p := sent; p.Amount = 0; return checkPayout(nil, &p) },
		"a payout without number": func() error { p := sent; p.OutNumber = ""; return checkPayout(nil, &p) },
		"a payout never answered": func() error { p := sent; p.State = payout.Failed; return checkPayout(nil, &p) },
		"a payout for more":       func() error { p := sent; p.Amount = 11; return checkPayout(&sent, &p) },
		"a coupon as cash": func() error {
			p := sent
			p.Coupon.State = payout.CouponIssued
			return checkPayout(&sent, &p)
		},
		"a coupon spent beyond its face": func() error {
			p := sent
			p.Form, p.Coupon = claim.Coupon, payout.Coupon{State: payout.CouponIssued, Redeemed: 11}
			return checkPayout(nil, &p)
		},
		"a payout never tried":             func() error { p := sent; p.Try = 0; return checkPayout(nil, &p) },
		"a payout of a try before":         func() error { p := sent; p.Try = 2; return checkPayout(&p, &sent) },
		"a payout of which all came back":  func() error { p := paid; p.CameBack = 10; return checkPayout(&sent, &p) },
		"a payout that arrived below zero": func() error { p := paid; p.Arrived = -1; return checkPayout(&sent, &p) },
		"a debt of nothing":                func() error { return checkDebt(nil, &debt.Debt{}) },
		"a debt of another case":           func() error { return checkDebt(&debt.Debt{SamplingCase: "a"}, &debt.Debt{Open: 1}) },
		"a proposal undone twice":          func() error { p := open; p.Undone = 11; return checkProposal(nil, &p) },
		"a write-off of no debt":           func() error { p := open; p.Kind = proposal.WriteOff; return checkProposal(nil, &p) },
		"a reversal of nothing":            func() error { p := open; p.Kind = proposal.PenaltyReversal; return checkProposal(nil, &p) },
		"an open proposal's end":           func() error { p := open; p.EndedAt = Start; return checkProposal(nil, &p) },
		"a proposal of another sum":        func() error { p := open; p.Amount = 9; return checkProposal(&open, &p) },
	} {
		if refuse() == nil {
			t.Errorf("%s is written", name)
		}
	}
	for name, err := range map[string]error{
		"claim": checkClaim(nil, &filed), "hold": checkHold(&hold, &captured), "payout": checkPayout(nil, &sent),
		"proposal": checkProposal(nil, &open), "book": checkHead(&book.Head{}),
	} {
		if err != nil {
			t.Errorf("a sound %s is refused: %v", name, err)
		}
	}
}
