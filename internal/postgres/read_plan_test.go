package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// pageSize is how many rows the planned pages hold.
const pageSize = 50

// plan is what a node of EXPLAIN says of itself.
type plan struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Recheck  float64 `json:"Rows Removed by Index Recheck"`
	Hit      float64 `json:"Shared Hit Blocks"`
	Read     float64 `json:"Shared Read Blocks"`
	Plans    []plan  `json:"Plans"`
}

// walk calls f for every node.
func (p *plan) walk(f func(*plan)) {
	f(p)
	for i := range p.Plans {
		p.Plans[i].walk(f)
	}
}

// explain runs a statement as the reader does and returns how it was carried out.
func (b *bulk) explain(t *testing.T, s postgres.Statement) plan {
	t.Helper()
	var raw []byte
	if err := b.app.GetContext(t.Context(), &raw, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+s.Query, s.Args...); err != nil {
		t.Fatal(err)
	}
	var out []struct {
		Plan plan `json:"Plan"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out[0].Plan
}

// planned is a read and the most rows that its statements may look at.
type planned struct {
	run  func(context.Context, postgres.Reader) error
	rows float64
}

// found turns the answer of a read into an error where it found nothing.
func found[T any](_ T, ok bool, err error) error {
	if err == nil && !ok {
		return errors.New("nothing found")
	}
	return err
}

// listed drops the rows of a list.
func listed[T any](_ T, err error) error { return err }

const (
	// onePage is what a page costs whose every row is asked for: the rows, the
	// one after them, one that the counting reads ahead, and each once more
	// where a list goes by waits.
	onePage = 2 * (pageSize + 2)
	// few is what a list costs that has a few rows.
	few = 16
	// bounded is what a page costs that finds too few rows.
	bounded = postgres.ExaminedMax + 1 + onePage
	// far is the same where each row costs a claim and the first of its results.
	far = 3*(postgres.ExaminedFarMax+1) + onePage
)

func plannedParts() map[string]planned {
	const c = "C000000100"
	return map[string]planned{
		"backlog": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Backlog(ctx, start, start, few))
		}, 32 * few},
		"books": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Books(ctx, postgres.BookQuery{Standing: postgres.BookOwing}, "", pageSize))
		}, bounded},
		"debts of books": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.DebtsOfBooks(ctx, []string{"m3", "m4"}))
		}, bounded},
		"one claim":            {func(ctx context.Context, r postgres.Reader) error { return found(r.Claim(ctx, "hot", c)) }, 1},
		"one claim of anybody": {func(ctx context.Context, r postgres.Reader) error { return found(r.Claim(ctx, "", c)) }, 1},
		"moves":                {func(ctx context.Context, r postgres.Reader) error { return listed(r.Moves(ctx, "hot", c, 0, pageSize)) }, few},
		"timeline": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Timeline(ctx, &claim.Claim{MerchantID: "hot", ID: c, OrderLineID: "line100"}, 0, pageSize))
		}, 3 * few},
		"timeline, a later page": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Timeline(ctx, &claim.Claim{MerchantID: "hot", ID: c, OrderLineID: "line100"}, 803, pageSize))
		}, 3 * few},
		"parts of a timeline": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.TimelineParts(ctx, &claim.Claim{MerchantID: "hot", ID: c, OrderLineID: "line100"}, postgres.TimelineKeys{
				Results: []string{"R000000800", "R000000801"}, Payouts: []string{"P000000800"}, Refunds: []string{"refund800"},
				Persons: []string{strings.Repeat("ab", 32)}, Events: []int64{800, 801, 802},
			}))
		}, 5 * few},
		"first outcomes": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.FirstOutcomes(ctx, "hot", c, 804))
		}, few},
		"last move": {func(ctx context.Context, r postgres.Reader) error { return listed(r.LastMove(ctx, "hot", c)) }, few},
		"revision":  {func(ctx context.Context, r postgres.Reader) error { return found(r.Revision(ctx, "hot", c)) }, 1},
		"revisions": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Revisions(ctx, "hot", c, 0, pageSize))
		}, few},
		"notes": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Notes(ctx, "hot", c, book.NoteVisibilities(), 0, pageSize))
		}, few},
		"commissions of a claim": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.CommissionsOfClaim(ctx, "hot", c, 0, pageSize))
		}, few},
		"commission": {func(ctx context.Context, r postgres.Reader) error { return found(r.Commission(ctx, "hot", c, 1)) }, 1},
		"steps of custody": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.CustodyOfClaim(ctx, "hot", c))
		}, few},
		"open commissions": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Commissions(ctx, postgres.CommissionQuery{}, postgres.CommissionCursor{}, pageSize))
		}, onePage},
		"open commissions of a body": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Commissions(ctx, postgres.CommissionQuery{AuthenticatorID: "hot"}, postgres.CommissionCursor{}, pageSize))
		}, onePage},
		"commissions of a body in a state": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Commissions(ctx, postgres.CommissionQuery{AuthenticatorID: "hot", State: commission.Accepted}, postgres.CommissionCursor{}, pageSize))
		}, onePage},
		"requests for evidence of a claim": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EvidenceRequestsOfClaim(ctx, "hot", c, 0, pageSize))
		}, few},
		"request for evidence": {func(ctx context.Context, r postgres.Reader) error { return found(r.EvidenceRequest(ctx, "hot", c, 1)) }, 1},
		"what a merchant is asked": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EvidenceRequests(ctx, postgres.EvidenceRequestQuery{MerchantID: "hot", State: claim.RequestOpen}, postgres.EvidenceRequestCursor{}, pageSize))
		}, onePage},
		"what a laboratory is asked": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EvidenceRequests(ctx, postgres.EvidenceRequestQuery{AuthenticatorID: "hot", State: claim.RequestOpen}, postgres.EvidenceRequestCursor{}, pageSize))
		}, onePage},
		"what consumers are asked": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EvidenceRequests(ctx, postgres.EvidenceRequestQuery{Consumers: true, State: claim.RequestOpen}, postgres.EvidenceRequestCursor{}, pageSize))
		}, onePage},
		"requests for evidence": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EvidenceRequests(ctx, postgres.EvidenceRequestQuery{State: claim.RequestCancelled}, postgres.EvidenceRequestCursor{}, pageSize))
		}, onePage},
		"commissions given to a body": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.CommissionsGiven(ctx, "hot", time.Time{}, start.AddDate(50, 0, 0), pageSize))
		}, onePage},
		"findings of a body": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Findings(ctx, "lab", time.Time{}, start.AddDate(50, 0, 0), pageSize))
		}, 2 * onePage},
		"goods of commissions": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Items(ctx, []commission.Commission{{MerchantID: "hot", ClaimID: c, Photos: []string{strings.Repeat("ab", 32)}}}))
		}, few},
		"results of a body": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.ResultsOfBody(ctx, "lab", time.Time{}, time.Time{}, postgres.ResultCursor{}, pageSize))
		}, onePage},
		"ranked results of a body": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.RankedResultsOfBody(ctx, "lab", time.Time{}, time.Time{}, postgres.ResultCursor{}, pageSize))
		}, 4 * onePage}, // Each result comes with the steps of custody of its claim.
		"unassigned": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Unassigned(ctx, claim.InReview, "", pageSize))
		}, onePage},
		"unassigned of a merchant": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Unassigned(ctx, claim.InReview, "hot", pageSize))
		}, bounded},
		"unassigned where nobody waits": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Unassigned(ctx, claim.Appealed, "", pageSize))
		}, few},
		"result": {func(ctx context.Context, r postgres.Reader) error { return found(r.Result(ctx, "hot", "R000000100")) }, few},
		"results": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Results(ctx, "hot", c, "", pageSize))
		}, few},
		"payout": {func(ctx context.Context, r postgres.Reader) error { return found(r.Payout(ctx, "hot", "P000000100")) }, 1},
		"order line": {func(ctx context.Context, r postgres.Reader) error {
			_, _, ok, err := r.OrderLine(ctx, "hot", "line100")
			return found(0, ok, err)
		}, few},
		"corrections": {func(ctx context.Context, r postgres.Reader) error {
			list, err := r.LineCorrections(ctx, "hot", "line100", 0, 10)
			return found(list, len(list) > 0, err)
		}, few},
		"request": {func(ctx context.Context, r postgres.Reader) error {
			return found(r.Request(ctx, request.Key{MerchantID: "hot", Workload: "test", Method: "FileClaim", RequestID: "r100"}))
		}, 1},
		"transfer": {func(ctx context.Context, r postgres.Reader) error { return found(r.Transfer(ctx, "hot", 100)) }, 1},
		"transfers": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Transfers(ctx, "hot", "", 100, pageSize))
		}, onePage},
		"transfers of claim": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Transfers(ctx, "hot", c, 0, pageSize))
		}, few},
		"transfers of a command": {func(ctx context.Context, r postgres.Reader) error { return listed(r.TransfersFrom(ctx, "hot", 100)) }, few},
		"payouts":                payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot"}, onePage),
		"payouts in state":       payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", State: payout.Failed}, bounded),
		"payouts of claim":       payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", ClaimID: c, State: payout.Failed}, few),
		"holds":                  holdsPlanned(postgres.HoldQuery{MerchantID: "hot"}, onePage),
		"holds in state":         holdsPlanned(postgres.HoldQuery{MerchantID: "hot", State: ledger.Held}, bounded),
		"decisions": {func(ctx context.Context, r postgres.Reader) error {
			list, err := r.Decisions(ctx, start.AddDate(-1, 0, 0), start.AddDate(9, 0, 0), pageSize)
			return found(list, len(list) == pageSize, err)
		}, bulkDecisions + 2*onePage},
		"decisions of a time without any": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Decisions(ctx, start.AddDate(9, 0, 0), start.AddDate(10, 0, 0), pageSize))
		}, few},
		"proposals":            proposalsPlanned(postgres.ProposalQuery{MerchantID: "hot"}, postgres.ProposalCursor{}, 3*onePage),
		"proposals in a state": proposalsPlanned(postgres.ProposalQuery{MerchantID: "hot", State: proposal.Open}, postgres.ProposalCursor{}, 3*onePage),
		"proposals of a kind that nobody made": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Proposals(ctx, postgres.ProposalQuery{MerchantID: "hot", Kind: proposal.WriteOff}, postgres.ProposalCursor{}, pageSize))
		}, bounded},
		"proposals of all":              proposalsPlanned(postgres.ProposalQuery{}, postgres.ProposalCursor{}, 3*onePage),
		"proposals of all, a last page": proposalsPlanned(postgres.ProposalQuery{ProposedTo: start.AddDate(0, -2, 0)}, postgres.ProposalCursor{}, 3*onePage),
		"proposals of all in a state":   proposalsPlanned(postgres.ProposalQuery{State: proposal.Open}, postgres.ProposalCursor{}, 3*onePage),
		"refusals":                      refusalsPlanned(postgres.RefusalQuery{Before: lastRefusal}, onePage),
		"refusals in a time":            refusalsPlanned(postgres.RefusalQuery{Before: lastRefusal, From: start.AddDate(10, 0, 0)}, few),
		"refusals before a time":        refusalsPlanned(postgres.RefusalQuery{Before: postgres.RefusalCursor{RefusedAt: start}}, onePage),
		"refusals of workload":          refusalsPlanned(postgres.RefusalQuery{Before: lastRefusal, Workload: "hot"}, onePage),
		"refusals of few":               refusalsPlanned(postgres.RefusalQuery{Before: lastRefusal, Workload: "w3", From: start.AddDate(10, 0, 0)}, few),
		"refusals of nobody":            refusalsPlanned(postgres.RefusalQuery{Before: lastRefusal, Workload: "nobody"}, few),
		"holds of claim":                holdsPlanned(postgres.HoldQuery{MerchantID: "hot", ClaimID: c}, few),
	}
}

func plannedFeed() map[string]planned {
	since := func(change func(*event.Position)) planned {
		return planned{func(ctx context.Context, r postgres.Reader) error {
			p, _, err := r.Position(ctx)
			if err != nil {
				return err
			}
			change(&p)
			return listed(r.Since(ctx, p, pageSize))
		}, onePage}
	}
	return map[string]planned{
		"nothing since":          since(func(*event.Position) {}),
		"since one that is open": since(func(p *event.Position) { p.Open = []uint64{p.High - 1} }),
		"too much since":         since(func(p *event.Position) { p.High-- }),
		"event":                  {func(ctx context.Context, r postgres.Reader) error { return found(r.EventAt(ctx, "hot", 100)) }, 1},
		"events of book": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.EventsAfter(ctx, "hot", 100, 1<<40, pageSize))
		}, onePage},
		"claims in order": {func(ctx context.Context, r postgres.Reader) error {
			_, _, err := r.ClaimsAfter(ctx, "", book.Key{MerchantID: "hot", ID: "C000000100"}, pageSize)
			return err
		}, onePage},
		"claims of merchant in order": {func(ctx context.Context, r postgres.Reader) error {
			_, _, err := r.ClaimsAfter(ctx, "hot", book.Key{ID: "C000000100"}, pageSize)
			return err
		}, onePage},
	}
}

// proposalsPlanned is a full page of proposals. Each row costs its book and its votes, too.
func proposalsPlanned(q postgres.ProposalQuery, from postgres.ProposalCursor, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		list, err := r.Proposals(ctx, q, from, pageSize)
		if err == nil && len(list.Rows) != pageSize {
			err = fmt.Errorf("%d proposals", len(list.Rows))
		}
		return err
	}, rows}
}

// lastRefusal is after every row.
var lastRefusal = postgres.RefusalCursor{RefusedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Number: math.MaxInt64}

func refusalsPlanned(q postgres.RefusalQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error { return listed(r.Refusals(ctx, q, pageSize)) }, rows}
}

// Would catch a read that no index serves, or that looks at more rows the
// longer a history gets: an anchor, a filter or a queue that walks what it does
// not ask for.
func TestReadsLookAtFewRows(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, bulkRows)
	b.run(`
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		SELECT 'shop' || g, 'CNY', 1, 1, sha256('x'), 0, now(), now() FROM generate_series(1, 8000) g`)
	b.run(`ANALYZE books`)
	b.run(`
		INSERT INTO uploads (merchant_id, upload_id, workload, role, scope, request_id, state, size_bytes, received_bytes, digest, media_type,
			masked_digest, created_at, expires_at)
		SELECT 'shop' || g, 'u' || g, 'w', 'support', '', 'r' || g, 'RECEIVING', 9, 0, '', '', '', now(), now() + g * interval '1 minute'
		FROM generate_series(1, 8000) g`)
	b.run(`ANALYZE uploads`)
	b.run(`
		INSERT INTO jobs (job_id, kind, state, arguments, preview, cursor, done, total, refused, outcomes, attempts, failure, lease, lease_holder,
			workload, role, person_id, created_at, approved_workload, approved_role, approved_person_id, changed_workload, changed_role,
			changed_person_id, ended_at, version)
		SELECT 'j' || g, 'RETRACTION', 'DONE', '{}', '{}', '{}', 1, 1, 0, '{}', 0, '', 1, 'here', 'w', 'operator', 'p', now(), '', '', '', '', '', '',
			now(), 1
		FROM generate_series(1, 8000) g`)
	b.run(`
		INSERT INTO jobs (job_id, kind, state, arguments, preview, cursor, done, total, refused, outcomes, attempts, failure, lease, lease_holder,
			workload, role, person_id, created_at, approved_workload, approved_role, approved_person_id, changed_workload, changed_role,
			changed_person_id, ended_at, version, merchant, parts_until)
		SELECT 's' || g, 'STATEMENT', 'DONE', '{"statement":{}}', '{}', '{}', 1, 1, 0, '{}', 0, '', 1, 'here', 'w',
			CASE WHEN g = 1 THEN 'merchant' ELSE 'finance' END, 'p', now(), '', '', '', '', '', '', now(), 1, 'hot', NULL
		FROM generate_series(1, 8000) g`)
	b.run(`ANALYZE jobs`)
	b.run(`INSERT INTO statement_parts (job_id, start_byte, size_bytes, content) SELECT 's1', g * 10, 10, '' FROM generate_series(0, 8000) g`)
	b.run(`ANALYZE statement_parts`)
	b.tell()
	b.sum()
	b.run(`
		INSERT INTO period_heads (merchant_id, change_number, transfer_number, event_number, event_hash)
		SELECT 'closed-' || m, n, 1, 1, sha256('x') FROM generate_series(1, 100) m CROSS JOIN generate_series(1, 50) n`)
	b.run(`ANALYZE period_heads`)
	for _, reads := range []map[string]planned{plannedClaims(), plannedParts(), plannedFinance(), plannedFeed()} {
		for name, read := range reads {
			t.Run(name, func(t *testing.T) {
				var ran []postgres.Statement
				if err := read.run(t.Context(), postgres.Recorded(b.reader, &ran)); err != nil {
					t.Fatal(err)
				}
				for _, s := range ran {
					b.checkPlan(t, s, read.rows)
				}
			})
		}
	}
}

// smallTables have so few rows in a bulk that an index would not pay.
var smallTables = []string{"balance_snapshots", "snapshot_progress", "period_totals", "period_progress", "exposure_openings", "exposure_snapshots"}

func (b *bulk) checkPlan(t *testing.T, s postgres.Statement, most float64) {
	t.Helper()
	var looked float64
	root := b.explain(t, s)
	root.walk(func(p *plan) {
		if p.Relation == "" {
			return
		}
		if p.Type == "Seq Scan" && !slices.Contains(smallTables, p.Relation) {
			t.Errorf("walks the whole of %s", p.Relation)
		}
		looked += (p.Rows + p.Filtered + p.Recheck) * p.Loops
	})
	// Entries of an index that are walked and left out count in no row.
	if pages := root.Hit + root.Read; pages > 20+5*most {
		t.Errorf("read %.0f pages for %.0f rows", pages, looked)
	}
	if looked > most {
		t.Errorf("looked at %.0f rows, at most %.0f are fine:\n%s", looked, most, s.Query)
	}
	if t.Failed() {
		t.Logf("%+v", root)
	}
}

// Would catch an index on claims that ends updates on the same page, which
// would cost every move of a claim an entry in every index.
func TestMovesOfClaimsStayOnTheirPage(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	tx, err := b.admin.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `
		UPDATE claims
		SET version = version + 1, state = 'PAYING', state_since = state_since + interval '1 day', held_minor = 110,
		    from_deposit_minor = 110, advanced_minor = 1, fires = 'NOTICE_LAPSED', deadline_at = state_since,
		    notice_confirmed_at = state_since, escalated = escalated, assignee = 'person'
		WHERE merchant_id = 'hot' AND claim_id < 'C000000100'`); err != nil {
		t.Fatal(err)
	}
	var updated, hot int64
	if err := tx.QueryRowxContext(t.Context(), `
		SELECT pg_stat_get_xact_tuples_updated('claims'::regclass), pg_stat_get_xact_tuples_hot_updated('claims'::regclass)`).
		Scan(&updated, &hot); err != nil {
		t.Fatal(err)
	}
	if updated == 0 || hot != updated {
		t.Errorf("%d of %d updates stayed on their page", hot, updated)
	}
}
