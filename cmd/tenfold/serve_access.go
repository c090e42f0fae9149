package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// accessConfig holds every setting of access.
type accessConfig struct {
	insecure bool
	identity.Config
	quota identity.Quota
	// binding and the ages have defaults, and count where an issuer is configured.
	binding             string
	tokenAge, personAge time.Duration
}

// The default ages: platforms issue tokens to workloads for a day at
// most, and persons sign in anew while they work.
const (
	tokenAgeDefault  = 24 * time.Hour
	personAgeDefault = time.Hour
)

func (c *accessConfig) flags(f *pflag.FlagSet) {
	quota := rpc.Defaults().Quota
	f.BoolVar(&c.insecure, "insecure-loopback", false, "believe the identity that callers on this machine state; for experiments and tests")
	f.StringVar(&c.CertFile, "tls-cert", "", "PEM file of the server's certificate chain")
	f.StringVar(&c.KeyFile, "tls-key", "", "PEM file of the key of that certificate")
	f.StringVar(&c.BundleFile, "tls-client-ca", "", "PEM file of the authorities that sign workloads' certificates (the SPIFFE trust bundle)")
	f.StringVar(&c.TrustDomain, "trust-domain", "", "SPIFFE trust domain of those workloads, such as market.example")
	f.StringVar(&c.WorkloadsFile, "workloads-file", "", "YAML or JSON file of the workloads that may call, with their roles (docs/access.md)")
	f.StringVar(&c.Workloads.URL, "oidc-issuer", "", "issuer of workloads' tokens, as in their claim iss")
	f.StringVar(&c.Workloads.Audience, "oidc-audience", "", "audience that workloads' tokens must have")
	f.StringVar(&c.Workloads.KeysURL, "jwks-url", "", "URL of that issuer's key set")
	f.StringVar(&c.Workloads.KeysFile, "jwks-file", "", "file of that issuer's key set, instead of the URL")
	f.StringVar(&c.Persons.URL, "person-issuer", "", "issuer of persons' tokens, as in their claim iss")
	f.StringVar(&c.Persons.Audience, "person-audience", "", "audience that persons' tokens must have")
	f.StringVar(&c.Persons.KeysURL, "person-jwks-url", "", "URL of that issuer's key set")
	f.StringVar(&c.Persons.KeysFile, "person-jwks-file", "", "file of that issuer's key set, instead of the URL")
	f.DurationVar(&c.tokenAge, "oidc-max-age", tokenAgeDefault, "for how long after its issue a workload's token may be good; 0s for any time")
	f.StringVar(&c.binding, "person-binding", string(identity.ByClient), "how a person's token names the workload that may forward it: azp, audience or none")
	f.DurationVar(&c.personAge, "person-max-age", personAgeDefault, "for how long after its issue a person's token may be good; 0s for any time")
	f.Float64Var(&c.quota.PerSecond, "rate-limit", quota.PerSecond, "calls per second that one workload may make; 0 for no limit")
	f.IntVar(&c.quota.Burst, "rate-burst", quota.Burst, "calls that one workload may make at once")
}

// check returns an error that names the flag and the setting of a wrong or missing setting.
// Callers are believed without proof on loopback only, and only when that is
// configured.
func (c *accessConfig) check(listen string) error {
	if c.quota.PerSecond < 0 || c.quota.Burst < 1 {
		return errors.New("--rate-limit (TENFOLD_RATE_LIMIT) must be at least 0, and --rate-burst (TENFOLD_RATE_BURST) at least 1")
	}
	if err := c.checkTokens(); err != nil {
		return err
	}
	if c.insecure {
		if c.Config != (identity.Config{}) {
			return errors.New("--insecure-loopback (TENFOLD_INSECURE_LOOPBACK) believes callers without proof, so no credentials can be configured with it")
		}
		return checkLoopback("--listen (TENFOLD_LISTEN)", listen, becauseInsecure)
	}
	if _, _, err := net.SplitHostPort(listen); err != nil {
		return fmt.Errorf("--listen (TENFOLD_LISTEN) must be HOST:PORT, not %q", listen)
	}
	for _, check := range []func() error{c.checkFiles, c.checkDomain, c.checkIssuers} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkTokens checks the settings of tokens that have defaults.
func (c *accessConfig) checkTokens() error {
	if !slices.Contains(identity.Bindings(), identity.Binding(c.binding)) {
		return fmt.Errorf("--person-binding (TENFOLD_PERSON_BINDING) must be azp, audience or none, not %q", c.binding)
	}
	for _, age := range []struct {
		setting string
		value   time.Duration
	}{{"--oidc-max-age (TENFOLD_OIDC_MAX_AGE)", c.tokenAge}, {"--person-max-age (TENFOLD_PERSON_MAX_AGE)", c.personAge}} {
		if age.value < 0 || age.value%time.Second != 0 {
			return fmt.Errorf("%s must be whole seconds, at least 0s, not %s", age.setting, age.value)
		}
	}
	return nil
}

func (c *accessConfig) checkFiles() error {
	for _, file := range []struct{ setting, value string }{
		{"--tls-cert (TENFOLD_TLS_CERT)", c.CertFile}, {"--tls-key (TENFOLD_TLS_KEY)", c.KeyFile}, {"--workloads-file (TENFOLD_WORKLOADS_FILE)", c.WorkloadsFile},
	} {
		if file.value == "" {
			return fmt.Errorf("%s is missing; it is required because callers must prove their identity. --insecure-loopback (TENFOLD_INSECURE_LOOPBACK) serves callers on this machine without proof",
				file.setting)
		}
	}
	return nil
}

func (c *accessConfig) checkDomain() error {
	switch {
	case (c.BundleFile == "") != (c.TrustDomain == ""):
		return errors.New("--tls-client-ca (TENFOLD_TLS_CLIENT_CA) and --trust-domain (TENFOLD_TRUST_DOMAIN) must be set together")
	case c.BundleFile == "" && c.Workloads.URL == "":
		return errors.New("--tls-client-ca (TENFOLD_TLS_CLIENT_CA) or --oidc-issuer (TENFOLD_OIDC_ISSUER) is missing; workloads need one of the two to prove their identity")
	}
	return nil
}

func (c *accessConfig) checkIssuers() error {
	if err := checkIssuer(c.Workloads, "oidc-", "jwks-"); err != nil {
		return err
	}
	if err := checkIssuer(c.Persons, "person-", "person-jwks-"); err != nil {
		return err
	}
	// Otherwise a workload could pass its own token off as that of a person.
	if c.Persons.URL != "" && c.Persons.URL == c.Workloads.URL && c.Persons.Audience == c.Workloads.Audience {
		return errors.New("--person-audience (TENFOLD_PERSON_AUDIENCE) must differ from --oidc-audience (TENFOLD_OIDC_AUDIENCE) if one issuer makes both kinds of tokens")
	}
	return nil
}

// checkIssuer checks the settings of an issuer. Their flags begin with prefix, and the
// flags of its keys with keys.
func checkIssuer(i identity.Issuer, prefix, keys string) error {
	switch {
	case i == identity.Issuer{}:
		return nil
	case i.URL == "":
		return fmt.Errorf("%s is missing; the other settings of the issuer require it", settingOf(prefix+"issuer"))
	case i.Audience == "":
		return fmt.Errorf("%s is missing; without it, tokens for other services would be believed", settingOf(prefix+"audience"))
	case (i.KeysURL == "") == (i.KeysFile == ""):
		return fmt.Errorf("exactly one of %s and %s must be set; it locates the keys of the issuer", settingOf(keys+"url"), settingOf(keys+"file"))
	case i.KeysURL == "":
		return nil
	}
	u, err := url.Parse(i.KeysURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%s must be an https URL, not %q", settingOf(keys+"url"), i.KeysURL)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return fmt.Errorf("%s must be an https URL, because keys that are fetched without TLS can be replaced on the way", settingOf(keys+"url"))
	}
	return nil
}

// gate makes the gate that admits callers. The goroutines that it starts end with
// the other parts, while the database is still open.
func (p *parts) gate(ctx context.Context, c *accessConfig, db *postgres.DB, log *slog.Logger) (rpc.Gate, error) {
	refusals := accesslog.New(db, log)
	p.running(refusals.Run)
	if err := p.telemetry.RefusedAttempts(refusals); err != nil {
		return rpc.Gate{}, err
	}
	g := rpc.Gate{Authority: identity.Loopback{}, Refusals: refusals, Now: time.Now}
	if c.insecure {
		log.Warn("callers on this machine are believed without proof")
		return g, nil
	}
	v, err := identity.New(ctx, c.identityConfig(), time.Now, log)
	if err != nil {
		return rpc.Gate{}, usageError{err}
	}
	p.running(v.Run)
	g.Authority, g.TLS = v, v.TLS()
	return g, nil
}
