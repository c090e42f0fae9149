package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/principal"
)

// periodForm is a month.
var periodForm = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

// periodText reads the name of a period, or a month alone.
func periodText(text string) (string, error) {
	month := strings.TrimPrefix(text, "periods/")
	if !periodForm.MatchString(month) {
		return "", fmt.Errorf("must be a month such as 2026-03, not %s", shown(text))
	}
	return "periods/" + month, nil
}

func aPeriod() input { return input{name: "PERIOD", field: "name", required: true, as: periodText} }

// periodVerbs close months and read them.
func periodVerbs() []verb {
	inMonth := input{name: "period", field: "period", usage: "the month, such as 2026-03", required: true, as: periodText}
	return []verb{
		{
			use: "period PERIOD", method: "PeriodService/GetPeriod", role: principal.RoleFinance,
			short:    "Show a month: whether it is closed, and what its close still asks for",
			long:     "Show a month of the business calendar: whether it is closed, its changes, and the checklist of an open one.",
			examples: []string{"book period 2026-03", "book period 2026-03 -o json"}, args: []input{aPeriod()},
		},
		{
			use: "period-changes", method: "PeriodService/ListPeriodChanges", role: principal.RoleFinance, thing: "change",
			short:    "List the closes and reopenings of months, newest first",
			long:     "List the closes and reopenings of months, newest first, with the hashes by which they form a chain.",
			examples: []string{"book period-changes", "book period-changes -o jsonl"},
		},
		{
			use: "close PERIOD", method: "PeriodService/ClosePeriod", role: principal.RoleFinance,
			short: "Propose to close a month that is over",
			long: "Propose to close a month that is over. Its checklist must be clean: `tenfold book period` shows it. Another person\n" +
				"approves the close with `tenfold book approve-period`. Needs --person.",
			examples: []string{"book close 2026-03 --note 'month end' --person fay"},
			args:     []input{aPeriod()}, flags: []input{whyNote("the reason, without personal data")},
		},
		{
			use: "reopen PERIOD", method: "PeriodService/ReopenPeriod", role: principal.RoleFinance,
			short:    "Propose to reopen the last closed month",
			long:     "Propose to reopen the last closed month. Another person approves it with `tenfold book approve-period`. Needs --person.",
			examples: []string{"book reopen 2026-03 --note 'the bank sent more' --person fay"},
			args:     []input{aPeriod()}, flags: []input{whyNote("the reason, without personal data")},
		},
		{
			use: "approve-period PERIOD", method: "PeriodService/ApprovePeriodChange", role: principal.RoleApprover,
			short:    "Approve the close or the reopening of a month that waits",
			long:     "Approve the close or the reopening of a month that waits for a second person. Needs --person.",
			examples: []string{"book approve-period 2026-03 --person anna --yes"},
			args:     []input{aPeriod()}, flags: []input{aNote()}, risk: "The month is closed, or opened again",
		},
		{
			use: "refuse-period PERIOD", method: "PeriodService/RefusePeriodChange", role: principal.RoleApprover,
			short:    "Refuse the close or the reopening of a month that waits",
			long:     "End the close or the reopening of a month that waits. One person is enough, the proposer included. Needs --person.",
			examples: []string{"book refuse-period 2026-03 --person anna --yes"},
			args:     []input{aPeriod()}, flags: []input{aNote()}, risk: "The change ends",
		},
		{
			use: "explain-suspense MERCHANT", method: "PeriodService/NoteSuspense", role: principal.RoleFinance,
			short: "Say what the money in suspense of a book is",
			long: "Say what the money is that lies in suspense in a book. You name the amount that you\n" +
				"saw, and the explanation holds while exactly that amount lies there. Needs --person.",
			examples: []string{"book explain-suspense m1 --amount 800.00CNY --note 'asked the bank' --person fay"},
			args:     []input{aMerchant("name")},
			flags:    []input{{name: "amount", field: "amount", usage: "the amount in suspense that you saw, such as 800.00CNY", required: true}, whyNote("what the money is, and what becomes of it, without personal data")},
		},
		{
			use: "period-statement MERCHANT", method: "PeriodService/GetPeriodStatement", role: principal.RoleFinance,
			short: "Sum up a month of a book, or of all books, with its late section",
			long: "Sum up a month of a book, or of all books (\"-\"): opening and closing balances, and what came in late. The statement\n" +
				"of an open month is provisional.",
			examples: []string{"book period-statement m1 --period 2026-03", "book period-statement - --period 2026-03 -o json"},
			args:     []input{aMerchant("name")}, flags: []input{inMonth},
		},
		{
			use: "late MERCHANT", method: "PeriodService/ListLateTransfers", role: principal.RoleFinance, thing: "transfer",
			short:    "List what came in late in a month, by the time of its effect",
			long:     "List the transfers of a book that took effect in a month that was closed before they came in, and belong to this one.",
			examples: []string{"book late m1 --period 2026-04 -o csv"},
			args:     []input{aMerchant("parent")}, flags: []input{inMonth},
		},
	}
}
