package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// timeline reads the whole timeline of a claim in a role, page by page.
func (f *fixture) timeline(role string, c *tenfoldv1.Claim, l tenfoldv1.Language, size int32) []*tenfoldv1.TimelineEntry {
	f.t.Helper()
	var all []*tenfoldv1.TimelineEntry
	for token, more := "", true; more; more = token != "" {
		r, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as(role), &tenfoldv1.ListTimelineRequest{
			Parent: c.GetName(), Language: l, PageSize: size, PageToken: token,
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if len(r.GetEntries()) > int(size) {
			f.t.Fatalf("%d entries on a page of %d", len(r.GetEntries()), size)
		}
		all, token = append(all, r.GetEntries()...), r.GetNextPageToken()
	}
	return all
}

// strike removes the fields that the list of hidden fields takes from a role.
func strike(m protoreflect.Message, role principal.Role, maker string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(m.Descriptor().Name()) + "." + string(f.Name())
		own := role == principal.RoleMerchant && maker == "merchant" && slices.Contains(ownWords, name)
		switch {
		case slices.Contains(hidden[role], name) && !own:
			m.Clear(f)
		case f.Message() != nil && f.IsList():
			for i := range v.List().Len() {
				strike(v.List().Get(i).Message(), role, maker)
			}
		case f.Message() != nil && !f.IsMap():
			strike(v.Message(), role, maker)
		}
		return true
	})
}

// Would catch a text that tells what is hidden from its reader: every kind of event, full
// of facts, meets every role that may read a timeline, and must read as if the hidden
// facts had never been there.
func TestNoTextTellsWhatIsHidden(t *testing.T) {
	t.Parallel()
	for _, k := range event.Kinds() {
		for _, role := range rpc.MethodRoles()["/tenfold.v1.HistoryService/ListTimeline"] {
			for _, maker := range []string{"merchant", "support"} {
				for _, l := range explain.Languages() {
					entry := &tenfoldv1.TimelineEntry{}
					fill(entry.ProtoReflect(), maker)
					entry.Quarantined = false
					entry.Kind = tenfoldv1.EventKind(tenfoldv1.EventKind_value["EVENT_KIND_"+string(k)])
					want := proto.CloneOf(entry)
					strike(want.ProtoReflect(), role, maker)
					rpc.PutIntoWords(want, principal.RoleAuditor, l) // From whom nothing is hidden.
					rpc.PutIntoWords(entry, role, l)
					if !proto.Equal(want, entry) {
						t.Errorf("%s as %s, made by %s, in %s: %s", k, role, maker, l, cmp.Diff(want, entry, protocmp.Transform()))
					}
					if entry.GetText() == "" || entry.GetKind() == 0 {
						t.Errorf("%s has no text", k)
					}
				}
			}
		}
	}
}

// eventful makes a claim to which nearly everything happens.
func (f *fixture) eventful() *tenfoldv1.Claim {
	f.t.Helper()
	return f.appealed(f.eventfulUntilNotice())
}

func (f *fixture) eventfulUntilNotice() *tenfoldv1.Claim {
	f.t.Helper()
	must := func(err error) {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
	}
	filing := f.filing("m1", "l1")
	filing.PayoutDestination = "sandbox-fail-1"
	filing.GetOrderLine().ProductId = "sandbox-conflict"
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	must(err)
	name := filed.GetClaim().GetName()
	_, err = f.claims.AddEvidence(f.as("support"), &tenfoldv1.AddEvidenceRequest{Name: name, RequestId: f.id(), Kind: "TICKET", Reference: "crm-4711", Note: "secret of support"})
	must(err)
	f.advance(time.Hour)
	f.runDueWork()
	c := f.claim(name)
	_, err = f.claims.AssignReview(f.as("support"), &tenfoldv1.AssignReviewRequest{Name: name, RequestId: f.id(), Etag: c.GetEtag(), Assignee: "reviewer-7"})
	must(err)
	c = f.claim(name)
	_, err = f.claims.DecideReview(f.asPerson("adjudicator", "reviewer-7"), &tenfoldv1.DecideReviewRequest{
		Name: name, RequestId: f.id(), Etag: c.GetEtag(), Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD, Note: "secret of a reviewer",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
	})
	must(err)
	_, err = f.claims.ReportOrderRefund(f.as("order-service"), &tenfoldv1.ReportOrderRefundRequest{
		Name: "merchants/m1/orderLines/l1", RequestId: f.id(),
		Refund: &tenfoldv1.LineRefund{RefundId: "refund-9", Amount: fen(5_000), RefundedAt: timestamppb.New(start.Add(-time.Hour))},
	})
	must(err)
	must(f.retractErr("operator", f.claim(name).GetResults()[0].GetName()))
	return f.claim(name)
}

// appealed lets the merchant appeal in vain, and the payment fail.
func (f *fixture) appealed(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	f.dismiss(f.appeal(f.confirm(c)))
	f.runDueWork()
	return f.claim(c.GetName())
}

// Would catch a history that leaves something out, tells it in another order than it
// happened, or differs from page to page.
func TestTimelineTellsEveryEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.eventful()
	var want []struct {
		Number int64  `db:"event_number"`
		Kind   string `db:"kind"`
	}
	if err := f.admin().Select(&want, `
		SELECT event_number, kind FROM events
		WHERE merchant_id = 'm1' AND (claim_id = $1 OR kind = 'ORDER_REFUND_REPORTED')
		ORDER BY event_number`, c.GetClaimId()); err != nil {
		t.Fatal(err)
	}
	whole := f.timeline("support", c, tenfoldv1.Language_LANGUAGE_ENGLISH, 1000)
	if len(whole) != len(want) {
		t.Errorf("%d entries of %d events", len(whole), len(want))
	}
	for i := range min(len(whole), len(want)) {
		if got := strings.TrimPrefix(whole[i].GetKind().String(), "EVENT_KIND_"); whole[i].GetNumber() != want[i].Number || got != want[i].Kind {
			t.Errorf("entry %d is event %d, %s; want %d, %s", i, whole[i].GetNumber(), got, want[i].Number, want[i].Kind)
		}
	}
	for _, size := range []int32{1, 3, 50} {
		if diff := cmp.Diff(whole, f.timeline("support", c, tenfoldv1.Language_LANGUAGE_ENGLISH, size), protocmp.Transform()); diff != "" {
			t.Errorf("in pages of %d: %s", size, diff)
		}
	}
	story := textsOf(whole)
	for _, said := range []string{
		"The claim was filed.", "Evidence was added: TICKET, kept at crm-4711.", "report ", "The review was assigned to reviewer-7.", "The review was decided.",
		"A refund of the order line outside of the claim was reported: 50.00 CNY", "released to the deposit", "An authentication result was taken back",
		"The merchant appealed.", "the payout failed", "SANDBOX_FAILED", "2,200.00 CNY of the deposit set aside", "Verdict 1: counterfeit",
	} {
		if !strings.Contains(story, said) {
			t.Errorf("%q is not told:\n%s", said, story)
		}
	}
	for _, e := range f.timeline("support", c, tenfoldv1.Language_LANGUAGE_CHINESE, 1000) {
		if e.GetLanguage() != tenfoldv1.Language_LANGUAGE_CHINESE || !strings.HasSuffix(e.GetText(), "。") {
			t.Errorf("event %d reads %q", e.GetNumber(), e.GetText())
		}
	}
	f.hiddenFromMerchant(c)
}

func textsOf(list []*tenfoldv1.TimelineEntry) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.GetText() + "\n")
	}
	return b.String()
}

// hiddenFromMerchant looks for what a merchant must not find in a timeline.
func (f *fixture) hiddenFromMerchant(c *tenfoldv1.Claim) {
	f.t.Helper()
	own := false
	for _, e := range f.timeline("merchant", c, tenfoldv1.Language_LANGUAGE_ENGLISH, 1000) {
		text := e.String()
		for _, never := range []string{"reviewer-7", "secret of", "consumer-l1", "sandbox-fail-1", "panel-1", "the invoice is of another batch"} {
			if strings.Contains(text, never) {
				f.t.Errorf("a merchant is told %q by %s", never, text)
			}
		}
		if e.GetRole() != "merchant" && (e.GetPerson() != "" || e.GetWorkload() != "" || e.GetNote() != "") {
			f.t.Errorf("a merchant is told who acted: %s", text)
		}
		own = own || e.GetKind() == tenfoldv1.EventKind_EVENT_KIND_CLAIM_APPEALED && e.GetNote() != "" && e.GetPerson() == "person-1"
	}
	if !own {
		f.t.Error("a merchant does not find its own words")
	}
	_, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as("merchant"), &tenfoldv1.ListTimelineRequest{
		Parent: strings.Replace(c.GetName(), "/m1/", "/m2/", 1),
	})
	if refusal(err).reason != "CLAIM_NOT_FOUND" {
		f.t.Errorf("another merchant's claim: %v", err)
	}
}

// Would catch a first outcome that is forgotten when the gateway is asked again, and a
// page that does not know of outcomes before it.
func TestTimelineTellsTheFirstOutcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	filing := f.filing("m1", "l1")
	filing.PayoutDestination = "sandbox-fail-1"
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	c := f.accept(f.confirm(f.claim(filed.GetClaim().GetName())))
	f.runDueWork()
	first := f.now()
	f.advance(20 * 24 * time.Hour)
	f.runDueWork()
	for _, size := range []int32{1000, 1} {
		told := make(map[string]int)
		for _, e := range f.timeline("finance", c, tenfoldv1.Language_LANGUAGE_ENGLISH, size) {
			p := e.GetPayout()
			if e.GetKind() != tenfoldv1.EventKind_EVENT_KIND_PAYOUT_ANSWERED {
				continue
			}
			told[p.GetOutNumber()]++
			if at := p.GetFirstOutcomeAt().AsTime(); at.Sub(first) > time.Minute || p.GetOutcome() != tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_FAILED {
				t.Errorf("in pages of %d: event %d at %s tells of a first outcome at %s: %s", size, e.GetNumber(), e.GetRecordedAt().AsTime(), at, p)
			}
			if again := told[p.GetOutNumber()] > 1; again != p.GetConfirmsFailure() || again != strings.Contains(e.GetText(), "first reported at 2026-03-02") {
				t.Errorf("in pages of %d: report %d reads %q", size, told[p.GetOutNumber()], e.GetText())
			}
		}
		if len(told) == 0 {
			t.Fatal("no payout was answered")
		}
		for number, times := range told {
			if times != 2 {
				t.Errorf("payout %s was answered %d times", number, times)
			}
		}
	}
}

// Would catch a timeline that breaks on events of the first encoding, on damaged ones, or
// on those that an operator set aside, or that tells more of these than it may.
func TestTimelineReadsOldAndDamagedEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.eventful()
	admin := f.admin()
	before := f.timeline("support", c, tenfoldv1.Language_LANGUAGE_ENGLISH, 1000)
	var rows []struct {
		Number  int64  `db:"event_number"`
		Content string `db:"content"`
	}
	if err := admin.Select(&rows, `SELECT event_number, content FROM events WHERE merchant_id = 'm1'`); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		e, err := event.Decode(event.EncodingV2, r.Content)
		if err != nil {
			t.Fatal(err)
		}
		e.SealAs(event.EncodingV1, event.Hash{})
		admin.MustExec(`UPDATE events SET encoding = 1, content = $2 WHERE merchant_id = 'm1' AND event_number = $1`, r.Number, e.Content)
	}
	if diff := cmp.Diff(before, f.timeline("support", c, tenfoldv1.Language_LANGUAGE_ENGLISH, 1000), protocmp.Transform()); diff != "" {
		t.Errorf("in the first encoding: %s", diff)
	}
	damaged, aside := before[1].GetNumber(), before[2].GetNumber()
	admin.MustExec(`UPDATE events SET content = '{' WHERE merchant_id = 'm1' AND event_number = $1`, damaged)
	admin.MustExec(`
		INSERT INTO event_quarantines (merchant_id, event_number, entry_number, quarantined, cause, author, recorded_at)
		VALUES ('m1', $1, 1, true, 'test', 'test', now())`, aside)
	after := f.timeline("support", c, tenfoldv1.Language_LANGUAGE_ENGLISH, 2)
	if len(after) != len(before) {
		t.Fatalf("%d entries, and %d before", len(after), len(before))
	}
	for _, e := range after {
		out := e.GetNumber() == damaged || e.GetNumber() == aside
		bare := e.GetText() == "This entry cannot be shown." && e.GetWorkload() == "" && e.GetMove() == nil && e.GetNote() == ""
		if out != e.GetQuarantined() || out != bare {
			t.Errorf("event %d: %s", e.GetNumber(), e)
		}
	}
}

// Would catch a page token that is taken from another caller or query, and bad input that
// is not refused by its field.
func TestTimelineRefusesBadInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.notified("m1", "l1")
	list := func(role string, r *tenfoldv1.ListTimelineRequest) (*tenfoldv1.ListTimelineResponse, error) {
		return tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as(role), r)
	}
	page, err := list("support", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageSize: 1})
	if err != nil || page.GetNextPageToken() == "" {
		t.Fatal(page, err)
	}
	for what, bad := range map[string]struct {
		role, field string
		r           *tenfoldv1.ListTimelineRequest
	}{
		"another caller":   {"finance", "page_token", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageToken: page.GetNextPageToken()}},
		"another language": {"support", "page_token", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), Language: 2, PageToken: page.GetNextPageToken()}},
		"no token":         {"support", "page_token", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageToken: "x"}},
		"no zone":          {"support", "time_zone", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), TimeZone: "Mars/Olympus"}},
		"the server's":     {"support", "time_zone", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), TimeZone: "Local"}},
		"a path":           {"support", "time_zone", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), TimeZone: "../etc/passwd"}},
		"a large page":     {"support", "page_size", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageSize: 1001}},
		"no language":      {"support", "language", &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), Language: 9}},
		"no claim":         {"support", "parent", &tenfoldv1.ListTimelineRequest{Parent: "merchants/m1"}},
	} {
		_, err := list(bad.role, bad.r)
		if got := refusal(err); got.code != codes.InvalidArgument || got.field != bad.field {
			t.Errorf("%s: %v at %q, want it at %q", what, err, got.field, bad.field)
		}
	}
	if _, err := list("authenticator", &tenfoldv1.ListTimelineRequest{Parent: c.GetName()}); refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("an authenticator: %v", err)
	}
	berlin, err := list("support", &tenfoldv1.ListTimelineRequest{Parent: f.confirm(c).GetName(), TimeZone: "Europe/Berlin"})
	if err != nil || !strings.Contains(textsOf(berlin.GetEntries()), "2026-03-02 10:00 (UTC+01:00)") {
		t.Errorf("%v: %s", err, textsOf(berlin.GetEntries()))
	}
}
