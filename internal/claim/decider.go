package claim

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Decide gives the claim a verdict by a person, or by results alone where person is
// empty. Whoever finds the same as the verdict in force confirms it, and joins those who
// made it. Another verdict is made by that person only.
func (c *Claim) Decide(units []Unit, person string) {
	if !slices.Equal(units, c.Units) {
		c.Deciders = nil
	}
	c.Units, c.Verdict = units, Overall(units)
	c.Confirm(person)
}

// ByResults says whether t gives a claim a verdict that rests on results alone.
func (t Trigger) ByResults() bool {
	return t == ResultCounterfeit || t == ResultGenuine || t == ResultRefundPath
}

// Confirm lets the verdict stand by a person, or by results alone where person is empty.
func (c *Claim) Confirm(person string) {
	c.DecidedBy, c.ByResults = person, person == ""
	if person != "" && !c.decided(person) {
		// A copy, so that what a refused command adds never shows.
		c.Deciders = append(c.Deciders[:len(c.Deciders):len(c.Deciders)], person)
	}
}

func (c *Claim) decided(person string) bool {
	return slices.ContainsFunc(c.Deciders, func(d string) bool { return principal.Same(d, person) })
}

// CheckOther refuses with SAME_PERSON a person who filed the claim, or who made or
// confirmed the verdict in force. Such a person may neither approve the amount of that
// verdict nor decide an appeal against it; act says which of the two was tried.
func (c *Claim) CheckOther(person, act string) error {
	var part string
	switch {
	case principal.Same(person, c.FiledBy):
		part = "filed"
	case c.decided(person):
		part = "decided"
	default:
		return nil
	}
	return fault.New(fault.SamePerson, "the person who %s the claim cannot %s", part, act).With("claimId", c.ID).About(c)
}

// Passed says whether the deadline that runs for the claim had passed at a time. While
// the clock stands still no deadline passes; one that passed before the clock was stopped
// stays passed (rule V7).
func (c *Claim) Passed(at time.Time) bool {
	if !c.ClockStoppedAt.IsZero() && c.ClockStoppedAt.Before(at) {
		at = c.ClockStoppedAt
	}
	return c.Fires != DeadlineNone && at.After(c.Deadline)
}
