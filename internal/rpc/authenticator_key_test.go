package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) keys() tenfoldv1.AuthenticatorKeyServiceClient {
	return tenfoldv1.NewAuthenticatorKeyServiceClient(f.conn)
}

// adding asks for a key of an authenticator for a year from the start.
func (f *fixture) adding(id string, s *signaturetest.Signer) *tenfoldv1.AddAuthenticatorKeyRequest {
	return &tenfoldv1.AddAuthenticatorKeyRequest{
		Parent: "authenticators/" + id, RequestId: f.id(), PublicKey: s.Public, Proof: s.Proof(id, f.now()),
		ValidUntil: timestamppb.New(start.AddDate(1, 0, 0)), Note: "key of 2026",
	}
}

func (f *fixture) addErr(r *tenfoldv1.AddAuthenticatorKeyRequest) error {
	return errorOf(f.keys().AddAuthenticatorKey(f.asPerson("operator", "oscar"), r))
}

// keyed gives an authenticator a key by two persons, and its name.
func (f *fixture) keyed(id string, s *signaturetest.Signer) string {
	f.t.Helper()
	asked, err := f.keys().AddAuthenticatorKey(f.asPerson("operator", "oscar"), f.adding(id, s))
	if err != nil {
		f.t.Fatal(err)
	}
	done, err := f.registry.ApproveAuthenticatorChange(f.asPerson("approver", "anna"), &tenfoldv1.ApproveAuthenticatorChangeRequest{
		Name: asked.GetChange().GetName(), RequestId: f.id(),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return done.GetChange().GetKey().GetName()
}

func (f *fixture) revokeErr(name string) error {
	return errorOf(f.keys().RevokeAuthenticatorKey(f.as("operator"), &tenfoldv1.RevokeAuthenticatorKeyRequest{Name: name, RequestId: f.id(), Note: "copied"}))
}

// Would catch a part of a key that is lost between the wire and the store, a key that is
// shown as the body's before a second person has agreed, a private key that is stored, a body
// that revokes the key of another, a request that adds or revokes twice, and a limit on
// signatures that is lost.
func TestKeysOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("cti")
	s := signaturetest.Ed25519(1)
	r := f.adding("cti", s)
	r.PublicKey = strings.Replace(r.GetPublicKey(), "{", `{"kid":"winter",`, 1)
	r.ValidFrom = timestamppb.New(start.Add(time.Minute))
	preview := proto.CloneOf(r)
	preview.ValidateOnly, preview.RequestId = true, f.id()
	if got, err := f.keys().AddAuthenticatorKey(f.asPerson("operator", "oscar"), preview); err != nil || got.GetChange().GetName() != "" || got.GetChange().GetKey().GetName() == "" {
		t.Errorf("previewed: %v, %v", got, err)
	}
	for range 2 {
		got, err := f.keys().AddAuthenticatorKey(f.asPerson("operator", "oscar"), r)
		if err != nil || got.GetChange().GetName() != "authenticators/cti/changes/2" || got.GetChange().GetKey().GetAddedAt() != nil ||
			got.GetChange().GetKey().GetState() != 0 {
			t.Fatalf("asked for: %v, %v", got, err)
		}
	}
	if list, err := f.keys().ListAuthenticatorKeys(f.as("support"), &tenfoldv1.ListAuthenticatorKeysRequest{Parent: r.GetParent()}); err != nil || len(list.GetKeys()) != 0 {
		t.Errorf("before it is approved: %v, %v", list, err)
	}
	done, err := f.registry.ApproveAuthenticatorChange(f.asPerson("approver", "anna"), &tenfoldv1.ApproveAuthenticatorChangeRequest{Name: "authenticators/cti/changes/2", RequestId: f.id()})
	if err != nil {
		t.Fatal(err)
	}
	want := &tenfoldv1.AuthenticatorKey{
		Name: "authenticators/cti/keys/" + s.Thumbprint, KeyId: "winter", Algorithm: "EdDSA", ValidFrom: r.GetValidFrom(), ValidUntil: r.GetValidUntil(),
		State: tenfoldv1.AuthenticatorKeyState_AUTHENTICATOR_KEY_STATE_NOT_YET_VALID,
	}
	read, err := f.keys().GetAuthenticatorKey(f.as("merchant"), &tenfoldv1.GetAuthenticatorKeyRequest{Name: want.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	k := read.GetKey()
	want.PublicKey, want.AddedAt = k.GetPublicKey(), done.GetChange().GetEndedAt()
	if !proto.Equal(k, want) || !strings.HasPrefix(k.GetPublicKey(), `{"crv":"Ed25519","kty":"OKP","x":"`) {
		t.Errorf("a merchant reads %v", k)
	}
	f.register("sgs")
	name := f.keyed("sgs", signaturetest.ES256())
	revoke := &tenfoldv1.RevokeAuthenticatorKeyRequest{Name: name, RequestId: f.id(), Note: "copied"}
	if got := refusal(errorOf(f.keys().RevokeAuthenticatorKey(f.lab("cti"), revoke))); got.reason != "ACCESS_DENIED" || got.field != "name" {
		t.Errorf("revoked by another body: %+v", got)
	}
	for range 2 {
		got, err := f.keys().RevokeAuthenticatorKey(f.lab("sgs"), revoke)
		if err != nil || got.GetKey().GetState() != tenfoldv1.AuthenticatorKeyState_AUTHENTICATOR_KEY_STATE_REVOKED || got.GetKey().GetRevokedAt() == nil ||
			got.GetKey().GetRevocationReason() != "" {
			t.Errorf("revoked by its body: %v, %v", got, err)
		}
	}
	list, err := f.keys().ListAuthenticatorKeys(f.as("operator"), &tenfoldv1.ListAuthenticatorKeysRequest{Parent: "authenticators/sgs"})
	if err != nil || len(list.GetKeys()) != 1 || list.GetKeys()[0].GetRevocationReason() != "copied" {
		t.Errorf("listed: %v, %v", list, err)
	}
	changes, err := f.registry.ListAuthenticatorChanges(f.as("operator"), &tenfoldv1.ListAuthenticatorChangesRequest{Parent: "authenticators/sgs"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes.GetChanges() {
		// The key that was added is revoked by now, and its change does not call it valid.
		if s, revoked := c.GetKey().GetState(), c.GetAction() == tenfoldv1.AuthenticatorAction_AUTHENTICATOR_ACTION_KEY_REVOKED; (s != 0) != revoked {
			t.Errorf("change: %v", c)
		}
	}
	f.limitsOnSignatures()
}

// limitsOnSignatures narrows a body to one algorithm and signed results, which is applied at
// once, and widens it again, which is not.
func (f *fixture) limitsOnSignatures() {
	f.t.Helper()
	got, err := f.results.GetAuthenticator(f.as("operator"), &tenfoldv1.GetAuthenticatorRequest{Name: "authenticators/cti"})
	if err != nil {
		f.t.Fatal(err)
	}
	narrow := proto.CloneOf(got.GetAuthenticator())
	narrow.SignatureAlgorithms, narrow.SignedOnly = []string{"ES256"}, true
	for _, a := range []*tenfoldv1.Authenticator{narrow, got.GetAuthenticator()} {
		made, err := f.registry.ReviseAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.ReviseAuthenticatorRequest{
			Name: a.GetName(), RequestId: f.id(), Authenticator: a, Revision: got.GetAuthenticator().GetRevision(), Note: "signatures",
		})
		if err != nil {
			f.t.Fatal(err)
		}
		now := made.GetAuthenticator()
		if !slices.Equal(now.GetSignatureAlgorithms(), []string{"ES256"}) || !now.GetSignedOnly() {
			f.t.Errorf("after the revision: %v", now)
		}
		if widens := made.GetChange().GetWidens(); a != narrow && !slices.Equal(widens, []string{"signature_algorithms", "signed_only"}) {
			f.t.Errorf("the end of the limits widens %v", widens)
		}
		got.Authenticator = proto.CloneOf(got.GetAuthenticator())
		got.Authenticator.Revision = now.GetRevision()
	}
}
