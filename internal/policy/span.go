package policy

import (
	"encoding/json"
	"fmt"
	"time"
)

// Beijing is the time zone of the laws and of every calendar day: China has had no
// other zone and no summer time since 1992.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

// Span is how long a period lasts: a duration, or a number of working days. The
// zero Span was left out. internal/calendar computes the end of a span.
type Span struct {
	Duration    time.Duration
	WorkingDays int32
}

// Lasting is a span of hours or days.
func Lasting(d time.Duration) Span { return Span{Duration: d} }

// WorkingDays is a span of so many working days.
func WorkingDays(n int32) Span { return Span{WorkingDays: n} }

// IsZero says whether the span was left out.
func (s Span) IsZero() bool { return s == Span{} }

// Or gives the span, or other if the span was left out.
func (s Span) Or(other Span) Span {
	if s.IsZero() {
		return other
	}
	return s
}

// String gives "168h0m0s" or "7 working days".
func (s Span) String() string {
	if s.WorkingDays != 0 {
		return fmt.Sprintf("%d working days", s.WorkingDays)
	}
	return s.Duration.String()
}

// storedSpan is a span of working days as it is stored.
type storedSpan struct {
	WorkingDays int32 `json:"working_days"`
}

// MarshalJSON writes a duration as its nanoseconds, which is the stored form of the
// first windows, and working days as an object.
func (s Span) MarshalJSON() ([]byte, error) {
	if s.WorkingDays != 0 {
		return json.Marshal(storedSpan{s.WorkingDays})
	}
	return json.Marshal(s.Duration)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Span) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var stored storedSpan
		err := json.Unmarshal(text, &stored)
		*s = Span{WorkingDays: stored.WorkingDays}
		return err
	}
	*s = Span{}
	return json.Unmarshal(text, &s.Duration)
}

// check refuses a span that is both or neither, or that exceeds its bounds.
func (s Span) check(path string, most time.Duration) error {
	switch {
	case s.Duration != 0 && s.WorkingDays != 0:
		return invalid(path, "the window must be a duration or a number of working days, not both")
	case s.WorkingDays < 0 || s.WorkingDays > workingDaysMax:
		return invalid(path+"_working_days", "the window must be at most %d working days", workingDaysMax)
	case s.WorkingDays == 0 && (s.Duration <= 0 || s.Duration > most):
		return invalid(path, "the window must be positive and at most %d hours", most/time.Hour)
	}
	return nil
}
