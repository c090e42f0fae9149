package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Stored is a message as the broker keeps it.
type Stored struct {
	// Subject is tenfold.events.{merchant}.{type}, ID the book and number of the event.
	Subject string
	ID      string
	// StoredAt is the broker's time.
	StoredAt time.Time
	// Data is the CloudEvent, JSON.
	Data []byte
}

// showPause is how long Show waits at a time for the next message.
const showPause = time.Second

// Show passes the messages of the live stream to f, the oldest first; only those of
// one merchant's book if one is named. It ends after the last message, or with
// follow when ctx ends, or when f fails, and returns the cause.
func Show(ctx context.Context, conn *nats.Conn, merchantID string, follow bool, f func(*Stored) error) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	subject := SubjectEvents + ".>"
	if merchantID != "" {
		subject = SubjectEvents + "." + merchantID + ".>"
	}
	reader, err := js.OrderedConsumer(ctx, StreamEvents, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		return fmt.Errorf("read stream %s: %w", StreamEvents, err)
	}
	info, err := reader.Info(ctx)
	if err != nil {
		return fmt.Errorf("read stream %s: %w", StreamEvents, err)
	}
	for left := info.NumPending; follow || left > 0; {
		m, err := reader.Next(jetstream.FetchMaxWait(showPause))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, nats.ErrTimeout):
			continue
		case err != nil:
			return fmt.Errorf("read stream %s: %w", StreamEvents, err)
		}
		about, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("read stream %s: %w", StreamEvents, err)
		}
		left = about.NumPending
		stored := &Stored{Subject: m.Subject(), ID: m.Headers().Get(nats.MsgIdHdr), StoredAt: about.Timestamp, Data: m.Data()}
		if err := f(stored); err != nil {
			return err
		}
	}
	return nil
}

// Type is the kind of event, the last word of the subject.
func (s *Stored) Type() string { return s.Subject[strings.LastIndexByte(s.Subject, '.')+1:] }
