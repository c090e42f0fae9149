package main

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// printImports prints imports as a list, or one with all that is known of it.
func printImports(o *output, list []*tenfoldv1.Import) {
	if len(list) == 1 && !o.lists {
		printImport(o, list[0])
		return
	}
	t := o.newTable("Imports", column{title: "Import"}, column{title: "State"}, column{title: "Day"}, column{title: "Side"}, column{title: "Account"},
		column{title: "Format"}, column{"Lines", true}, column{"In", true}, column{"Out", true}, column{title: "Imported"})
	for _, i := range list {
		t.AppendRow(table.Row{i.GetName(), word(i.GetState()), i.GetDay(), word(i.GetSide()), i.GetAccount(), i.GetFormat(), i.GetLineCount(),
			optional(i.GetIn()), optional(i.GetOut()), o.when(i.GetCreateTime())})
	}
	o.render(t)
}

// optional is an amount; empty for none.
func optional(m *tenfoldv1.Money) string {
	if m == nil {
		return ""
	}
	return sum(m)
}

func printImport(o *output, i *tenfoldv1.Import) {
	o.facts("", [2]string{"import", i.GetName()}, [2]string{"state", word(i.GetState())}, [2]string{"side", word(i.GetSide())},
		[2]string{"account", i.GetAccount()}, [2]string{"day", i.GetDay()}, [2]string{"format", i.GetFormat()},
		[2]string{"bytes", fmt.Sprintf("%d of %d", i.GetReceivedBytes(), i.GetSizeBytes())}, [2]string{"digest", i.GetDigest()},
		[2]string{"lines", fmt.Sprint(i.GetLineCount())}, [2]string{"in", optional(i.GetIn())}, [2]string{"out", optional(i.GetOut())},
		[2]string{"proved by", i.GetProof()}, [2]string{"imported by", i.GetCreatedBy()}, [2]string{"imported", o.since(i.GetCreateTime())},
		[2]string{"read", o.since(i.GetCompleteTime())})
	for _, part := range []struct {
		title string
		list  []*tenfoldv1.ImportProblem
	}{{"Problems", i.GetProblems()}, {"Notices", i.GetNotices()}} {
		if len(part.list) == 0 {
			continue
		}
		t := o.newTable(part.title, column{title: "Code"}, column{"Line", true}, column{title: "Column"}, column{title: "What"}, column{"Times", true})
		for _, p := range part.list {
			t.AppendRow(table.Row{p.GetCode(), p.GetLine(), p.GetColumn(), p.GetText(), p.GetTimes()})
		}
		o.render(t)
	}
}

func printImportLines(o *output, list []*tenfoldv1.ImportLine) {
	t := o.newTable("Lines", column{"Line", true}, column{title: "Kind"}, column{title: "Status"}, column{"Amount", true}, column{title: "When"},
		column{title: "Out-number"}, column{title: "Reference"}, column{title: "Order"}, column{title: "Payout"}, column{title: "Found by"})
	for _, l := range list {
		t.AppendRow(table.Row{l.GetNumber(), word(l.GetKind()), word(l.GetStatus()), sum(l.GetAmount()), o.when(l.GetTime()), l.GetOutNumber(),
			l.GetReference(), l.GetOrderId(), l.GetPayout(), word(l.GetRule())})
	}
	o.render(t)
}

// printBreaks prints breaks as a list, or one with what happened to it.
func printBreaks(o *output, list []*tenfoldv1.Break) {
	if len(list) == 1 && !o.lists {
		printBreak(o, list[0])
		return
	}
	t := o.newTable("Breaks", column{title: "Break"}, column{title: "State"}, column{title: "Class"}, column{title: "Day"}, column{title: "Side"},
		column{title: "Number"}, column{"Expected", true}, column{"Found", true}, column{title: "Due"}, column{title: "Assignee"})
	for _, b := range list {
		t.AppendRow(table.Row{b.GetName(), word(b.GetState()), word(b.GetClass()), b.GetDay(), word(b.GetSide()), b.GetNumber(),
			optional(b.GetExpected()), optional(b.GetFound()), o.when(b.GetDueTime()), b.GetAssignee()})
	}
	o.render(t)
}

func printBreak(o *output, b *tenfoldv1.Break) {
	line := ""
	if b.GetImport() != "" {
		line = fmt.Sprintf("%s, line %d", b.GetImport(), b.GetLineNumber())
	}
	o.facts("", [2]string{"break", b.GetName()}, [2]string{"state", word(b.GetState())}, [2]string{"class", word(b.GetClass())},
		[2]string{"what differs", b.GetDetail()}, [2]string{"day", b.GetDay()}, [2]string{"side", word(b.GetSide())}, [2]string{"number", b.GetNumber()},
		[2]string{"book", b.GetBook()}, [2]string{"claim", b.GetClaim()}, [2]string{"payout", b.GetPayout()}, [2]string{"line", line}, [2]string{"expected", optional(b.GetExpected())},
		[2]string{"found", optional(b.GetFound())}, [2]string{"opened", o.since(b.GetOpenTime())}, [2]string{"due", o.since(b.GetDueTime())},
		[2]string{"closed", o.since(b.GetCloseTime())}, [2]string{"reason", reasonWord(b.GetCloseReason())}, [2]string{"assignee", b.GetAssignee()})
	if len(b.GetNotes()) == 0 {
		return
	}
	t := o.newTable("What happened", column{title: "When"}, column{title: "What"}, column{title: "Person"}, column{title: "Assignee"}, column{title: "Note"})
	for _, n := range b.GetNotes() {
		t.AppendRow(table.Row{o.when(n.GetTime()), n.GetAction(), n.GetPerson(), n.GetAssignee(), n.GetText()})
	}
	o.render(t)
}

// reasonWord is the word of a reason; empty for none.
func reasonWord(r tenfoldv1.BreakCloseReason) string {
	if r == tenfoldv1.BreakCloseReason_BREAK_CLOSE_REASON_UNSPECIFIED {
		return ""
	}
	return word(r)
}
