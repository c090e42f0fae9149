package rpc

import (
	"context"
	"math"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// authenticatorService implements AuthenticatorService.
type authenticatorService struct {
	tenfoldv1.UnimplementedAuthenticatorServiceServer
	backend
}

// changedBody gives a body and its change as a request with a response of its own has them.
// With validateOnly the change has no name: its number is free again.
func (b *backend) changedBody(made *engine.ChangedBody, validateOnly bool) (*tenfoldv1.Authenticator, *tenfoldv1.AuthenticatorChange) {
	if made.Body == nil {
		return nil, nil
	}
	change := b.changeShown(&made.Change)
	if validateOnly && !made.Replayed {
		change.Name, change.AppliedNumber = "", 0
	}
	return authenticatorOf(made.Body), change
}

func (s *authenticatorService) ReviseAuthenticator(ctx context.Context, r *tenfoldv1.ReviseAuthenticatorRequest) (*tenfoldv1.ReviseAuthenticatorResponse, error) {
	id, _ := nameOf(r.GetName())
	made, err := s.engine.ReviseAuthenticator(ctx, s.header(ctx, "", r), id, contentOf(r.GetAuthenticator()), r.GetRevision(), r.GetNote())
	a, c := s.changedBody(&made, r.GetValidateOnly())
	return answer(&tenfoldv1.ReviseAuthenticatorResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorService) SuspendAuthenticator(ctx context.Context, r *tenfoldv1.SuspendAuthenticatorRequest) (*tenfoldv1.SuspendAuthenticatorResponse, error) {
	id, _ := nameOf(r.GetName())
	made, err := s.engine.SuspendAuthenticator(ctx, s.header(ctx, "", r), id, r.GetNote())
	a, c := s.changedBody(&made, r.GetValidateOnly())
	return answer(&tenfoldv1.SuspendAuthenticatorResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorService) ReinstateAuthenticator(ctx context.Context, r *tenfoldv1.ReinstateAuthenticatorRequest) (*tenfoldv1.ReinstateAuthenticatorResponse, error) {
	id, _ := nameOf(r.GetName())
	made, err := s.engine.ReinstateAuthenticator(ctx, s.header(ctx, "", r), id, r.GetNote())
	a, c := s.changedBody(&made, r.GetValidateOnly())
	return answer(&tenfoldv1.ReinstateAuthenticatorResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

// bodyVote is a request to decide an open change.
type bodyVote interface {
	mutation
	GetName() string
	GetNote() string
}

func (s *authenticatorService) decide(ctx context.Context, r bodyVote, v authenticator.Vote) (engine.ChangedBody, error) {
	return s.engine.DecideAuthenticatorChange(ctx, s.header(ctx, "", r), bodyChange(r.GetName()), v, r.GetNote())
}

// bodyChange reads a name whose form the contract's rules have checked.
func bodyChange(name string) authenticator.Key {
	id, _ := nameOf(name)
	return authenticator.Key{ID: id, Number: int32(numberOf(name))}
}

func (s *authenticatorService) ApproveAuthenticatorChange(ctx context.Context, r *tenfoldv1.ApproveAuthenticatorChangeRequest) (*tenfoldv1.ApproveAuthenticatorChangeResponse, error) {
	made, err := s.decide(ctx, r, authenticator.Approve)
	a, c := s.changedBody(&made, false)
	return answer(&tenfoldv1.ApproveAuthenticatorChangeResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorService) RefuseAuthenticatorChange(ctx context.Context, r *tenfoldv1.RefuseAuthenticatorChangeRequest) (*tenfoldv1.RefuseAuthenticatorChangeResponse, error) {
	made, err := s.decide(ctx, r, authenticator.Refuse)
	a, c := s.changedBody(&made, false)
	return answer(&tenfoldv1.RefuseAuthenticatorChangeResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorService) WithdrawAuthenticatorChange(ctx context.Context, r *tenfoldv1.WithdrawAuthenticatorChangeRequest) (*tenfoldv1.WithdrawAuthenticatorChangeResponse, error) {
	made, err := s.decide(ctx, r, authenticator.Withdraw)
	a, c := s.changedBody(&made, false)
	return answer(&tenfoldv1.WithdrawAuthenticatorChangeResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorService) GetAuthenticatorChange(ctx context.Context, r *tenfoldv1.GetAuthenticatorChangeRequest) (*tenfoldv1.GetAuthenticatorChangeResponse, error) {
	c, err := s.engine.AuthenticatorChange(ctx, bodyChange(r.GetName()))
	return answer(&tenfoldv1.GetAuthenticatorChangeResponse{Change: s.changeShown(&c)}, err)
}

func (s *authenticatorService) ListAuthenticatorChanges(ctx context.Context, r *tenfoldv1.ListAuthenticatorChangesRequest) (*tenfoldv1.ListAuthenticatorChangesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	before, err := p.number(0)
	if err != nil {
		return nil, err
	}
	if before < 0 || before > math.MaxInt32 {
		return nil, fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	id, _ := nameOf(r.GetParent())
	if _, err := s.engine.Authenticator(ctx, id); err != nil {
		return nil, err
	}
	rows, err := s.db.AuthenticatorChanges(ctx, id, int32(before), p.size+1)
	list, next := listed(&p, s.presently(rows), s.changeShown, func(c *authenticator.Change) []string { return []string{decimal(int64(c.Number))} })
	return answer(&tenfoldv1.ListAuthenticatorChangesResponse{Changes: list, NextPageToken: next}, err)
}

// presently gives changes as they stand now.
func (s *authenticatorService) presently(rows []authenticator.Change) []authenticator.Change {
	now := s.engine.Now()
	for i := range rows {
		rows[i] = rows[i].At(now)
	}
	return rows
}

func (s *authenticatorService) ListOpenAuthenticatorChanges(ctx context.Context, r *tenfoldv1.ListOpenAuthenticatorChangesRequest) (*tenfoldv1.ListOpenAuthenticatorChangesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.OpenAuthenticatorChanges(ctx, p.cursor[0], s.engine.Now(), p.size+1)
	list, next := listed(&p, rows, s.changeShown, func(c *authenticator.Change) []string { return []string{c.ID} })
	return answer(&tenfoldv1.ListOpenAuthenticatorChangesResponse{Changes: list, NextPageToken: next}, err)
}

func (s *authenticatorService) ListAppliedAuthenticatorChanges(ctx context.Context, r *tenfoldv1.ListAppliedAuthenticatorChangesRequest) (*tenfoldv1.ListAppliedAuthenticatorChangesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.AppliedAuthenticatorChanges(ctx, max(after, r.GetAfterAppliedNumber()), p.size+1)
	list, next := listed(&p, rows, s.changeShown, func(c *authenticator.Change) []string { return []string{decimal(c.Applied)} })
	return answer(&tenfoldv1.ListAppliedAuthenticatorChangesResponse{Changes: list, NextPageToken: next}, err)
}

func (s *authenticatorService) FindAuthenticators(ctx context.Context, r *tenfoldv1.FindAuthenticatorsRequest) (*tenfoldv1.FindAuthenticatorsResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	day := calendar.DateOf(s.engine.Now())
	if r.GetAccreditedOn() != "" {
		if day, err = calendar.ParseDate(r.GetAccreditedOn()); err != nil {
			return nil, fault.New(fault.RequestInvalid, "accredited_on must be a day such as 2026-02-17, not %q", r.GetAccreditedOn()).At("accredited_on")
		}
	}
	product := authenticator.Product{Category: r.GetCategory(), Brand: r.GetBrand(), Trademark: r.GetTrademarkNumber(), Method: r.GetMethod()}
	rows, err := s.db.JudgesOf(ctx, &product, p.cursor[0], p.size+1)
	list, next := listed(&p, rows, authenticatorOf, func(b *authenticator.Body) []string { return []string{b.ID} })
	accredited := list[:0]
	for i, a := range list {
		if rows[i].AccreditedOn(day.Start()) && rows[i].State() == authenticator.Active {
			accredited = append(accredited, a)
		}
	}
	return answer(&tenfoldv1.FindAuthenticatorsResponse{Authenticators: accredited, NextPageToken: next}, err)
}

func (s *authenticatorService) SearchAuthenticators(ctx context.Context, r *tenfoldv1.SearchAuthenticatorsRequest) (*tenfoldv1.SearchAuthenticatorsResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	q := authenticator.Query{
		Text: r.GetText(), Kind: string(authenticatorKinds.domain(r.GetKind())), State: authenticatorStates.domain(r.GetState()),
	}
	named := authenticator.Content{
		Brands: someText(r.GetBrand()), Trademarks: someText(r.GetTrademarkNumber()), Categories: someText(r.GetCategory()), Methods: someText(r.GetMethod()),
	}
	q.Scopes = named.Limits()
	rows, err := s.db.FindAuthenticators(ctx, &q, p.cursor[0], p.size+1)
	list, next := listed(&p, rows, authenticatorOf, func(b *authenticator.Body) []string { return []string{b.ID} })
	return answer(&tenfoldv1.SearchAuthenticatorsResponse{Authenticators: list, NextPageToken: next}, err)
}

// someText is a text as a list; an empty text is none.
func someText(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// bodiesMax bounds a batch of authenticators: all of them are one transaction.
const bodiesMax = 2_000

func (s *authenticatorService) BatchRegisterAuthenticators(ctx context.Context, r *tenfoldv1.BatchRegisterAuthenticatorsRequest) (*tenfoldv1.BatchRegisterAuthenticatorsResponse, error) {
	if n := len(r.GetItems()); n > bodiesMax {
		return nil, fault.New(fault.BatchTooLarge, "a batch may have at most %d authenticators, not %d", bodiesMax, n).
			With("maxPerRequest", bodiesMax).At("items")
	}
	items := make([]engine.BodyItem, len(r.GetItems()))
	for i, x := range r.GetItems() {
		items[i] = engine.BodyItem{ID: x.GetAuthenticatorId(), Content: contentOf(x.GetAuthenticator())}
	}
	all, replayed, err := s.engine.RegisterAll(ctx, s.header(ctx, "", r), items, r.GetNote())
	out := &tenfoldv1.BatchRegisterAuthenticatorsResponse{Replayed: replayed}
	for _, x := range all {
		item := &tenfoldv1.RegisteredAuthenticator{Authenticator: authenticatorName(x.ID)}
		if c := x.Change; c != nil {
			item.Action, item.ChangeState, item.Widens = authenticatorActions.proto(c.Action), authenticatorChangeStates.proto(c.State), c.Widens
		}
		out.Items = append(out.Items, item)
	}
	return answer(out, err)
}
