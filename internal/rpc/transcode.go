package rpc

import (
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/vanguard"
	"connectrpc.com/vanguard/vanguardgrpc"
)

// Transcoder gives a handler that turns JSON over HTTP, Connect and gRPC-Web into
// calls of this server. They pass through the same checks as calls over gRPC.
func (s *Server) Transcoder() (http.Handler, error) {
	t, err := vanguardgrpc.NewTranscoder(s.grpc,
		vanguard.WithCodec(strictJSON),
		vanguard.WithDefaultServiceOptions(
			vanguard.WithMaxMessageBufferBytes(uint32(s.receiveMax)),
			vanguard.WithNoTargetCompression(),
		))
	if err != nil {
		return nil, fmt.Errorf("transcode HTTP: %w", err)
	}
	services := s.grpc.GetServiceInfo()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// When gRPC stops taking calls it would cut these off, because it does not
		// know how to wait for them.
		if !s.transcoding.TryRLock() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the server is stopping", http.StatusServiceUnavailable)
			return
		}
		defer s.transcoding.RUnlock()
		if service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); services[service].Methods != nil {
			// The path names a method, as in Connect and gRPC.
			assumeConnect(r)
		} else {
			w = &malformed{ResponseWriter: w}
		}
		t.ServeHTTP(w, r)
	}), nil
}

// assumeConnect treats plain JSON as the Connect protocol, which allows callers to
// leave out the header that says so.
func assumeConnect(r *http.Request) {
	const version = "Connect-Protocol-Version"
	if r.Header.Get(version) == "" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		r.Header.Set(version, "1")
	}
}
