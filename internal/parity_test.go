// Package internal_test holds the tests of the shape of the whole tree: that
// the lists in code, schema and contract are the same, that the schema keeps
// its rules, and that packages import downwards only.
package internal_test

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/signature"
	_ "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// constants reads the values of every constant of a type of a package below
// internal, sorted, but for the empty one, which means none.
func constants(t *testing.T, dir, kind string) []string {
	t.Helper()
	var values []string
	for _, file := range tree(t) {
		if file.test || file.dir != "internal/"+dir {
			continue
		}
		ast.Inspect(file.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == kind {
				for _, value := range spec.Values {
					if word, ok := value.(*ast.BasicLit); ok && word.Kind == token.STRING {
						text, _ := strconv.Unquote(word.Value)
						values = append(values, text)
					}
				}
			}
			return true
		})
	}
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	if len(values) == 0 {
		t.Fatalf("package %s has no constants of type %s", dir, kind)
	}
	slices.Sort(values)
	return values
}

func sorted[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	slices.Sort(out)
	return out
}

// without gives list less some values.
func without(list []string, some ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return slices.Contains(some, v) })
}

// same fails the test unless two sorted lists are equal, and tells the difference.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, v := range want {
		if !slices.Contains(got, v) {
			t.Errorf("%s lacks %s", what, v)
		}
	}
	for _, v := range got {
		if !slices.Contains(want, v) {
			t.Errorf("%s has %s, which the code does not know", what, v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d values, want %d", what, len(got), len(want))
	}
}

// Would catch a constant that its package's own list forgot.
func TestListsHoldEveryConstant(t *testing.T) {
	t.Parallel()
	for kind, list := range map[string][]string{
		"calendar Kind":             sorted(calendar.Kinds()),
		"claim State":               sorted(claim.States()),
		"claim Trigger":             sorted(claim.Triggers()),
		"claim Action":              sorted(claim.Actions()),
		"claim MoneyEffect":         sorted(claim.MoneyEffects()),
		"explain Language":          sorted(explain.Languages()),
		"claim Deadline":            sorted(claim.Deadlines()),
		"claim Verdict":             sorted(claim.Verdicts()),
		"claim AuthenticatorKind":   sorted(claim.AuthenticatorKinds()),
		"claim SampleSource":        sorted(claim.SampleSources()),
		"claim PayoutForm":          sorted(claim.PayoutForms()),
		"book RevisionGround":       sorted(book.RevisionGrounds()),
		"claim FeePayer":            sorted(claim.FeePayers()),
		"payout CouponState":        sorted(payout.CouponStates()),
		"proposal Kind":             sorted(proposal.Kinds()),
		"proposal State":            sorted(proposal.States()),
		"period Action":             sorted(period.Actions()),
		"period ChangeState":        sorted(period.ChangeStates()),
		"period Item":               sorted(period.Items()),
		"policyproposal State":      sorted(policyproposal.States()),
		"policyproposal Action":     sorted(policyproposal.Actions()),
		"authenticator KeyState":    sorted(authenticator.KeyStates()),
		"signature Algorithm":       sorted(signature.Algorithms()),
		"authenticator State":       sorted(authenticator.States()),
		"authenticator ChangeState": sorted(authenticator.ChangeStates()),
		"authenticator Action":      sorted(authenticator.Actions()),
		"authenticator Scope":       sorted(authenticator.Scopes()),
		"ledger Purpose":            sorted(ledger.Purposes()),
		"ledger Kind":               sorted(ledger.Kinds()),
		"ledger HoldState":          sorted(ledger.HoldStates()),
		"payout Part":               sorted(payout.Parts()),
		"payout State":              sorted(payout.States()),
		"debt Kind":                 sorted(debt.Kinds()),
		"job Kind":                  sorted(job.Kinds()),
		"job State":                 sorted(job.States()),
		"job Step":                  sorted(job.Steps()),
		"job ItemState":             sorted(job.ItemStates()),
		"claim RetractionCause":     sorted(claim.RetractionCauses()),
		"claim Reweighed":           sorted(claim.Reweighings()),
		"reconcile Side":            sorted(reconcile.Sides()),
		"reconcile ImportState":     sorted(reconcile.ImportStates()),
		"reconcile Rule":            sorted(reconcile.Rules()),
		"reconcile Class":           sorted(reconcile.Classes()),
		"reconcile BreakState":      sorted(reconcile.BreakStates()),
		"reconcile BreakAction":     sorted(reconcile.BreakActions()),
		"reconcile CloseReason":     sorted(reconcile.CloseReasons()),
		"reconcile/formats Kind":    sorted(formats.Kinds()),
		"reconcile/formats Status":  sorted(formats.Statuses()),
	} {
		dir, name, _ := strings.Cut(kind, " ")
		same(t, "the list of "+kind, list, constants(t, dir, name))
	}
}

// Would catch a value that the code writes and the database refuses, or one
// that the database admits and no code means. The lists come from a migrated
// database, not from the text of a migration.
func TestChecksEqualTheCode(t *testing.T) {
	t.Parallel()
	var held []string
	for _, p := range ledger.Purposes() {
		if ledger.PlaceKind(p) != "" {
			held = append(held, string(p))
		}
	}
	verdicts := sorted(claim.Verdicts())
	want := map[string][]string{
		"transfers_kind_known":                    sorted(ledger.Kinds()),
		"holds_source_known":                      held,
		"holds_state_known":                       sorted(ledger.HoldStates()),
		"claims_state_known":                      sorted(claim.States()),
		"claims_verdict_known":                    verdicts,
		"claim_revisions_verdict_known":           verdicts,
		"results_sample_source_known":             sorted(claim.SampleSources()),
		"authenticators_kind_known":               sorted(claim.AuthenticatorKinds()),
		"payouts_part_known":                      sorted(payout.Parts()),
		"payouts_state_known":                     sorted(payout.States()),
		"claims_payout_form_known":                sorted(claim.PayoutForms()),
		"payouts_form_known":                      sorted(claim.PayoutForms()),
		"debts_kind_known":                        sorted(debt.Kinds()),
		"debt_versions_kind_known":                sorted(debt.Kinds()),
		"calendar_days_kind_known":                sorted(calendar.Kinds()),
		"payouts_coupon_state_known":              append([]string{""}, sorted(payout.CouponStates())...),
		"proposals_kind_known":                    sorted(proposal.Kinds()),
		"claim_notes_visibility_known":            sorted(book.NoteVisibilities()),
		"uploads_state_known":                     sorted(postgres.UploadStates()),
		"custody_steps_kind_known":                sorted(custody.Kinds()),
		"evidence_disclosures_party_known":        sorted(book.EvidencePartyList()),
		"evidence_requests_state_known":           sorted(claim.EvidenceRequestStates()),
		"evidence_requests_asked_known":           sorted(claim.AskedParties()),
		"claims_retest_held_known":                append([]string{""}, sorted(claim.RetestHolds())...),
		"commissions_state_known":                 sorted(commission.States()),
		"jobs_kind_known":                         sorted(job.Kinds()),
		"jobs_state_known":                        sorted(job.States()),
		"job_items_state_known":                   sorted(job.ItemStates()),
		"job_items_outcome_known":                 append([]string{""}, sorted(claim.Reweighings())...),
		"result_retractions_cause_known":          sorted(claim.RetractionCauses()),
		"result_retractions_reweighed_known":      sorted(claim.Reweighings()),
		"proposals_state_known":                   sorted(proposal.States()),
		"policy_proposals_state_known":            sorted(policyproposal.States()),
		"rules_proposals_state_known":             sorted(policyproposal.States()),
		"rules_proposal_votes_action_known":       sorted(policyproposal.Votes()),
		"period_changes_action_known":             sorted(period.Actions()),
		"period_changes_state_known":              sorted(period.ChangeStates()),
		"period_sums_section_known":               sorted(period.Sections()),
		"authenticator_states_kind_known":         sorted(claim.AuthenticatorKinds()),
		"authenticator_changes_kind_known":        sorted(claim.AuthenticatorKinds()),
		"authenticator_changes_state_known":       sorted(authenticator.ChangeStates()),
		"authenticator_changes_action_known":      sorted(authenticator.Actions()),
		"authenticator_scopes_scope_known":        sorted(authenticator.Scopes()),
		"policy_proposal_votes_action_known":      sorted(policyproposal.Votes()),
		"channel_imports_side_known":              sorted(reconcile.FileSides()),
		"channel_imports_state_known":             sorted(reconcile.ImportStates()),
		"channel_line_matches_rule_known":         sorted(reconcile.Rules()),
		"channel_lines_kind_known":                sorted(formats.Kinds()),
		"channel_lines_status_known":              sorted(formats.Statuses()),
		"reconciliation_break_notes_action_known": sorted(reconcile.BreakActions()),
		"reconciliation_breaks_class_known":       sorted(reconcile.Classes()),
		"reconciliation_breaks_reason_known":      append([]string{""}, sorted(reconcile.CloseReasons())...),
		"reconciliation_breaks_side_known":        sorted(reconcile.Sides()),
		"reconciliation_breaks_state_known":       sorted(reconcile.BreakStates()),
		// What is owed to consumers or not owed yet cannot be given up.
		"proposals_debt_kind_known": append([]string{""}, without(sorted(debt.Kinds()), "SHORTFALL", "HOLD")...),
		"results_fee_paid_by_known": append([]string{""}, sorted(claim.FeePayers())...),
		"reservations_kind_known":   constants(t, "book", "ReferenceKind"),
		// Not told to callers.
		"balance_snapshots_basis_known": constants(t, "postgres", "basis"),
		"period_totals_basis_known":     constants(t, "postgres", "transferTime"),
		"period_totals_period_known":    constants(t, "postgres", "length"),
		"exposure_totals_period_known":  constants(t, "postgres", "length"),
		// BEST is a choice of the claimant, never the basis of a policy.
		"policy_versions_basis_known": without(constants(t, "policy", "LegalBasis"), "BEST"),
	}
	words := regexp.MustCompile(`'([^']*)'::text`)
	for _, c := range constraints(t, open(t)) {
		if !strings.HasSuffix(c.Name, "_known") {
			continue
		}
		list, known := want[c.Name]
		if !known {
			t.Errorf("constraint %s is compared with no list: add it to this test", c.Name)
			continue
		}
		delete(want, c.Name)
		var got []string
		for _, match := range words.FindAllStringSubmatch(c.Definition, -1) {
			got = append(got, match[1])
		}
		same(t, "constraint "+c.Name, got, list)
	}
	for name := range want {
		t.Errorf("the database has no constraint %s", name)
	}
}

// Would catch an account that the database lets be overdrawn and the code does
// not, or the reverse.
func TestBalancesBelowZeroEqualTheCode(t *testing.T) {
	t.Parallel()
	db := open(t)
	db.MustExec(`
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		VALUES ('m1', 'CNY', 0, 0, $1, 0, '2026-11-24', '2026-11-24')`, make([]byte, 32))
	var purposes []string
	if err := db.Select(&purposes, `SELECT purpose FROM accounts WHERE merchant_id = 'm1' ORDER BY purpose COLLATE "C"`); err != nil {
		t.Fatal(err)
	}
	same(t, "the view of accounts", purposes, sorted(ledger.Purposes()))
	for _, p := range ledger.Purposes() {
		for _, b := range []ledger.Balance{{Debits: 1}, {Credits: 1}, {}} {
			tx := db.MustBegin()
			column := strings.ToLower(string(p))
			_, err := tx.Exec(`UPDATE books SET `+column+`_debits_minor = $1, `+column+`_credits_minor = $2 WHERE merchant_id = 'm1'`,
				int64(b.Debits), int64(b.Credits))
			if allowed := b.Of(p) >= 0 || p.MayGoBelowZero(); allowed != (err == nil) {
				t.Errorf("%s with %+v is allowed: %t, and stored: %v", p, b, allowed, err)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// open connects to a migrated database as the owner of its tables.
func open(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Connect("postgres", pgtest.New(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// pairs ties each enum of the contract to the type whose words it carries.
var pairs = map[string]struct {
	dir, kind string
	// inside are words of the code that never leave it.
	inside []string
}{
	"ClaimState":               {dir: "claim", kind: "State"},
	"ClaimTrigger":             {dir: "claim", kind: "Trigger"},
	"ClaimAction":              {dir: "claim", kind: "Action"},
	"TriggerSource":            {dir: "claim", kind: "Source"},
	"MoneyEffect":              {dir: "claim", kind: "MoneyEffect"},
	"Language":                 {dir: "explain", kind: "Language"},
	"Audience":                 {dir: "explain", kind: "Audience"},
	"NoteVisibility":           {dir: "book", kind: "NoteVisibility"},
	"CustodyStepKind":          {dir: "custody", kind: "Kind"},
	"WeighingReason":           {dir: "claim", kind: "Reason"},
	"CustodyState":             {dir: "custody", kind: "State"},
	"EvidenceRequestState":     {dir: "claim", kind: "EvidenceRequestState"},
	"CommissionState":          {dir: "commission", kind: "State"},
	"EvidenceParty":            {dir: "book", kind: "EvidenceParty"},
	"UploadState":              {dir: "postgres", kind: "UploadState"},
	"WaitsFor":                 {dir: "claim", kind: "Party"},
	"DeadlineKind":             {dir: "claim", kind: "Deadline"},
	"Grounds":                  {dir: "claim", kind: "Grounds"},
	"Verdict":                  {dir: "claim", kind: "Verdict"},
	"AuthenticatorKind":        {dir: "claim", kind: "AuthenticatorKind"},
	"SampleSource":             {dir: "claim", kind: "SampleSource"},
	"ReviewDecision":           {dir: "book", kind: "Decision"},
	"AccountPurpose":           {dir: "ledger", kind: "Purpose"},
	"AccountSide":              {dir: "ledger", kind: "Side"},
	"TransferKind":             {dir: "ledger", kind: "Kind"},
	"HoldState":                {dir: "ledger", kind: "HoldState"},
	"PayoutPart":               {dir: "payout", kind: "Part"},
	"PayoutState":              {dir: "payout", kind: "State"},
	"PayoutForm":               {dir: "claim", kind: "PayoutForm"},
	"AppealDecision":           {dir: "book", kind: "AppealDecision"},
	"RevisionGround":           {dir: "book", kind: "RevisionGround"},
	"DebtKind":                 {dir: "debt", kind: "Kind"},
	"ProposalKind":             {dir: "proposal", kind: "Kind"},
	"ProposalState":            {dir: "proposal", kind: "State"},
	"PeriodAction":             {dir: "period", kind: "Action"},
	"PeriodChangeState":        {dir: "period", kind: "ChangeState"},
	"PeriodCheckItem":          {dir: "period", kind: "Item"},
	"PolicyProposalState":      {dir: "policyproposal", kind: "State"},
	"PolicyProposalAction":     {dir: "policyproposal", kind: "Action"},
	"AuthenticatorKeyState":    {dir: "authenticator", kind: "KeyState"},
	"AuthenticatorState":       {dir: "authenticator", kind: "State"},
	"AuthenticatorChangeState": {dir: "authenticator", kind: "ChangeState"},
	"AuthenticatorAction":      {dir: "authenticator", kind: "Action"},
	"FeePayer":                 {dir: "claim", kind: "FeePayer"},
	"JobKind":                  {dir: "job", kind: "Kind"},
	"JobState":                 {dir: "job", kind: "State"},
	"JobItemState":             {dir: "job", kind: "ItemState"},
	"RetractionCause":          {dir: "claim", kind: "RetractionCause"},
	"Reweighed":                {dir: "claim", kind: "Reweighed"},
	"ReconciliationSide":       {dir: "reconcile", kind: "Side"},
	"ImportState":              {dir: "reconcile", kind: "ImportState"},
	"MatchRule":                {dir: "reconcile", kind: "Rule"},
	"BreakClass":               {dir: "reconcile", kind: "Class"},
	"BreakState":               {dir: "reconcile", kind: "BreakState"},
	"BreakCloseReason":         {dir: "reconcile", kind: "CloseReason"},
	"LineKind":                 {dir: "reconcile/formats", kind: "Kind"},
	"LineStatus":               {dir: "reconcile/formats", kind: "Status"},
	"CouponState":              {dir: "payout", kind: "CouponState"},
	// What ends a payout; the gateway's other answers stay between it and the worker.
	"PayoutOutcome": {dir: "payout", kind: "Outcome", inside: []string{"PROCESSING", "NOT_FOUND"}},
	// A return arrives only as a report, never as an answer.
	"GatewayOutcome":  {dir: "payout", kind: "Outcome", inside: []string{"RETURNED"}},
	"LegalBasis":      {dir: "policy", kind: "LegalBasis"},
	"BaseComponent":   {dir: "policy", kind: "Component"},
	"RefundMode":      {dir: "policy", kind: "RefundMode"},
	"EarlierRefunds":  {dir: "policy", kind: "EarlierRefunds"},
	"FundingSource":   {dir: "policy", kind: "Source"},
	"ReversalBearer":  {dir: "policy", kind: "ReversalBearer"},
	"FeeRule":         {dir: "policy", kind: "FeeRule"},
	"RankLowering":    {dir: "claim", kind: "Lowering"},
	"RetestHeld":      {dir: "claim", kind: "RetestHeld"},
	"Consequence":     {dir: "policy", kind: "Consequence"},
	"FixedPromise":    {dir: "policy", kind: "FixedPromise"},
	"CalendarDayKind": {dir: "calendar", kind: "Kind"},
	"DiscountBearer":  {dir: "order", kind: "Bearer"},
	"PromiseKind":     {dir: "order", kind: "PromiseKind"},
	"EventKind":       {dir: "event", kind: "Kind"},
	"Report":          {dir: "report", kind: "Report"},
	"ReportGrouping":  {dir: "report", kind: "Grouping"},
	"BookStanding":    {dir: "postgres", kind: "BookStanding"},
	"Reason":          {dir: "fault", kind: "Reason"},
}

// unpaired are enums that only shape a request or an answer.
var unpaired = map[string]string{
	"ClaimView":      "how much of a claim a reader wants",
	"ClaimQueue":     "which list of claims a reader wants",
	"WatchStart":     "where a reader wants a watch to begin",
	"ShownTo":        "an option of fields, which internal/rpc ties to roles",
	"ClaimantRole":   "told from the order line's payer and recipient",
	"StatementBasis": "which time of transfers a reader wants to go by",
	"WorkQueue":      "internal/rpc ties each to the state of its claims",
	"FilingWarning":  "told of a filed claim by internal/rpc alone",
	"Remedy":         "policy.Remedies has a field for each",
	"FloorScope":     "a floor applies once a group; there is no other scope in the code",
}

// Would catch a word that the code has and the contract cannot say, or a value
// of the contract that no code means. A value is named PREFIX_WORD.
func TestEnumsEqualTheCode(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, enum := range enums() {
		name := string(enum.Name())
		seen[name] = true
		pair, paired := pairs[name]
		if !paired {
			if _, exempt := unpaired[name]; !exempt {
				t.Errorf("enum %s is tied to no type: add it to this test", name)
			}
			continue
		}
		prefix := snake(name) + "_"
		var got []string
		for i := range enum.Values().Len() {
			value := string(enum.Values().Get(i).Name())
			word, ok := strings.CutPrefix(value, prefix)
			if !ok {
				t.Errorf("value %s of enum %s does not begin with %s", value, name, prefix)
			}
			if word != "UNSPECIFIED" {
				got = append(got, word)
			}
		}
		same(t, "enum "+name, got, without(constants(t, pair.dir, pair.kind), pair.inside...))
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(pairs)), slices.Collect(maps.Keys(unpaired))) {
		if !seen[name] {
			t.Errorf("the contract has no enum %s", name)
		}
	}
}

// enums lists every enum of the contract, those inside messages too.
func enums() []protoreflect.EnumDescriptor {
	var list []protoreflect.EnumDescriptor
	type holder interface {
		Enums() protoreflect.EnumDescriptors
		Messages() protoreflect.MessageDescriptors
	}
	var walk func(h holder)
	walk = func(h holder) {
		for i := range h.Enums().Len() {
			list = append(list, h.Enums().Get(i))
		}
		for i := range h.Messages().Len() {
			walk(h.Messages().Get(i))
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(fd protoreflect.FileDescriptor) bool {
		walk(fd)
		return true
	})
	return list
}

// snake writes ClaimState as CLAIM_STATE.
func snake(name string) string {
	return strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}

// Would catch a reason that ErrorInfo does not admit, or that two refusals share.
func TestReasonsHaveTheFormOfErrorInfo(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$`)
	last := ""
	for _, reason := range constants(t, "fault", "Reason") {
		if !form.MatchString(reason) || reason == last {
			t.Errorf("reason %q is malformed or stands twice", reason)
		}
		last = reason
	}
}
