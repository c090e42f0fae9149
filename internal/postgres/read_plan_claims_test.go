package postgres_test

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// claimsPlanned is a list of claims.
func claimsPlanned(q postgres.ClaimQuery, from postgres.ClaimCursor, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		_, err := r.Claims(ctx, q, from, pageSize)
		return err
	}, rows}
}

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
