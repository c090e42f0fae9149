package claim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// truth says where every trigger leads from every state; "-" is a refusal.
const truth = `
trigger                NEW  AUT  REV  NOT  APP  APR  PAY  FLD  PAI  REJ  WDN  EXP
FILED                  AUT  -    -    -    -    -    -    -    -    -    -    -
RESULT_COUNTERFEIT     -    NOT  NOT  -    -    -    -    -    -    -    -    -
RESULT_GENUINE         -    REJ  REJ  REJ  REJ  REJ  -    -    -    -    -    -
RESULT_REFUND_PATH     -    REJ  REJ  REJ  REJ  REJ  -    -    -    -    -    -
RESULT_UNDECIDED       -    REV  -    REV  -    REV  -    -    -    -    -    -
RESULT_LAPSED          -    REV  -    -    -    -    -    -    -    -    -    -
REVIEW_UPHELD          -    -    NOT  -    -    -    -    -    -    -    -    -
REVIEW_REJECTED        -    -    REJ  -    -    -    -    -    -    -    -    -
REVIEW_REFUND_PATH     -    -    REJ  -    -    -    -    -    -    -    -    -
REVIEW_RETEST          -    -    AUT  -    -    -    -    -    -    -    -    -
REVIEW_EXPIRED         -    -    EXP  -    -    -    -    -    -    -    -    -
ACCEPTED               -    -    -    PAY  -    -    -    -    -    -    -    -
NOTICE_LAPSED          -    -    -    PAY  -    -    -    -    -    -    -    -
PAID_IN_FULL           -    -    -    -    -    -    PAI  PAI  -    -    -    -
PAYOUT_FAILED          -    -    -    -    -    -    FLD  -    -    -    -    -
PAYOUT_RETRIED         -    -    -    -    -    -    -    PAY  -    -    -    -
PAYOUT_RETURNED        -    -    -    -    -    -    -    -    FLD  -    -    -
WITHDRAWN              -    WDN  WDN  WDN  WDN  WDN  -    -    -    -    -    -
APPEALED               -    -    -    APP  -    -    -    -    -    -    -    -
APPEAL_UPHELD          -    -    -    -    REJ  -    -    -    -    -    -    -
APPEAL_UPHELD_IN_PART  -    -    -    -    PAY  -    -    -    -    -    -    -
APPEAL_DISMISSED       -    -    -    -    PAY  -    -    -    -    -    -    -
APPROVAL_REQUIRED      -    -    -    APR  APR  -    -    -    -    -    -    -
APPROVED               -    -    -    -    -    PAY  -    -    -    -    -    -
APPROVAL_REFUSED       -    -    -    -    -    REV  -    -    -    -    -    -
RECONSIDERATION_REQUESTED  -  -  -    -    -    -    -    -    -    REV  -    REV
REOPENED               -    -    -    REV  REV  REV  REV  REV  REV  REV  -    REV
REVISED_UPWARD         -    -    -    -    NOT  NOT  NOT  NOT  NOT  NOT  -    NOT
REVISED_SETTLED        -    -    PAY  PAY  PAY  PAY  -    PAY  -    PAY  -    PAY
REVISED_REJECTED       -    -    -    REJ  REJ  REJ  REJ  REJ  REJ  -    -    -
`

// short are the table's words for the states.
var short = map[string]claim.State{
	"NEW": claim.New, "AUT": claim.Authenticating, "REV": claim.InReview, "NOT": claim.Notified,
	"APP": claim.Appealed, "APR": claim.AwaitingApproval, "PAY": claim.Paying, "FLD": claim.PayoutFailed,
	"PAI": claim.Paid, "REJ": claim.Rejected, "WDN": claim.Withdrawn, "EXP": claim.Expired,
}

// Would catch any pair of state and trigger that leads elsewhere than meant, a
// debit that needs no notice first, and a state or trigger the table forgot.
func TestEveryStateAgainstEveryTrigger(t *testing.T) {
	t.Parallel()
	rows := strings.Split(strings.TrimSpace(truth), "\n")
	var columns []claim.State
	for _, word := range strings.Fields(rows[0])[1:] {
		s, ok := short[word]
		if !ok {
			t.Fatalf("the table has an unknown state %s", word)
		}
		columns = append(columns, s)
	}
	if want := from(); !slices.Equal(columns, want) {
		t.Fatalf("the table has the states %v, the machine %v", columns, want)
	}
	var triggers []claim.Trigger
	for _, row := range rows[1:] {
		fields := strings.Fields(row)
		trigger := claim.Trigger(fields[0])
		triggers = append(triggers, trigger)
		if len(fields) != len(columns)+1 {
			t.Fatalf("the row of %s has %d cells, want %d", trigger, len(fields)-1, len(columns))
		}
		for i, word := range fields[1:] {
			got, allowed := claim.Next(columns[i], trigger)
			if want, means := short[word]; allowed != means || got != want {
				t.Errorf("%s from %q leads to %q (allowed: %t), want %s", trigger, columns[i], got, allowed, word)
			}
		}
	}
	if !slices.Equal(triggers, claim.Triggers()) {
		t.Fatalf("the table has the triggers %v, the machine %v", triggers, claim.Triggers())
	}
}

// Would catch a claim that can be debited before the merchant was told and could
// answer: payment is reached from NOTIFIED, from what only NOTIFIED leads to, and
// by a revised verdict that asks nothing more of the merchant.
func TestOnlyNoticeLeadsToTheDebit(t *testing.T) {
	t.Parallel()
	// What has been notified, or was and waits for panel or approvers.
	heard := []claim.State{claim.Notified, claim.Appealed, claim.AwaitingApproval}
	for _, s := range from() {
		for _, trigger := range claim.Triggers() {
			to, ok := claim.Next(s, trigger)
			if !ok {
				continue
			}
			if to.Confirmed() && !s.Confirmed() && !slices.Contains(heard, s) && trigger != claim.RevisedSettled {
				t.Errorf("%s takes a claim from %q to %s without notice", trigger, s, to)
			}
			if to != claim.Notified && slices.Contains(heard, to) && !slices.Contains(heard, s) {
				t.Errorf("%s takes a claim from %q to %s, which is for those notified", trigger, s, to)
			}
		}
	}
}

// Would catch a claim that can be taken back once its debit is confirmed, and one
// that ended by withdrawal and could be opened again.
func TestWithdrawalIsBeforeTheDebitAndForGood(t *testing.T) {
	t.Parallel()
	for _, s := range claim.States() {
		_, may := claim.Next(s, claim.WithdrawnByClaimant)
		if before := s.Live() && !s.Confirmed(); may != before {
			t.Errorf("a claim in %s may be withdrawn: %t, want %t", s, may, before)
		}
	}
	if out := claim.TriggersFrom(claim.Withdrawn); out != nil {
		t.Errorf("a withdrawn claim admits %v", out)
	}
}

// Would catch a list that misses what the table knows, and a state whose claims
// would wait for nobody and never end.
func TestTriggersFromListsTheTable(t *testing.T) {
	t.Parallel()
	for _, s := range claim.States() {
		from := claim.TriggersFrom(s)
		for _, trigger := range claim.Triggers() {
			if _, ok := claim.Next(s, trigger); ok != slices.Contains(from, trigger) {
				t.Errorf("%s from %s: listed %t, allowed %t", trigger, s, !ok, ok)
			}
		}
		if waits := s.WaitsFor(); waits == "" || (waits == claim.PartyNobody) != s.Final() {
			t.Errorf("%s is final: %t, and waits for %q", s, s.Final(), waits)
		}
	}
}

// Would catch a state of which Live, Final and Confirmed say other things than
// the units and the money of its claims.
func TestLiveFinalConfirmed(t *testing.T) {
	t.Parallel()
	type answers struct{ live, final, confirmed bool }
	for s, want := range map[claim.State]answers{
		claim.New:              {},
		claim.Authenticating:   {live: true},
		claim.InReview:         {live: true},
		claim.Notified:         {live: true},
		claim.Appealed:         {live: true},
		claim.AwaitingApproval: {live: true},
		claim.Paying:           {live: true, confirmed: true},
		claim.PayoutFailed:     {live: true, confirmed: true},
		claim.Paid:             {live: true, final: true, confirmed: true},
		claim.Rejected:         {final: true},
		claim.Withdrawn:        {final: true},
		claim.Expired:          {final: true},
	} {
		if got := (answers{s.Live(), s.Final(), s.Confirmed()}); got != want {
			t.Errorf("%q is %+v, want %+v", s, got, want)
		}
	}
}

// Would catch a deadline that fires in a state which does not admit what it
// pulls, and one that no state can have.
func TestDeadlinesFireWhereTheyLead(t *testing.T) {
	t.Parallel()
	pulls := map[claim.Deadline]claim.Trigger{
		claim.DeadlineResult: claim.ResultLapsed, claim.DeadlineNotice: claim.NoticeLapsed,
	}
	var fired []claim.Deadline
	for _, s := range from() {
		for _, d := range s.Fires() {
			fired = append(fired, d)
			trigger, moves := pulls[d]
			if _, ok := claim.Next(s, trigger); moves && !ok {
				t.Errorf("%s fires in %s, which does not admit %s", d, s, trigger)
			}
		}
	}
	if !slices.Equal(fired, claim.Deadlines()) {
		t.Errorf("the states fire %v, want %v", fired, claim.Deadlines())
	}
}

// Would catch an answer to a caller that names actions the claim would refuse,
// or hides one it would take.
func TestAllowedActions(t *testing.T) {
	t.Parallel()
	const (
		record, review, notice   = claim.ActionRecordResult, claim.ActionDecideReview, claim.ActionConfirmNotice
		accept, appeal, panel    = claim.ActionAccept, claim.ActionAppeal, claim.ActionDecideAppeal
		approve, withdraw, retry = claim.ActionApprove, claim.ActionWithdraw, claim.ActionRetryPayout
		revise                   = claim.ActionReviseVerdict
	)
	for s, want := range map[claim.State][]claim.Action{
		claim.Authenticating:   {record, withdraw},
		claim.InReview:         {record, review, withdraw},
		claim.Notified:         {record, accept, appeal, withdraw, revise, notice},
		claim.Appealed:         {record, panel, withdraw, revise},
		claim.AwaitingApproval: {record, approve, withdraw, revise},
		claim.Paying:           {revise},
		claim.PayoutFailed:     {retry, revise},
		claim.Paid:             {revise},
		claim.Rejected:         {revise, claim.ActionReconsider},
		claim.Withdrawn:        nil,
		claim.Expired:          {revise, claim.ActionReconsider},
	} {
		c := &claim.Claim{State: s, Revision: 1}
		if got := c.Allowed(); !slices.Equal(got, want) {
			t.Errorf("%s allows %v, want %v", s, got, want)
		}
	}
}

// Would catch an action that the state admits and the claim itself does not: a
// notice confirmed twice, a second appeal against one revision, and a withdrawal
// of what has cost somebody money.
func TestAllowedActionsOfTheClaimItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim   claim.Claim
		action  claim.Action
		allowed bool
	}{
		"a notice not confirmed yet": {claim.Claim{State: claim.Notified}, claim.ActionConfirmNotice, true},
		"a notice confirmed before":  {claim.Claim{State: claim.Notified, NoticeConfirmedAt: moment}, claim.ActionConfirmNotice, false},
		"the revision was appealed":  {claim.Claim{State: claim.Notified, Revision: 2, AppealedRevision: 2}, claim.ActionAppeal, false},
		"an older one was":           {claim.Claim{State: claim.Notified, Revision: 3, AppealedRevision: 2}, claim.ActionAppeal, true},
		"somebody bore something":    {claim.Claim{State: claim.Notified, Funding: claim.Funding{Lost: 1}}, claim.ActionWithdraw, false},
		"money is only set aside":    {claim.Claim{State: claim.Notified, Funding: claim.Funding{Held: 1}}, claim.ActionWithdraw, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := slices.Contains(c.claim.Allowed(), c.action); got != c.allowed {
				t.Errorf("%s is allowed: %t, want %t", c.action, got, c.allowed)
			}
		})
	}
}

// Would catch a refusal that leaves the caller without state, event or claim.
func TestRefusalTellsTheClaim(t *testing.T) {
	t.Parallel()
	c := &claim.Claim{ID: "c-1", State: claim.Paid}
	err := c.Refuse(claim.Accepted)
	if err.Reason != fault.ClaimStateConflict || err.Subject != c ||
		err.Fields["state"] != "PAID" || err.Fields["event"] != "ACCEPTED" {
		t.Errorf("refusal is %v about %v", err, err.Subject)
	}
}

// Would catch a caller that acts on a view of the claim which has changed.
func TestEtagIsTheVersion(t *testing.T) {
	t.Parallel()
	c := &claim.Claim{ID: "c-1", Version: 7}
	if err := c.CheckEtag("7"); err != nil || c.Etag() != "7" {
		t.Errorf("the present etag %s is refused: %v", c.Etag(), err)
	}
	for _, etag := range []string{"", "6", "8", "07", " 7"} {
		refusal, ok := fault.As(c.CheckEtag(etag))
		if !ok || refusal.Reason != fault.ClaimChanged || refusal.Fields["etag"] != "7" || refusal.Field != "etag" {
			t.Errorf("etag %q: %v", etag, refusal)
		}
	}
}

// Would catch a party by which claims are looked for in a state where none waits for it.
func TestPartiesAreWaitedForInTheirState(t *testing.T) {
	t.Parallel()
	for _, p := range claim.Parties() {
		s, one := p.InState()
		if p == claim.PartyNobody {
			if one {
				t.Errorf("%s is waited for in %s alone", p, s)
			}
			continue
		}
		short := claim.Claim{State: s, Award: claim.Award{Refund: 10}}
		sent := short
		sent.Funding.RefundInFlight = 10
		if !one || (short.WaitsFor() != p && sent.WaitsFor() != p) {
			t.Errorf("in %s nothing waits for %s", s, p)
		}
		for _, other := range claim.States() {
			short.State, sent.State = other, other
			if other != s && (short.WaitsFor() == p || sent.WaitsFor() == p) {
				t.Errorf("claims wait for %s in %s and in %s", p, s, other)
			}
		}
	}
}
