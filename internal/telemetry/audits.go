package telemetry

import (
	"sync/atomic"
	"time"
)

// Audits reports the scheduled audits of a server.
type Audits struct{ begun, last, success atomic.Pointer[audited] }

type audited struct {
	at            time.Time
	took          time.Duration
	discrepancies int
}

// Audits prepares to report audits. Before the first has ended there is nothing to report
// but when a server began.
func (t *Telemetry) Audits() (*Audits, error) {
	a := new(Audits)
	of := func(from *atomic.Pointer[audited], f func(*audited) float64) func() (float64, bool) {
		return func() (float64, bool) {
			if v := from.Load(); v != nil {
				return f(v), true
			}
			return 0, false
		}
	}
	return a, t.ask([]reading{
		{name: "tenfold.audit.begun", unit: "s", about: "When the server began to audit, in seconds since 1970.",
			read: of(&a.begun, func(v *audited) float64 { return float64(v.at.Unix()) })},
		{name: "tenfold.audit.last_success", unit: "s", about: "When the last audit ended that found nothing wrong, in seconds since 1970.",
			read: of(&a.success, func(v *audited) float64 { return float64(v.at.Unix()) })},
		{name: "tenfold.audit.discrepancies", about: "Discrepancies that the last audit found.",
			read: of(&a.last, func(v *audited) float64 { return float64(v.discrepancies) })},
		{name: "tenfold.audit.duration", unit: "s", about: "How long the last audit took.",
			read: of(&a.last, func(v *audited) float64 { return v.took.Seconds() })},
	})
}

// Begun takes in that the server audits from now on.
func (a *Audits) Begun(at time.Time) { a.begun.Store(&audited{at: at}) }

// Ended takes in an audit that has read all books.
func (a *Audits) Ended(at time.Time, took time.Duration, discrepancies int) {
	v := &audited{at: at, took: took, discrepancies: discrepancies}
	a.last.Store(v)
	if discrepancies == 0 {
		a.success.Store(v)
	}
}
