package main

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
)

// webhookVerbs are the commands of a merchant's back office on its webhooks.
func webhookVerbs() []verb {
	aWebhook := func(field string) input {
		return input{name: "WEBHOOK", field: field, required: true, as: under("webhooks")}
	}
	done := func(what string) func(*output, *call, proto.Message) {
		return func(o *output, _ *call, _ proto.Message) { fmt.Fprintln(o.w, what) }
	}
	return []verb{
		{
			use: "create MERCHANT URL", method: "WebhookService/CreateWebhook", role: principal.RoleOperator,
			short: "Create a webhook, and show its secret once",
			long: "Create a webhook, which receives the events of a book from now on. The answer has the secret that signs deliveries;\n" +
				"it is never shown again.",
			examples: []string{"webhook create m1 https://shop.example/tenfold --kinds claim-filed,notice-confirmed --confirms-notices"},
			args:     []input{aMerchant("parent"), {name: "URL", field: "url", required: true}},
			flags: []input{
				{name: "kinds", field: "kinds", usage: "kinds of event to send, with commas between them; all if it is not given"},
				{name: "confirms-notices", field: "confirms_notices", usage: "any answer from 200 to 299 is the delivery of the notice in the event"},
			},
		},
		{
			use: "list MERCHANT", method: "WebhookService/ListWebhooks", role: principal.RoleOperator, thing: "webhook",
			short: "List the webhooks of a book", long: "List the webhooks of a book and how far each has come.",
			examples: []string{"webhook list m1"}, args: []input{aMerchant("parent")},
		},
		{
			use: "delete WEBHOOK", method: "WebhookService/DeleteWebhook", role: principal.RoleOperator,
			short: "Delete a webhook and drop its waiting deliveries", long: "Delete a webhook and drop its waiting deliveries.",
			examples: []string{"webhook delete m1/w-1 --yes"}, args: []input{aWebhook("name")},
			risk: "The webhook's waiting deliveries are dropped", print: done("the webhook is deleted"),
		},
		{
			use: "rotate WEBHOOK", method: "WebhookService/RotateSecret", role: principal.RoleOperator,
			short:    "Give a webhook a new secret, and show it once",
			long:     "Give a webhook a new secret. Until the overlap has passed, deliveries are signed with both secrets.",
			examples: []string{"webhook rotate m1/w-1 --overlap 36h --yes"}, args: []input{aWebhook("name")},
			flags: []input{{name: "overlap", field: "overlap", usage: "how long deliveries are also signed with the old secret; a day if it is not given"}},
			risk:  "Deliveries are no longer signed with the old secret after the overlap",
		},
		{
			use: "dead-letters WEBHOOK", method: "WebhookService/ListDeadLetters", role: principal.RoleOperator, thing: "dead letter",
			short: "List the events that could not be delivered", long: "List the events that could not be delivered and are not tried again, oldest first.",
			examples: []string{"webhook dead-letters m1/w-1"}, args: []input{aWebhook("parent")},
		},
		{
			use: "redeliver WEBHOOK EVENT", method: "WebhookService/RedeliverEvent", role: principal.RoleOperator,
			short:    "Send an event again, which also tests a webhook",
			long:     "Send an event of the book again, whether it is a dead letter or not. Any event tests a webhook, such as the first.",
			examples: []string{"webhook redeliver m1/w-1 m1/1"},
			args:     []input{aWebhook("name"), {name: "EVENT", field: "event", required: true, as: under("events")}},
			print:    done("the event will be sent; `tenfold webhook dead-letters` shows it if it is not taken"),
		},
	}
}
