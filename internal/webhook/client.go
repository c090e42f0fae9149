package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// These are the causes of a failed try.
const (
	failedStatus     = "STATUS"
	failedTimeout    = "TIMEOUT"
	failedConnection = "CONNECTION"
	failedAddress    = "ADDRESS_REFUSED"
	failedGone       = "GONE"
	failedDamaged    = "EVENT_DAMAGED"
	// failedSealed is a secret that this server cannot open: the delivery is not signed, and so
	// not sent.
	failedSealed = "SECRET_SEALED"
	// failedQuarantined is an event that was damaged before, or that an operator set aside.
	failedQuarantined = "EVENT_QUARANTINED"
)

const (
	// answerMax is how many bytes of an answer are read, so that the connection can
	// be reused; beyond it the connection is closed.
	answerMax = 16 << 10
	// headersMax is the most bytes of an answer's headers.
	headersMax = 32 << 10
	idleMax    = time.Minute
)

// client sends requests to receivers. It uses no proxy, connects to no address that
// guard refuses, and follows no redirect.
type client struct {
	http *http.Client
	max  time.Duration
}

func newClient(c Config) client {
	dialer := &net.Dialer{Timeout: c.SendMax, Control: guard(c.Private)}
	return client{max: c.SendMax, http: &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: c.SendMax, ResponseHeaderTimeout: c.SendMax, MaxResponseHeaderBytes: headersMax,
			MaxIdleConns: c.Senders, MaxIdleConnsPerHost: 2, MaxConnsPerHost: c.Senders, IdleConnTimeout: idleMax,
		},
		// A redirect is an answer, but does not take the event.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// outcome is the result of a try.
type outcome struct {
	status  int
	failure string
}

// taken says that the receiver has the event.
func (o outcome) taken() bool { return o.failure == "" }

// away says that the receiver is not there, or overloaded, whatever is sent.
func (o outcome) away() bool {
	return o.status == 0 && o.failure != failedDamaged && o.failure != failedQuarantined || o.status == http.StatusTooManyRequests || o.status >= http.StatusInternalServerError
}

// send makes one try, signed with each of the keys.
func (c client) send(ctx context.Context, url string, keys [][]byte, id string, at time.Time, body []byte) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.max)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return outcome{failure: failedAddress}
	}
	timestamp, signatures := sign(keys, id, at, body)
	r.Header.Set("Content-Type", "application/cloudevents+json")
	r.Header.Set("User-Agent", "tenfold")
	r.Header.Set(headerID, id)
	r.Header.Set(headerTimestamp, timestamp)
	r.Header.Set(headerSignature, signatures)
	answer, err := c.http.Do(r)
	if err != nil {
		return outcome{failure: reason(err)}
	}
	// The receiver's text is of no use; reading it frees the connection.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMax))
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode/100 == 2:
		return outcome{status: answer.StatusCode}
	case answer.StatusCode == http.StatusGone:
		return outcome{status: answer.StatusCode, failure: failedGone}
	}
	return outcome{status: answer.StatusCode, failure: failedStatus}
}

// reason gives the cause of a failed request in a word. The error's text, which may
// hold the URL, is kept private.
func reason(err error) string {
	var network net.Error
	switch {
	case errors.Is(err, errAddress):
		return failedAddress
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failedTimeout
	}
	return failedConnection
}
