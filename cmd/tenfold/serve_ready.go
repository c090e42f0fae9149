package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

const (
	// probeMax is how long a probe of the database may take.
	probeMax = 2 * time.Second
	// probePool has a connection for the probe alone, so that neither a pool that is used
	// up nor a silent connection of others has a say.
	probePool = 1
	// stuckMax is how long a lane may be with one batch before the server is not ready.
	stuckMax = 10 * time.Second
)

// watchDatabase keeps asking whether commands can be carried out: whether the database
// takes a write, and whether the lanes get on.
func (p *parts) watchDatabase(db *postgres.DB, e *engine.Engine, server *rpc.Server, log *slog.Logger) error {
	probing, err := db.Within(probePool, probeMax)
	if err != nil {
		return err
	}
	p.opened(probing.Close)
	p.running(func(ctx context.Context) {
		ready, lanes := false, laneProgress{}
		for ctx.Err() == nil {
			err := lanes.stuck(e.Turns(), time.Now())
			if err == nil {
				err = tryWrite(ctx, probing)
			}
			if ctx.Err() != nil {
				return
			}
			p.health.Asked(err)
			if ready != (err == nil) {
				ready = err == nil
				server.Ready(ready)
				changed(log, ready, err)
			}
			select {
			case <-time.After(readyPause):
			case <-ctx.Done():
			}
		}
	})
	return nil
}

func tryWrite(ctx context.Context, db *postgres.DB) error {
	probe, cancel := context.WithTimeout(ctx, probeMax)
	defer cancel()
	return db.TryWrite(probe)
}

func changed(log *slog.Logger, ready bool, err error) {
	if ready {
		log.Info("the database takes writes")
		return
	}
	log.Error("the server cannot carry out commands", "error", err)
}

// laneProgress is when each lane began with the batch that it is with.
type laneProgress struct {
	turns []int64
	since []time.Time
}

// stuck says whether a lane has been with one batch for too long.
func (g *laneProgress) stuck(turns []int64, now time.Time) error {
	if g.turns == nil {
		g.turns, g.since = make([]int64, len(turns)), make([]time.Time, len(turns))
	}
	for i, turn := range turns {
		if turn == 0 || turn != g.turns[i] {
			g.turns[i], g.since[i] = turn, now
			continue
		}
		if waited := now.Sub(g.since[i]); waited >= stuckMax {
			return fmt.Errorf("lane %d has waited for the database for %s", i, waited.Round(time.Second))
		}
	}
	return nil
}
