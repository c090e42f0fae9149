// Package console serves web pages for the people who work with claims: support, adjudicators,
// approvers, finance and merchants. It is a caller like any other: each page is made of calls
// of the contract in the role and for the person before the browser, so nobody sees or does more
// here than by the command line. It keeps no sessions, no passwords and no data, and its pages
// need no script.
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

//go:embed style.css
var files embed.FS

// Config says whom the console serves. Every value must be set, except those of a proxy.
type Config struct {
	// Roles are the roles that people may choose among; the first is the one to begin with. The
	// server has the last word.
	Roles []string
	// PersonHeader is the header in which a proxy that has signed people in gives the person's
	// token. Empty: people say who they are, which the server believes on this machine only.
	PersonHeader string
	// PersonClaim is the claim of that token that has the person's id, as in the server's workloads
	// file. The console shows it and assigns claims to it; the server proves it.
	PersonClaim string
	// Zone is the time zone of the pages.
	Zone *time.Location
	// Log is told of calls that fail for no reason of the caller.
	Log *slog.Logger
}

const (
	// formMax is the largest form that is read, in bytes: a claim has thousands of units at most.
	formMax = 1 << 20
	// callMax is how long the calls of a page may take.
	callMax = 20 * time.Second
	// requestMax is how long a request may take to arrive, headersMax how large its headers may be.
	requestMax = 10 * time.Second
	headersMax = 64 << 10
	// idleMax is how long a connection may be silent.
	idleMax = time.Minute
)

// console answers with pages.
type console struct {
	Config
	// pages are the templates by language.
	pages      map[string]*template.Template
	claims     tenfoldv1.ClaimServiceClient
	history    tenfoldv1.HistoryServiceClient
	work       tenfoldv1.WorkServiceClient
	books      tenfoldv1.BookServiceClient
	deposits   tenfoldv1.DepositServiceClient
	money      tenfoldv1.MerchantMoneyServiceClient
	reconciled tenfoldv1.ReconciliationServiceClient
}

// header is the form of a header's name.
var header = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)

// New makes the console's handler over a connection on which the workload proves itself, and
// to which With adds the rest.
func New(conn grpc.ClientConnInterface, c Config) (http.Handler, error) {
	switch {
	case len(c.Roles) == 0:
		return nil, errors.New("the console needs a role at least")
	case c.PersonHeader != "" && !header.MatchString(c.PersonHeader):
		return nil, fmt.Errorf("%q is not the name of a header", c.PersonHeader)
	}
	for _, role := range c.Roles {
		if !slices.Contains(roles, role) {
			return nil, fmt.Errorf("the console has no pages for the role %q; it has some for %s", role, strings.Join(roles, ", "))
		}
	}
	s := &console{
		Config: c, claims: tenfoldv1.NewClaimServiceClient(conn), history: tenfoldv1.NewHistoryServiceClient(conn),
		work: tenfoldv1.NewWorkServiceClient(conn), books: tenfoldv1.NewBookServiceClient(conn),
		deposits: tenfoldv1.NewDepositServiceClient(conn), money: tenfoldv1.NewMerchantMoneyServiceClient(conn),
		reconciled: tenfoldv1.NewReconciliationServiceClient(conn),
	}
	s.pages = make(map[string]*template.Template)
	for _, language := range []string{english, chinese} {
		t, err := parsed(language, c.Zone)
		if err != nil {
			return nil, err
		}
		s.pages[language] = t
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", style)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /me", s.setMe)
	for pattern, page := range map[string]func(*visit) error{
		"GET /{$}":                                  s.home,
		"GET /claims":                               s.listClaims,
		"POST /claims/take":                         s.takeNext,
		"GET /merchants/{merchant}/claims/{id}":     s.showClaim,
		"POST /merchants/{merchant}/claims/{id}":    s.act,
		"GET /books":                                s.listBooks,
		"GET /merchants/{merchant}":                 s.showBook,
		"GET /proposals":                            s.listProposals,
		"POST /merchants/{merchant}/proposals/{id}": s.vote,
		"GET /breaks":                               s.listBreaks,
		"GET /breaks/{id}":                          s.showBreak,
		"POST /breaks/{id}":                         s.changeBreak,
		"GET /":                                     func(v *visit) error { return v.missing() },
	} {
		mux.HandleFunc(pattern, s.page(page))
	}
	return guarded(mux, c.PersonHeader == ""), nil
}

// NewServer makes the server of a console's handler, which bounds what a connection may take.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: requestMax, ReadTimeout: requestMax, WriteTimeout: callMax + requestMax, IdleTimeout: idleMax,
		MaxHeaderBytes: headersMax, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// guarded keeps out what only browsers bring: pages of others that post in the name of the
// person before them, frames around these pages, and, where people are believed without proof,
// names that somebody has pointed at this machine.
func guarded(next http.Handler, local bool) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
			"Cache-Control":           "no-store",
		} {
			w.Header().Set(name, value)
		}
		if local && !onThisMachine(r.Host) {
			http.Error(w, "the console answers only requests whose host is this machine", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formMax)
		next.ServeHTTP(w, r)
	})
}

// onThisMachine says whether the host of a request is this machine.
func onThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	content, _ := files.ReadFile("style.css") // It is in the program.
	_, _ = w.Write(content)
}

// page answers with what a page makes of the calls, or with why it cannot.
func (s *console) page(make func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callMax)
		defer cancel()
		v := s.visit(w, r.WithContext(ctx))
		if r.Method == http.MethodPost {
			if err := v.r.ParseForm(); err != nil {
				v.fail(http.StatusBadRequest, v.say("form.unreadable"))
				return
			}
		}
		// Without a token the calls would be the console's own, and show everybody everything.
		if s.PersonHeader != "" && v.me.Token == "" {
			v.fail(http.StatusForbidden, v.say("sign.missing"))
			return
		}
		if v.unknown() {
			v.render(http.StatusOK, "sign-in", "sign.in", nil)
			return
		}
		if err := make(v); err != nil {
			v.refused(err)
		}
	}
}
