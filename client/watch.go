package client

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// heartbeatDefault is the server's default if a request names no heartbeat.
	heartbeatDefault = 15 * time.Second
	// heartbeatsMissed is how many missed heartbeats mean that the server is gone.
	heartbeatsMissed = 3
)

// taken marks an error of the function that receives messages.
type taken struct{ error }

// Watch passes each message of a watch to take, one after the other, until ctx ends
// or take fails, and returns the cause. A stream that ends is resumed after the
// last message that take has taken: no event is missed or repeated, even across
// streams. Store the effect of take together with the message's resume_token, and
// set the last token in the request after a restart.
//
// Watch returns a refusal if waiting does not help: after WATCH_TOKEN_INVALID,
// start again without a token.
func (c *Client) Watch(ctx context.Context, request *tenfoldv1.WatchClaimsRequest, take func(*tenfoldv1.WatchClaimsResponse) error) error {
	next := proto.CloneOf(request)
	for failures := 1; ; failures++ {
		token := next.GetResumeToken()
		err := c.follow(ctx, next, take)
		if own := (taken{}); errors.As(err, &own) {
			return own.error
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		refused := refusalOf(err)
		if !errors.Is(err, errSilent) && !errors.Is(err, io.EOF) && !refused.passing() {
			return refused
		}
		if next.GetResumeToken() != token {
			failures = 1
		}
		if !c.config.pause(ctx, failures, refused.RetryAfter) {
			return ctx.Err()
		}
	}
}

// errSilent ends a stream without even heartbeats.
var errSilent = errors.New("the watch is silent")

// follow opens one stream, and advances the request's token with each message
// taken.
func (c *Client) follow(ctx context.Context, request *tenfoldv1.WatchClaimsRequest, take func(*tenfoldv1.WatchClaimsResponse) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := c.watches.WatchClaims(ctx, request)
	if err != nil {
		return err
	}
	silence := silenceOf(request)
	alarm := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer alarm.Stop()
	for {
		message, err := stream.Recv()
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, errSilent) {
			return cause
		}
		if err != nil {
			return err
		}
		alarm.Stop() // Taking a message may take its time.
		if err := take(message); err != nil {
			return taken{err}
		}
		request.ResumeToken = message.GetResumeToken()
		alarm.Reset(silence)
	}
}

// silenceOf is how long a stream may be silent.
func silenceOf(request *tenfoldv1.WatchClaimsRequest) time.Duration {
	heartbeat := heartbeatDefault
	if d := request.GetHeartbeat(); d != nil {
		heartbeat = d.AsDuration()
	}
	return heartbeatsMissed * heartbeat
}
