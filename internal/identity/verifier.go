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

// Config says what is believed.
type Config struct {
	Certificates
	// WorkloadsFile says who may call.
	WorkloadsFile string
	// Workloads issues tokens to workloads, Persons to the people they act for.
	// The zero value: nobody does.
	Workloads Issuer
	Persons   Issuer
}

// Verifier believes certificates of a trust domain and tokens of known issuers,
// and nothing else.
type Verifier struct {
	config     Config
	now        func() time.Time
	log        *slog.Logger
	handshakes *handshakes
	workloads  atomic.Pointer[workloads]
	tokens     *tokens
	persons    *tokens
}

// New makes a verifier. It fails where a file is missing or wrong. An issuer
// that cannot be reached is no failure: its keys are fetched when they are needed.
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

// Reload reads every file again and fetches every key set. What cannot be had
// stays as it was.
func (v *Verifier) Reload(ctx context.Context) error {
	all := errors.Join(v.handshakes.reload(), v.reloadWorkloads())
	for _, t := range v.issuers() {
		if err := t.keys.refresh(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("keys of %s: %w", t.URL, err))
		}
	}
	return all
}

// reloadPause is how often everything is read again: a key or certificate that
// was withdrawn is believed for this long at most.
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

// Identify proves who makes a call. CREDENTIAL_MISSING where it shows nothing,
// CREDENTIAL_INVALID where what it shows cannot be believed, ACCESS_DENIED for a
// role that is not the workload's or the person's.
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
	person, err := v.person(ctx, known, e, &c)
	if err != nil {
		return c, err
	}
	if err := choose(w, known, person, e.Claimed.Role, &c); err != nil {
		return c, err
	}
	c.Scope, err = known.scope(c.Role, w, token, person)
	return c, err
}

// unproved refuses what would be believed on loopback only, lest a caller takes
// it to be believed.
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
	return invalid(key, "metadata %s proves nothing: certificates and tokens do", key)
}

// workload finds who calls, by its certificate or by its token, which is given
// then.
func (v *Verifier) workload(ctx context.Context, known *workloads, e *Evidence) (*workload, *content, error) {
	switch {
	case len(e.Certificates) > 0 && e.Token != "":
		return nil, nil, invalid(KeyToken, "a certificate and a token both say which workload calls; show one of them")
	case len(e.Certificates) > 0:
		w, err := v.byCertificate(known, e)
		return w, nil, err
	case e.Token == "":
		return nil, nil, missing(KeyToken, "the call proves nothing of who makes it: neither a certificate nor metadata %s", KeyToken)
	case v.tokens == nil:
		return nil, nil, invalid(KeyToken, "tokens of workloads are not believed here")
	}
	token, err := v.tokens.verify(ctx, e.Token)
	if err != nil {
		return nil, nil, err
	}
	w, ok := known.bySubject[token.subject]
	if !ok {
		return nil, nil, invalid(KeyToken, "the subject of the token is no known workload")
	}
	return w, &token, nil
}

// byCertificate finds a workload by the certificate of its connection, which
// may outlive it.
func (v *Verifier) byCertificate(known *workloads, e *Evidence) (*workload, error) {
	leaf := e.Certificates[0]
	if now := v.now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return nil, fault.New(fault.CredentialInvalid, "the certificate has expired since the connection was made")
	}
	id, err := x509svid.IDFromCert(leaf)
	if err != nil || id.TrustDomain() != v.handshakes.domain {
		return nil, fault.New(fault.CredentialInvalid, "the certificate is no SPIFFE identity of the trust domain")
	}
	w, ok := known.bySPIFFE[id.String()]
	if !ok {
		return nil, fault.New(fault.CredentialInvalid, "%s is no known workload", id).With("spiffeId", id)
	}
	return w, nil
}

// person finds whom a workload acts for, where it forwards a token.
func (v *Verifier) person(ctx context.Context, known *workloads, e *Evidence, c *Caller) (*content, error) {
	switch {
	case e.PersonToken == "":
		return nil, nil
	case v.persons == nil:
		return nil, invalid(KeyPersonToken, "tokens of persons are not believed here")
	}
	token, err := v.persons.verify(ctx, e.PersonToken)
	if err != nil {
		return nil, err
	}
	id, ok := token.text(known.claims.Person)
	if !ok || !nameForm.MatchString(id) {
		return nil, invalid(KeyPersonToken, "claim %s of the token of metadata %s holds no id of a person", known.claims.Person, KeyPersonToken)
	}
	c.Person = id
	return &token, nil
}

// choose settles the role that a call is made in: the one asked for, or the
// only one there is.
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

// scope is what a role is limited to: what the workload is configured for, its
// token says, and the person's token says. Whoever of them says something must
// say the same.
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
			return "", invalid(from.key, "claim %s of the token of metadata %s is no text", claim, from.key)
		case id == "":
		case scope != "" && scope != said:
			return "", invalid(from.key, "claim %s of the token of metadata %s names another than the workload is limited to", claim, from.key)
		default:
			scope = said
		}
	}
	if !fits(role, scope) {
		return "", invalid(key, "nothing says which one of %s the role %s is limited to", collection, role)
	}
	return scope, nil
}
