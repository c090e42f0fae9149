package watchsoak

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/event"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// heartbeat is short, so that a watcher soon notices that its server has ended.
	heartbeat = time.Second
	// breaks: after one message in breaks a watcher crashes, and begins again with
	// the token that it has kept.
	breaks = 40
)

// watcher follows books and rebuilds their chains from its messages.
type watcher struct {
	soak   *soak
	name   string
	parent string
	random *rand.Rand

	mu     sync.Mutex
	chains map[string]*chain
	// moved is signalled when a message was received.
	moved chan struct{}
	token string
}

// chain is one book as a watcher has rebuilt it.
type chain struct {
	number int64
	hash   event.Hash
}

// newWatchers makes one watcher for each book, and the watchers of all books.
func (s *soak) newWatchers() []*watcher {
	var crew []*watcher
	add := func(parent string) {
		n := len(crew)
		crew = append(crew, &watcher{
			soak: s, name: fmt.Sprintf("watcher %d of %s", n+1, parent), parent: parent,
			random: rand.New(rand.NewPCG(s.Seed, uint64(n)+16)), chains: make(map[string]*chain), moved: make(chan struct{}, 1),
		})
	}
	for n := range s.Merchants {
		add("merchants/" + merchant(n))
	}
	for range s.Watchers {
		add("merchants/-")
	}
	return crew
}

// errBreak ends a watch like a crash of the watcher.
var errBreak = errors.New("the watcher crashes")

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.watch(ctx); err != nil && !errors.Is(err, errBreak) && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		w.soak.begun.Add(1)
	}
	return nil
}

// watch begins with the kept token, over a new connection.
func (w *watcher) watch(ctx context.Context) (err error) {
	c, err := w.soak.dial("support")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Watch(ctx, &tenfoldv1.WatchClaimsRequest{
		Parent: w.parent, Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING, WithContent: true,
		Heartbeat: durationpb.New(heartbeat), ResumeToken: w.token,
	}, w.take)
}

// take compares a message with the chains so far and keeps its token; it does both
// or neither. Sometimes the watcher crashes before that, and sometimes after.
func (w *watcher) take(m *tenfoldv1.WatchClaimsResponse) error {
	before, after := w.random.IntN(breaks) == 0, w.random.IntN(breaks) == 0
	if before {
		return errBreak
	}
	w.mu.Lock()
	for _, e := range m.GetEvents() {
		w.add(e)
	}
	w.mu.Unlock()
	w.token = m.GetResumeToken()
	select {
	case w.moved <- struct{}{}:
	default:
	}
	if after {
		return errBreak
	}
	return nil
}

// add compares an event with the chain of its book, and appends it.
func (w *watcher) add(e *tenfoldv1.Event) {
	book, _, _ := strings.Cut(strings.TrimPrefix(e.GetName(), "merchants/"), "/")
	c := w.chains[book]
	if c == nil {
		c = &chain{hash: event.Genesis(book)}
		w.chains[book] = c
	}
	w.soak.received.Add(1)
	c.number++
	c.hash = event.Chain(c.hash, byte(e.GetEncoding()), e.GetContent())
	if e.GetNumber() != c.number || e.GetHash() != hex.EncodeToString(c.hash[:]) {
		w.soak.note("%s: event %s with hash %s is not number %d of its chain", w.name, e.GetName(), e.GetHash(), c.number)
	}
}

// await waits until the watcher has all events of its books, or ctx ends. It
// returns a text for each book whose last event the watcher does not have.
func (w *watcher) await(ctx context.Context, heads map[string]book.Head) []string {
	for {
		missing := w.missing(heads)
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-w.moved:
		case <-ctx.Done():
			return missing
		}
	}
}

func (w *watcher) missing(heads map[string]book.Head) (missing []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for book, head := range heads {
		if w.parent != "merchants/-" && w.parent != "merchants/"+book {
			continue
		}
		got := chain{}
		if c := w.chains[book]; c != nil {
			got = *c
		}
		if got.number != head.EventNumber || got.hash != head.EventHash {
			missing = append(missing, fmt.Sprintf("book %s ends with event %d, but the watcher received events up to %d", book, head.EventNumber, got.number))
		}
	}
	return missing
}
