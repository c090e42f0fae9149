package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
)

const bodiesDocument = "../../docs/bodies.md"

// secretOfConsumer begins everything on the claims of the page that no body may see.
const secretOfConsumer = "SECRET-OF-CONSUMER"

// provedMarket starts a server for callers who prove who they are, with four claims, and puts
// the credentials and the files of the page into its directory.
func provedMarket(t *testing.T, f *walker) {
	t.Helper()
	now := time.Now()
	start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	authority, workloads, persons := identitytest.NewAuthority(t, now), identitytest.NewIssuer(t), identitytest.NewIssuer(t)
	write := func(name string, content []byte) string { return identitytest.WriteFile(t, f.dir, name, content) }
	cert, key := authority.Issue(t, identitytest.Leaf{From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
	bundle := write("market.pem", authority.PEM())
	f.db = pgtest.New(t)
	address := served(t, "--sandbox", "--sandbox-start", start.Format(time.RFC3339), "--listen", "127.0.0.1:0", "--ops-listen", noOps,
		"--database-url", f.db.AppURL, "--log-level", "error", "--evidence-dir", t.TempDir(),
		"--tls-cert", write("server.pem", cert), "--tls-key", write("server.key", key),
		"--oidc-issuer", workloads.URL, "--oidc-audience", "tenfold", "--jwks-url", workloads.KeysURL,
		"--person-issuer", persons.URL, "--person-audience", "people", "--person-jwks-url", persons.KeysURL,
		"--workloads-file", write("workloads.yaml", []byte(`
claims: {person: sub, person_client: azp}
workloads:
  - {name: shop, subject: shop-client, roles: [order-service]}
  - {name: registry, subject: registry-client, roles: [operator, approver]}
  - {name: desk, subject: desk-client, roles: [support]}
`+blocks(t, bodiesDocument, "yaml")[0])))
	f.places["127.0.0.1:7410"] = address
	for _, name := range []string{"shop", "registry", "desk", "dior", "cti"} {
		write(name+".token", []byte(workloads.Sign(t, workloads.Claims(now, name+"-client", "tenfold", nil))))
	}
	for _, name := range []string{"oscar", "anna"} {
		write(name+".token", []byte(persons.Sign(t, persons.Claims(now, name, "people", map[string]any{"azp": "registry"}))))
	}

	signed := blocks(t, bodiesDocument, "json")
	for i, x := range []struct{ id, file, report string }{{"cti-lab", "cti", "cti-2026-117.txt"}, {"dior", "dior", "dior.jws"}} {
		s := signaturetest.Ed25519(byte(i + 1))
		write(x.file+"-key.json", []byte(s.Public))
		write(x.file+"-proof.txt", []byte(s.Proof(x.id, start)))
		write(x.report, []byte(s.Sign(s.Header("vnd.tenfold.result+jws"), []byte(signed[i]))))
		if x.file == "cti" {
			later := strings.NewReplacer("CTI-2026-117", "CTI-2026-118").Replace(signed[i])
			write("cti-2026-118.txt", []byte(s.Sign(s.Header("vnd.tenfold.result+jws"), []byte(later))))
		}
	}
	write("dior.csv", []byte(blocks(t, bodiesDocument, "csv")[0]))
	for i, name := range []string{"seal.jpg", "comparison.jpg"} {
		var photo bytes.Buffer
		if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 16+i, 16)), nil); err != nil {
			t.Fatal(err)
		}
		write(name, photo.Bytes())
	}

	says := func(want, token, role string, args ...string) {
		t.Helper()
		args = append(args, "--server", address, "--server-ca", bundle, "--token-file", filepath.Join(f.dir, token+".token"), "--role", role)
		if code, out, errOut := try(t, args...); code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("%v: exit %d, %q %q; want %q", args, code, out, errOut, want)
		}
	}
	says("opened", "registry", "operator", "book", "open", "m1")
	for n := range 4 {
		number := strconv.Itoa(n + 1)
		request := strings.NewReplacer("2025-12-01", "2026-11-01", "2025-12-03", "2026-11-03", "2026-01-01", "2026-11-20", "sandbox-counterfeit", "lipstick-"+number,
			`"r1"`, `"file-`+number+`"`, "orderLines/l1", "orderLines/l"+number, `"o1"`, `"order-`+number+`"`, `"p1"`, `"`+secretOfConsumer+`-payment-`+number+`"`,
			`"c1"`, `"`+secretOfConsumer+`"`, `"wallet-1"`, `"`+secretOfConsumer+`-wallet"`).Replace(filing)
		says(" filed: ", "shop", "order-service", "claim", "file", write("claim-"+number+".json", []byte(request)))
	}
}

// mustRefuse runs a statement that must be refused for a reason.
const mustRefuse = `must_refuse() {
  if out=$("${@:2}" 2>&1); then echo "$*: it is carried out: $out" >&2; exit 1; fi
  case "$out" in *"$1: "*) echo "refused with $1" ;; *) echo "$*: it is answered with $out" >&2; exit 1 ;; esac
}
`

// refused takes the statements of a block into the script, each with the reason beside it.
func (f *walker) refused(block string) {
	f.t.Helper()
	f.script.WriteString(mustRefuse)
	for line := range strings.Lines(block) {
		command, reason, ok := strings.Cut(strings.TrimSpace(line), " => ")
		if !ok {
			f.t.Fatalf("%q does not say for which reason it is refused", line)
		}
		fmt.Fprintf(&f.script, "must_refuse %s %s\n", reason, command)
	}
}

// nothingOfTheConsumer reads everything that the bodies of the page may read, and looks for what
// is the consumer's, the order's or another body's.
func nothingOfTheConsumer(t *testing.T, f *walker) {
	t.Helper()
	read := func(token, role string, args ...string) string {
		t.Helper()
		code, out, errOut := try(t, append(args, "-o", "json", "--server", f.places["127.0.0.1:7410"], "--server-ca", filepath.Join(f.dir, "market.pem"),
			"--token-file", filepath.Join(f.dir, token+".token"), "--role", role)...)
		if code != exitOK {
			t.Fatalf("%v: exit %d, %q", args, code, errOut)
		}
		return out
	}
	if told := read("desk", "support", "claim", "list", "--merchant", "m1"); strings.Count(told, secretOfConsumer) < 4 {
		t.Errorf("the claims do not name their consumers, so nothing is tried: %s", told)
	}
	code, _, errOut := try(t, "commission", "list", "--mine", "--server", f.places["127.0.0.1:7410"], "--server-ca", filepath.Join(f.dir, "market.pem"),
		"--token-file", filepath.Join(f.dir, "desk.token"), "--role", "support")
	if code != exitUsage || !strings.Contains(errOut, "the caller's proof names none") {
		t.Errorf("the desk lists its own commissions: exit %d, %q", code, errOut)
	}
	for _, x := range []struct{ token, body, rival string }{{"dior", "dior", "authenticators/cti-lab"}, {"cti", "cti-lab", "authenticators/dior"}} {
		for _, state := range []string{"offered", "accepted", "received", "reported", "declined"} {
			told := read(x.token, "authenticator", "commission", "list", "--authenticator", x.body, "--state", state)
			hidden(t, told, x.rival)
			for _, claim := range regexp.MustCompile(`merchants/m1/claims/\w+/commissions/\d+`).FindAllString(told, -1) {
				hidden(t, read(x.token, "authenticator", "commission", "get", claim), x.rival)
			}
		}
		results := read(x.token, "authenticator", "result", "list", "--authenticator", x.body)
		if !strings.Contains(results, `"authenticators/`+x.body+`"`) {
			t.Errorf("%s sees none of its results: %s", x.body, results)
		}
		if x.token == "cti" && !strings.Contains(results, "CUSTODY_STATE_COMPLETE") {
			t.Errorf("the laboratory's list does not rank by its steps of custody: %s", results)
		}
		hidden(t, results, x.rival)
		hidden(t, read(x.token, "authenticator", "authenticator", "report", x.body, "--from", "2026-12-01T00:00:00Z"), x.rival)
	}
}

// hidden looks in what a body was told for what it may not see.
func hidden(t *testing.T, told, rival string) {
	t.Helper()
	for _, secret := range []string{secretOfConsumer, rival, "order-", "9900", "desk"} {
		if strings.Contains(told, secret) {
			t.Errorf("a body is told %q: %s", secret, told)
		}
	}
}
