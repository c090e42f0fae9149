package relay

import (
	"context"
	"errors"
)

// Mark is the last event of a book that a sink has stored.
type Mark struct {
	// Number is the event's; zero when the sink has none of the book.
	Number int64
	// Sequence is the sink's own number of it.
	Sequence uint64
}

// Message is an event on its way to a sink.
type Message struct {
	MerchantID string
	Number     int64
	// Type is the event's kind as a part of the subject.
	Type string
	// Position tells from where to go on once this message is the last that the
	// sink has.
	Position string
	// Body is the event as a CloudEvent.
	Body []byte
}

// ErrFenced is a sink whose last event of a book is another than was expected:
// somebody else has stored meanwhile, or an answer was lost.
var ErrFenced = errors.New("the sink has another last event of the book")

// Sink stores events for those who subscribe to them. What it has stored is the
// relay's only memory.
type Sink interface {
	// Position is the position of the last message stored, empty for none.
	Position(ctx context.Context) (string, error)
	// Last is the mark of a book.
	Last(ctx context.Context, merchantID string) (Mark, error)
	// Put stores a message behind the mark before it in its book, durably, and
	// gives its own mark. ErrFenced when the sink's last is another.
	Put(ctx context.Context, m *Message, before Mark) (Mark, error)
}
