package main

import (
	"strings"
	"testing"
	"time"
)

// Would catch long work that a log says nothing of, and a log that is flooded.
func TestProgressTellsALogNowAndThen(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	p := newProgress(&log)
	for done := range 1_000 {
		p.show("kills", done, 1_000)
	}
	p.told = p.told.Add(-tellPause - time.Second)
	p.show("kills", 400, 1_000)
	p.show("kills", 500, 1_000)
	p.done()
	if want := "kills …\nkills: 400 of 1000\n"; log.String() != want {
		t.Errorf("the log reads %q, want %q", log.String(), want)
	}
}
