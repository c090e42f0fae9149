package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Shares bound the streams of one caller, so that none of them takes the room of all.
type Shares struct {
	// Workload is how many watches a workload may have, Scope how many those among its
	// callers may who are limited to one merchant.
	Workload, Scope int
	// Connection is how many streams that need no caller, of health and reflection, one
	// connection may have, and Peer how many all those of a peer may.
	Connection, Peer int
}

// streams counts the streams under way by those who have them.
type streams struct {
	shares Shares

	mu   sync.Mutex
	open map[any]int
}

func newStreams(shares Shares) *streams {
	return &streams{shares: shares, open: make(map[any]int)}
}

// scoped is a holder of streams: a workload's callers with one scope.
type scoped struct{ workload, scope string }

// held is a holder of streams with its share.
type held struct {
	holder any
	share  int
	name   string
}

// holders are those who have a stream of a call, the wider first.
func (s *streams) holders(ctx context.Context, who caller, open bool) []held {
	if !open {
		all := []held{{who.Workload, s.shares.Workload, "the workload"}}
		if who.Scope != "" {
			all = append(all, held{scoped{who.Workload, who.Scope}, s.shares.Scope, "the workload in this scope"})
		}
		return all
	}
	c := connectionOf(ctx)
	if c == nil {
		return nil
	}
	all := []held{{c, s.shares.Connection, "the connection"}}
	if c.Peer().IsValid() {
		all = append(all, held{c.Peer(), s.shares.Peer, "the address"})
	}
	return all
}

// shareWait is when a caller whose share is taken may try again: streams last long.
const shareWait = time.Second

// take counts a stream, and gives what ends it. Refuses with WATCHERS_FULL if one of its
// holders has its share; then nothing is counted.
func (s *streams) take(ctx context.Context, who caller, open bool) (end func(), err error) {
	all := s.holders(ctx, who, open)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range all {
		if s.open[h.holder] >= h.share {
			return nil, fault.New(fault.WatchersFull, "%s already has %d open streams, its share; end one of them first", h.name, h.share).
				With("shareMax", h.share).After(shareWait)
		}
	}
	for _, h := range all {
		s.open[h.holder]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, h := range all {
			if s.open[h.holder]--; s.open[h.holder] == 0 {
				delete(s.open, h.holder)
			}
		}
	}, nil
}
