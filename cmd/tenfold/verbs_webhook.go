package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
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
			use: "test WEBHOOK", method: "WebhookService/RedeliverEvent", role: principal.RoleOperator,
			short:    "Send a webhook the first event of its book",
			long:     "Send a webhook the first event of its book, which tells that the book was opened. Receivers know events that they have had.",
			examples: []string{"webhook test m1/w-1"}, args: []input{aWebhook("name")},
			complete: func(x *call) error {
				r := x.request.(*tenfoldv1.RedeliverEventRequest)
				r.Event = bookOf(r.GetName()) + "/events/1"
				return nil
			},
			print: done("the event will be sent; `tenfold webhook dead-letters` shows it if it is not taken"),
		},
		{
			use: "redeliver WEBHOOK EVENT", method: "WebhookService/RedeliverEvent", role: principal.RoleOperator,
			short:    "Send an event again",
			long:     "Send an event of the book again, whether it is a dead letter or not.",
			examples: []string{"webhook redeliver m1/w-1 m1/1"},
			args:     []input{aWebhook("name"), {name: "EVENT", field: "event", required: true, as: under("events")}},
			print:    done("the event will be sent; `tenfold webhook dead-letters` shows it if it is not taken"),
		},
	}
}

func newWebhookGet() *cobra.Command {
	var c remote
	return calling(c.command(principal.RoleOperator, &cobra.Command{
		Use: "get WEBHOOK", Short: "Show a webhook", Long: "Show a webhook of a book, the kinds of event that it gets, and how far it has come.",
		Example: "  tenfold webhook get m1/w-1", Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := under("webhooks")(args[0])
		if err != nil {
			return usageError{fmt.Errorf("WEBHOOK %w", err)}
		}
		var found *tenfoldv1.Webhook
		err = everyPage(func(token string) (*tenfoldv1.ListWebhooksResponse, error) {
			return tenfoldv1.NewWebhookServiceClient(conn).ListWebhooks(cmd.Context(),
				&tenfoldv1.ListWebhooksRequest{Parent: bookOf(name), PageSize: pageMax, PageToken: token})
		}, func(page *tenfoldv1.ListWebhooksResponse) {
			for _, h := range page.GetWebhooks() {
				if h.GetName() == name {
					found = h
				}
			}
		})
		if err != nil {
			return err
		}
		if found == nil {
			return fmt.Errorf("WEBHOOK_NOT_FOUND: %s has no webhook %s", bookOf(name), idOf(name))
		}
		return show(&c.out, found, func(o *output, h *tenfoldv1.Webhook) { printWebhooks(o, []*tenfoldv1.Webhook{h}) })
	}), "WebhookService/ListWebhooks")
}
