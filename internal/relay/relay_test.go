package relay_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// Would catch an event that the stream lacks, has twice or has before one that it
// follows, when relays die and take turns, and broker and database connections are
// cut under them.
func TestRelaySurvivesItsOwnAndTheBrokersRestarts(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	seed := testseed.New(t)
	r := rand.New(rand.NewPCG(seed, 0))
	merchants := []string{"m1", "m2", "m-3"}
	f.open(merchants...)
	sink := b.sink()
	heads := map[string]int64{"m1": 1, "m2": 1, "m-3": 1}
	_, stopOne := f.relay(sink)
	_, stopTwo := f.relay(sink)
	for range 12 {
		var writing sync.WaitGroup
		for _, m := range merchants {
			writing.Go(func() {
				for range 10 {
					f.topUp(m)
				}
			})
			heads[m] += 10
		}
		switch r.IntN(4) {
		case 0:
			stopOne()
			_, stopOne = f.relay(sink)
		case 1:
			stopTwo()
			_, stopTwo = f.relay(sink)
		case 2:
			b.restart()
		case 3:
			f.cutConnections()
		}
		writing.Wait()
	}
	f.relayed(sink, heads)
	stopOne()
	stopTwo()
	list := b.messages(relay.StreamEvents)
	b.whole(list, heads)
	if got := list[0]; got.Subject != "tenfold.events.m1.book_opened" && !strings.HasSuffix(got.Subject, ".book_opened") ||
		got.Event["specversion"] != "1.0" || got.Event["type"] != "tenfold.book_opened" {
		t.Errorf("the first message is %+v", got)
	}
}

// Would catch two replicas that relay at once, or none that takes over.
func TestOneReplicaRelaysAtATime(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	f.open("m1")
	sink := b.sink()
	one, stopOne := f.relay(sink)
	f.relayed(sink, map[string]int64{"m1": 1})
	two, _ := f.relay(sink)
	f.topUp("m1")
	f.relayed(sink, map[string]int64{"m1": 2})
	if !one.State().Leading || two.State().Leading {
		t.Errorf("the first leads: %v, the second: %v", one.State().Leading, two.State().Leading)
	}
	stopOne()
	f.topUp("m1")
	f.relayed(sink, map[string]int64{"m1": 3})
	for !two.State().Waiting.IsZero() || two.State().Relayed == 0 {
		f.bell.Ring() // The sink knows before the relay does.
	}
	if !two.State().Leading || two.State().Relayed != 1 {
		t.Errorf("the second has %+v", two.State())
	}
}

// unsure is a sink that now and then loses a message, or its own answer.
type unsure struct {
	relay.Sink
	mu     sync.Mutex
	random *rand.Rand
}

var errLost = errors.New("lost")

func (u *unsure) Put(ctx context.Context, m *relay.Message, before relay.Mark) (relay.Mark, error) {
	u.mu.Lock()
	chance := u.random.IntN(12)
	u.mu.Unlock()
	if chance == 0 {
		return relay.Mark{}, errLost
	}
	mark, err := u.Sink.Put(ctx, m, before)
	if chance == 1 {
		return relay.Mark{}, errLost
	}
	return mark, err
}

// Would catch a relay that sends on past an event whose storing it knows nothing
// of, or stores again what was stored although the answer was lost.
func TestRelayNeverPassesWhatIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	seed := testseed.New(t)
	f.open("m1", "m2")
	for range 60 {
		f.topUp("m1")
		f.topUp("m2")
	}
	sink := b.sink()
	_, stop := f.relay(&unsure{Sink: sink, random: rand.New(rand.NewPCG(seed, 0))})
	heads := map[string]int64{"m1": 61, "m2": 61}
	f.relayed(sink, heads)
	stop()
	b.whole(b.messages(relay.StreamEvents), heads)
}

// full is a sink that takes nothing.
type full struct{ relay.Sink }

func (full) Put(context.Context, *relay.Message, relay.Mark) (relay.Mark, error) {
	return relay.Mark{}, errLost
}

// Would catch a lag that stays at nothing while events wait.
func TestLagIsTheAgeOfWhatWaits(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	f.open("m1")
	r, _ := f.relay(full{b.sink()})
	for r.State().Waiting.IsZero() {
		f.bell.Ring()
	}
	if lag := r.State().Lag(r.State().Waiting.Add(time.Minute)); lag != time.Minute {
		t.Errorf("the lag is %v", lag)
	}
}

// Would catch a relay that mixes the histories of two databases in one stream.
func TestRelayRefusesTheStreamOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	f, other, b := newFixture(t), newFixture(t), newBroker(t)
	f.open("m1")
	other.open("m1")
	sink := b.sink()
	_, stop := f.relay(sink)
	f.relayed(sink, map[string]int64{"m1": 1})
	stop()
	other.topUp("m1")
	r := relay.New(other.db, sink, rpc.CloudEvent, other.quarantine(), bounds(), slog.New(slog.DiscardHandler))
	if err := r.Lead(t.Context()); !errors.Is(err, relay.ErrOtherDatabase) {
		t.Errorf("it goes on with %v", err)
	}
	b.whole(b.messages(relay.StreamEvents), map[string]int64{"m1": 1})
}

// Would catch a replay that leaves events out, puts them among the live ones, or
// begins anew when it is started again.
func TestReplayStoresEventsOnceMoreBesideTheStream(t *testing.T) {
	t.Parallel()
	f, b := newFixture(t), newBroker(t)
	f.open("m1", "m2")
	for range 5 {
		f.topUp("m1")
	}
	live := b.sink()
	_, stop := f.relay(live)
	f.relayed(live, map[string]int64{"m1": 6, "m2": 1})
	stop()
	again, err := relay.OpenJetStream(t.Context(), b.conn, relay.StreamReplay, relay.SubjectReplay, 1)
	if err != nil {
		t.Fatal(err)
	}
	replay := func(what relay.Replay) int64 {
		t.Helper()
		n, err := relay.New(f.db, again, rpc.CloudEvent, f.quarantine(), bounds(), slog.New(slog.DiscardHandler)).Replay(t.Context(), what)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := replay(relay.Replay{MerchantID: "m1"}); n != 6 {
		t.Errorf("%d events of m1 were replayed", n)
	}
	if n := replay(relay.Replay{}); n != 1 {
		t.Errorf("%d further events were replayed", n)
	}
	b.whole(b.messages(relay.StreamReplay), map[string]int64{"m1": 6, "m2": 1})
	f.topUp("m2")
	f.topUp("m2")
	if n := replay(relay.Replay{MerchantID: "m2", After: 2}); n != 1 {
		t.Errorf("%d events after the second were replayed", n)
	}
	b.whole(b.messages(relay.StreamEvents), map[string]int64{"m1": 6, "m2": 1})
}

// Would catch a broker that is too old to keep the order of a book.
func TestOldBrokersAreRefused(t *testing.T) {
	t.Parallel()
	for version, allowed := range map[string]bool{"2.12.0": true, "2.15.2": true, "3.0.0-beta": true, "2.11.9": false, "1.99.0": false, "": false} {
		if err := relay.CheckVersion(version); allowed != (err == nil) {
			t.Errorf("version %q: %v", version, err)
		}
	}
}
