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
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/period"
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

// claimsPlanned is a list of claims.
func claimsPlanned(q postgres.ClaimQuery, from postgres.ClaimCursor, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		_, err := r.Claims(ctx, q, from, pageSize)
		return err
	}, rows}
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

func plannedClaims() map[string]planned {
	old := postgres.ClaimCursor{ClaimID: "C000005000"}
	rare := money.Amount(1)
	due := time.Date(2026, 1, 8, 6, 0, 0, 0, time.UTC)
	return map[string]planned{
		"merchant":                   claimsPlanned(postgres.ClaimQuery{MerchantID: "hot"}, postgres.ClaimCursor{}, onePage),
		"merchant, last page":        claimsPlanned(postgres.ClaimQuery{MerchantID: "hot"}, postgres.ClaimCursor{ClaimID: "C000000010"}, onePage),
		"merchant without claims":    claimsPlanned(postgres.ClaimQuery{MerchantID: "m"}, postgres.ClaimCursor{}, few),
		"merchant and final state":   claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", State: claim.Rejected}, postgres.ClaimCursor{}, bounded),
		"merchant and waiting state": claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", State: claim.InReview}, postgres.ClaimCursor{}, bounded),
		"merchant and paying":        claimsPlanned(postgres.ClaimQuery{MerchantID: "m5", State: claim.Paying}, postgres.ClaimCursor{}, bounded),
		"order":                      claimsPlanned(postgres.ClaimQuery{OrderID: "hot"}, postgres.ClaimCursor{}, onePage),
		"order of few":               claimsPlanned(postgres.ClaimQuery{OrderID: "o20000"}, postgres.ClaimCursor{}, few),
		"order and state":            claimsPlanned(postgres.ClaimQuery{OrderID: "hot", State: claim.Paid}, old, bounded),
		"order of another merchant":  claimsPlanned(postgres.ClaimQuery{OrderID: "hot", MerchantID: "m1"}, postgres.ClaimCursor{}, bounded),
		"claimant":                   claimsPlanned(postgres.ClaimQuery{ClaimantID: "hot"}, old, onePage),
		"claimant and state":         claimsPlanned(postgres.ClaimQuery{ClaimantID: "hot", State: claim.Rejected}, postgres.ClaimCursor{}, bounded),
		"claimant and product":       claimsPlanned(postgres.ClaimQuery{ClaimantID: "hot", ProductID: "p1", MerchantID: "hot"}, postgres.ClaimCursor{}, bounded),
		"product":                    claimsPlanned(postgres.ClaimQuery{ProductID: "hot"}, postgres.ClaimCursor{}, onePage),
		"product of merchant":        claimsPlanned(postgres.ClaimQuery{ProductID: "hot", MerchantID: "m1"}, postgres.ClaimCursor{}, bounded),
		"product and state":          claimsPlanned(postgres.ClaimQuery{ProductID: "p1", State: claim.Rejected}, postgres.ClaimCursor{}, bounded),

		"merchant, oldest first":            claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", OldestFirst: true}, postgres.ClaimCursor{}, onePage),
		"merchant, oldest first, last page": claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", OldestFirst: true}, postgres.ClaimCursor{ClaimID: "C000011990"}, onePage),
		"merchant, nothing fits":            claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", AwardTo: &rare}, postgres.ClaimCursor{}, bounded),
		"merchant, filed in no time":        claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", FiledFrom: start.AddDate(9, 0, 0), DeadlineTo: start}, postgres.ClaimCursor{}, bounded),
		"merchant, waiting, nothing fits":   claimsPlanned(postgres.ClaimQuery{MerchantID: "hot", State: claim.Notified, AwardTo: &rare}, postgres.ClaimCursor{}, far),
		"order, oldest first":               claimsPlanned(postgres.ClaimQuery{OrderID: "hot", OldestFirst: true}, old, onePage),
		"claimant, oldest first, genuine":   claimsPlanned(postgres.ClaimQuery{ClaimantID: "hot", OldestFirst: true, Verdict: claim.Genuine}, postgres.ClaimCursor{}, bounded),
		"product, oldest first":             claimsPlanned(postgres.ClaimQuery{ProductID: "hot", OldestFirst: true}, postgres.ClaimCursor{}, onePage),
		"product and authenticator":         claimsPlanned(postgres.ClaimQuery{ProductID: "hot", AuthenticatorID: "nobody"}, postgres.ClaimCursor{}, 9*far),
		"authenticator":                     claimsPlanned(postgres.ClaimQuery{AuthenticatorID: "lab"}, postgres.ClaimCursor{}, far),
		"authenticator, oldest first":       claimsPlanned(postgres.ClaimQuery{AuthenticatorID: "lab", OldestFirst: true}, postgres.ClaimCursor{}, far),
		"authenticator of a merchant":       claimsPlanned(postgres.ClaimQuery{AuthenticatorID: "lab", MerchantID: "m1", AwardTo: &rare}, postgres.ClaimCursor{}, far),
		"authenticator without results":     claimsPlanned(postgres.ClaimQuery{AuthenticatorID: "l"}, postgres.ClaimCursor{}, few),

		"payment":                        claimsPlanned(postgres.ClaimQuery{PaymentID: "hot"}, postgres.ClaimCursor{}, onePage),
		"payment of few":                 claimsPlanned(postgres.ClaimQuery{PaymentID: "pay20000"}, postgres.ClaimCursor{}, few),
		"payment, oldest first":          claimsPlanned(postgres.ClaimQuery{PaymentID: "hot", OldestFirst: true}, old, onePage),
		"payment of another merchant":    claimsPlanned(postgres.ClaimQuery{PaymentID: "hot", MerchantID: "m1"}, postgres.ClaimCursor{}, bounded),
		"external reference":             claimsPlanned(postgres.ClaimQuery{ExternalReference: "hot"}, postgres.ClaimCursor{}, onePage),
		"external reference of few":      claimsPlanned(postgres.ClaimQuery{ExternalReference: "ref20000"}, postgres.ClaimCursor{}, few),
		"external reference, oldest":     claimsPlanned(postgres.ClaimQuery{ExternalReference: "hot", OldestFirst: true}, old, onePage),
		"external reference of nobody":   claimsPlanned(postgres.ClaimQuery{ExternalReference: "nobody"}, postgres.ClaimCursor{}, few),
		"external reference, other":      claimsPlanned(postgres.ClaimQuery{ExternalReference: "hot", MerchantID: "m1"}, postgres.ClaimCursor{}, bounded),
		"out-number":                     claimsPlanned(postgres.ClaimQuery{OutNumber: "out20000"}, postgres.ClaimCursor{}, few),
		"out-number of another":          claimsPlanned(postgres.ClaimQuery{OutNumber: "out20000", MerchantID: "hot"}, postgres.ClaimCursor{}, few),
		"out-number of nobody":           claimsPlanned(postgres.ClaimQuery{OutNumber: "nobody"}, postgres.ClaimCursor{}, few),
		"gateway reference":              claimsPlanned(postgres.ClaimQuery{GatewayReference: "gw10000"}, postgres.ClaimCursor{}, few),
		"gateway reference, hot":         claimsPlanned(postgres.ClaimQuery{GatewayReference: "hot"}, postgres.ClaimCursor{}, far),
		"gateway reference, other":       claimsPlanned(postgres.ClaimQuery{GatewayReference: "hot", MerchantID: "m1"}, postgres.ClaimCursor{}, far),
		"report":                         claimsPlanned(postgres.ClaimQuery{ReportNumber: " ＲEPORT 2000\u200b0"}, postgres.ClaimCursor{}, few),
		"report, oldest first":           claimsPlanned(postgres.ClaimQuery{ReportNumber: "report20000", OldestFirst: true}, postgres.ClaimCursor{}, few),
		"assignee":                       claimsPlanned(postgres.ClaimQuery{Assignee: "hot"}, postgres.ClaimCursor{}, onePage),
		"assignee, oldest first":         claimsPlanned(postgres.ClaimQuery{Assignee: "hot", OldestFirst: true}, old, onePage),
		"assignee in a state":            claimsPlanned(postgres.ClaimQuery{Assignee: "hot", State: claim.Appealed}, postgres.ClaimCursor{}, bounded),
		"assignee with nothing":          claimsPlanned(postgres.ClaimQuery{Assignee: "nobody"}, postgres.ClaimCursor{}, few),
		"assignee by deadline":           claimsPlanned(postgres.ClaimQuery{Assignee: "hot", ByDeadline: true}, postgres.ClaimCursor{}, onePage),
		"assignee by deadline, latest":   claimsPlanned(postgres.ClaimQuery{Assignee: "hot", ByDeadline: true, OldestFirst: true}, postgres.ClaimCursor{}, onePage),
		"state":                          claimsPlanned(postgres.ClaimQuery{State: claim.Notified}, postgres.ClaimCursor{}, onePage),
		"state, oldest first":            claimsPlanned(postgres.ClaimQuery{State: claim.AwaitingApproval, OldestFirst: true}, postgres.ClaimCursor{}, onePage),
		"state that nobody is in":        claimsPlanned(postgres.ClaimQuery{State: claim.Appealed}, postgres.ClaimCursor{}, few),
		"state, nothing fits":            claimsPlanned(postgres.ClaimQuery{State: claim.Notified, AwardTo: &rare}, postgres.ClaimCursor{}, far),
		"state that ended":               claimsPlanned(postgres.ClaimQuery{State: claim.Rejected}, postgres.ClaimCursor{}, bounded),
		"state that ended, oldest first": claimsPlanned(postgres.ClaimQuery{State: claim.Paid, OldestFirst: true}, postgres.ClaimCursor{}, bounded),
		"state of paying":                claimsPlanned(postgres.ClaimQuery{State: claim.Paying}, postgres.ClaimCursor{}, bounded),
		"waiting for funds":              claimsPlanned(postgres.ClaimQuery{State: claim.Paying, WaitsFor: claim.PartyMerchantFunds}, postgres.ClaimCursor{}, onePage),
		"waiting for the gateway":        claimsPlanned(postgres.ClaimQuery{State: claim.Paying, WaitsFor: claim.PartyGateway}, postgres.ClaimCursor{}, bounded),
		"deadline":                       claimsPlanned(postgres.ClaimQuery{ByDeadline: true}, postgres.ClaimCursor{}, onePage),
		"deadline in a range":            claimsPlanned(postgres.ClaimQuery{ByDeadline: true, DeadlineFrom: due, DeadlineTo: due.Add(time.Hour)}, postgres.ClaimCursor{}, onePage),
		"deadline in a range, latest":    claimsPlanned(postgres.ClaimQuery{ByDeadline: true, OldestFirst: true, DeadlineFrom: due, DeadlineTo: due.Add(time.Hour)}, postgres.ClaimCursor{}, onePage),
		"deadline in no time":            claimsPlanned(postgres.ClaimQuery{ByDeadline: true, DeadlineFrom: due.AddDate(9, 0, 0)}, postgres.ClaimCursor{}, few),
		"deadline of a state":            claimsPlanned(postgres.ClaimQuery{ByDeadline: true, State: claim.InReview}, postgres.ClaimCursor{}, bounded),
		"deadline of an ended state":     claimsPlanned(postgres.ClaimQuery{ByDeadline: true, State: claim.Paid}, postgres.ClaimCursor{}, 0),
		"deadline of a merchant":         claimsPlanned(postgres.ClaimQuery{ByDeadline: true, MerchantID: "m1"}, postgres.ClaimCursor{}, onePage),
		"deadline of a merchant, none":   claimsPlanned(postgres.ClaimQuery{ByDeadline: true, MerchantID: "m"}, postgres.ClaimCursor{}, few),
		"deadline of a merchant, latest": claimsPlanned(postgres.ClaimQuery{ByDeadline: true, MerchantID: "hot", OldestFirst: true}, postgres.ClaimCursor{}, onePage),
		"deadline, nothing fits":         claimsPlanned(postgres.ClaimQuery{ByDeadline: true, AwardTo: &rare}, postgres.ClaimCursor{}, far),

		"review, nothing fits":            claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueReview, AwardTo: &rare}, postgres.ClaimCursor{}, far),
		"overdue, nothing fits":           claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueOverdue, AwardTo: &rare}, postgres.ClaimCursor{}, bounded),
		"stuck, unanswered, nothing fits": claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying, AwardTo: &rare}, postgres.ClaimCursor{}, 9*far),
		"review":                          claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueReview}, postgres.ClaimCursor{}, onePage),
		"review of merchant":              claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueReview, MerchantID: "hot"}, postgres.ClaimCursor{}, bounded),
		"approval":                        claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueApproval}, postgres.ClaimCursor{}, onePage),
		"approval of merchant":            claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueApproval, MerchantID: "hot"}, postgres.ClaimCursor{}, bounded),
		"overdue":                         claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueOverdue}, postgres.ClaimCursor{}, onePage),
		"overdue of merchant":             claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueOverdue, MerchantID: "m"}, postgres.ClaimCursor{}, bounded),
		"overdue in state":                claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueOverdue, State: claim.Paid}, postgres.ClaimCursor{}, bounded),
		"unfunded":                        claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueUnfunded}, postgres.ClaimCursor{}, onePage),
		"unfunded of merchant":            claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueUnfunded, MerchantID: "hot"}, postgres.ClaimCursor{}, bounded),
		"unfunded, nothing fits":          claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueUnfunded, AwardTo: &rare}, postgres.ClaimCursor{}, far),
		"stuck, failed":                   claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts}, postgres.ClaimCursor{}, onePage),
		"stuck, failed of merchant":       claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, MerchantID: "m5", State: claim.PayoutFailed}, postgres.ClaimCursor{}, bounded),
		"stuck, unanswered":               claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying}, postgres.ClaimCursor{}, 30*onePage),
		"stuck, unanswered of others":     claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying, MerchantID: "hot"}, postgres.ClaimCursor{}, bounded),
		"stuck, none is being paid":       claimsPlanned(postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying, MerchantID: "m1"}, postgres.ClaimCursor{}, 3*bounded),
	}
}

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

func payoutsPlanned(q postgres.PayoutQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error { return listed(r.Payouts(ctx, q, "", pageSize)) }, rows}
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

// transfersPlanned is a list of transfers.
func transfersPlanned(q postgres.TransferQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.FindTransfers(ctx, q, postgres.TransferCursor{}, pageSize))
	}, rows}
}

func debtsPlanned(q postgres.DebtQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.Debts(ctx, q, postgres.DebtCursor{}, pageSize))
	}, rows}
}

// plannedFinance are the lists over one book and over all books.
func plannedFinance() map[string]planned {
	late := start.AddDate(9, 0, 0)
	const nothing = "DEPOSIT_FORFEITED"
	return map[string]planned{
		"transfers of merchant":                  transfersPlanned(postgres.TransferQuery{MerchantID: "hot"}, onePage),
		"transfers, newest first":                transfersPlanned(postgres.TransferQuery{MerchantID: "hot", NewestFirst: true}, onePage),
		"transfers of a kind":                    transfersPlanned(postgres.TransferQuery{MerchantID: "hot", Kind: nothing}, bounded),
		"transfers of an account, newest first":  transfersPlanned(postgres.TransferQuery{MerchantID: "hot", Account: ledger.Penalty, NewestFirst: true}, bounded),
		"transfers recorded in a time":           transfersPlanned(postgres.TransferQuery{MerchantID: "hot", RecordedFrom: late, RecordedTo: late}, onePage),
		"transfers by effect":                    transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true}, bounded),
		"transfers by effect, newest first":      transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true, NewestFirst: true}, bounded),
		"transfers by effect, nothing fits":      transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true, Kind: nothing}, bounded),
		"transfers of all":                       transfersPlanned(postgres.TransferQuery{}, 2*onePage),
		"transfers of all, newest first":         transfersPlanned(postgres.TransferQuery{NewestFirst: true}, 2*onePage),
		"transfers of all in a time":             transfersPlanned(postgres.TransferQuery{RecordedFrom: start.AddDate(0, -2, 0), RecordedTo: late}, 2*onePage),
		"transfers of all, nothing fits":         transfersPlanned(postgres.TransferQuery{Kind: nothing}, far),
		"transfers of a reference":               transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ExternalReference: "nothing"}, few),
		"transfers of a claim of anybody":        transfersPlanned(postgres.TransferQuery{ClaimID: "C000000100"}, 2*few),
		"transfers of an order":                  transfersPlanned(postgres.TransferQuery{OrderID: "hot"}, 20*(postgres.ClaimsExamined+1)),
		"transfers of an order of few":           transfersPlanned(postgres.TransferQuery{OrderID: "o20000"}, 2*few),
		"transfers of a payment, other merchant": transfersPlanned(postgres.TransferQuery{PaymentID: "hot", MerchantID: "m1"}, 20*(postgres.ClaimsExamined+1)),
		"transfers of an out-number":             transfersPlanned(postgres.TransferQuery{OutNumber: "out100"}, 2*few),
		"transfers of a gateway reference":       transfersPlanned(postgres.TransferQuery{GatewayReference: "hot"}, 20*(postgres.ClaimsExamined+1)),
		"facts of transfers": {func(ctx context.Context, r postgres.Reader) error {
			list, err := r.Transfers(ctx, "hot", "", 100, pageSize)
			if err != nil {
				return err
			}
			return listed(r.FactsOfTransfers(ctx, list))
		}, 12 * pageSize},
		"statements of a book": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Statements(ctx, "hot", false, "", pageSize))
		}, onePage},
		"statements that a merchant asked for, of many": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Statements(ctx, "hot", true, "", pageSize))
		}, few},
		"part of a statement": {func(ctx context.Context, r postgres.Reader) error {
			_, _, err := r.StatementPart(ctx, "s1", 5000)
			return err
		}, few},
		"payouts of all":                        payoutsPlanned(postgres.PayoutQuery{}, onePage),
		"payouts of all, newest first":          payoutsPlanned(postgres.PayoutQuery{NewestFirst: true}, onePage),
		"payouts of all in a state":             payoutsPlanned(postgres.PayoutQuery{State: payout.Returned}, bounded),
		"payouts of a time":                     payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", CreatedFrom: late}, bounded),
		"payouts, newest first":                 payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", NewestFirst: true}, onePage),
		"payout of an out-number":               payoutsPlanned(postgres.PayoutQuery{OutNumber: "out20000"}, few),
		"payouts of a gateway reference":        payoutsPlanned(postgres.PayoutQuery{GatewayReference: "hot"}, onePage),
		"payouts of a reference, rare":          payoutsPlanned(postgres.PayoutQuery{GatewayReference: "hot", State: payout.Returned}, bounded),
		"holds of all":                          holdsPlanned(postgres.HoldQuery{}, onePage),
		"holds of all in a state":               holdsPlanned(postgres.HoldQuery{State: ledger.Expired}, bounded),
		"holds of a time":                       holdsPlanned(postgres.HoldQuery{MerchantID: "hot", PlacedFrom: late}, bounded),
		"debts":                                 debtsPlanned(postgres.DebtQuery{MerchantID: "m5"}, onePage),
		"debts of a kind":                       debtsPlanned(postgres.DebtQuery{MerchantID: "m5", Kind: "SHORTFALL"}, onePage),
		"debts of all":                          debtsPlanned(postgres.DebtQuery{}, onePage),
		"debts of all of a kind, too late":      debtsPlanned(postgres.DebtQuery{Kind: "SHORTFALL", SinceFrom: late}, bounded),
		"totals of a book, recorded by a time":  totalsPlanned("f1", false, 3*snapshotsEvery),
		"totals of a book, effective by a time": totalsPlanned("f1", true, 3*snapshotsEvery),
		"totals of all, recorded by a time":     totalsPlanned("", false, bulkRows/5),
		"totals of all, effective by a time":    totalsPlanned("", true, bulkRows/5),
		"transfers that came in late": {func(ctx context.Context, r postgres.Reader) error {
			of := postgres.PeriodOf{Period: "2026-03", Before: &period.Change{Number: 1}}
			list, err := r.LateTransfers(ctx, "f1", of, ledger.Transfer{}, pageSize)
			return found(list, len(list) == pageSize, err)
		}, onePage},
		"books by amount": {func(ctx context.Context, r postgres.Reader) error {
			one := money.Amount(1)
			return listed(r.Books(ctx, postgres.BookQuery{Exposure: postgres.AmountRange{From: &one}, LastFirst: true}, "", pageSize))
		}, bounded},
	}
}

func holdsPlanned(q postgres.HoldQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.Holds(ctx, q, postgres.HoldKey{}, pageSize))
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

// snapshotsEvery is the distance of the snapshots of the book f1.
const snapshotsEvery = 100

// sum does what a worker does about sums of transfers.
func (b *bulk) sum() {
	b.t.Helper()
	for _, step := range []func() (bool, error){
		func() (bool, error) { return b.pg.SnapshotBook(b.t.Context(), "f1", snapshotsEvery) },
		func() (bool, error) { return b.pg.SumPeriods(b.t.Context(), bulkRows) },
	} {
		for more := true; more; {
			var err error
			if more, err = step(); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// totalsPlanned is a sum as of a time, of the book f1 or of all books.
func totalsPlanned(of string, byEffect bool, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		at := start.Add(30 * time.Hour)
		if of == "" {
			return listed(r.TotalsOfAllAt(ctx, start.AddDate(0, -2, 0).Add(12*time.Hour+30*time.Minute), byEffect))
		}
		return listed(r.TotalsAt(ctx, of, at, byEffect))
	}, rows}
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
