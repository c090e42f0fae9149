package fault

import (
	"errors"
	"time"
)

// Unknown says that nobody knows whether a command was carried out: it was given to
// the database and no answer came. It is no refusal, and As does not find it: what is
// kept for the command must be kept on, and nothing may be told of its effect. The same
// request id, sent again, finds out.
type Unknown struct {
	// RetryAfter is how long waiting is expected to help.
	RetryAfter time.Duration
	// Cause is why no answer came, for the log.
	Cause error
}

// Error tells callers what they can rely on.
func (u *Unknown) Error() string {
	return string(OutcomeUnknown) + ": " + u.Detail()
}

// Detail is one sentence for the caller.
func (u *Unknown) Detail() string {
	return "the outcome of the request is unknown; send it again with the same request id to find out"
}

// Unwrap lets errors.Is(err, fault.OutcomeUnknown) work. The cause is not part of the
// chain: it may hold a refusal, which this is not.
func (u *Unknown) Unwrap() error { return OutcomeUnknown }

// AsUnknown returns the unknown outcome inside err, if there is one.
func AsUnknown(err error) (*Unknown, bool) {
	var u *Unknown
	ok := errors.As(err, &u)
	return u, ok
}
