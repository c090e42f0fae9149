package engine

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// AddAuthenticatorKey asks another person to give an authenticator a key; see Body.AddKey.
func (e *Engine) AddAuthenticatorKey(ctx context.Context, h request.Header, id string, o authenticator.KeyOffer, note string) (ChangedBody, error) {
	return e.changeBody(ctx, h, offeredKey{id, o, note}, id, func(b *authenticator.Body, open *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error) {
		return b.AddKey(&o, open, step(&h, note, at))
	})
}

// RevokeAuthenticatorKey takes a key from an authenticator at once: when it returns, no
// result is recorded any more that the key signed. See Body.RevokeKey.
func (e *Engine) RevokeAuthenticatorKey(ctx context.Context, h request.Header, id, thumbprint, reason string) (ChangedBody, error) {
	return e.changeBody(ctx, h, revokedKey{id, thumbprint, reason}, id, func(b *authenticator.Body, _ *authenticator.Change, at time.Time) (authenticator.Body, authenticator.Change, error) {
		return b.RevokeKey(thumbprint, step(&h, reason, at))
	})
}

type offeredKey struct {
	id string
	authenticator.KeyOffer
	note string
}

func (k offeredKey) Cover(d *request.Digest) {
	d.Texts(k.id, k.JWK, string(k.Algorithm), k.Proof, k.note)
	d.Time(k.From)
	d.Time(k.Until)
}

type revokedKey struct{ id, thumbprint, note string }

func (k revokedKey) Cover(d *request.Digest) { d.Texts(k.id, k.thumbprint, k.note) }
