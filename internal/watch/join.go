package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// subscribe lets a follower follow a book, or all of them, from the reader's
// present position.
func (h *Hub) subscribe(ctx context.Context, merchantID string) (*subscription, position, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return nil, position{}, ended()
	case h.count >= h.config.FollowersMax:
		return nil, position{}, fault.New(fault.WatchersFull, "the server already has %d watches, its maximum; try another server", h.count).
			With("watchersMax", h.config.FollowersMax).After(time.Second)
	}
	if h.count == 0 || h.lost {
		at, err := h.read(ctx)
		if err != nil {
			return nil, position{}, err
		}
		h.at, h.lost = at, false
	}
	s := newSubscription(h, merchantID)
	if merchantID == "" {
		h.all[s] = struct{}{}
	} else {
		if h.books[merchantID] == nil {
			h.books[merchantID] = make(map[*subscription]struct{})
		}
		h.books[merchantID][s] = struct{}{}
	}
	h.count++
	return s, h.at, nil
}

// errCrowded says that the database has more transactions under way than a position
// can hold.
var errCrowded = errors.New("too many transactions are under way to express a position")

// read reads the present position from the database, over a connection of its own
// that the reader then continues to use. It needs the lock.
func (h *Hub) read(ctx context.Context) (position, error) {
	// Every other follower waits for it.
	const readMax = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, readMax)
	defer cancel()
	held, err := h.db.Hold(ctx)
	if err != nil {
		return position{}, late(ctx, err)
	}
	h.replace(held)
	r := held.Reader()
	id, err := r.Identity(ctx)
	if err != nil {
		return position{}, late(ctx, err)
	}
	p, w, err := r.Position(ctx)
	if err == nil && !fits(p) {
		err = errCrowded
	}
	return position{database: identify(id), seen: p, witness: w}, late(ctx, err)
}

// replace needs the lock.
func (h *Hub) replace(held *postgres.Held) {
	if h.held != nil {
		h.held.Close()
	}
	h.held = held
}

// letGo gives the connection up.
func (h *Hub) letGo() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = true
	h.replace(nil)
}

// late treats a read that took too long as an unavailable database.
func late(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", postgres.ErrUnavailable, err)
	}
	return err
}

// leave undoes subscribe.
func (h *Hub) leave(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.merchantID == "" {
		delete(h.all, s)
	} else if delete(h.books[s.merchantID], s); len(h.books[s.merchantID]) == 0 {
		delete(h.books, s.merchantID)
	}
	h.count--
}
