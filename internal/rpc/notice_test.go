package rpc_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) notices() tenfoldv1.NoticeServiceClient {
	return tenfoldv1.NewNoticeServiceClient(f.conn)
}

// Would catch a batch in which one item takes others with it, that cannot be sent again
// item by item, or by which a merchant confirms the notices of another.
func TestBatchConfirmNotices(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	mine, other := f.notified("m1", "l1").GetName(), f.notified("m2", "l2").GetName()
	confirm := func(name string, revision int32) *tenfoldv1.ConfirmNoticeRequest {
		return &tenfoldv1.ConfirmNoticeRequest{Name: name, RequestId: f.id(), Revision: revision}
	}
	good, stale := confirm(mine, 1), confirm(other, 7)
	batch := &tenfoldv1.BatchConfirmNoticesRequest{Requests: []*tenfoldv1.ConfirmNoticeRequest{stale, good, confirm("merchants/m1/claims/none", 0), {Name: mine}}}
	r, err := f.notices().BatchConfirmNotices(f.as("operator"), batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []tenfoldv1.Reason{
		tenfoldv1.Reason_REASON_CLAIM_CHANGED, tenfoldv1.Reason_REASON_UNSPECIFIED,
		tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND, tenfoldv1.Reason_REASON_REQUEST_INVALID,
	} {
		item := r.GetItems()[i]
		if got := item.GetStatus().GetReason(); got != want || (item.GetClaim() != nil) != (want == tenfoldv1.Reason_REASON_UNSPECIFIED) {
			t.Errorf("item %d: %v, not %s", i, item, want)
		}
	}
	again, err := f.claims.ConfirmNotice(f.as("operator"), good)
	if err != nil || !again.GetReplayed() {
		t.Errorf("sent again alone: %v, %v", again, err)
	}
	theirs, err := f.notices().BatchConfirmNotices(f.as("merchant"), &tenfoldv1.BatchConfirmNoticesRequest{
		Requests: []*tenfoldv1.ConfirmNoticeRequest{confirm(other, 1)},
	})
	if err != nil || theirs.GetItems()[0].GetStatus().GetReason() != tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND {
		t.Errorf("the notice of another merchant: %v, %v", theirs, err)
	}
	_, err = f.notices().BatchConfirmNotices(f.as("operator"), &tenfoldv1.BatchConfirmNoticesRequest{Requests: make([]*tenfoldv1.ConfirmNoticeRequest, 501)})
	if got := refusal(err); got.reason != "BATCH_TOO_LARGE" {
		t.Errorf("501 items: %+v", got)
	}
	f.audited()
}

// Would catch a merchant that must agree claim by claim, an item that takes the others with it,
// one that accepts another claim than the merchant saw, or another merchant's, and one that
// cannot be sent again alone.
func TestBatchAcceptClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	accept := func(c *tenfoldv1.Claim, etag string) *tenfoldv1.AcceptClaimRequest {
		return &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: f.id(), Etag: etag}
	}
	first, second, other := f.confirm(f.notified("m1", "l1")), f.confirm(f.notified("m1", "l2")), f.confirm(f.notified("m2", "l3"))
	good := accept(first, first.GetEtag())
	batch := &tenfoldv1.BatchAcceptClaimsRequest{Requests: []*tenfoldv1.AcceptClaimRequest{
		accept(second, "1"), good, accept(other, other.GetEtag()), {Name: first.GetName()},
	}}
	r, err := f.notices().BatchAcceptClaims(f.as("merchant"), batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []tenfoldv1.Reason{
		tenfoldv1.Reason_REASON_CLAIM_CHANGED, tenfoldv1.Reason_REASON_UNSPECIFIED,
		tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND, tenfoldv1.Reason_REASON_REQUEST_INVALID,
	} {
		item := r.GetItems()[i]
		if got := item.GetStatus().GetReason(); got != want || (item.GetClaim().GetState() == tenfoldv1.ClaimState_CLAIM_STATE_PAYING) != (i == 1) {
			t.Errorf("item %d: %v, not %s", i, item, want)
		}
	}
	again, err := f.claims.AcceptClaim(f.as("merchant"), good)
	if err != nil || !again.GetReplayed() {
		t.Errorf("sent again alone: %v, %v", again, err)
	}
	_, err = f.notices().BatchAcceptClaims(f.as("operator"), &tenfoldv1.BatchAcceptClaimsRequest{Requests: make([]*tenfoldv1.AcceptClaimRequest, 501)})
	if got := refusal(err); got.reason != "BATCH_TOO_LARGE" {
		t.Errorf("501 items: %+v", got)
	}
	f.audited()
}

// Would catch an attempt that starts a period, that is of another revision or time, or
// that is kept for a notice which was delivered.
func TestRecordNoticeAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	name := f.notified("m1", "l1").GetName()
	attempt := func(change func(*tenfoldv1.RecordNoticeAttemptRequest)) error {
		r := &tenfoldv1.RecordNoticeAttemptRequest{Name: name, RequestId: f.id(), Channel: "letter", Reference: "EMS 1", Failure: "REFUSED"}
		change(r)
		got, err := f.notices().RecordNoticeAttempt(f.as("support"), r)
		if err == nil && (got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED ||
			got.GetClaim().GetDeadline().GetKind() != tenfoldv1.DeadlineKind_DEADLINE_KIND_NOTICE_UNDELIVERED) {
			t.Errorf("after an attempt: %v", got)
		}
		return err
	}
	if err := attempt(func(*tenfoldv1.RecordNoticeAttemptRequest) {}); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*tenfoldv1.RecordNoticeAttemptRequest){
		"channel":      func(r *tenfoldv1.RecordNoticeAttemptRequest) { r.Channel = "By Letter" },
		"attempted_at": func(r *tenfoldv1.RecordNoticeAttemptRequest) { r.AttemptedAt = &timestamppb.Timestamp{Seconds: 1} },
		"revision":     func(r *tenfoldv1.RecordNoticeAttemptRequest) { r.Revision = 9 },
	} {
		if got := refusal(attempt(change)); got.field != field {
			t.Errorf("%s: %+v", field, got)
		}
	}
	if _, err := f.claims.ConfirmNotice(f.as("operator"), &tenfoldv1.ConfirmNoticeRequest{Name: name, RequestId: f.id()}); err != nil {
		t.Fatal(err)
	}
	if got := refusal(attempt(func(*tenfoldv1.RecordNoticeAttemptRequest) {})); got.reason != "NOTICE_ALREADY_CONFIRMED" || got.code != codes.FailedPrecondition {
		t.Errorf("after the delivery: %+v", got)
	}
	f.audited()
}
