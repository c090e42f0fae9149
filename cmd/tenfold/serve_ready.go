package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// probing says how it is found out whether commands can be carried out.
type probing struct {
	// answerMax is how long the probe waits for each answer, and pause how long it
	// rests between two.
	answerMax, pause time.Duration
	// stuckMax is how long a lane may be with one batch before the server is not ready.
	stuckMax time.Duration
}

// probingFor probes often enough to say of a lane that it waits before the lane gives
// its silent connection up after answerMax.
func probingFor(answerMax time.Duration) probing {
	return probing{
		answerMax: min(2*time.Second, answerMax/3),
		pause:     min(readyPause, answerMax/15),
		stuckMax:  min(10*time.Second, answerMax/3),
	}
}

// watchDatabase keeps asking whether commands can be carried out: whether the database
// takes a write, and whether the lanes get on.
func (p *parts) watchDatabase(answerMax time.Duration, db *postgres.DB, e *engine.Engine, server *rpc.Server, log *outageLog) error {
	how := probingFor(answerMax)
	probe, err := db.NewProbe(how.answerMax)
	if err != nil {
		return err
	}
	p.opened(probe.Close)
	p.running(func(ctx context.Context) {
		ready, lanes := false, laneProgress{max: how.stuckMax}
		for ctx.Err() == nil {
			unable, cause := lanes.stuck(e.Turns(), time.Now()), error(nil)
			if cause = probe.Write(ctx); cause != nil {
				unable = errors.New("the database takes no writes: " + postgres.CauseOf(cause))
			}
			if ctx.Err() != nil {
				return
			}
			p.health.Asked(unable)
			if ready != (unable == nil) {
				ready = unable == nil
				server.Ready(ready)
				changed(log.plain, unable, cause)
			}
			if cause == nil {
				log.over()
			}
			select {
			case <-time.After(how.pause):
			case <-ctx.Done():
			}
		}
	})
	return nil
}

func changed(log *slog.Logger, unable, cause error) {
	if unable == nil {
		log.Info("the server can carry out commands")
		return
	}
	args := []any{"because", unable}
	if cause != nil {
		args = append(args, "error", cause)
	}
	log.Error("the server cannot carry out commands", args...)
}

// laneProgress is when each lane began with the batch that it is with.
type laneProgress struct {
	// max is how long a lane may be with one batch.
	max   time.Duration
	turns []int64
	since []time.Time
}

// stuck says whether a lane has been with one batch for too long.
func (g *laneProgress) stuck(turns []int64, now time.Time) error {
	if g.turns == nil {
		g.turns, g.since = make([]int64, len(turns)), make([]time.Time, len(turns))
	}
	var stuck error
	for i, turn := range turns {
		if turn == 0 || turn != g.turns[i] {
			g.turns[i], g.since[i] = turn, now
			continue
		}
		if waited := now.Sub(g.since[i]); waited >= g.max && stuck == nil {
			stuck = fmt.Errorf("lane %d has waited for the database for %s", i, waited.Round(time.Second))
		}
	}
	return stuck
}
