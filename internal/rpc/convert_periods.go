package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func policyWindowsOf(w *policy.Windows) *tenfoldv1.PolicyWindows {
	p := &tenfoldv1.PolicyWindows{
		Claim: periodOf(w.Claim), Knowledge: periodOf(w.Knowledge), Grouping: periodOf(w.Grouping),
		Hold: periodOf(w.Hold), ExitQuarantine: periodOf(w.ExitQuarantine),
	}
	p.Result, p.ResultWorkingDays = spanOf(w.Result)
	p.Review, p.ReviewWorkingDays = spanOf(w.Review)
	p.NoticeDelivery, p.NoticeDeliveryWorkingDays = spanOf(w.NoticeDelivery)
	p.Notice, p.NoticeWorkingDays = spanOf(w.Notice)
	p.Panel, p.PanelWorkingDays = spanOf(w.Panel)
	p.Approval, p.ApprovalWorkingDays = spanOf(w.Approval)
	p.TopUp, p.TopUpWorkingDays = spanOf(w.TopUp)
	p.Funds, p.FundsWorkingDays = spanOf(w.Funds)
	p.NoticeDeemed, p.NoticeDeemedWorkingDays = spanOf(w.NoticeDeemed)
	p.Reconsideration, p.ReconsiderationWorkingDays = spanOf(w.Reconsideration)
	return p
}

func policyWindows(w *tenfoldv1.PolicyWindows) policy.Windows {
	return policy.Windows{
		Claim: lengthOf(w.GetClaim()), Knowledge: lengthOf(w.GetKnowledge()), Grouping: lengthOf(w.GetGrouping()),
		Result:         span(w.GetResult(), w.GetResultWorkingDays()),
		Review:         span(w.GetReview(), w.GetReviewWorkingDays()),
		NoticeDelivery: span(w.GetNoticeDelivery(), w.GetNoticeDeliveryWorkingDays()),
		Notice:         span(w.GetNotice(), w.GetNoticeWorkingDays()),
		Panel:          span(w.GetPanel(), w.GetPanelWorkingDays()),
		Approval:       span(w.GetApproval(), w.GetApprovalWorkingDays()),
		TopUp:          span(w.GetTopUp(), w.GetTopUpWorkingDays()),
		Funds:          span(w.GetFunds(), w.GetFundsWorkingDays()),
		NoticeDeemed:   span(w.GetNoticeDeemed(), w.GetNoticeDeemedWorkingDays()),

		Reconsideration: span(w.GetReconsideration(), w.GetReconsiderationWorkingDays()),
		Hold:            lengthOf(w.GetHold()), ExitQuarantine: lengthOf(w.GetExitQuarantine()),
	}
}

// spanOf is a span in the contract's form: one of the two values, or neither if it
// was left out.
func spanOf(s policy.Span) (*durationpb.Duration, int32) { return periodOf(s.Duration), s.WorkingDays }

func span(d *durationpb.Duration, workingDays int32) policy.Span {
	return policy.Span{Duration: lengthOf(d), WorkingDays: workingDays}
}

// periodOf is a duration in the contract's form; absent if it was left out.
func periodOf(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func lengthOf(d *durationpb.Duration) time.Duration { return d.AsDuration() }
