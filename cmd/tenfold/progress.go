package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work has come. A person sees a bar. A log gets one
// line for each part of the work, and a line with the state of the part from time
// to time.
type progress struct {
	w      io.Writer
	person bool

	mu   sync.Mutex
	what string
	bar  *progressbar.ProgressBar
	// told is the time of the last line.
	told time.Time
}

// tellPause is the shortest time between two lines in a log about the same part.
const tellPause = 30 * time.Second

func newProgress(w io.Writer) *progress { return &progress{w: w, person: isTerminal(w)} }

// show takes the part under way, and how much of it is done. It is safe for
// concurrent use.
func (p *progress) show(what string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if what != p.what {
		p.begin(what, total)
	}
	if p.bar != nil {
		// The bar writes to a terminal; an error of the terminal costs nothing.
		_ = p.bar.Set(done)
	} else if now := time.Now(); now.Sub(p.told) >= tellPause {
		p.told = now
		fmt.Fprintf(p.w, "%s: %d of %d\n", what, done, total)
	}
}

func (p *progress) begin(what string, total int) {
	p.finish()
	p.what, p.told = what, time.Now()
	if !p.person {
		fmt.Fprintf(p.w, "%s …\n", what)
		return
	}
	p.bar = progressbar.NewOptions(max(total, 1),
		progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(50_000_000))
}

// finish removes the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
	p.bar, p.what = nil, ""
}

// done ends the display.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}
