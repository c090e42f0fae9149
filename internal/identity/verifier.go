package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Config says which credentials are trusted.
type Config struct {
	Certificates
	// WorkloadsFile lists the workloads that may call.
	WorkloadsFile string
	// Workloads issues tokens to workloads, Persons to the people they act for. The
	// zero value means that nobody does.
	Workloads Issuer
	Persons   Issuer
	// Binding says how a person's token names the workload that it was made for.
	Binding Binding
}

// Binding is how the token of a person is bound to the workload that forwards it, so that
// another workload which has come by it cannot act for the person.
type Binding string

// The bindings.
const (
	// ByClient wants one of the workload's clients in the token's claim azp, or the claim
	// that the workloads file names instead. It is the zero value's meaning too.
	ByClient Binding = "azp"
	// ByAudience wants one of the workload's clients among the token's audiences.
	ByAudience Binding = "audience"
	// Unbound takes a person's token from every workload.
	Unbound Binding = "none"
)

// Bindings are all bindings.
func Bindings() []Binding { return []Binding{ByClient, ByAudience, Unbound} }

// Verifier trusts certificates of a trust domain and tokens of known issuers, and
// nothing else.
type Verifier struct {
	config     Config
	now        func() time.Time
	log        *slog.Logger
	handshakes *handshakes
	workloads  atomic.Pointer[workloads]
	tokens     *tokens
	persons    *tokens
}

// New makes a verifier. It fails if a file is missing or wrong. An issuer that
// cannot be reached is no failure: its keys are fetched when they are needed.
func New(ctx context.Context, c Config, now func() time.Time, log *slog.Logger) (*Verifier, error) {
	h, err := newHandshakes(c.Certificates, now)
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		config: c, now: now, log: log, handshakes: h,
		tokens: newTokens(c.Workloads, KeyToken, now), persons: newTokens(c.Persons, KeyPersonToken, now),
	}
	if err := v.reloadWorkloads(); err != nil {
		return nil, err
	}
	for _, t := range v.issuers() {
		if err := t.keys.refresh(ctx); err != nil && t.KeysFile != "" {
			return nil, fmt.Errorf("keys of %s: %w", t.URL, err)
		} else if err != nil {
			log.WarnContext(ctx, "keys of an issuer cannot be had yet", "issuer", t.URL, "error", err)
		}
	}
	return v, nil
}

// TLS is the server's side of handshakes.
func (v *Verifier) TLS() *tls.Config { return v.handshakes.config() }

func (v *Verifier) issuers() []*tokens {
	return slices.DeleteFunc([]*tokens{v.tokens, v.persons}, func(t *tokens) bool { return t == nil })
}

func (v *Verifier) reloadWorkloads() error {
	content, err := os.ReadFile(v.config.WorkloadsFile)
	if err != nil {
		return fmt.Errorf("read the workloads file: %w", err)
	}
	w, err := parseWorkloads(content)
	if err != nil {
		return fmt.Errorf("read the workloads file %s: %w", v.config.WorkloadsFile, err)
	}
	v.workloads.Store(w)
	return nil
}

// Reload reads every file again and fetches every key set. What cannot be read or
// fetched keeps its old content.
func (v *Verifier) Reload(ctx context.Context) error {
	all := errors.Join(v.handshakes.reload(), v.reloadWorkloads())
	for _, t := range v.issuers() {
		if err := t.keys.refresh(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("keys of %s: %w", t.URL, err))
		}
	}
	return all
}

// reloadPause is how often everything is read again, and so the longest time for
// which a withdrawn key or certificate is trusted.
const reloadPause = time.Minute

// Run reloads until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	for {
		select {
		case <-time.After(reloadPause):
			if err := v.Reload(ctx); err != nil && ctx.Err() == nil {
				v.log.WarnContext(ctx, "credentials stay as they were", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Identify proves the caller of a call. Refuses with CREDENTIAL_MISSING if the call
// shows nothing, with CREDENTIAL_INVALID if its evidence cannot be trusted, and
// with ACCESS_DENIED for a role that the workload or the person does not have.
func (v *Verifier) Identify(ctx context.Context, e *Evidence) (Caller, error) {
	if err := unproved(e); err != nil {
		return Caller{}, err
	}
	known := v.workloads.Load()
	w, token, err := v.workload(ctx, known, e)
	if err != nil {
		return Caller{}, err
	}
	c := Caller{Principal: principal.Principal{Workload: w.Name}, Quota: w.quota()}
	person, err := v.person(ctx, known, e, w, &c)
	if err != nil {
		return c, err
	}
	if err := choose(w, known, person, e.Claimed.Role, &c); err != nil {
		return c, err
	}
	c.Scope, err = known.scope(c.Role, w, token, person)
	return c, err
}

// unproved refuses statements that would be believed only on loopback, so that no
// caller thinks that they are believed here.
func unproved(e *Evidence) error {
	key := ""
	switch {
	case e.Claimed.Workload != "":
		key = KeyWorkload
	case e.Claimed.Person != "":
		key = KeyPerson
	case e.Claimed.Scope != "":
		key = KeyScope
	default:
		return nil
	}
	return invalid(key, "metadata %s is not accepted here; use a certificate or a token", key)
}

// workload finds the calling workload by its certificate or by its token, which is
// then returned.
func (v *Verifier) workload(ctx context.Context, known *workloads, e *Evidence) (*workload, *content, error) {
	switch {
	case len(e.Certificates) > 0 && e.Token != "":
		return nil, nil, invalid(KeyToken, "the call has both a certificate and a token for the workload; use only one of them")
	case len(e.Certificates) > 0:
		w, err := v.byCertificate(known, e)
		return w, nil, err
	case e.Token == "":
		return nil, nil, missing(KeyToken, "the call does not prove its caller: it has neither a certificate nor metadata %s", KeyToken)
	case v.tokens == nil:
		return nil, nil, invalid(KeyToken, "this server does not accept tokens of workloads")
	}
	token, err := v.tokens.verify(ctx, e.Token)
	if err != nil {
		return nil, nil, err
	}
	w, ok := known.bySubject[token.subject]
	if !ok {
		return nil, nil, invalid(KeyToken, "the subject of the token is not a known workload")
	}
	return w, &token, nil
}

// byCertificate finds a workload by the certificate of its connection, which may
// outlive the certificate.
func (v *Verifier) byCertificate(known *workloads, e *Evidence) (*workload, error) {
	leaf := e.Certificates[0]
	if now := v.now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return nil, fault.New(fault.CredentialInvalid, "the certificate has expired since the connection was made")
	}
	id, err := x509svid.IDFromCert(leaf)
	if err != nil || id.TrustDomain() != v.handshakes.domain {
		return nil, fault.New(fault.CredentialInvalid, "the certificate does not hold a SPIFFE id of the trust domain")
	}
	w, ok := known.bySPIFFE[id.String()]
	if !ok {
		return nil, fault.New(fault.CredentialInvalid, "%s is not a known workload", id).With("spiffeId", id)
	}
	return w, nil
}

// person finds the person that a workload acts for, if it forwards a token.
func (v *Verifier) person(ctx context.Context, known *workloads, e *Evidence, w *workload, c *Caller) (*content, error) {
	switch {
	case e.PersonToken == "":
		return nil, nil
	case v.persons == nil:
		return nil, invalid(KeyPersonToken, "this server does not accept tokens of persons")
	}
	token, err := v.persons.verify(ctx, e.PersonToken)
	if err != nil {
		return nil, err
	}
	if err := v.madeFor(w, known, &token); err != nil {
		return nil, err
	}
	id, ok := token.text(known.claims.Person)
	if !ok || !nameForm.MatchString(id) {
		return nil, invalid(KeyPersonToken, "claim %s of the token in metadata %s does not hold the id of a person", known.claims.Person, KeyPersonToken)
	}
	c.Person = id
	return &token, nil
}

// madeFor refuses a person's token that was made for another workload than the one that
// forwards it.
func (v *Verifier) madeFor(w *workload, known *workloads, token *content) error {
	ours := func(client string) bool { return slices.Contains(w.PersonClients, client) }
	switch v.config.Binding {
	case Unbound:
		return nil
	case ByAudience:
		if !slices.ContainsFunc(token.audience, ours) {
			return v.persons.refuse("has no client of workload %s among its audiences", w.Name)
		}
		return nil
	case ByClient:
	}
	claim := known.claims.PersonClient
	switch client, ok := token.text(claim); {
	case !ok || client == "":
		return v.persons.refuse("does not say in claim %s which client it was made for", claim)
	case !ours(client):
		return v.persons.refuse("was made for a client (claim %s) that is not one of workload %s", claim, w.Name)
	}
	return nil
}

// choose determines the role of a call: the requested role, or the only one there
// is.
func choose(w *workload, known *workloads, person *content, asked principal.Role, c *Caller) error {
	switch {
	case asked == "" && len(w.Roles) == 1:
		asked = w.Roles[0]
	case asked == "":
		return missing(KeyRole, "workload %s has several roles: metadata %s must choose one", w.Name, KeyRole)
	case !knownRole(asked):
		return malformed(KeyRole)
	}
	if !slices.Contains(w.Roles, asked) {
		return fault.New(fault.AccessDenied, "workload %s may not act as %s", w.Name, asked).With("role", asked)
	}
	if claim := known.claims.PersonRoles; claim != "" && person != nil && !person.lists(claim, string(asked)) {
		return fault.New(fault.AccessDenied, "the person may not act as %s", asked).With("role", asked)
	}
	c.Role = asked
	return nil
}

// scope is the scope of a role. It comes from the workload's configuration, its
// token, or the person's token; all that state one must agree.
func (k *workloads) scope(role principal.Role, w *workload, token, person *content) (string, error) {
	collection, limited := collections[role]
	if !limited {
		return "", nil
	}
	claim := k.claims.Merchant
	if role == principal.RoleAuthenticator {
		claim = k.claims.Authenticator
	}
	scope, key := w.Scope, KeyToken
	if token == nil {
		key = KeyPersonToken
	}
	for _, from := range []struct {
		token *content
		key   string
	}{{token, KeyToken}, {person, KeyPersonToken}} {
		if from.token == nil {
			continue
		}
		id, ok := from.token.text(claim)
		switch said := collection + id; {
		case !ok:
			return "", invalid(from.key, "claim %s of the token in metadata %s is not a text", claim, from.key)
		case id == "":
		case scope != "" && scope != said:
			return "", invalid(from.key, "claim %s of the token in metadata %s differs from the scope of the workload", claim, from.key)
		default:
			scope = said
		}
	}
	if !fits(role, scope) {
		return "", invalid(key, "neither the workloads file nor a token says which of the %s role %s is limited to", collection, role)
	}
	return scope, nil
}
