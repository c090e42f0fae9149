package audit

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// tale is what an event tells of a row.
type tale struct {
	digest event.Hash
	// event is the number of that event; zero where none tells of the row.
	event int64
}

// rowKey names a row among those that events bind.
type rowKey struct{ table, claim, key string }

func (k rowKey) String() string {
	name := "row of " + k.table
	if k.key != "" {
		name += " " + k.key
	}
	if k.claim != "" {
		name = "claim " + k.claim + ": " + name
	}
	return name
}

// byEvent are the tables in which a row is found by the event that made it: its key
// names a person, or the event itself.
var byEvent = map[string]bool{"approvals": true, "evidence": true, "proposal_votes": true}

// keyOf names a row that an event tells of.
func keyOf(e *event.Event, r *event.Row) rowKey {
	k := rowKey{table: r.Table, claim: e.ClaimID, key: r.Key}
	if byEvent[r.Table] {
		k.key += "/" + strconv.FormatInt(e.Number, 10)
	}
	return k
}

// compare compares rows with what events tell of them. A row that no event tells of must
// be as old as the last event that binds no rows.
func (b *inspection) compare(rows []postgres.BoundRow, told map[rowKey]tale) {
	found := make(map[rowKey]bool, len(rows))
	for i := range rows {
		r := &rows[i]
		k := rowKey{r.Table, r.ClaimID, r.Key}
		found[k] = true
		switch t, ok := told[k]; {
		case !ok && r.Made > b.old.at:
			b.wrong(k.String(), "no event tells of it")
		case ok && t.digest != r.Digest:
			b.wrong(k.String(), "is not as event %d tells it", t.event)
		}
	}
	for k, t := range told {
		if !found[k] {
			b.wrong(k.String(), "event %d tells of it, but it does not exist", t.event)
		}
	}
}

// loose are the rows about no claim that a page of events tells of.
type loose struct {
	told map[rowKey]tale
	rows postgres.Loose
}

// decisions are the kinds of event that make a proposal or vote on one.
var decisions = []event.Kind{event.ProposalMade, event.ProposalApproved, event.ProposalRefused}

// gather takes in the rows about no claim that an event tells of.
func (b *inspection) gather(stored *postgres.StoredEvent, e *event.Event, l *loose) {
	if stored.Encoding == event.EncodingV1 {
		b.old.number, b.old.at = e.Number, e.RecordedAt.UnixMicro()
	}
	if l.told == nil {
		l.told = make(map[rowKey]tale)
	}
	if slices.Contains(decisions, e.Kind) {
		b.deciders[e.Number] = e.Actor.Person
	}
	noted := false
	for i := range e.Rows {
		r := &e.Rows[i]
		t := tale{r.Digest, e.Number}
		k := rowKey{table: r.Table, key: r.Key}
		switch r.Table {
		case "order_lines":
			of := revisionOf(r)
			k.key = fmt.Sprintf("%s/%d", of.LineID, of.Revision)
			l.rows.Lines = append(l.rows.Lines, of)
		case "order_line_corrections":
			of := revisionOf(r)
			k.key = fmt.Sprintf("%s/%d", of.LineID, of.Revision)
			l.rows.Corrected = append(l.rows.Corrected, of)
			b.correctors[k.key] = corrector{e.Number, e.Actor.Person}
		case "order_line_refunds":
			of := factOf(r, "order_line")
			k.key = of + "/" + r.Key
			l.rows.Refunds = append(l.rows.Refunds, postgres.LineRefund{LineID: of, RefundID: r.Key})
		case "proposal_votes":
			k.key = fmt.Sprintf("%s/%d", r.Key, e.Number)
			l.rows.Votes = append(l.rows.Votes, e.Number)
		case "requests":
			k.key = e.Actor.Workload + "/" + e.Method + "/" + e.RequestID
			l.rows.Requests = append(l.rows.Requests, postgres.RequestKey{Workload: e.Actor.Workload, Method: e.Method, RequestID: e.RequestID})
		case "debts":
			b.debts.takeDebt(e, r)
			continue
		case "debt_versions":
			b.debts.takeLate(e, r)
			continue
		case "proposals":
			if _, again := b.proposals[r.Key]; !again {
				b.told[r.Table]++
			}
			b.proposals[r.Key] = t
			continue
		case "books":
			b.marks = t
			continue
		case "events":
			var f event.RowForm
			f.Texts(stored.Note)
			noted = true
			if f.Digest() != r.Digest {
				b.wrong(fmt.Sprintf("event %d", e.Number), "its note is not the one that it tells of")
			}
			continue
		default:
			continue // About a claim: compared with the claim.
		}
		b.told[r.Table]++
		l.told[k] = t
	}
	if !noted && stored.Note != "" && stored.Encoding != event.EncodingV1 {
		b.wrong(fmt.Sprintf("event %d", e.Number), "has a note that it does not tell of")
	}
}

// revisionOf names the revision of an order line that a row is, or that it corrected. A
// line as it was first seen names none.
func revisionOf(r *event.Row) postgres.LineRevision {
	of := postgres.LineRevision{LineID: r.Key, Revision: 1}
	if told, err := strconv.ParseInt(factOf(r, "revision"), 10, 32); err == nil {
		of.Revision = int32(told)
	}
	return of
}

func factOf(r *event.Row, key string) string {
	for _, f := range r.Facts {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// checkLoose compares the rows about no claim with the events that tell of them.
func (b *inspection) checkLoose(l *loose) error {
	rows, err := b.rows.BoundOfEvents(b.head.MerchantID, &l.rows)
	if err != nil {
		return err
	}
	b.compare(rows, l.told)
	return nil
}

// checkBook compares the marks of the book's row and its proposals with the events, and
// the numbers of rows about no claim with those that events told of.
func (b *inspection) checkBook() error {
	marks, err := b.rows.BoundBook(b.head.MerchantID)
	if err != nil {
		return err
	}
	if b.marks.event > 0 {
		b.compare(marks, map[rowKey]tale{{table: "books"}: b.marks})
	}
	if err := b.checkBoundProposals(); err != nil {
		return err
	}
	made, err := b.rows.MadeAfter(b.head.MerchantID, b.old.at)
	for table, rows := range made {
		equal(b, table, "number of rows since events bind them", rows, b.told[table])
	}
	return err
}

func (b *inspection) checkBoundProposals() error {
	var after int64
	for {
		rows, err := b.rows.BoundProposals(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		told := make(map[rowKey]tale)
		for i := range rows {
			if t, ok := b.proposals[rows[i].Key]; ok {
				told[rowKey{table: "proposals", key: rows[i].Key}] = t
			}
			after = rows[i].EventNumber
		}
		b.compare(rows, told)
		if len(rows) < pageRows {
			return nil
		}
	}
}

// story is what the events about one claim say of people.
type story struct {
	// actors are the commitments of those who acted, by the number of the event.
	actors map[int64]string
	filed  string
	// assignee is who was last given the review.
	assignee string
	// exposed is what the claim can still cost after its last event; empty where that is not known,
	// since no event has told of it yet.
	exposed string
}

// nothingExposed is the exposure of a claim before it is filed.
var nothingExposed = postgres.ExposureText(event.Exposure{})

// expose takes in what an event says of the exposure of the claim: before it, it is as the last
// event left it.
func (b *inspection) expose(s *story, stored *postgres.StoredEvent, e *event.Event) {
	if stored.ExposureBefore == "" || stored.Number <= b.debts.opening.Event {
		return
	}
	if e.Kind == event.ClaimFiled {
		s.exposed = nothingExposed
	}
	if s.exposed != "" {
		equal(b, fmt.Sprintf("event %d", stored.Number), "exposure before it", stored.ExposureBefore, s.exposed)
	}
	s.exposed = stored.ExposureAfter
}

// checkExposed compares what a claim can still cost with what its last event says.
func (b *inspection) checkExposed(subject string, c *claim.Claim, told *story) {
	if told.exposed == "" {
		return
	}
	exposed := event.Exposure{}
	if amount := c.Exposure(); amount > 0 {
		exposed = event.Exposure{Amount: amount, Held: min(c.Funding.Held, amount), Due: c.Deadline}
	}
	equal(b, subject, "exposure in its last event", told.exposed, postgres.ExposureText(exposed))
}

// checkBound compares the rows about the claims from one id to another with the events
// about them, and gives the events' stories by claim.
func (b *inspection) checkBound(from, to string) (map[string]*story, error) {
	events, err := b.rows.ClaimEvents(b.head.MerchantID, from, to)
	if err != nil {
		return nil, err
	}
	told, stories := make(map[rowKey]tale), make(map[string]*story)
	for i := range events {
		e, err := event.Decode(events[i].Encoding, events[i].Content)
		if err != nil {
			continue // Told of when the events were walked.
		}
		s := stories[events[i].ClaimID]
		if s == nil {
			s = &story{actors: make(map[int64]string), filed: e.Actor.Person}
			stories[events[i].ClaimID] = s
		}
		s.take(e)
		b.expose(s, &events[i], e)
		for j := range e.Rows {
			switch r := &e.Rows[j]; r.Table {
			case "claims", "claim_revisions", "results", "result_retractions", "holds", "payouts", "appeals", "approvals",
				"evidence", "claim_notes", "commissions", "custody_steps", "evidence_disclosures", "evidence_requests", "pricing_groups":
				told[keyOf(e, r)] = tale{r.Digest, e.Number}
			}
		}
	}
	rows, err := b.rows.BoundOfClaims(b.head.MerchantID, from, to)
	if err != nil {
		return nil, err
	}
	b.compare(rows, told)
	return stories, nil
}

func (s *story) take(e *event.Event) {
	s.actors[e.Number] = e.Actor.Person
	if e.Move != nil {
		s.assignee = "" // A move ends the review.
	}
	if e.Kind == event.ReviewAssigned {
		s.assignee = ""
		for _, d := range e.Details {
			if d.Key == "assignee" {
				s.assignee = d.Value
			}
		}
	}
}
