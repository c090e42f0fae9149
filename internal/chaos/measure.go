package chaos

import (
	"slices"
	"sync"
	"time"
)

// Latency is how long callers waited for their answers, with all tries of a call.
type Latency struct {
	Calls       int     `json:"calls"`
	P50Millis   float64 `json:"p50_ms"`
	P99Millis   float64 `json:"p99_ms"`
	WorstMillis float64 `json:"worst_ms"`
}

// measure keeps the latencies of each phase of a run.
type measure struct {
	now func() time.Time

	mu      sync.Mutex
	attacks []bool // By phase: whether it is an attack.
	took    [][]time.Duration
}

func newMeasure(now func() time.Time) *measure {
	return &measure{now: now, attacks: []bool{false}, took: make([][]time.Duration, 1)}
}

// next begins a phase and returns its number.
func (m *measure) next(isAttack bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attacks, m.took = append(m.attacks, isAttack), append(m.took, nil)
	return len(m.attacks) - 1
}

// begin notes the beginning of a call; the returned function notes its answer. A call that
// touches an attack is one of that attack, any other one of the phase in which it began.
func (m *measure) begin() (answered func()) {
	m.mu.Lock()
	first := len(m.attacks) - 1
	m.mu.Unlock()
	began := m.now()
	return func() {
		took := m.now().Sub(began)
		m.mu.Lock()
		defer m.mu.Unlock()
		phase := first
		if i := slices.Index(m.attacks[first:], true); i >= 0 {
			phase = first + i
		}
		m.took[phase] = append(m.took[phase], took)
	}
}

// of sums a phase up.
func (m *measure) of(phase int) Latency {
	m.mu.Lock()
	took := slices.Clone(m.took[phase])
	m.mu.Unlock()
	if len(took) == 0 {
		return Latency{}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
	}
	return Latency{Calls: len(took), P50Millis: at(0.50), P99Millis: at(0.99), WorstMillis: at(1)}
}
