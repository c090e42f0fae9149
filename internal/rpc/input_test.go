package rpc_test

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch bad input that is let in, or refused without saying which field
// broke which rule. Nothing of it may leave a trace in the book.
func TestBadFilings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	before := f.eventNumber("m1")
	for name, row := range map[string]struct {
		spoil  func(*tenfoldv1.FileClaimRequest)
		reason string
		field  string
	}{
		"negative amount":          {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().GoodsPaid = fen(-1) }, "AMOUNT_OUT_OF_RANGE", "order_line.goods_paid.minor_units"},
		"amount too large":         {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().UnitPrice = fen(1_000_000_000_000_001) }, "AMOUNT_OUT_OF_RANGE", "order_line.unit_price.minor_units"},
		"product overflows":        {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().UnitPrice = fen(999_999_999_999_999) }, "AMOUNT_OUT_OF_RANGE", ""},
		"paid more than listed":    {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().GoodsPaid = fen(20_002) }, "AMOUNT_OUT_OF_RANGE", ""},
		"unit not bought":          {func(r *tenfoldv1.FileClaimRequest) { r.Units = []int32{3} }, "UNITS_OUT_OF_RANGE", ""},
		"unit zero":                {func(r *tenfoldv1.FileClaimRequest) { r.Units = []int32{0} }, "REQUEST_INVALID", "units[0]"},
		"unit twice":               {func(r *tenfoldv1.FileClaimRequest) { r.Units = []int32{1, 1} }, "REQUEST_INVALID", "units"},
		"no units":                 {func(r *tenfoldv1.FileClaimRequest) { r.Units = nil }, "REQUEST_INVALID", "units"},
		"no line":                  {func(r *tenfoldv1.FileClaimRequest) { r.Line = nil }, "REQUEST_INVALID", "line"},
		"line of another merchant": {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().Name = "merchants/m2/orderLines/l1" }, "REQUEST_INVALID", "order_line.name"},
		"book's currency differs":  {func(r *tenfoldv1.FileClaimRequest) { inCurrency(r.GetOrderLine(), "USD") }, "CURRENCY_MISMATCH", "order_line.unit_price.currency_code"},
		"two currencies in one line": {func(r *tenfoldv1.FileClaimRequest) {
			r.GetOrderLine().ShippingPaid = &tenfoldv1.Money{CurrencyCode: "USD"}
		}, "CURRENCY_MISMATCH", "order_line.shipping_paid.currency_code"},
		"no such currency":         {func(r *tenfoldv1.FileClaimRequest) { inCurrency(r.GetOrderLine(), "yuan") }, "REQUEST_INVALID", "order_line.unit_price.currency_code"},
		"note too long":            {func(r *tenfoldv1.FileClaimRequest) { r.Note = strings.Repeat("长", 2001) }, "REQUEST_INVALID", "note"},
		"destination too long":     {func(r *tenfoldv1.FileClaimRequest) { r.PayoutDestination = strings.Repeat("a", 257) }, "REQUEST_INVALID", "payout_destination"},
		"merchant id with a slash": {func(r *tenfoldv1.FileClaimRequest) { r.Parent = "merchants/a/b" }, "REQUEST_INVALID", "parent"},
		"request id with a space":  {func(r *tenfoldv1.FileClaimRequest) { r.RequestId = "a b" }, "REQUEST_INVALID", "request_id"},
		"no request id":            {func(r *tenfoldv1.FileClaimRequest) { r.RequestId = "" }, "REQUEST_INVALID", "request_id"},
		"zero byte in the note":    {func(r *tenfoldv1.FileClaimRequest) { r.Note = "a\x00b" }, "REQUEST_INVALID", ""},
		"learned in the future":    {func(r *tenfoldv1.FileClaimRequest) { r.LearnedAt = timestamppb.New(start.Add(time.Hour)) }, "REQUEST_INVALID", "learned_at"},
		"delivered in the future": {func(r *tenfoldv1.FileClaimRequest) {
			r.GetOrderLine().DeliveredAt = timestamppb.New(start.Add(time.Hour))
		}, "ORDER_NOT_ELIGIBLE", "order_line.delivered_at"},
		"not delivered": {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().DeliveredAt = nil }, "ORDER_NOT_ELIGIBLE", "order_line"},
		"cancelled before shipment": {func(r *tenfoldv1.FileClaimRequest) {
			r.GetOrderLine().CancelledBeforeShipment, r.GetOrderLine().ShippedAt = true, nil
		}, "ORDER_NOT_ELIGIBLE", "order_line"},
		"unknown basis": {func(r *tenfoldv1.FileClaimRequest) { r.LegalBasisChoice = 99 }, "REQUEST_INVALID", "legal_basis_choice"},
		"unset basis":   {func(r *tenfoldv1.FileClaimRequest) { r.LegalBasisChoice = 0 }, "REQUEST_INVALID", "legal_basis_choice"},
		"no remedy":     {func(r *tenfoldv1.FileClaimRequest) { r.Remedies = nil }, "REQUEST_INVALID", "remedies"},
		"refund of nothing": {func(r *tenfoldv1.FileClaimRequest) {
			r.Refunds = []*tenfoldv1.LineRefund{{RefundId: "r1", Amount: fen(0), RefundedAt: timestamppb.New(start)}}
		}, "AMOUNT_OUT_OF_RANGE", "refunds[0].amount.minor_units"},
		"promise of nothing": {func(r *tenfoldv1.FileClaimRequest) {
			r.GetOrderLine().Promises = []*tenfoldv1.Promise{{Kind: tenfoldv1.PromiseKind_PROMISE_KIND_FIXED_AMOUNT}}
		}, "REQUEST_INVALID", ""},
	} {
		r := f.filing("m1", "l1")
		row.spoil(r)
		got := refusal(f.fileErr(r))
		if got.reason != row.reason || (row.field != "" && got.field != row.field) || got.message == "" {
			t.Errorf("%s: %v %s at %q: %s; want %s at %q", name, got.code, got.reason, got.field, got.message, row.reason, row.field)
		}
	}
	if after := f.eventNumber("m1"); after != before {
		t.Errorf("refused filings left %d events", after-before)
	}
	f.audited()
}

func inCurrency(l *tenfoldv1.OrderLine, code string) {
	l.UnitPrice.CurrencyCode, l.GoodsPaid.CurrencyCode = code, code
}

// Would catch a field that is not there and whose caller is told of a pattern or a list of
// numbers, one that is there and is called missing, and a refusal that tells thousands of faults.
func TestMissingFieldsAreCalledMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	for name, row := range map[string]struct {
		spoil   func(*tenfoldv1.FileClaimRequest)
		message string
	}{
		"no request id":     {func(r *tenfoldv1.FileClaimRequest) { r.RequestId = "" }, "request_id is required"},
		"no parent":         {func(r *tenfoldv1.FileClaimRequest) { r.Parent = "" }, "parent is required"},
		"no name of a line": {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().Name = "" }, "order_line.name is required"},
		"no price":          {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().UnitPrice = nil }, "order_line.unit_price is required"},
		"no currency":       {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().UnitPrice.CurrencyCode = "" }, "order_line.unit_price.currency_code is required"},
		"no line":           {func(r *tenfoldv1.FileClaimRequest) { r.Line = nil }, "line is required"},
		"no units":          {func(r *tenfoldv1.FileClaimRequest) { r.Units = nil }, "units is required"},
		"no basis":          {func(r *tenfoldv1.FileClaimRequest) { r.LegalBasisChoice = 0 }, "legal_basis_choice must be set"},
		"an unset remedy":   {func(r *tenfoldv1.FileClaimRequest) { r.Remedies = []tenfoldv1.Remedy{0} }, "remedies[0] must be set"},
		"a blank":           {func(r *tenfoldv1.FileClaimRequest) { r.RequestId = " " }, "request_id: does not match regex pattern `^[A-Za-z0-9_-]{1,64}$`"},
		"a zero":            {func(r *tenfoldv1.FileClaimRequest) { r.GetOrderLine().Quantity = 0 }, "order_line.quantity: must be greater than or equal to 1 and less than or equal to 10000"},
	} {
		r := f.filing("m1", "l1")
		row.spoil(r)
		if got := refusal(f.fileErr(r)); got.message != row.message || got.reason != "REQUEST_INVALID" {
			t.Errorf("%s: %s %q, want %q", name, got.reason, got.message, row.message)
		}
	}
	many := f.filing("m1", "l1")
	for range 50 {
		many.Refunds = append(many.Refunds, &tenfoldv1.LineRefund{Amount: &tenfoldv1.Money{CurrencyCode: "yuan", MinorUnits: -1}})
	}
	err := f.fileErr(many)
	s := status.Convert(err)
	if got := refusal(err); got.reason != "REQUEST_INVALID" || !strings.HasSuffix(got.message, " (and 199 more)") || proto.Size(s.Proto()) > 8<<10 {
		t.Errorf("many faults: %d bytes, %q", proto.Size(s.Proto()), got.message)
	}
}

// Would catch invalid UTF-8 that reaches the engine or breaks the connection.
func TestInvalidUTF8IsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	r := f.filing("m1", "l1")
	r.Note = "a\xffb"
	if code := status.Code(f.fileErr(r)); code == codes.OK || code == codes.Unknown {
		t.Errorf("answered %v", code)
	}
	if err := f.fileErr(f.filing("m1", "l1")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Would catch money that moves by a request that must not move any.
func TestBadMoney(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500)
	for name, row := range map[string]struct {
		spoil  func(*tenfoldv1.TopUpDepositRequest)
		reason string
		field  string
	}{
		"zero":       {func(r *tenfoldv1.TopUpDepositRequest) { r.Amount = fen(0) }, "AMOUNT_OUT_OF_RANGE", "amount.minor_units"},
		"negative":   {func(r *tenfoldv1.TopUpDepositRequest) { r.Amount = fen(-5) }, "AMOUNT_OUT_OF_RANGE", "amount.minor_units"},
		"absent":     {func(r *tenfoldv1.TopUpDepositRequest) { r.Amount = nil }, "REQUEST_INVALID", "amount"},
		"no payment": {func(r *tenfoldv1.TopUpDepositRequest) { r.PaymentReference = "" }, "REQUEST_INVALID", "payment_reference"},
		"future":     {func(r *tenfoldv1.TopUpDepositRequest) { r.EffectiveAt = timestamppb.New(start.Add(time.Hour)) }, "REQUEST_INVALID", "effective_at"},
		"unknown":    {func(r *tenfoldv1.TopUpDepositRequest) { r.Name = "merchants/nobody" }, "MERCHANT_NOT_FOUND", ""},
	} {
		r := f.topUp("m1", 5, "wire-"+f.id())
		row.spoil(r)
		_, err := f.books.TopUpDeposit(f.as("finance"), r)
		if got := refusal(err); got.reason != row.reason || (row.field != "" && got.field != row.field) {
			t.Errorf("%s: %s at %q, want %s at %q", name, got.reason, got.field, row.reason, row.field)
		}
	}
	f.audited()
}

// Would catch a time that gRPC can carry and no event can hold: the event could not be
// read again, and with it the rest of the book's chain.
func TestTimesOutOfRange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500)
	for _, at := range []*timestamppb.Timestamp{
		{Seconds: math.MinInt64}, {Seconds: -1e14}, {Seconds: -62135596800}, // The last is the zero time, which stands for none.
		{Seconds: 253402300800}, {Seconds: 1e14}, {Seconds: math.MaxInt64},
	} {
		topUp, filing := f.topUp("m1", 5, "wire-"+f.id()), f.filing("m1", "l1")
		topUp.EffectiveAt, filing.GetOrderLine().ShippedAt = at, at
		_, err := f.books.TopUpDeposit(f.as("finance"), topUp)
		if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "effective_at" {
			t.Errorf("topped up at %v: %v", at, err)
		}
		if got := refusal(f.fileErr(filing)); got.reason != "REQUEST_INVALID" || got.field != "order_line.shipped_at" {
			t.Errorf("shipped at %v: %+v", at, got)
		}
	}
	r := f.topUp("m1", 5, "wire-1")
	r.EffectiveAt = timestamppb.New(time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC))
	if _, err := f.books.TopUpDeposit(f.as("finance"), r); err != nil {
		t.Errorf("the first time in range: %v", err)
	}
	f.audited()
}

// Would catch a running total that leaves the range of the book, by one that
// lies inside it.
func TestRunningTotalsStayInRange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const most = 1_000_000_000_000_000
	for i := range int64(most / directLimit) {
		if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", directLimit, fmt.Sprint("wire-of-many-", i))); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 1, "wire-2"))
	if got := refusal(err); got.reason != "AMOUNT_OUT_OF_RANGE" || got.code != codes.InvalidArgument {
		t.Errorf("%+v", got)
	}
	f.audited()
}

// Would catch a list that loses, repeats or reorders rows over its pages, or a
// token that another query or caller can use.
func TestPagesHoldEveryClaimOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	const claims = 23
	var want []string
	for i := range claims {
		c := f.file("m1", fmt.Sprintf("l%d", i))
		f.file("m2", fmt.Sprintf("l%d", i))
		want = append([]string{c.GetName()}, want...)
	}
	for _, request := range []*tenfoldv1.ListClaimsRequest{
		{Parent: "merchants/m1"},
		{Parent: "merchants/m1", Filter: "state = AUTHENTICATING"},
		{Parent: "merchants/m1", Filter: `product_id = "sandbox-counterfeit-1" AND state = AUTHENTICATING`},
	} {
		for _, size := range []int32{1, 7, 50} {
			request.PageSize, request.PageToken = size, ""
			var got []string
			for {
				r, err := f.claims.ListClaims(f.as("support"), request)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range r.GetClaims() {
					got = append(got, c.GetName())
				}
				if request.PageToken = r.GetNextPageToken(); request.PageToken == "" {
					break
				}
				if _, err := f.claims.ListClaims(f.as("finance"), request); refusal(err).reason != "PAGE_TOKEN_INVALID" {
					t.Fatalf("another caller's token: %v", err)
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%v by %d: %v, want %v", request.GetFilter(), size, got, want)
			}
		}
	}
	for _, token := range []string{"x", "AAAA", strings.Repeat("A", 1024)} {
		_, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageToken: token})
		if refusal(err).reason != "PAGE_TOKEN_INVALID" {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

// Would catch anchors that find the wrong claims, over all merchants.
func TestListClaimsByAnchor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	a, b := f.file("m1", "a"), f.file("m2", "b")
	for filter, want := range map[string]string{
		`order_id = "order-a"`:                                a.GetName(),
		`claimant_id = "consumer-b"`:                          b.GetName(),
		`claimant_id = "consumer-b" AND order_id = "order-b"`: b.GetName(),
		`claimant_id = "consumer-b" AND order_id = "order-a"`: "",
		`order_id="order-a" AND state=PAID`:                   "",
		`product_id = "sandbox-counterfeit-1"`:                b.GetName() + " " + a.GetName(),
	} {
		r, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: filter})
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		var got []string
		for _, c := range r.GetClaims() {
			got = append(got, c.GetName())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s finds %v, want %q", filter, got, want)
		}
	}
	for _, filter := range []string{
		`verdict = COUNTERFEIT`, `filed_at >= "2026-01-01T00:00:00Z"`, `colour = "red"`, `order_id = order-a`, `order_id = "a" OR order_id = "b"`, `order_id = "a" AND order_id = "b"`,
		`order_id != "a"`, `state = NOWHERE AND order_id = "a"`, `authenticator_id = "a'; DROP TABLE claims"`, strings.Repeat(`order_id = "a" AND `, 30),
	} {
		_, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: filter})
		if refusal(err).reason != "FILTER_UNSUPPORTED" {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

// Would catch a queue that misses who waits in it.
func TestQueues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	reviewed := f.inReview("l1")
	unanswered := f.notified("m1", "l2") // Its notice is never confirmed.
	failing := f.filing("m1", "l3")
	failing.PayoutDestination = "sandbox-fail"
	filed, err := f.claims.FileClaim(f.as("order-service"), failing)
	if err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	f.accept(f.confirm(f.claim(filed.GetClaim().GetName())))
	f.runDueWork()
	names := func(q tenfoldv1.ClaimQueue) string {
		r, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Queue: q})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range r.GetClaims() {
			got = append(got, c.GetName())
		}
		return strings.Join(got, " ")
	}
	if got := names(tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW); got != reviewed.GetName() {
		t.Errorf("review: %s", got)
	}
	if got := names(tenfoldv1.ClaimQueue_CLAIM_QUEUE_STUCK_PAYOUTS); got != filed.GetClaim().GetName() {
		t.Errorf("stuck payouts: %s", got)
	}
	if got := names(tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE); got != "" {
		t.Errorf("nothing is overdue yet: %s", got)
	}
	f.advance(10 * 24 * time.Hour)
	f.runDueWork()
	// Whose time is up at once is escalated in no certain order, a moment apart.
	longest := []*tenfoldv1.Claim{f.claim(unanswered.GetName()), f.claim(reviewed.GetName())}
	slices.SortFunc(longest, func(a, b *tenfoldv1.Claim) int {
		since := func(c *tenfoldv1.Claim) time.Time { return c.GetEscalatedAt().AsTime() }
		return cmp.Or(since(a).Compare(since(b)), cmp.Compare(path.Base(a.GetName()), path.Base(b.GetName())))
	})
	want := longest[0].GetName() + " " + longest[1].GetName()
	if got := names(tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE); got != want {
		t.Errorf("overdue: %s, want %s, the longest escalated first", got, want)
	}
	if c := f.claim(unanswered.GetName()); c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED || !c.GetEscalated() {
		t.Errorf("an undelivered notice became %v", c.GetState())
	}
	f.audited()
}
