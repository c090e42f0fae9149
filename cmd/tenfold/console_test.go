package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// browser is a person's browser before the console. It follows forms as they stand on pages.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	// header is what a proxy adds to each request.
	header http.Header
	// page is what is shown, code its status and path where it is.
	page *html.Node
	text string
	code int
	path string
}

// consoled runs `tenfold console` and opens a browser before it.
func consoled(t *testing.T, args ...string) *browser {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, said := io.Pipe()
	done := make(chan int, 1)
	var errOut strings.Builder
	go func() {
		code := run(ctx, append([]string{"console", "--console-listen", "127.0.0.1:0"}, args...), strings.NewReader(""), said, &errOut)
		_ = said.CloseWithError(fmt.Errorf("the console ended with %d: %s", code, errOut.String()))
		done <- code
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("the console ends with %d: %s", code, errOut.String())
		}
	})
	line := make([]byte, 256)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, base: regexp.MustCompile(`http://[0-9.:]+`).FindString(string(line[:n])), header: make(http.Header)}
	b.anew()
	return b
}

// anew forgets all cookies.
func (b *browser) anew() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar}
}

func (b *browser) do(r *http.Request) {
	b.t.Helper()
	for name, values := range b.header {
		r.Header[name] = values
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.page, err = html.Parse(strings.NewReader(string(content))); err != nil {
		b.t.Fatal(err)
	}
	b.text, b.code, b.path = strings.Join(strings.Fields(textOf(b.page)), " "), answer.StatusCode, answer.Request.URL.RequestURI()
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		b.t.Errorf("%s: Content-Security-Policy %q", b.path, policy)
	}
	if b.code == http.StatusOK && strings.Contains(b.text, "<no value>") {
		b.t.Errorf("%s has a field without a value: %s", b.path, b.text)
	}
}

// open goes to a page, which must be answered with code and say want.
func (b *browser) open(path string, code int, want ...string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(r)
	b.says(code, want...)
}

func (b *browser) says(code int, want ...string) {
	b.t.Helper()
	if b.code != code {
		b.t.Fatalf("%s: status %d, want %d: %s", b.path, b.code, code, b.text)
	}
	for _, x := range want {
		if !strings.Contains(b.text, x) {
			b.t.Fatalf("%s does not say %q: %s", b.path, x, b.text)
		}
	}
}

// submit sends the form on the page that has a button of this text, with the fields as they stand
// but for those given.
func (b *browser) submit(button string, fields url.Values) {
	b.t.Helper()
	form, pressed := formOf(b.page, button)
	if form == nil {
		b.t.Fatalf("%s has no form with the button %q: %s", b.path, button, b.text)
	}
	values := valuesIn(form)
	for name, v := range fields {
		values[name] = v
	}
	if name := attribute(pressed, "name"); name != "" {
		values.Set(name, attribute(pressed, "value"))
	}
	b.post(attribute(form, "action"), values)
}

func (b *browser) post(path string, values url.Values) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	b.do(r)
}

// is has the browser say who is before it.
func (b *browser) is(person, role string) {
	b.t.Helper()
	b.post("/me", url.Values{"person": {person}, "role": {role}, "back": {"/"}})
	b.says(http.StatusOK)
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data + " "
	}
	var all strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		all.WriteString(textOf(c))
	}
	return all.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// formOf finds a form by the text of a button in it.
func formOf(n *html.Node, text string) (form, button *html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == "button" && strings.TrimSpace(textOf(d)) == text {
			for f := d.Parent; f != nil; f = f.Parent {
				if f.Data == "form" {
					return f, d
				}
			}
		}
	}
	return nil, nil
}

// valuesIn are the fields of a form as they stand.
func valuesIn(form *html.Node) url.Values {
	values := make(url.Values)
	for d := range form.Descendants() {
		name := attribute(d, "name")
		switch {
		case d.Type != html.ElementNode || name == "":
		case d.Data == "input" && attribute(d, "type") != "radio":
			values.Add(name, attribute(d, "value"))
		case d.Data == "textarea":
			values.Add(name, textOf(d))
		case d.Data == "select":
			chosen, first := "", true
			for o := range d.Descendants() {
				if o.Data == "option" && (first || has(o, "selected")) {
					chosen, first = attribute(o, "value"), false
				}
			}
			values.Add(name, chosen)
		}
	}
	return values
}

// Would catch a page that a person at the desk cannot work with: search, queue, a claim with its
// reasons and its timeline, a decision that is stored before it was confirmed or twice, one that
// the second person cannot approve, and a page that breaks in either language.
func TestConsoleBringsAClaimToItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.says(exitOK, "5,000.00", "book", "top-up", "m1", "--amount", "5,000.00 CNY", "--payment-reference", "pay-1", "--yes")
	id := d.file("l1", "sandbox-conflict", "wallet-1")
	d.says(exitOK, "", "sandbox", "run")
	b := consoled(t, "--server", d.address)
	b.open("/", http.StatusOK, "Who are you?")
	b.submit("Go on", url.Values{"person": {"no good id"}})
	b.says(http.StatusBadRequest, "An id has letters")
	b.is("anna", "adjudicator")
	b.open("/", http.StatusOK, "1 review", "Nothing waits for you.")

	// Search: by the order, by the id, and with a slip in it.
	b.open("/claims?by=order_id&q=order-l1", http.StatusOK, id, "in review", "1 in all")
	b.open("/claims?by=order_id&q=order-nothing", http.StatusOK, "Nothing was found.")
	b.open("/claims?by=order_id&q=%22+OR+state", http.StatusOK, "Nothing was found.")
	b.open("/claims?by=claim&q="+id[:len(id)-1]+"0", http.StatusBadRequest, "check character")
	b.open("/claims?by=claim&q="+strings.ToLower(strings.ReplaceAll(id, "-", "")), http.StatusOK, "in review")
	claimPath := b.path

	// The claim is taken from the queue, and decided after a look at what would happen.
	b.open("/", http.StatusOK)
	b.submit("Take the next review", nil)
	b.says(http.StatusOK, "The claim is yours now.", id, "anna", "contested, may change", "Timeline", "decide review")
	b.submit("See what would happen", url.Values{"decision": {"1"}, "note": {"the cap is forged"}, "verdict": {"COUNTERFEIT"}, "ordinal": {"1"}})
	b.says(http.StatusOK, "Nothing has been stored yet", "in review", "notified", "counterfeit", "990.00 CNY")
	confirm, values := b.page, url.Values(nil)
	b.open(claimPath, http.StatusOK, "in review since") // Nothing was stored.
	b.page = confirm
	form, _ := formOf(b.page, "Do it")
	values = valuesIn(form)
	values.Set("confirmed", "yes")
	b.submit("Do it", nil)
	b.says(http.StatusOK, "Done.", "notified since", "the cap is forged", "What can be done")
	b.post(claimPath, values) // A second press of the same button.
	b.says(http.StatusOK, "notified since")
	values.Set("request_id", "another")
	b.post(claimPath, values)
	b.says(http.StatusConflict, "CLAIM_CHANGED")

	// A note, and the same page in Chinese.
	b.open(claimPath, http.StatusOK)
	b.submit("Add note", url.Values{"text": {"asked the lab by phone"}})
	b.says(http.StatusOK, "The note was added.", "asked the lab by phone")
	b.submit("中文", nil)
	b.says(http.StatusOK, "已通知商家", "时间线", "经过与原因", "审核员")
	b.open("/claims?queue=REVIEW", http.StatusOK, "没有记录")
	b.submit("English", nil)

	// The merchant accepts.
	b.anew()
	b.post("/me", url.Values{"person": {"mei"}, "role": {"merchant"}, "merchant": {"m1"}, "back": {"/"}})
	b.says(http.StatusOK, id)
	d.says(exitOK, "", "claim", "confirm-notice", id, "--role", "operator", "--yes")
	b.open(claimPath, http.StatusOK, "accept")
	b.submit("See what would happen", url.Values{"action": {"accept"}})
	b.says(http.StatusOK, "paying")
	b.submit("Do it", nil)
	b.says(http.StatusOK, "Done.", "The merchant agreed to the debit.")
	b.open("/merchants/m1", http.StatusOK, "Deposit", "Transfers")
	b.open("/merchants/m2", http.StatusNotFound, "MERCHANT_NOT_FOUND")
	b.open("/books", http.StatusForbidden, "ACCESS_DENIED")
	b.open("/nothing", http.StatusNotFound, "no such page")
}

// Would catch pages of finance that do not show what there is to do, a proposal that one person
// makes and approves, and a break that cannot be worked on.
func TestConsoleServesFinance(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.says(exitOK, "5,000.00", "book", "top-up", "m1", "--amount", "5,000.00 CNY", "--payment-reference", "pay-1", "--yes")
	d.says(exitOK, "", "propose", "forfeiture", "m1", "--amount", "10.00 CNY", "--note", "late papers", "--person", "fay")
	b := consoled(t, "--server", d.address)
	b.is("fay", "finance")
	b.open("/books", http.StatusOK, "m1", "5,000.00 CNY")
	b.open("/proposals", http.StatusOK, "deposit forfeiture", "10.00 CNY", "late papers", "fay")
	if form, _ := formOf(b.page, "Approve"); form != nil {
		t.Error("finance may approve")
	}
	b.is("fay", "approver")
	b.open("/proposals", http.StatusOK)
	b.submit("Approve", nil)
	b.says(http.StatusForbidden, "SAME_PERSON")
	for _, person := range []string{"anna", "ben"} {
		b.is(person, "approver")
		b.open("/proposals", http.StatusOK, "late papers")
		b.submit("Approve", nil)
		b.says(http.StatusOK, "Your approval is kept.")
	}
	b.says(http.StatusOK, "Nothing was found.")
	b.is("fay", "finance")
	b.open("/merchants/m1", http.StatusOK, "deposit forfeited", "4,990.00 CNY")
	b.open("/breaks", http.StatusOK, "Nothing was found.")
	b.open("/breaks/none", http.StatusNotFound, "BREAK_NOT_FOUND")
}

// Would catch a console that lets other people's pages act in a person's name, that answers under
// a name which somebody has pointed at this machine, that sends people elsewhere, and that starts
// where it would believe strangers.
func TestConsoleKeepsOthersOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := consoled(t, "--server", d.address)
	b.is("anna", "support")
	request := func(change func(*http.Request)) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+"/me", strings.NewReader("person=eve&back=//evil.example"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		b.do(r)
	}
	if request(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); b.code != http.StatusForbidden {
		t.Errorf("from another page: %d", b.code)
	}
	if request(func(r *http.Request) { r.Host = "console.evil.example" }); b.code != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", b.code)
	}
	if request(func(*http.Request) {}); b.code != http.StatusOK || b.path != "/" {
		t.Errorf("back to another page: %d at %s", b.code, b.path)
	}
	for _, x := range []struct {
		says string
		args []string
	}{
		{"must be a loopback address", []string{"--console-listen", "0.0.0.0:7414"}},
		{"--person-header (TENFOLD_PERSON_HEADER)", []string{"--person-header", "X-Token"}},
		{"no pages for the role", []string{"--roles", "authenticator"}},
		{"time zone", []string{"--tz", "Mars/Olympus"}},
		{"not on this machine", []string{"--server", "tenfold.example:7410"}},
	} {
		if code, _, errOut := try(t, append([]string{"console"}, x.args...)...); code != exitUsage || !strings.Contains(errOut, x.says) {
			t.Errorf("%v: exit %d, %q", x.args, code, errOut)
		}
	}
}

// Would catch a console behind a proxy that calls without the person's token, that takes a person
// from a cookie, or that shows more than the person's roles allow.
func TestConsoleCallsForProvedPeople(t *testing.T) {
	t.Parallel()
	now := time.Now()
	dir, authority, issuer := t.TempDir(), identitytest.NewAuthority(t, now), identitytest.NewIssuer(t)
	write := func(name string, content []byte) string { return identitytest.WriteFile(t, dir, name, content) }
	pair := func(name, spiffe string) (certificate, key string) {
		c, k := authority.Issue(t, identitytest.Leaf{SPIFFE: spiffe, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
		return write(name+".pem", c), write(name+".key", k)
	}
	serverCert, serverKey := pair("server", "")
	cert, key := pair("console", "spiffe://market.example/console")
	bundle := write("bundle.pem", authority.PEM())
	address := served(t, "--sandbox", "--listen", "127.0.0.1:0", "--ops-listen", noOps, "--database-url", pgtest.New(t).AppURL, "--log-level", "error",
		"--tls-cert", serverCert, "--tls-key", serverKey, "--tls-client-ca", bundle, "--trust-domain", "market.example",
		"--person-issuer", issuer.URL, "--person-audience", "people", "--person-jwks-url", issuer.KeysURL,
		"--workloads-file", write("workloads.yaml", []byte(`
claims: {person: sub, person_client: azp, person_roles: tenfold_roles}
workloads:
  - {name: console, spiffe: "spiffe://market.example/console", roles: [support, finance]}
`)))
	token := func(person string, roles ...any) string {
		return issuer.Sign(t, issuer.Claims(now, person, "people", map[string]any{"azp": "console", "tenfold_roles": roles}))
	}
	proof := []string{"--server", address, "--server-ca", bundle, "--client-cert", cert, "--client-key", key}
	if code, _, errOut := try(t, append([]string{"console"}, proof...)...); code != exitUsage || !strings.Contains(errOut, "--person-header (TENFOLD_PERSON_HEADER)") {
		t.Errorf("without a header: exit %d, %q", code, errOut)
	}
	b := consoled(t, append(proof, "--person-header", "X-Forwarded-Access-Token", "--roles", "support,finance")...)
	b.open("/", http.StatusForbidden, "has not signed you in")
	b.header.Set("X-Forwarded-Access-Token", token("anna", "support"))
	b.open("/", http.StatusOK, "anna", "Queues")
	b.post("/me", url.Values{"role": {"finance"}, "person": {"eve"}, "back": {"/books"}})
	b.says(http.StatusForbidden, "ACCESS_DENIED")
	b.header.Set("X-Forwarded-Access-Token", token("fay", "finance"))
	b.open("/books", http.StatusOK, "fay", "Nothing was found.")
	// A token whose claim is no id assigns nothing to nobody, which would take it from somebody.
	b.header.Set("X-Forwarded-Access-Token", token("fay@market.example", "finance"))
	b.post("/breaks/1", url.Values{"action": {"take"}, "etag": {"1"}})
	b.says(http.StatusBadRequest, "nothing can be assigned to you")
	b.header.Set("X-Forwarded-Access-Token", token("fay", "finance")+"x")
	b.open("/books", http.StatusForbidden, "CREDENTIAL_INVALID")
	b.header["X-Forwarded-Access-Token"] = []string{token("fay", "finance"), token("anna", "support")}
	b.open("/", http.StatusForbidden, "has not signed you in")
}
