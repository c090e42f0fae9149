package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// rowsMax is how many rows a page of a list has.
const rowsMax = 50

// queue is a queue of claims with how many wait in it.
type queue struct {
	Queue tenfoldv1.ClaimQueue
	Path  string
	Count int64
}

// queuesOf are the queues that a role works on or looks at.
func queuesOf(role string) []tenfoldv1.ClaimQueue {
	all := []tenfoldv1.ClaimQueue{
		tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW, tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL, tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPROVAL,
		tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE, tenfoldv1.ClaimQueue_CLAIM_QUEUE_STUCK_PAYOUTS, tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNFUNDED,
		tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNSET_CALENDAR,
	}
	if role == "merchant" {
		return nil
	}
	return all
}

// parent is whose claims a person looks at: all, or those of the person's merchant.
func (v *visit) parent() string {
	if v.me.Merchant != "" {
		return "merchants/" + v.me.Merchant
	}
	return "merchants/-"
}

// seekable are the fields that claims are looked for by, as the filter names them.
var seekable = []string{
	"claim", "order_id", "claimant_id", "payment_id", "out_number", "gateway_reference", "report_number", "external_reference", "product_id",
}

// home shows what waits.
func (s *console) home(v *visit) error {
	var body struct {
		Seekable []string
		Queues   []queue
		Mine     []*tenfoldv1.Claim
		Takes    bool
		// RequestID is that of taking a claim.
		RequestID string
	}
	body.Seekable, body.RequestID = seekable, v.requestID()
	for _, q := range queuesOf(v.me.Role) {
		r, err := may(s.claims.ListClaims(v.ctx, &tenfoldv1.ListClaimsRequest{Parent: v.parent(), Queue: q, PageSize: 1, WithTotal: true}))
		if err != nil {
			return err
		}
		if r != nil {
			body.Queues = append(body.Queues, queue{q, "/claims?queue=" + wordOf(q), r.GetTotalSize()})
		}
	}
	mine := &tenfoldv1.ListClaimsRequest{Parent: v.parent(), PageSize: rowsMax}
	if v.me.Role != "merchant" {
		mine.Filter = "assignee = me"
	} else {
		mine.Filter = "waits_for = MERCHANT"
	}
	r, err := may(s.claims.ListClaims(v.ctx, mine))
	if err != nil {
		return err
	}
	body.Mine = r.GetClaims()
	body.Takes = slices.Contains([]string{"support", "adjudicator", "operator"}, v.me.Role)
	v.render(200, "home", "home", body)
	return nil
}

// listClaims lists the claims of a queue, or those that were looked for. What is a claim's id is
// shown at once.
func (s *console) listClaims(v *visit) error {
	text, by := v.query("q"), v.query("by")
	r := &tenfoldv1.ListClaimsRequest{Parent: v.parent(), PageSize: rowsMax, PageToken: v.query("page"), WithTotal: true}
	title := "claims"
	switch {
	case v.query("queue") != "":
		number, ok := tenfoldv1.ClaimQueue_value["CLAIM_QUEUE_"+v.query("queue")]
		if !ok || number == 0 {
			return v.missing()
		}
		r.Queue = tenfoldv1.ClaimQueue(number)
	case text == "":
		return formError("search.empty")
	case by == "claim" || by == "":
		return s.find(v, text)
	case !slices.Contains(seekable, by):
		return v.missing()
	default:
		r.Filter = by + " = " + strconv.Quote(text)
		title = "found"
	}
	found, err := s.claims.ListClaims(v.ctx, r)
	if err != nil {
		return err
	}
	v.render(200, "claims", title, struct {
		Seekable        []string
		By, Text, Queue string
		Claims          []*tenfoldv1.Claim
		Total           int64
		More            string
	}{seekable, by, text, v.query("queue"), found.GetClaims(), found.GetTotalSize(), v.more(found.GetNextPageToken())})
	return nil
}

// find shows a claim by its id or its name. A slip in an id is told by its check character.
func (s *console) find(v *visit, text string) error {
	id := text[strings.LastIndexByte(text, '/')+1:]
	plain, ok := claim.ParseID(id)
	if !ok {
		return formError("search.id")
	}
	r, err := s.claims.GetClaim(v.ctx, &tenfoldv1.GetClaimRequest{Name: v.parent() + "/claims/" + plain})
	if err != nil {
		return err
	}
	return v.to("/"+r.GetClaim().GetName(), "")
}

// claimName is the claim of the page's address.
func (v *visit) claimName() string {
	return "merchants/" + v.r.PathValue("merchant") + "/claims/" + v.r.PathValue("id")
}

// claimPage is what the page of a claim shows.
type claimPage struct {
	Claim       *tenfoldv1.Claim
	Explanation *tenfoldv1.ClaimExplanation
	Timeline    []*tenfoldv1.TimelineEntry
	Notes       []*tenfoldv1.Note
	// Actions are what the person may do, each with what may come of it.
	Actions []offer
	// Works says that the person may take the claim, give it back and add notes.
	Works, Writes bool
	RequestID     string
	More          string
}

// showClaim shows what happened to a claim, whose turn it is and why, and what can be done.
func (s *console) showClaim(v *visit) error {
	name := v.claimName()
	got, err := s.claims.GetClaim(v.ctx, &tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		return err
	}
	explained, err := s.claims.ExplainClaim(v.ctx, &tenfoldv1.ExplainClaimRequest{Name: name, Language: v.language(), TimeZone: s.Zone.String()})
	if err != nil {
		return err
	}
	timeline, err := s.history.ListTimeline(v.ctx, &tenfoldv1.ListTimelineRequest{
		Parent: name, Language: v.language(), TimeZone: s.Zone.String(), PageToken: v.query("page"), PageSize: 200,
	})
	if err != nil {
		return err
	}
	notes, err := may(s.work.ListNotes(v.ctx, &tenfoldv1.ListNotesRequest{Parent: name, PageSize: 200}))
	if err != nil {
		return err
	}
	p := claimPage{
		Claim: got.GetClaim(), Explanation: explained.GetExplanation(), Timeline: timeline.GetEntries(), Notes: notes.GetNotes(),
		Works:     slices.Contains([]string{"support", "adjudicator", "operator"}, v.me.Role),
		Writes:    slices.Contains([]string{"support", "adjudicator", "approver", "finance", "operator"}, v.me.Role),
		RequestID: v.requestID(), More: v.more(timeline.GetNextPageToken()),
	}
	p.Actions = offersOf(got.GetClaim())
	v.render(200, "claim", got.GetClaim().GetClaimId(), p)
	return nil
}

// takeNext gives the person the claim of a queue that waits longest.
func (s *console) takeNext(v *visit) error {
	number := tenfoldv1.WorkQueue_value["WORK_QUEUE_"+v.posted("queue")]
	r, err := s.work.TakeNext(v.ctx, &tenfoldv1.TakeNextRequest{Parent: v.parent(), RequestId: v.requestID(), Queue: tenfoldv1.WorkQueue(number)})
	switch {
	case err != nil:
		return err
	case r.GetClaim() == nil:
		return v.to("/", "done.none")
	}
	return v.to("/"+r.GetClaim().GetName(), "done.taken")
}
