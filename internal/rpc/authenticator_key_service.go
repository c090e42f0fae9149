package rpc

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/signature"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// authenticatorKeyService implements AuthenticatorKeyService.
type authenticatorKeyService struct {
	tenfoldv1.UnimplementedAuthenticatorKeyServiceServer
	backend
}

func (s *authenticatorKeyService) AddAuthenticatorKey(ctx context.Context, r *tenfoldv1.AddAuthenticatorKeyRequest) (*tenfoldv1.AddAuthenticatorKeyResponse, error) {
	id, _ := nameOf(r.GetParent())
	offer := authenticator.KeyOffer{
		JWK: r.GetPublicKey(), Algorithm: signature.Algorithm(r.GetAlgorithm()), Proof: r.GetProof(),
		From: moment(r.GetValidFrom()), Until: moment(r.GetValidUntil()),
	}
	made, err := s.engine.AddAuthenticatorKey(ctx, s.header(ctx, "", r), id, offer, r.GetNote())
	a, c := s.changedBody(&made, r.GetValidateOnly())
	return answer(&tenfoldv1.AddAuthenticatorKeyResponse{Authenticator: a, Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorKeyService) RevokeAuthenticatorKey(ctx context.Context, r *tenfoldv1.RevokeAuthenticatorKeyRequest) (*tenfoldv1.RevokeAuthenticatorKeyResponse, error) {
	id, thumbprint := nameOf(r.GetName())
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator && who.Scope != authenticatorName(id) {
		return nil, fault.New(fault.AccessDenied, "an authenticator can revoke only its own keys").At("name")
	}
	made, err := s.engine.RevokeAuthenticatorKey(ctx, s.header(ctx, "", r), id, thumbprint, r.GetNote())
	if err != nil {
		return nil, err
	}
	k, err := made.Body.KeyByThumbprint(thumbprint)
	_, c := s.changedBody(&made, r.GetValidateOnly())
	return answer(&tenfoldv1.RevokeAuthenticatorKeyResponse{Key: authenticatorKeyOf(id, k, s.engine.Now()), Change: c, Replayed: made.Replayed}, err)
}

func (s *authenticatorKeyService) GetAuthenticatorKey(ctx context.Context, r *tenfoldv1.GetAuthenticatorKeyRequest) (*tenfoldv1.GetAuthenticatorKeyResponse, error) {
	id, thumbprint := nameOf(r.GetName())
	b, err := s.engine.Authenticator(ctx, id)
	if err != nil {
		return nil, err
	}
	k, err := b.KeyByThumbprint(thumbprint)
	return answer(&tenfoldv1.GetAuthenticatorKeyResponse{Key: authenticatorKeyOf(id, k, s.engine.Now())}, err)
}

func (s *authenticatorKeyService) ListAuthenticatorKeys(ctx context.Context, r *tenfoldv1.ListAuthenticatorKeysRequest) (*tenfoldv1.ListAuthenticatorKeysResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	id, _ := nameOf(r.GetParent())
	b, err := s.engine.Authenticator(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, now := slices.Clone(b.Keys), s.engine.Now()
	rows = slices.DeleteFunc(rows, func(k authenticator.SigningKey) bool { return int64(k.Added) <= after })
	list, next := listed(&p, rows[:min(len(rows), p.size+1)],
		func(k *authenticator.SigningKey) *tenfoldv1.AuthenticatorKey { return authenticatorKeyOf(id, k, now) },
		func(k *authenticator.SigningKey) []string { return []string{decimal(int64(k.Added))} })
	return &tenfoldv1.ListAuthenticatorKeysResponse{Keys: list, NextPageToken: next}, nil
}

// authenticatorKeyOf shows a key of a body as it stands at a time; nothing for no key.
func authenticatorKeyOf(id string, k *authenticator.SigningKey, now time.Time) *tenfoldv1.AuthenticatorKey {
	if k == nil {
		return nil
	}
	return &tenfoldv1.AuthenticatorKey{
		Name: authenticatorKeyName(id, k.Thumbprint), KeyId: k.KeyID, Algorithm: string(k.Algorithm), PublicKey: k.JWK,
		ValidFrom: stamp(k.From), ValidUntil: stamp(k.Until), AddedAt: stamp(k.AddedAt),
		RevokedAt: stamp(k.RevokedAt), RevocationReason: k.Reason, State: authenticatorKeyStates.proto(k.At(now)),
	}
}
