package rpc

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
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
		),
		vanguard.WithCompression("gzip",
			func() connect.Compressor { return gzip.NewWriter(io.Discard) },
			func() connect.Decompressor { return &boundedGzip{most: int64(s.receiveMax)} }))
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
		if code, err := unpack(r, int64(s.receiveMax)); err != nil {
			refuseHTTP(w, r, code, err.Error())
			return
		}
		if service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); services[service].Methods != nil {
			// The path names a method, as in Connect and gRPC.
			assumeConnect(r)
		} else {
			if err := oneMeaning(r, int64(s.receiveMax)); err != nil {
				refuseHTTP(w, r, http.StatusBadRequest, err.Error())
				return
			}
			w = &malformed{ResponseWriter: w, language: spokenIn(r.Header.Values(acceptLanguage))}
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
