package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Observe has an engine tell an observer that is made after it, before any command.
func (e *Engine) Observe(o *Observer) { e.hooks.Observer = o }

// PreviewUpTo has previews of retractions stop to count at fewer results.
func (e *Engine) PreviewUpTo(results int) { e.previewMax = results }

// Asked is a command with its header, for Together.
type Asked struct {
	Header request.Header
	Of     book.Command
}

// Answer is what a command was answered.
type Answer struct {
	Outcome book.Outcome
	Err     error
}

// Together runs commands as one batch, in a lane of its own.
func (e *Engine) Together(commands ...Asked) []Answer {
	l := newLane(e, len(commands))
	defer l.close()
	calls := make([]*call, len(commands))
	for i, c := range commands {
		if c.Header.ArrivedAt.IsZero() {
			c.Header.ArrivedAt = e.Now()
		}
		calls[i] = &call{Call: book.NewCall(c.Header, c.Of), ctx: context.Background(), done: make(chan struct{})}
	}
	l.runBatch(append([]*call(nil), calls...))
	for first, found := l.queue.poll(); found; first, found = l.queue.poll() {
		l.runBatch(l.drain(first))
	}
	answers := make([]Answer, len(calls))
	for i, c := range calls {
		<-c.done
		answers[i] = Answer{c.Outcome, c.Err}
	}
	return answers
}

// Waiting is how many commands of all lanes wait in queues.
func (e *Engine) Waiting() int {
	n := 0
	for _, l := range e.lanes {
		n += l.queue.waiting()
	}
	return n
}

// Kept is how many rows the lanes keep in memory. An observer of batches may ask it
// of an engine with one lane.
func (e *Engine) Kept() int {
	n := 0
	for _, l := range e.lanes {
		for _, b := range l.kept {
			n += b.Size()
		}
	}
	return n
}

// PublicationDigest is what the request id of a publication covers.
func PublicationDigest(v policy.Version) [32]byte { return request.DigestOf(publication{v}) }
