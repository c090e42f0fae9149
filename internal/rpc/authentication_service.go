package rpc

import (
	"context"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// authenticationService implements AuthenticationService.
type authenticationService struct {
	tenfoldv1.UnimplementedAuthenticationServiceServer
	backend
}

func (s *authenticationService) RegisterAuthenticator(ctx context.Context, r *tenfoldv1.RegisterAuthenticatorRequest) (*tenfoldv1.RegisterAuthenticatorResponse, error) {
	b, replayed, err := s.engine.Register(ctx, s.header(ctx, "", r), r.GetAuthenticatorId(), contentOf(r.GetAuthenticator()))
	if err != nil {
		return nil, err
	}
	out := authenticatorOf(b)
	if r.GetValidateOnly() && !replayed {
		out.RegisteredAt, out.LastAppliedNumber = nil, 0
	}
	return &tenfoldv1.RegisterAuthenticatorResponse{Authenticator: out, Replayed: replayed}, nil
}

func (s *authenticationService) GetAuthenticator(ctx context.Context, r *tenfoldv1.GetAuthenticatorRequest) (*tenfoldv1.GetAuthenticatorResponse, error) {
	id, _ := nameOf(r.GetName())
	b, err := s.engine.Authenticator(ctx, id)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetAuthenticatorResponse{Authenticator: authenticatorOf(b)}, nil
}

func (s *authenticationService) ListAuthenticators(ctx context.Context, r *tenfoldv1.ListAuthenticatorsRequest) (*tenfoldv1.ListAuthenticatorsResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Authenticators(ctx, authenticatorKinds.domain(r.GetKind()), p.cursor[0], p.size+1)
	list, next := listed(&p, rows, authenticatorOf, func(b *authenticator.Body) []string { return []string{b.ID} })
	return answer(&tenfoldv1.ListAuthenticatorsResponse{Authenticators: list, NextPageToken: next}, err)
}

func (s *authenticationService) RecordResult(ctx context.Context, r *tenfoldv1.RecordResultRequest) (*tenfoldv1.RecordResultResponse, error) {
	if err := ownResult(ctx, r.GetAuthenticator()); err != nil {
		return nil, err
	}
	if err := under(r.GetParent(), r.GetClaim(), "claim"); err != nil {
		return nil, err
	}
	merchant, claimID, err := claimOf(r.GetClaim(), "claim")
	if err != nil {
		return nil, err
	}
	o, err := s.recordResult(ctx, merchant, claimID, r)
	if err != nil {
		return nil, err
	}
	c, err := s.claimAfter(ctx, &o)
	if err != nil {
		return nil, err
	}
	result, err := s.resultAfter(ctx, &o)
	return answer(&tenfoldv1.RecordResultResponse{Result: result, Claim: c, Replayed: o.Replayed}, err)
}

func (s *authenticationService) RetractResult(ctx context.Context, r *tenfoldv1.RetractResultRequest) (*tenfoldv1.RetractResultResponse, error) {
	merchant, id := nameOf(r.GetName())
	recorded, err := s.readResult(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	author := ""
	if callerOf(ctx).Role == principal.RoleAuthenticator {
		author = recorded.AuthenticatorID
	}
	o, err := s.run(ctx, merchant, r, &book.RetractResult{
		OnClaim: book.OnClaim{ClaimID: recorded.ClaimID}, ResultID: id, AuthenticatorID: author, Note: r.GetNote(),
	})
	if err != nil {
		return nil, err
	}
	c, err := s.claimAfter(ctx, &o)
	if err != nil {
		return nil, err
	}
	result, err := s.resultAfter(ctx, &o)
	return answer(&tenfoldv1.RetractResultResponse{Result: result, Claim: c, Replayed: o.Replayed}, err)
}

// resultAfter is the result of an outcome.
func (s *authenticationService) resultAfter(ctx context.Context, o *book.Outcome) (*tenfoldv1.AuthenticationResult, error) {
	if !o.Replayed {
		return s.resultOf(o.Result), nil
	}
	x, err := s.readResult(ctx, o.MerchantID, o.ResultID)
	if err != nil {
		return nil, err
	}
	return s.resultOf(x), nil
}

// readResult reads a result that the caller may see; an authenticator may see only
// its own.
func (s *authenticationService) readResult(ctx context.Context, merchant, id string) (*claim.Result, error) {
	x, found, err := s.db.Reader().Result(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	absent := fault.New(fault.ResultNotFound, "merchant %s has no result %s", merchant, id).With("resultId", id)
	if !found {
		return nil, absent
	}
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator && who.Scope != authenticatorName(x.AuthenticatorID) {
		return nil, &outOfScope{absent, resultName(merchant, id)}
	}
	return &x, nil
}

func (s *authenticationService) GetResult(ctx context.Context, r *tenfoldv1.GetResultRequest) (*tenfoldv1.GetResultResponse, error) {
	merchant, id := nameOf(r.GetName())
	x, err := s.readResult(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetResultResponse{Result: s.resultOf(x)}, nil
}

func (s *authenticationService) ListResults(ctx context.Context, r *tenfoldv1.ListResultsRequest) (*tenfoldv1.ListResultsResponse, error) {
	if strings.HasPrefix(r.GetParent(), "authenticators/") {
		return s.resultsOfBody(ctx, r)
	}
	switch {
	case callerOf(ctx).Role == principal.RoleAuthenticator:
		return nil, fault.New(fault.AccessDenied, "an authenticator lists its own results, under %s", callerOf(ctx).Scope).At("parent")
	case r.GetRecordedFrom() != nil || r.GetRecordedUntil() != nil:
		return nil, unsupported("the results of a claim are listed whole, without time")
	}
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	if _, err := readClaim(ctx, reader, merchant, claimID, r.GetParent()); err != nil {
		return nil, err
	}
	rows, err := reader.Results(ctx, merchant, claimID, p.cursor[0], p.size+1)
	list, next := listed(&p, rows, s.resultOf, func(x *claim.Result) []string { return []string{x.ID} })
	return answer(&tenfoldv1.ListResultsResponse{Results: list, NextPageToken: next}, err)
}

// resultsOfBody lists the results of a body over all merchants. Only the body itself and the
// marketplace see them together.
func (s *authenticationService) resultsOfBody(ctx context.Context, r *tenfoldv1.ListResultsRequest) (*tenfoldv1.ListResultsResponse, error) {
	if callerOf(ctx).Role == principal.RoleMerchant {
		return nil, fault.New(fault.AccessDenied, "a merchant lists the results of its own claims").At("parent")
	}
	body, _ := nameOf(r.GetParent())
	if err := s.ownBody(ctx, body, "parent"); err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 3)
	if err != nil {
		return nil, err
	}
	at, err := p.number(0)
	if err != nil {
		return nil, err
	}
	after := postgres.ResultCursor{MerchantID: p.cursor[1], ResultID: p.cursor[2]}
	if p.cursor[0] != "" {
		after.RecordedAt = time.UnixMicro(at).UTC()
	}
	rows, err := s.db.Reader().RankedResultsOfBody(ctx, body, moment(r.GetRecordedFrom()), moment(r.GetRecordedUntil()), after, p.size+1)
	list, next := listed(&p, rows, s.resultOf, func(x *claim.Result) []string {
		return []string{microseconds(x.RecordedAt), x.MerchantID, x.ID}
	})
	return answer(&tenfoldv1.ListResultsResponse{Results: list, NextPageToken: next}, err)
}
