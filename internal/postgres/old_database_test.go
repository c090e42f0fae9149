package postgres_test

import (
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	// oldDump is a database of schema version oldVersion; see testdata/README.md.
	oldDump    = "testdata/schema-26.sql.gz"
	oldVersion = 26
	// many is more rows than the old database has of anything.
	many = 1_000
)

// withoutOldRows are tables of which the old database has no rows, with the reason.
var withoutOldRows = map[string]string{
	"event_quarantines":          "no event of it is damaged",
	"claim_notes":                "nobody could write one",
	"uploads":                    "no files were kept when it was made",
	"upload_chunks":              "no files were kept when it was made",
	"commissions":                "nobody could give one",
	"custody_steps":              "nobody could record one",
	"evidence_disclosures":       "nobody could make one",
	"evidence_requests":          "nobody could make one",
	"jobs":                       "nothing was done by jobs",
	"job_items":                  "nothing was done by jobs",
	"statement_parts":            "nothing was done by jobs",
	"sandbox_clock":              "sandboxes kept none",
	"order_line_corrections":     "lines could not be corrected when it was made",
	"policy_proposals":           "policies were published without one",
	"policy_proposal_votes":      "policies were published without one",
	"rules_proposals":            "the old database has none",
	"rules_proposal_votes":       "the old database has none",
	"channel_imports":            "files of channels were not imported",
	"channel_import_chunks":      "files of channels were not imported",
	"channel_lines":              "files of channels were not imported",
	"channel_line_matches":       "files of channels were not imported",
	"reconciliation_breaks":      "files of channels were not imported",
	"reconciliation_break_notes": "files of channels were not imported",
	"balance_snapshots":          "a worker makes them of transfers",
	"snapshot_progress":          "a worker makes it with the first snapshot",
	"period_totals":              "a worker makes them of transfers",
	"period_progress":            "a worker makes it with the first sums",
	"debt_versions":              "debts were kept as they are, not as they were",
	"exposure_snapshots":         "a worker makes them of events",
	"exposure_totals":            "a worker makes them of events",
	"period_changes":             "months were not closed",
	"period_heads":               "months were not closed",
	"period_sums":                "months were not closed",
	"suspense_explanations":      "months were not closed",
	"audit_runs":                 "audits were not kept",
}

// unread are tables that no reader lists, with what shows that they are right.
var unread = map[string]string{
	"goose_db_version":           "the migration reads it",
	"readiness_probes":           "changed and not read",
	"uploads":                    "the old database has none",
	"upload_chunks":              "the old database has none",
	"jobs":                       "the old database has none",
	"job_items":                  "the old database has none",
	"statement_parts":            "the old database has none",
	"waits":                      "the audit compares them with the claims",
	"payout_dues":                "the audit compares them with the payouts",
	"claimed_units":              "the audit compares them with the claims",
	"pricing_groups":             "the audit looks for claims without one",
	"person_commitments":         "read with the moves of who made them",
	"reservations":               "a command reads the one that it needs",
	"authenticator_scopes":       "a look-up by goods finds authenticators by them",
	"authenticator_register":     "a change counts on from its row",
	"catalog_requests":           "a repeated request reads its own",
	"webhook_requests":           "a repeated request reads its own",
	"webhook_deliveries":         "of those that wait only the sender reads, and takes them",
	"event_quarantines":          "the old database has none",
	"decision_rules":             "the rows came with migrations, and the catalog reads them",
	"calendar_days":              "only the newest of each day is read",
	"events":                     "the audit reads and chains them",
	"transfers":                  "the audit reads and sums them up",
	"requests":                   "a repeated request reads its own",
	"order_line_corrections":     "the old database has none",
	"debt_versions":              "the old database has none",
	"exposure_openings":          "TestOldBooksAreKnownFromTheirLastTimeOn compares them with the claims",
	"exposure_snapshots":         "the old database has none",
	"exposure_totals":            "the old database has none",
	"period_changes":             "the old database has none",
	"period_heads":               "the old database has none",
	"period_sums":                "the old database has none",
	"suspense_explanations":      "the old database has none",
	"audit_runs":                 "the old database has none",
	"channel_imports":            "the old database has none",
	"channel_import_chunks":      "the old database has none",
	"channel_lines":              "the old database has none",
	"channel_line_matches":       "the old database has none",
	"reconciliation_breaks":      "the old database has none",
	"reconciliation_break_notes": "the old database has none",
	"order_line_refunds":         "read with their line, and the audit compares them with the events",
}

// oldBooks is an engine over the old database, at a time after all that is in it.
func oldBooks(t *testing.T) *books {
	t.Helper()
	db := pgtest.New(t)
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	b := &books{t: t, admin: admin}
	t.Cleanup(func() { _ = admin.Close() })
	b.run(`DROP SCHEMA public CASCADE`)
	b.run(`CREATE SCHEMA public AUTHORIZATION pg_database_owner`)
	restore(t, db.OwnerURL, oldDump)
	version, err := postgres.SchemaVersion(t.Context(), admin)
	if err != nil || version != oldVersion {
		t.Fatalf("the old database is at version %d, %v; want %d", version, err, oldVersion)
	}
	want, _ := latest(t)
	if _, to, err := postgres.Migrate(t.Context(), db.OwnerURL, discard()); err != nil || to != want {
		t.Fatalf("migrated to version %d, %v; want %d", to, err, want)
	}
	if err := admin.GetContext(t.Context(), &b.now, `SELECT max(recorded_at) + interval '1 minute' FROM books`); err != nil {
		t.Fatal(err)
	}
	if b.pg, err = postgres.Open(db.AppURL, 8); err != nil {
		t.Fatal(err)
	}
	b.engine, err = engine.New(t.Context(), b.pg, func() time.Time { return b.now }, engine.Defaults(), engine.Hooks{Payouts: b.told}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.engine.Close()
		_ = b.pg.Close()
	})
	return b
}

// restore runs a dump. The connection is of no further use: a dump empties its
// search path.
func restore(t *testing.T, ownerURL, name string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dump, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := sqlx.ConnectContext(t.Context(), "postgres", ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	if _, err := owner.ExecContext(t.Context(), string(dump)); err != nil {
		t.Fatalf("restore %s: %v", name, err)
	}
}

// audited fails the test unless every book is in order.
func (b *books) audited() {
	b.t.Helper()
	found, err := audit.Check(b.t.Context(), b.pg)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, d := range found {
		b.t.Errorf("audit: %s", d)
	}
}

// strings reads one column.
func (b *books) strings(query string, args ...any) []string {
	b.t.Helper()
	var list []string
	if err := b.admin.SelectContext(b.t.Context(), &list, query, args...); err != nil {
		b.t.Fatal(err)
	}
	return list
}

// tables are the tables of the schema.
func (b *books) tables() []string {
	return b.strings(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`)
}

// Catches an old database that does not become what a new one is, and one that
// holds nothing of some table, so that nobody knows whether it is read.
func TestOldDatabaseBecomesANewOne(t *testing.T) {
	t.Parallel()
	const columns = `
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
		FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version'
		ORDER BY table_name, ordinal_position`
	b, fresh := oldBooks(t), newBooks(t)
	if got, want := b.strings(columns), fresh.strings(columns); !slices.Equal(got, want) {
		t.Errorf("the migrated database has the columns %v, want %v", got, want)
	}
	for _, table := range b.tables() {
		_, empty := withoutOldRows[table]
		if n := b.rowsOf(table); (n == 0) != empty {
			t.Errorf("the old database has %d rows of %s", n, table)
		}
	}
	b.audited()
}

func (b *books) rowsOf(table string) (n int) {
	b.t.Helper()
	if err := b.admin.GetContext(b.t.Context(), &n, `SELECT count(*) FROM `+table); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// Catches a row that an earlier version wrote and this one cannot read, reads as
// something else, or does not list.
func TestOldDatabaseIsRead(t *testing.T) {
	t.Parallel()
	b := oldBooks(t)
	r, ctx := b.pg.Reader(), t.Context()
	seen := make(map[string]int)
	// saw counts what was read of a table.
	saw := func(table string, rows int, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("read %s: %v", table, err)
		}
		seen[table] += rows
	}
	one := func(found bool) int {
		if found {
			return 1
		}
		return 0
	}
	claims, more, err := r.ClaimsAfter(ctx, "", book.Key{}, many)
	if more {
		t.Error("there are more claims than one read gives")
	}
	saw("claims", len(claims), err)
	lines := make(map[book.Key]bool)
	for i := range claims {
		c := &claims[i]
		lines[book.Key{MerchantID: c.MerchantID, ID: c.OrderLineID}] = true
		b.readHistory(c, saw)
	}
	for k := range lines {
		_, _, found, err := r.OrderLine(ctx, k.MerchantID, k.ID)
		saw("order_lines", one(found), err)
	}
	for _, m := range b.strings(`SELECT merchant_id FROM books`) {
		_, found, err := r.Head(ctx, m)
		saw("books", one(found), err)
		proposals, err := r.Proposals(ctx, postgres.ProposalQuery{MerchantID: m}, postgres.ProposalCursor{}, many)
		saw("proposals", len(proposals.Rows), err)
		for _, p := range proposals.Rows {
			saw("proposal_votes", len(p.Votes), nil)
		}
		for _, kind := range debt.Kinds() {
			debts, err := r.Debts(ctx, postgres.DebtQuery{MerchantID: m, Kind: kind}, postgres.DebtCursor{}, many)
			saw("debts", len(debts.Rows), err)
		}
		webhooks, err := r.Webhooks(ctx, m, "", many)
		saw("webhooks", len(webhooks), err)
	}
	seen["webhooks"] += len(b.strings(`SELECT webhook_id FROM webhooks WHERE deleted_at IS NOT NULL`)) // Nobody sees those.
	refusals, err := r.Refusals(ctx, postgres.RefusalQuery{Before: postgres.RefusalCursor{RefusedAt: b.now.Add(time.Hour)}}, many)
	saw("access_refusals", len(refusals), err)
	versions, err := b.pg.PolicyVersions(ctx)
	saw("policy_versions", len(versions), err)
	authenticators, err := b.pg.Authenticators(ctx, "", "", many)
	saw("authenticators", len(authenticators), err)
	saw("authenticator_states", len(authenticators), err)
	changes, err := b.pg.AppliedAuthenticatorChanges(ctx, 0, many)
	saw("authenticator_changes", len(changes), err)
	for i, c := range changes {
		if a, err := b.pg.Authenticator(ctx, c.ID); err != nil || !a.Content.Equal(&c.Content) || a.Version != c.Applied || c.Applied != int64(i+1) {
			b.t.Errorf("authenticator %+v was registered by %+v, %v", a, c, err)
		}
	}
	key, err := b.pg.PageTokenKey(ctx)
	saw("service_keys", len(key)/32, err)
	feed, err := r.Since(ctx, event.Position{}, 10*many)
	if err != nil || len(feed.Events) != b.rowsOf("events") {
		t.Errorf("the feed holds %d events, %v; want %d", len(feed.Events), err, b.rowsOf("events"))
	}
	for _, table := range b.tables() {
		if _, exempt := unread[table]; exempt {
			continue
		}
		if n := b.rowsOf(table); seen[table] != n {
			t.Errorf("%d rows of %s were read, want %d", seen[table], table, n)
		}
	}
}

// readHistory reads all that belongs to one claim.
func (b *books) readHistory(c *claim.Claim, saw func(table string, rows int, err error)) {
	b.t.Helper()
	r, ctx, m := b.pg.Reader(), b.t.Context(), c.MerchantID
	stored, _, found, err := r.OrderLine(ctx, m, c.OrderLineID)
	line := new(order.Line)
	if found {
		line = &stored.Line
	}
	switch {
	case err != nil || !found:
		b.t.Errorf("order line %s of %s: found %v, %v", c.OrderLineID, m, found, err)
	case line.ID != c.OrderLineID || line.OrderID != c.OrderID || line.PaymentID != c.PaymentID || line.ProductID != c.ProductID ||
		!line.PaidAt.Equal(c.PaidAt) || int(line.Quantity) < len(c.Units) || line.GoodsPaid == 0:
		b.t.Errorf("order line of claim %s: %+v", c.ID, line)
	}
	if corrections, err := r.LineCorrections(ctx, m, c.OrderLineID, 0, many); len(corrections) > 0 || err != nil {
		b.t.Errorf("order line %s was corrected before that was possible: %v, %v", c.OrderLineID, corrections, err)
	}
	revisions, err := r.Revisions(ctx, m, c.ID, 0, many)
	saw("claim_revisions", len(revisions), err)
	for _, v := range revisions {
		if n := &v.Calculation; n.PolicyID != "" && (n.PolicyID != v.PolicyID || n.Compensation != v.Award.Compensation || len(n.Steps) == 0) {
			b.t.Errorf("revision %d of claim %s awards %+v and is explained by %+v", v.Number, c.ID, v.Award, n)
		}
	}
	results, err := r.Results(ctx, m, c.ID, "", many)
	saw("results", len(results), err)
	for _, x := range results {
		if x.Retracted {
			saw("result_retractions", 1, nil)
		}
	}
	if last, err := r.LastMove(ctx, m, c.ID); err != nil || last.To != c.State {
		b.t.Errorf("claim %s is %s and was moved to %s last, %v", c.ID, c.State, last.To, err)
	}
	holds, err := r.Holds(ctx, postgres.HoldQuery{MerchantID: m, ClaimID: c.ID}, postgres.HoldKey{}, many)
	saw("holds", len(holds.Rows), err)
	payouts, err := r.Payouts(ctx, postgres.PayoutQuery{MerchantID: m, ClaimID: c.ID}, "", many)
	saw("payouts", len(payouts.Rows), err)
	appeals, err := r.Appeals(ctx, m, c.ID, 0, many)
	saw("appeals", len(appeals), err)
	approvals, err := r.Approvals(ctx, m, c.ID, postgres.ApprovalKey{}, many)
	saw("approvals", len(approvals), err)
	evidence, err := r.Evidence(ctx, m, c.ID, 0, many)
	saw("evidence", len(evidence), err)
	_, err = r.Notes(ctx, m, c.ID, book.NoteVisibilities(), 0, many)
	saw("notes", 1, err) // There were none then.
}

// oldClaim reads a claim of shop-1 that fits a condition.
func (b *books) oldClaim(condition string) *claim.Claim {
	b.t.Helper()
	ids := b.strings(`SELECT claim_id FROM claims WHERE merchant_id = 'shop-1' AND ` + condition + ` ORDER BY claim_id`)
	if len(ids) == 0 {
		b.t.Fatalf("no claim with %s", condition)
	}
	c, _, err := b.pg.Reader().Claim(b.t.Context(), "shop-1", ids[len(ids)-1])
	if err != nil {
		b.t.Fatal(err)
	}
	return &c
}

// Catches a database that can be read and not worked on: what waits in it must go
// on, on order lines in the form in which they were stored then.
func TestOldDatabaseCarriesOn(t *testing.T) {
	t.Parallel()
	b := oldBooks(t)
	ctx := t.Context()
	on := func(method string) request.Header {
		h := b.request(method)
		h.MerchantID, h.RequestID = "shop-1", "later-"+h.RequestID
		return h
	}

	c := b.oldClaim(`state = 'NOTIFIED' AND notice_confirmed_at IS NOT NULL AND order_line_id IN (
		SELECT order_line_id FROM order_lines WHERE content ->> 'Category' = 'cosmetics')`)
	c = b.do(b.engine.Do(ctx, on("AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Note: "agreed"})).Claim
	for _, person := range []string{"approver-8", "approver-9"} {
		if c.State == claim.AwaitingApproval {
			h := on("ApproveClaim")
			h.Principal.Person = person
			c = b.do(b.engine.Do(ctx, h, &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: c.ID}})).Claim
		}
	}
	for _, p := range b.takePayouts() {
		c = b.do(b.engine.Do(ctx, request.System("shop-1", "AnswerPayout"), &book.AnswerPayout{
			PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded},
		})).Claim
	}
	if c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || c.Funding.Paid() == 0 {
		t.Errorf("accepted and paid: %s %+v", c.State, c.Funding)
	}

	// A payout that was under way is answered by the number that it had.
	paying := b.oldClaim(`state = 'PAYING' AND refund_in_flight_minor + compensation_in_flight_minor > 0`)
	payouts, err := b.pg.Reader().Payouts(ctx, postgres.PayoutQuery{MerchantID: "shop-1", ClaimID: paying.ID}, "", many)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payouts.Rows {
		paying = b.do(b.engine.Do(ctx, on("ReportPayoutOutcome"), &book.AnswerPayout{OutNumber: p.OutNumber, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded}})).Claim
	}
	if paying.State != claim.Paid {
		t.Errorf("paid under its old numbers: %s %+v", paying.State, paying.Funding)
	}

	// A refund of the order comes off an award that was found but not confirmed.
	open := b.oldClaim(`state = 'NOTIFIED' AND award_refund_minor > 500`)
	b.do(b.engine.Do(ctx, on("ReportOrderRefund"), &book.ReportOrderRefund{
		LineID: open.OrderLineID, RefundID: "later-1", Amount: 300, Currency: "CNY", RefundedAt: b.now,
	}))
	if now, _, err := b.pg.Reader().Claim(ctx, "shop-1", open.ID); err != nil || now.Award.Refund != open.Award.Refund-300 {
		t.Errorf("after a refund of 300 the award is %+v, was %+v; %v", now.Award, open.Award, err)
	}

	// Results are recorded, and a claim is filed on a line that is named only.
	waits := b.oldClaim(`state = 'AUTHENTICATING' AND clock_stopped_at IS NULL`)
	found := claim.Result{
		ClaimID: waits.ID, AuthenticatorID: "lab-1", ReportNumber: "later-1", Sample: claim.SealedPlatformSample,
		CustodyIntact: true, IssuedAt: b.now,
	}
	for _, u := range waits.Units {
		found.Units = append(found.Units, claim.Unit{Ordinal: u.Ordinal, Verdict: claim.Counterfeit})
	}
	if c := b.do(b.engine.Do(ctx, on("RecordResult"), &book.RecordResult{Result: found})).Claim; c.Verdict != claim.Counterfeit {
		t.Errorf("found counterfeit: %s %s", c.State, c.Verdict)
	}
	again := b.oldClaim(`state = 'WITHDRAWN'`)
	b.do(b.engine.Do(ctx, on("FileClaim"), &book.FileClaim{
		LineID: again.OrderLineID, ClaimantID: again.ClaimantID, Ordinals: again.Ordinals(), Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: b.now.Add(-time.Hour), Destination: "wallet-1",
	}))
	// The order service sends the line again: it is the same one.
	line, _, _, err := b.pg.Reader().OrderLine(ctx, "shop-1", open.OrderLineID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.engine.Do(ctx, on("FileClaim"), &book.FileClaim{
		Line: &line.Line, ClaimantID: open.ClaimantID, Ordinals: open.Ordinals(), Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true}, Grounds: claim.GroundsTrademark, LearnedAt: b.now.Add(-time.Hour), Destination: "wallet-1",
	})
	if !errors.Is(err, fault.ClaimAlreadyFiled) {
		t.Errorf("filed on the same units again: %v", err)
	}
	b.audited()
}
