// Package fault holds the refusals of the engine: one Reason per rule that can
// refuse a command, and the Error that carries it with the facts. It knows
// nothing of transports; internal/rpc maps a Reason to its canonical code.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Error is a refusal: its reason, a sentence for the caller, and the facts.
type Error struct {
	Reason Reason
	// Detail is one sentence for the caller that names the rule and the fault of
	// the value. It holds no personal data, and of a value no more than an excerpt.
	Detail string
	// Fields are the facts as ErrorInfo metadata: lowerCamel keys, the unit in
	// the key ("requiredMinor").
	Fields map[string]string
	// Field is the request field at fault, in proto path form; empty for none.
	Field string
	// RetryAfter is how long the caller should wait before it tries again; zero
	// means that waiting does not help.
	RetryAfter time.Duration
	// Subject is the state of the claim that refused; nil if no claim did.
	Subject any
}

// New makes a refusal with a formatted detail. Of texts among the arguments there is an
// excerpt.
func New(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Detail: cut(fmt.Sprintf(format, excerpts(args)...), detailMax)}
}

// With adds one fact and returns the error for chaining. Of a long text there is an excerpt.
func (e *Error) With(key string, value any) *Error {
	if e.Fields == nil {
		e.Fields = make(map[string]string, 4)
	}
	e.Fields[key] = cut(fmt.Sprint(value), factMax)
	return e
}

// At names the request field at fault.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}

// After says how long the caller should wait before trying again.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// About attaches the state of the claim that refused.
func (e *Error) About(subject any) *Error {
	e.Subject = subject
	return e
}

// Error gives the reason, the detail and the facts in a stable order.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Reason))
	b.WriteString(": ")
	b.WriteString(e.Detail)
	for _, k := range slices.Sorted(maps.Keys(e.Fields)) {
		fmt.Fprintf(&b, " %s=%s", k, e.Fields[k])
	}
	return b.String()
}

// Unwrap lets errors.Is(err, fault.DepositInsufficient) work.
func (e *Error) Unwrap() error { return e.Reason }

// As returns the refusal inside err, if there is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
