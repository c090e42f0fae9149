package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Kind is a kind of row that a book holds. What must be done for every kind is
// walked from the list of kinds here, and from lists of the same length in postgres
// and audit.
type Kind int

// The kinds, in the order in which they are read and written.
const (
	KindRequest Kind = iota
	KindPerson
	KindClaim
	KindLine
	KindCorrection
	KindRefund
	KindUnit
	KindGroup
	KindRevision
	KindResult
	KindWait
	KindHold
	KindTransfer
	KindPayout
	KindDue
	KindDebt
	KindLateDebt
	KindAppeal
	KindApproval
	KindRetraction
	KindProposal
	KindVote
	KindEvidence
	KindNote
	KindCommission
	KindCustody
	KindEvidenceRequest
	KindDisclosure
	KindEvent
	// KindReference and the kinds after it are read beside the rows themselves: transfers by
	// reference, what claims are usually awarded, the order of debts, their sums, how much
	// evidence claims have, and which, and the authenticators.
	KindReference
	KindUsual
	KindOldest
	KindOwed
	KindEvidenceSum
	KindPiece
	KindJudge
	// KindCount is how many kinds there are.
	KindCount
)

// kind is what a book does with one kind of row.
type kind struct {
	// table is the table of the database whose rows it holds.
	table string
	// rows are those in memory.
	rows func(*Book) rows
	// stage turns what the batch staged into rows to write; nil for what is only read.
	stage func(*Book, *Changes)
}

// String is the table that the kind's rows stand in.
func (k Kind) String() string { return kinds[k].table }

// Staged says whether commands stage rows of the kind; others are only read.
func (k Kind) Staged() bool { return kinds[k].stage != nil }

// kinds is the one list of the kinds of row.
var kinds = [KindCount]kind{
	KindRequest: {
		table: "requests",
		rows:  func(b *Book) rows { return &b.requests },
		stage: func(b *Book, c *Changes) {
			b.requests.made(func(r *request.Stored) { c.Requests = append(c.Requests, *r) })
		},
	},
	KindPerson: {
		table: "person_commitments",
		rows:  func(b *Book) rows { return &b.persons },
		stage: func(b *Book, c *Changes) {
			b.persons.made(func(p *Person) { c.Persons = append(c.Persons, *p) })
		},
	},
	KindClaim: {
		table: "claims",
		rows:  func(b *Book) rows { return &b.claims },
		stage: func(b *Book, c *Changes) {
			b.claims.staged(
				func(l *loadedClaim) { c.ClaimsFiled = append(c.ClaimsFiled, l.Claim) },
				func(l *loadedClaim) {
					c.ClaimsChanged = append(c.ClaimsChanged, ClaimChanged{Claim: l.Claim, From: l.from})
				},
				never[loadedClaim])
		},
	},
	KindLine: {
		table: "order_lines",
		rows:  func(b *Book) rows { return &b.lines },
		stage: func(b *Book, c *Changes) {
			b.lines.staged(
				func(l *loadedLine) { c.Lines = append(c.Lines, l.seen()) },
				func(l *loadedLine) {
					c.LinesChanged = append(c.LinesChanged, LineChanged{LineSeen: l.seen(), From: l.from})
				},
				never[loadedLine])
		},
	},
	KindCorrection: {
		table: "order_line_corrections",
		rows:  func(b *Book) rows { return &b.corrections },
		stage: func(b *Book, c *Changes) { c.Corrections = append(c.Corrections, b.corrections.list...) },
	},
	KindRefund: {
		table: "order_line_refunds",
		rows:  func(b *Book) rows { return &b.refunds },
		stage: func(b *Book, c *Changes) {
			b.refunds.made(func(r *Refund) { c.Refunds = append(c.Refunds, *r) })
		},
	},
	KindUnit: {
		table: "claimed_units",
		rows:  func(b *Book) rows { return &b.units },
		stage: stageUnits,
	},
	KindGroup: {
		table: "pricing_groups",
		rows:  func(b *Book) rows { return &b.groups },
		stage: func(b *Book, c *Changes) {
			b.groups.made(func(g *Group) { c.Groups = append(c.Groups, *g) })
		},
	},
	KindRevision: {
		table: "claim_revisions",
		rows:  func(b *Book) rows { return &b.revisions },
		stage: func(b *Book, c *Changes) { c.Revisions = append(c.Revisions, b.revisions.list...) },
	},
	KindResult: {
		table: "results",
		rows:  func(b *Book) rows { return &b.results },
		stage: func(b *Book, c *Changes) {
			// Retracting a result leaves its row as it is: the retraction is a row of its own.
			b.results.staged(func(r *claim.Result) { c.Results = append(c.Results, *r) }, func(*claim.Result) {}, never[claim.Result])
		},
	},
	KindWait: {
		table: "waits",
		rows:  func(b *Book) rows { return &b.waits },
		stage: func(b *Book, c *Changes) {
			b.waits.staged(
				func(w *Wait) { c.WaitsBegun = append(c.WaitsBegun, *w) },
				func(w *Wait) { c.WaitsChanged = append(c.WaitsChanged, *w) },
				func(w *Wait) {
					c.WaitsEnded = append(c.WaitsEnded, Key{MerchantID: b.merchantID, ID: w.ClaimID})
				})
		},
	},
	KindHold: {
		table: "holds",
		rows:  func(b *Book) rows { return &b.holds },
		stage: func(b *Book, c *Changes) {
			b.holds.staged(
				func(h *ledger.Hold) { c.HoldsPlaced = append(c.HoldsPlaced, *h) },
				func(h *ledger.Hold) { c.HoldsChanged = append(c.HoldsChanged, *h) },
				never[ledger.Hold])
		},
	},
	KindTransfer: {
		table: "transfers",
		rows:  func(b *Book) rows { return &b.transfers },
		stage: func(b *Book, c *Changes) { c.Transfers = append(c.Transfers, b.transfers.list...) },
	},
	KindPayout: {
		table: "payouts",
		rows:  func(b *Book) rows { return &b.payouts },
		stage: func(b *Book, c *Changes) {
			b.payouts.staged(
				func(p *payout.Payout) { c.PayoutsMade = append(c.PayoutsMade, *p) },
				func(p *payout.Payout) { c.PayoutsChanged = append(c.PayoutsChanged, *p) },
				never[payout.Payout])
		},
	},
	KindDue: {
		table: "payout_dues",
		rows:  func(b *Book) rows { return &b.dues },
		stage: func(b *Book, c *Changes) {
			b.dues.staged(
				func(d *Due) { c.DuesBegun = append(c.DuesBegun, *d) },
				// Ended and begun again in one batch: the payout failed and was retried.
				func(d *Due) { c.DuesChanged = append(c.DuesChanged, *d) },
				func(d *Due) {
					c.DuesEnded = append(c.DuesEnded, Key{MerchantID: b.merchantID, ID: d.PayoutID})
				})
		},
	},
	KindDebt: {
		table: "debts",
		rows:  func(b *Book) rows { return &b.debts },
		stage: func(b *Book, c *Changes) {
			b.debts.staged(
				func(d *debt.Debt) { c.DebtsBegun = append(c.DebtsBegun, *d) },
				func(d *debt.Debt) {
					c.DebtsChanged, c.DebtsKept = append(c.DebtsChanged, *d), append(c.DebtsKept, *d)
				},
				func(d *debt.Debt) {
					c.DebtsEnded, c.DebtsKept = append(c.DebtsEnded, *d), append(c.DebtsKept, *d)
				})
		},
	},
	// What debts were is kept by the database when they change; beside that, debts may have
	// taken effect before they were recorded.
	KindLateDebt: {
		table: "debt_versions",
		rows:  func(b *Book) rows { return &b.owedBefore },
		stage: func(b *Book, c *Changes) { c.DebtsLate = append(c.DebtsLate, b.owedBefore.list...) },
	},
	KindAppeal: {
		table: "appeals",
		rows:  func(b *Book) rows { return &b.appeals },
		stage: func(b *Book, c *Changes) { c.Appeals = append(c.Appeals, b.appeals.list...) },
	},
	KindApproval: {
		table: "approvals",
		rows:  func(b *Book) rows { return &b.approvals },
		stage: func(b *Book, c *Changes) {
			b.approvals.made(func(a *Approval) { c.Approvals = append(c.Approvals, *a) })
		},
	},
	KindRetraction: {
		table: "result_retractions",
		rows:  func(b *Book) rows { return &b.retracted },
		stage: func(b *Book, c *Changes) { c.Retractions = append(c.Retractions, b.retracted.list...) },
	},
	KindProposal: {
		table: "proposals",
		rows:  func(b *Book) rows { return &b.proposals },
		stage: func(b *Book, c *Changes) {
			b.proposals.staged(
				func(p *proposal.Proposal) { c.ProposalsMade = append(c.ProposalsMade, *p) },
				func(p *proposal.Proposal) { c.ProposalsChanged = append(c.ProposalsChanged, *p) },
				never[proposal.Proposal])
		},
	},
	KindVote: {
		table: "proposal_votes",
		rows:  func(b *Book) rows { return &b.votes },
		stage: func(b *Book, c *Changes) { c.Votes = append(c.Votes, b.votes.list...) },
	},
	KindEvidence: {
		table: "evidence",
		rows:  func(b *Book) rows { return &b.evidence },
		stage: func(b *Book, c *Changes) { c.Evidence = append(c.Evidence, b.evidence.list...) },
	},
	KindNote: {
		table: "claim_notes",
		rows:  func(b *Book) rows { return &b.notes },
		stage: func(b *Book, c *Changes) {
			b.notes.made(func(n *Note) { c.Notes = append(c.Notes, *n) })
		},
	},
	KindCommission: {
		table: "commissions",
		rows:  func(b *Book) rows { return &b.commissions },
		stage: func(b *Book, c *Changes) {
			b.commissions.staged(
				func(x *commission.Commission) { c.CommissionsMade = append(c.CommissionsMade, *x) },
				func(x *commission.Commission) { c.CommissionsChanged = append(c.CommissionsChanged, *x) },
				never[commission.Commission])
		},
	},
	KindCustody: {
		table: "custody_steps",
		rows:  func(b *Book) rows { return &b.custody },
		stage: func(b *Book, c *Changes) {
			b.custody.made(func(x *custody.Step) { c.Custody = append(c.Custody, *x) })
		},
	},
	KindDisclosure: {
		table: "evidence_disclosures",
		rows:  func(b *Book) rows { return &b.disclosures },
		stage: func(b *Book, c *Changes) {
			b.disclosures.made(func(d *Disclosure) { c.Disclosures = append(c.Disclosures, *d) })
		},
	},
	KindEvidenceRequest: {
		table: "evidence_requests",
		rows:  func(b *Book) rows { return &b.evidenceRequests },
		stage: func(b *Book, c *Changes) {
			b.evidenceRequests.staged(
				func(r *claim.EvidenceRequest) { c.EvidenceRequestsMade = append(c.EvidenceRequestsMade, *r) },
				func(r *claim.EvidenceRequest) { c.EvidenceRequestsChanged = append(c.EvidenceRequestsChanged, *r) },
				never[claim.EvidenceRequest])
		},
	},
	KindEvent: {
		table: "events",
		rows:  func(b *Book) rows { return &b.events },
		stage: func(b *Book, c *Changes) { c.Events = append(c.Events, b.events.list...) },
	},
	KindReference: {table: "transfers", rows: func(b *Book) rows { return &b.byReference }},
	KindUsual:     {table: "claims", rows: func(b *Book) rows { return b.usual }},
	KindOldest:    {table: "debts", rows: func(b *Book) rows { return b.oldest }},
	KindOwed:      {table: "debts", rows: func(b *Book) rows { return &b.owed }},
	// What the batch adds is counted here, and its rows are staged as evidence.
	KindEvidenceSum: {table: "evidence", rows: func(b *Book) rows { return &b.evidenceSums }},
	KindPiece:       {table: "evidence", rows: func(b *Book) rows { return &b.pieces }},
	KindJudge:       {table: "authenticator_states", rows: func(b *Book) rows { return &b.judges }},
}

// Changes adds everything that the batch staged to what is to be written.
func (b *Book) Changes(c *Changes) {
	if b.opened {
		c.BooksOpened = append(c.BooksOpened, b.head)
	} else {
		c.Books = append(c.Books, b.head)
	}
	c.Judged = append(c.Judged, b.judges.by.list...)
	for i := range kinds {
		if stage := kinds[i].stage; stage != nil {
			stage(b, c)
		}
	}
}

// stageUnits tells units that found an owner, lost one, or passed from one to
// another.
func stageUnits(b *Book, c *Changes) {
	b.units.each(func(k unitKey, r *row[unit]) {
		owner := UnitOwner{MerchantID: b.merchantID, OrderLineID: k.line, Ordinal: k.ordinal, ClaimID: r.value.claimID}
		switch {
		case r.stored && r.live && r.value.claimID != r.value.stored:
			c.UnitsPassed = append(c.UnitsPassed, UnitPassed{UnitOwner: owner, From: r.value.stored})
		case r.live && !r.stored:
			c.UnitsTaken = append(c.UnitsTaken, owner)
		case r.stored && !r.live:
			owner.ClaimID = r.value.stored
			c.UnitsFreed = append(c.UnitsFreed, owner)
		}
	})
}

// never is the staging of a change that the kind of row does not undergo.
func never[V any](*V) { panic("book: a row was changed in a way that its kind does not allow") }
