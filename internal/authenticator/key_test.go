package authenticator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
)

// body is a registered laboratory.
func body(t *testing.T) authenticator.Body {
	t.Helper()
	content := lab()
	b, _, err := authenticator.Register("cti", &content, step("oscar", now), false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// offer is a key that a body may get.
func offer(s *signaturetest.Signer) *authenticator.KeyOffer {
	return &authenticator.KeyOffer{JWK: s.Public, Proof: s.Proof("cti", now), Until: now.AddDate(1, 0, 0)}
}

// give gives a body a key by two persons.
func give(t *testing.T, b *authenticator.Body, o *authenticator.KeyOffer) authenticator.Body {
	t.Helper()
	asked, c, err := b.AddKey(o, nil, step("oscar", now))
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := asked.Decide(c, authenticator.Approve, step("anna", now))
	if err != nil {
		t.Fatal(err)
	}
	return after
}

// Would catch a key that one person gives a body, one that counts before it is approved,
// before its time, after its end or after its revocation, one that is taken out when the next
// one comes, and a revocation that waits for a second person.
func TestKeysAreAddedByTwoAndRevokedByOne(t *testing.T) {
	t.Parallel()
	b := body(t)
	first, second := signaturetest.Ed25519(1), signaturetest.ES256()
	if _, _, err := b.AddKey(offer(first), nil, step("", now)); !errors.Is(err, fault.PersonRequired) {
		t.Errorf("asked for by nobody: %v", err)
	}
	asked, c, err := b.AddKey(offer(first), nil, step("oscar", now))
	if err != nil || c.State != authenticator.Open || len(asked.Keys) != 0 || len(c.Widens) != 1 || c.Widens[0] != "keys" {
		t.Fatalf("asked for: %+v, %v", c, err)
	}
	if _, _, err := asked.Decide(c, authenticator.Approve, step("Oscar", now)); !errors.Is(err, fault.SamePerson) {
		t.Errorf("approved by the same person: %v", err)
	}
	if _, _, err := asked.AddKey(offer(second), &c, step("oscar", now)); !errors.Is(err, fault.ProposalStateConflict) {
		t.Errorf("asked for beside another one: %v", err)
	}
	later := now.Add(time.Hour)
	b, _, err = asked.Decide(c, authenticator.Approve, step("anna", later))
	if err != nil {
		t.Fatal(err)
	}
	o := offer(second)
	o.From = now.AddDate(0, 6, 0)
	b = give(t, &b, o)
	at := func(k int, when time.Time, want authenticator.KeyState) {
		t.Helper()
		if got := b.Keys[k].At(when); got != want {
			t.Errorf("key %d is %s at %s, want %s", k, got, when, want)
		}
	}
	at(0, now, authenticator.KeyNotYetValid)
	at(0, later, authenticator.KeyValid)
	at(0, now.AddDate(1, 0, 0).Add(-time.Second), authenticator.KeyValid)
	at(0, now.AddDate(1, 0, 0), authenticator.KeyExpired)
	at(1, now.AddDate(0, 5, 0), authenticator.KeyNotYetValid)
	at(1, now.AddDate(0, 6, 0), authenticator.KeyValid)
	stopped := later.Add(time.Hour)
	revoked, c, err := b.RevokeKey(first.Thumbprint, step("", stopped))
	if err != nil || c.State != authenticator.Applied || c.SigningKey.Reason != "because" {
		t.Fatalf("revoked: %+v, %v", c, err)
	}
	if b.Keys[0].At(stopped) != authenticator.KeyValid {
		t.Error("readers of the body before the revocation see it changed")
	}
	b = revoked
	at(0, stopped.Add(-time.Second), authenticator.KeyValid)
	at(0, stopped, authenticator.KeyIsRevoked)
	at(0, now.AddDate(2, 0, 0), authenticator.KeyIsRevoked)
	at(1, now.AddDate(0, 6, 0), authenticator.KeyValid)
	if _, _, err := b.RevokeKey(first.Thumbprint, step("oscar", stopped)); !errors.Is(err, fault.KeyRevoked) {
		t.Errorf("revoked again: %v", err)
	}
	if _, _, err := b.RevokeKey(strings.Repeat("k", 5_000), step("oscar", stopped)); !errors.Is(err, fault.KeyNotFound) || len(err.Error()) > 200 {
		t.Errorf("a key that does not exist: %v", err)
	}
	if _, _, err := b.AddKey(offer(first), nil, step("oscar", now)); !errors.Is(err, fault.KeyAlreadyRegistered) {
		t.Errorf("a revoked key again: %v", err)
	}
}

// Would catch a key that becomes a body's although its owner never said so, said so of another
// body or another key, or said so long ago.
func TestPossessionOfKeysIsProved(t *testing.T) {
	t.Parallel()
	b := body(t)
	s, other := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	says := func(members string) string {
		return s.Raw(`{"alg":"EdDSA","kid":"`+s.Thumbprint+`","typ":"`+authenticator.ProofType+`"}`, members)
	}
	full := func(id, thumbprint, at string) string {
		return says(fmt.Sprintf(`{"authenticator":%q,"thumbprint":%q,"signedAt":%q}`, id, thumbprint, at))
	}
	hour := now.Format(time.RFC3339)
	payload := `{"authenticator":"cti","thumbprint":"` + s.Thumbprint + `","signedAt":"` + hour + `"}`
	for name, proof := range map[string]string{
		"nothing":               "",
		"no statement":          "proof",
		"by another key":        other.Proof("cti", now),
		"by a key of that name": other.Raw(`{"alg":"EdDSA","kid":"`+s.Thumbprint+`","typ":"`+authenticator.ProofType+`"}`, payload),
		"about another body":    s.Proof("dior", now),
		"about another key":     full("cti", other.Thumbprint, hour),
		"of another type":       s.Raw(`{"alg":"EdDSA","kid":"`+s.Thumbprint+`","typ":"vnd.tenfold.result+jws"}`, payload),
		"of no type":            s.Raw(`{"alg":"EdDSA","kid":"`+s.Thumbprint+`"}`, payload),
		"under another name":    s.Raw(`{"alg":"EdDSA","kid":"k","typ":"`+authenticator.ProofType+`"}`, payload),
		"without an algorithm":  s.Raw(`{"alg":"none","kid":"`+s.Thumbprint+`","typ":"`+authenticator.ProofType+`"}`, payload),
		"of the day before":     s.Proof("cti", now.Add(-authenticator.ProofLife-time.Second)),
		"of the future":         s.Proof("cti", now.Add(6*time.Minute)),
		"at no time":            full("cti", s.Thumbprint, ""),
		"at an impossible time": full("cti", s.Thumbprint, "2026-02-30T09:00:00Z"),
		"without a time":        says(`{"authenticator":"cti","thumbprint":"` + s.Thumbprint + `"}`),
		"with something more":   says(payload[:len(payload)-1] + `,"a":1}`),
		"with a member twice":   says(payload[:len(payload)-1] + `,"authenticator":"cti"}`),
		"in other letters":      says(strings.Replace(payload, "authenticator", "Authenticator", 1)),
		"with a number":         says(strings.Replace(payload, `"cti"`, "5", 1)),
		"that is a list":        says("[]"),
		"that is no JSON":       says("authenticator"),
	} {
		o := offer(s)
		o.Proof = proof
		_, _, err := b.AddKey(o, nil, step("oscar", now))
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.KeyProofInvalid || f.Field != "proof" || len(f.Detail) > 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, at := range []time.Time{now.Add(-authenticator.ProofLife), now, now.Add(5 * time.Minute)} {
		o := offer(s)
		o.Proof = s.Proof("cti", at)
		if _, _, err := b.AddKey(o, nil, step("oscar", now)); err != nil {
			t.Errorf("a proof of %s: %v", at, err)
		}
	}
}

// Would catch a key whose time is over, never ends or ends before it begins, one by an
// algorithm that is not on the body's list, one under a name that another key has, one too
// many, and one that is approved although one of these has become true meanwhile.
func TestKeysThatABodyCannotHaveAreRefused(t *testing.T) {
	t.Parallel()
	b := body(t)
	s := signaturetest.Ed25519(1)
	named := func(s *signaturetest.Signer, id string) *authenticator.KeyOffer {
		o := offer(s)
		o.JWK = strings.Replace(o.JWK, "{", fmt.Sprintf(`{"kid":%q,`, id), 1)
		return o
	}
	b = give(t, &b, named(s, "winter"))
	limited := b
	limited.Algorithms = []signature.Algorithm{signature.EdDSA}
	full := b
	for len(full.Keys) < authenticator.KeysMax {
		full.Keys = append(full.Keys, authenticator.SigningKey{Thumbprint: fmt.Sprint(len(full.Keys))})
	}
	until := func(from, until time.Time) *authenticator.KeyOffer {
		o := offer(signaturetest.Ed25519(3))
		o.From, o.Until = from, until
		return o
	}
	for name, x := range map[string]struct {
		body   *authenticator.Body
		offer  *authenticator.KeyOffer
		reason fault.Reason
		field  string
	}{
		"the key once more":          {&b, offer(s), fault.KeyAlreadyRegistered, "public_key"},
		"the id of another key":      {&b, named(signaturetest.Ed25519(3), "winter"), fault.KeyAlreadyRegistered, "public_key"},
		"the thumbprint of another":  {&b, named(signaturetest.Ed25519(3), s.Thumbprint), fault.KeyAlreadyRegistered, "public_key"},
		"RSA without leave":          {&b, offer(signaturetest.RSA("RS256")), fault.AlgorithmNotAllowed, "public_key"},
		"an algorithm not on a list": {&limited, offer(signaturetest.ES256()), fault.AlgorithmNotAllowed, "public_key"},
		"one too many":               {&full, offer(signaturetest.Ed25519(3)), fault.KeyLimit, ""},
		"a time that is over":        {&b, until(time.Time{}, now), fault.RequestInvalid, "valid_until"},
		"no end":                     {&b, until(time.Time{}, time.Time{}), fault.RequestInvalid, "valid_until"},
		"an end before its begin":    {&b, until(now.AddDate(0, 2, 0), now.AddDate(0, 1, 0)), fault.RequestInvalid, "valid_until"},
		"eleven years":               {&b, until(time.Time{}, now.AddDate(11, 0, 0)), fault.RequestInvalid, "valid_until"},
		"no key":                     {&b, &authenticator.KeyOffer{JWK: "{}"}, fault.KeyInvalid, "public_key"},
	} {
		_, _, err := x.body.AddKey(x.offer, nil, step("oscar", now))
		if f, ok := fault.As(err); !ok || f.Reason != x.reason || f.Field != x.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, c, err := b.AddKey(offer(signaturetest.ES256()), nil, step("oscar", now))
	if err != nil {
		t.Fatal(err)
	}
	c.ExpiresAt = now.AddDate(2, 0, 0)
	if _, _, err := limited.Decide(c, authenticator.Approve, step("anna", now)); !errors.Is(err, fault.AlgorithmNotAllowed) {
		t.Errorf("approved although the algorithm was taken away: %v", err)
	}
	if _, _, err := b.Decide(c, authenticator.Approve, step("anna", now.AddDate(1, 0, 0))); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("approved when its time was over: %v", err)
	}
}
