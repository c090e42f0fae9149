package engine

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// changes turns everything staged into rows to write.
func (b *Book) changes(c *postgres.Changes) {
	if b.opened {
		c.BooksOpened = append(c.BooksOpened, b.head)
	} else {
		c.Books = append(c.Books, b.head)
	}
	b.claims.staged(
		func(l *loadedClaim) { c.ClaimsFiled = append(c.ClaimsFiled, l.Claim) },
		func(l *loadedClaim) {
			c.ClaimsChanged = append(c.ClaimsChanged, postgres.ClaimChanged{Claim: l.Claim, From: l.from})
		},
		unexpected[loadedClaim])
	b.lines.staged(func(l *loadedLine) {
		c.Lines = append(c.Lines, postgres.LineSeen{Line: *l.line, RecordedAt: l.seenAt})
	}, unexpected[loadedLine], unexpected[loadedLine])
	b.units.each(func(k unitKey, r *row[unit]) {
		owner := postgres.UnitOwner{MerchantID: b.merchantID, OrderLineID: k.line, Ordinal: k.ordinal, ClaimID: r.value.claimID}
		switch {
		case r.stored && r.live && r.value.claimID != r.value.stored:
			c.UnitsPassed = append(c.UnitsPassed, postgres.UnitPassed{UnitOwner: owner, From: r.value.stored})
		case r.live && !r.stored:
			c.UnitsTaken = append(c.UnitsTaken, owner)
		case r.stored && !r.live:
			owner.ClaimID = r.value.stored
			c.UnitsFreed = append(c.UnitsFreed, owner)
		}
	})
	b.groups.staged(func(g *postgres.Group) { c.Groups = append(c.Groups, *g) }, unexpected[postgres.Group], unexpected[postgres.Group])
	b.holds.staged(
		func(h *ledger.Hold) { c.HoldsPlaced = append(c.HoldsPlaced, *h) },
		func(h *ledger.Hold) { c.HoldsChanged = append(c.HoldsChanged, *h) },
		unexpected[ledger.Hold])
	b.payouts.staged(
		func(p *payout.Payout) { c.PayoutsMade = append(c.PayoutsMade, *p) },
		func(p *payout.Payout) { c.PayoutsChanged = append(c.PayoutsChanged, *p) },
		unexpected[payout.Payout])
	b.waits.staged(
		func(w *postgres.Wait) { c.WaitsBegun = append(c.WaitsBegun, *w) },
		func(w *postgres.Wait) { c.WaitsChanged = append(c.WaitsChanged, *w) },
		func(w *postgres.Wait) {
			c.WaitsEnded = append(c.WaitsEnded, postgres.Key{MerchantID: b.merchantID, ID: w.ClaimID})
		})
	b.dues.staged(
		func(d *postgres.Due) { c.DuesBegun = append(c.DuesBegun, *d) },
		// Ended and begun again in one batch: the payout failed and was retried.
		func(d *postgres.Due) { c.DuesChanged = append(c.DuesChanged, *d) },
		func(d *postgres.Due) {
			c.DuesEnded = append(c.DuesEnded, postgres.Key{MerchantID: b.merchantID, ID: d.PayoutID})
		})
	b.requests.staged(func(r *postgres.Request) { c.Requests = append(c.Requests, *r) }, unexpected[postgres.Request], unexpected[postgres.Request])
	b.persons.staged(func(p *postgres.Person) { c.Persons = append(c.Persons, *p) }, unexpected[postgres.Person], unexpected[postgres.Person])
	// A result that is retracted stays as it is: the retraction is a row of its own.
	b.results.staged(func(r *claim.Result) { c.Results = append(c.Results, *r) }, func(*claim.Result) {}, unexpected[claim.Result])
	b.debts.staged(
		func(d *postgres.Debt) { c.DebtsBegun = append(c.DebtsBegun, *d) },
		func(d *postgres.Debt) { c.DebtsChanged = append(c.DebtsChanged, *d) },
		func(d *postgres.Debt) { c.DebtsEnded = append(c.DebtsEnded, *d) })
	b.approvals.staged(func(a *postgres.Approval) { c.Approvals = append(c.Approvals, *a) }, unexpected[postgres.Approval], unexpected[postgres.Approval])
	c.Appeals = append(c.Appeals, b.appeals.list...)
	c.Retractions = append(c.Retractions, b.retracted.list...)
	b.proposals.staged(
		func(p *postgres.Proposal) { c.ProposalsMade = append(c.ProposalsMade, *p) },
		func(p *postgres.Proposal) { c.ProposalsChanged = append(c.ProposalsChanged, *p) },
		unexpected[postgres.Proposal])
	c.Votes = append(c.Votes, b.votes.list...)
	c.Evidence = append(c.Evidence, b.evidence.list...)
	b.refunds.staged(func(r *postgres.Refund) { c.Refunds = append(c.Refunds, *r) }, unexpected[postgres.Refund], unexpected[postgres.Refund])
	c.Transfers = append(c.Transfers, b.transfers.list...)
	c.Revisions = append(c.Revisions, b.revisions.list...)
	c.Events = append(c.Events, b.events.list...)
}

// unexpected is the staging of a change that the kind of row never undergoes.
func unexpected[V any](*V) { panic("engine: a row was changed in a way that its kind does not allow") }
