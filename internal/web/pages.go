package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may remember what a page may do.
const preflightAge = 10 * time.Minute

// CheckOrigin returns an error if the origin of a web page is not valid.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("%q is not an origin; write it as https://tool.example", origin)
	}
	return nil
}

// fromKnownPages lets web pages of the configured origins call, and no others: a
// browser would show the certificate of the person before it for any page.
func (c *Config) fromKnownPages(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.Refuse(w, r, http.StatusForbidden, "web pages of this origin are not allowed to call")
	}))
	for _, origin := range c.Origins {
		// CheckOrigin has accepted it.
		_ = foreign.AddTrustedOrigin(origin)
	}
	h := foreign.Handler(next)
	if len(c.Origins) == 0 {
		return h
	}
	return cors.New(cors.Options{
		AllowedOrigins: c.Origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Tenfold-Workload", "Tenfold-Role", "Tenfold-Person", "Tenfold-Scope", "Tenfold-Person-Token",
			"Traceparent", "Tracestate", "X-Server-Timeout",
			"Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout", "X-Grpc-Web", "X-User-Agent",
		},
		ExposedHeaders: []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin"},
		MaxAge:         int(preflightAge.Seconds()),
	}).Handler(h)
}

// toThisMachine refuses requests whose host is not this machine. Otherwise a page
// whose owner points its name at this machine would be believed like any caller on
// this machine.
func (c *Config) toThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			c.Refuse(w, r, http.StatusMisdirectedRequest, "this server answers only requests whose host is this machine")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// single are the headers that decide who may call, and what is read of a request. The
// headers that prove a caller are not among them: rpc refuses those with a reason.
var single = []string{
	"Origin", "Sec-Fetch-Site", "Access-Control-Request-Method", "Content-Type", "Content-Encoding", "Connect-Protocol-Version",
	"Connect-Timeout-Ms", "Grpc-Timeout", "X-Server-Timeout",
}

// eachOnce refuses requests in which one of these headers stands twice: whoever takes the
// first of two values believes something else than a proxy that takes the last.
func (c *Config) eachOnce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range single {
			if n := len(r.Header.Values(name)); n > 1 {
				c.Refuse(w, r, http.StatusBadRequest, fmt.Sprintf("header %s stands %d times in the request; send it once", name, n))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
