package rpc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// hook asks for a webhook.
func (f *fixture) hook(merchant, url string) *tenfoldv1.CreateWebhookRequest {
	return &tenfoldv1.CreateWebhookRequest{Parent: "merchants/" + merchant, RequestId: f.id(), Url: url}
}

// Would catch a secret that is shown again, a webhook that the lists do not show,
// and dead letters that cannot be told or sent again.
func TestWebhooksOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(gone.Close)
	var names []string
	for range 3 {
		request := f.hook("m1", gone.URL)
		request.Kinds = []tenfoldv1.EventKind{tenfoldv1.EventKind_EVENT_KIND_CLAIM_FILED}
		r, err := f.keeping.CreateWebhook(f.as("merchant"), request)
		if err != nil || !strings.HasPrefix(r.GetSecret(), "whsec_") {
			t.Fatalf("%v: %v", r, err)
		}
		if again, err := f.keeping.CreateWebhook(f.as("merchant"), request); err != nil || !again.GetReplayed() || again.GetSecret() != "" ||
			again.GetWebhook().GetName() != r.GetWebhook().GetName() || len(again.GetWebhook().GetKinds()) != 1 {
			t.Errorf("replayed as %v: %v", again, err)
		}
		names = append(names, r.GetWebhook().GetName())
	}
	var listed []string
	for token := ""; ; {
		page, err := f.keeping.ListWebhooks(f.as("merchant"), &tenfoldv1.ListWebhooksRequest{Parent: "merchants/m1", PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page.GetWebhooks() {
			listed = append(listed, w.GetName())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if len(listed) != len(names) {
		t.Errorf("listed are %v, created %v", listed, names)
	}
	f.file("m1", "l1")
	f.file("m1", "l2")
	if err := f.hooks.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := f.keeping.ListDeadLetters(f.as("merchant"), &tenfoldv1.ListDeadLettersRequest{Parent: names[0], PageSize: 1})
	if err != nil || len(page.GetDeadLetters()) != 1 || page.GetNextPageToken() == "" {
		t.Fatalf("dead letters %v: %v", page, err)
	}
	dead := page.GetDeadLetters()[0]
	if dead.GetEvent() != "merchants/m1/events/2" || dead.GetLastStatus() != http.StatusGone || dead.GetLastFailure() != "GONE" {
		t.Errorf("dead letter %v", dead)
	}
	page, err = f.keeping.ListDeadLetters(f.as("merchant"), &tenfoldv1.ListDeadLettersRequest{Parent: names[0], PageToken: page.GetNextPageToken()})
	if err != nil || len(page.GetDeadLetters()) != 1 || page.GetNextPageToken() != "" {
		t.Errorf("the second page is %v: %v", page, err)
	}
	_, err = f.keeping.RedeliverEvent(f.as("merchant"), &tenfoldv1.RedeliverEventRequest{Name: names[0], RequestId: f.id(), Event: dead.GetEvent()})
	if err != nil {
		t.Error(err)
	}
	rotated, err := f.keeping.RotateSecret(f.as("merchant"), &tenfoldv1.RotateSecretRequest{Name: names[0], RequestId: f.id()})
	if err != nil || !strings.HasPrefix(rotated.GetSecret(), "whsec_") {
		t.Errorf("rotated to %v: %v", rotated, err)
	}
	for _, name := range names {
		if _, err := f.keeping.DeleteWebhook(f.as("merchant"), &tenfoldv1.DeleteWebhookRequest{Name: name, RequestId: f.id()}); err != nil {
			t.Error(err)
		}
	}
}

// Would catch a merchant who keeps webhooks of another's book, or learns of them.
func TestWebhooksStayInTheirBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	r, err := f.keeping.CreateWebhook(f.as("operator"), f.hook("m2", "https://receiver.example/"))
	if err != nil {
		t.Fatal(err)
	}
	name, me := r.GetWebhook().GetName(), f.as("merchant") // Of m1.
	for method, call := range map[string]func() error{
		"CreateWebhook": func() error {
			_, err := f.keeping.CreateWebhook(me, f.hook("m2", "https://receiver.example/"))
			return err
		},
		"ListWebhooks": func() error {
			_, err := f.keeping.ListWebhooks(me, &tenfoldv1.ListWebhooksRequest{Parent: "merchants/m2"})
			return err
		},
		"DeleteWebhook": func() error {
			_, err := f.keeping.DeleteWebhook(me, &tenfoldv1.DeleteWebhookRequest{Name: name, RequestId: f.id()})
			return err
		},
		"RotateSecret": func() error {
			_, err := f.keeping.RotateSecret(me, &tenfoldv1.RotateSecretRequest{Name: name, RequestId: f.id()})
			return err
		},
		"ListDeadLetters": func() error {
			_, err := f.keeping.ListDeadLetters(me, &tenfoldv1.ListDeadLettersRequest{Parent: name})
			return err
		},
		"RedeliverEvent": func() error {
			_, err := f.keeping.RedeliverEvent(me, &tenfoldv1.RedeliverEventRequest{Name: name, RequestId: f.id(), Event: "merchants/m2/events/1"})
			return err
		},
	} {
		if code := status.Code(call()); code != codes.NotFound {
			t.Errorf("%s answers %v", method, code)
		}
	}
	_, err = f.keeping.RedeliverEvent(f.as("operator"), &tenfoldv1.RedeliverEventRequest{Name: name, RequestId: f.id(), Event: "merchants/m1/events/1"})
	if refusal(err).reason != "REQUEST_INVALID" {
		t.Errorf("another book's event: %v", err)
	}
	list, err := f.keeping.ListWebhooks(f.as("operator"), &tenfoldv1.ListWebhooksRequest{Parent: "merchants/m2"})
	if err != nil || len(list.GetWebhooks()) != 1 {
		t.Errorf("left are %v: %v", list, err)
	}
}
