package rpc_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/web"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// overHTTP is everything behind the fixture, called over HTTP.
type overHTTP struct {
	*fixture
	server *rpc.Server
	client *http.Client
	base   string
	// tried counts malformed requests.
	tried int
}

func (f *fixture) overHTTP(gate rpc.Gate) *overHTTP {
	f.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	return f.overHTTPOn(peers.Listen(listener, peers.Defaults()), gate)
}

// overHTTPOn is overHTTP with bounds on connections.
func (f *fixture) overHTTPOn(listener *peers.Listener, gate rpc.Gate) *overHTTP {
	f.t.Helper()
	gate.Refusals, gate.Now = f.refusals, time.Now
	log, bounds := slog.New(slog.DiscardHandler), rpc.Defaults()
	bounds.Files = f.files
	server, err := rpc.New(f.engine, f.db, f.hub, f.hooks, f.bench, gate, bounds, log)
	if err != nil {
		f.t.Fatal(err)
	}
	calls, err := server.Transcoder()
	if err != nil {
		f.t.Fatal(err)
	}
	config := web.Defaults()
	config.TLS, config.Now, config.Refuse = gate.TLS, time.Now, rpc.Refuse
	pages := web.Serve(listener, calls, config, log)
	h := &overHTTP{fixture: f, server: server, base: "http://" + listener.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	f.t.Cleanup(func() {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Stop(ending)
		if err := pages.Stop(ending); err != nil {
			f.t.Error(err)
		}
	})
	return h
}

// headers say who calls, by name and value.
type headers map[string]string

// inRole are the headers of a call in a role.
func inRole(role string) headers {
	h := headers{"Tenfold-Workload": "test", "Tenfold-Role": role, "Tenfold-Person": "person-1"}
	if role == "merchant" {
		h["Tenfold-Scope"] = "merchants/m1"
	}
	return h
}

// call makes a request and gives its answer.
func (h *overHTTP) call(who headers, method, path, body string) (*http.Response, []byte) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range who {
		r.Header.Set(name, value)
	}
	return h.answerTo(r)
}

// answerTo gives the answer to a request.
func (h *overHTTP) answerTo(r *http.Request) (*http.Response, []byte) {
	h.t.Helper()
	response, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response, content
}

// send makes a request that must be accepted.
func (h *overHTTP) send(who headers, method, path string, body, answer proto.Message) {
	h.t.Helper()
	text := ""
	if body != nil {
		text = protojson.Format(body)
	}
	response, content := h.call(who, method, path, text)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
		h.t.Fatalf("%s %s answers %d %s", method, path, response.StatusCode, content)
	}
	if err := protojson.Unmarshal(content, answer); err != nil {
		h.t.Fatalf("%s %s answers %s: %v", method, path, content, err)
	}
}

// Would catch a path that leads elsewhere or loses a field, and an answer over HTTP
// that says other than the one over gRPC.
func TestCallsOverHTTP(t *testing.T) {
	t.Parallel()
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	h.send(inRole("finance"), "POST", "/v1/merchants",
		&tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "r1", CurrencyCode: "CNY"}, &tenfoldv1.OpenBookResponse{})
	topUp := h.topUp("m1", 500_000, "pay-1")
	path := "/v1/" + topUp.GetName() + ":topUpDeposit"
	topUp.Name = ""
	for _, replayed := range []bool{false, true} {
		var topped tenfoldv1.TopUpDepositResponse
		h.send(inRole("finance"), "POST", path, topUp, &topped)
		if topped.GetReplayed() != replayed {
			t.Errorf("sent again %v, replayed %v", replayed, topped.GetReplayed())
		}
	}
	filing := h.filing("m1", "l1")
	filing.Parent = ""
	var filed tenfoldv1.FileClaimResponse
	h.send(inRole("order-service"), "POST", "/v1/merchants/m1/claims", filing, &filed)

	name := filed.GetClaim().GetName()
	var got tenfoldv1.GetClaimResponse
	h.send(inRole("support"), "GET", "/v1/"+name+"?view=CLAIM_VIEW_FULL", nil, &got)
	if want := h.claim(name); !proto.Equal(got.GetClaim(), want) {
		t.Errorf("over HTTP %v, over gRPC %v", got.GetClaim(), want)
	}
	var listed tenfoldv1.ListClaimsResponse
	h.send(inRole("merchant"), "GET", "/v1/merchants/m1/claims?pageSize=5&filter=state%3DAUTHENTICATING", nil, &listed)
	if len(listed.GetClaims()) != 1 || listed.GetClaims()[0].GetName() != name {
		t.Errorf("the list over HTTP has %v", listed.GetClaims())
	}
	h.audited()
}

// Would catch a refusal that loses its reason, its facts or its status on its way
// to a caller over HTTP, and a caller who is let in because of that way.
func TestRefusalsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	claim := f.file("m1", "l1").GetName()
	for _, row := range []struct {
		name               string
		who                headers
		method, path, body string
		status             int
		reason, field      string
	}{
		{"nobody", nil, "GET", "/v1/" + claim, "", 401, "CREDENTIAL_MISSING", ""},
		{"another role", inRole("auditor"), "POST", "/v1/" + claim + ":accept", `{"requestId":"r"}`, 403, "ACCESS_DENIED", ""},
		{"another's book", headers{"Tenfold-Workload": "w", "Tenfold-Role": "merchant", "Tenfold-Scope": "merchants/m2"}, "GET", "/v1/" + claim, "", 404, "CLAIM_NOT_FOUND", ""},
		{"no such claim", inRole("support"), "GET", "/v1/merchants/m1/claims/000000000000000000", "", 404, "CLAIM_NOT_FOUND", "name"},
		{"a broken rule", inRole("finance"), "POST", "/v1/merchants", `{"merchantId":"m 2","requestId":"r","currencyCode":"CNY"}`, 400, "REQUEST_INVALID", "merchant_id"},
		{"opened twice", inRole("finance"), "POST", "/v1/merchants", `{"merchantId":"m1","requestId":"r","currencyCode":"CNY"}`, 409, "MERCHANT_ALREADY_OPENED", ""},
		{"a claim that waits", inRole("operator"), "POST", "/v1/" + claim + ":accept", `{"requestId":"r","etag":"1"}`, 400, "CLAIM_STATE_CONFLICT", ""},
		{"no JSON", inRole("finance"), "POST", "/v1/merchants", `{"merchantId":`, 400, "REQUEST_INVALID", ""},
		{"a misspelt field", inRole("finance"), "POST", "/v1/merchants", `{"merchant":"m3","requestId":"r","currencyCode":"CNY"}`, 400, "REQUEST_INVALID", ""},
		{"a misspelt parameter", inRole("support"), "GET", "/v1/" + claim + "?veiw=CLAIM_VIEW_FULL", "", 400, "REQUEST_INVALID", ""},
		{"too large", inRole("finance"), "POST", "/v1/merchants", `{"merchantId":"` + strings.Repeat("m", 9<<20) + `"}`, 413, "REQUEST_INVALID", ""},
	} {
		response, content := h.call(row.who, row.method, row.path, row.body)
		var said statuspb.Status
		if err := protojson.Unmarshal(content, &said); err != nil {
			t.Errorf("%s: %d %.200s: %v", row.name, response.StatusCode, content, err)
			continue
		}
		got := refusal(status.FromProto(&said).Err())
		if response.StatusCode != row.status || got.reason != row.reason || got.field != row.field {
			t.Errorf("%s: %d %.400s", row.name, response.StatusCode, content)
		}
		if row.reason != "" && got.domain != "tenfold" {
			t.Errorf("%s: reason of domain %q", row.name, got.domain)
		}
		if row.reason == "CLAIM_STATE_CONFLICT" && got.state.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING {
			t.Errorf("%s: the state is lost: %s", row.name, content)
		}
	}
	if response, _ := h.call(inRole("support"), "GET", "/v1/nothing", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown path answers %d", response.StatusCode)
	}
}

// Would catch the Connect protocol that answers unlike it says: a call as plain
// JSON, a refusal, and a watch as a stream of envelopes.
func TestConnectOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	name := f.file("m1", "l1").GetName()
	var got tenfoldv1.GetClaimResponse
	h.send(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", &tenfoldv1.GetClaimRequest{Name: name}, &got)
	if got.GetClaim().GetName() != name {
		t.Errorf("got %v", &got)
	}
	response, content := h.call(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", `{"name":"merchants/m1/claims/0"}`)
	var refused struct{ Code string }
	if err := json.Unmarshal(content, &refused); err != nil || response.StatusCode != http.StatusNotFound || refused.Code != "not_found" {
		t.Errorf("no such claim: %d %s", response.StatusCode, content)
	}

	watching, end := context.WithCancel(t.Context())
	defer end()
	request := envelope(`{"parent":"merchants/m1"}`)
	r, err := http.NewRequestWithContext(watching, "POST", h.base+"/tenfold.v1.WatchService/WatchClaims", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/connect+json")
	for name, value := range inRole("support") {
		r.Header.Set(name, value)
	}
	stream, err := h.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	var first tenfoldv1.WatchClaimsResponse
	if err := protojson.Unmarshal(opened(t, stream.Body), &first); err != nil {
		t.Fatal(err)
	}
	if len(first.GetClaims()) != 1 || first.GetClaims()[0].GetName() != name {
		t.Errorf("the watch begins with %v", &first)
	}
}

// envelope puts a message of a stream as Connect sends it.
func envelope(message string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// opened reads the next message of a stream.
func opened(t *testing.T, stream io.Reader) []byte {
	t.Helper()
	var head [5]byte
	if _, err := io.ReadFull(stream, head[:]); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, binary.BigEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(stream, message); err != nil {
		t.Fatal(err)
	}
	return message
}

// Would catch gRPC-Web that answers unlike it says: a message and then trailers with
// the status, or where there is no message, headers with it and what it refuses.
func TestGRPCWebOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	name := f.file("m1", "l1").GetName()
	ask := func(claim string) (http.Header, io.Reader) {
		message, err := proto.Marshal(&tenfoldv1.GetClaimRequest{Name: claim})
		if err != nil {
			t.Fatal(err)
		}
		who := inRole("support")
		who["Content-Type"] = "application/grpc-web+proto"
		response, content := h.call(who, "POST", "/tenfold.v1.ClaimService/GetClaim", string(envelope(string(message))))
		if response.StatusCode != http.StatusOK {
			t.Fatalf("gRPC-Web is answered with %d %q", response.StatusCode, content)
		}
		return response.Header, bytes.NewReader(content)
	}
	_, answer := ask(name)
	var got tenfoldv1.GetClaimResponse
	if err := proto.Unmarshal(opened(t, answer), &got); err != nil || got.GetClaim().GetName() != name {
		t.Errorf("got %v, %v", &got, err)
	}
	if trailers := strings.ToLower(string(opened(t, answer))); !strings.Contains(trailers, "grpc-status: 0") {
		t.Errorf("the answer ends with %q", trailers)
	}
	refused, _ := ask("merchants/m1/claims/0")
	if refused.Get("Grpc-Status") != "5" || refused.Get("Grpc-Status-Details-Bin") == "" {
		t.Errorf("no such claim: %v", refused)
	}
}

// Would catch callers over HTTP who are believed without proof, or whose proof is
// lost on the way.
func TestProofOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	h := s.overHTTP(rpc.Gate{Authority: s.verifier, TLS: s.verifier.TLS()})
	h.base = "https" + strings.TrimPrefix(h.base, "http")
	as := func(own ...tls.Certificate) {
		h.client = &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: s.authority.Pool(), Certificates: own, MinVersion: tls.VersionTLS13},
		}}
	}
	for _, row := range []struct {
		name   string
		own    []tls.Certificate
		who    headers
		status int
	}{
		{"nothing", nil, nil, 401},
		{"words", nil, inRole("support"), 401},
		{"a certificate", []tls.Certificate{s.certificate(s.authority, "spiffe://market.example/order-service")}, nil, 200},
		{"a certificate and a role of another", []tls.Certificate{s.certificate(s.authority, "spiffe://market.example/order-service")}, headers{"Tenfold-Role": "support"}, 403},
		{"an unknown certificate", []tls.Certificate{s.certificate(s.authority, "spiffe://market.example/nobody")}, nil, 401},
		{"a token", nil, headers{"Authorization": "Bearer " + s.token("back-office-client", "tenfold", map[string]any{"merchant": "m1"})}, 200},
		{"a token for another", nil, headers{"Authorization": "Bearer " + s.token("back-office-client", "another", map[string]any{"merchant": "m1"})}, 401},
	} {
		as(row.own...)
		if response, content := h.call(row.who, "GET", "/v1/authenticators", ""); response.StatusCode != row.status || response.ProtoMajor != 2 {
			t.Errorf("%s: %d over HTTP/%d: %s", row.name, response.StatusCode, response.ProtoMajor, content)
		}
	}
}

// held is an authority that keeps calls waiting.
type held struct {
	identity.Authority
	entered, leave chan struct{}
}

// Identify implements identity.Authority.
func (h held) Identify(ctx context.Context, e *identity.Evidence) (identity.Caller, error) {
	h.entered <- struct{}{}
	<-h.leave
	return h.Authority.Identify(ctx, e)
}

// Would catch a server that cuts off calls over HTTP when it stops: a caller would
// not know whether money has moved.
func TestStopAnswersCallsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	authority := held{identity.Loopback{}, make(chan struct{}, 2), make(chan struct{})} // A stranger is met once before.
	h := f.overHTTP(rpc.Gate{Authority: authority})
	answered := make(chan int)
	go func() {
		response, _ := h.call(inRole("finance"), "POST", "/v1/merchants", `{"merchantId":"m1","requestId":"r1","currencyCode":"CNY"}`)
		answered <- response.StatusCode
	}()
	<-authority.entered
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		h.server.Stop(context.WithoutCancel(t.Context()))
	}()
	// Once others are turned away, the server has begun to stop.
	for {
		response, content := h.call(nil, "POST", "/grpc.health.v1.Health/Check", `{}`)
		if response.StatusCode == http.StatusServiceUnavailable {
			refusedInForm(t, "while it stops", response, content, http.StatusServiceUnavailable, "SERVER_STOPPING")
			if response.Header.Get("Retry-After") != "1" {
				t.Errorf("nobody is told when to come back: %v", response.Header)
			}
			break
		}
	}
	select {
	case <-stopped:
		t.Error("the server has stopped with a call under way")
	default:
	}
	close(authority.leave)
	if code := <-answered; code != http.StatusOK {
		t.Errorf("the call under way is answered with %d", code)
	}
	<-stopped
	if code := status.Code(f.fileErr(f.filing("m1", "l1"))); code != codes.OK {
		t.Errorf("what was accepted is not there: %v", code)
	}
}
