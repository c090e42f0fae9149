package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/demo"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// filing is a claim as the order service would write it down.
const filing = `{
  "parent": "merchants/m1", "requestId": "r1",
  "orderLine": {
    "name": "merchants/m1/orderLines/l1", "orderId": "o1", "paymentId": "p1", "productId": "sandbox-counterfeit",
    "paidAt": "2025-12-01T00:00:00Z", "deliveredAt": "2025-12-03T00:00:00Z", "category": "beauty", "quantity": 1,
    "unitPrice": {"currencyCode": "CNY", "minorUnits": "9900"}, "goodsPaid": {"currencyCode": "CNY", "minorUnits": "9900"},
    "payerId": "c1"
  },
  "claimantId": "c1", "units": [1], "legalBasisChoice": "LEGAL_BASIS_BEST", "remedies": ["REMEDY_REFUND", "REMEDY_COMPENSATION"],
  "grounds": "GROUNDS_COUNTERFEIT_TRADEMARK", "learnedAt": "2026-01-01T00:00:00Z", "payoutDestination": "wallet-1"
}`

// Would catch commands that show a claim or a book wrongly, or leave a person
// without a word on why a call was refused.
func TestClaimAndBookCommands(t *testing.T) {
	t.Parallel()
	gateway, stop, err := serveGateway(payouttest.New(demo.NewClock().Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := newStage(t, gateway)
	conn, err := caller.Identity{Workload: "test", Role: "operator"}.Dial(s.process.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = tenfoldv1.NewDepositServiceClient(conn).OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "r1", CurrencyCode: "CNY"})
	if err != nil {
		t.Fatal(err)
	}
	server := "--server=" + s.process.Address()
	path := filepath.Join(t.TempDir(), "claim.json")
	if err := os.WriteFile(path, []byte(filing), 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(code int, want string, args ...string) string {
		t.Helper()
		got, out, errOut := try(t, append(args, server)...)
		if got != code || !strings.Contains(out+errOut, want) {
			t.Fatalf("%v: exit %d, %q %q; want %d and %q", args, got, out, errOut, code, want)
		}
		return out
	}
	says(exitOK, " filed: merchants/m1/claims/", "claim", "file", path)
	says(exitOK, "had been filed before", "claim", "file", path)
	if _, err := tenfoldv1.NewSandboxServiceClient(conn).RunDueWork(t.Context(), &tenfoldv1.RunDueWorkRequest{}); err != nil {
		t.Fatal(err)
	}
	var list struct{ Claims []struct{ ClaimID string } }
	if err := json.Unmarshal([]byte(says(exitOK, "claimId", "claim", "list", "--merchant", "m1", "--state", "notified", "--output", "json")), &list); err != nil || len(list.Claims) != 1 {
		t.Fatalf("%v: %+v", err, list)
	}
	id := list.Claims[0].ClaimID
	mistyped := id[:len(id)-1] + "0"
	if strings.HasSuffix(id, "0") {
		mistyped = id[:len(id)-1] + "1"
	}
	says(exitUsage, "its check character does not fit", "claim", "get", mistyped)
	says(exitUsage, "four groups of five", "claim", "get", id[1:])
	merchants := filepath.Join(t.TempDir(), "merchants")
	if err := os.WriteFile(merchants, []byte("m3\n\nm2\nm4 \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(exitOK, "can be opened", "book", "open", "m2", "--validate-only")
	says(exitFailed, "no book is open for merchant m2", "book", "get", "m2")
	says(exitOK, "opened", "book", "open", "m2", "--file", merchants)
	says(exitOK, "had been opened before", "book", "open", "merchants/m4")
	says(exitFailed, "1 of 2 books were refused", "book", "open", "m1", "m5")
	says(exitOK, "merchants/m5", "book", "get", "m5")
	says(exitUsage, "name a merchant", "book", "open")
	says(exitOK, id, "claim", "list", "--order", "o1")
	says(exitOK, "compensation awarded", "claim", "get", strings.ToLower(strings.ReplaceAll(id, "-", "")))
	says(exitOK, "RESULT_COUNTERFEIT", "claim", "get", id)
	says(exitOK, "It waits for the merchant", "claim", "explain", id)
	says(exitOK, "违约通知期", "claim", "explain", id, "--language", "zh", "--role", "operator")
	if out := says(exitOK, "It waits for", "claim", "explain", id); strings.Contains(out, "REVISE_VERDICT") {
		t.Errorf("support is told what adjudicators may do: %s", out)
	}
	says(exitOK, `"actionEffects"`, "claim", "explain", id, "--output", "json")
	says(exitOK, "sufficient results found at least one unit counterfeit", "claim", "history", id)
	says(exitOK, "录入了鉴定结果", "claim", "history", id, "--language", "zh")
	testTellsInOneZone(t, says, id)
	testHiddenIsLeftOut(t, says, id)
	for _, anchor := range [][2]string{{"--order", "o1"}, {"--claimant", "c1"}, {"--product", "sandbox-counterfeit"}, {"--authenticator", "sandbox-lab"}} {
		says(exitOK, "found at least one unit counterfeit", "claim", "find", anchor[0], anchor[1])
	}
	var found []struct {
		Claim      string
		Happenings []struct {
			Event    int64
			At, What string
		}
	}
	told := says(exitOK, "happenings", "claim", "find", "--order", "o1", "--filter", "award.total >= 1", "--oldest-first", "--output", "json")
	if err := json.Unmarshal([]byte(told), &found); err != nil || len(found) != 1 || len(found[0].Happenings) != 2 {
		t.Fatalf("%v: %+v", err, found)
	}
	for i := range found[0].Happenings[1:] {
		if found[0].Happenings[i].Event >= found[0].Happenings[i+1].Event {
			t.Errorf("not in the order of events: %+v", found[0].Happenings)
		}
	}
	says(exitUsage, "--language", "claim", "explain", id, "--language", "fr")
	says(exitUsage, "--tz", "claim", "get", id, "--tz", "Local")
	says(exitUsage, "--tz", "claim", "history", id, "--tz", "Mars/Olympus")
	says(exitUsage, "--audience", "claim", "explain", id, "--audience", "king")
	says(exitOK, "You can withdraw your claim", "claim", "explain", id, "--audience", "consumer")
	says(exitOK, "您可以在提交索赔的地方撤回索赔", "claim", "explain", id, "--audience", "consumer", "--language", "zh")
	says(exitUsage, "--gateway-reference", "claim", "find", "--filter", "state = PAID")
	says(exitUsage, "--report", "claim", "find", "--report", `a"b`)
	says(exitUsage, "two orders", "claim", "list", "--merchant", "m1", "--by-deadline", "--oldest-first")
	says(exitOK, "head of the chain", "book", "get", "m1")
	says(exitOK, "free to take out", "book", "get", "m1")
	says(exitOK, "Open for 0 to 7 days", "book", "debts", "m1")
	says(exitOK, id, "book", "debts", "merchants/m1", "--kind", "hold")
	says(exitOK, "DEBT_KIND_HOLD", "book", "debts", "m1", "--output", "json")
	if out := says(exitOK, "", "book", "debts", "m1", "--kind", "top-up"); strings.Contains(out, id) {
		t.Errorf("a claim among bounced top-ups: %s", out)
	}
	says(exitUsage, "--kind", "book", "debts", "m1", "--kind", "nowhere")
	says(exitOK, "Proposals", "book", "proposals", "m1", "--state", "open")
	says(exitOK, "{", "book", "proposals", "merchants/m1", "--output", "json")
	says(exitUsage, "--state", "book", "proposals", "m1", "--state", "nowhere")
	says(exitFailed, "MERCHANT_NOT_FOUND", "book", "proposals", "nobody")
	says(exitFailed, "MERCHANT_NOT_FOUND", "book", "debts", "nobody")
	says(exitOK, "may yet cost the merchant", "claim", "get", id)
	claims := tenfoldv1.NewClaimServiceClient(conn)
	got, err := claims.GetClaim(t.Context(), &tenfoldv1.GetClaimRequest{
		Name: "merchants/m1/claims/" + id, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = claims.AppealClaim(t.Context(), &tenfoldv1.AppealClaimRequest{
		Name: got.GetClaim().GetName(), RequestId: "r2", Etag: got.GetClaim().GetEtag(), Note: "bought from the brand", Evidence: []string{"invoice-17"},
	})
	if err != nil {
		t.Fatal(err)
	}
	says(exitOK, "waits for the panel", "claim", "get", id)
	says(exitOK, "invoice-17", "claim", "get", id, "--output", "json")
	says(exitOK, id, "claim", "list", "--queue", "appeal")
	says(exitOK, "is APPEALED, COUNTERFEIT", "claim", "watch", id, "--once")
	says(exitOK, "CLAIM_FILED", "claim", "watch", "--merchant", "m1", "--start", "beginning", "--once")
	says(exitOK, "resumeToken", "claim", "watch", "--order", "o1", "--once", "--output", "json")
	says(exitFailed, "WATCH_TOKEN_INVALID", "claim", "watch", "--token", "none")
	says(exitUsage, "--start", "claim", "watch", "--start", "yesterday")
	says(exitFailed, "CLAIM_NOT_FOUND", "claim", "get", "merchants/m2/claims/"+id)
	says(exitFailed, "CLAIM_NOT_FOUND: 没有该编号的索赔", "claim", "get", "merchants/m2/claims/"+id, "--language", "zh")
	says(exitFailed, "WATCH_TOKEN_INVALID: 订阅的续传标记无效", "claim", "watch", "--token", "none", "--language", "zh")
	says(exitFailed, "MERCHANT_NOT_FOUND", "book", "get", "nobody")
	says(exitFailed, "FILTER_UNSUPPORTED", "claim", "list", "--filter", "verdict = COUNTERFEIT")
	says(exitOK, id, "claim", "find", "--state", "appealed", "--waits-for", "appeal-panel", "--payment", got.GetClaim().GetOrderLine().GetPaymentId())
	says(exitOK, id, "claim", "find", "--report", " "+strings.ToLower(got.GetClaim().GetResults()[0].GetReportNumber()))
	says(exitOK, id, "claim", "list", "--by-deadline", "--due-from", "2020-01-01 00:00", "--due-until", "2100-01-01T00:00:00Z")
	says(exitFailed, "MERCHANT_NOT_FOUND", "claim", "list", "--merchant", "nosuch")
	says(exitOK, "APPEALED", "claim", "take", "--queue", "appeal", "--person", "rita")
	says(exitOK, "no claim in queue review is free", "claim", "take", "--person", "rita")
	says(exitUsage, "--queue", "claim", "take", "--queue", "nowhere", "--person", "rita")
	says(exitOK, id, "claim", "mine", "--person", "rita")
	says(exitOK, "1 claim", "claim", "list", "--assignee", "rita", "--by-deadline")
	says(exitOK, "0 claims", "claim", "mine", "--person", "otto")
	says(exitFailed, "ASSIGNED_TO_ANOTHER", "claim", "release", id, "--person", "otto")
	says(exitOK, "back in its queue", "claim", "release", id, "--person", "rita")
	says(exitFailed, "PERSON_REQUIRED", "claim", "note", id, "the merchant called")
	says(exitOK, "the merchant called", "claim", "note", id, "the merchant called", "--visibility", "merchant", "--person", "otto")
	says(exitUsage, "--visibility", "claim", "note", id, "a", "--visibility", "all", "--person", "otto")
	says(exitOK, "the merchant called", "claim", "notes", id, "--role", "merchant", "--scope", "merchants/m1")
	says(exitUsage, "is not a claim id", "claim", "get", "12345")
	says(exitUsage, "--queue", "claim", "list", "--queue", "nowhere")
	says(exitUsage, "--output", "claim", "list", "--output", "xml")
	says(exitUsage, "--role", "book", "get", "m1", "--role", "king")
}

// testTellsInOneZone looks at screens of which a person would have to convert times.
func testTellsInOneZone(t *testing.T, says func(int, string, ...string) string, id string) {
	t.Helper()
	for _, command := range []string{"get", "history", "explain"} {
		if out := says(exitOK, "", "claim", command, id); strings.Contains(out, "UTC") || strings.Contains(out, "+00:00") {
			t.Errorf("claim %s shows another zone than Beijing's:\n%s", command, out)
		}
		out := says(exitOK, "", "claim", command, id, "--tz", "America/New_York")
		if strings.Contains(out, "+08:00") || strings.Contains(out, "Beijing") {
			t.Errorf("claim %s shows another zone than New York's:\n%s", command, out)
		}
	}
}

// testHiddenIsLeftOut looks at the screens of a merchant.
func testHiddenIsLeftOut(t *testing.T, says func(int, string, ...string) string, id string) {
	t.Helper()
	own := []string{"--role", "merchant", "--scope", "merchants/m1"}
	for _, command := range []string{"get", "history", "explain"} {
		out := says(exitOK, "", append([]string{"claim", command, id}, own...)...)
		for _, never := range []string{"UNSPECIFIED", "claimant ", "c1", "wallet-1", "REVISE_VERDICT", "Revising the verdict", " (order-service)"} {
			if strings.Contains(out, never) {
				t.Errorf("claim %s shows a merchant %q:\n%s", command, never, out)
			}
		}
	}
	says(exitOK, "Accepting the claim", append([]string{"claim", "explain", id}, own...)...)
	says(exitOK, "claimant", "claim", "get", id)
}

// Would catch a claim that does not tell who bears it, who approved what, and that
// an approval does not count any more.
func TestPrintedDecisions(t *testing.T) {
	t.Parallel()
	yuan := func(n int64) *tenfoldv1.Money { return &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: n * 100} }
	var printed bytes.Buffer
	printClaim(&output{w: &printed}, &tenfoldv1.Claim{
		Funding: &tenfoldv1.Funding{Lost: yuan(7), ClawedBack: yuan(8)},
		Results: []*tenfoldv1.AuthenticationResult{{ReportNumber: "R-1", Retracted: true}},
		Approvals: []*tenfoldv1.Approval{
			{Revision: 1, Person: "approver-1", Amount: yuan(11)}, {Revision: 2, Person: "approver-2", Amount: yuan(12), Counts: true},
		},
		Revisions: []*tenfoldv1.Revision{{Number: 1, Cause: "COURT_DECISION", Author: "court-desk", Award: &tenfoldv1.Award{Refund: yuan(5)}}},
	}, nil)
	for _, want := range []string{
		"the platform, lost", "7.00 CNY", "the consumer, owed back", "taken back", "approver-1", "the claim has changed since",
		"COURT_DECISION", "court-desk", "5.00 CNY",
	} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("%q is not told:\n%s", want, printed.String())
		}
	}
}

// Would catch a factor of a calculation that is shown as an amount, which is zero.
func TestCalculationsShowNoAmountOfAFactor(t *testing.T) {
	t.Parallel()
	none := &tenfoldv1.SignedMoney{CurrencyCode: "CNY"}
	var out strings.Builder
	printCalculation(&output{w: &out}, &tenfoldv1.Calculation{Steps: []*tenfoldv1.CalculationStep{
		{Code: policy.StepMultiplier, Note: "10", Amount: none}, {Code: policy.StepTotal, Note: "0", Amount: none},
	}})
	if text := out.String(); strings.Contains(lineOf(text, policy.StepMultiplier), "0.00") || !strings.Contains(lineOf(text, policy.StepTotal), "0.00 CNY") {
		t.Errorf("it reads %s", text)
	}
}

// Would catch a title that is broken at the width of a narrow table, or gives orders to the terminal.
func TestTitlesStandInOneLine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	(&output{w: &out}).facts("Chain of custody of S\r1", [2]string{"state", "GAP"})
	if got, want := out.String(), "Chain of custody of S\ufffd1\nstate  GAP\n\n"; got != want {
		t.Errorf("it reads %q, want %q", got, want)
	}
}

// Would catch a list of overdue claims that does not say who has one, and that a deadline passed.
func TestListsSayWhoHasAnOverdueClaim(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printClaims(&output{w: &out}, &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{
		{ClaimId: "C1", State: tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW, Assignee: "rita", Escalated: true},
		{ClaimId: "C2", Escalated: true, EscalatedAt: timestamppb.New(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)), Deadline: &tenfoldv1.Deadline{Kind: tenfoldv1.DeadlineKind_DEADLINE_KIND_NOTICE_DEEMED}},
	}})
	if got := strings.Join(strings.Fields(lineOf(out.String(), "C1")), " "); !strings.Contains(got, "IN_REVIEW") || !strings.Contains(got, "rita ESCALATED") {
		t.Errorf("in review it reads %s", got)
	}
	if got := lineOf(out.String(), "C2"); !strings.Contains(got, "ESCALATED, NOTICE_DEEMED") || !strings.Contains(got, "2026-03-02 01:00:00") {
		t.Errorf("notified it reads %s", got)
	}
}

// Would catch a list that shows a verdict which a person decides anew like one that stands.
func TestListsMarkContestedVerdicts(t *testing.T) {
	t.Parallel()
	for state, number := range tenfoldv1.ClaimState_value {
		c := &tenfoldv1.Claim{State: tenfoldv1.ClaimState(number), Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT, Revision: 1}
		var out strings.Builder
		printClaims(&output{w: &out}, &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{c}})
		open := state == "CLAIM_STATE_AUTHENTICATING" || state == "CLAIM_STATE_IN_REVIEW" || state == "CLAIM_STATE_APPEALED"
		if strings.Contains(out.String(), "COUNTERFEIT (contested)") != open {
			t.Errorf("%s: %s", state, out.String())
		}
	}
}

// Would catch a server that starts although a setting is wrong, or does not say
// which one.
func TestServeRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--gateway (TENFOLD_GATEWAY)": {},
		"--listen (TENFOLD_LISTEN) must be a loopback address such as 127.0.0.1 because of --insecure-loopback": {"--sandbox", "--listen", "0.0.0.0:7410"},
		"HOST:PORT": {"--sandbox", "--listen", "7410"},
		"--sandbox-start (TENFOLD_SANDBOX_START)": {"--sandbox", "--sandbox-start", "yesterday"},
		"needs --sandbox (TENFOLD_SANDBOX)":       {"--gateway", "127.0.0.1:1", "--sandbox-start", "2026-01-01T00:00:00Z"},
		"--lanes (TENFOLD_LANES)":                 {"--sandbox", "--lanes", "0"},
		"--batch-max (TENFOLD_BATCH_MAX)":         {"--sandbox", "--batch-max", "-1"},
		"--clock-skew (TENFOLD_CLOCK_SKEW)":       {"--sandbox", "--clock-skew", "16m"},
		"not -1s":                                 {"--sandbox", "--clock-skew", "-1s"},
		"--log-level (TENFOLD_LOG_LEVEL)":         {"--sandbox", "--log-level", "loud"},
		"--owner-url (TENFOLD_OWNER_URL)":         {"--sandbox", "--owner-url", "postgres://x"},
		"--database-url (TENFOLD_DATABASE_URL)":   {"--sandbox", "--database-url", "mysql://x"},
		"--rate-limit (TENFOLD_RATE_LIMIT)":       {"--sandbox", "--rate-limit", "-1"},
		"without proof":                           {"--sandbox", "--oidc-issuer", "https://issuer.example"},
	} {
		code, _, errOut := try(t, append([]string{"serve", "--insecure-loopback"}, args...)...)
		if code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q; want %q", args, code, errOut, want)
		}
	}
}

// Would catch a server that serves without its database, or whose error hides
// what is wrong, or tells the password.
func TestServeNeedsItsDatabase(t *testing.T) {
	t.Parallel()
	code, _, errOut := try(t, "serve", "--insecure-loopback", "--sandbox", "--listen", "127.0.0.1:0",
		"--database-url", "postgres://tenfold_app:secret@127.0.0.1:1/tenfold?sslmode=disable")
	if code != exitFailed || strings.Contains(errOut, "secret") || !strings.Contains(errOut, "connection refused") {
		t.Errorf("exit %d, %q", code, errOut)
	}
}

// Would catch completion that a shell cannot load.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, errOut := try(t, "completion", shell)
		if code != exitOK || !bytes.Contains([]byte(out), []byte("tenfold")) {
			t.Errorf("%s: exit %d, %q", shell, code, errOut)
		}
	}
}

// Would catch flags that are completed with names of files, or with words that are not
// theirs: those of one flag in an answer, of a list, and of the contract.
func TestFlagsAreCompletedWithTheirWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		word string
	}{
		{[]string{"claim", "list", "--queue", ""}, "review"},
		{[]string{"claim", "list", "--output", ""}, formatCSV},
		{[]string{"claim", "get", "--role", "a"}, "auditor"},
		{[]string{"claim", "explain", "--audience", ""}, "consumer"},
		{[]string{"result", "record", "--sample-source", ""}, "photos"},
	} {
		for _, request := range []string{cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd} {
			_, out, errOut := try(t, append([]string{request}, c.args...)...)
			// 4 is the library's directive against names of files.
			if !slices.Contains(strings.Split(out, "\n"), c.word) || !strings.Contains(out, "\n:4\n") {
				t.Errorf("%s %s: %q %q", request, c.args, out, errOut)
			}
		}
	}
	if _, out, _ := try(t, cobra.ShellCompRequestCmd, "claim", "get", "--server", ""); out != ":4\n" {
		t.Errorf("an address is completed with %q", out)
	}
}
