package rpc

import (
	"context"
	"strings"

	"go.einride.tech/aip/ordering"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Reading claims: one, many, their moves, and what came of a request.

func (s *claimService) GetClaim(ctx context.Context, r *tenfoldv1.GetClaimRequest) (*tenfoldv1.GetClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	m, err := maskOf(r)
	if err != nil {
		return nil, err
	}
	if !m.full {
		c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetName())
		if err != nil {
			return nil, err
		}
		shown := callerOf(ctx).basicClaim(c)
		if err := markUnset(ctx, s.db.Reader(), s.engine.Catalog(), c, shown); err != nil {
			return nil, err
		}
		return &tenfoldv1.GetClaimResponse{Claim: m.cut(shown)}, nil
	}
	var full *tenfoldv1.Claim
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetName())
		if err == nil {
			full, err = s.fullClaim(ctx, reader, c, m)
		}
		if err == nil {
			err = markUnset(ctx, reader, s.engine.Catalog(), c, full)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	shown := m.cut(full)
	// What the caller may not see takes no room.
	callerOf(ctx).cover(shown)
	fit(shown)
	return &tenfoldv1.GetClaimResponse{Claim: shown}, nil
}

// queues maps the contract's queues to the database's.
var queues = map[tenfoldv1.ClaimQueue]postgres.Queue{
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW:        postgres.QueueReview,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL:        postgres.QueueAppeal,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPROVAL:      postgres.QueueApproval,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE:       postgres.QueueOverdue,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_STUCK_PAYOUTS: postgres.QueueStuckPayouts,
	tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNFUNDED:      postgres.QueueUnfunded,
}

func (s *claimService) ListClaims(ctx context.Context, r *tenfoldv1.ListClaimsRequest) (*tenfoldv1.ListClaimsResponse, error) {
	who := callerOf(ctx)
	q, err := s.claimQuery(r, who)
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, claimCursorParts)
	if err != nil {
		return nil, err
	}
	after, err := claimCursor(&p)
	if err != nil {
		return nil, err
	}
	var list postgres.ClaimPage
	claims, err := fitting(p.size, func(size int) (_ []claim.Claim, err error) {
		list, err = s.db.Reader().Claims(ctx, q, after, size)
		return list.Rows, err
	}, who.basicClaim)
	if err != nil {
		return nil, err
	}
	if len(list.Rows) == 0 && !list.More && q.MerchantID != "" {
		// No claims of a merchant who is not there would look like none of one who is.
		if _, err := readHead(ctx, s.db.Reader(), q.MerchantID); err != nil {
			return nil, err
		}
	}
	for i := range claims {
		if err := markUnset(ctx, s.db.Reader(), s.engine.Catalog(), &list.Rows[i], claims[i]); err != nil {
			return nil, err
		}
	}
	out := &tenfoldv1.ListClaimsResponse{Claims: claims}
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

// anchors are what a list over all merchants can start from.
const anchors = "order_id, claimant_id, product_id, authenticator_id, payment_id, out_number, gateway_reference, " +
	"report_number, assignee, state, waits_for or deadline"

// claimQuery reads the query of a request. Refuses with FILTER_UNSUPPORTED a query
// that no index would serve.
func (s *claimService) claimQuery(r *tenfoldv1.ListClaimsRequest, who caller) (postgres.ClaimQuery, error) {
	q, err := claimFilter.parse(r.GetFilter(), who)
	if err != nil {
		return q, err
	}
	if q.WaitsFor != "" {
		in, _ := q.WaitsFor.InState()
		if q.State != "" && q.State != in {
			return q, unsupported("no claim in state %s waits for %s", q.State, q.WaitsFor)
		}
		q.State = in
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID, q.Queue = anchor(merchant), queues[r.GetQueue()]
	if r.GetQueue() == tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNSET_CALENDAR {
		return q, s.beyondCalendar(&q, r)
	}
	if err := ordered(&q, r); err != nil {
		return q, err
	}
	switch {
	case !q.Anchored():
		return q, unsupported("a list over all merchants needs a queue, the order by deadline, or a filter by %s", anchors)
	case q.References() > 1:
		return q, unsupported("only one of out_number, gateway_reference and report_number can be asked for at a time")
	case q.Queue != "" && q.OfOneThing():
		return q, unsupported("a queue cannot be filtered by an order, a consumer, a product, an authenticator, a payment or a number")
	}
	return q, nil
}

// beyondCalendar makes a query that of claims whose deadline lies in a year that the
// calendar does not have.
func (s *claimService) beyondCalendar(q *postgres.ClaimQuery, r *tenfoldv1.ListClaimsRequest) error {
	switch {
	case r.GetOrderBy() != "":
		return fault.New(fault.FilterUnsupported, "a queue cannot be ordered; it lists the soonest deadline first").At("order_by")
	case q.OfOneThing() || q.References() > 0:
		return unsupported("a queue cannot be filtered by an order, a consumer, a product, an authenticator, a payment or a number")
	}
	if known := s.engine.Catalog().Calendar.SetUntil(s.engine.Now()); q.DeadlineFrom.Before(known) {
		q.DeadlineFrom = known
	}
	q.ByDeadline = true
	return nil
}

// ordered reads the order of a list into its query.
func ordered(q *postgres.ClaimQuery, r *tenfoldv1.ListClaimsRequest) error {
	alone := q.DeadlineAlone()
	if r.GetOrderBy() == "" {
		q.ByDeadline = alone
		return nil
	}
	refuse := func(text string) error { return fault.New(fault.FilterUnsupported, "%s", text).At("order_by") }
	if q.Queue != "" {
		return refuse("a queue cannot be ordered; it lists the longest wait first")
	}
	by, err := ordering.ParseOrderBy(r)
	if err != nil || len(by.Fields) != 1 || by.ValidateForPaths("filed_at", "deadline") != nil {
		return refuse(`claims can only be ordered by "filed_at", "filed_at desc", "deadline" or "deadline desc"`)
	}
	q.ByDeadline = by.Fields[0].Path == "deadline"
	switch {
	case q.ByDeadline && q.OfOneThing():
		return refuse("only claims of all merchants, of a merchant, of an assignee or in a state can be ordered by deadline")
	case !q.ByDeadline && alone:
		return refuse("claims that are found by deadline alone are ordered by it")
	}
	q.OldestFirst = by.Fields[0].Desc == q.ByDeadline
	return nil
}

// partsRequest asks for a page of what belongs to a claim.
type partsRequest interface {
	pageRequest
	GetParent() string
}

// claimPage reads the claim whose parts a request lists, and the page that it asks
// for.
func (s *claimService) claimPage(ctx context.Context, r partsRequest, cursorParts int) (*claim.Claim, page, error) {
	merchant, id, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, page{}, err
	}
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, page{}, err
	}
	c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetParent())
	return c, p, err
}

// claimPageByNumber is claimPage for a list in the order of a number; after is that
// of the last row before the page.
func (s *claimService) claimPageByNumber(ctx context.Context, r partsRequest) (c *claim.Claim, p page, after int64, err error) {
	if c, p, err = s.claimPage(ctx, r, 1); err == nil {
		after, err = p.number(0)
	}
	return c, p, after, err
}

func (s *claimService) ListMoves(ctx context.Context, r *tenfoldv1.ListMovesRequest) (*tenfoldv1.ListMovesResponse, error) {
	c, p, after, err := s.claimPageByNumber(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Moves(ctx, c.MerchantID, c.ID, after, p.size+1)
	list, next := listed(&p, rows, moveOf, func(m *postgres.MoveRead) []string { return []string{decimal(m.Version)} })
	return answer(&tenfoldv1.ListMovesResponse{Moves: list, NextPageToken: next}, err)
}

func (s *claimService) GetRequest(ctx context.Context, r *tenfoldv1.GetRequestRequest) (*tenfoldv1.GetRequestResponse, error) {
	who := callerOf(ctx)
	merchant, _ := nameOf(r.GetParent())
	absent := fault.New(fault.RequestNotFound, "no request with id %s of %s was accepted for %s", r.GetRequestId(), r.GetMethod(), r.GetParent()).
		With("requestId", r.GetRequestId())
	// Roles may share a workload. A request that the role may not make is another's.
	if methods["/"+contract+"."+r.GetMethod()].allow(who, r.GetMethod()) != nil {
		return nil, absent
	}
	stored, found, err := s.db.Reader().Request(ctx, request.Key{
		MerchantID: anchor(merchant), Workload: who.Workload, Method: r.GetMethod(), RequestID: r.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, absent
	}
	if err := s.ownRequest(ctx, &stored, absent); err != nil {
		return nil, err
	}
	return &tenfoldv1.GetRequestResponse{Request: storedRequestOf(&stored)}, nil
}

// ownRequest refuses an authenticator the request of another that shares its workload, as
// absent.
func (s *claimService) ownRequest(ctx context.Context, r *request.Found, absent *fault.Error) error {
	who := callerOf(ctx)
	if r.UploadID != "" {
		return s.ownUpload(ctx, r, absent)
	}
	if who.Role != principal.RoleAuthenticator {
		return nil
	}
	if strings.HasPrefix(r.Method, "CommissionService/") || strings.HasPrefix(r.Method, "CustodyService/") {
		return s.ownCommissionRequest(ctx, r, absent)
	}
	if r.ResultID == "" {
		own, err := s.ownEvidence(ctx, book.Key{MerchantID: r.MerchantID, ID: r.ClaimID}, r.EventNumber)
		if err == nil && !own {
			err = &outOfScope{absent, claimName(r.MerchantID, r.ClaimID)}
		}
		return err
	}
	x, found, err := s.db.Reader().Result(ctx, r.MerchantID, r.ResultID)
	if err != nil {
		return err
	}
	if !found || who.Scope != authenticatorName(x.AuthenticatorID) {
		return &outOfScope{absent, resultName(r.MerchantID, r.ResultID)}
	}
	return nil
}

// ownCommissionRequest refuses a body the step of another, as absent. The event of the step
// tells whose it was.
func (s *claimService) ownCommissionRequest(ctx context.Context, r *request.Found, absent *fault.Error) error {
	row, found, err := s.db.Reader().EventAt(ctx, r.MerchantID, r.EventNumber)
	if err != nil {
		return err
	}
	if found && !row.Quarantined {
		e, err := watch.Read(&row)
		if err == nil && callerOf(ctx).Scope == authenticatorName(e.Detail("authenticator")) {
			return nil
		}
	}
	return &outOfScope{absent, eventName(r.MerchantID, r.EventNumber)}
}

// storedRequestOf names the outcome of a request, the main resource first.
func storedRequestOf(r *request.Found) *tenfoldv1.StoredRequest {
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
	if r.WebhookID != "" {
		p.OutcomeNames = append(p.OutcomeNames, webhookName(r.MerchantID, r.WebhookID))
	}
	if r.UploadID != "" {
		p.OutcomeNames = append(p.OutcomeNames, uploadName(r.MerchantID, r.UploadID))
	}
	if r.Name != "" {
		p.OutcomeNames = append(p.OutcomeNames, r.Name)
	}
	if len(p.OutcomeNames) == 0 && r.MerchantID != "" {
		p.OutcomeNames = append(p.OutcomeNames, merchantName(r.MerchantID))
	}
	return p
}
