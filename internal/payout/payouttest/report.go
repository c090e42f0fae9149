package payouttest

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Report is an outcome that the payment service reports on its own.
type Report struct {
	OutNumber string
	Answer    payout.Answer
}

type scheduled struct {
	Report
	at time.Time
}

// schedule reports an answer from time at on.
func (s *Simulator) schedule(outNumber string, a payout.Answer, at time.Time) {
	s.reports = append(s.reports, scheduled{at: at, Report: Report{OutNumber: outNumber, Answer: a}})
}

// TakeReports gives every report that is due, once, in the order in which they were
// scheduled. A report of a return also brings the money back.
func (s *Simulator) TakeReports() []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	var due []Report
	s.reports = slices.DeleteFunc(s.reports, func(r scheduled) bool {
		if r.at.After(now) {
			return false
		}
		due = append(due, r.Report)
		if e := s.entries[r.OutNumber]; r.Answer.Outcome == payout.OutcomeReturned {
			e.returned = true
			s.paid.Payouts--
			s.paid.Minor -= e.minor
		}
		return true
	})
	return due
}

// Pending is how many reports are still to come.
func (s *Simulator) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reports)
}
