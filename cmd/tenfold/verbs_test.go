package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// desk is a sandbox with the people who work at it.
type desk struct {
	t       *testing.T
	address string
}

// newDesk serves a sandbox at the morning of 2 March 2026 with the book m1 in it.
func newDesk(t *testing.T) *desk {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, seal.NewFile("k1"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &desk{t, served(t, "--webhook-keys", keys, "--evidence-dir", t.TempDir(), "--sandbox", "--insecure-loopback", "--sandbox-start", "2026-03-02T09:00:00Z", "--listen", "127.0.0.1:0",
		"--ops-listen", noOps, "--database-url", pgtest.New(t).AppURL, "--log-level", "error")}
	conn, err := caller.Identity{Workload: "tenfold-cli", Role: "operator"}.Dial(d.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = tenfoldv1.NewDepositServiceClient(conn).OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "r1", CurrencyCode: "CNY"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// says runs a command, which must end with code and say want; it gives what it printed.
func (d *desk) says(code int, want string, args ...string) string {
	d.t.Helper()
	got, out, errOut := try(d.t, append(args, "--server", d.address)...)
	if got != code || !strings.Contains(out+errOut, want) {
		d.t.Fatalf("%v: exit %d, %q %q; want %d and %q", args, got, out, errOut, code, want)
	}
	return out
}

// file files a claim on a product of the sandbox and gives its id.
func (d *desk) file(line, product, destination string) string {
	d.t.Helper()
	request := strings.NewReplacer(
		`"requestId": "r1"`, `"requestId": "file-`+line+`"`, "orderLines/l1", "orderLines/"+line, `"sandbox-counterfeit"`, `"`+product+`"`,
		`"wallet-1"`, `"`+destination+`"`, `"o1"`, `"order-`+line+`"`, `"p1"`, `"payment-`+line+`"`,
	).Replace(filing)
	path := filepath.Join(d.t.TempDir(), "claim.json")
	if err := os.WriteFile(path, []byte(request), 0o600); err != nil {
		d.t.Fatal(err)
	}
	out := d.says(exitOK, " filed: ", "claim", "file", path)
	return strings.Fields(out)[1]
}

// Would catch a claim that nobody can bring to its end from a shell: from the deposit and the
// register over result, notice and consent to the payout.
func TestVerbsBringAClaimToItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.says(exitOK, "5,000.00", "book", "top-up", "m1", "--amount", "5,000.00 CNY", "--payment-reference", "pay-1", "--yes")
	d.says(exitOK, "CTI", "authenticator", "register", "cti", "--kind", "accredited-lab", "--display-name", "CTI", "--category", "beauty")
	d.says(exitOK, "every category", "authenticator", "list", "--kind", "brand")
	d.says(exitOK, "ACCREDITED_LAB", "authenticator", "get", "cti")
	testKeys(t, d)
	id := d.file("a1", "plain", "wallet-1")
	d.says(exitOK, "COUNTERFEIT", "result", "record", id, "--authenticator", "cti", "--report", "CTI-17", "--counterfeit", "1", "--custody-intact",
		"--sample-source", "consumer-sample", "--issued-at", "2026-03-01 10:00", "--yes")
	d.says(exitOK, "1 result\n", "result", "list", id)
	result := regexp.MustCompile(`merchants/m1/results/\S+`).FindString(d.says(exitOK, "", "result", "list", id))
	d.says(exitOK, "CTI-17", "result", "get", result)
	d.says(exitOK, "1 claim\n", "notice", "list", "--merchant", "m1")
	d.says(exitOK, "EVIDENCE", "claim", "add-evidence", id, "--kind", "EVIDENCE", "--reference", "crm://1", "--role", "operator")
	d.says(exitOK, "1 piece\n", "claim", "evidence", id)
	testFiles(t, d, id)
	testNotices(t, d, id)
	d.says(exitUsage, "say --yes", "claim", "accept", id, "--role", "operator")
	d.says(exitOK, "PAYING", "claim", "accept", id, "--role", "operator", "--validate-only")
	d.says(exitOK, "NOTIFIED", "claim", "get", id)
	d.says(exitFailed, "CLAIM_CHANGED", "claim", "accept", id, "--role", "operator", "--etag", "another", "--yes")
	d.says(exitOK, "PAYING", "claim", "accept", id, "--role", "operator", "--request-id", "accept-1", "--yes")
	d.says(exitOK, "carried out before", "claim", "accept", id, "--role", "operator", "--request-id", "accept-1", "--yes")
	d.says(exitOK, "payouts instructed", "sandbox", "run")
	d.says(exitOK, "PAID", "claim", "get", id)
	d.says(exitOK, "2 payouts\n", "payout", "list", id)
	d.says(exitOK, "SUCCEEDED", "payout", "list", "m1", "--state", "succeeded", "--role", "finance")
	d.says(exitOK, "ClaimService/AcceptClaim", "request", "get", "m1", "ClaimService/AcceptClaim", "accept-1", "--role", "operator")
	d.says(exitFailed, "REQUEST_NOT_FOUND", "request", "get", "m1", "ClaimService/AcceptClaim", "accept-2", "--role", "operator")
	d.says(exitOK, "moves\n", "claim", "moves", id)
	d.says(exitOK, "1 verdict\n", "claim", "revisions", id)
	d.says(exitOK, "CAPTURED", "book", "holds", "m1", "--claim", id)
	testAccepts(t, d)
	testCSV(t, d)
}

// testKeys gives a laboratory a key, lists it and revokes it.
func testKeys(t *testing.T, d *desk) {
	t.Helper()
	dir, s := t.TempDir(), signaturetest.Ed25519(1)
	public, proof := filepath.Join(dir, "cti.jwk"), filepath.Join(dir, "cti.proof")
	for path, content := range map[string]string{public: s.Public, proof: s.Proof("cti", time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))} {
		if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	add := []string{"authenticator", "key", "add", "cti", "--public-key", public, "--proof", proof, "--valid-until", "2027-03-02T00:00:00Z", "--note", "first"}
	d.says(exitUsage, "--public-key cannot be read", "authenticator", "key", "add", "cti", "--public-key", public+"x", "--proof", proof, "--valid-until", "2027-03-02T00:00:00Z", "--note", "first")
	d.says(exitFailed, "PERSON_REQUIRED", add...)
	d.says(exitOK, "KEY_ADDED", append(add, "--person", "oscar")...)
	d.says(exitOK, "0 keys\n", "authenticator", "key", "list", "cti")
	d.says(exitOK, "APPLIED", "authenticator", "approve", "cti/2", "--person", "anna")
	d.says(exitOK, "VALID", "authenticator", "key", "list", "cti")
	key := "cti/" + s.Thumbprint
	d.says(exitOK, "EdDSA", "authenticator", "key", "get", key)
	id := d.file("s1", "plain", "wallet-2")
	signed := filepath.Join(dir, "report.txt")
	report := `{"schema":"tenfold.result/1","report":{"number":"CTI-9","issuedAt":"2026-03-01T10:00:00Z"},"issuer":{"authenticator":"cti"},` +
		`"subject":{"merchant":"m1","claim":"` + id + `"},"items":[{"unit":1,"verdict":"GENUINE"}],"sampleSource":"CONSUMER_SAMPLE","custodyIntact":true,` +
		`"relatesOnlyToItemsTested":true}`
	if err := os.WriteFile(signed, []byte(s.Sign(s.Header("vnd.tenfold.result+jws"), []byte(report))), 0o600); err != nil {
		t.Fatal(err)
	}
	d.says(exitUsage, "say --yes", "result", "record-signed", "m1", "--file", signed)
	out := d.says(exitOK, "CTI-9", "result", "record-signed", "m1", "--file", signed, "--yes")
	d.says(exitOK, "is what authenticators/cti signed", "result", "verify", regexp.MustCompile(`merchants/m1/results/\S+`).FindString(out))
	d.says(exitUsage, "ID/THUMBPRINT", "authenticator", "key", "get", s.Thumbprint)
	d.says(exitUsage, "say --yes", "authenticator", "key", "revoke", key, "--note", "copied")
	d.says(exitOK, "REVOKED", "authenticator", "key", "revoke", key, "--note", "copied", "--yes")
	d.says(exitFailed, "KEY_REVOKED", "authenticator", "key", "revoke", key, "--note", "again", "--yes")
}

// testAccepts agrees to the debit of a file of claims.
func testAccepts(t *testing.T, d *desk) {
	t.Helper()
	id := d.file("a2", "sandbox-counterfeit-1", "wallet-1")
	d.says(exitOK, "results recorded", "sandbox", "run")
	path := filepath.Join(t.TempDir(), "agreed.txt")
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.says(exitUsage, "say --yes", "notice", "accept", path, "--scope", "merchants/m1")
	d.says(exitOK, "PAYING", "notice", "accept", path, "--scope", "merchants/m1", "--yes")
	d.says(exitFailed, "1 of 1 item refused", "notice", "accept", path, "--scope", "merchants/m1", "--yes")
}

// testNotices confirms a notice by a file, twice.
func testNotices(t *testing.T, d *desk, id string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notices.txt")
	if err := os.WriteFile(path, []byte(id+"\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.says(exitOK, "NOTIFIED", "notice", "attempt", id, "--channel", "letter", "--reference", "EMS-1")
	d.says(exitUsage, "without a terminal", "notice", "confirm", path)
	d.says(exitOK, "accepted", "notice", "confirm", path, "--yes")
	d.says(exitOK, "accepted before", "notice", "confirm", path, "--yes")
	d.says(exitOK, "0 claims\n", "notice", "list", "--merchant", "m1")
	if err := os.WriteFile(path, []byte(id+"\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.says(exitUsage, "line 2", "notice", "confirm", path, "--yes")
}

// testCSV reads the transfers of the book as a spreadsheet does.
func testCSV(t *testing.T, d *desk) {
	t.Helper()
	out := d.says(exitOK, "", "book", "transfers", "m1", "-o", "csv", "--bom")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, byteOrderMark))).ReadAll()
	if err != nil || !strings.HasPrefix(out, byteOrderMark) || len(rows) < 3 {
		t.Fatalf("%v: %q", err, out)
	}
	at := func(row []string, title string) string {
		for i, name := range rows[0] {
			if name == title {
				return row[i]
			}
		}
		t.Fatalf("no column %s in %v", title, rows[0])
		return ""
	}
	if at(rows[1], "Amount") != "5000.00" || at(rows[1], "Currency") != "CNY" || !strings.HasSuffix(at(rows[1], "Recorded"), "+08:00") {
		t.Errorf("the first transfer is %v", rows[1])
	}
	lines := strings.Split(strings.TrimSpace(d.says(exitOK, "", "book", "transfers", "m1", "-o", "jsonl")), "\n")
	for _, line := range lines {
		var transfer struct{ Name string }
		if err := json.Unmarshal([]byte(line), &transfer); err != nil || !strings.HasPrefix(transfer.Name, "merchants/m1/transfers/") {
			t.Errorf("%v: %s", err, line)
		}
	}
	if len(lines) != len(rows)-1 {
		t.Errorf("%d lines and %d rows", len(lines), len(rows)-1)
	}
	part := d.says(exitOK, "1 transfer, and there are more; go on with --page-token ", "book", "transfers", "m1", "--limit", "1")
	token := strings.Fields(part[strings.Index(part, "--page-token"):])[1]
	if rest := d.says(exitOK, "", "book", "transfers", "m1", "--page-token", token, "-o", "jsonl"); strings.Count(rest, "\n") != len(lines)-1 {
		t.Errorf("the rest of %d transfers is %s", len(lines), rest)
	}
	d.says(exitUsage, "--limit", "book", "transfers", "m1", "--limit", "0")
	d.says(exitFailed, "MERCHANT_NOT_FOUND", "book", "transfers", "nosuch")
	d.says(exitUsage, "--output (TENFOLD_OUTPUT) must be table or json", "book", "get", "m1", "-o", "csv")
	d.says(exitOK, "", "sandbox", "advance", "24h")
	checkReports(t, d)
}

// Would catch decisions of reviewers, panels and approvers that cannot be made from a shell, or
// that go through without what the contract demands.
func TestVerbsDecideAndAppeal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	contested := d.file("b1", "sandbox-conflict", "wallet-1")
	d.says(exitOK, "results recorded", "sandbox", "run")
	d.says(exitOK, "IN_REVIEW", "claim", "take", "--person", "rita")
	d.says(exitOK, "back in its queue", "claim", "release", contested, "--person", "rita")
	d.says(exitOK, "otto", "claim", "assign", contested, "otto")
	d.says(exitOK, "IN_REVIEW", "claim", "assign", contested)
	decide := []string{"claim", "decide", contested, "--person", "rita", "--yes"}
	d.says(exitUsage, "--note is missing", append(decide, "--decision", "reject")...)
	d.says(exitUsage, "--decision must be uphold, reject, retest, expire or refund-path", append(decide, "--decision", "perhaps", "--note", "n")...)
	d.says(exitUsage, "unit_verdicts must be set with UPHOLD", append(decide, "--decision", "uphold", "--note", "n")...)
	d.says(exitUsage, "names unit 1 twice", append(decide, "--decision", "uphold", "--counterfeit", "1,1", "--note", "n")...)
	d.says(exitOK, "NOTIFIED", append(decide, "--decision", "uphold", "--counterfeit", "1", "--note", "seams are wrong")...)
	merchant := []string{"--role", "merchant", "--scope", "merchants/m1"}
	d.says(exitOK, "NOTIFIED", append([]string{"claim", "confirm-notice", contested, "--yes"}, merchant...)...)
	d.says(exitOK, "APPEALED", append([]string{"claim", "appeal", contested, "--note", "it is real", "--evidence", "invoice-1", "--evidence", "invoice,2"}, merchant...)...)
	d.says(exitOK, "invoice-1, invoice,2", "claim", "appeals", contested)
	d.says(exitFailed, "SAME_PERSON", "claim", "decide-appeal", contested, "--person", "rita", "--decision", "dismissed", "--note", "no", "--yes")
	d.says(exitOK, "clock stopped since", "claim", "stop-clock", contested, "--note", "a test runs", "--person", "otto")
	d.says(exitOK, "APPEALED", "claim", "resume-clock", contested, "--person", "otto")
	d.says(exitOK, "REJECTED", "claim", "decide-appeal", contested, "--person", "otto", "--decision", "upheld", "--note", "it is real", "--yes")
	d.says(exitOK, "IN_REVIEW", "claim", "reconsider", contested, "--note", "look again", "--evidence-kind", "PHOTO", "--evidence-reference", "dam://1",
		"--evidence-digest", strings.Repeat("0a", 32), "--yes")
	d.says(exitOK, "APPEAL  otto            1", "claim", "decisions", "--from", "2026-03-01T00:00:00Z")
	d.says(exitOK, "WITHDRAWN", "claim", "withdraw", contested, "--yes")
	d.says(exitFailed, "CLAIM_STATE_CONFLICT", "claim", "withdraw", contested, "--yes")
	d.says(exitFailed, "CLAIM_STATE_CONFLICT", "claim", "approve", contested, "--person", "anna", "--yes")
	d.says(exitFailed, "PERSON_REQUIRED", "claim", "refuse-amount", contested, "--note", "too much", "--yes")
	d.says(exitOK, "0 approvals\n", "claim", "approvals", contested)
	d.says(exitOK, "REVIEW", "claim", "states")
}

// Would catch money decisions, payouts, webhooks and order lines that cannot be handled from a
// shell.
func TestVerbsOfMoneyAndHooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pay := func(verb, amount, flag, reference string) []string {
		return []string{"book", verb, "m1", "--amount", amount, flag, reference, "--yes"}
	}
	d.says(exitOK, "300.00", pay("top-up", "300.00CNY", "--payment-reference", "p-1")...)
	d.says(exitFailed, "REFERENCE_ALREADY_USED", pay("top-up", "300.00CNY", "--payment-reference", "p-1")...)
	d.says(exitFailed, "CURRENCY_MISMATCH", pay("top-up", "300.00USD", "--payment-reference", "p-2")...)
	d.says(exitUsage, "--amount must have 2 decimals or none", pay("top-up", "300.1CNY", "--payment-reference", "p-2")...)
	d.says(exitOK, "80.00", pay("hand-over", "80CNY", "--settlement-reference", "s-1")...)
	d.says(exitOK, "30.00", pay("take-back", "30CNY", "--settlement-reference", "s-2")...)
	d.says(exitOK, "DEPOSIT", pay("withdraw", "100.00CNY", "--payment-reference", "p-3")...)
	d.says(exitOK, "2 transfers\n", "book", "transfers", "-", "--filter", "account = SHOP_FUNDS", "--order-by", "recorded_at desc")
	d.says(exitUsage, "exactly one of --payment-reference, --transfer", "book", "reverse-top-up", "m1", "--yes")
	d.says(exitOK, "TOP_UP", "book", "reverse-top-up", "m1", "--payment-reference", "p-1", "--yes")
	d.says(exitOK, "m1", "book", "debts", "-", "--filter", "open >= 1", "-o", "csv")
	d.says(exitFailed, "PERSON_REQUIRED", "proposal", "propose-write-off", "m1", "--debt-kind", "top-up", "--payment-reference", "p-1", "--amount", "40.00CNY", "--note", "n")
	out := d.says(exitOK, "WRITE_OFF", "proposal", "propose-write-off", "m1", "--debt-kind", "top-up", "--payment-reference", "p-1", "--amount", "40.00CNY",
		"--note", "insolvent", "--person", "fay")
	proposal := regexp.MustCompile(`merchants/m1/proposals/[0-9]+`).FindString(out)
	d.says(exitFailed, "SAME_PERSON", "proposal", "approve", proposal, "--person", "fay", "--yes")
	d.says(exitOK, "OPEN", "proposal", "approve", strings.Replace(proposal, "merchants/m1/proposals", "m1", 1), "--person", "anna", "--yes")
	d.says(exitOK, "anna approved", "proposal", "get", proposal)
	d.says(exitOK, "REFUSED", "proposal", "reject", proposal, "--person", "olga", "--note", "no", "--yes")
	d.says(exitOK, "1 proposal\n", "proposal", "list", "m1", "--state", "refused")
	d.says(exitOK, "1 proposal\n", "proposal", "list", "-", "--state", "refused", "--role", "approver")
	d.says(exitOK, "0 proposals\n", "proposal", "list", "-", "--state", "open", "--role", "approver")
	d.says(exitUsage, "--state must be open, carried-out, refused or void", "proposal", "list", "m1", "--state", "gone")
	testAdjustments(d)
	d.says(exitOK, "leaving since", "book", "begin-exit", "m1", "--yes")
	d.says(exitFailed, "EXIT_NOT_POSSIBLE", "book", "complete-exit", "m1", "--deposit-reference", "p-9", "--yes")
	d.says(exitOK, "Book merchants/m1", "book", "cancel-exit", "m1")
	d.says(exitOK, "Transfers by kind", "book", "trial-balance", "-")
	d.says(exitOK, "SETTLEMENT_CLEARING,DEBIT", "book", "trial-balance", "m1", "--recorded-by", "2026-03-02 12:00", "-o", "csv")
	d.says(exitUsage, "only one of them can be given", "book", "trial-balance", "m1", "--recorded-by", "2026-03-02 12:00", "--effective-by", "2026-03-02 12:00")
	d.says(exitFailed, "recorded_by is in the future", "book", "trial-balance", "m1", "--recorded-by", "2096-03-02 12:00")
	d.says(exitUsage, "--read-time (TENFOLD_READ_TIME) must be a time", "book", "get", "m1", "--read-time", "yesterday")
	d.says(exitFailed, "MERCHANT_NOT_FOUND", "book", "get", "m1", "--read-time", "2020-01-01 12:00")
	d.says(exitOK, "Week of", "book", "exposure", "m1")
	d.says(exitOK, "Week of", "book", "exposure", "-", "--recorded-by", "2026-03-02 12:00")
	d.says(exitFailed, "recorded_by is in the future", "book", "exposure", "m1", "--recorded-by", "2096-03-02 12:00")
	d.says(exitOK, "Age,Kind,Debts,Open", "book", "debts", "m1", "--by-age", "-o", "csv")
	d.says(exitOK, "", "book", "debts", "-", "--recorded-by", "2026-03-02 12:00")
	d.says(exitOK, "", "book", "debts", "m1", "--effective-by", "2026-03-02 12:00", "--by-age")
	d.says(exitUsage, "only one of them can be given", "book", "debts", "m1", "--recorded-by", "2026-03-02 12:00", "--effective-by", "2026-03-02 12:00")
	d.says(exitUsage, "must be a time", "book", "debts", "m1", "--recorded-by", "yesterday")
	d.says(exitFailed, "effective_by is in the future", "book", "debts", "m1", "--effective-by", "2096-03-02 12:00")
	d.says(exitFailed, "transfers cannot be listed by", "book", "transfers", "-", "--filter", "colour = RED")
	d.says(exitOK, "0 payouts\n", "payout", "list", "-", "--filter", "part = REFUND")
	testWebhooks(d)
	testLines(t, d)
	d.says(exitFailed, "ACCESS_DENIED", "refusal", "list", "--role", "support")
	for range 1000 { // Refused attempts are written together, once a second.
		if _, out, _ := try(t, "refusal", "list", "-o", "csv", "--from", "2020-01-01T00:00:00Z", "--server", d.address); strings.Contains(out, "PERSON_REQUIRED,tenfold-cli,finance") {
			return
		}
	}
	t.Error("the refused attempt is not listed")
}

// testAdjustments takes money in that matches nothing, corrects a top-up and books one above
// the limit, each by three people.
func testAdjustments(d *desk) {
	d.t.Helper()
	name := regexp.MustCompile(`merchants/m1/proposals/[0-9]+`)
	agreed := func(args ...string) {
		d.t.Helper()
		p := name.FindString(d.says(exitOK, "OPEN", append([]string{"propose"}, append(args, "--note", "as seen", "--person", "fay")...)...))
		d.says(exitOK, p, "inbox", "-o", "csv")
		d.says(exitOK, "OPEN", "approve", p, "--person", "anna", "--yes")
		d.says(exitOK, "CARRIED_OUT", "approve", p, "--person", "bert", "--yes")
	}
	agreed("suspense-in", "m1", "--from", "settlement-clearing", "--amount", "500.00CNY", "--payment-reference", "p-20")
	agreed("suspense-out", "m1", "--to", "settlement-clearing", "--amount", "500.00CNY", "--payment-reference", "p-21")
	d.says(exitUsage, "--from must be", "propose", "suspense-in", "m1", "--from", "pocket", "--amount", "1CNY", "--payment-reference", "p-22", "--note", "n")
	d.says(exitFailed, "it moves money from PLATFORM_CASH, or from SETTLEMENT_CLEARING", "propose", "suspense-in", "m1", "--from", "deposit", "--amount", "1CNY",
		"--payment-reference", "p-22", "--note", "n", "--person", "fay")
	d.says(exitOK, "12.00", "book", "top-up", "m1", "--amount", "12.00CNY", "--payment-reference", "p-23", "--yes")
	agreed("correct-top-up", "m1", "--amount", "0.00CNY", "--payment-reference", "p-23")
	d.says(exitFailed, "propose it as TOP_UP", "book", "top-up", "m1", "--amount", "50000.01CNY", "--payment-reference", "p-24", "--yes")
	agreed("top-up", "m1", "--amount", "50000.01CNY", "--payment-reference", "p-24")
	agreed("hand-over", "m1", "--amount", "50000.01CNY", "--payment-reference", "p-25")
	d.says(exitOK, "0 proposals\n", "inbox")
}

func testWebhooks(d *desk) {
	d.t.Helper()
	d.says(exitUsage, "completion lists them", "webhook", "create", "m1", "https://shop.example/h", "--kinds", "claim-fild")
	hook := regexp.MustCompile(`merchants/m1/webhooks/\S+`).FindString(
		d.says(exitOK, "whsec_", "webhook", "create", "m1", "https://shop.example/h", "--kinds", "claim-filed,notice-confirmed", "--confirms-notices"))
	d.says(exitOK, "CLAIM_FILED, NOTICE_CONFIRMED", "webhook", "list", "m1")
	d.says(exitUsage, "--overlap", "webhook", "rotate", hook, "--overlap", "soon", "--yes")
	d.says(exitOK, "whsec_", "webhook", "rotate", hook, "--overlap", "1d12h", "--yes")
	d.says(exitOK, "will be sent", "webhook", "redeliver", hook, "m1/1")
	d.says(exitOK, "will be sent", "webhook", "test", hook)
	d.says(exitOK, "https://shop.example/h", "webhook", "get", hook)
	d.says(exitFailed, "WEBHOOK_NOT_FOUND", "webhook", "get", "m1/none")
	d.says(exitUsage, "WEBHOOK must be MERCHANT/ID", "webhook", "get", "none")
	d.says(exitOK, "0 dead letters\n", "webhook", "dead-letters", hook)
	d.says(exitUsage, "without a terminal", "webhook", "delete", hook)
	d.says(exitOK, "is deleted", "webhook", "delete", hook, "--yes")
	d.says(exitFailed, "WEBHOOK_NOT_FOUND", "webhook", "delete", hook, "--yes")
}

// testLines corrects an order line, sends a failed payout to another wallet, and reports a
// refund.
func testLines(t *testing.T, d *desk) {
	t.Helper()
	id := d.file("c1", "plain", "wallet-1")
	d.says(exitOK, "price of a unit", "order-line", "get", "m1/c1")
	d.says(exitOK, "DESTINATION", "payout", "redirect", id, "--destination", "wallet-2", "--reason", "DESTINATION closed", "--yes", "-o", "json", "--request-id", "DESTINATION")
	d.says(exitOK, "WITHDRAWN", "claim", "withdraw", id, "--yes")
	var line struct{ OrderLine map[string]any }
	if err := json.Unmarshal([]byte(d.says(exitOK, "", "order-line", "get", "m1/c1", "-o", "json")), &line); err != nil {
		t.Fatal(err)
	}
	line.OrderLine["category"] = "food"
	delete(line.OrderLine, "refunds")
	raw, err := json.Marshal(line.OrderLine)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "line.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	d.says(exitUsage, "--revision must be a whole number", "order-line", "correct", "m1/c1", path, "--revision", "one", "--reason", "r", "--yes")
	d.says(exitUsage, "FILE cannot be read", "order-line", "correct", "m1/c1", path+"x", "--revision", "1", "--reason", "r", "--yes")
	d.says(exitOK, "food", "order-line", "correct", "m1/c1", path, "--revision", "1", "--reason", "told wrongly", "--yes")
	d.says(exitOK, "1 correction\n", "order-line", "corrections", "m1/c1")
	d.says(exitOK, "10.00", "refund", "report", "m1/c1", "--refund-id", "f1", "--amount", "10.00CNY", "--refunded-at", "2026-03-01T00:00:00Z", "--yes")
	d.says(exitFailed, "PAYOUT_NOT_FOUND", "payout", "retry", "m1/none", "--person", "fay", "--yes")
	d.says(exitFailed, "PAYOUT_NOT_FOUND", "payout", "report", "NONE", "--outcome", "failed", "--occurred-at", "2026-03-01T00:00:00Z", "--yes")
	d.says(exitOK, "2026-03-09 17:00", "sandbox", "advance", "7d")
	d.says(exitUsage, "must be a duration", "sandbox", "advance", "soon")
	d.says(exitOK, "2026-03-09 17:00", "sandbox", "clock")
}

// Would catch a page on the sandbox whose ends of a claim do not come, and a failed payout that
// no command sends again.
func TestVerbsSendAFailedPayoutAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.file("d1", "sandbox-counterfeit", "sandbox-fail")
	d.says(exitOK, "results recorded", "sandbox", "run")
	d.says(exitOK, "NOTIFIED", "claim", "confirm-notice", id, "--role", "operator", "--yes")
	d.says(exitOK, "2026-04-01", "sandbox", "advance", "30d")
	d.says(exitOK, "deadlines passed", "sandbox", "run")
	d.says(exitOK, "PAYOUT_FAILED", "claim", "get", id)
	payouts := d.says(exitOK, "SANDBOX_FAILED", "payout", "list", id, "--state", "failed")
	payout := regexp.MustCompile(`merchants/m1/payouts/\S+`).FindString(payouts)
	d.says(exitOK, "2026-04-08", "sandbox", "advance", "7d")
	d.says(exitOK, "payouts queried", "sandbox", "run")
	d.says(exitFailed, "PERSON_REQUIRED", "payout", "retry", payout, "--yes")
	d.says(exitUsage, "without a terminal", "payout", "retry", payout, "--person", "fay")
	d.says(exitOK, "PAYING", "payout", "retry", payout, "--destination", "wallet-2", "--person", "fay", "--note", "closed", "--yes")
	d.says(exitOK, "payouts instructed", "sandbox", "run")
	d.says(exitOK, "PAID", "claim", "get", id)
}
