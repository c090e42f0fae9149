package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// printer prints messages of one type: one, or a list.
type printer func(o *output, list []proto.Message)

// printing makes a printer of a function that prints messages of a type.
func printing[M proto.Message](print func(*output, []M)) (protoreflect.FullName, printer) {
	var zero M
	return zero.ProtoReflect().Descriptor().FullName(), func(o *output, list []proto.Message) {
		typed := make([]M, len(list))
		for i, m := range list {
			typed[i] = m.(M)
		}
		print(o, typed)
	}
}

// printers are how the messages of answers are printed.
func printers() map[protoreflect.FullName]printer {
	all := map[protoreflect.FullName]printer{}
	add := func(name protoreflect.FullName, p printer) { all[name] = p }
	add(printing(printClaimOrClaims))
	add(printing(printBookEach))
	add(printing(printTransfers))
	add(printing(printTrialBalances))
	add(printing(printExposure))
	add(printing(printHolds))
	add(printing(printPayouts))
	add(printing(printProposals))
	add(printing(printEvidence))
	add(printing(printUploads))
	add(printing(printAppeals))
	add(printing(printApprovals))
	add(printing(printRevisions))
	add(printing(printMoves))
	add(printing(printNotes))
	add(printing(printResults))
	add(printing(printAuthenticators))
	add(printing(printAuthenticatorChanges))
	add(printing(printAuthenticatorKeys))
	add(printing(printCommissions))
	add(printing(printEvidenceRequests))
	add(printing(printBodyReports))
	add(printing(printCustodySteps))
	add(printing(printDecisionRules))
	add(printing(printRulesProposals))
	add(printing(printStandings))
	add(printing(printWebhooks))
	add(printing(printDeadLetters))
	add(printing(printOrderLines))
	add(printing(printCorrections))
	add(printing(printRequests))
	add(printing(printRefusals))
	add(printing(printCalculations))
	add(printing(printFiledItems))
	add(printing(printNoticeItems))
	add(printing(printAcceptedItems))
	add(printing(printDecisionSummaries))
	add(printing(printStateMachines))
	add(printing(printImports))
	add(printing(printImportLines))
	add(printing(printBreaks))
	add(printing(printJobs))
	add(printing(printStatementFiles))
	add(printing(printJobItems))
	add(printing(printPeriods))
	add(printing(printPeriodChanges))
	add(printing(printPeriodSums))
	add(printing(printSuspenseExplanations))
	return all
}

// flagsOfAnswers are the sentences for what an answer says with yes or no.
var flagsOfAnswers = map[protoreflect.Name]string{
	"replayed":    "The request had been carried out before; this is how it stands now.",
	"ticking":     "The clock goes on by itself.",
	"provisional": "The month is open: what comes in belongs to it, and the statement changes.",
	"line_unseen": "No claim has shown this line yet; the refund is kept until one does.",
}

// printAnswer prints the fields of an answer, each by its type.
func printAnswer(o *output, answer proto.Message) {
	m := answer.ProtoReflect()
	var facts [][2]string
	var said []string
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		switch {
		case fd.Name() == "next_page_token":
		case fd.Kind() == protoreflect.BoolKind:
			if m.Get(fd).Bool() {
				said = append(said, flagsOfAnswers[fd.Name()])
			}
		case fd.IsList():
			if list := messages(m.Get(fd).List()); len(list) > 0 || o.lists {
				printers()[fd.Message().FullName()](o, list)
			}
		case fd.Message() != nil && fd.Message().FullName() != "google.protobuf.Timestamp":
			if m.Has(fd) {
				printers()[fd.Message().FullName()](o, []proto.Message{m.Get(fd).Message().Interface()})
			}
		default:
			facts = append(facts, [2]string{strings.ReplaceAll(string(fd.Name()), "_", " "), o.scalar(m, fd)})
		}
	}
	if len(facts) > 0 {
		o.facts("", facts...)
	}
	for _, sentence := range said {
		fmt.Fprintln(o.w, sentence)
	}
}

func messages(list protoreflect.List) []proto.Message {
	all := make([]proto.Message, list.Len())
	for i := range all {
		all[i] = list.Get(i).Message().Interface()
	}
	return all
}

// scalar is a field that is no message of our own, as text.
func (o *output) scalar(m protoreflect.Message, fd protoreflect.FieldDescriptor) string {
	if fd.Message() != nil {
		return o.since(m.Get(fd).Message().Interface().(*timestamppb.Timestamp))
	}
	return m.Get(fd).String()
}

// idOf is the last part of a name.
func idOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func printClaimOrClaims(o *output, list []*tenfoldv1.Claim) {
	if len(list) == 1 && !o.lists {
		printClaim(o, list[0], nil)
		return
	}
	printClaims(o, &tenfoldv1.ListClaimsResponse{Claims: list})
}

func printBookEach(o *output, list []*tenfoldv1.Book) {
	if o.lists {
		printBookRows(o, list)
		return
	}
	for _, b := range list {
		printBook(o, b)
	}
}

// printBookRows prints many books, a row each.
func printBookRows(o *output, list []*tenfoldv1.Book) {
	t := o.newTable("Books", column{title: "Merchant"}, column{"Deposit free", true}, column{"Held", true}, column{"Shop funds free", true},
		column{"Held", true}, column{"Exposure", true}, column{"Free amount", true}, column{"Receivable", true}, column{"Demanded", true},
		column{"Open shortfall", true}, column{title: "Opened"}, column{title: "Left"})
	t.currency = true
	for _, b := range list {
		t.AppendRow(table.Row{
			idOf(b.GetName()), sumCell{b.GetDepositAvailable()}, sumCell{b.GetDepositHeld()}, sumCell{b.GetShopFundsAvailable()},
			sumCell{b.GetShopFundsHeld()}, sumCell{b.GetExposure()}, sumCell{b.GetFreeAmount()}, sumCell{b.GetReceivable()},
			sumCell{b.GetDemandedDeposit()}, sumCell{b.GetOpenShortfall()}, o.when(b.GetOpenedAt()), o.when(b.GetExitedAt()),
		})
	}
	o.render(t)
}

func printTransfers(o *output, list []*tenfoldv1.Transfer) {
	t := o.newTable("Transfers", column{title: "Transfer"}, column{title: "Recorded"}, column{title: "Effective"}, column{title: "Kind"},
		column{title: "Debit"}, column{title: "Credit"}, column{"Amount", true}, column{title: "Claim"}, column{title: "Order"}, column{"Revision", true},
		column{title: "Reference"}, column{title: "Out-number"}, column{title: "Channel reference"}, column{title: "Merchant"})
	t.currency = true
	for _, x := range list {
		t.AppendRow(table.Row{
			idOf(x.GetName()), o.when(x.GetRecordedAt()), o.when(x.GetEffectiveAt()), word(x.GetKind()), word(x.GetDebit()), word(x.GetCredit()),
			sumCell{x.GetAmount()}, idOf(x.GetClaim()), x.GetOrderId(), revisionCell(x.GetRevision()), x.GetExternalReference(), x.GetOutNumber(),
			x.GetGatewayReference(), idOf(bookOf(x.GetName())),
		})
	}
	o.render(t)
}

// revisionCell is the revision of a verdict; no text for none.
func revisionCell(revision int32) string {
	if revision == 0 {
		return ""
	}
	return strconv.Itoa(int(revision))
}

func printHolds(o *output, list []*tenfoldv1.Hold) {
	t := o.newTable("Holds", column{title: "Merchant"}, column{title: "Claim"}, column{title: "From"}, column{title: "State"}, column{"Amount", true}, column{"Captured", true},
		column{"Released", true}, column{title: "Since"}, column{title: "Ended"})
	t.currency = true
	for _, h := range list {
		t.AppendRow(table.Row{
			idOf(bookOf(h.GetClaim())), idOf(h.GetClaim()), word(h.GetSource()), word(h.GetState()), sumCell{h.GetAmount()}, sumCell{h.GetCaptured()}, sumCell{h.GetReleased()},
			o.when(h.GetHeldAt()), o.when(h.GetEndedAt()),
		})
	}
	o.render(t)
}

func printWebhooks(o *output, list []*tenfoldv1.Webhook) {
	t := o.newTable("Webhooks", column{title: "Webhook"}, column{title: "URL"}, column{title: "Kinds"}, column{title: "Confirms notices"},
		column{"Up to event", true}, column{title: "Created"})
	for _, h := range list {
		kinds := make([]string, len(h.GetKinds()))
		for i, k := range h.GetKinds() {
			kinds[i] = word(k)
		}
		if len(kinds) == 0 {
			kinds = []string{"all"}
		}
		confirms := "no"
		if h.GetConfirmsNotices() {
			confirms = "yes"
		}
		t.AppendRow(table.Row{h.GetName(), h.GetUrl(), strings.Join(kinds, ", "), confirms, h.GetEventNumber(), o.when(h.GetCreatedAt())})
	}
	o.render(t)
}

func printDeadLetters(o *output, list []*tenfoldv1.DeadLetter) {
	t := o.newTable("Dead letters", column{title: "Event"}, column{"Tries", true}, column{"Last status", true}, column{title: "Failure"}, column{title: "Given up"})
	for _, d := range list {
		t.AppendRow(table.Row{d.GetEvent(), d.GetAttempts(), d.GetLastStatus(), d.GetLastFailure(), o.when(d.GetDiedAt())})
	}
	o.render(t)
}

func printOrderLines(o *output, list []*tenfoldv1.OrderLine) {
	for _, l := range list {
		o.facts("Order line "+l.GetName(),
			[2]string{"revision", fmt.Sprint(l.GetRevision())},
			[2]string{"order", l.GetOrderId()},
			[2]string{"payment", l.GetPaymentId()},
			[2]string{"paid", o.since(l.GetPaidAt())},
			[2]string{"shipped", o.since(l.GetShippedAt())},
			[2]string{"delivered", o.since(l.GetDeliveredAt())},
			[2]string{"product", listed(", ", l.GetProductId(), led("SKU ", l.GetSkuId()), led("batch ", l.GetBatchId()))},
			[2]string{"category", l.GetCategory()},
			[2]string{"units", fmt.Sprint(l.GetQuantity())},
			[2]string{"price of a unit", sumCell{l.GetUnitPrice()}.String()},
			[2]string{"paid for the goods", sumCell{l.GetGoodsPaid()}.String()},
			[2]string{"payer", l.GetPayerId()},
			[2]string{"recipient", l.GetRecipientId()},
		)
		printLineRefunds(o, l.GetRefunds())
	}
}

func printLineRefunds(o *output, list []*tenfoldv1.LineRefund) {
	if len(list) == 0 {
		return
	}
	t := o.newTable("Refunds", column{title: "Refund"}, column{title: "When"}, column{"Amount", true})
	for _, r := range list {
		t.AppendRow(table.Row{r.GetRefundId(), o.when(r.GetRefundedAt()), sumCell{r.GetAmount()}})
	}
	o.render(t)
}

func printCorrections(o *output, list []*tenfoldv1.OrderLineCorrection) {
	t := o.newTable("Corrections", column{title: "When"}, column{"Revision before", true}, column{title: "Changed"}, column{title: "By"}, column{title: "Reason"})
	for _, c := range list {
		t.AppendRow(table.Row{
			o.when(c.GetCorrectedAt()), c.GetBefore().GetRevision(), strings.Join(c.GetChangedFields(), ", "),
			listed(" ", c.GetCorrectedAs(), c.GetCorrectedBy()), c.GetReason(),
		})
	}
	o.render(t)
}

func printRequests(o *output, list []*tenfoldv1.StoredRequest) {
	for _, r := range list {
		o.facts("Request "+r.GetRequestId(), [2]string{"method", r.GetMethod()}, [2]string{"workload", r.GetWorkload()},
			[2]string{"accepted", o.since(r.GetAcceptedAt())}, [2]string{"made or changed", strings.Join(r.GetOutcomeNames(), ", ")})
	}
}

func printRefusals(o *output, list []*tenfoldv1.AccessRefusal) {
	t := o.newTable("Refused attempts", column{title: "When"}, column{"Attempts", true}, column{title: "Method"}, column{title: "Reason"},
		column{title: "Workload"}, column{title: "Role"}, column{title: "Person"}, column{title: "Scope"}, column{title: "Target"})
	for _, r := range list {
		t.AppendRow(table.Row{
			o.when(r.GetRefusedAt()), r.GetAttempts(), r.GetMethod(), word(r.GetReason()), r.GetWorkload(), r.GetRole(), r.GetPerson(), r.GetScope(), r.GetTarget(),
		})
	}
	o.render(t)
}

func printCalculations(o *output, list []*tenfoldv1.Calculation) {
	for _, c := range list {
		printCalculation(o, c)
	}
}

func printFiledItems(o *output, list []*tenfoldv1.BatchFileClaimsItem) {
	t := newItems(o)
	for i, item := range list {
		t.AppendRow(itemRow(i, item.GetStatus(), item.GetClaim(), item.GetReplayed()))
	}
	o.render(t)
}

func printNoticeItems(o *output, list []*tenfoldv1.BatchConfirmNoticesItem) {
	t := newItems(o)
	for i, item := range list {
		t.AppendRow(itemRow(i, item.GetStatus(), item.GetClaim(), item.GetReplayed()))
	}
	o.render(t)
}

func printAcceptedItems(o *output, list []*tenfoldv1.BatchAcceptClaimsItem) {
	t := newItems(o)
	for i, item := range list {
		t.AppendRow(itemRow(i, item.GetStatus(), item.GetClaim(), item.GetReplayed()))
	}
	o.render(t)
}

func printDecisionSummaries(o *output, list []*tenfoldv1.DecisionSummary) {
	t := o.newTable("Decisions", column{title: "Queue"}, column{title: "Person"}, column{"Decisions", true}, column{"Mean wait", true}, column{"Longest wait", true})
	for _, s := range list {
		t.AppendRow(table.Row{
			word(s.GetQueue()), s.GetPerson(), s.GetDecisions(), s.GetMeanWait().AsDuration().Round(time.Second), s.GetLongestWait().AsDuration().Round(time.Second),
		})
	}
	o.render(t)
}

// newItems begins the table of a batch, which tells of each item alone.
func newItems(o *output) *sheet {
	return o.newTable("Items", column{"No.", true}, column{title: "Outcome"}, column{title: "Claim"}, column{title: "State"}, column{title: "Why"})
}

func itemRow(i int, s *tenfoldv1.ItemStatus, c *tenfoldv1.Claim, replayed bool) table.Row {
	outcome := "accepted"
	switch {
	case s.GetCode() != 0:
		outcome = "refused"
	case replayed:
		outcome = "accepted before"
	}
	return table.Row{i + 1, outcome, c.GetName(), word(c.GetState()), s.GetMessage()}
}

func printStateMachines(o *output, list []*tenfoldv1.StateMachine) {
	for _, m := range list {
		t := o.newTable("States", column{title: "State"}, column{title: "Waits for"}, column{title: "Meaning"})
		for _, s := range m.GetStates() {
			t.AppendRow(table.Row{word(s.GetState()), word(s.GetWaitsFor()), s.GetMeaning()})
		}
		o.render(t)
		t = o.newTable("Actions", column{title: "Action"}, column{title: "Roles"}, column{title: "Meaning"})
		for _, a := range m.GetActions() {
			t.AppendRow(table.Row{word(a.GetAction()), strings.Join(a.GetRoles(), ", "), a.GetMeaning()})
		}
		o.render(t)
	}
}
