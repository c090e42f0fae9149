package rpc

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
)

// transcoder turns JSON over HTTP, Connect and gRPC-Web into calls of a server of gRPC.
type transcoder struct {
	grpc   http.Handler
	routes *routes
	// receiveMax is the largest size of a message.
	receiveMax int
	chain      *chain
	// running is held by each call, and for ever once the server stops.
	running *sync.RWMutex
}

// Transcoder gives a handler that turns JSON over HTTP, Connect and gRPC-Web into
// calls of this server. They pass through the same checks as calls over gRPC.
func (s *Server) Transcoder() (http.Handler, error) {
	routes, err := newRoutes(s.grpc.GetServiceInfo())
	if err != nil {
		return nil, fmt.Errorf("transcode HTTP: %w", err)
	}
	return &transcoder{grpc: s.grpc, routes: routes, receiveMax: s.receiveMax, chain: s.chain, running: &s.transcoding}, nil
}

// ServeHTTP implements http.Handler.
func (t *transcoder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, err := t.formOf(r)
	// When gRPC stops taking calls it would cut these off, because it does not
	// know how to wait for them.
	if !t.running.TryRLock() {
		f.refuse(w, r, &unread{code: http.StatusServiceUnavailable, cause: stopping()})
		return
	}
	defer t.running.RUnlock()
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	if f.protocol == native {
		t.grpc.ServeHTTP(w, r)
		return
	}
	place, err := t.find(r, f)
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	if err := t.meet(r, place.method); err != nil {
		f.fail(w, 0, status.Convert(err), nil)
		return
	}
	c, err := t.read(r, f, place)
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	a := &reply{ResponseWriter: w, form: f, method: c.method, header: make(http.Header)}
	t.grpc.ServeHTTP(a, c.overGRPC(r))
	a.end(r)
}

// meet finds out who calls, if nothing is proved on the connection yet.
func (t *transcoder) meet(r *http.Request, m *method) error {
	if c := peers.Of(r.Context()); c != nil && c.IsProved() {
		return nil
	}
	headers := make(metadata.MD)
	for _, key := range append(identity.Keys(), acceptLanguage) {
		headers.Set(key, r.Header.Values(key)...)
	}
	p := &peer.Peer{}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		p.Addr = net.TCPAddrFromAddrPort(from)
	}
	if r.TLS != nil {
		p.AuthInfo = credentials.TLSInfo{State: *r.TLS}
	}
	return t.chain.meet(peer.NewContext(metadata.NewIncomingContext(r.Context(), headers), p), m.path)
}

// stopping refuses calls that come while the server stops.
func stopping() *fault.Error {
	return fault.New(fault.ServerStopping, "the server is stopping; send the request again, to another server").After(time.Second)
}

// ofTransport are the headers that say how a request was sent, and not what it says.
var ofTransport = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Accept-Encoding", "Te", "Trailer", "Transfer-Encoding", "Connection",
	"Connect-Protocol-Version", "Connect-Timeout-Ms", "Connect-Content-Encoding", "Connect-Accept-Encoding",
	"Grpc-Timeout", "Grpc-Encoding", "Grpc-Accept-Encoding", "X-Grpc-Web", "X-Server-Timeout",
}

// overGRPC is a call as a request of gRPC.
func (c *call) overGRPC(r *http.Request) *http.Request {
	out := r.WithContext(r.Context())
	out.Method, out.URL = http.MethodPost, &url.URL{Path: c.method.path}
	out.Proto, out.ProtoMajor, out.ProtoMinor = "HTTP/2", 2, 0 // gRPC asks for it; what it needs of it, reply has.
	out.Header = r.Header.Clone()
	for _, name := range ofTransport {
		out.Header.Del(name)
	}
	out.Header.Set("Content-Type", "application/grpc")
	if c.timeout > 0 {
		out.Header.Set("Grpc-Timeout", strconv.FormatInt(max(1, c.timeout.Milliseconds()), 10)+"m")
	}
	message := inEnvelope(0, c.message)
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(message)), int64(len(message))
	return out
}

// withoutPrefix is a header without a prefix, in canonical form; it says whether it has it.
func withoutPrefix(name, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	return http.CanonicalHeaderKey(rest), ok
}
