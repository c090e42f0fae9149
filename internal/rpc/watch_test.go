package rpc_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/testseed"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// watchErr gives the error with which a watch ends.
func (f *fixture) watchErr(r *tenfoldv1.WatchClaimsRequest) error {
	stream, err := f.watches.WatchClaims(f.as("support"), r)
	for err == nil {
		_, err = stream.Recv()
	}
	return err
}

// watched opens a watch as support and gives a function that reads its next
// message.
func (f *fixture) watched(r *tenfoldv1.WatchClaimsRequest) func() *tenfoldv1.WatchClaimsResponse {
	f.t.Helper()
	stream, err := f.watches.WatchClaims(f.as("support"), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return func() *tenfoldv1.WatchClaimsResponse {
		f.t.Helper()
		m, err := stream.Recv()
		if err != nil {
			f.t.Fatal(err)
		}
		return m
	}
}

// caughtUp reads messages up to the one that says that nothing is left.
func caughtUp(next func() *tenfoldv1.WatchClaimsResponse) (claims []*tenfoldv1.Claim, events []*tenfoldv1.Event, token string) {
	for {
		m := next()
		claims, events = append(claims, m.GetClaims()...), append(events, m.GetEvents()...)
		if len(m.GetClaims())+len(m.GetEvents()) == 0 {
			return claims, events, m.GetResumeToken()
		}
	}
}

// Would catch a watch that shows claims or events that were not asked for, leaves
// some out, or does not go on once it has caught up.
func TestWatchIsByClaimOrderMerchantOrAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	mine, beside, other := f.file("m1", "l1"), f.file("m1", "l2"), f.file("m2", "l3")
	for name, c := range map[string]struct {
		request *tenfoldv1.WatchClaimsRequest
		claims  []string
		// later are the claims that tell of a withdrawal of each of the three.
		later []string
	}{
		"claim": {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", Claim: mine.GetName()}, []string{mine.GetName()}, []string{mine.GetName()}},
		"claim of any merchant": {
			&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", Claim: "merchants/-/claims/" + mine.GetClaimId()},
			[]string{mine.GetName()}, []string{mine.GetName()},
		},
		"order": {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", OrderId: "order-l2"}, []string{beside.GetName()}, []string{beside.GetName()}},
		"order of any merchant": {
			&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", OrderId: "order-l3"}, []string{other.GetName()}, []string{other.GetName()},
		},
		"order that is claimed on later": {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", OrderId: "order-l4"}, nil, nil},
		"merchant": {
			&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1"},
			[]string{mine.GetName(), beside.GetName()}, []string{mine.GetName(), beside.GetName()},
		},
		"all": {
			&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-"},
			[]string{mine.GetName(), beside.GetName(), other.GetName()}, []string{mine.GetName(), beside.GetName(), other.GetName()},
		},
	} {
		next := f.watched(c.request)
		claims, events, token := caughtUp(next)
		if len(events) > 0 || !named(claims, c.claims) {
			t.Errorf("%s: %d claims and %d events come first", name, len(claims), len(events))
		}
		c.request.ResumeToken = token
		if claims, events, _ := caughtUp(f.watched(c.request)); len(claims)+len(events) > 0 {
			t.Errorf("%s: a resumed watch tells again: %v %v", name, claims, events)
		}
		c.request.ResumeToken, c.request.Start = "", tenfoldv1.WatchStart_WATCH_START_BEGINNING
		if claims, events, _ := caughtUp(f.watched(c.request)); len(claims) > 0 || len(c.claims) > 0 && len(events) < len(c.claims) {
			t.Errorf("%s: from the beginning there are %v %v", name, claims, events)
		}
		c.request.Start = tenfoldv1.WatchStart_WATCH_START_NOW
		if claims, events, _ := caughtUp(f.watched(c.request)); len(claims)+len(events) > 0 {
			t.Errorf("%s: from now on there are %v %v", name, claims, events)
		}
	}
	ordered := f.watched(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", OrderId: "order-l4"})
	whole := f.watched(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", Start: tenfoldv1.WatchStart_WATCH_START_NOW})
	caughtUp(ordered)
	caughtUp(whole)
	late := f.file("m2", "l4")
	for _, next := range []func() *tenfoldv1.WatchClaimsResponse{ordered, whole} {
		e := next().GetEvents()[0]
		if e.GetClaim() != late.GetName() || e.GetKind() != tenfoldv1.EventKind_EVENT_KIND_CLAIM_FILED ||
			e.GetMove().GetToState() != tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING || e.GetContent() != "" || e.GetWorkload() != "test" {
			t.Errorf("event %v", e)
		}
	}
}

func named(claims []*tenfoldv1.Claim, names []string) bool {
	got := make(map[string]bool)
	for _, c := range claims {
		got[c.GetName()] = true
	}
	for _, n := range names {
		if !got[n] {
			return false
		}
	}
	return len(claims) == len(names)
}

// Would catch a merchant who watches another's book, and a role that watches
// although it may not read claims.
func TestWatchKeepsMerchantsApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	c := f.file("m2", "l1")
	for name, want := range map[string]struct {
		request *tenfoldv1.WatchClaimsRequest
		reason  string
	}{
		"another's book":       {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m2"}, "MERCHANT_NOT_FOUND"},
		"all books":            {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-"}, "ACCESS_DENIED"},
		"another's claim":      {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", Claim: c.GetName()}, "REQUEST_INVALID"},
		"a claim by its id":    {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", Claim: "merchants/-/claims/" + c.GetClaimId()}, "ACCESS_DENIED"},
		"claim and order both": {&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", Claim: c.GetName(), OrderId: "o"}, "REQUEST_INVALID"},
		"no parent":            {&tenfoldv1.WatchClaimsRequest{}, "REQUEST_INVALID"},
	} {
		stream, err := f.watches.WatchClaims(f.as("merchant"), want.request)
		if err == nil {
			_, err = stream.Recv()
		}
		if got := refusal(err); got.reason != want.reason {
			t.Errorf("%s: %v, want %s", name, err, want.reason)
		}
	}
	if got := refusal(f.watchErr(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/nobody"})); got.reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("a book that is not open: %+v", got)
	}
}

// Would catch a server that takes watches without end, and one that keeps a
// reader who never reads.
func TestWatchesAreBoundedOverTheWire(t *testing.T) {
	t.Parallel()
	bounds := watch.Defaults()
	bounds.FollowersMax, bounds.QueueMax = 1, 4
	f := newBounded(t, engine.Defaults(), bounds)
	f.open("m1", 0)
	stream, err := f.watches.WatchClaims(f.as("support"), &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", WithContent: true})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	got := refusal(f.watchErr(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1"}))
	if got.code != codes.ResourceExhausted || got.reason != "WATCHERS_FULL" || got.metadata["watchersMax"] != "1" || got.retry <= 0 {
		t.Errorf("a second watch: %+v", got)
	}
	for i := 0; f.hub.Followers() > 0; i++ {
		// A large batch fills the stream's window sooner.
		var batch []*tenfoldv1.FileClaimRequest
		for j := range 100 {
			batch = append(batch, f.filing("m1", fmt.Sprintf("l%d-%d", i, j)))
		}
		if _, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: batch}); err != nil {
			t.Fatal(err)
		}
	}
	token, number := first.GetResumeToken(), int64(1)
	for {
		m, err := stream.Recv()
		if err != nil {
			if got := refusal(err); got.code != codes.Aborted || got.reason != "WATCH_TOO_SLOW" || got.retry <= 0 {
				t.Errorf("cut off with %+v", got)
			}
			break
		}
		token = m.GetResumeToken()
		for _, e := range m.GetEvents() {
			number = e.GetNumber()
		}
	}
	_, events, _ := caughtUp(f.watched(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", ResumeToken: token}))
	if len(events) == 0 || events[0].GetNumber() != number+1 {
		t.Errorf("after event %d it resumes with %d events", number, len(events))
	}
}

// replica is a server of its own over the fixture's database.
type replica struct {
	server *rpc.Server
	served chan error
	stop   func()
	client tenfoldv1.WatchServiceClient
}

// replica starts a server.
func (f *fixture) replica() *replica {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := postgres.Open(f.pg.AppURL, 8)
	if err != nil {
		f.t.Fatal(err)
	}
	bell := watch.NewBell()
	hub := watch.New(db, watch.NewQuarantine(db, time.Now, log), watch.Defaults(), bell, log)
	r := &replica{served: make(chan error, 1)}
	gate := rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}
	if r.server, err = rpc.New(f.engine, db, hub, f.hooks, nil, gate, rpc.Defaults(), log); err != nil {
		f.t.Fatal(err)
	}
	running, cancel := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() { bell.Run(running, db) })
	loops.Go(func() { hub.Run(running) })
	listener := bufconn.Listen(1 << 20)
	go func() { r.served <- r.server.Serve(peers.Listen(listener, peers.Defaults())) }()
	r.client = tenfoldv1.NewWatchServiceClient(dial(f.t, listener))
	r.stop = sync.OnceFunc(func() {
		at, cut := context.WithCancel(context.Background())
		cut() // Nothing under way is waited for.
		r.server.Stop(at)
		cancel()
		loops.Wait()
		if err := errors.Join(<-r.served, db.Close()); err != nil {
			f.t.Error(err)
		}
	})
	f.t.Cleanup(r.stop)
	return r
}

// chain is one book as a reader has put it together.
type chain struct {
	number int64
	hash   event.Hash
}

// add holds an event against the chain so far.
func (c *chain) add(t *testing.T, merchant string, e *tenfoldv1.Event) {
	t.Helper()
	if c.number == 0 {
		c.hash = event.Genesis(merchant)
	}
	c.number++
	c.hash = event.Chain(c.hash, byte(e.GetEncoding()), e.GetContent())
	if e.GetNumber() != c.number || e.GetName() != fmt.Sprintf("merchants/%s/events/%d", merchant, c.number) || e.GetHash() != hex.EncodeToString(c.hash[:]) {
		t.Errorf("event %s with hash %s is not number %d of its chain", e.GetName(), e.GetHash(), c.number)
	}
}

// Would catch an event that is lost, told twice or told wrongly while connections
// break and servers die under a watch: what was received is put together to chains
// and held against the heads of the books.
func TestWatchSurvivesConnectionsAndServers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	seed := testseed.New(t)
	const merchants, claims = 4, 40
	for m := range merchants {
		f.open(fmt.Sprintf("m%d", m), 500_000)
	}
	replicas := []*replica{f.replica(), f.replica()}
	var filing sync.WaitGroup
	for m := range merchants {
		filing.Go(func() {
			for i := range claims {
				if _, err := f.claims.FileClaim(f.as("order-service"), f.filing(fmt.Sprintf("m%d", m), fmt.Sprintf("l%d", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { filing.Wait(); close(done) }()
	r := rand.New(rand.NewPCG(seed, 0))
	received := make(map[string]*chain)
	token, total := "", 0
	// round follows the watch for some messages, or until one says that nothing is left.
	round := func(messages int) {
		n := r.IntN(len(replicas))
		ctx, cancel := context.WithCancel(f.as("support"))
		defer cancel()
		stream, err := replicas[n].client.WatchClaims(ctx, &tenfoldv1.WatchClaimsRequest{
			Parent: "merchants/-", Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING, ResumeToken: token, WithContent: true,
			Heartbeat: durationpb.New(time.Second),
		}, grpc.WaitForReady(true))
		for err == nil && messages > 0 {
			var m *tenfoldv1.WatchClaimsResponse
			if m, err = stream.Recv(); err != nil {
				break
			}
			token = m.GetResumeToken()
			for _, e := range m.GetEvents() {
				merchant := e.GetName()[len("merchants/"):][:2]
				if received[merchant] == nil {
					received[merchant] = new(chain)
				}
				received[merchant].add(t, merchant, e)
				total++
			}
			if messages--; messages == 1 && r.IntN(3) == 0 {
				replicas[n].stop()
				replicas[n] = f.replica()
			}
		}
		if code := refusal(err).code; err != nil && code != codes.Unavailable && code != codes.Canceled && !errors.Is(err, io.EOF) {
			t.Fatalf("the watch ended with %v", err)
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			round(1 + r.IntN(5))
		}
	}
	for want := merchants * (2 + claims); total < want; {
		round(2)
	}
	for m := range merchants {
		merchant := fmt.Sprintf("m%d", m)
		head, _, err := f.db.Reader().Head(t.Context(), merchant)
		if err != nil {
			t.Fatal(err)
		}
		if got := received[merchant]; got.number != head.EventNumber || got.hash != head.EventHash {
			t.Errorf("book %s ends with event %d, received were %d", merchant, head.EventNumber, got.number)
		}
	}
}

// Would catch a claim that a long list of claims leaves out or shows twice, also
// when the watch is broken off within it.
func TestWatchShowsEveryClaimOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const claims = 450
	for _, merchant := range []string{"m1", "m2"} {
		f.open(merchant, 0)
		var requests []*tenfoldv1.FileClaimRequest
		for i := range claims {
			requests = append(requests, f.filing(merchant, fmt.Sprintf("l%d", i)))
		}
		if _, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: requests}); err != nil {
			t.Fatal(err)
		}
	}
	for parent, want := range map[string]int{"merchants/m2": claims, "merchants/-": 2 * claims} {
		seen := make(map[string]bool)
		request := &tenfoldv1.WatchClaimsRequest{Parent: parent}
		for whole := false; !whole; {
			m := f.watched(request)() // Every message on a stream of its own.
			for _, c := range m.GetClaims() {
				if seen[c.GetName()] {
					t.Errorf("%s: %s is shown twice", parent, c.GetName())
				}
				seen[c.GetName()] = true
			}
			whole = len(m.GetClaims())+len(m.GetEvents()) == 0
			if len(m.GetEvents()) > 0 {
				t.Errorf("%s: %d events come although nothing has happened since", parent, len(m.GetEvents()))
			}
			request.ResumeToken = m.GetResumeToken()
		}
		if len(seen) != want {
			t.Errorf("%s: %d claims were shown, want %d", parent, len(seen), want)
		}
	}
}

// Would catch a merchant who learns from events who of the marketplace's people
// acted, and a colleague who is shown less because a merchant watches beside.
func TestMerchantsWatchWithoutTheMarketplacesPeople(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.confirm(f.notified("m1", "l1"))
	accepted, err := f.claims.AcceptClaim(f.as("merchant"), &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag()})
	if err != nil {
		t.Fatal(err)
	}
	f.paid(accepted.GetClaim()) // Nothing more happens: both watches see the same events.
	request := &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING, WithContent: true}
	stream, err := f.watches.WatchClaims(f.as("merchant"), request)
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for _, e := range m.GetEvents() {
		mine := e.GetRole() == "merchant"
		if (e.GetWorkload() != "") != mine || (e.GetPersonCommitment() != "") != mine || e.GetContent() != "" || e.GetHash() == "" {
			t.Errorf("a merchant sees %v", e)
		}
		if mine {
			own++
		}
	}
	_, events, _ := caughtUp(f.watched(request))
	for _, e := range events {
		if e.GetWorkload() == "" || e.GetContent() == "" {
			t.Errorf("support sees %v", e)
		}
	}
	if own != 1 || len(events) != len(m.GetEvents()) {
		t.Errorf("%d events of %d, %d of the merchant's own", len(m.GetEvents()), len(events), own)
	}
	stored, _, err := f.db.Reader().EventAt(t.Context(), "m1", 1)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := rpc.MerchantCloudEvent(&watch.Event{FeedEvent: stored})
	if err != nil || strings.Contains(string(raw), `"workload"`) {
		t.Errorf("a webhook tells %s: %v", raw, err)
	}
}
