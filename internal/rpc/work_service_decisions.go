package rpc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// decisionsMax is how many decisions one answer counts: what a team of a hundred decides in a
// week. Each costs two look-ups.
const decisionsMax = 10_000

// decisionsSpan is the longest time that one answer is about.
const decisionsSpan = 31 * 24 * time.Hour

// decidedQueues are the queues by the event that takes a claim out of them.
var decidedQueues = map[event.Kind]tenfoldv1.WorkQueue{
	event.ReviewDecided: tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW,
	event.AppealDecided: tenfoldv1.WorkQueue_WORK_QUEUE_APPEAL,
}

func (s *workService) GetDecisionStatistics(ctx context.Context, r *tenfoldv1.GetDecisionStatisticsRequest) (*tenfoldv1.GetDecisionStatisticsResponse, error) {
	from, until := moment(r.GetFrom()), moment(r.GetUntil())
	switch {
	case r.GetUntil() == nil:
		until = from.Add(decisionsSpan)
	case !until.After(from):
		return nil, fault.New(fault.RequestInvalid, "until must be later than from").At("until")
	case until.Sub(from) > decisionsSpan:
		return nil, fault.New(fault.RequestInvalid, "until must be at most 31 days after from").At("until")
	}
	list, err := s.db.Reader().Decisions(ctx, from, until, decisionsMax+1)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.GetDecisionStatisticsResponse{}
	if len(list) > decisionsMax {
		last := list[decisionsMax].DecidedAt
		out.CountedUntil = stamp(last)
		// Several decisions may be of that moment; none of them counts.
		list = slices.DeleteFunc(list, func(d postgres.Decision) bool { return !d.DecidedAt.Before(last) })
	}
	out.Summaries = summarized(list)
	return out, nil
}

// summarized counts decisions by queue and person.
func summarized(list []postgres.Decision) []*tenfoldv1.DecisionSummary {
	type of struct {
		queue  tenfoldv1.WorkQueue
		person string
	}
	type sums struct {
		decisions       int64
		waited, longest time.Duration
	}
	all := make(map[of]sums)
	for i := range list {
		d := &list[i]
		k, wait := of{decidedQueues[d.Kind], d.Person}, d.DecidedAt.Sub(d.WaitedSince)
		x := all[k]
		all[k] = sums{x.decisions + 1, x.waited + wait, max(x.longest, wait)}
	}
	var out []*tenfoldv1.DecisionSummary
	for k, x := range all {
		out = append(out, &tenfoldv1.DecisionSummary{
			Queue: k.queue, Person: k.person, Decisions: x.decisions,
			MeanWait: durationpb.New(x.waited / time.Duration(x.decisions)), LongestWait: durationpb.New(x.longest),
		})
	}
	slices.SortFunc(out, func(a, b *tenfoldv1.DecisionSummary) int {
		return cmp.Or(cmp.Compare(b.GetDecisions(), a.GetDecisions()), cmp.Compare(a.GetQueue(), b.GetQueue()), cmp.Compare(a.GetPerson(), b.GetPerson()))
	})
	return out
}
