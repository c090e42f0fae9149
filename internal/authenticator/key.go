package authenticator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
)

const (
	// KeysMax is the most keys that a body is ever given: one a quarter for 25 years. They
	// are never taken out.
	KeysMax = 100
	// validityMax is the longest time for which a key may be valid. A longer one would
	// outlive every promise about its algorithm.
	validityMax = 10 * 366 * 24 * time.Hour
	// ProofLife is how long a proof of possession counts after it was signed: long enough to
	// be sent by mail, too short to be found in an archive.
	ProofLife = 48 * time.Hour
	// proofAhead is how far the clock of whoever signed a proof may be ahead of ours.
	proofAhead = 5 * time.Minute
	// ProofType is the media type of a proof of possession, as a header has it.
	ProofType = "vnd.tenfold.key-proof+jws"
)

// SigningKey is a public key of a body, with the time in which it counts. Its JSON is a
// stored form: names never change.
type SigningKey struct {
	Thumbprint string `json:"thumbprint"`
	// KeyID is what the body calls it; may be empty.
	KeyID     string              `json:"keyId,omitempty"`
	Algorithm signature.Algorithm `json:"algorithm"`
	JWK       string              `json:"jwk"`
	// From is when it begins to count, Until when it ceases to. What is recorded counts,
	// not what a signer writes about the time.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// AddedAt is when it became the body's, zero until then; Added is the number of that
	// change.
	Added   int32     `json:"added,omitempty"`
	AddedAt time.Time `json:"addedAt,omitzero"`
	// RevokedAt is when it was revoked, Revoked the number of that change, and Reason why;
	// zero for a key that is not.
	Revoked   int32     `json:"revoked,omitempty"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
	Reason    string    `json:"reason,omitempty"`
}

// KeyState is whether a key counts.
type KeyState string

// The states of a key.
const (
	KeyNotYetValid KeyState = "NOT_YET_VALID"
	KeyValid       KeyState = "VALID"
	KeyExpired     KeyState = "EXPIRED"
	KeyIsRevoked   KeyState = "REVOKED"
)

// KeyStates lists the states of a key.
func KeyStates() []KeyState { return []KeyState{KeyNotYetValid, KeyValid, KeyExpired, KeyIsRevoked} }

// At is the state of the key at a time.
func (k *SigningKey) At(now time.Time) KeyState {
	switch {
	case !k.RevokedAt.IsZero() && !now.Before(k.RevokedAt):
		return KeyIsRevoked
	case now.Before(k.From):
		return KeyNotYetValid
	case !now.Before(k.Until):
		return KeyExpired
	}
	return KeyValid
}

// addedBy is the key as a change adds it at a time.
func (k *SigningKey) addedBy(c *Change, at time.Time) SigningKey {
	added := *k
	added.Added, added.AddedAt = c.Number, at
	if added.From.IsZero() {
		added.From = at
	}
	return added
}

// KeyOffer is a key that is to become a body's.
type KeyOffer struct {
	// JWK is the public key as it was sent; Algorithm is the one stated beside it, if any.
	JWK       string
	Algorithm signature.Algorithm
	// Proof is a statement, signed with the key itself, that the key is the body's.
	Proof string
	// From is when it is to begin to count; zero for when it is added. Until is its end.
	From, Until time.Time
}

// AddKey asks another person to give the body a key. Refuses with KEY_INVALID what is no
// key, with KEY_PROOF_INVALID one whose owner has not said lately that it is the body's, and
// as admits and ask do.
func (b *Body) AddKey(o *KeyOffer, open *Change, by Step) (Body, Change, error) {
	parsed, err := signature.ParseKey(o.JWK, o.Algorithm)
	if err != nil {
		return *b, Change{}, err
	}
	k := SigningKey{
		Thumbprint: parsed.Thumbprint, KeyID: parsed.ID, Algorithm: parsed.Algorithm, JWK: parsed.JWK, From: o.From, Until: o.Until,
	}
	if err := b.admits(&k, by.At); err != nil {
		return *b, Change{}, err
	}
	if err := b.checkProof(o.Proof, parsed, by.At); err != nil {
		return *b, Change{}, err
	}
	c := b.change(KeyAdded, by)
	c.SigningKey, c.Widens = &k, []string{"keys"}
	return b.ask(c, open)
}

// admits refuses a key that the body cannot have: with KEY_ALREADY_REGISTERED one that it
// has, under whichever name, with KEY_LIMIT_REACHED one too many, with ALGORITHM_NOT_ALLOWED
// an algorithm that is not on the body's list, and with REQUEST_INVALID a time that is over
// or too long.
func (b *Body) admits(k *SigningKey, now time.Time) error {
	for i := range b.Keys {
		if have := &b.Keys[i]; have.named(k.Thumbprint) || k.KeyID != "" && have.named(k.KeyID) || k.named(have.Thumbprint) {
			return fault.New(fault.KeyAlreadyRegistered, "authenticator %s was given this key, or one with its id, already: %s", b.ID, have.Thumbprint).
				With("authenticatorId", b.ID).With("keyId", have.Thumbprint).At("public_key")
		}
	}
	from := k.From
	if from.IsZero() {
		from = now
	}
	switch {
	case len(b.Keys) >= KeysMax:
		return fault.New(fault.KeyLimit, "authenticator %s has been given %d keys, and no more can be added", b.ID, KeysMax).
			With("authenticatorId", b.ID).With("keysMax", KeysMax)
	case !b.Allows(k.Algorithm):
		return fault.New(fault.AlgorithmNotAllowed, "authenticator %s may not sign by %s; its list of algorithms does not have it", b.ID, k.Algorithm).
			With("authenticatorId", b.ID).With("algorithm", k.Algorithm).At("public_key")
	case !k.Until.After(now) || !k.Until.After(from):
		return fault.New(fault.RequestInvalid, "valid_until must be in the future and after valid_from").At("valid_until")
	case k.Until.Sub(from) > validityMax:
		return fault.New(fault.RequestInvalid, "valid_until must be within ten years of valid_from").At("valid_until")
	}
	return nil
}

// named says whether the body's signatures may name the key so.
func (k *SigningKey) named(id string) bool { return k.Thumbprint == id || k.KeyID == id && id != "" }

// proof is what a proof of possession says.
type proof struct {
	Authenticator string `json:"authenticator"`
	Thumbprint    string `json:"thumbprint"`
	SignedAt      string `json:"signedAt"`
}

// checkProof refuses a key whose owner has not stated lately, by a signature with the key
// itself, that the key is the body's: nobody registers the key of another as the body's own.
func (b *Body) checkProof(text string, k *signature.Key, now time.Time) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.KeyProofInvalid, "the proof that the body holds the key does not count: "+format, args...).
			With("authenticatorId", b.ID).With("keyId", k.Thumbprint).At("proof")
	}
	s, err := signature.ParseStatement(text)
	if err == nil {
		err = s.Verify(k)
	}
	if f, ok := fault.As(err); ok {
		return refuse("%s", f.Detail)
	}
	if s.Type != ProofType {
		return refuse("the member typ of its header must be %s", ProofType)
	}
	if s.KeyID != k.Thumbprint && s.KeyID != k.ID {
		return refuse("the member kid of its header must be the thumbprint of the key or its kid")
	}
	names, err := s.Members()
	if err != nil || !slices.Equal(names, []string{"authenticator", "signedAt", "thumbprint"}) {
		return refuse("its payload must have authenticator, thumbprint and signedAt, each once, and nothing else")
	}
	var p proof
	if err := json.Unmarshal(s.Payload, &p); err != nil {
		return refuse("its members must be texts")
	}
	at, err := time.Parse(time.RFC3339, p.SignedAt)
	switch {
	case p.Authenticator != b.ID:
		return refuse("it is about another authenticator")
	case p.Thumbprint != k.Thumbprint:
		return refuse("it is about another key; the thumbprint of this one is %s", k.Thumbprint)
	case err != nil:
		return refuse("signedAt must be a time such as 2026-02-17T09:00:00Z")
	case at.After(now.Add(proofAhead)):
		return refuse("it was signed in the future")
	case now.Sub(at) > ProofLife:
		return refuse("it was signed more than %d hours ago", int(ProofLife.Hours()))
	}
	return nil
}

// RevokeKey takes a key from the body at once: from then on nothing that it signs is
// recorded. Refuses with KEY_NOT_FOUND a key that the body does not have, and with
// KEY_REVOKED one that is revoked.
func (b *Body) RevokeKey(thumbprint string, by Step) (Body, Change, error) {
	k, err := b.KeyByThumbprint(thumbprint)
	if err != nil {
		return *b, Change{}, err
	}
	if !k.RevokedAt.IsZero() {
		return *b, Change{}, b.revoked(k)
	}
	c := b.change(KeyRevoked, by)
	revoked := *k
	revoked.Revoked, revoked.RevokedAt, revoked.Reason = c.Number, by.At, by.Note
	c.SigningKey = &revoked
	return b.apply(&c, by.At), c, nil
}

func (b *Body) revoked(k *SigningKey) error {
	at := k.RevokedAt.UTC().Format(time.RFC3339)
	return fault.New(fault.KeyRevoked, "key %s of authenticator %s is revoked since %s", k.Thumbprint, b.ID, at).
		With("authenticatorId", b.ID).With("keyId", k.Thumbprint).With("revokedAt", at)
}

func (b *Body) indexOf(thumbprint string) int {
	return slices.IndexFunc(b.Keys, func(k SigningKey) bool { return k.Thumbprint == thumbprint })
}

// KeyByThumbprint gives a key that the body has or had. KEY_NOT_FOUND.
func (b *Body) KeyByThumbprint(thumbprint string) (*SigningKey, error) {
	if i := b.indexOf(thumbprint); i >= 0 {
		return &b.Keys[i], nil
	}
	return nil, b.noKey(thumbprint)
}

func (b *Body) noKey(id string) error {
	if len(id) > signature.KeyIDMax {
		id = fmt.Sprintf("of %d characters", len(id))
	}
	return fault.New(fault.KeyNotFound, "authenticator %s has no key %s", b.ID, id).With("authenticatorId", b.ID)
}
