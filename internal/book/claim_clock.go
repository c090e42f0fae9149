package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// StopClock stops a claim's deadline while a test is under way, or resumes it (rule
// V7). Resuming adds the time for which the clock was stopped.
type StopClock struct {
	OnClaim
	// Resume says that the test has ended.
	Resume bool
	Note   string
}

func (s *StopClock) Cover(d *request.Digest) { d.Texts(s.ClaimID, s.Note); d.Flag(s.Resume) }

func (s *StopClock) decide(b *Book) (Outcome, error) {
	c, err := s.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if b.call.Header.Principal.Person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a clock must be stopped or resumed by a person, but the call names no person")
	}
	conflict := func(why string) error {
		return fault.New(fault.ClockStateConflict, "the clock of claim %s %s", c.ID, why).With("claimId", c.ID).About(c)
	}
	stopped := !c.ClockStoppedAt.IsZero()
	switch {
	case s.Resume && !stopped:
		return Outcome{}, conflict("is not stopped")
	case !s.Resume && stopped:
		return Outcome{}, conflict("is already stopped")
	case !s.Resume && c.Fires == claim.DeadlineNone:
		return Outcome{}, conflict("cannot be stopped, because no deadline is running")
	}
	if !s.Resume {
		b.record(event.ClockStopped, c.ID)
		b.detail("note", s.Note)
		c = b.change(c.ID)
		c.ClockStoppedAt = b.now
		b.wait(c, deadline{c.Fires, c.Deadline})
		return b.about(c.ID), nil
	}
	b.record(event.ClockResumed, c.ID)
	c = b.change(c.ID)
	at := b.catalog.Calendar.Resume(c.Deadline, calendar.Pause{From: c.ClockStoppedAt, To: b.now}, spanOf(b.governing(c), c.Fires))
	c.ClockStoppedAt = time.Time{}
	b.wait(c, deadline{c.Fires, at})
	return b.about(c.ID), nil
}

// ExtendHold extends the time for which a claim's hold may last.
type ExtendHold struct {
	OnClaim
	Until time.Time
	Note  string
}

func (x *ExtendHold) Cover(d *request.Digest) { d.Texts(x.ClaimID, x.Note); d.Time(x.Until) }

func (x *ExtendHold) decide(b *Book) (Outcome, error) {
	if b.call.Header.Principal.Person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a hold must be extended by a person, but the call names no person")
	}
	c, err := x.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case c.Funding.Held == 0:
		return Outcome{}, fault.New(fault.HoldNotFound, "nothing is held for claim %s", c.ID).With("claimId", c.ID).About(c)
	case !x.Until.After(c.HoldExpiresAt):
		return Outcome{}, fault.New(fault.RequestInvalid, "the hold already lasts until %s; the new time must be later", c.HoldExpiresAt.Format(time.RFC3339)).At("expires_at")
	}
	b.record(event.HoldExtended, c.ID)
	b.detail("until", x.Until.UTC().Format(time.RFC3339))
	c = b.change(c.ID)
	c.HoldExpiresAt = x.Until.UTC().Truncate(time.Microsecond)
	b.wait(c, deadline{c.Fires, c.Deadline})
	return b.about(c.ID), nil
}
