package relay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The streams and the roots of their subjects.
const (
	StreamEvents  = "TENFOLD_EVENTS"
	SubjectEvents = "tenfold.events"
	StreamReplay  = "TENFOLD_REPLAY"
	SubjectReplay = "tenfold.replay"
)

// These headers of a message are set in addition to those of NATS and CloudEvents.
const (
	headerMerchant = "Tenfold-Merchant"
	headerNumber   = "Tenfold-Number"
	headerHash     = "Tenfold-Hash"
	headerPosition = "Tenfold-Position"
)

// duplicates is how long the broker itself recognises messages by their id. Later
// repetitions are kept out by the order of the book.
const duplicates = 2 * time.Minute

// JetStream is a stream of a NATS server as a sink. A message's subject is
// root.{merchant}.{type}.
type JetStream struct {
	stream jetstream.Stream
	js     jetstream.JetStream
	root   string
}

// OpenJetStream opens a stream for the subjects below root, and creates it if it is
// missing. The settings of an existing stream are left to its operator. copies is
// the number of servers that keep a new stream.
func OpenJetStream(ctx context.Context, conn *nats.Conn, name, root string, copies int) (*JetStream, error) {
	if err := checkVersion(conn.ConnectedServerVersion()); err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	stream, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: name, Description: "Events of Tenfold's books, as CloudEvents", Subjects: []string{root + ".>"},
			Storage: jetstream.FileStorage, Replicas: copies, Duplicates: duplicates,
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = js.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", name, err)
	}
	return &JetStream{stream: stream, js: js, root: root}, nil
}

// checkVersion refuses a server that would silently not compare a message with the
// last one of its book.
func checkVersion(version string) error {
	const leastMajor, leastMinor = 2, 12
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return fmt.Errorf("the version of the NATS server cannot be read: %q", version)
	}
	if major < leastMajor || major == leastMajor && minor < leastMinor {
		return fmt.Errorf("the NATS server has version %s; the relay needs %d.%d or later", version, leastMajor, leastMinor)
	}
	return nil
}

// last reads the last message of a subject; nil for none.
func (j *JetStream) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	m, err := j.stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read last message of %s: %w", subject, err)
	}
	return m, nil
}

// Tail implements Sink.
func (j *JetStream) Tail(ctx context.Context) (Tail, error) {
	m, err := j.last(ctx, j.root+".>")
	if err != nil || m == nil {
		return Tail{}, err
	}
	t := Tail{Position: m.Header.Get(headerPosition), MerchantID: m.Header.Get(headerMerchant)}
	t.Mark, err = markOf(m)
	return t, err
}

// ofBook is the subject that covers everything of a book.
func (j *JetStream) ofBook(merchantID string) string { return j.root + "." + merchantID + ".>" }

// Last implements Sink.
func (j *JetStream) Last(ctx context.Context, merchantID string) (Mark, error) {
	m, err := j.last(ctx, j.ofBook(merchantID))
	if err != nil || m == nil {
		return Mark{}, err
	}
	return markOf(m)
}

func markOf(m *jetstream.RawStreamMsg) (Mark, error) {
	number, err := strconv.ParseInt(m.Header.Get(headerNumber), 10, 64)
	if err != nil {
		return Mark{}, fmt.Errorf("message %d on %s has no number: %w", m.Sequence, m.Subject, err)
	}
	return Mark{Number: number, Hash: m.Header.Get(headerHash), Sequence: m.Sequence}, nil
}

// Put implements Sink.
func (j *JetStream) Put(ctx context.Context, m *Message, before Mark) (Mark, error) {
	id := m.MerchantID + "/" + strconv.FormatInt(m.Number, 10)
	message := &nats.Msg{Subject: j.root + "." + m.MerchantID + "." + m.Type, Header: nats.Header{}, Data: m.Body}
	message.Header.Set("Content-Type", "application/cloudevents+json")
	message.Header.Set(headerMerchant, m.MerchantID)
	message.Header.Set(headerHash, m.Hash)
	message.Header.Set(headerNumber, strconv.FormatInt(m.Number, 10))
	message.Header.Set(headerPosition, m.Position)
	ack, err := j.js.PublishMsg(ctx, message,
		jetstream.WithMsgID(id),
		jetstream.WithExpectLastSequenceForSubject(before.Sequence, j.ofBook(m.MerchantID)))
	var refused *jetstream.APIError
	if errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return Mark{}, ErrFenced
	}
	if err != nil {
		return Mark{}, fmt.Errorf("publish: %w", err)
	}
	return Mark{Number: m.Number, Hash: m.Hash, Sequence: ack.Sequence}, nil
}
