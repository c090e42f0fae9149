package main

import (
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reconcileID is the id of an import or a break.
var reconcileID = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// thingOf reads the name of a thing from its name or its id.
func thingOf(collection string) func(string) (string, error) {
	return func(text string) (string, error) {
		id := strings.TrimPrefix(text, collection+"/")
		if !reconcileID.MatchString(id) {
			return "", fmt.Errorf("must be a name such as %s/1KJPW-D6M05-F2S5T-CT5FM or its id, not %s", collection, shown(text))
		}
		return collection + "/" + id, nil
	}
}

func anImport(field string) input {
	return input{name: "IMPORT", field: field, required: true, as: thingOf("imports")}
}

func aBreak() input {
	return input{name: "BREAK", field: "name", required: true, as: thingOf("breaks")}
}

// withBreak reads the break of a call, for its etag.
func withBreak(x *call) error {
	m := x.request.ProtoReflect()
	at := func(name protoreflect.Name) protoreflect.FieldDescriptor { return m.Descriptor().Fields().ByName(name) }
	got, err := tenfoldv1.NewReconciliationServiceClient(x.conn).GetBreak(x.cmd.Context(), &tenfoldv1.GetBreakRequest{Name: m.Get(at("name")).String()})
	if err != nil {
		return refusal(err)
	}
	m.Set(at("etag"), protoreflect.ValueOfString(got.GetBreak().GetEtag()))
	return nil
}

// importVerbs are the reads of imported files.
func importVerbs() []verb {
	return []verb{
		{
			use: "imports", method: "ReconciliationService/ListImports", role: principal.RoleFinance, thing: "import",
			short: "List imported files, the newest first", long: "List imported files, the newest first: what they hold, and where they stand.",
			examples: []string{"reconcile imports --day 2026-03-01", "reconcile imports --state refused"},
			flags: []input{
				{name: "day", field: "day", usage: "only files of this day, such as 2026-03-01"},
				{name: "account", field: "account", usage: "only files of this account"},
				{name: "state", field: "state", usage: "only files in this state"},
			},
		},
		{
			use: "show IMPORT", method: "ReconciliationService/GetImport", role: principal.RoleFinance,
			short: "Show an imported file, with what is wrong with it", long: "Show an imported file: what it holds, and its problems and notices.",
			examples: []string{"reconcile show 1KJPW-D6M05-F2S5T-CT5FM"}, args: []input{anImport("name")},
		},
		{
			use: "lines IMPORT", method: "ReconciliationService/ListImportLines", role: principal.RoleFinance, thing: "line",
			short: "List the lines of an imported file, with the payouts that they are about",
			long: "List the lines of an imported file, with the payouts that the last comparison found them to be about, and by which\n" +
				"rule.",
			examples: []string{"reconcile lines 1KJPW-D6M05-F2S5T-CT5FM --unmatched -o csv"}, args: []input{anImport("parent")},
			flags: []input{{name: "unmatched", field: "unmatched", usage: "only lines that no comparison found to be about a payout"}},
		},
	}
}

// breakVerbs are the commands on breaks.
func breakVerbs() []verb {
	note := input{name: "NOTE", field: "note", required: true}
	return []verb{
		{
			use: "breaks", method: "ReconciliationService/ListBreaks", role: principal.RoleFinance, thing: "break",
			short:    "List the breaks between the engine and the files, the oldest first",
			long:     "List the breaks between the engine and the files, the oldest first. docs/reconciliation.md explains their classes.",
			examples: []string{"reconcile breaks --state open --overdue", "reconcile breaks --class duplicate-payout -o csv --bom"},
			flags: []input{
				{name: "state", field: "state", usage: "only breaks in this state: open or closed"},
				{name: "class", field: "class", usage: "only breaks of this class"},
				{name: "side", field: "side", usage: "only breaks of this side: gateway, channel, marketplace or books"},
				{name: "day", field: "day", usage: "only breaks of this day, such as 2026-03-01"},
				{name: "assignee", field: "assignee", usage: "only breaks assigned to this person"},
				{name: "merchant", field: "merchant", usage: "only breaks about this merchant", as: merchantText},
				{name: "min-age-days", field: "min_age_days", usage: "only breaks found at least so many days ago"},
				{name: "overdue", field: "overdue", usage: "only open breaks whose time has passed"},
			},
		},
		{
			use: "break BREAK", method: "ReconciliationService/GetBreak", role: principal.RoleFinance,
			short: "Show a break with what happened to it", long: "Show a break: what differs, since when, who works on it, and what happened to it.",
			examples: []string{"reconcile break 1KJPW-D6M05-F2S5T-CT5FM"}, args: []input{aBreak()},
		},
		{
			use: "assign BREAK [ASSIGNEE]", method: "ReconciliationService/AssignBreak", role: principal.RoleFinance,
			short: "Give a break to a person", long: "Give an open break to a person; without ASSIGNEE to nobody. Needs --person.",
			examples: []string{"reconcile assign 1KJPW-D6M05-F2S5T-CT5FM fay --person finn"},
			args:     []input{aBreak(), {name: "ASSIGNEE", field: "assignee"}},
			flags:    []input{{name: "note", field: "note", usage: "why, in words"}}, complete: withBreak,
		},
		{
			use: "comment BREAK NOTE", method: "ReconciliationService/CommentBreak", role: principal.RoleFinance,
			short: "Add a comment to a break", long: "Add a comment to a break, open or closed. It never changes. Needs --person.",
			examples: []string{"reconcile comment 1KJPW-D6M05-F2S5T-CT5FM 'asked the bank, case 4711' --person finn"},
			args:     []input{aBreak(), note}, complete: withBreak,
		},
		{
			use: "resolve BREAK NOTE", method: "ReconciliationService/CloseBreak", role: principal.RoleFinance,
			short: "Close a break for a reason",
			long: "Close an open break for a reason: timing, channel-corrected, ledger-corrected, recovered or explained. It moves no\n" +
				"money. A break that a later comparison does not find any more is closed by itself. Needs --person.",
			examples: []string{"reconcile resolve 1KJPW-D6M05-F2S5T-CT5FM 'refunded by the bank on 3 March' --reason recovered --person finn"},
			args:     []input{aBreak(), note},
			flags:    []input{{name: "reason", field: "reason", usage: "why: timing, channel-corrected, ledger-corrected, recovered or explained", required: true}},
			complete: withBreak,
		},
	}
}

// messageOfMapping is a mapping for the server.
func messageOfMapping(m *mappingFile) *tenfoldv1.TableMapping {
	if m == nil {
		return nil
	}
	return &tenfoldv1.TableMapping{
		Separator: m.Separator, Encoding: m.Encoding, Amount: m.Amount, In: m.In, Out: m.Out, Minor: m.Minor, Inverted: m.Inverted,
		Currency: m.Currency, CurrencyColumn: m.CurrencyColumn, Time: m.Time, TimeForm: m.TimeForm, Zone: m.Zone, OutNumber: m.OutNumber,
		Reference: m.Reference, Original: m.Original, OrderId: m.OrderID, Account: m.Account, Status: m.Status, Statuses: m.Statuses,
		Kind: m.Kind, Kinds: m.Kinds,
	}
}
