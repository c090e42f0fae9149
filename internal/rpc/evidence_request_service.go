package rpc

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// evidenceRequestService implements EvidenceRequestService.
type evidenceRequestService struct {
	tenfoldv1.UnimplementedEvidenceRequestServiceServer
	backend
}

// askedRoles are the roles that answer for a party.
var askedRoles = map[claim.Asked]principal.Role{
	claim.AskedConsumer: principal.RoleOrderService, claim.AskedMerchant: principal.RoleMerchant, claim.AskedAuthenticator: principal.RoleAuthenticator,
}

// seesRequest says whether a role sees what a party is asked: the marketplace's own people see
// all, each party what it is asked. Which merchant and which laboratory is not looked at.
func seesRequest(role principal.Role, x *claim.EvidenceRequest) bool {
	return slices.Contains(internalRoles, role) || role == askedRoles[x.Asked]
}

// isAsked says whether the caller sees a request.
func isAsked(ctx context.Context, x *claim.EvidenceRequest) bool {
	who := callerOf(ctx)
	if who.Role == principal.RoleAuthenticator && who.Scope != authenticatorName(x.AuthenticatorID) {
		return false
	}
	return seesRequest(who.Role, x) && who.inScope(x.MerchantID)
}

// evidenceRequest reads a request for evidence that the caller may see. What another party is
// asked is refused as absent.
func (b *backend) evidenceRequest(ctx context.Context, name, field string) (*claim.EvidenceRequest, error) {
	absent := fault.New(fault.EvidenceRequestNotFound, "%s does not exist", name).At(field)
	merchant, claimID, err := claimOf(name, field)
	if err != nil {
		return nil, absent
	}
	x, found, err := b.db.Reader().EvidenceRequest(ctx, merchant, claimID, int32(numberOf(name)))
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, absent
	case !isAsked(ctx, &x):
		return nil, &outOfScope{absent, name}
	}
	return &x, nil
}

// answered is the number of the request that evidence of a claim names, after a look whether the
// caller is asked by it; zero for none.
func (b *backend) answered(ctx context.Context, merchant, claimID, name string) (int32, error) {
	const field = "evidence_request"
	if name == "" {
		return 0, nil
	}
	m, c, err := claimOf(name, field)
	if err != nil || m != merchant || c != claimID {
		return 0, fault.New(fault.RequestInvalid, "%s does not belong to %s", name, claimName(merchant, claimID)).At(field)
	}
	x, err := b.evidenceRequest(ctx, name, field)
	if err != nil {
		return 0, err
	}
	return x.Number, nil
}

func (s *evidenceRequestService) RequestEvidence(ctx context.Context, r *tenfoldv1.RequestEvidenceRequest) (*tenfoldv1.RequestEvidenceResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	cmd := &book.RequestEvidence{
		ClaimID: claimID, Asked: claim.Asked(evidenceParties.domain(r.GetParty())), Kind: r.GetKind(), Question: r.GetQuestion(), DueAt: moment(r.GetDueAt()),
	}
	if r.GetAuthenticator() != "" {
		cmd.Asked = claim.AskedAuthenticator
		cmd.AuthenticatorID, _ = nameOf(r.GetAuthenticator())
	}
	o, err := s.run(ctx, merchant, r, cmd)
	if err != nil {
		return nil, err
	}
	if !o.Replayed {
		return &tenfoldv1.RequestEvidenceResponse{EvidenceRequest: evidenceRequestOf(o.EvidenceRequest)}, nil
	}
	// A replay names the event that made the request.
	list, err := s.db.Reader().EvidenceRequestsOfClaim(ctx, o.MerchantID, o.ClaimID, 0, claim.EvidenceRequestsMax)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].EventNumber == o.EventNumber {
			return &tenfoldv1.RequestEvidenceResponse{EvidenceRequest: evidenceRequestOf(&list[i]), Replayed: true}, nil
		}
	}
	return nil, claimNotFound(o.ClaimID)
}

func (s *evidenceRequestService) GetEvidenceRequest(
	ctx context.Context, r *tenfoldv1.GetEvidenceRequestRequest,
) (*tenfoldv1.GetEvidenceRequestResponse, error) {
	x, err := s.evidenceRequest(ctx, r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetEvidenceRequestResponse{EvidenceRequest: evidenceRequestOf(x)}, nil
}

func (s *evidenceRequestService) CancelEvidenceRequest(
	ctx context.Context, r *tenfoldv1.CancelEvidenceRequestRequest,
) (*tenfoldv1.CancelEvidenceRequestResponse, error) {
	x, err := s.evidenceRequest(ctx, r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.run(ctx, x.MerchantID, r, &book.CancelEvidenceRequest{
		OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: x.ClaimID, Number: x.Number}, Note: r.GetNote(),
	})
	if err != nil {
		return nil, err
	}
	if !o.Replayed {
		x = o.EvidenceRequest
	}
	return &tenfoldv1.CancelEvidenceRequestResponse{EvidenceRequest: evidenceRequestOf(x), Replayed: o.Replayed}, nil
}

func (s *evidenceRequestService) ListEvidenceRequests(
	ctx context.Context, r *tenfoldv1.ListEvidenceRequestsRequest,
) (*tenfoldv1.ListEvidenceRequestsResponse, error) {
	if strings.Contains(r.GetParent(), "/claims/") {
		return s.listOfClaim(ctx, r)
	}
	q, err := s.inbox(ctx, r.GetParent())
	if err != nil {
		return nil, err
	}
	q.DueFrom, q.DueTo = moment(r.GetDueFrom()), moment(r.GetDueUntil())
	if q.State = evidenceRequestStates.domain(r.GetState()); q.State == "" {
		q.State = claim.RequestOpen
	}
	p, err := s.pageOf(ctx, r, 4)
	if err != nil {
		return nil, err
	}
	after := postgres.EvidenceRequestCursor{MerchantID: p.cursor[1], ClaimID: p.cursor[2]}
	due, err := p.number(0)
	if err != nil {
		return nil, err
	}
	if p.cursor[0] != "" {
		after.DueAt = time.UnixMicro(due).UTC()
	}
	n, err := p.number(3)
	if err != nil {
		return nil, err
	}
	after.Number = int32(n)
	rows, err := s.db.Reader().EvidenceRequests(ctx, q, after, p.size+1)
	list, next := listed(&p, rows, evidenceRequestOf, func(x *claim.EvidenceRequest) []string {
		return []string{microseconds(x.DueAt), x.MerchantID, x.ClaimID, decimal(int64(x.Number))}
	})
	return answer(&tenfoldv1.ListEvidenceRequestsResponse{EvidenceRequests: list, NextPageToken: next}, err)
}

// inbox says whose requests a parent stands for. Each party sees only its own; a merchant is kept
// in its book before.
func (s *evidenceRequestService) inbox(ctx context.Context, parent string) (q postgres.EvidenceRequestQuery, err error) {
	role := callerOf(ctx).Role
	of, _ := nameOf(parent)
	switch {
	case strings.HasPrefix(parent, "authenticators/"):
		if role == principal.RoleMerchant || role == principal.RoleOrderService {
			return q, fault.New(fault.AccessDenied, "what a laboratory is asked is not shown to the %s", role).At("parent")
		}
		q.AuthenticatorID = of
		return q, s.ownBody(ctx, of, "parent")
	case role == principal.RoleAuthenticator:
		return q, fault.New(fault.AccessDenied, "an authenticator lists what it is asked under %s", callerOf(ctx).Scope).At("parent")
	case of == anyMerchant:
		q.Consumers = role == principal.RoleOrderService
		return q, nil
	case role == principal.RoleOrderService:
		return q, fault.New(fault.AccessDenied, "the order service lists what consumers are asked under merchants/-, and on a claim").At("parent")
	}
	q.MerchantID = of
	_, err = readHead(ctx, s.db.Reader(), of)
	return q, err
}

// listOfClaim lists the requests for evidence on a claim that the caller may see.
func (s *evidenceRequestService) listOfClaim(
	ctx context.Context, r *tenfoldv1.ListEvidenceRequestsRequest,
) (*tenfoldv1.ListEvidenceRequestsResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	switch {
	case callerOf(ctx).Role == principal.RoleAuthenticator:
		return nil, fault.New(fault.AccessDenied, "an authenticator lists what it is asked under %s", callerOf(ctx).Scope).At("parent")
	case r.GetState() != 0 || r.GetDueFrom() != nil || r.GetDueUntil() != nil:
		return nil, unsupported("the requests for evidence on a claim are listed whole, without state and time")
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	c, err := readClaim(ctx, s.db.Reader(), merchant, claimID, r.GetParent())
	if err != nil {
		return nil, err
	}
	// All that a claim can have are read, and those of others left out.
	rows, err := s.db.Reader().EvidenceRequestsOfClaim(ctx, c.MerchantID, c.ID, int32(min(after, claim.EvidenceRequestsMax)), claim.EvidenceRequestsMax)
	rows = slices.DeleteFunc(rows, func(x claim.EvidenceRequest) bool { return !isAsked(ctx, &x) })
	list, next := listed(&p, rows[:min(len(rows), p.size+1)], evidenceRequestOf, func(x *claim.EvidenceRequest) []string {
		return []string{decimal(int64(x.Number))}
	})
	return answer(&tenfoldv1.ListEvidenceRequestsResponse{EvidenceRequests: list, NextPageToken: next}, err)
}

func evidenceRequestOf(x *claim.EvidenceRequest) *tenfoldv1.EvidenceRequest {
	p := &tenfoldv1.EvidenceRequest{
		Name: evidenceRequestName(x.MerchantID, x.ClaimID, x.Number), Claim: claimName(x.MerchantID, x.ClaimID),
		State: evidenceRequestStates.proto(x.State), Kind: x.Kind, Question: x.Question, DueAt: stamp(x.DueAt), MadeAt: stamp(x.MadeAt),
		Answers: x.Answers, OverdueAt: stamp(x.OverdueAt), EndedAt: stamp(x.EndedAt), Role: x.MadeAs, Person: x.MadeBy, Note: x.Note,
	}
	if x.Asked == claim.AskedAuthenticator {
		p.Authenticator = authenticatorName(x.AuthenticatorID)
	} else {
		p.Party = evidenceParties.proto(book.EvidenceParty(x.Asked))
	}
	return p
}
