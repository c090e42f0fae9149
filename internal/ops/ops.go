// Package ops serves operators over HTTP, on a separate port: metrics, liveness and
// readiness, and profiles. It asks for no credentials, so only operators should
// reach the port. It shows nothing about merchants, claims or persons.
package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

const (
	// headerMax is how long a request's header may take to arrive. Answers may take
	// as long as the requested profile.
	headerMax = 5 * time.Second
	// headerBytes is the largest size of a header.
	headerBytes = 16 << 10
	// idleMax is how long a connection may be silent; scrapers come once a minute.
	idleMax = 2 * time.Minute
)

// Bounds are the bounds of connections to the port: operators are few.
func Bounds() peers.Config {
	return peers.Config{ConnectionsMax: 256, ShareMax: 64, ProofMax: headerMax, BytesMax: 8 << 20}
}

// Server serves operators.
type Server struct {
	http   *http.Server
	served chan error
}

// Serve serves operators on l until Stop. hosts are the names by which they may ask for it,
// beside those of loopback and the address that they have connected to.
func Serve(l *peers.Listener, hosts []string, health *Health, metrics http.Handler) *Server {
	s := &Server{
		http: &http.Server{
			Handler: toKnownHosts(hosts, handler(health, metrics)), ReadHeaderTimeout: headerMax, MaxHeaderBytes: headerBytes,
			IdleTimeout: idleMax, ConnContext: peers.With,
		},
		served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(l) }()
	return s
}

// Stop takes no further requests, and cuts off those under way when ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // Closes what was accepted; the listener is closed already.
	}
	if err := <-s.served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve operators: %w", err)
	}
	return nil
}

// paths are what the port serves, with a line about each.
const paths = `/metrics       metrics for Prometheus
/livez         200 while the process needs no restart
/readyz        200 while the server can carry out commands, otherwise 503 and why
/debug/pprof/  profiles, for callers on this machine
`

// index says what there is, to an operator who has but the address.
func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, paths) // The caller has gone.
}

func handler(health *Health, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", index)
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /livez", answer(health.Live))
	mux.HandleFunc("GET /readyz", answer(health.Ready))
	mux.HandleFunc("GET /debug/pprof/", onThisMachine(pprof.Index))
	mux.HandleFunc("GET /debug/pprof/profile", onThisMachine(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", onThisMachine(pprof.Symbol))
	mux.HandleFunc("GET /debug/pprof/trace", onThisMachine(pprof.Trace))
	// The command line may hold the password of the database.
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	return mux
}

// toKnownHosts refuses requests for another host than this server. A web page whose owner
// points its own name at this machine asks for that name; it would otherwise read from
// within the browser of whoever is on the machine what is meant for operators.
func toKnownHosts(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if !isKnown(HostName(r.Host), hosts, local) {
			http.Error(w, "this port answers only requests for a host that it knows; --ops-hosts adds one", http.StatusMisdirectedRequest)
			return
		}
		// There are no credentials here: who knows the host is taken for an operator.
		if c := peers.Of(r.Context()); c != nil {
			c.Proved()
		}
		next.ServeHTTP(w, r)
	})
}

// isKnown says whether a request for a host may be answered. The address of the connection
// counts, because probes and scrapers ask for it, and a page cannot have it as its name.
func isKnown(host string, hosts []string, local net.Addr) bool {
	if host == "localhost" || slices.Contains(hosts, host) {
		return true
	}
	ip := net.ParseIP(host)
	to, isTCP := local.(*net.TCPAddr)
	return ip != nil && (ip.IsLoopback() || isTCP && to.IP.Equal(ip))
}

// HostName is the name or address in a host, without its port, in one spelling.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// answer answers ok, or the error.
func answer(state func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := state(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	}
}

// onThisMachine refuses profiles to other machines, whatever the port's address is:
// taking one slows the server down, and shows how it is built.
func onThisMachine(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "profiles are for callers on this machine", http.StatusForbidden)
			return
		}
		serve(w, r)
	}
}
