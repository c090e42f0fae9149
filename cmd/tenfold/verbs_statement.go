package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementFileText reads the name of a file of a statement, or MERCHANT/JOB.
func statementFileText(text string) (string, error) {
	book, id, ok := strings.Cut(strings.Replace(strings.TrimPrefix(text, "merchants/"), "/statementFiles/", "/", 1), "/")
	if !ok || !idPart.MatchString(book) || !reconcileID.MatchString(id) {
		return "", fmt.Errorf("must be MERCHANT/JOB such as m1/1KJPW-D6M05-F2S5T-CT5FM, or -/JOB for one of all books, not %s", shown(text))
	}
	return merchantNameOf(book) + "/statementFiles/" + id, nil
}

// statementVerbs look after the statements that servers write; book statement --job begins them.
func statementVerbs() []verb {
	const file = "m1/1KJPW-D6M05-F2S5T-CT5FM"
	aFile := input{name: "FILE", field: "name", required: true, as: statementFileText}
	return []verb{
		{
			use: "statement-files MERCHANT", method: "StatementFileService/ListStatementFiles", role: principal.RoleFinance, thing: "file",
			short: "List the statements that servers wrote or write, the newest first",
			long: "List the statements of a book that servers wrote or write (`tenfold book statement --job`), the newest first; - for those\n" +
				"over all books. A merchant gets those that it asked for itself.",
			examples: []string{"book statement-files m1", "book statement-files - -o csv"},
			args:     []input{aMerchant("parent")},
		},
		{
			use: "statement-file FILE", method: "StatementFileService/GetStatementFile", role: principal.RoleFinance,
			short:    "Show how far a statement is written",
			long:     "Show how far a statement is written that servers write, or what it came to. FILE is MERCHANT/JOB.",
			examples: []string{"book statement-file " + file, "book statement-file " + file + " -o json"}, args: []input{aFile},
		},
		{
			use: "cancel-statement FILE", method: "StatementFileService/CancelStatementFile", role: principal.RoleFinance,
			short:    "End the writing of a statement, or drop one that is written",
			long:     "End the writing of a statement by servers, or drop one that is written before it expires. FILE is MERCHANT/JOB.",
			examples: []string{"book cancel-statement " + file + " --yes"}, args: []input{aFile},
			risk: "What is written of the statement is dropped",
		},
		{
			use: "resume-statement FILE", method: "StatementFileService/ResumeStatementFile", role: principal.RoleFinance,
			short: "Have a statement be written on",
			long: "Have a statement be written on that failed, was paused or was cancelled: from where it stopped, or from its beginning\n" +
				"if that was dropped. FILE is MERCHANT/JOB. `tenfold book statement --resume` reads it then.",
			examples: []string{"book resume-statement " + file}, args: []input{aFile},
		},
	}
}

func printStatementFiles(o *output, list []*tenfoldv1.StatementFile) {
	if len(list) == 1 && !o.lists {
		printStatementFile(o, list[0])
		return
	}
	t := o.newTable("Statements", column{title: "File"}, column{title: "State"}, column{title: "Time"}, column{title: "Basis"}, column{title: "Order"},
		column{"Lines", true}, column{"Of", true}, column{"Bytes", true}, column{title: "SHA-256"}, column{title: "Asked for"}, column{title: "Kept until"})
	for _, f := range list {
		t.AppendRow(table.Row{
			f.GetName(), word(f.GetState()), o.span(f.GetFrom(), f.GetUntil()), word(f.GetBasis()), f.GetOrderId(), f.GetDoneLines(), f.GetTotalLines(),
			f.GetSizeBytes(), f.GetEnd().GetCsvSha256(), o.when(f.GetCreateTime()), o.when(f.GetExpireTime()),
		})
	}
	o.render(t)
}

func printStatementFile(o *output, f *tenfoldv1.StatementFile) {
	amount, provisional := "", ""
	if f.GetEnd() != nil {
		amount = sum(f.GetEnd().GetAmount())
	}
	if f.GetEnd().GetProvisional() {
		provisional = "yes: its time reaches into a month that was not closed"
	}
	o.facts("", [2]string{"file", f.GetName()}, [2]string{"state", word(f.GetState())}, [2]string{"time", o.span(f.GetFrom(), f.GetUntil())},
		[2]string{"basis", word(f.GetBasis())}, [2]string{"currency", f.GetCurrencyCode()}, [2]string{"order", f.GetOrderId()},
		[2]string{"lines", fmt.Sprintf("%d of %d", f.GetDoneLines(), f.GetTotalLines())}, [2]string{"bytes", fmt.Sprint(f.GetSizeBytes())},
		[2]string{"amount", amount}, [2]string{"SHA-256", f.GetEnd().GetCsvSha256()}, [2]string{"provisional", provisional},
		[2]string{"failure", f.GetFailure()}, [2]string{"job", f.GetJob()}, [2]string{"asked for by", f.GetCreatedBy()},
		[2]string{"at", o.since(f.GetCreateTime())}, [2]string{"ended", o.since(f.GetEndTime())}, [2]string{"kept until", o.since(f.GetExpireTime())})
}
