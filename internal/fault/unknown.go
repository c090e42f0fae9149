package fault

import (
	"errors"
	"time"
)

// Unknown says that a command may or may not have been carried out: it was sent to the
// database and no answer came. It is not a refusal, and As does not find it: everything
// that is reserved for the command must stay reserved, and nobody may assume its
// effect. Sending the same request id again finds the outcome.
type Unknown struct {
	// RetryAfter is how long the caller should wait before it tries again.
	RetryAfter time.Duration
	// Cause is the reason why no answer came, for the log.
	Cause error
}

// Error is the reason and the detail.
func (u *Unknown) Error() string {
	return string(OutcomeUnknown) + ": " + u.Detail()
}

// Detail is one sentence for the caller.
func (u *Unknown) Detail() string {
	return "the outcome of the request is unknown; send it again with the same request id to find out"
}

// Unwrap lets errors.Is(err, fault.OutcomeUnknown) work. The cause is not part of the
// chain, because it may contain a refusal, and an unknown outcome is not a refusal.
func (u *Unknown) Unwrap() error { return OutcomeUnknown }

// AsUnknown returns the unknown outcome inside err, if there is one.
func AsUnknown(err error) (*Unknown, bool) {
	var u *Unknown
	ok := errors.As(err, &u)
	return u, ok
}
