package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newCommission() *cobra.Command {
	cmd := newGroup("commission", "Say who examines which units until when, and follow it", append(commissionVerbs(), commissionSteps()...))
	cmd.Aliases = []string{"commissions"}
	return cmd
}

// aCommission is the argument that names a commission.
func aCommission() input {
	return input{name: "COMMISSION", field: "name", required: true, as: commissionText}
}

// commissionText reads a commission's name, or MERCHANT/CLAIM/NUMBER.
var commissionText = numberedText("commissions")

// numberedText reads the name of something that a claim counts, or MERCHANT/CLAIM/NUMBER.
func numberedText(collection string) func(string) (string, error) {
	return func(text string) (string, error) {
		rest := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(text, "merchants/"), "/claims/", "/"), "/"+collection+"/", "/")
		parts := strings.Split(rest, "/")
		wrong := fmt.Errorf("must be MERCHANT/CLAIM/NUMBER or merchants/MERCHANT/claims/CLAIM/%s/NUMBER, not %s", collection, shown(text))
		if len(parts) != 3 || !idPart.MatchString(parts[0]) || !idPart.MatchString(parts[1]) {
			return "", wrong
		}
		if n, err := strconv.ParseUint(parts[2], 10, 30); err != nil || n == 0 {
			return "", wrong
		}
		return "merchants/" + parts[0] + "/claims/" + parts[1] + "/" + collection + "/" + strings.TrimLeft(parts[2], "0"), nil
	}
}

// bodyFlags say who examines, until when and for how much.
func bodyFlags() []input {
	return []input{
		{name: "authenticator", field: "authenticator", usage: "the body that examines; this or --draw", as: authenticatorText},
		{name: "draw", field: "draw", usage: "draw a body by lot", alone: true, put: func(x *call, texts []string) error {
			if texts[0] != "true" {
				return errors.New("is given without a value")
			}
			m := x.request.ProtoReflect()
			m.Mutable(x.verb.field("draw"))
			return nil
		}},
		{name: "draw-kind", field: "draw.kinds", usage: "kind of bodies that may be drawn: brand, accredited-lab, appraiser, court or trace; may be repeated, accredited-lab if it is not given", often: true, put: drawn("draw.kinds", nil)},
		{name: "draw-exclude", field: "draw.exclude", usage: "body that may not be drawn, because it has an interest; may be repeated", often: true, put: drawn("draw.exclude", authenticatorText)},
		{name: "draw-brand", field: "draw.brand", usage: "brand of the goods, if it is known; without it bodies for some brands are not drawn", put: drawn("draw.brand", nil)},
		{name: "draw-trademark-number", field: "draw.trademark_number", usage: "registration number of the trademark of the goods, if it is known", put: drawn("draw.trademark_number", nil)},
		{name: "draw-method", field: "draw.methods", usage: "method to test by; may be repeated", often: true, put: drawn("draw.methods", nil)},
		{name: "due", field: "due_at", usage: "when the report is due", required: true},
		{name: "fee", field: "fee", usage: "agreed cost with its currency, such as 300.00CNY"},
	}
}

// drawn fills a field of the draw, which --draw has asked for.
func drawn(field string, as func(string) (string, error)) func(*call, []string) error {
	return func(x *call, texts []string) error {
		if !x.request.ProtoReflect().Has(x.verb.field("draw")) {
			return errors.New("says among whom to draw: give --draw as well")
		}
		for i, text := range texts {
			if as == nil {
				break
			}
			var err error
			if texts[i], err = as(text); err != nil {
				return err
			}
		}
		return setField(x, field, texts)
	}
}

// unitsInto fills the units of a commission: 1,3-5.
func unitsInto(x *call, texts []string) error {
	ordinals, err := ordinalsOf(texts[0])
	if err != nil {
		return err
	}
	list := x.request.ProtoReflect().Mutable(x.verb.field("units")).List()
	for _, n := range ordinals {
		list.Append(protoreflect.ValueOfInt32(n))
	}
	return nil
}

func commissionVerbs() []verb {
	return []verb{
		{
			use: "make CLAIM", method: "CommissionService/CommissionItem", role: principal.RoleSupport, about: "parent",
			short: "Commission a body with the examination of units",
			long: "Commission a body with the examination of units of a claim, by name or by lot. It is asked to accept, and sees what it\n" +
				"needs of the goods and nothing of the consumer. A claim that waits for its results waits at least until the report is due.",
			examples: []string{
				"commission make 1KJPW-D6M05-F2S5T-CT5FM --authenticator cti-lab --due 2026-03-20T09:00:00Z --questions 'is the seal genuine?'",
				"commission make 1KJPW-D6M05-F2S5T-CT5FM --draw --draw-exclude cti-lab --due 2026-03-20T09:00:00Z",
			},
			args: []input{aClaim("parent")},
			flags: append(bodyFlags(),
				input{name: "units", field: "units", usage: "units to examine, such as 1,3-5; all of them if it is not given", put: unitsInto},
				input{name: "questions", field: "questions", usage: "what is to be found out, without personal data"},
				input{name: "photo", field: "photo_digests", usage: "SHA-256 of a photo among the claim's evidence that the body is shown; may be repeated", often: true}),
			choose: []string{"authenticator", "draw"},
		},
		{
			use: "reassign COMMISSION", method: "CommissionService/ReassignCommission", role: principal.RoleSupport,
			short: "Give a commission to another body",
			long: "Give the units, questions and photos of a commission to another body. An open commission is cancelled; one that was\n" +
				"declined or cancelled stays as it is.",
			examples: []string{"commission reassign m1/1KJPW-D6M05-F2S5T-CT5FM/1 --draw --due 2026-03-25T09:00:00Z --note 'no answer for a week'"},
			args:     []input{aCommission()}, flags: append(bodyFlags(), whyNote("the reason")), choose: []string{"authenticator", "draw"},
		},
		{
			use: "get COMMISSION", method: "CommissionService/GetCommission", role: principal.RoleSupport,
			short: "Show a commission", long: "Show a commission: the goods, the units, the questions, and how far it has come.",
			examples: []string{"commission get m1/1KJPW-D6M05-F2S5T-CT5FM/1"}, args: []input{aCommission()},
		},
		{
			use: "list", method: "CommissionService/ListCommissions", role: principal.RoleSupport, thing: "commission",
			short: "List commissions of a body or a claim",
			long: "List the open commissions of a body, those due first; all of a claim with --claim; the open ones of all bodies with\n" +
				"--authenticator -. With --mine a body lists its own.",
			examples: []string{
				"commission list --mine --role authenticator --scope authenticators/cti-lab", "commission list --authenticator cti-lab --state reported",
				"commission list --authenticator - --due-until 2026-03-20T00:00:00Z", "commission list --claim 1KJPW-D6M05-F2S5T-CT5FM",
			},
			flags: []input{
				{name: "authenticator", field: "parent", usage: "those of this body, or - for all bodies", as: authenticatorText},
				{name: "claim", field: "parent", usage: "those of this claim", put: claimInto("parent")},
				{name: "mine", field: "parent", usage: "those of the calling body", alone: true, put: ownInto("parent")},
				{name: "state", field: "state", usage: "only those in this state; the open ones if it is not given"},
				{name: "due-from", field: "due_from", usage: "only those that are due at this time or later"},
				{name: "due-until", field: "due_until", usage: "only those that are due before this time"},
			},
			choose: []string{"authenticator", "claim", "mine"},
		},
	}
}

func commissionSteps() []verb {
	return []verb{
		{
			use: "accept COMMISSION", method: "CommissionService/AcceptCommission", role: principal.RoleOperator,
			short: "Accept a commission", long: "Accept a commission, as the body or on its behalf.",
			examples: []string{"commission accept m1/1KJPW-D6M05-F2S5T-CT5FM/1 --role authenticator --scope authenticators/cti-lab"},
			args:     []input{aCommission()},
		},
		{
			use: "decline COMMISSION", method: "CommissionService/DeclineCommission", role: principal.RoleOperator,
			short: "Decline a commission", long: "Decline a commission, as the body or on its behalf, also after it was accepted.",
			examples: []string{"commission decline m1/1KJPW-D6M05-F2S5T-CT5FM/1 --note 'no reference sample'"},
			args:     []input{aCommission()}, flags: []input{whyNote("the reason, without personal data")},
		},
		{
			use: "ship COMMISSION", method: "CommissionService/ShipCommission", role: principal.RoleSupport,
			short: "Record that the item was shipped to the body", long: "Record that the item was shipped to a body that had accepted.",
			examples: []string{"commission ship m1/1KJPW-D6M05-F2S5T-CT5FM/1 --shipment EMS-118"},
			args:     []input{aCommission()}, flags: []input{{name: "shipment", field: "shipment", usage: "what names the shipment with its carrier"}},
		},
		{
			use: "receive COMMISSION", method: "CommissionService/ReceiveCommission", role: principal.RoleOperator,
			short: "Record that the body has the item", long: "Record that the body has the item, as the body or on its behalf.",
			examples: []string{"commission receive m1/1KJPW-D6M05-F2S5T-CT5FM/1"}, args: []input{aCommission()},
		},
		{
			use: "chase COMMISSION", method: "CommissionService/ChaseCommission", role: principal.RoleSupport,
			short: "Remind the body of an open commission", long: "Remind the body of an open commission, and count it.",
			examples: []string{"commission chase m1/1KJPW-D6M05-F2S5T-CT5FM/1 --note 'the merchant waits'"},
			args:     []input{aCommission()}, flags: []input{{name: "note", field: "note", usage: "note for the body, without personal data"}},
		},
		{
			use: "cancel COMMISSION", method: "CommissionService/CancelCommission", role: principal.RoleSupport,
			short:    "End an open commission",
			long:     "End an open commission. A report that comes all the same is recorded as one that was not commissioned.",
			examples: []string{"commission cancel m1/1KJPW-D6M05-F2S5T-CT5FM/1 --note 'the merchant accepted'"},
			args:     []input{aCommission()}, flags: []input{whyNote("the reason, without personal data")},
		},
	}
}

// dayInto fills two times with the bounds of a day in the zone of the screen.
func dayInto(from, to string) func(*call, []string) error {
	return func(x *call, texts []string) error {
		place := x.remote.out.place
		if place == nil {
			place = time.UTC
		}
		day, err := time.ParseInLocation(time.DateOnly, texts[0], place)
		if err != nil {
			return fmt.Errorf("must be a day such as 2026-03-02, not %s", shown(texts[0]))
		}
		m := x.request.ProtoReflect()
		m.Set(x.verb.field(from), protoreflect.ValueOfMessage(timestamppb.New(day).ProtoReflect()))
		m.Set(x.verb.field(to), protoreflect.ValueOfMessage(timestamppb.New(day.AddDate(0, 0, 1)).ProtoReflect()))
		return nil
	}
}

func printCommissions(o *output, list []*tenfoldv1.Commission) {
	if len(list) == 1 && !o.lists {
		printCommission(o, list[0])
		return
	}
	t := o.newTable("Commissions", column{title: "Commission"}, column{title: "Body"}, column{title: "State"}, column{title: "Product"},
		column{title: "Category"}, column{title: "Units"}, column{title: "Due"}, column{title: ""})
	for _, x := range list {
		t.AppendRow(table.Row{
			x.GetName(), idOf(x.GetAuthenticator()), word(x.GetState()), x.GetProductId(), x.GetCategory(), units(x.GetUnits()), o.when(x.GetDueAt()), late(x),
		})
	}
	o.render(t)
}

// late says that a report is overdue.
func late(x *tenfoldv1.Commission) string {
	if x.GetOverdueAt() != nil && x.GetEndedAt() == nil {
		return "overdue"
	}
	return ""
}

func printCommission(o *output, x *tenfoldv1.Commission) {
	fee := ""
	if x.GetFee() != nil {
		fee = sum(x.GetFee())
	}
	facts := [][2]string{
		{"body", idOf(x.GetAuthenticator())}, {"state", strings.TrimSpace(word(x.GetState()) + " " + late(x))}, {"units", units(x.GetUnits())},
		{"product", x.GetProductId()}, {"variant", x.GetSkuId()}, {"batch", x.GetBatchId()}, {"category", x.GetCategory()},
		{"questions", x.GetQuestions()}, {"due", o.since(x.GetDueAt())}, {"agreed cost", fee}, {"given", o.since(x.GetMadeAt())},
		{"accepted", o.since(x.GetAcceptedAt())}, {"shipped", strings.TrimSpace(o.since(x.GetShippedAt()) + " " + x.GetShipment())},
		{"received", o.since(x.GetReceivedAt())}, {"ended", o.since(x.GetEndedAt())}, {"note", x.GetNote()}, {"in place of", x.GetReplaces()},
		{"seed of the draw", x.GetDrawSeed()},
	}
	if x.GetChases() > 0 {
		facts = append(facts, [2]string{"reminded", fmt.Sprintf("%s, last %s", counted(int(x.GetChases()), "time"), o.since(x.GetChasedAt()))})
	}
	for _, p := range x.GetPhotos() {
		kept := p.GetReference()
		if kept == "" {
			kept = fmt.Sprintf("file %d, %s of %s", p.GetEventNumber(), p.GetMediaType(), counted(int(p.GetSizeBytes()), "byte"))
		}
		facts = append(facts, [2]string{"photo", kept})
	}
	for _, c := range x.GetDrawCandidates() {
		facts = append(facts, [2]string{"candidate", fmt.Sprintf("%s, %s, open work %d", idOf(c.GetAuthenticator()), counted(int(c.GetTickets()), "ticket"), c.GetLoad())})
	}
	o.facts(x.GetName(), facts...)
}

func printBodyReports(o *output, list []*tenfoldv1.BodyReport) {
	for _, r := range list {
		count := func(n int64) string { return strconv.FormatInt(n, 10) }
		facts := [][2]string{
			{"commissions", count(r.GetCommissions())}, {"accepted", count(r.GetAccepted())}, {"declined", count(r.GetDeclined())},
			{"cancelled", count(r.GetCancelled())}, {"reported", fmt.Sprintf("%d, %d of them late", r.GetReported(), r.GetReportedLate())},
			{"open", fmt.Sprintf("%d, %d of them overdue", r.GetOpen(), r.GetOverdue())},
			{"results", fmt.Sprintf("%d, %d of them not commissioned", r.GetResults(), r.GetUncommissioned())},
			{"taken back", count(r.GetRetracted())}, {"found otherwise now", count(r.GetReversed())},
		}
		for _, v := range r.GetVerdicts() {
			facts = append(facts, [2]string{"found " + word(v.GetVerdict()), fmt.Sprintf("%s, %d of them otherwise now", counted(int(v.GetUnits()), "unit"), v.GetReversedUnits())})
		}
		if r.GetMeanTurnaround() != nil {
			facts = append(facts, [2]string{"turnaround", fmt.Sprintf("%s on average, %s at most",
				r.GetMeanTurnaround().AsDuration().Round(time.Minute), r.GetLongestTurnaround().AsDuration().Round(time.Minute))})
		}
		o.facts("Service", facts...)
	}
}
