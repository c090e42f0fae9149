package client

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Error says why a call failed. A refusal has a reason, which distinguishes it:
// errors.Is(err, client.ClaimAlreadyFiled).
type Error struct {
	// Code is the canonical code.
	Code codes.Code
	// Message is one sentence for people.
	Message string
	// Reason is why the server refused; empty if it did not, for example because it
	// could not be reached or the deadline passed.
	Reason Reason
	// Facts are those of the refusal, such as "claimId".
	Facts map[string]string
	// Fields are the request fields at fault, by path, with the fault of each.
	Fields map[string]string
	// RetryAfter is how long the caller should wait before it tries again; zero if
	// waiting does not help, or the time is unknown.
	RetryAfter time.Duration
	// Claim describes what the claim that refused allows now; nil if no claim
	// refused.
	Claim *tenfoldv1.ClaimStateDetail

	status error
}

// Error gives the reason and the message.
func (e *Error) Error() string {
	if e.Reason != "" {
		return string(e.Reason) + ": " + e.Message
	}
	return e.Code.String() + ": " + e.Message
}

// Is says whether a refusal is for a reason.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && r == e.Reason
}

// Unwrap gives the status of the call.
func (e *Error) Unwrap() error { return e.status }

// domain is the domain of Tenfold's reasons.
const domain = "tenfold"

// refusalOf reads the status of a failed call; nil if there was none.
func refusalOf(err error) *Error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	e := &Error{Code: s.Code(), Message: s.Message(), status: err}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == domain {
				e.Reason, e.Facts = Reason(d.GetReason()), d.GetMetadata()
			}
		case *errdetails.BadRequest:
			e.Fields = make(map[string]string, len(d.GetFieldViolations()))
			for _, v := range d.GetFieldViolations() {
				e.Fields[v.GetField()] = v.GetDescription()
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		case *tenfoldv1.ClaimStateDetail:
			e.Claim = d
		}
	}
	return e
}

// OfItem is the refusal of an item of a batch, as a call of its own would have
// failed; nil for an item that was accepted.
func OfItem(s *tenfoldv1.ItemStatus) error {
	if s.GetCode() == int32(codes.OK) {
		return nil
	}
	const prefix = "REASON_"
	e := &Error{Code: codes.Code(s.GetCode()), Message: s.GetMessage(), Facts: s.GetMetadata(), Claim: s.GetClaimState()}
	if s.GetReason() != tenfoldv1.Reason_REASON_UNSPECIFIED {
		e.Reason = Reason(s.GetReason().String()[len(prefix):])
	}
	if s.GetRetryAfter() != nil {
		e.RetryAfter = s.GetRetryAfter().AsDuration()
	}
	if s.GetField() != "" {
		e.Fields = map[string]string{s.GetField(): s.GetMessage()}
	}
	e.status = status.Error(e.Code, e.Message)
	return e
}
