package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
)

// list is one list of claims; each of its reads asks for something else.
type list struct {
	name  string
	query func(*rand.Rand) (postgres.ClaimQuery, postgres.ClaimCursor)
}

// lists returns all lists to measure with a number of claims: every anchor, alone,
// for a hot value, with further conditions and in reverse order; and every queue,
// of all merchants and of one.
func lists(claims int) []list {
	rare := money.Amount(1)
	of := func(name string, query func(*rand.Rand) postgres.ClaimQuery) list {
		return list{name, func(r *rand.Rand) (postgres.ClaimQuery, postgres.ClaimCursor) {
			return query(r), postgres.ClaimCursor{}
		}}
	}
	fixed := func(name string, q postgres.ClaimQuery) list {
		return of(name, func(*rand.Rand) postgres.ClaimQuery { return q })
	}
	named := func(word string, below int) func(*rand.Rand) string {
		return func(r *rand.Rand) string { return fmt.Sprintf("%s%d", word, 1+r.IntN(max(1, below-1))) }
	}
	merchant, product := named("m", fill.Merchants), named("p", fill.Products)
	order, claimant := named("o", claims/fill.ClaimsOfOrder), named("c", claims/fill.ClaimsOfClaimant)
	authenticator := named("lab", fill.Authenticators)
	return []list{
		of("merchant", func(r *rand.Rand) postgres.ClaimQuery { return postgres.ClaimQuery{MerchantID: merchant(r)} }),
		fixed("merchant, hot", postgres.ClaimQuery{MerchantID: fill.HotMerchant}),
		{"merchant, hot, any page", func(r *rand.Rand) (postgres.ClaimQuery, postgres.ClaimCursor) {
			return postgres.ClaimQuery{MerchantID: fill.HotMerchant}, postgres.ClaimCursor{ClaimID: fmt.Sprintf("%023d", 1+r.IntN(claims))}
		}},
		fixed("merchant, hot, oldest first", postgres.ClaimQuery{MerchantID: fill.HotMerchant, OldestFirst: true}),
		fixed("merchant, hot, waiting state", postgres.ClaimQuery{MerchantID: fill.HotMerchant, State: claim.AwaitingApproval}),
		fixed("merchant, hot, final state", postgres.ClaimQuery{MerchantID: fill.HotMerchant, State: claim.Withdrawn}),
		fixed("merchant, hot, nothing fits", postgres.ClaimQuery{MerchantID: fill.HotMerchant, AwardTo: &rare}),
		of("order", func(r *rand.Rand) postgres.ClaimQuery { return postgres.ClaimQuery{OrderID: order(r)} }),
		of("claimant", func(r *rand.Rand) postgres.ClaimQuery { return postgres.ClaimQuery{ClaimantID: claimant(r)} }),
		of("product", func(r *rand.Rand) postgres.ClaimQuery { return postgres.ClaimQuery{ProductID: product(r)} }),
		fixed("product, hot", postgres.ClaimQuery{ProductID: fill.HotProduct}),
		of("product, hot, of a merchant", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{ProductID: fill.HotProduct, MerchantID: merchant(r)}
		}),
		fixed("product, hot, filed in a week", postgres.ClaimQuery{
			ProductID: fill.HotProduct, FiledFrom: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), FiledTo: time.Date(2025, 1, 8, 0, 0, 0, 0, time.UTC),
		}),
		of("authenticator", func(r *rand.Rand) postgres.ClaimQuery { return postgres.ClaimQuery{AuthenticatorID: authenticator(r)} }),
		fixed("authenticator, hot", postgres.ClaimQuery{AuthenticatorID: fill.HotAuthenticator}),
		fixed("authenticator, hot, rejected", postgres.ClaimQuery{AuthenticatorID: fill.HotAuthenticator, Verdict: claim.Genuine}),
		of("authenticator, hot, of a merchant", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{AuthenticatorID: fill.HotAuthenticator, MerchantID: merchant(r)}
		}),
		of("payment", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{PaymentID: fmt.Sprint("pay", 1+r.IntN(claims))}
		}),
		of("gateway reference", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{GatewayReference: fmt.Sprint("gw", r.IntN(100))}
		}),
		of("report", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{ReportNumber: fmt.Sprint(" R", 1+r.IntN(claims))}
		}),
		of("assignee", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{Assignee: fmt.Sprint("agent", 2*r.IntN(25))}
		}),
		fixed("state", postgres.ClaimQuery{State: claim.InReview}),
		fixed("state, ended", postgres.ClaimQuery{State: claim.Withdrawn}),
		fixed("state, oldest first, nothing fits", postgres.ClaimQuery{State: claim.Authenticating, OldestFirst: true, AwardTo: &rare}),
		fixed("deadline", postgres.ClaimQuery{ByDeadline: true}),
		of("deadline, of a merchant", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{ByDeadline: true, MerchantID: merchant(r)}
		}),
		fixed("deadline, of another state, nothing fits", postgres.ClaimQuery{ByDeadline: true, State: claim.InReview}),
		fixed("review", postgres.ClaimQuery{Queue: postgres.QueueReview}),
		of("review, of a merchant", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{Queue: postgres.QueueReview, MerchantID: merchant(r)}
		}),
		fixed("review, nothing fits", postgres.ClaimQuery{Queue: postgres.QueueReview, AwardTo: &rare}),
		fixed("approval", postgres.ClaimQuery{Queue: postgres.QueueApproval}),
		fixed("overdue", postgres.ClaimQuery{Queue: postgres.QueueOverdue}),
		of("overdue, of a merchant", func(r *rand.Rand) postgres.ClaimQuery {
			return postgres.ClaimQuery{Queue: postgres.QueueOverdue, MerchantID: merchant(r)}
		}),
		fixed("stuck payouts", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts}),
		fixed("stuck payouts, no outcome", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying}),
	}
}
