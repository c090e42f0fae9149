package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/notice"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// start is the time at which every fixture's clock begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fixture is an engine whose events are sent to a receiver.
type fixture struct {
	t      testing.TB
	admin  *sqlx.DB
	db     *postgres.DB
	engine *engine.Engine
	hooks  *webhook.Webhooks

	mu    sync.Mutex
	now   time.Time
	count int
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// bounds allow receivers on this machine.
func bounds() webhook.Config {
	c := webhook.Defaults()
	c.Private = true
	c.Keys = keysOf("test")
	return c
}

// keysOf are keys of these ids, the newest first; the bytes of a key follow from its id.
func keysOf(ids ...string) *seal.Keys {
	var file strings.Builder
	for _, id := range ids {
		key := sha256.Sum256([]byte(id))
		fmt.Fprintln(&file, id, base64.StdEncoding.EncodeToString(key[:]))
	}
	k, err := seal.Parse([]byte(file.String()))
	if err != nil {
		panic(err)
	}
	return k
}

func newFixture(t testing.TB, config webhook.Config) *fixture {
	t.Helper()
	f := &fixture{t: t, now: start}
	db := pgtest.New(t)
	var err error
	if f.admin, err = sqlx.Open("postgres", db.AdminURL); err != nil {
		t.Fatal(err)
	}
	if f.db, err = postgres.Open(db.AppURL, 16); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if f.engine, err = engine.New(t.Context(), f.db, f.clock, engine.Defaults(), engine.Hooks{}, log); err != nil {
		t.Fatal(err)
	}
	f.hooks = f.replica(config)
	t.Cleanup(func() {
		_ = f.admin.Close()
		f.engine.Close()
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	})
	f.open("m1")
	return f
}

// replica is what another process would send with.
func (f *fixture) replica(config webhook.Config) *webhook.Webhooks {
	return f.replicaTelling(config, notice.New(f.engine))
}

func (f *fixture) replicaTelling(config webhook.Config, notices webhook.Notices) *webhook.Webhooks {
	log := slog.New(slog.DiscardHandler)
	return webhook.New(f.db, rpc.CloudEvent, watch.NewQuarantine(f.db, f.clock, log), notices, f.clock, config, log)
}

// id makes a request id.
func (f *fixture) id() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	return fmt.Sprintf("request-%d", f.count)
}

func (f *fixture) header(method string) request.Header {
	return request.Header{
		MerchantID: "m1", Method: method, RequestID: f.id(),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator},
	}
}

func (f *fixture) open(merchant string) {
	f.t.Helper()
	h := f.header("OpenBook")
	h.MerchantID = merchant
	if _, err := f.engine.Do(context.Background(), h, &book.OpenBook{Currency: "CNY"}); err != nil {
		f.t.Fatal(err)
	}
}

// topUp makes an event of the book m1.
func (f *fixture) topUp() {
	f.t.Helper()
	h := f.header("TopUpDeposit")
	_, err := f.engine.Do(context.Background(), h, &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: "pay-" + h.RequestID,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) request(method string) request.Header {
	return request.Header{MerchantID: "m1", Principal: principal.Principal{Workload: "test"}, Method: method, RequestID: f.id()}
}

// create makes a webhook of m1.
func (f *fixture) create(url string, kinds ...event.Kind) (postgres.Webhook, string) {
	f.t.Helper()
	w, secret, replayed, err := f.hooks.Create(f.t.Context(), f.request("CreateWebhook"), webhook.Endpoint{URL: url, Kinds: kinds})
	if err != nil || replayed || secret == "" {
		f.t.Fatalf("create: %v, replayed %v", err, replayed)
	}
	return w, secret
}

// step lets a replica do all that is due.
func (f *fixture) step() {
	f.t.Helper()
	if err := f.hooks.Step(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) dead(w *postgres.Webhook) []postgres.DeadLetter {
	f.t.Helper()
	list, err := f.hooks.DeadLetters(f.t.Context(), w.MerchantID, w.ID, 0, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// receiver is a server that takes events, or answers as it is told.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu sync.Mutex
	// answer gives the status of an answer; nil takes everything.
	answer func(number string) int
	// got are the ids of the events that were taken, tries the number of requests.
	got   []string
	tries int
	// last is the last request that came, with its body.
	last struct {
		header http.Header
		body   []byte
	}
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP takes one delivery.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	var e struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	r.last.header, r.last.body = q.Header, body
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(e.ID)
	}
	if status/100 == 2 {
		r.got = append(r.got, e.ID)
	}
	if status == http.StatusFound {
		w.Header().Set("Location", r.URL+"/elsewhere")
	}
	w.WriteHeader(status)
}

// answers sets how the receiver answers.
func (r *receiver) answers(f func(number string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, " ")
}

// signedWith says whether the last delivery carries a signature by a secret, as
// Standard Webhooks define it.
func (r *receiver) signedWith(secret string) bool {
	r.t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.last.header
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), r.last.body)
	want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	for _, signature := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}
