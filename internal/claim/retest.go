package claim

import (
	"slices"
	"time"
)

// Another body's test where results of one rank disagree (rule V3), which the server has made by
// itself: which units need it, and why nobody can be drawn for it.

// RetestDaysMax is the longest time that a body can have for a re-test: as long as a report can be
// due ahead.
const RetestDaysMax = 183

// RetestHeld is why nobody can be drawn for a re-test.
type RetestHeld string

// The reasons.
const (
	// RetestNoBody has no registered laboratory that may judge the goods and has no part in the
	// claim. The draw is tried again.
	RetestNoBody RetestHeld = "NO_BODY"
	// RetestGoodsGone has no goods left: every sample that has the units was destroyed.
	RetestGoodsGone RetestHeld = "GOODS_GONE"
	// RetestLimit has as many commissions as a claim can have.
	RetestLimit RetestHeld = "COMMISSION_LIMIT"
)

// RetestHolds lists the reasons.
func RetestHolds() []RetestHeld { return []RetestHeld{RetestNoBody, RetestGoodsGone, RetestLimit} }

// The pause after a draw in vain: as long as the claim has been in review, within these bounds. So
// a laboratory that is registered at once is found soon, and a claim that waits for months is looked
// at once a day.
const (
	retestPauseMin = time.Hour
	retestPauseMax = 24 * time.Hour
)

// SeekRetest has a body drawn from a time on.
func (c *Claim) SeekRetest(at time.Time) { c.RetestAt, c.RetestHeld = at, "" }

// HoldRetest says why nobody can be drawn. Only where there was no body is the draw tried again by
// itself; the other reasons end with what is told of the claim.
func (c *Claim) HoldRetest(why RetestHeld, now time.Time) {
	c.RetestAt, c.RetestHeld = time.Time{}, why
	if why == RetestNoBody {
		c.RetestAt = now.Add(min(max(now.Sub(c.StateSince), retestPauseMin), retestPauseMax))
	}
}

// EndRetest has nobody drawn any more.
func (c *Claim) EndRetest() { c.RetestAt, c.RetestHeld = time.Time{}, "" }

// RetestUnits lists the units on which results of one rank disagree, and which a re-inspection
// would decide. Photos and codes call for none, and a unit that was re-inspected once for none
// again: what could not be told then, a person decides. There are none where the rules leave the
// re-test to a person.
func (r *Rules) RetestUnits(w *Weighing, results []Graded) []int32 {
	if r.Reinspection.RetestDays == 0 {
		return nil
	}
	var units []int32
	for _, u := range w.Units {
		if u.Reason != Conflicting || u.Rank <= r.retestRank() {
			continue
		}
		on := r.onUnit(u.Ordinal, results)
		examined := slices.ContainsFunc(on, func(f finding) bool { return f.Rank == u.Rank && f.Sample.Physical() })
		again := slices.ContainsFunc(on, func(f finding) bool { return f.Reinspection })
		if examined && !again {
			units = append(units, u.Ordinal)
		}
	}
	return units
}

// retestRank is the weakest rank that a re-inspection by a laboratory has, but for what lowers it.
func (r *Rules) retestRank() int {
	rank := StrongestRank
	for _, sample := range SampleSources() {
		if sample.Physical() {
			rank = max(rank, r.Rank(&Exhibit{Kind: AccreditedLab, Sample: sample, Reinspection: true, CustodyIntact: true}))
		}
	}
	return rank
}
