package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

type connectedKey struct{}

// connected records when a connection was made, and which it is.
func connected(now func() time.Time) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(peers.With(ctx, c), connectedKey{}, now())
	}
}

// recognise takes a certificate that was verified for the proof of who is at the other end
// of the connection. Other proofs are the affair of calls.
func recognise(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := peers.Of(r.Context()); c != nil && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			c.Proved()
		}
		next.ServeHTTP(w, r)
	})
}

// forAWhile ends connections that have become old, so that each caller is verified
// again by the current authorities. Calls under way may end within a grace period;
// a watch continues over a new connection. A caller that does not even read its
// last answers is cut off.
func (c *Config) forAWhile(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		since, ok := r.Context().Value(connectedKey{}).(time.Time)
		if !ok {
			next.ServeHTTP(w, r) // Not over a connection of this server.
			return
		}
		now := c.Now()
		left := c.ConnectionAge - now.Sub(since)
		if left <= 0 {
			w.Header().Set("Connection", "close")
		}
		end := max(left, 0) + c.ConnectionGrace
		// Connections of this server accept deadlines.
		_ = http.NewResponseController(w).SetWriteDeadline(now.Add(end + c.ConnectionGrace))
		// There is no deadline here: a call would take it for its caller's.
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer time.AfterFunc(end, cancel).Stop()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// inTime cuts off requests whose body arrives too slowly.
func (c *Config) inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			control := http.NewResponseController(w)
			// If no deadline can be set, the body may be slow.
			if control.SetReadDeadline(c.Now().Add(c.RequestMax)) == nil {
				r.Body = &timed{r.Body, control}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// timed is a body that must arrive in time. Once it has arrived, the connection may
// be read for as long as the answer takes.
type timed struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read implements io.Reader.
func (b *timed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{}) // It could be set, so it can be taken back.
	}
	return n, err
}
