package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// Would catch a server that starts with nothing, or half of what is needed, to
// tell callers apart, and so would let in nobody or everybody.
func TestServeRefusesHalfAnAccess(t *testing.T) {
	t.Parallel()
	files := []string{"--tls-cert", "c", "--tls-key", "k", "--workloads-file", "w"}
	domain := append([]string{"--tls-client-ca", "b", "--trust-domain", "market.example"}, files...)
	issuer := func(more ...string) []string {
		return append(append([]string{"--oidc-issuer", "https://i.example", "--oidc-audience", "a", "--jwks-url", "https://i.example/k"}, files...), more...)
	}
	for want, args := range map[string][]string{
		"--tls-cert (TENFOLD_TLS_CERT) is missing":                   {},
		"--insecure-loopback (TENFOLD_INSECURE_LOOPBACK) serves":     {},
		"--tls-key (TENFOLD_TLS_KEY) is missing":                     {"--tls-cert", "c"},
		"--workloads-file (TENFOLD_WORKLOADS_FILE) is missing":       {"--tls-cert", "c", "--tls-key", "k"},
		"--trust-domain (TENFOLD_TRUST_DOMAIN) must be set together": append([]string{"--tls-client-ca", "b"}, files...),
		"--oidc-issuer (TENFOLD_OIDC_ISSUER) is missing":             files,
		"--oidc-audience (TENFOLD_OIDC_AUDIENCE) is missing":         append([]string{"--oidc-issuer", "https://i.example"}, files...),
		"--jwks-url (TENFOLD_JWKS_URL) and":                          append([]string{"--oidc-issuer", "https://i.example", "--oidc-audience", "a"}, files...),
		"--jwks-url (TENFOLD_JWKS_URL) must be":                      append([]string{"--oidc-issuer", "https://i.example", "--oidc-audience", "a", "--jwks-url", "i.example"}, files...),
		"fetched without TLS":                                        append([]string{"--oidc-issuer", "https://i.example", "--oidc-audience", "a", "--jwks-url", "http://i.example/k"}, files...),
		"--person-issuer (TENFOLD_PERSON_ISSUER) is missing":         append([]string{"--person-audience", "p"}, domain...),
		"--person-jwks-url (TENFOLD_PERSON_JWKS_URL) and":            append([]string{"--person-issuer", "https://i.example", "--person-audience", "p"}, domain...),
		"--person-audience (TENFOLD_PERSON_AUDIENCE) must":           issuer("--person-issuer", "https://i.example", "--person-audience", "a", "--person-jwks-url", "https://i.example/k"),
		"HOST:PORT": append([]string{"--listen", "7410"}, domain...),
	} {
		code, _, errOut := try(t, append([]string{"serve", "--sandbox"}, args...)...)
		if code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q; want %q", args, code, errOut, want)
		}
	}
}

// Would catch a file of credentials that is missing and noticed only when the
// first caller comes.
func TestServeReadsItsCredentialsFirst(t *testing.T) {
	t.Parallel()
	code, _, errOut := try(t, "serve", "--sandbox", "--listen", "127.0.0.1:0", "--database-url", pgtest.New(t).AppURL,
		"--tls-cert", "/nowhere/c", "--tls-key", "/nowhere/k", "--workloads-file", "/nowhere/w",
		"--tls-client-ca", "/nowhere/b", "--trust-domain", "market.example")
	if code != exitUsage || !strings.Contains(errOut, "/nowhere/c") {
		t.Errorf("exit %d, %q", code, errOut)
	}
}

// served runs a server until the test ends and gives its address.
func served(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, said := io.Pipe()
	done := make(chan int, 1)
	var errOut strings.Builder
	go func() {
		code := run(ctx, append([]string{"serve"}, args...), strings.NewReader(""), said, &errOut)
		_ = said.CloseWithError(fmt.Errorf("the server ended with %d: %s", code, errOut.String())) // Nobody waits for what it does not say.
		done <- code
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("the server ends with %d: %s", code, errOut.String())
		}
	})
	line := make([]byte, 256)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "serving on "))
}

// Would catch a server that cannot be configured from flags to serve callers
// from anywhere, or commands that cannot call one.
func TestServeToProvedCallers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	dir, authority, issuer := t.TempDir(), identitytest.NewAuthority(t, now), identitytest.NewIssuer(t)
	write := func(name string, content []byte) string { return identitytest.WriteFile(t, dir, name, content) }
	pair := func(name, spiffe string) (certificate, key string) {
		c, k := authority.Issue(t, identitytest.Leaf{SPIFFE: spiffe, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
		return write(name+".pem", c), write(name+".key", k)
	}
	serverCert, serverKey := pair("server", "")
	bundle := write("bundle.pem", authority.PEM())
	address := served(t, "--sandbox", "--listen", "127.0.0.1:0", "--database-url", pgtest.New(t).AppURL, "--log-level", "error",
		"--tls-cert", serverCert, "--tls-key", serverKey, "--tls-client-ca", bundle, "--trust-domain", "market.example",
		"--oidc-issuer", issuer.URL, "--oidc-audience", "tenfold", "--jwks-url", issuer.KeysURL,
		"--workloads-file", write("workloads.yaml", []byte(`
workloads:
  - {name: cashier, spiffe: "spiffe://market.example/cashier", roles: [finance, operator]}
  - {name: dashboard, subject: dashboard-client, roles: [auditor]}
`)))
	cert, key := pair("cashier", "spiffe://market.example/cashier")
	token := write("token", []byte(issuer.Sign(t, issuer.Claims(now, "dashboard-client", "tenfold", nil))+"\n"))
	call := func(want int, says string, args ...string) {
		t.Helper()
		code, out, errOut := try(t, append(args, "--server", address)...)
		if code != want || !strings.Contains(out+errOut, says) {
			t.Errorf("%v: exit %d, %q %q; want %q", args, code, out, errOut, says)
		}
	}
	byCert := []string{"book", "get", "m1", "--server-ca", bundle, "--client-cert", cert, "--client-key", key}
	call(exitFailed, "MERCHANT_NOT_FOUND", append(byCert, "--role", "finance")...)
	call(exitFailed, "ACCESS_DENIED", append(byCert, "--role", "support")...)
	call(exitUsage, "--person (TENFOLD_PERSON)", append(byCert, "--person", "p1")...)
	call(exitFailed, "MERCHANT_NOT_FOUND", "book", "get", "m1", "--server-ca", bundle, "--token-file", token, "--role", "auditor")
	call(exitFailed, "CREDENTIAL_MISSING", "book", "get", "m1", "--server-ca", bundle, "--role", "auditor")
	call(exitFailed, "speaks TLS: give --server-ca", "book", "get", "m1")
}

// Would catch a document that names a setting which no command has, or leaves
// one out by which access is configured.
func TestAccessDocumentNamesTheSettings(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	serve := newServe().Flags()
	client, _, err := newBook().Find([]string{"get"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(string(document), -1) {
		if serve.Lookup(name[1]) == nil && client.Flags().Lookup(name[1]) == nil {
			t.Errorf("no command has --%s", name[1])
		}
	}
	settings := pflag.NewFlagSet("access", pflag.ContinueOnError)
	(&accessConfig{}).flags(settings)
	settings.VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(string(document), "`--"+f.Name+"`") {
			t.Errorf("docs/access.md does not name --%s", f.Name)
		}
	})
}
