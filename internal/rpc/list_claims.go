package rpc

import (
	"context"

	"go.einride.tech/aip/ordering"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// queues maps the contract's queues to the database's.
var queues = map[tenfoldv1.ClaimQueue]postgres.Queue{
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW:        postgres.QueueReview,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL:        postgres.QueueAppeal,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPROVAL:      postgres.QueueApproval,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE:       postgres.QueueOverdue,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_STUCK_PAYOUTS: postgres.QueueStuckPayouts,
}

func (s *claimService) ListClaims(ctx context.Context, r *tenfoldv1.ListClaimsRequest) (*tenfoldv1.ListClaimsResponse, error) {
	q, err := claimQuery(r)
	if err != nil {
		return nil, err
	}
	if q.ClaimantID != "" && hides(callerOf(ctx).Role, &tenfoldv1.Claim{}, "claimant_id") {
		return nil, unsupported("claimant_id is hidden from this role, which cannot filter by it")
	}
	p, err := pageOf(ctx, r, claimCursorParts)
	if err != nil {
		return nil, err
	}
	after, err := claimCursor(&p)
	if err != nil {
		return nil, err
	}
	list, err := s.db.Reader().Claims(ctx, q, after, p.size)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListClaimsResponse{}
	for i := range list.Rows {
		out.Claims = append(out.Claims, basicClaim(&list.Rows[i]))
	}
	if list.More {
		out.NextPageToken = p.token(list.Next.ClaimID, microseconds(list.Next.Since), list.Next.ResultID)
	}
	if r.GetWithTotal() {
		total, err := s.db.Reader().TotalClaims(ctx, q)
		if err != nil {
			return nil, err
		}
		out.TotalSize, out.TotalIsEstimate = total.Claims, total.Estimate
	}
	return out, nil
}

// claimQuery reads the query of a request. Refuses with FILTER_UNSUPPORTED a query
// that no index would serve.
func claimQuery(r *tenfoldv1.ListClaimsRequest) (postgres.ClaimQuery, error) {
	q, err := parseFilter(r.GetFilter())
	if err != nil {
		return q, err
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID, q.Queue = anchor(merchant), queues[r.GetQueue()]
	switch anchored := q.OrderID != "" || q.ClaimantID != "" || q.ProductID != "" || q.AuthenticatorID != ""; {
	case q.MerchantID == "" && !anchored && q.Queue == "":
		return q, unsupported("a list over all merchants needs a filter by order_id, claimant_id, product_id or authenticator_id, or a queue")
	case q.Queue != "" && anchored:
		return q, unsupported("a queue cannot be filtered by order_id, claimant_id, product_id or authenticator_id")
	}
	q.OldestFirst, err = oldestFirst(r)
	return q, err
}

// oldestFirst reads the order of a list.
func oldestFirst(r *tenfoldv1.ListClaimsRequest) (bool, error) {
	if r.GetOrderBy() == "" {
		return false, nil
	}
	if r.GetQueue() != tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNSPECIFIED {
		return false, fault.New(fault.FilterUnsupported, "a queue cannot be ordered; it lists the longest wait first").At("order_by")
	}
	by, err := ordering.ParseOrderBy(r)
	if err != nil || len(by.Fields) != 1 || by.ValidateForPaths("filed_at") != nil {
		return false, fault.New(fault.FilterUnsupported, `claims can only be ordered by "filed_at" or "filed_at desc"`).At("order_by")
	}
	return !by.Fields[0].Desc, nil
}
