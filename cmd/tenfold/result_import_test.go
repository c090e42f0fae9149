package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const verificationDocument = "../../docs/verification.md"

// Would catch a page whose file or commands nobody can follow, a file that is recorded twice or
// in part, and a result that is lost or recorded although its line is wrong.
func TestResultsAreImported(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	s.says(exitOK, "opened", "book", "open", "m1")
	claim := strings.NewReplacer("2025-12-01", "2026-11-01", "2025-12-03", "2026-11-03", "2026-01-01", "2026-11-20", "sandbox-counterfeit", "p-1").Replace(filing)
	s.says(exitOK, "filed", "claim", "file", s.write("claim.json", claim))
	good := blocks(t, verificationDocument, "csv")[0]
	path := s.write("cti.csv", good)
	for _, line := range strings.Split(strings.TrimSpace(blocks(t, verificationDocument, "sh")[0]), "\n") {
		words := strings.Fields(strings.Replace(line, "cti.csv", path, 1))
		s.says(exitOK, "1 result", words[1:]...)
	}
	s.says(exitOK, "0 results recorded; 1 recorded before, 0 refused", "results", "import", path, "--authenticator", "sandbox-lab", "--merchant", "m1", "--yes")
	s.says(exitUsage, "say --yes", "result", "import", path, "--authenticator", "sandbox-lab")
	s.says(exitUsage, "--authenticator is missing", "result", "import", path, "--yes")
	s.says(exitUsage, "no such file", "result", "import", path+"x", "--authenticator", "sandbox-lab", "--yes")

	// Another file tells every verdict; it has the ids of a file without those columns where they are empty.
	kinds := s.write("kinds.csv", strings.Replace(strings.Replace(good, "counterfeit", "counterfeit,tampered,gray_market,altered,not_as_described,not_our_product", 1),
		"consumer-sample,1", "consumer-sample,1,,,,,", 1))
	s.says(exitOK, "0 results recorded; 1 recorded before, 0 refused", "results", "import", kinds, "--authenticator", "sandbox-lab", "--merchant", "m1", "--yes")

	// One line more: only it is new, and it is about a line that nobody claims.
	more := s.write("more.csv", good+"no-line,CTI-2026-118,2026-11-30 10:00,photos,1,,,\n")
	out := s.says(exitFailed, "CLAIM_NOT_FOUND", "result", "import", more, "--authenticator", "sandbox-lab", "--merchant", "m1", "--yes")
	if !strings.Contains(out, "0 results recorded; 1 recorded before, 1 refused") || !strings.Contains(out, "CTI-2026-118") {
		t.Errorf("the refused line is told as %s", out)
	}
	var told struct {
		Items []struct {
			Result string
			Status struct{ Reason string }
		}
	}
	code, answer, _ := try(t, "result", "import", more, "--authenticator", "sandbox-lab", "--merchant", "m1", "--yes", "-o", "json", "--server="+s.address)
	if err := json.Unmarshal([]byte(answer), &told); err != nil || code != exitFailed || len(told.Items) != 2 ||
		!strings.HasPrefix(told.Items[0].Result, "merchants/m1/results/") || told.Items[1].Status.Reason != "REASON_CLAIM_NOT_FOUND" {
		t.Errorf("in JSON: exit %d, %v, %s", code, err, answer)
	}
	s.says(exitOK, "CTI-2026-117", "result", "list", strings.TrimPrefix(firstClaim(t, s), "merchants/m1/claims/"))
}

// signedReport is a report of cti on a unit of line l1 of m1, as the body signs it.
func signedReport(s *signaturetest.Signer, number, subject string) string {
	return s.Sign(s.Header("vnd.tenfold.result+jws"), []byte(`{"schema":"tenfold.result/1","report":{"number":"`+number+`","issuedAt":"2026-11-30T02:00:00Z"},`+
		`"issuer":{"authenticator":"cti"},"subject":`+subject+`,"items":[{"unit":1,"verdict":"COUNTERFEIT"}],"sampleSource":"PHOTOS","relatesOnlyToItemsTested":true}`))
}

// Would catch a file of signed results, one in each line or in a column, that is not recorded, is
// recorded twice or without what stands beside it, and a fault that is told of another line.
func TestSignedResultsAreImported(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	s.says(exitOK, "opened", "book", "open", "m1")
	claim := strings.NewReplacer("2025-12-01", "2026-11-01", "2025-12-03", "2026-11-03", "2026-01-01", "2026-11-20", "sandbox-counterfeit", "p-1").Replace(filing)
	s.says(exitOK, "filed", "claim", "file", s.write("claim.json", claim))
	k, other := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	s.says(exitOK, "cti", "authenticator", "register", "cti", "--kind", "accredited-lab", "--display-name", "CTI")
	s.says(exitOK, "KEY_ADDED", "authenticator", "key", "add", "cti", "--public-key", s.write("cti.jwk", k.Public), "--proof",
		s.write("cti.proof", k.Proof("cti", time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))), "--valid-until", "2027-03-02T00:00:00Z", "--note", "first", "--person", "oscar")
	s.says(exitOK, "APPLIED", "authenticator", "approve", "cti/2", "--person", "anna")
	const line = `{"merchant":"m1","orderLine":"l1"}`
	good, forged := signedReport(k, "S-1", line), signedReport(other, "S-2", line)
	path := s.write("cti.jws", "\ufeff"+good+"\r\n\r\n")
	s.says(exitOK, "1 result would be recorded", "results", "import", path, "--validate-only")
	s.says(exitOK, "1 result recorded; 0 recorded before, 0 refused", "results", "import", path, "--yes")
	s.says(exitOK, "0 results recorded; 1 recorded before, 0 refused", "results", "import", path, "--yes", "--authenticator", "cti")
	out := s.says(exitFailed, "KEY_NOT_FOUND", "results", "import", s.write("two.jws", good+"\n"+forged+"\n"), "--yes")
	if !strings.Contains(out, "0 results recorded; 1 recorded before, 1 refused") || !strings.Contains(out, "S-2") {
		t.Errorf("the refused line is told as %s", out)
	}
	mixed := "signed_result,fee,fee_paid_by,order_line,report,issued_at,sample_source,counterfeit\n" +
		signedReport(k, "S-3", line) + ",300.00CNY,platform,,,,,\n,,,l1,U-1,2026-11-30T02:00:00Z,photos,1\n"
	s.says(exitUsage, "--authenticator is missing", "results", "import", s.write("mixed.csv", mixed), "--yes")
	s.says(exitOK, "2 results recorded", "results", "import", s.write("mixed.csv", mixed), "--yes", "--authenticator", "cti", "--merchant", "m1")
	list := s.says(exitOK, "S-3", "result", "list", strings.TrimPrefix(firstClaim(t, s), "merchants/m1/claims/"), "-o", "json")
	if !strings.Contains(list, `"minorUnits": "30000"`) && !strings.Contains(list, `"minorUnits":"30000"`) {
		t.Errorf("the fee is lost: %s", list)
	}
	// A corrected report, signed and not, takes the place of an earlier one.
	name := regexp.MustCompile(`merchants/m1/results/[A-Za-z0-9-]+`).FindString(list)
	corrections := "signed_result,supersedes,order_line,report,issued_at,sample_source,counterfeit\n" +
		signedReport(k, "S-4", line) + "," + name + ",,,,,\n"
	s.says(exitOK, "1 result recorded", "results", "import", s.write("corrections.csv", corrections), "--yes", "--authenticator", "cti", "--merchant", "m1")
	s.says(exitOK, `"retracted":`, "result", "get", strings.TrimPrefix(strings.Replace(name, "/results/", "/", 1), "merchants/"), "-o", "json")
	unsigned := strings.Replace(corrections, signedReport(k, "S-4", line)+","+name+",,,,,", ","+name+",l1,U-2,2026-11-30T02:00:00Z,photos,1", 1)
	out = s.says(exitFailed, "RESULT_ALREADY_RETRACTED", "results", "import", s.write("again.csv", unsigned), "--yes", "--authenticator", "cti", "--merchant", "m1")
	if !strings.Contains(out, "1 refused") {
		t.Errorf("corrected twice: %s", out)
	}
	for content, want := range map[string]string{
		"signed_result,supersedes\n" + good + ",none\n": "f.csv:2: supersedes must be MERCHANT/ID",
		good + "\n" + good:                              "f.csv:2: is the same as line 1",
		good + "\nx.y.z":                                "f.csv:2: is no signed result",
		good + "\n\nnothing":                            "f.csv:3: is no signed result",
		good + "\n" + strings.Repeat("a", 1<<18):        "f.csv:2: has more than 131072 bytes",
		"signed_result,report\n" + good + ",R-1\n":      "f.csv:2: report must be empty beside signed_result",
		"signed_result,merchant\n" + good + ",m2\n":     "f.csv:2: is signed about merchant m1, and not about",
		"signed_result,fee\n" + good + ",3.00CNY\n":     "f.csv:2: fee and fee_paid_by must be given together",
		"signed_result,commission\n" + good + ",none\n": "f.csv:2: commission must be MERCHANT/CLAIM/NUMBER",
		"signed_result,merchant\n,m1\n":                 "f.csv:2: report is missing",
		"signed_result\nx.y\n":                          "f.csv:2: is no signed result",
	} {
		f := newResultFile("f.csv", "authenticators/cti", "m1", time.UTC)
		if err := f.read(strings.NewReader(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %q", content, err, want)
		}
	}
	if f, err := readResults(good); err == nil || !strings.Contains(err.Error(), "is signed for authenticator cti, not for") {
		t.Errorf("for another body: %v, %v", f.signed, err)
	}
}

// Would catch a call with more signed results than a server takes, by number or by size, and one
// that is left out.
func TestSignedResultsAreSentInParts(t *testing.T) {
	t.Parallel()
	f := newResultFile("f", "", "", time.UTC)
	for i := range 1_300 {
		f.results = append(f.results, &tenfoldv1.ResultToRecord{})
		size := 100
		if i >= 1_200 {
			size = signedMax
		}
		f.signed = append(f.signed, &tenfoldv1.RecordSignedResultRequest{SignedResult: strings.Repeat("a", size)})
	}
	unsigned, signed := 0, 0
	for _, b := range f.batches() {
		bytes := 0
		for _, r := range b.GetSignedRequests() {
			bytes += len(r.GetSignedResult())
		}
		if n := len(b.GetRequests()) + len(b.GetSignedRequests()); n == 0 || n > resultBatch || bytes > signedBytes {
			t.Errorf("a call with %d results of %d bytes", n, bytes)
		}
		unsigned, signed = unsigned+len(b.GetRequests()), signed+len(b.GetSignedRequests())
	}
	if unsigned != 1_300 || signed != 1_300 {
		t.Errorf("sent: %d and %d", unsigned, signed)
	}
}

// firstClaim is the claim of the sandbox.
func firstClaim(t *testing.T, s *policySandbox) string {
	t.Helper()
	_, out, _ := try(t, "claim", "list", "--merchant", "m1", "-o", "json", "--server="+s.address)
	var list struct{ Claims []struct{ Name string } }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Claims) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	return list.Claims[0].Name
}

// readResults reads the content of a file.
func readResults(content string) (*resultFile, error) {
	f := newResultFile("f.csv", "authenticators/lab", "m1", time.UTC)
	return f, f.read(strings.NewReader(content))
}

// Would catch a fault in a file of results that is not told, or told of another line, and a
// column of the page that there is not.
func TestFaultsInFilesOfResults(t *testing.T) {
	t.Parallel()
	const head = "order_line,report,issued_at,sample_source,counterfeit\n"
	for content, want := range map[string]string{
		"":                                      "f.csv: the file holds no results",
		head:                                    "f.csv: the file holds no results",
		"order_line,report\nl1,R-1\n":           "f.csv:1: the column issued_at is missing",
		"report,report\n":                       "f.csv:1: the column report stands there twice",
		"line,report,issued_at,sample_source\n": `f.csv:1: "line" is no column`,
		head + "l1,R-1,2026-03-02T09:00:00Z,photos\n":                                           "f.csv:2: must have 5 values like the first line, not 4",
		head + "\nl1,R-1,2026-03-02T09:00:00Z,photos,1\nl1,R-1,2026-03-02T09:00:00Z,photos,1\n": "f.csv:4: is the same as line 3",
		head + "l1,,2026-03-02T09:00:00Z,photos,1\n":                                            "f.csv:2: report is missing",
		head + "l1,R-1,yesterday,photos,1\n":                                                    "f.csv:2: issued_at must be a time",
		head + "l1,R-1,2026-03-02T09:00:00Z,film,1\n":                                           "f.csv:2: sample_source must be",
		head + "l1,R-1,2026-03-02T09:00:00Z,photos,\n":                                          "f.csv:2: must give a verdict on at least one unit",
		head + "l1,R-1,2026-03-02T09:00:00Z,photos,\"1,1\"\n":                                   "f.csv:2: counterfeit names unit 1 twice",
		head + "l1,R-1,2026-03-02T09:00:00Z,photos,0\n":                                         "f.csv:2: counterfeit must be the numbers of units",
		head + ",R-1,2026-03-02T09:00:00Z,photos,1\n":                                           "f.csv:2: must name one of claim, order_line and order, not 0",
		head + "\xb6\xa9,R-1,2026-03-02T09:00:00Z,photos,1\n":                                   "f.csv:2: is not in UTF-8",
		head + "\"l1,R-1\n": "f.csv:",
		"merchant," + head + "m 1,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":                  "f.csv:2: merchant must be",
		"claim," + head + "1KJPW-D6M05-F2S5T-CT5FN,,R-1,2026-03-02T09:00:00Z,photos,1\n":   "f.csv:2: claim names no claim",
		"claim," + head + "1KJPW-D6M05-F2S5T-CT5FM,l1,R-1,2026-03-02T09:00:00Z,photos,1\n": "f.csv:2: must name one of claim, order_line and order, not 2",
		"fee," + head + "3,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":                         "f.csv:2: fee must be an amount",
		"fee," + head + "3.00CNY,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":                   "f.csv:2: fee and fee_paid_by must be given together",
		"tampered," + head + "1,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":                    "f.csv:2: unit 1 has two verdicts",
		"genuine," + head + "1,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":                     "f.csv:2: unit 1 has two verdicts",
		"custody_intact," + head + "maybe,l1,R-1,2026-03-02T09:00:00Z,photos,1\n":          "f.csv:2: custody_intact must be yes or no",
		head + strings.Repeat("l1,,2026-03-02T09:00:00Z,photos,1\n", 200):                  "f.csv:52: and perhaps more",
	} {
		f, err := readResults(content)
		if err == nil || !strings.Contains(err.Error(), want) || len(f.List) == 0 || len(f.List) > csvFaultsMax+1 {
			t.Errorf("%q: %v; want %q", content, err, want)
		}
	}
	f, err := readResults("\ufeff" + strings.TrimSpace(head) + ",fee,fee_paid_by\r\n2026/77,R-1,2026-03-02 09:00,photos,\"1,3-4\",300.00CNY,platform\r\n")
	if err != nil || len(f.results) != 1 || f.results[0].GetOrderLineName() != "merchants/m1/orderLines/2026%2F77" ||
		len(f.results[0].GetUnitVerdicts()) != 3 || f.results[0].GetFee().GetMinorUnits() != 30_000 {
		t.Errorf("%v, %v", f.results, err)
	}
	page, err := os.ReadFile(verificationDocument)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, c := range resultColumns {
		fmt.Fprintf(&rows, "| `%s` | %s |\n", c.name, c.meaning)
	}
	if !strings.Contains(string(page), "| --- | --- |\n"+rows.String()+"\n") {
		t.Errorf("%s does not have the columns:\n%s", verificationDocument, rows.String())
	}
}

// Would catch a file that ends the command, or of which a result is taken without what every
// result has.
func FuzzResultFile(f *testing.F) {
	f.Add("order_line,report,issued_at,sample_source,counterfeit\nl1,R-1,2026-03-02T09:00:00Z,photos,1\n")
	f.Add("claim,report,issued_at,sample_source,genuine,fee,fee_paid_by\n1KJPW-D6M05-F2S5T-CT5FM,R-1,2026-03-02 09:00,photos,\"1,3-5\",3.00CNY,platform\n")
	f.Add("\ufefforder,report,report\n\"")
	f.Add(signedReport(signaturetest.Ed25519(1), "S-1", `{"merchant":"m1","orderLine":"l1"}`))
	f.Fuzz(func(t *testing.T, content string) {
		file, err := readResults(content)
		if (err == nil) != (len(file.results)+len(file.signed) > 0 && len(file.List) == 0) {
			t.Fatalf("%d results, %d faults, %v", len(file.results), len(file.List), err)
		}
		for i, r := range file.signed {
			if r.GetParent() == "" || r.GetRequestId() == "" || file.signedLines[i] < 1 {
				t.Fatalf("line %d is taken as %v", file.signedLines[i], r)
			}
		}
		for i, r := range file.results {
			if r.GetReportNumber() == "" || r.GetIssuedAt() == nil || len(r.GetUnitVerdicts()) == 0 || r.GetSubject() == nil || r.GetRequestId() == "" || file.lines[i] < 2 {
				t.Fatalf("line %d is taken as %v", file.lines[i], r)
			}
		}
	})
}
