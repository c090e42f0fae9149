package webhook_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/testseed"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// Would catch an event that is not sent, is sent although its kind was not asked
// for or it came before the webhook, or is sent again after it was taken.
func TestEventsAreSentOnceInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	every, some := newReceiver(t), newReceiver(t)
	f.create(every.URL)
	f.create(some.URL, event.DepositWithdrawn)
	for range 5 {
		f.topUp()
		f.step()
		f.step()
	}
	if got := every.taken(); got != "2 3 4 5 6" {
		t.Errorf("sent were %s", got)
	}
	if got := some.taken(); got != "" {
		t.Errorf("of a kind that was not asked for, %s were sent", got)
	}
	every.mu.Lock()
	defer every.mu.Unlock()
	if h := every.last.header; h.Get("webhook-id") != "m1/6" || h.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("the last delivery has the headers %v", h)
	}
}

// Would catch a signature that no receiver can verify, one with a secret that was
// replaced long ago, and one without the secret that a receiver still has.
func TestDeliveriesAreSignedWithEverySecretThatHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, first := f.create(r.URL)
	f.topUp()
	f.step()
	if !r.signedWith(first) {
		t.Error("the first delivery is not signed")
	}
	f.advance(time.Minute)
	request := f.request("RotateSecret")
	got, second, replayed, err := f.hooks.Rotate(t.Context(), request, w.ID, time.Hour)
	if err != nil || replayed {
		t.Fatal(err)
	}
	if !w.ChangedAt.Equal(w.CreatedAt) || got.ChangedAt.Sub(got.CreatedAt) != time.Minute {
		t.Errorf("it was changed at %s, and after the rotation at %s", w.ChangedAt, got.ChangedAt)
	}
	if _, secret, replayed, err := f.hooks.Rotate(t.Context(), request, w.ID, time.Hour); err != nil || !replayed || secret != "" {
		t.Errorf("a replay shows the secret %q: %v, %v", secret, replayed, err)
	}
	f.topUp()
	f.step()
	if !r.signedWith(first) || !r.signedWith(second) {
		t.Error("during the overlap a signature is missing")
	}
	f.advance(time.Hour)
	f.topUp()
	f.step()
	if r.signedWith(first) || !r.signedWith(second) {
		t.Error("after the overlap the wrong secret signs")
	}
}

// Would catch a delivery that is given up too early, tried without pause, or tried
// for ever; and one that cannot be sent again.
func TestFailuresArePutOffAndThenDead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		failure string
		tries   int
	}{
		"refused":    {http.StatusBadRequest, "STATUS", 10},
		"away":       {http.StatusServiceUnavailable, "STATUS", 10},
		"redirected": {http.StatusFound, "STATUS", 10},
		"gone":       {http.StatusGone, "GONE", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, bounds())
			r := newReceiver(t)
			r.answers(func(string) int { return c.status })
			w, _ := f.create(r.URL)
			f.topUp()
			f.step()
			f.step()
			if r.tries != 1 {
				t.Fatalf("tried %d times at once", r.tries)
			}
			for range 40 {
				f.advance(20 * time.Hour)
				f.step()
			}
			dead := f.dead(&w)
			if r.tries != c.tries || len(dead) != 1 || dead[0].EventNumber != 2 || dead[0].Attempts != c.tries ||
				dead[0].Status != c.status || dead[0].Failure != c.failure {
				t.Fatalf("after %d tries the dead letters are %+v", r.tries, dead)
			}
			r.answers(nil)
			request := f.request("RedeliverEvent")
			for _, want := range []bool{false, true} {
				if replayed, err := f.hooks.Redeliver(t.Context(), request, w.ID, 2); err != nil || replayed != want {
					t.Fatalf("redeliver: replayed %v, %v", replayed, err)
				}
				f.step()
			}
			if got := r.taken(); got != "2" || len(f.dead(&w)) > 0 {
				t.Errorf("taken were %q, dead are %v", got, f.dead(&w))
			}
		})
	}
}

// Would catch one event that a receiver refuses and that holds up all others, and
// a receiver that is away and is asked for each event.
func TestARefusedEventWaitsAloneAndAnAbsentReceiverIsAskedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, _ := f.create(r.URL)
	r.answers(func(number string) int {
		if number == "3" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	for range 4 {
		f.topUp()
	}
	f.step()
	if got := r.taken(); got != "2 4 5" {
		t.Errorf("beside a refused event, %s were taken", got)
	}
	r.Close()
	for range 50 {
		f.topUp()
	}
	f.advance(time.Minute)
	f.step()
	for range 20 {
		f.advance(20 * time.Hour)
		f.step()
	}
	dead := f.dead(&w)
	if len(dead) != 51 || dead[50].Failure != "CONNECTION" || dead[50].Status != 0 || dead[50].Attempts != 10 {
		t.Errorf("%d dead letters, the last %+v", len(dead), dead[len(dead)-1])
	}
}

// Would catch an event that was damaged in the database and holds up all others of its
// webhook, for ever.
func TestADamagedEventWaitsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, _ := f.create(r.URL)
	for range 3 {
		f.topUp()
	}
	f.admin.MustExec(`UPDATE events SET content = 'damaged ' || content WHERE event_number = 3`)
	for range 40 {
		f.step()
		f.advance(20 * time.Hour)
	}
	if got := r.taken(); got != "2 4" {
		t.Errorf("beside a damaged event, %s were taken", got)
	}
	dead := f.dead(&w)
	if len(dead) != 1 || dead[0].EventNumber != 3 || dead[0].Failure != "EVENT_QUARANTINED" || dead[0].Attempts != 10 {
		t.Fatalf("the dead letters are %+v", dead)
	}
	entries, err := f.db.Reader().QuarantinesOf(t.Context(), "m1", 3)
	if err != nil || len(entries) != 1 || !entries[0].Quarantined || entries[0].Author != "webhook" || !entries[0].RecordedAt.Equal(start) {
		t.Fatalf("the event is quarantined by %+v, %v", entries, err)
	}
	f.admin.MustExec(`UPDATE events SET content = substr(content, 9) WHERE event_number = 3`)
	released := postgres.Quarantine{MerchantID: "m1", EventNumber: 3, Cause: "mended", Author: "operator-1", RecordedAt: f.now}
	if _, err := f.db.AddQuarantine(t.Context(), &released); err != nil {
		t.Fatal(err)
	}
	if _, err := f.hooks.Redeliver(t.Context(), f.request("RedeliverEvent"), w.ID, 3); err != nil {
		t.Fatal(err)
	}
	f.step()
	if got := r.taken(); got != "2 4 3" {
		t.Errorf("once the event is mended, %s were taken", got)
	}
}

// Would catch a sender that takes an event which cannot be read for a receiver that is
// away, and one that gives it up at once although it may be mended.
func TestADamagedEventIsNamedAndTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	f.create(r.URL)
	f.topUp()
	f.topUp()
	f.admin.MustExec(`UPDATE events SET content = 'damaged ' || content WHERE event_number = 2`)
	f.step()
	var failure string
	if err := f.admin.Get(&failure, `SELECT last_failure FROM webhook_deliveries WHERE event_number = 2 AND dead_at IS NULL`); err != nil || failure != "EVENT_DAMAGED" {
		t.Fatalf("the first try failed with %q, %v", failure, err)
	}
	f.admin.MustExec(`UPDATE events SET content = substr(content, 9) WHERE event_number = 2`)
	released := postgres.Quarantine{MerchantID: "m1", EventNumber: 2, Cause: "mended", Author: "operator-1", RecordedAt: f.now}
	if added, err := f.db.AddQuarantine(t.Context(), &released); !added || err != nil {
		t.Fatal(added, err)
	}
	f.advance(time.Hour)
	f.step()
	if got := r.taken(); got != "3 2" {
		t.Errorf("%s were taken", got)
	}
}

// Would catch an event that is lost or sent by two replicas at once, with a
// receiver that fails at random and replicas that are cut off.
func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	seed := testseed.New(t)
	random := rand.New(rand.NewPCG(seed, 0))
	r.answers(func(string) int {
		if random.IntN(4) == 0 {
			return []int{http.StatusConflict, http.StatusBadGateway}[random.IntN(2)]
		}
		return http.StatusOK
	})
	w, _ := f.create(r.URL)
	replicas := []*webhook.Webhooks{f.hooks, f.replica(bounds())}
	for range 60 {
		f.topUp()
	}
	for range 60 {
		var stepping sync.WaitGroup
		for _, one := range replicas {
			stepping.Go(func() {
				if err := one.Step(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		stepping.Wait()
		f.advance(20 * time.Hour)
	}
	got := strings.Fields(r.taken())
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))) + len(f.dead(&w)); n != 60 || len(got)+len(f.dead(&w)) != 60 {
		t.Errorf("%d events came, %d times, %d are dead", n, len(got), len(f.dead(&w)))
	}
}

// Would catch a receiver that keeps a sender for as long as it likes.
func TestAReceiverThatDoesNotAnswerIsLeft(t *testing.T) {
	t.Parallel()
	config := bounds()
	config.SendMax = 50 * time.Millisecond
	f := newFixture(t, config)
	r := newReceiver(t)
	stop := make(chan struct{})
	var once sync.Once
	defer once.Do(func() { close(stop) })
	r.answers(func(string) int { <-stop; return http.StatusOK })
	w, _ := f.create(r.URL)
	f.topUp()
	f.step()
	once.Do(func() { close(stop) })
	for range 20 {
		f.advance(20 * time.Hour)
		f.step()
	}
	if got := r.taken(); !strings.Contains(got, "2") {
		t.Errorf("taken were %q, dead are %v", got, f.dead(&w))
	}
}

// Would catch a webhook that goes on after it was deleted, or is deleted twice.
func TestDeletedWebhooksGetNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	r.answers(func(string) int { return http.StatusServiceUnavailable })
	w, _ := f.create(r.URL)
	f.topUp()
	f.step()
	r.answers(nil)
	request := f.request("DeleteWebhook")
	for _, want := range []bool{false, true} {
		if replayed, err := f.hooks.Delete(t.Context(), request, w.ID); err != nil || replayed != want {
			t.Errorf("delete: replayed %v, %v", replayed, err)
		}
	}
	if _, err := f.hooks.Delete(t.Context(), f.request("DeleteWebhook"), w.ID); !errors.Is(err, fault.WebhookNotFound) {
		t.Errorf("deleted again: %v", err)
	}
	f.topUp()
	f.advance(time.Hour)
	f.step()
	if list, err := f.hooks.List(t.Context(), "m1", "", 10); err != nil || len(list) > 0 || r.taken() != "" {
		t.Errorf("after the end: %v, %v, sent %s", list, err, r.taken())
	}
}

// Would catch a request that is carried out twice, or whose id is taken for
// another content.
func TestCreationIsReplayed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	request := f.request("CreateWebhook")
	first, _, _, err := f.hooks.Create(t.Context(), request, webhook.Endpoint{URL: "https://receiver.example/a"})
	if err != nil {
		t.Fatal(err)
	}
	again, secret, replayed, err := f.hooks.Create(t.Context(), request, webhook.Endpoint{URL: "https://receiver.example/a"})
	if err != nil || !replayed || secret != "" || again.ID != first.ID {
		t.Errorf("a replay gives %+v, %q, %v, %v", again, secret, replayed, err)
	}
	if _, _, _, err := f.hooks.Create(t.Context(), request, webhook.Endpoint{URL: "https://receiver.example/b"}); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("another content: %v", err)
	}
	only := f.request("CreateWebhook")
	only.ValidateOnly = true
	if _, secret, _, err := f.hooks.Create(t.Context(), only, webhook.Endpoint{URL: "https://receiver.example/c"}); err != nil || secret != "" {
		t.Errorf("validated only: %q, %v", secret, err)
	}
	if list, err := f.hooks.List(t.Context(), "m1", "", 10); err != nil || len(list) != 1 {
		t.Errorf("%d webhooks are there: %v", len(list), err)
	}
}
