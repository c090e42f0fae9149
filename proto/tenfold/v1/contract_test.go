package tenfoldv1_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// rangeFiles calls f for each file of the contract.
func rangeFiles(f func(protoreflect.FileDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(fd protoreflect.FileDescriptor) bool {
		f(fd)
		return true
	})
}

// Catches a rule that only fails when a request first meets it: a CEL
// expression over a field that is gone, a rule of the wrong type.
func TestEveryRuleCompiles(t *testing.T) {
	t.Parallel()
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	messages := 0
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		for i := range fd.Messages().Len() {
			md := fd.Messages().Get(i)
			messages++
			err := v.Validate(dynamicpb.NewMessage(md))
			var refused *protovalidate.ValidationError
			if err != nil && !errors.As(err, &refused) {
				t.Errorf("%s: %v", md.FullName(), err)
			}
		}
	})
	if messages == 0 {
		t.Fatal("no message found")
	}
}

// Catches a method added without what every method of its sort must carry.
func TestMethodsCarryWhatTheirSortNeeds(t *testing.T) {
	t.Parallel()
	reads := []string{"Get", "List", "Quote", "Resolve", "Query", "Watch", "Describe", "Explain", "Preview", "Find", "Search"}
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		for i := range fd.Services().Len() {
			sd := fd.Services().Get(i)
			switch sd.Name() {
			case "PayoutGatewayService", "SandboxService":
				continue // Not a command on a book.
			}
			for j := range sd.Methods().Len() {
				checkMethod(t, sd.Methods().Get(j), reads)
			}
		}
	})
}

// byContent are the methods of uploads that need no request id: what they send says whether it
// was sent before (decision 0093).
var byContent = []string{"UploadChunk", "CompleteUpload"}

// atOnce are the batches of which all items happen or none, and which are one request.
var atOnce = []string{"BatchRegisterAuthenticators"}

func checkMethod(t *testing.T, md protoreflect.MethodDescriptor, reads []string) {
	t.Helper()
	in, out := md.Input().Fields(), md.Output().Fields()
	need := func(fields protoreflect.FieldDescriptors, names ...protoreflect.Name) {
		for _, name := range names {
			if fields.ByName(name) == nil {
				t.Errorf("%s has no %s", md.FullName(), name)
			}
		}
	}
	name := string(md.Name())
	switch {
	case md.Parent().Name() == "EvidenceService" && slices.Contains(byContent, name):
		need(out, "replayed")
	case md.Parent().Name() == "EvidenceService" && name == "CancelUpload": // An upload is gone once.
	case strings.HasPrefix(name, "List"), strings.HasPrefix(name, "Search"):
		need(in, "page_size", "page_token")
		need(out, "next_page_token")
	case slices.Contains(atOnce, name):
		need(in, "request_id", "validate_only", "items")
		need(out, "replayed", "items")
	case strings.HasPrefix(name, "Batch"):
		need(in, "requests")
		need(out, "items")
	default:
		for _, read := range reads {
			if strings.HasPrefix(name, read) {
				return
			}
		}
		need(in, "request_id", "validate_only")
		need(out, "replayed")
	}
}

func yuan(n int64) *tenfoldv1.Money {
	return &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: n * 100}
}

func line() *tenfoldv1.OrderLine {
	return &tenfoldv1.OrderLine{
		Name: "merchants/m1/orderLines/l1", OrderId: "o1", PaymentId: "p1", ProductId: "g1",
		Quantity: 2, UnitPrice: yuan(10), GoodsPaid: yuan(20), PayerId: "c1",
		Promises: []*tenfoldv1.Promise{{
			Kind:       tenfoldv1.PromiseKind_PROMISE_KIND_MULTIPLIER,
			Multiplier: &tenfoldv1.Ratio{Numerator: 10, Denominator: 1},
		}},
	}
}

func fileClaim(change func(*tenfoldv1.FileClaimRequest)) *tenfoldv1.FileClaimRequest {
	r := &tenfoldv1.FileClaimRequest{
		Parent: "merchants/m1", RequestId: "r1", ClaimantId: "c1", Units: []int32{1, 2},
		Line:              &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: line()},
		LegalBasisChoice:  tenfoldv1.LegalBasis_LEGAL_BASIS_BEST,
		Remedies:          []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:           tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt:         timestamppb.New(time.Unix(1700000000, 0)),
		PayoutDestination: "wallet-1",
	}
	change(r)
	return r
}

func decide(d tenfoldv1.ReviewDecision, units ...*tenfoldv1.UnitVerdict) *tenfoldv1.DecideReviewRequest {
	return &tenfoldv1.DecideReviewRequest{
		Name: "merchants/m1/claims/3K7QX-8M2PD-R5T0C-2JWZN", RequestId: "r1", Etag: "1", Note: "why",
		Decision: d, UnitVerdicts: units,
	}
}

func decideAppeal(d tenfoldv1.AppealDecision, units ...*tenfoldv1.UnitVerdict) *tenfoldv1.DecideAppealRequest {
	return &tenfoldv1.DecideAppealRequest{
		Name: "merchants/m1/claims/3K7QX-8M2PD-R5T0C-2JWZN", RequestId: "r1", Etag: "1", Note: "why",
		Decision: d, UnitVerdicts: units,
	}
}

func approve(change func(*tenfoldv1.ApproveClaimRequest)) *tenfoldv1.ApproveClaimRequest {
	r := &tenfoldv1.ApproveClaimRequest{Name: "merchants/m1/claims/3K7QX-8M2PD-R5T0C-2JWZN", RequestId: "r1", Etag: "1"}
	change(r)
	return r
}

func revise(units ...*tenfoldv1.UnitVerdict) *tenfoldv1.ReviseVerdictRequest {
	return &tenfoldv1.ReviseVerdictRequest{
		Name: "merchants/m1/claims/3K7QX-8M2PD-R5T0C-2JWZN", RequestId: "r1", Etag: "1", Note: "why", Document: "docket-1",
		Ground: tenfoldv1.RevisionGround_REVISION_GROUND_COURT_DECISION, UnitVerdicts: units,
	}
}

func policyVersion(change func(*tenfoldv1.PolicyVersion)) *tenfoldv1.PolicyVersion {
	day := durationpb.New(24 * time.Hour)
	p := &tenfoldv1.PolicyVersion{
		Name: "policies/tenfold/versions/1", Title: "Tenfold", CurrencyCode: "CNY",
		LegalBasis:       tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Multiplier:       &tenfoldv1.Ratio{Numerator: 10, Denominator: 1},
		BaseComponents:   []tenfoldv1.BaseComponent{tenfoldv1.BaseComponent_BASE_COMPONENT_GOODS_PAID},
		RefundComponents: []tenfoldv1.BaseComponent{tenfoldv1.BaseComponent_BASE_COMPONENT_GOODS_PAID},
		RefundMode:       tenfoldv1.RefundMode_REFUND_MODE_ON_TOP,
		EarlierRefunds:   tenfoldv1.EarlierRefunds_EARLIER_REFUNDS_GROSS,
		SourceOrder:      []tenfoldv1.FundingSource{tenfoldv1.FundingSource_FUNDING_SOURCE_DEPOSIT},
		Windows: &tenfoldv1.PolicyWindows{
			Claim: day, Knowledge: day, Result: day, Review: day, NoticeDelivery: day, Notice: day, Grouping: day,
		},
		PublishedAt:   timestamppb.New(time.Unix(1700000000, 0)),
		EffectiveFrom: timestamppb.New(time.Unix(1701000000, 0)),
	}
	change(p)
	return p
}

func setDays(date string, change func(*tenfoldv1.CalendarDay)) *tenfoldv1.SetCalendarDaysRequest {
	d := &tenfoldv1.CalendarDay{Date: date, Kind: tenfoldv1.CalendarDayKind_CALENDAR_DAY_KIND_HOLIDAY, Name: "Spring Festival"}
	change(d)
	return &tenfoldv1.SetCalendarDaysRequest{RequestId: "r1", CalendarDays: []*tenfoldv1.CalendarDay{d}}
}

// Catches a rule that admits what it should refuse, or the reverse.
func TestRules(t *testing.T) {
	t.Parallel()
	type fileRequest = tenfoldv1.FileClaimRequest
	unit := func(n int32, v tenfoldv1.Verdict) *tenfoldv1.UnitVerdict {
		return &tenfoldv1.UnitVerdict{Ordinal: n, Verdict: v}
	}
	const counterfeit, genuine = tenfoldv1.Verdict_VERDICT_COUNTERFEIT, tenfoldv1.Verdict_VERDICT_GENUINE
	const uphold, reject = tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD, tenfoldv1.ReviewDecision_REVIEW_DECISION_REJECT
	cases := []struct {
		name    string
		message proto.Message
		field   string // The field refused; empty for an accepted message.
	}{
		{"a whole claim", fileClaim(func(*fileRequest) {}), ""},
		{"no request id", fileClaim(func(r *fileRequest) { r.RequestId = "" }), "request_id"},
		{"a request id with a space", fileClaim(func(r *fileRequest) { r.RequestId = "a b" }), "request_id"},
		{"a request id too long", fileClaim(func(r *fileRequest) { r.RequestId = strings.Repeat("a", 65) }), "request_id"},
		{"no line", fileClaim(func(r *fileRequest) { r.Line = nil }), "line"},
		{"a line by name", fileClaim(func(r *fileRequest) {
			r.Line = &tenfoldv1.FileClaimRequest_OrderLineName{OrderLineName: "merchants/m1/orderLines/l1"}
		}), ""},
		{"a line by bad name", fileClaim(func(r *fileRequest) {
			r.Line = &tenfoldv1.FileClaimRequest_OrderLineName{OrderLineName: "orderLines/l1"}
		}), "order_line_name"},
		{"no units", fileClaim(func(r *fileRequest) { r.Units = nil }), "units"},
		{"unit zero", fileClaim(func(r *fileRequest) { r.Units = []int32{0} }), "units[0]"},
		{"a unit twice", fileClaim(func(r *fileRequest) { r.Units = []int32{1, 1} }), "units"},
		{"no basis", fileClaim(func(r *fileRequest) { r.LegalBasisChoice = 0 }), "legal_basis_choice"},
		{"an unknown basis", fileClaim(func(r *fileRequest) { r.LegalBasisChoice = 99 }), "legal_basis_choice"},
		{"a remedy twice", fileClaim(func(r *fileRequest) { r.Remedies = []tenfoldv1.Remedy{1, 1} }), "remedies"},
		{"no learned_at", fileClaim(func(r *fileRequest) { r.LearnedAt = nil }), "learned_at"},
		{"a negative price", fileClaim(func(r *fileRequest) { r.GetOrderLine().GoodsPaid.MinorUnits = -1 }), "order_line.goods_paid.minor_units"},
		{"an enormous price", fileClaim(func(r *fileRequest) { r.GetOrderLine().GoodsPaid.MinorUnits = 1e15 + 1 }), "order_line.goods_paid.minor_units"},
		{"no price", fileClaim(func(r *fileRequest) { r.GetOrderLine().GoodsPaid = nil }), "order_line.goods_paid"},
		{"a promise without its amount", fileClaim(func(r *fileRequest) { r.GetOrderLine().Promises[0].Multiplier = nil }), "order_line.promises[0]"},
		{"a batch with an item to be refused alone", &tenfoldv1.BatchFileClaimsRequest{Requests: []*fileRequest{{}}}, ""},
		{"an empty batch", &tenfoldv1.BatchFileClaimsRequest{}, "requests"},
		{"a claim of an unknown merchant", &tenfoldv1.GetClaimRequest{Name: "merchants/-/claims/3k7qx8m2pdr5t0c2jwz9"}, ""},
		{"an unknown view", &tenfoldv1.GetClaimRequest{Name: "merchants/-/claims/1", View: 9}, "view"},
		{"a view with a mask", &tenfoldv1.GetClaimRequest{
			Name: "merchants/m1/claims/1", ReadMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
		}, ""},
		{"an unknown language", &tenfoldv1.ExplainClaimRequest{Name: "merchants/m1/claims/1", Language: 9}, "language"},
		{"an explanation of nothing", &tenfoldv1.ExplainClaimRequest{}, "name"},
		{"a machine in an unknown language", &tenfoldv1.DescribeStateMachineRequest{Language: 9}, "language"},
		{"a filter that the server refuses by itself", &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: strings.Repeat("a", 1<<20)}, ""},
		{"a filter beyond that", &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: strings.Repeat("a", 1<<20+1)}, "filter"},
		{"an endless order", &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", OrderBy: strings.Repeat("a", 65)}, "order_by"},
		{"upheld with verdicts", decide(uphold, unit(1, counterfeit), unit(2, genuine)), ""},
		{"upheld without verdicts", decide(uphold), "-"},
		{"upheld with nothing counterfeit", decide(uphold, unit(1, genuine)), "-"},
		{"a unit decided twice", decide(uphold, unit(1, counterfeit), unit(1, genuine)), "unit_verdicts"},
		{"rejected", decide(reject), ""},
		{"rejected with verdicts", decide(reject, unit(1, genuine)), "-"},
		{"an appeal dismissed", decideAppeal(tenfoldv1.AppealDecision_APPEAL_DECISION_DISMISSED), ""},
		{"an appeal dismissed with verdicts", decideAppeal(tenfoldv1.AppealDecision_APPEAL_DECISION_DISMISSED, unit(1, genuine)), "-"},
		{"an appeal upheld in part", decideAppeal(tenfoldv1.AppealDecision_APPEAL_DECISION_UPHELD_IN_PART, unit(1, genuine), unit(2, counterfeit)), ""},
		{"an appeal upheld in part without verdicts", decideAppeal(tenfoldv1.AppealDecision_APPEAL_DECISION_UPHELD_IN_PART), "-"},
		{"an appeal that nobody decided", decideAppeal(0), "decision"},
		{"an approval", approve(func(*tenfoldv1.ApproveClaimRequest) {}), ""},
		{"an approval of whatever it is now", approve(func(r *tenfoldv1.ApproveClaimRequest) { r.Etag = "" }), "etag"},
		{"a refusal that says why", approve(func(r *tenfoldv1.ApproveClaimRequest) { r.Refuse, r.Note = true, "why" }), ""},
		{"a refusal that does not", approve(func(r *tenfoldv1.ApproveClaimRequest) { r.Refuse = true }), "-"},
		{"a revision", revise(unit(1, genuine)), ""},
		{"a revision without verdicts", revise(), "unit_verdicts"},
		{"a unit revised twice", revise(unit(1, genuine), unit(1, counterfeit)), "unit_verdicts"},
		{"a refund of nothing named", &tenfoldv1.ReportOrderRefundRequest{Name: "merchants/m1/orderLines/l1", RequestId: "r1"}, "refund"},
		{"a claim paid in an unknown form", fileClaim(func(r *fileRequest) { r.PayoutForm = 9 }), "payout_form"},
		{"a sampling case out of form", fileClaim(func(r *fileRequest) { r.SamplingCase = "a case" }), "sampling_case"},
		{"opening the wildcard", &tenfoldv1.OpenBookRequest{MerchantId: "-", RequestId: "r", CurrencyCode: "CNY"}, "-"},
		{"a policy", policyVersion(func(*tenfoldv1.PolicyVersion) {}), ""},
		{"a policy on BEST", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.LegalBasis = tenfoldv1.LegalBasis_LEGAL_BASIS_BEST }), "legal_basis"},
		{"a policy without refund mode", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.RefundMode = 0 }), "refund_mode"},
		{"a floor without scope", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Floor = yuan(500) }), "-"},
		{"a window of nothing", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Windows.Notice = durationpb.New(0) }), "windows.notice"},
		{"four years of knowledge", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.Windows.Knowledge = durationpb.New(4 * 366 * 24 * time.Hour)
		}), "windows.knowledge"},
		{"working days", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.Windows.Notice, p.Windows.NoticeWorkingDays, p.Windows.PanelWorkingDays = nil, 7, 15
		}), ""},
		{"a notice in both units", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Windows.NoticeWorkingDays = 7 }), "windows"},
		{"a notice in neither", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Windows.Notice = nil }), "windows"},
		{"a panel in both units", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.Windows.Panel, p.Windows.PanelWorkingDays = p.Windows.Review, 15
		}), "windows"},
		{"working days for ever", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Windows.TopUpWorkingDays = 2_501 }), "windows.top_up_working_days"},
		{"a hold of nothing", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.Windows.Hold = durationpb.New(0) }), "windows.hold"},
		{"terms of the merchant", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.MinimumDeposit, p.ProtectedShare = yuan(1_000), &tenfoldv1.Ratio{Numerator: 1, Denominator: 1}
		}), ""},
		{"terms of the merchant for one category", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.MinimumDeposit, p.Categories = yuan(1_000), []string{"food"}
		}), "-"},
		{"more than all protected", policyVersion(func(p *tenfoldv1.PolicyVersion) {
			p.ProtectedShare = &tenfoldv1.Ratio{Numerator: 3, Denominator: 2}
		}), "-"},
		{"abnormal without a factor", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.AbnormalOver = yuan(1_000) }), "-"},
		{"a factor beyond its bound", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.AbnormalFactor = 1_001 }), "abnormal_factor"},
		{"an unknown bearer", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.ReversalBorneBy = 9 }), "reversal_borne_by"},
		{"an unknown rule of the fee", policyVersion(func(p *tenfoldv1.PolicyVersion) { p.AuthenticationFee = 9 }), "authentication_fee"},
		{"days of the calendar", setDays("2026-02-17", func(*tenfoldv1.CalendarDay) {}), ""},
		{"a date in another form", setDays("17.02.2026", func(*tenfoldv1.CalendarDay) {}), "calendar_days[0].date"},
		{"a day without a name", setDays("2026-02-17", func(d *tenfoldv1.CalendarDay) { d.Name = "" }), "calendar_days[0].name"},
		{"a day of no kind", setDays("2026-02-17", func(d *tenfoldv1.CalendarDay) { d.Kind = 0 }), "calendar_days[0].kind"},
		{"no day", &tenfoldv1.SetCalendarDaysRequest{RequestId: "r1"}, "calendar_days"},
		{"more days than a call takes", &tenfoldv1.SetCalendarDaysRequest{
			RequestId: "r1", CalendarDays: slices.Repeat(setDays("2026-02-17", func(*tenfoldv1.CalendarDay) {}).GetCalendarDays(), 401),
		}, "calendar_days"},
		{"a year out of range", &tenfoldv1.ListCalendarDaysRequest{Year: 1999}, "year"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := protovalidate.Validate(c.message)
			var refused *protovalidate.ValidationError
			switch {
			case c.field == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case c.field == "":
				return
			case !errors.As(err, &refused):
				t.Fatalf("not refused: %v", err)
			}
			want := c.field
			if want == "-" {
				want = "" // The message as a whole.
			}
			for _, violation := range refused.Violations {
				if protovalidate.FieldPathString(violation.Proto.GetField()) == want {
					return
				}
			}
			t.Fatalf("no violation at %q: %v", want, err)
		})
	}
}

// Catches a method without a path of JSON over HTTP, and a path that does not keep
// the form of the others: reads by GET, everything else by POST with all of the
// request as its body, or DELETE.
func TestMethodsHavePaths(t *testing.T) {
	t.Parallel()
	reads := []string{"Get", "List", "Resolve", "Describe", "Explain", "Find", "Search"}
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		for i := range fd.Services().Len() {
			sd := fd.Services().Get(i)
			for j := range sd.Methods().Len() {
				md := sd.Methods().Get(j)
				// Streams go by Connect; the gateway is somebody else's server.
				if sd.Name() == "PayoutGatewayService" || md.IsStreamingServer() {
					continue
				}
				rule, _ := proto.GetExtension(md.Options(), annotations.E_Http).(*annotations.HttpRule)
				read := slices.ContainsFunc(reads, func(r string) bool { return strings.HasPrefix(string(md.Name()), r) })
				switch {
				case !strings.HasPrefix(rule.GetGet()+rule.GetPost()+rule.GetDelete(), "/v1/"):
					t.Errorf("%s has no path", md.FullName())
				case read != (rule.GetGet() != ""):
					t.Errorf("%s is a read: %v, but its path is %v", md.FullName(), read, rule)
				case (rule.GetBody() == "*") != (rule.GetPost() != ""):
					t.Errorf("%s: only a POST has a body, and that is all of the request: %v", md.FullName(), rule)
				}
			}
		}
	})
}
