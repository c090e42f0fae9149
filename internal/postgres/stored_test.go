package postgres_test

import (
	"database/sql"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// unchecked is a database whose tables take any value: without checks and
// references between tables.
func unchecked(t *testing.T) *books {
	t.Helper()
	b := newBooks(t)
	for _, drop := range b.strings(`
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
		FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f')`) {
		b.run(drop)
	}
	return b
}

// in runs f in a transaction of the pipeline.
func (b *books) in(f func(*postgres.Tx) error) {
	b.t.Helper()
	s := b.pg.OpenSession()
	defer s.Close()
	if err := s.InTx(b.t.Context(), f); err != nil {
		b.t.Fatal(err)
	}
}

// readBack compares rows with what read finds under their keys.
func readBack[K, V any](t *testing.T, what string, rows []V, key func(V) K, read func([]K) ([]V, error)) {
	t.Helper()
	keys := make([]K, len(rows))
	for i, r := range rows {
		keys[i] = key(r)
	}
	got, err := read(keys)
	if err != nil {
		t.Errorf("read %s: %v", what, err)
		return
	}
	if len(got) != len(rows) {
		t.Errorf("%s: %d rows were written and %d are read", what, len(rows), len(got))
		return
	}
	for _, want := range rows {
		if !slices.ContainsFunc(got, func(v V) bool { return cmp.Equal(want, v) }) {
			t.Errorf("%s: what is read differs from what was written, such as %s", what, cmp.Diff(want, got[0]))
		}
	}
}

// sound is read where no row may be damaged.
func sound[V any](t *testing.T, read func([]book.Key, func(book.Key, error)) ([]V, error)) func([]book.Key) ([]V, error) {
	return func(keys []book.Key) ([]V, error) {
		return read(keys, func(k book.Key, err error) { t.Errorf("%v: %v", k, err) })
	}
}

// pointed reads rows of which a reader gives pointers.
func pointed[K, V any](read func([]K) ([]*V, error)) func([]K) ([]V, error) {
	return func(keys []K) ([]V, error) {
		found, err := read(keys)
		out := make([]V, len(found))
		for i, v := range found {
			out[i] = *v
		}
		return out, err
	}
}

// begun are the changes that add rows, all fields of which are set.
func begun(from int64, pattern uint) *book.Changes {
	c := filled[book.Changes](from, pattern)
	added := &book.Changes{
		BooksOpened: c.BooksOpened, Lines: c.Lines, Refunds: c.Refunds, Groups: c.Groups, Persons: c.Persons,
		ClaimsFiled: c.ClaimsFiled, UnitsTaken: c.UnitsTaken, Revisions: c.Revisions, Results: c.Results, WaitsBegun: c.WaitsBegun,
		HoldsPlaced: c.HoldsPlaced, Transfers: c.Transfers, DebtsBegun: c.DebtsBegun, DebtsLate: c.DebtsLate, Appeals: c.Appeals, Approvals: c.Approvals,
		Retractions: c.Retractions, ProposalsMade: c.ProposalsMade, Votes: c.Votes, Evidence: c.Evidence, Notes: c.Notes, Custody: c.Custody, PayoutsMade: c.PayoutsMade,
		Corrections: c.Corrections, CommissionsMade: c.CommissionsMade, EvidenceRequestsMade: c.EvidenceRequestsMade, Disclosures: c.Disclosures,
		DuesBegun: c.DuesBegun, Events: c.Events, Requests: c.Requests,
	}
	for i := range added.Results {
		added.Results[i].Retracted = false // It is a row of its own.
		added.Results[i].Chain = nil       // They are rows of their own.
	}
	for i := range added.Revisions { // A calculation explains the award beside it.
		v := &added.Revisions[i]
		v.Explained = "" // It is written from the calculation.
		v.Calculation.PolicyID, v.Calculation.Version, v.Calculation.Basis = v.PolicyID, v.Version, v.Basis
		v.Calculation.Refund, v.Calculation.Compensation = v.Award.Refund, v.Award.Compensation
	}
	for i := range added.ProposalsMade {
		added.ProposalsMade[i].Votes = nil // They are rows of their own.
	}
	return added
}

// Would catch a field that is not stored with a new row, stored as another, or
// read as another: each has a value of its own, and every kind of row is read
// back. Two booleans are told apart by one of the patterns.
func TestEveryFieldOfANewRowIsStored(t *testing.T) {
	t.Parallel()
	b := unchecked(t)
	const patterns, apart = 8, 10_000
	for pattern := range uint(patterns) {
		c := begun(int64(pattern+1)*apart, pattern)
		for name, v := range fieldsOf(c) {
			if v.Len() == 0 && !slices.Contains(later, name) {
				t.Errorf("%s holds nothing", name)
			}
		}
		b.in(func(tx *postgres.Tx) error { return tx.Write(c) })
		b.in(func(tx *postgres.Tx) error { b.readNew(tx, c); return nil })
		b.readNewOutside(c)
	}
}

// withSigned adds to results what was signed of them, which is read by itself.
func (b *books) withSigned(read func([]book.Key) ([]claim.Result, error)) func([]book.Key) ([]claim.Result, error) {
	return func(keys []book.Key) ([]claim.Result, error) {
		rows, err := read(keys)
		for i := range rows {
			if err == nil {
				var x authenticator.Recorded
				x, _, err = b.pg.Reader().Recorded(b.t.Context(), rows[i].MerchantID, rows[i].ID)
				rows[i].Signed = x.Signed
			}
		}
		return rows, err
	}
}

// later are the changes of rows that are there already.
var later = []string{
	"Books", "BooksRead", "BooksMissing", "ClaimsChanged", "UnitsFreed", "UnitsPassed", "WaitsChanged", "WaitsEnded",
	"Judged", "LinesChanged", "HoldsChanged", "DebtsChanged", "DebtsEnded", "DebtsKept", "ProposalsChanged", "CommissionsChanged", "EvidenceRequestsChanged", "PayoutsChanged", "DuesChanged", "DuesEnded",
}

func fieldsOf(c *book.Changes) map[string]reflect.Value {
	out := make(map[string]reflect.Value)
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = v.Field(i)
	}
	return out
}

// readNew reads what the pipeline loads.
func (b *books) readNew(tx *postgres.Tx, c *book.Changes) {
	t := b.t
	t.Helper()
	key := func(merchantID, id string) book.Key { return book.Key{MerchantID: merchantID, ID: id} }
	readBack(t, "books", c.BooksOpened, func(h book.Head) string { return h.MerchantID }, tx.Books)
	readBack(t, "order lines", c.Lines, func(l book.LineSeen) book.Key { return key(l.Line.MerchantID, l.Line.ID) }, pointed(sound(t, tx.Lines)))
	readBack(t, "refunds", c.Refunds, func(r book.Refund) book.Key { return key(r.MerchantID, r.OrderLineID) }, tx.Refunds)
	readBack(t, "groups", c.Groups, func(g book.Group) book.Key { return key(g.MerchantID, g.ID) }, tx.Groups)
	persons := slices.Clone(c.Persons)
	for i := range persons {
		persons[i].Salt = nil // No command needs it.
	}
	readBack(t, "persons", persons, func(p book.Person) book.Key { return key(p.MerchantID, p.PersonID) }, tx.Persons)
	readBack(t, "claims", c.ClaimsFiled, func(c claim.Claim) book.Key { return key(c.MerchantID, c.ID) }, pointed(func(keys []book.Key) ([]*claim.Claim, error) {
		return tx.Claims(keys, func(c *claim.Claim, err error) { t.Errorf("claim %s: %v", c.ID, err) })
	}))
	readBack(t, "units", c.UnitsTaken, func(u book.UnitOwner) book.Key { return key(u.MerchantID, u.OrderLineID) }, tx.UnitOwners)
	readBack(t, "results", c.Results, func(r claim.Result) book.Key { return key(r.MerchantID, r.ClaimID) }, b.withSigned(sound(t, tx.Results)))
	readBack(t, "holds", c.HoldsPlaced, func(h ledger.Hold) book.Key { return key(h.MerchantID, h.ClaimID) }, pointed(tx.Holds))
	readBack(t, "transfers", c.Transfers, func(x ledger.Transfer) book.Key { return key(x.MerchantID, x.ExternalReference) }, tx.TransfersByReference)
	readBack(t, "debts", c.DebtsBegun, func(d debt.Debt) debt.Key {
		return debt.Key{MerchantID: d.MerchantID, Kind: d.Kind, ID: d.ID}
	}, tx.Debts)
	readBack(t, "approvals", c.Approvals, func(a book.Approval) book.Key { return key(a.MerchantID, a.ClaimID) }, tx.Approvals)
	readBack(t, "proposals", c.ProposalsMade, func(p proposal.Proposal) proposal.Key { return p.Key }, tx.Proposals)
	readBack(t, "disclosures", c.Disclosures, func(x book.Disclosure) book.Key { return key(x.MerchantID, x.ClaimID) }, tx.Disclosures)
	readBack(t, "requests for evidence", c.EvidenceRequestsMade, func(x claim.EvidenceRequest) book.Key { return key(x.MerchantID, x.ClaimID) }, tx.EvidenceRequests)
	readBack(t, "commissions", c.CommissionsMade, func(x commission.Commission) book.Key { return key(x.MerchantID, x.ClaimID) }, tx.Commissions)
	readBack(t, "steps of custody", c.Custody, func(x custody.Step) book.Key { return key(x.MerchantID, x.ClaimID) }, tx.CustodySteps)
	readBack(t, "payouts", c.PayoutsMade, func(p payout.Payout) book.Key { return key(p.MerchantID, p.ID) }, pointed(tx.Payouts))
	readBack(t, "requests", c.Requests, func(r request.Stored) request.Key { return r.Key }, tx.Requests)
}

// readNewOutside reads what only the API, a worker or nobody reads.
func (b *books) readNewOutside(c *book.Changes) {
	t, r, ctx := b.t, b.pg.Reader(), b.t.Context()
	t.Helper()
	for _, v := range c.Revisions {
		got, found, err := r.Revision(ctx, v.MerchantID, v.ClaimID)
		b.same("revision", found, err, v, got)
	}
	for _, e := range c.Evidence {
		got, err := r.Evidence(ctx, e.MerchantID, e.ClaimID, 0, many)
		b.same("evidence", true, err, []book.Evidence{e}, got)
	}
	for _, n := range c.Notes {
		got, err := r.Notes(ctx, n.MerchantID, n.ClaimID, []book.NoteVisibility{n.Visibility}, 0, many)
		b.same("notes", true, err, []book.Note{n}, got)
	}
	for _, a := range c.Appeals {
		got, err := r.Appeals(ctx, a.MerchantID, a.ClaimID, 0, many)
		if err != nil || len(got) != 1 {
			t.Errorf("%d appeals, %v", len(got), err)
			continue
		}
		b.same("appeal", true, nil, a, got[0].Appeal)
	}
	waits, err := b.pg.DueWaits(ctx, start.AddDate(1, 0, 0), postgres.WaitCursor{}, many)
	for _, w := range c.WaitsBegun {
		i := slices.IndexFunc(waits, func(o book.Wait) bool { return o.MerchantID == w.MerchantID })
		if err != nil || i < 0 {
			t.Errorf("wait of %s: %v", w.MerchantID, err)
			continue
		}
		b.same("wait", true, nil, w, waits[i])
	}
	for _, v := range c.Votes {
		var got proposal.Vote
		b.scan(`SELECT merchant_id, proposal_number, person_id, approved, note, event_number, voted_at FROM proposal_votes WHERE merchant_id = $1`,
			v.MerchantID, &got.MerchantID, &got.Number, &got.Person, &got.Approved, &got.Note, &got.EventNumber, &got.VotedAt)
		b.same("vote", true, nil, v, got)
	}
	for _, d := range c.DuesBegun {
		var got book.Due
		b.scan(`SELECT merchant_id, payout_id, due_at, attempts FROM payout_dues WHERE merchant_id = $1`,
			d.MerchantID, &got.MerchantID, &got.PayoutID, &got.DueAt, &got.Attempts)
		b.same("due", true, nil, d, got)
	}
	for _, x := range c.Retractions {
		var got book.Retraction
		b.scan(`SELECT merchant_id, result_id, claim_id, note, event_number, retracted_at, cause, job_id, reweighed FROM result_retractions WHERE merchant_id = $1`,
			x.MerchantID, &got.MerchantID, &got.ResultID, &got.ClaimID, &got.Note, &got.EventNumber, &got.RetractedAt, (*string)(&got.Cause), &got.Job, (*string)(&got.Reweighed))
		b.same("retraction", true, nil, x, got)
	}
	for _, p := range c.Persons {
		got := book.Person{}
		var commitment []byte
		b.scan(`SELECT merchant_id, person_id, salt, commitment FROM person_commitments WHERE merchant_id = $1`,
			p.MerchantID, &got.MerchantID, &got.PersonID, &got.Salt, &commitment)
		copy(got.Commitment[:], commitment)
		b.same("person", true, nil, p, got)
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		got := *l
		b.scan(`SELECT merchant_id, order_line_id, order_id, payment_id, product_id, paid_at, recorded_at FROM order_lines WHERE merchant_id = $1`,
			l.Line.MerchantID, &got.Line.MerchantID, &got.Line.ID, &got.Line.OrderID, &got.Line.PaymentID, &got.Line.ProductID, &got.Line.PaidAt, &got.RecordedAt)
		b.same("order line", true, nil, *l, got)
	}
	for i := range c.Corrections {
		l := &c.Corrections[i].Before.Line
		list, err := b.pg.Reader().LineCorrections(b.t.Context(), l.MerchantID, l.ID, 0, 2)
		b.same("corrections", len(list) == 1, err, c.Corrections[i:i+1], list)
	}
	for _, l := range c.DebtsLate {
		var got debt.Late
		b.scan(`SELECT merchant_id, debt_id, late_event, from_at, until_at, open_minor FROM debt_versions WHERE merchant_id = $1`,
			l.MerchantID, &got.MerchantID, &got.ID, &got.Event, &got.From, &got.Until, (*int64)(&got.Open))
		b.same("debt told of late", true, nil, l, got)
	}
	for i := range c.Events {
		b.readEvent(&c.Events[i])
	}
}

// readEvent compares an event with its columns.
func (b *books) readEvent(e *event.Event) {
	b.t.Helper()
	got := event.Event{Actor: e.Actor, Method: e.Method, RequestID: e.RequestID, Transfers: e.Transfers, Details: e.Details, Rows: e.Rows, Move: new(event.Move), Exposure: new(event.ExposureChange)}
	x := got.Exposure
	var hash []byte
	var encoding int
	var first, last int64
	b.scan(`
		SELECT merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash,
		       claim_version, from_state, to_state, trigger, note, first_transfer, last_transfer,
		       exposure_before_minor, exposure_before_held_minor, exposure_before_due_at,
		       exposure_minor, exposure_held_minor, exposure_due_at
		FROM events WHERE merchant_id = $1`, e.MerchantID,
		&got.MerchantID, &got.Number, (*string)(&got.Kind), &got.ClaimID, &got.RecordedAt, &encoding, &got.Content, &hash,
		&got.Move.Version, &got.Move.From, &got.Move.To, &got.Move.Trigger, &got.Note, &first, &last,
		(*int64)(&x.Before.Amount), (*int64)(&x.Before.Held), &x.Before.Due, (*int64)(&x.After.Amount), (*int64)(&x.After.Held), &x.After.Due)
	copy(got.Hash[:], hash)
	b.same("event", encoding == int(event.Encoding), nil, *e, got)
	if f, l := e.TransferNumbers(); f != first || l != last {
		b.t.Errorf("transfers %d to %d, want %d to %d", first, last, f, l)
	}
}

// scan reads one row.
func (b *books) scan(query, merchantID string, into ...any) {
	b.t.Helper()
	if err := b.admin.QueryRowContext(b.t.Context(), query, merchantID).Scan(into...); err != nil && err != sql.ErrNoRows {
		b.t.Error(err)
	}
}

// same fails the test unless what was read is what was written.
func (b *books) same(what string, found bool, err error, want, got any) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
		b.t.Errorf("%s: found %v, %v, %s", what, found, err, diff)
	}
}

// Would catch a field of a claim that is lost where one transaction files a claim
// and changes it, whichever statement it is that forgets the field.
func TestClaimIsFiledAndChangedInOneTransaction(t *testing.T) {
	t.Parallel()
	b := unchecked(t)
	const apart = 10_000
	for pattern := range uint(8) {
		filed := filled[claim.Claim](int64(2*pattern+1)*apart, pattern)
		changed := filled[claim.Claim](int64(2*pattern+2)*apart, ^pattern)
		changed.MerchantID, changed.ID = filed.MerchantID, filed.ID
		b.in(func(tx *postgres.Tx) error {
			if err := tx.Write(&book.Changes{ClaimsFiled: []claim.Claim{filed}}); err != nil {
				return err
			}
			return tx.Write(&book.Changes{ClaimsChanged: []book.ClaimChanged{{Claim: changed, From: filed.Version}}})
		})
		got, found, err := b.pg.Reader().Claim(t.Context(), filed.MerchantID, filed.ID)
		if err != nil || !found {
			t.Fatalf("read: %v, %v", found, err)
		}
		was, want, is := leaves(t, filed), leaves(t, changed), leaves(t, got)
		for field := range is {
			if slices.Contains(fixedOfClaim, field) {
				want[field] = was[field]
			}
			if is[field] != want[field] {
				t.Errorf("%s is %s, want %s", field, is[field], want[field])
			}
		}
	}
}

// fixedOfClaim are the fields that never change once a claim is filed.
var fixedOfClaim = []string{
	".MerchantID", ".ID", ".OrderLineID", ".OrderID", ".PaymentID", ".ProductID", ".PaidAt", ".ClaimantID", ".BasisChosen",
	".Remedies.Refund", ".Remedies.Compensation", ".Grounds", ".LearnedAt", ".ArrivedAt", ".FiledAt", ".Currency", ".FiledBy",
	".Potential", ".SamplingCase",
}
