package main

import (
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newOrderLine() *cobra.Command {
	return newGroup("order-line", "Show and correct order lines", orderLineVerbs())
}

func newRefund() *cobra.Command {
	return newGroup("refund", "Report refunds that were made outside of claims", refundVerbs())
}

func newRequest() *cobra.Command {
	return newGroup("request", "Look up requests that were sent", requestVerbs())
}

func newRefusal() *cobra.Command {
	return newGroup("refusal", "Show attempts that were refused because of the caller", refusalVerbs())
}

// aLine is the argument that names an order line.
func aLine(field string) input {
	return input{name: "LINE", field: field, required: true, as: lineText}
}

func orderLineVerbs() []verb {
	return []verb{
		{
			use: "get LINE", method: "ClaimService/GetOrderLine", role: principal.RoleSupport,
			short: "Show an order line with its refunds", long: "Show an order line as the order service told it, with its refunds.",
			examples: []string{"order-line get m1/l1"}, args: []input{aLine("name")},
		},
		{
			use: "correct LINE FILE", method: "OrderLineService/CorrectOrderLine", role: principal.RoleOrderService,
			short: "Replace the content of an order line that was told wrongly",
			long: "Replace the content of an order line on which no claim rests, by an OrderLine in JSON. The whole line is replaced:\n" +
				"what the file leaves out is not kept. `tenfold order-line get LINE -o json` prints the line to edit.",
			examples: []string{"order-line correct m1/l1 line.json --revision 1 --reason 'the price was that of two units' --yes"},
			args:     []input{aLine("name"), {name: "FILE", field: "order_line", required: true, put: fromFile("order_line")}},
			flags: []input{
				{name: "revision", field: "revision", usage: "revision of the line that you have read", required: true},
				{name: "reason", field: "reason", usage: "why it is corrected", required: true},
			},
			risk: "The content of the line is replaced",
			complete: func(x *call) error {
				if r := x.request.(*tenfoldv1.CorrectOrderLineRequest); r.GetOrderLine().GetName() == "" {
					r.OrderLine.Name = r.GetName()
				}
				return nil
			},
		},
		{
			use: "corrections LINE", method: "OrderLineService/ListOrderLineCorrections", role: principal.RoleSupport, thing: "correction",
			short: "List the corrections of an order line, oldest first", long: "List what an order line said before each correction, oldest first.",
			examples: []string{"order-line corrections m1/l1"}, args: []input{aLine("parent")},
		},
	}
}

func refundVerbs() []verb {
	return []verb{{
		use: "report LINE", method: "ClaimService/ReportOrderRefund", role: principal.RoleOrderService,
		short: "Report that an order line was refunded outside of its claims",
		long: "Report that an order line was refunded outside of its claims, or charged back. What is still owed is less by it, and what\n" +
			"was paid already the consumer owes back.",
		examples: []string{"refund report m1/l1 --refund-id rf-1 --amount 50.00CNY --refunded-at 2026-03-02T09:00:00Z --yes"},
		args:     []input{aLine("name")},
		flags: []input{
			{name: "refund-id", field: "refund.refund_id", usage: "the order service's id of the refund", required: true},
			{name: "amount", field: "refund.amount", usage: "what was given back with its currency, such as 50.00CNY", required: true},
			{name: "refunded-at", field: "refund.refunded_at", usage: "when the buyer got it", required: true},
		},
		risk: "The claims on the line are owed less by it",
	}}
}

func requestVerbs() []verb {
	return []verb{{
		use: "get MERCHANT METHOD ID", method: "ClaimService/GetRequest", role: principal.RoleSupport,
		short: "Show what became of a request that the workload sent",
		long: "Show the outcome of a request that the calling workload sent. MERCHANT is \"-\" for a request that belongs to no book.\n" +
			"Refused requests are not kept.",
		examples: []string{"request get m1 ClaimService/FileClaim order-8-line-1 --workload shop --role order-service"},
		args:     []input{aMerchant("parent"), {name: "METHOD", field: "method", required: true}, {name: "ID", field: "request_id", required: true}},
	}}
}

func refusalVerbs() []verb {
	return []verb{{
		use: "list", method: "AuditService/ListRefusals", role: principal.RoleAuditor, thing: "entry",
		short:    "List attempts that were refused because of the caller, newest first",
		long:     "List attempts that were refused because the caller was not allowed to make them, newest first.",
		examples: []string{"refusal list --of-workload dashboard --from 2026-03-01T00:00:00Z -o csv"},
		flags: []input{
			{name: "of-workload", field: "workload", usage: "only attempts of this workload"},
			{name: "from", field: "from", usage: "only attempts refused at this time or later"},
			{name: "until", field: "until", usage: "only attempts refused before this time"},
		},
	}}
}
