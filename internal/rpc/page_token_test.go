package rpc_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/identity"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a page token in which its reader finds the row that the page ended at, which may
// be one that the reader must not see; one that is believed although a bit of it was changed;
// and one that only the server that made it believes.
func TestPageTokensAreSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for i := range 3 {
		f.file("m1", fmt.Sprintf("l%d", i))
	}
	request := &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageSize: 1}
	first, err := f.claims.ListClaims(f.as("support"), request)
	if err != nil {
		t.Fatal(err)
	}
	token := first.GetNextPageToken()
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	if id := first.GetClaims()[0].GetClaimId(); bytes.Contains(raw, []byte(id)) || len(raw) < len(id) {
		t.Errorf("the token %q holds the claim %s in the clear, or nothing", raw, id)
	}
	for at := range raw {
		changed := bytes.Clone(raw)
		changed[at] ^= 1
		request.PageToken = base64.RawURLEncoding.EncodeToString(changed)
		if _, err := f.claims.ListClaims(f.as("support"), request); refusal(err).reason != "PAGE_TOKEN_INVALID" {
			t.Fatalf("a token with byte %d changed: %v", at, err)
		}
	}
	other := tenfoldv1.NewClaimServiceClient(f.limitedTo(identity.Quota{}))
	request.PageToken = token
	second, err := other.ListClaims(f.as("support"), request)
	if err != nil || len(second.GetClaims()) != 1 || second.GetClaims()[0].GetName() == first.GetClaims()[0].GetName() {
		t.Errorf("another server goes on with %v, %v", second, err)
	}
}
