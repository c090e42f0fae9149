package rpc_test

import (
	"context"
	"net/http"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// whatTheySay are good values of a loopback caller's and of a proved caller's metadata.
func whatTheySay(s *secured) (stated, proved map[string]string) {
	stated = map[string]string{
		identity.KeyWorkload: "test", identity.KeyRole: "merchant", identity.KeyScope: "merchants/m1", identity.KeyPerson: "p1",
	}
	proved = map[string]string{
		identity.KeyRole: "merchant", identity.KeyToken: "Bearer " + s.token("back-office-client", "tenfold", map[string]any{"merchant": "m1"}),
		identity.KeyPersonToken: s.token("p1", "tenfold-people", map[string]any{"azp": "back-office"}),
	}
	return stated, proved
}

// Would catch a header of a caller that stands twice and of which the server takes the
// first, the last, or none: whoever can add one beside the one that a proxy has checked
// would be somebody else, or nobody. It walks every key, in both modes, over gRPC and HTTP,
// with another value, the same, and an empty one.
func TestDoubledCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	stated, proved := whatTheySay(s)
	proof := s.overHTTP(rpc.Gate{Authority: s.verifier})
	loopback := s.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	for _, mode := range []struct {
		name  string
		says  map[string]string
		conn  *grpc.ClientConn
		pages *overHTTP
	}{{"secured", proved, s.dial(), proof}, {"loopback", stated, s.conn, loopback}} {
		if err := listAuthenticators(metadata.NewOutgoingContext(t.Context(), metadata.New(mode.says)), mode.conn); err != nil {
			t.Errorf("%s, each once: %v", mode.name, err)
		}
		if status, reason, _ := mode.pages.asking(mode.says, "", nil); status != http.StatusOK {
			t.Errorf("%s over HTTP, each once: %d %s", mode.name, status, reason)
		}
		for _, key := range identity.Keys() {
			once := mode.says[key]
			for _, values := range [][]string{{once, once}, {once, "x"}, {"x", once}, {"", once}, {once, ""}, {"", ""}, {once, once, once}} {
				md := metadata.New(mode.says)
				md.Set(key, values...)
				got := refusal(listAuthenticators(metadata.NewOutgoingContext(t.Context(), md), mode.conn))
				if got.reason != "CREDENTIAL_INVALID" || got.metadata["metadata"] != key {
					t.Errorf("%s, %s as %q: %+v", mode.name, key, values, got)
				}
				if status, reason, named := mode.pages.asking(mode.says, key, values); status != http.StatusUnauthorized || reason != "CREDENTIAL_INVALID" || named != key {
					t.Errorf("%s over HTTP, %s as %q: %d %s %s", mode.name, key, values, status, reason, named)
				}
			}
			if once == "" {
				continue
			}
			// Proxies may join what stands twice into one line.
			md := metadata.New(mode.says)
			md.Set(key, once+", "+once)
			if got := refusal(listAuthenticators(metadata.NewOutgoingContext(t.Context(), md), mode.conn)); got.reason != "CREDENTIAL_INVALID" {
				t.Errorf("%s, %s twice in one line: %+v", mode.name, key, got)
			}
		}
	}
}

// asking calls over HTTP with headers, of which one has the given values, and gives the
// status, and the reason and the metadata of a refusal.
func (h *overHTTP) asking(says map[string]string, key string, values []string) (code int, reason, named string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.base+"/v1/authenticators", http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range says {
		r.Header.Set(name, value)
	}
	if key != "" {
		r.Header[http.CanonicalHeaderKey(key)] = values
	}
	response, content := h.answerTo(r)
	var s statuspb.Status
	if response.StatusCode == http.StatusOK {
		return response.StatusCode, "", ""
	}
	if err := protojson.Unmarshal(content, &s); err != nil {
		h.t.Fatalf("%s: %v", content, err)
	}
	for _, d := range s.GetDetails() {
		var info errdetails.ErrorInfo
		if d.MessageIs(&info) && d.UnmarshalTo(&info) == nil {
			reason, named = info.GetReason(), info.GetMetadata()["metadata"]
		}
	}
	return response.StatusCode, reason, named
}

// Would catch a doubled proof that goes through beside a certificate, which one alone would
// not, and a doubled header that stops those who need no proof.
func TestDoubledTokenBesideACertificateIsRefused(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	tool := s.dial(s.certificate(s.authority, "spiffe://market.example/support-tool"))
	token := "Bearer " + s.token("back-office-client", "tenfold", map[string]any{"merchant": "m1"})
	for what, ctx := range map[string]context.Context{
		"one":      s.with("tenfold-role", "support", "authorization", token),
		"two":      s.with("tenfold-role", "support", "authorization", token, "authorization", token),
		"two bad":  s.with("tenfold-role", "support", "authorization", "x", "authorization", "y"),
		"one word": s.with("tenfold-role", "support", "authorization", "Bearer"),
	} {
		if got := refusal(listAuthenticators(ctx, tool)); got.reason != "CREDENTIAL_INVALID" || got.metadata["metadata"] != "authorization" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	reviews := tenfoldv1.NewClaimServiceClient(tool)
	_, err := reviews.DescribeStateMachine(s.with("tenfold-role", "support"), &tenfoldv1.DescribeStateMachineRequest{})
	if err != nil {
		t.Errorf("the certificate alone: %v", err)
	}
}
