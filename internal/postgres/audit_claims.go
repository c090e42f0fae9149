package postgres

import (
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// Flow is what the transfers of one kind moved for a claim; for no claim where
// ClaimID is empty.
type Flow struct {
	ClaimID string
	Kind    ledger.Kind
	Amount  money.Amount
}

// AuditedRevision is a revision without its calculation.
type AuditedRevision struct {
	ClaimID string
	Number  int32
	Verdict claim.Verdict
	// Units are the verdicts of the units as they are stored.
	Units  string
	Award  claim.Award
	Cause  string
	Author string
	// EventNumber is the event that made it.
	EventNumber int64
}

// AuditedUnit is an owned unit, with what the claims say about it.
type AuditedUnit struct {
	book.UnitOwner
	// State is the owner's, empty where there is none; Holds says whether the
	// owner claims this unit of this line.
	State claim.State
	Holds bool
}

// Heard describes the appeals against the revisions of a claim.
type Heard struct {
	ClaimID string
	// Newest is the newest revision appealed against, Appeals how many there are.
	Newest  int32
	Appeals int32
}

// Confirmation is when a claim was first confirmed, by its moves.
type Confirmation struct {
	ClaimID string
	At      time.Time
}

// ClaimParts is what belongs to the claims of one range of ids.
type ClaimParts struct {
	Flows     []Flow
	Holds     []*ledger.Hold
	Payouts   []*payout.Payout
	Waits     []book.Wait
	Revisions []AuditedRevision
	// Last is the newest move of each claim.
	Last      []Move
	Confirmed []Confirmation
	Heard     []Heard
	Approvals []book.Approval
	// Notes have only their numbers and the people who added them.
	Notes []book.Note
	// Commissions have only their numbers and the people who gave them.
	Commissions []commission.Commission
	// Custody are steps of custody with only their numbers and the people who added them.
	Custody []custody.Step
	// Disclosures have only the people who made them.
	Disclosures []book.Disclosure
	// EvidenceRequests have only their numbers and the people who made them.
	EvidenceRequests []claim.EvidenceRequest
	// Evidence has only the people who added it.
	Evidence []book.Evidence
	// Debts are those that claims tell of.
	Debts []debt.Debt
}

// ClaimParts reads the parts of the claims from one id to another.
func (a *Audit) ClaimParts(merchantID, from, to string) (*ClaimParts, error) {
	p := new(ClaimParts)
	var err error
	if p.Flows, err = a.flows(merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Holds, err = page(a, "audit holds", `
		SELECT h.merchant_id, h.claim_id, h.hold_number, h.source, h.state, h.amount_minor,
		       h.captured_minor, h.released_minor, h.placed_at, h.ended_at
		FROM holds h
		WHERE h.merchant_id = $1 AND h.claim_id BETWEEN $2 AND $3
		ORDER BY h.claim_id, h.hold_number`, scanHold, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Payouts, err = page(a, "audit payouts", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.claim_id BETWEEN $2 AND $3`, scanPayout, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Waits, err = page(a, "audit waits", `
		SELECT merchant_id, claim_id, state, since, fires, deadline_at, hold_expires_at, assignee
		FROM waits
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3`, scanWait, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Last, err = page(a, "audit last moves", `
		SELECT DISTINCT ON (claim_id) claim_id, version, to_state, recorded_at
		FROM moves
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, event_number DESC`,
		func(rows *sql.Rows) (m Move, err error) {
			return m, rows.Scan(&m.ClaimID, &m.Version, (*string)(&m.To), &m.RecordedAt)
		}, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Revisions, err = page(a, "audit revisions", `
		SELECT claim_id, revision, verdict, units::text, refund_minor, compensation_minor, cause, author, event_number
		FROM claim_revisions
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, revision`,
		func(rows *sql.Rows) (r AuditedRevision, err error) {
			return r, rows.Scan(&r.ClaimID, &r.Number, (*string)(&r.Verdict), &r.Units,
				(*int64)(&r.Award.Refund), (*int64)(&r.Award.Compensation), &r.Cause, &r.Author, &r.EventNumber)
		}, merchantID, from, to); err != nil {
		return nil, err
	}
	return p, a.decisions(p, merchantID, from, to)
}

// decisions reads the decisions on the claims, and the debts for them.
func (a *Audit) decisions(p *ClaimParts, merchantID, from, to string) error {
	var err error
	if p.Confirmed, err = page(a, "audit confirmations", `
		SELECT claim_id, min(recorded_at)
		FROM moves
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3 AND to_state = 'PAYING'
		GROUP BY claim_id`,
		func(rows *sql.Rows) (c Confirmation, err error) { return c, rows.Scan(&c.ClaimID, &c.At) },
		merchantID, from, to); err != nil {
		return err
	}
	if p.Heard, err = page(a, "audit appeals", `
		SELECT claim_id, max(revision), count(*)
		FROM appeals
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		GROUP BY claim_id`,
		func(rows *sql.Rows) (h Heard, err error) { return h, rows.Scan(&h.ClaimID, &h.Newest, &h.Appeals) },
		merchantID, from, to); err != nil {
		return err
	}
	if p.Approvals, err = page(a, "audit approvals", `
		SELECT merchant_id, claim_id, revision, person_id, amount_minor, note, event_number, approved_at
		FROM approvals
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3`, scanApproval, merchantID, from, to); err != nil {
		return err
	}
	if p.Evidence, err = page(a, "audit evidence", `
		SELECT claim_id, event_number, added_by
		FROM evidence
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, event_number`,
		func(rows *sql.Rows) (e book.Evidence, err error) {
			return e, rows.Scan(&e.ClaimID, &e.EventNumber, &e.AddedBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	if p.Notes, err = page(a, "audit notes", `
		SELECT claim_id, note_number, event_number, added_by
		FROM claim_notes
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, note_number`,
		func(rows *sql.Rows) (n book.Note, err error) {
			return n, rows.Scan(&n.ClaimID, &n.Number, &n.EventNumber, &n.AddedBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	if p.Commissions, err = page(a, "audit commissions", `
		SELECT claim_id, commission_number, event_number, made_by
		FROM commissions
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, commission_number`,
		func(rows *sql.Rows) (x commission.Commission, err error) {
			return x, rows.Scan(&x.ClaimID, &x.Number, &x.EventNumber, &x.MadeBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	if p.Custody, err = page(a, "audit steps of custody", `
		SELECT claim_id, step_number, event_number, recorded_by
		FROM custody_steps
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, step_number`,
		func(rows *sql.Rows) (x custody.Step, err error) {
			return x, rows.Scan(&x.ClaimID, &x.Number, &x.EventNumber, &x.RecordedBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	if p.Disclosures, err = page(a, "audit disclosures", `
		SELECT claim_id, event_number, made_by
		FROM evidence_disclosures
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, event_number`,
		func(rows *sql.Rows) (d book.Disclosure, err error) {
			return d, rows.Scan(&d.ClaimID, &d.EventNumber, &d.MadeBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	if p.EvidenceRequests, err = page(a, "audit requests for evidence", `
		SELECT claim_id, request_number, event_number, made_by
		FROM evidence_requests
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, request_number`,
		func(rows *sql.Rows) (x claim.EvidenceRequest, err error) {
			return x, rows.Scan(&x.ClaimID, &x.Number, &x.EventNumber, &x.MadeBy)
		},
		merchantID, from, to); err != nil {
		return err
	}
	p.Debts, err = page(a, "audit debts of claims", `
		SELECT merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at
		FROM debts
		WHERE merchant_id = $1 AND debt_id BETWEEN $2 AND $3 AND kind <> 'TOP_UP'`, scanDebt, merchantID, from, to)
	return err
}

func (a *Audit) flows(merchantID, from, to string) ([]Flow, error) {
	return page(a, "audit flows", `
		SELECT t.claim_id, t.kind, sum(t.amount_minor)::bigint
		FROM events e
		CROSS JOIN LATERAL (
			SELECT t.claim_id, t.kind, t.amount_minor
			FROM transfers t
			WHERE t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
			OFFSET 0) t
		WHERE e.merchant_id = $1 AND e.claim_id BETWEEN $2 AND $3 AND t.claim_id IS NOT NULL
		GROUP BY t.claim_id, t.kind`, scanFlow, merchantID, from, to)
}

// Unclaimed reads what the transfers of a book that belong to no claim moved.
func (a *Audit) Unclaimed(merchantID string) ([]Flow, error) {
	return page(a, "audit flows without claim", `
		SELECT '', kind, sum(amount_minor)::bigint
		FROM transfers
		WHERE merchant_id = $1 AND claim_id IS NULL
		GROUP BY kind`, scanFlow, merchantID)
}

func scanFlow(rows *sql.Rows) (f Flow, err error) {
	return f, rows.Scan(&f.ClaimID, (*string)(&f.Kind), (*int64)(&f.Amount))
}

// AuditedProposal is a proposal with the transfer that carried it out.
type AuditedProposal struct {
	proposal.Proposal
	// TransferKind and TransferAmount are those of its transfer; empty and zero where
	// none is.
	TransferKind   ledger.Kind
	TransferAmount money.Amount
	// RestKind and RestAmount are those of the transfer behind it, if that is the part which
	// the merchant owes.
	RestKind   ledger.Kind
	RestAmount money.Amount
	// Approvers are the persons of the votes that approved it.
	Approvers []string
	// UndoneBy is how much of it later carried-out proposals say they undo.
	UndoneBy money.Amount
}

// Proposals reads the proposals of a book after a number, in order.
func (a *Audit) Proposals(merchantID string, after int64, limit int) ([]AuditedProposal, error) {
	return page(a, "audit proposals", `
		SELECT p.proposal_number, p.kind, p.state, p.amount_minor, coalesce(p.transfer_number, 0), p.undone_minor,
		       coalesce(p.booked_minor, 0), p.proposed_by, coalesce(t.kind, ''), coalesce(t.amount_minor, 0),
		       coalesce(o.kind, ''), coalesce(o.amount_minor, 0),
		       ARRAY(SELECT v.person_id FROM proposal_votes v
		             WHERE v.merchant_id = p.merchant_id AND v.proposal_number = p.proposal_number AND v.approved),
		       (SELECT coalesce(sum(u.amount_minor), 0)::bigint FROM proposals u
		        WHERE u.merchant_id = p.merchant_id AND u.undoes_number = p.proposal_number AND u.state = 'CARRIED_OUT')
		FROM proposals p
		LEFT JOIN transfers t ON t.merchant_id = p.merchant_id AND t.transfer_number = p.transfer_number
		LEFT JOIN transfers o ON o.merchant_id = t.merchant_id AND o.transfer_number = t.transfer_number + 1
		  AND o.event_number = t.event_number AND o.kind = t.kind || '_OWED'
		WHERE p.merchant_id = $1 AND p.proposal_number > $2
		ORDER BY p.proposal_number
		LIMIT $3`,
		func(rows *sql.Rows) (p AuditedProposal, err error) {
			err = rows.Scan(&p.Number, (*string)(&p.Kind), (*string)(&p.State), (*int64)(&p.Amount), &p.TransferNumber,
				(*int64)(&p.Undone), (*int64)(&p.Booked), &p.ProposedBy, (*string)(&p.TransferKind), (*int64)(&p.TransferAmount),
				(*string)(&p.RestKind), (*int64)(&p.RestAmount), pq.Array(&p.Approvers), (*int64)(&p.UndoneBy))
			return p, err
		}, merchantID, after, limit)
}

// Votes reads the votes of a book after an event, in the order of their events.
func (a *Audit) Votes(merchantID string, afterEvent int64, limit int) ([]proposal.Vote, error) {
	return page(a, "audit votes", `
		SELECT proposal_number, person_id, event_number
		FROM proposal_votes
		WHERE merchant_id = $1 AND event_number > $2
		ORDER BY event_number
		LIMIT $3`,
		func(rows *sql.Rows) (v proposal.Vote, err error) {
			return v, rows.Scan(&v.Number, &v.Person, &v.EventNumber)
		}, merchantID, afterEvent, limit)
}

// Moved reads what the transfers of some kinds moved in a book altogether.
func (a *Audit) Moved(merchantID string, kinds []ledger.Kind) ([]Flow, error) {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return page(a, "audit flows by kind", `
		SELECT '', kind, sum(amount_minor)::bigint
		FROM transfers
		WHERE merchant_id = $1 AND kind = ANY ($2::text[])
		GROUP BY kind`, scanFlow, merchantID, pq.Array(names))
}

// TopUpsOwed reads what is open of top-ups that bounced.
func (a *Audit) TopUpsOwed(merchantID string) (money.Amount, error) {
	sums, err := page(a, "audit bounced top-ups", `
		SELECT coalesce(sum(open_minor), 0)::bigint FROM debts WHERE merchant_id = $1 AND kind = 'TOP_UP'`,
		func(rows *sql.Rows) (sum money.Amount, err error) { return sum, rows.Scan((*int64)(&sum)) }, merchantID)
	if err != nil || len(sums) == 0 {
		return 0, err
	}
	return sums[0], nil
}

// Units reads the owned units of a book after one, in order, with their owners.
func (a *Audit) Units(merchantID, afterLine string, afterOrdinal int32, limit int) ([]AuditedUnit, error) {
	return page(a, "audit units", `
		SELECT u.merchant_id, u.order_line_id, u.ordinal, u.claim_id, coalesce(c.state, ''),
		       coalesce(c.order_line_id = u.order_line_id
		                AND c.units::jsonb @> jsonb_build_array(jsonb_build_object('ordinal', u.ordinal)), false)
		FROM claimed_units u
		LEFT JOIN claims c ON c.merchant_id = u.merchant_id AND c.claim_id = u.claim_id
		WHERE u.merchant_id = $1 AND (u.order_line_id, u.ordinal) > ($2, $3)
		ORDER BY u.order_line_id, u.ordinal
		LIMIT $4`,
		func(rows *sql.Rows) (u AuditedUnit, err error) {
			return u, rows.Scan(&u.MerchantID, &u.OrderLineID, &u.Ordinal, &u.ClaimID, (*string)(&u.State), &u.Holds)
		}, merchantID, afterLine, afterOrdinal, limit)
}
