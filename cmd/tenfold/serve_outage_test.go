package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a line for each call while the database is away, an outage of which the log
// does not tell the beginning, the course, the number of lines left out and the end, and an
// error of another kind that is left out.
func TestAnOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	o := newOutageLog(slog.New(slog.NewTextHandler(&said, nil)), func() time.Time { return at })
	log := o.logger().With("part", "worker")
	away := []error{
		fmt.Errorf("load books: %w: %w", postgres.ErrUnavailable, errors.New("EOF")),
		fmt.Errorf("commit: %w", postgres.ErrCommitUnknown), engine.Unavailable(), engine.Unknown(errors.New("EOF")),
	}
	lines := func() []string {
		defer said.Reset()
		return strings.Split(strings.TrimSpace(said.String()), "\n")
	}
	for range 3_000 {
		for _, err := range away {
			log.Error("worker step failed", "step", "sweep", "error", err)
			log.Warn("the outcome of a call is unknown", "cause", err)
		}
		at = at.Add(time.Millisecond)
	}
	if got := lines(); len(got) != 1 || !strings.Contains(got[0], "worker step failed") || !strings.Contains(got[0], "EOF") {
		t.Errorf("the first three seconds are told by %d lines, the first %q", len(got), got[0])
	}
	log.Error("command failed", "error", errors.New("a bug"))
	log.Error("command failed", "error", fault.New(fault.HoldNotFound, "nothing is held"))
	log.Info("something else", "error", away[0])
	if got := lines(); len(got) != 3 {
		t.Errorf("other lines are %q", got)
	}
	at = at.Add(outageEvery)
	log.Error("worker step failed", "error", away[0])
	if got := lines(); len(got) != 1 || !strings.Contains(got[0], "linesLeftOut=23999") {
		t.Errorf("half a minute later the log says %q", got)
	}
	log.Error("worker step failed", "error", away[0])
	o.over()
	o.over()
	if got := lines(); len(got) != 1 || !strings.Contains(got[0], "the database is back") || !strings.Contains(got[0], "away=33s linesLeftOut=1") {
		t.Errorf("the end is told as %q", got)
	}
	log.Error("worker step failed", "error", away[1])
	if got := lines(); len(got) != 1 || !strings.Contains(got[0], "worker step failed") {
		t.Errorf("the next outage is told as %q", got)
	}
}
