package relay

import (
	"context"
	"errors"
)

// Mark is the last event of a book that a sink has stored.
type Mark struct {
	// Number is the event's; zero if the sink has none of the book.
	Number int64
	// Hash is the event's hash in hex; empty if the message does not tell it.
	Hash string
	// Sequence is the sink's own number of the message.
	Sequence uint64
}

// Message is an event on its way to a sink.
type Message struct {
	MerchantID string
	Number     int64
	// Hash is the event's hash in hex.
	Hash string
	// Type is the event's kind as a part of the subject.
	Type string
	// Position is the position at which to continue if this message is the last
	// that the sink has.
	Position string
	// Body is the event as a CloudEvent.
	Body []byte
}

// Tail is the last message of a sink; the zero value if there is none.
type Tail struct {
	// Position is the position at which to continue.
	Position string
	// MerchantID names the book of the event; empty if the message does not tell it.
	MerchantID string
	Mark
}

// ErrFenced says that the sink's last event of a book is not the expected one:
// another relay has stored in the meantime, or an acknowledgement was lost.
var ErrFenced = errors.New("the sink's last event of the book is another than expected")

// Sink stores events for subscribers. Its content is the relay's only memory.
type Sink interface {
	// Tail is the last stored message of all.
	Tail(ctx context.Context) (Tail, error)
	// Last is the mark of a book.
	Last(ctx context.Context, merchantID string) (Mark, error)
	// Put stores a message durably, directly after the given mark of its book, and
	// returns its own mark. It returns ErrFenced if the sink's last mark is
	// another.
	Put(ctx context.Context, m *Message, before Mark) (Mark, error)
}
