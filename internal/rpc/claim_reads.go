package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// anchor is the merchant to look under; empty for any.
func anchor(merchant string) string {
	if merchant == anyMerchant {
		return ""
	}
	return merchant
}

// readClaim reads a claim that the caller may see.
func readClaim(ctx context.Context, r postgres.Reader, merchant, id, name string) (*claim.Claim, error) {
	c, found, err := r.Claim(ctx, anchor(merchant), id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, claimNotFound(id)
	}
	return &c, callerOf(ctx).mayRead(c.MerchantID, claimNotFound(id), name)
}

func (s *claimService) GetClaim(ctx context.Context, r *tenfoldv1.GetClaimRequest) (*tenfoldv1.GetClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	if r.GetView() != tenfoldv1.ClaimView_CLAIM_VIEW_FULL {
		c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetName())
		if err != nil {
			return nil, err
		}
		return &tenfoldv1.GetClaimResponse{Claim: basicClaim(c)}, nil
	}
	var full *tenfoldv1.Claim
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetName())
		if err == nil {
			full, err = fullClaim(ctx, reader, c)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetClaimResponse{Claim: full}, nil
}

// partsMax bounds each list of a FULL claim; what lies beyond is listed page by
// page.
const partsMax = 1000

// fullClaim reads everything about a claim, on the snapshot on which the claim
// was read.
func fullClaim(ctx context.Context, r postgres.Reader, c *claim.Claim) (*tenfoldv1.Claim, error) {
	p := basicClaim(c)
	line, refunds, _, err := r.OrderLine(ctx, c.MerchantID, c.OrderLineID)
	if err != nil {
		return nil, err
	}
	if line != nil {
		p.OrderLine = orderLineOf(line, refunds)
		p.ClaimantRole = claimantRole(c.ClaimantID, line.PayerID)
	}
	revision, found, err := r.Revision(ctx, c.MerchantID, c.ID)
	if err != nil {
		return nil, err
	}
	if found {
		p.Calculation = calculationOf(&revision.Calculation, revision.Number)
	}
	results, err := r.Results(ctx, c.MerchantID, c.ID, "", partsMax)
	if err != nil {
		return nil, err
	}
	for i := range results {
		p.Results = append(p.Results, resultOf(&results[i]))
	}
	payouts, err := r.Payouts(ctx, postgres.PayoutQuery{MerchantID: c.MerchantID, ClaimID: c.ID}, "", partsMax)
	if err != nil {
		return nil, err
	}
	for i := range payouts.Rows {
		p.Payouts = append(p.Payouts, payoutOf(&payouts.Rows[i]))
	}
	holds, err := r.Holds(ctx, postgres.HoldQuery{MerchantID: c.MerchantID, ClaimID: c.ID}, postgres.HoldKey{}, partsMax)
	if err != nil {
		return nil, err
	}
	for i := range holds.Rows {
		p.Holds = append(p.Holds, holdOf(&holds.Rows[i], c.Currency))
	}
	return p, decisionsOn(ctx, r, c, p)
}

// decisionsOn reads what was decided on a claim into its FULL view.
func decisionsOn(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	revisions, err := r.Revisions(ctx, c.MerchantID, c.ID, 0, partsMax)
	if err != nil {
		return err
	}
	for i := range revisions {
		p.Revisions = append(p.Revisions, revisionOf(&revisions[i], c.Currency))
	}
	evidence, err := r.Evidence(ctx, c.MerchantID, c.ID, 0, partsMax)
	if err != nil {
		return err
	}
	for i := range evidence {
		p.Evidence = append(p.Evidence, evidenceAdded(&evidence[i]))
	}
	appeals, err := r.Appeals(ctx, c.MerchantID, c.ID, 0, partsMax)
	if err != nil {
		return err
	}
	for i := range appeals {
		p.Appeals = append(p.Appeals, appealOf(&appeals[i]))
	}
	approvals, err := r.Approvals(ctx, c.MerchantID, c.ID, postgres.ApprovalKey{}, partsMax)
	for i := range approvals {
		p.Approvals = append(p.Approvals, approvalOf(&approvals[i], c))
	}
	return err
}

// claimPage reads the claim whose parts a request lists, and which part of the
// list it asks for.
func (s *claimService) claimPage(ctx context.Context, r interface {
	pageRequest
	GetParent() string
}, cursorParts int) (*claim.Claim, page, error) {
	merchant, id, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, page{}, err
	}
	p, err := pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, page{}, err
	}
	c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetParent())
	return c, p, err
}

// queues are the queues of the contract as the database knows them.
var queues = map[tenfoldv1.ClaimQueue]postgres.Queue{
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW:        postgres.QueueReview,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL:        postgres.QueueAppeal,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPROVAL:      postgres.QueueApproval,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE:       postgres.QueueOverdue,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_STUCK_PAYOUTS: postgres.QueueStuckPayouts,
}

func (s *claimService) ListClaims(ctx context.Context, r *tenfoldv1.ListClaimsRequest) (*tenfoldv1.ListClaimsResponse, error) {
	f, err := parseFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	if f.claimantID != "" && hides(callerOf(ctx).Role, "tenfold.v1.Claim.claimant_id") {
		return nil, unsupported("claimant_id is not shown to this role, so nothing is found by it")
	}
	merchant, _ := nameOf(r.GetParent())
	q := postgres.ClaimQuery{
		MerchantID: anchor(merchant), OrderID: f.orderID, ClaimantID: f.claimantID, ProductID: f.productID,
		State: f.state, Queue: queues[r.GetQueue()],
	}
	if q.MerchantID == "" && !f.anchored() && q.Queue == "" {
		return nil, unsupported("a list over all merchants needs an order_id, claimant_id or product_id, or a queue")
	}
	if q.Queue != "" && f.anchored() {
		return nil, unsupported("a queue is narrowed down by merchant and state only")
	}
	const cursorParts = 2
	p, err := pageOf(ctx, r, cursorParts)
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
		out.NextPageToken = p.token(list.Next.ClaimID, microseconds(list.Next.Since))
	}
	return out, nil
}

func (s *claimService) ListMoves(ctx context.Context, r *tenfoldv1.ListMovesRequest) (*tenfoldv1.ListMovesResponse, error) {
	c, p, err := s.claimPage(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	moves, err := s.db.Reader().Moves(ctx, c.MerchantID, c.ID, after, p.size+1)
	if err != nil {
		return nil, err
	}
	moves, more := cut(moves, p.size)
	out := &tenfoldv1.ListMovesResponse{}
	for i := range moves {
		out.Moves = append(out.Moves, moveOf(&moves[i]))
	}
	if more {
		out.NextPageToken = p.token(decimal(moves[len(moves)-1].Version))
	}
	return out, nil
}

func (s *claimService) GetOrderLine(ctx context.Context, r *tenfoldv1.GetOrderLineRequest) (*tenfoldv1.GetOrderLineResponse, error) {
	merchant, id := nameOf(r.GetName())
	line, err := s.orderLine(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetOrderLineResponse{OrderLine: line}, nil
}

// orderLine reads an order line with its refunds.
func (s *claimService) orderLine(ctx context.Context, merchant, id string) (*tenfoldv1.OrderLine, error) {
	line, refunds, found, err := s.db.Reader().OrderLine(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.OrderLineNotFound, "order line %s of merchant %s is not stored", id, merchant).
			With("orderLineId", id).At("name")
	}
	return orderLineOf(line, refunds), nil
}

func (s *claimService) GetRequest(ctx context.Context, r *tenfoldv1.GetRequestRequest) (*tenfoldv1.GetRequestResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	stored, found, err := s.db.Reader().Request(ctx, postgres.RequestKey{
		MerchantID: merchant, Workload: callerOf(ctx).Workload, Method: r.GetMethod(), RequestID: r.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.RequestNotFound, "no request %s of %s was accepted for merchant %s", r.GetRequestId(), r.GetMethod(), merchant).
			With("requestId", r.GetRequestId())
	}
	return &tenfoldv1.GetRequestResponse{Request: storedRequestOf(&stored)}, nil
}

// storedRequestOf names what came of a request, the main resource first.
func storedRequestOf(r *postgres.Request) *tenfoldv1.StoredRequest {
	p := &tenfoldv1.StoredRequest{
		RequestId: r.RequestID, Method: r.Method, Workload: r.Workload, AcceptedAt: stamp(r.RecordedAt),
	}
	if r.ResultID != "" {
		p.OutcomeNames = append(p.OutcomeNames, resultName(r.MerchantID, r.ResultID))
	}
	if r.PayoutID != "" {
		p.OutcomeNames = append(p.OutcomeNames, payoutName(r.MerchantID, r.PayoutID))
	}
	if r.ClaimID != "" {
		p.OutcomeNames = append(p.OutcomeNames, claimName(r.MerchantID, r.ClaimID))
	}
	if r.TransferNumber > 0 {
		p.OutcomeNames = append(p.OutcomeNames, transferName(r.MerchantID, r.TransferNumber))
	}
	if len(p.OutcomeNames) == 0 {
		p.OutcomeNames = append(p.OutcomeNames, merchantName(r.MerchantID))
	}
	return p
}
