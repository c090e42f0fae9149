package rpc

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

type historyService struct {
	tenfoldv1.UnimplementedHistoryServiceServer
	backend
}

func (s *historyService) ListTimeline(ctx context.Context, r *tenfoldv1.ListTimelineRequest) (*tenfoldv1.ListTimelineResponse, error) {
	merchant, id, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	place, err := placeOf(r.GetTimeZone())
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	var told timeline
	var more bool
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetParent())
		if err != nil {
			return err
		}
		rows, err := reader.Timeline(ctx, c, after, p.size+1)
		if err != nil {
			return err
		}
		if more = len(rows) > p.size; more {
			rows = rows[:p.size]
		}
		told, err = readTimeline(ctx, reader, s.engine.Catalog(), c, rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListTimelineResponse{Entries: make([]*tenfoldv1.TimelineEntry, len(told.rows))}
	l, role := language(r.GetLanguage()), callerOf(ctx).Role
	for i := range told.rows {
		out.Entries[i] = told.entry(i, role)
		putIntoWords(out.Entries[i], role, l, place)
	}
	if more {
		out.NextPageToken = p.token(decimal(told.rows[len(told.rows)-1].Number))
	}
	return out, nil
}

// putIntoWords hides from a role what it must not see of an entry, and writes the text
// from what is left. So no text can tell what is hidden.
func putIntoWords(entry *tenfoldv1.TimelineEntry, role principal.Role, l explain.Language, place *time.Location) {
	coverFrom(role, entry)
	entry.Text, entry.Language = explain.Tell(l, place, happeningOf(entry)), languages.proto(l)
}

// placeOf is the time zone that a request asks for.
func placeOf(name string) (*time.Location, error) {
	if name == "" || name == "Asia/Shanghai" {
		return explain.Place(), nil
	}
	place, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, invalid("time_zone", "must be the name of a time zone of the IANA database, such as Europe/Berlin")
	}
	return place, nil
}

// timeline is a page of events with the rows that belong to them.
type timeline struct {
	claim   *claim.Claim
	catalog *book.Catalog
	rows    []postgres.TimelineEvent
	// read are the decoded events; nil for one that nobody can read, or may.
	read  []*event.Event
	parts *postgres.TimelineParts
}

// readTimeline reads the rows that belong to events of a claim.
func readTimeline(ctx context.Context, r postgres.Reader, catalog *book.Catalog, c *claim.Claim, rows []postgres.TimelineEvent) (timeline, error) {
	t := timeline{claim: c, catalog: catalog, rows: rows, read: make([]*event.Event, len(rows))}
	var keys postgres.TimelineKeys
	firstAnswer := int64(0)
	for i := range rows {
		if rows[i].Quarantined {
			continue
		}
		e, err := watch.Read(&rows[i].FeedEvent)
		if err != nil {
			continue // It is shown as quarantined; the readers of all events report it.
		}
		t.read[i] = e
		addKeys(&keys, e)
		if firstAnswer == 0 && e.Kind == event.PayoutAnswered {
			firstAnswer = e.Number
		}
	}
	var err error
	if t.parts, err = r.TimelineParts(ctx, c, keys); err != nil || firstAnswer == 0 {
		return t, err
	}
	t.parts.Outcomes, err = r.FirstOutcomes(ctx, c.MerchantID, c.ID, firstAnswer)
	return t, err
}

// addKeys adds the keys of the rows that belong to an event.
func addKeys(k *postgres.TimelineKeys, e *event.Event) {
	k.Events = append(k.Events, e.Number)
	k.EvidenceRequests = k.EvidenceRequests || e.Detail("evidence_request") != ""
	for _, of := range []struct {
		value string
		list  *[]string
	}{
		{e.Detail("result"), &k.Results}, {e.Detail("payout"), &k.Payouts}, {e.Detail("refund"), &k.Refunds},
		{e.Actor.Person, &k.Persons}, {e.Detail("assignee"), &k.Persons},
	} {
		if of.value != "" {
			*of.list = append(*of.list, of.value)
		}
	}
}

// entry is an event with its facts, without its text. What another party than the role is asked
// is left out.
func (t *timeline) entry(i int, role principal.Role) *tenfoldv1.TimelineEntry {
	row, e := &t.rows[i], t.read[i]
	p := &tenfoldv1.TimelineEntry{
		Name: eventName(row.MerchantID, row.Number), Number: row.Number, Kind: eventKinds.proto(row.Kind), RecordedAt: stamp(row.RecordedAt),
	}
	if e == nil {
		p.Quarantined = true
		return p
	}
	p.Role, p.Method, p.Workload = e.Actor.Role, e.Method, e.Actor.Workload
	p.Person, p.Assignee = t.parts.Persons[e.Actor.Person], t.parts.Persons[e.Detail("assignee")]
	p.Transfers, p.Move = transfersOf(e.Transfers), moveOfEvent(e)
	p.Note, p.Document = t.note(row, e), e.Detail("document")
	p.Passed = deadlines.proto(claim.Deadline(e.Detail("deadline")))
	p.Escalates = e.Kind == event.DeadlinePassed && e.Move == nil && e.Detail("deemed") == "" || e.Detail("contradicts") != ""
	p.ProposalKind = proposalKindOf(e)
	t.addParts(p, e)
	if e.Kind == event.NoticeAttempted {
		p.NoticeAttempt = &tenfoldv1.TimelineNoticeAttempt{
			Channel: e.Detail("channel"), Reference: e.Detail("reference"), Failure: e.Detail("failure"), AttemptedAt: stamp(timeOf(e.Detail("attempted_at"))),
		}
	}
	p.Commission, p.CustodyStep = commissionTold(row, e), custodyTold(e)
	p.EvidenceRequest = t.requestTold(e, role)
	if e.Kind == event.EvidenceDisclosed {
		p.DisclosedTo, p.DisclosedEventNumber = evidenceParties.proto(book.EvidenceParty(e.Detail("party"))), numberIn(e, "evidence")
	}
	p.Retraction, p.Retest = retractionTold(e), retestTold(e)
	if id := e.Detail("webhook"); id != "" {
		p.Webhook = webhookName(row.MerchantID, id)
	}
	p.DeliveredAt, p.Deemed = stamp(timeOf(e.Detail("delivered_at"))), e.Detail("deemed") != ""
	p.HeldUntil = stamp(timeOf(e.Detail("until")))
	return p
}

// requestEvents tell of a request for evidence itself.
var requestEvents = []event.Kind{event.EvidenceRequested, event.EvidenceRequestCancelled, event.EvidenceRequestOverdue}

// requestTold is the request for evidence that an event tells of, if the role may see it; nil for
// none. That evidence answers one is said with the evidence.
func (t *timeline) requestTold(e *event.Event, role principal.Role) *tenfoldv1.EvidenceRequest {
	if !slices.Contains(requestEvents, e.Kind) {
		return nil
	}
	x := t.parts.EvidenceRequests[int32(numberIn(e, "evidence_request"))]
	if x == nil || !seesRequest(role, x) {
		return nil
	}
	return evidenceRequestOf(x)
}

// numberIn reads a number of an event's details; zero for none.
func numberIn(e *event.Event, detail string) int64 {
	n, err := strconv.ParseInt(e.Detail(detail), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// retractionTold is how a result stopped to count; nil if an event tells of none.
func retractionTold(e *event.Event) *tenfoldv1.TimelineRetraction {
	if e.Kind != event.ResultRetracted || e.Detail("cause") == "" {
		return nil
	}
	r := &tenfoldv1.TimelineRetraction{
		Cause:     retractionCauses.proto(claim.RetractionCause(e.Detail("cause"))),
		Reweighed: reweighings.proto(claim.Reweighed(e.Detail("reweighed"))),
	}
	if id := e.Detail("job"); id != "" {
		r.Job = jobName(id)
	}
	return r
}

// commissionTold is the commission that an event tells of; nil for none. That a result answers
// one is said with the result.
func commissionTold(row *postgres.TimelineEvent, e *event.Event) *tenfoldv1.TimelineCommission {
	n := numberIn(e, "commission")
	if n == 0 || e.Kind == event.ResultRecorded {
		return nil
	}
	return &tenfoldv1.TimelineCommission{
		Name: commissionName(row.MerchantID, e.ClaimID, int32(n)), Authenticator: authenticatorName(e.Detail("authenticator")),
		DueAt: stamp(timeOf(e.Detail("due_at"))), Drawn: e.Detail("seed") != "", Overdue: e.Detail("overdue") != "",
		Shipment: e.Detail("shipment"), Retest: e.Detail("retest") != "", Suspended: e.Detail("suspended") != "",
	}
}

// retestTold is why nobody could be drawn for a re-test; nil if an event tells of none.
func retestTold(e *event.Event) *tenfoldv1.TimelineRetest {
	if e.Kind != event.RetestHeld {
		return nil
	}
	return &tenfoldv1.TimelineRetest{
		Held: retestHolds.proto(claim.RetestHeld(e.Detail("retest_held"))), NextDrawAt: stamp(timeOf(e.Detail("next_draw"))),
	}
}

// custodyTold is the step of custody that an event tells of; nil for none.
func custodyTold(e *event.Event) *tenfoldv1.TimelineCustodyStep {
	n, err := strconv.ParseInt(e.Detail("step"), 10, 32)
	if err != nil || e.Kind != event.CustodyStepAdded {
		return nil
	}
	return &tenfoldv1.TimelineCustodyStep{
		Number: int32(n), Sample: e.Detail("sample"), Kind: custodyKinds.proto(custody.Kind(e.Detail("step_kind"))),
		HappenedAt: stamp(timeOf(e.Detail("happened_at"))),
	}
}

// proposalKindOf is the kind of the proposal that an event is about.
func proposalKindOf(e *event.Event) tenfoldv1.ProposalKind {
	if !slices.Contains([]event.Kind{event.ProposalMade, event.ProposalApproved, event.ProposalRefused}, e.Kind) {
		return tenfoldv1.ProposalKind_PROPOSAL_KIND_UNSPECIFIED // Evidence has a kind as well.
	}
	return proposalKinds.proto(proposal.Kind(e.Detail("kind")))
}

// timeOf reads a time of an event's details; zero for none.
func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// note is the reason that was given, wherever it is kept.
func (t *timeline) note(row *postgres.TimelineEvent, e *event.Event) string {
	for _, note := range []string{row.Note, t.parts.Notes[e.Number], e.Detail("note")} {
		if note != "" {
			return note
		}
	}
	if v := t.parts.Revisions[e.Number]; v != nil {
		return v.Note
	}
	return ""
}

// addParts adds the rows that belong to an event.
func (t *timeline) addParts(p *tenfoldv1.TimelineEntry, e *event.Event) {
	if x := t.parts.Results[e.Detail("result")]; x != nil {
		p.Result = resultOf(t.catalog, x)
	}
	if v := t.parts.Revisions[e.Number]; v != nil {
		p.Verdict = verdictOf(v, t.claim.Currency)
	}
	if x := t.parts.Evidence[e.Number]; x != nil {
		p.Evidence = evidenceAdded(x)
	}
	if x := t.parts.Payouts[e.Detail("payout")]; x != nil {
		p.Payout = t.payoutOf(x, e)
	}
	if e.Kind == event.OrderRefundReported {
		if x := t.parts.Refunds[e.Detail("refund")]; x != nil {
			p.OrderRefund = &tenfoldv1.TimelineRefund{
				RefundId: x.RefundID, Amount: moneyOf(x.Amount, t.claim.Currency), RefundedAt: stamp(x.RefundedAt),
			}
		}
	}
}

// happeningOf is what an entry tells, in the form that is put into words.
func happeningOf(p *tenfoldv1.TimelineEntry) *explain.Happening {
	h := &explain.Happening{
		Kind: eventKinds.domain(p.GetKind()), Quarantined: p.GetQuarantined(), Passed: deadlines.domain(p.GetPassed()),
		Escalates: p.GetEscalates(), Assignee: p.GetAssignee(), Proposed: proposalKinds.domain(p.GetProposalKind()),
		To: claimStates.domain(p.GetMove().GetToState()), Trigger: triggers.domain(p.GetMove().GetTrigger()),
		What: p.GetEvidence().GetKind(), Where: p.GetEvidence().GetReference(),
	}
	for _, x := range p.GetTransfers() {
		h.Money = append(h.Money, explain.Moved{Kind: transferKinds.domain(x.GetKind()), Sum: sumOf(x.GetAmount())})
	}
	if x := p.GetResult(); x != nil {
		h.Result = &explain.Finding{
			Authenticator: lastPart(x.GetAuthenticator()), Report: x.GetReportNumber(), Rank: int(x.GetRank()),
			Units: units(x.GetUnitVerdicts()), Fee: sumOf(x.GetFee()),
		}
	}
	if v := p.GetVerdict(); v != nil {
		h.Verdict = &explain.Found{
			Revision: int(v.GetRevision()), Verdict: verdicts.domain(v.GetVerdict()),
			Refund: sumOf(v.GetAward().GetRefund()), Compensation: sumOf(v.GetAward().GetCompensation()),
		}
	}
	if x := p.GetPayout(); x != nil {
		h.Paid = &explain.Paid{
			OutNumber: x.GetOutNumber(), Part: payoutParts.domain(x.GetPart()), Sum: sumOf(x.GetAmount()),
			Outcome: payoutOutcomes.domain(x.GetOutcome()), Reported: sumOf(x.GetReported()), Failure: x.GetFailureCode(),
			First: moment(x.GetFirstOutcomeAt()), Confirms: x.GetConfirmsFailure(), Contradicts: x.GetContradicts(), Redirected: x.GetRedirected(),
		}
	}
	if x := p.GetOrderRefund(); x != nil {
		sum := sumOf(x.GetAmount())
		h.Refund, h.At = &sum, moment(x.GetRefundedAt())
	}
	if x := p.GetNoticeAttempt(); x != nil {
		h.What, h.Where, h.Failure, h.At = x.GetChannel(), x.GetReference(), x.GetFailure(), moment(x.GetAttemptedAt())
	}
	if x := p.GetCommission(); x != nil {
		h.Body, h.Drawn, h.Overdue, h.Where, h.At = lastPart(x.GetAuthenticator()), x.GetDrawn(), x.GetOverdue(), x.GetShipment(), moment(x.GetDueAt())
		h.Retest, h.Suspended = x.GetRetest(), x.GetSuspended()
	}
	if x := p.GetRetest(); x != nil {
		h.RetestHeld, h.At = retestHolds.domain(x.GetHeld()), moment(x.GetNextDrawAt())
	}
	if x := p.GetCustodyStep(); x != nil {
		h.Sample, h.Step, h.At = x.GetSample(), custodyKinds.domain(x.GetKind()), moment(x.GetHappenedAt())
	}
	if x := p.GetDisclosedTo(); x != 0 {
		h.Asked = claim.Asked(evidenceParties.domain(x))
	}
	h.Overdue = h.Overdue || p.GetEvidence().GetLate()
	if x := p.GetEvidenceRequest(); x != nil {
		h.What, h.Body, h.At = x.GetKind(), lastPart(x.GetAuthenticator()), moment(x.GetDueAt())
		h.Asked = claim.Asked(evidenceParties.domain(x.GetParty()))
	}
	if x := p.GetRetraction(); x != nil {
		h.Cause, h.Reweighed = retractionCauses.domain(x.GetCause()), reweighings.domain(x.GetReweighed())
	}
	switch {
	case p.GetDeliveredAt() != nil:
		h.At = moment(p.GetDeliveredAt())
	case p.GetHeldUntil() != nil:
		h.At = moment(p.GetHeldUntil())
	}
	return h
}
