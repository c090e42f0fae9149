// Package web serves the contract over HTTP, on a separate port, for callers that
// do not use gRPC: the same calls as JSON, by the Connect protocol and as gRPC-Web,
// and a description of them. It guards against threats that only HTTP has: web
// pages that call behind a person's back, and connections that never end. It leaves
// the identity and the rights of callers to the handler of calls.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

// Config bounds the server. Every value must be set, except TLS and Origins;
// Defaults gives good ones.
type Config struct {
	// TLS is the server's side of handshakes; nil for unencrypted connections,
	// which only callers on this machine may make.
	TLS *tls.Config
	// Origins are the origins of web pages that may call, such as
	// https://tool.example.
	Origins []string
	// Now is the time of day.
	Now func() time.Time
	// Refuse answers a request that does not come to the calls, in their form: with a
	// status of HTTP and a sentence.
	Refuse func(w http.ResponseWriter, r *http.Request, code int, why string)

	// StreamsMax is how many calls may run at once on one connection.
	StreamsMax int
	// HeadersMax is the largest size of a request's headers in bytes.
	HeadersMax int
	// RequestMax is how long a request may take to arrive, headers and body each.
	RequestMax time.Duration
	// IdleMax is how long a connection may be silent.
	IdleMax time.Duration
	// ConnectionAge is how long a connection lives. Its last calls may take
	// ConnectionGrace longer.
	ConnectionAge   time.Duration
	ConnectionGrace time.Duration
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		StreamsMax: 1024, HeadersMax: 64 << 10, RequestMax: 10 * time.Second,
		IdleMax: time.Minute, ConnectionAge: time.Hour, ConnectionGrace: 30 * time.Second,
	}
}

// Server serves callers over HTTP.
type Server struct {
	http   *http.Server
	served chan error
}

// Serve serves on l until Stop. calls answers everything except the description.
func Serve(l *peers.Listener, calls http.Handler, c Config, log *slog.Logger) *Server {
	s := &Server{
		http: &http.Server{
			Handler:           handler(calls, &c),
			TLSConfig:         c.TLS.Clone(),
			ReadHeaderTimeout: c.RequestMax,
			IdleTimeout:       c.IdleMax,
			MaxHeaderBytes:    c.HeadersMax,
			HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: c.StreamsMax},
			ConnContext:       connected(c.Now),
			// Errors of a connection are its caller's affair.
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		served: make(chan error, 1),
	}
	go func() {
		if c.TLS == nil {
			s.served <- s.http.Serve(l)
			return
		}
		s.served <- s.http.ServeTLS(l, "", "")
	}()
	return s
}

// Stop takes no further requests, and cuts off those under way when ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // Closes what was accepted; the listener is closed already.
	}
	if err := <-s.served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// handler is the sequence that a request passes through on its way to calls.
func handler(calls http.Handler, c *Config) http.Handler {
	calls = c.inTime(calls)
	// A path is taken as it is: one that is made plain first would be another than people in
	// front of the server have seen.
	h := c.fromKnownPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/openapi.json" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			describe(w, r)
			return
		}
		calls.ServeHTTP(w, r)
	}))
	if c.TLS == nil {
		h = c.toThisMachine(h)
	}
	return recognise(c.forAWhile(c.eachOnce(h)))
}
