package rpc_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// visible are ids that some marketplace has.
var visible = []string{
	"2026/01.77", "订单77", "a:b#c?d&e=f", `quote"and\back`, "with a space", "%2F..%00", "é-composed", "заказ№5", "'; DROP TABLE claims; --",
	"=HYPERLINK(1)", "{}[]<>|^~`", "🙂", strings.Repeat("订", 64),
}

// Would catch an id of a caller that cannot be stored, comes back as another, finds nothing
// or the claim of another id, or is read as a part of a filter.
func TestIDsOfCallersAreAnyText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 100_000_000)
	for n, id := range visible {
		r := f.filing("m1", fmt.Sprint("line-", n))
		l := r.GetOrderLine()
		l.Name = client.OrderLineName("m1", id)
		l.OrderId, l.PaymentId, l.ProductId, l.PayerId, r.ClaimantId = id, id, id, id, id
		filed, err := f.claims.FileClaim(f.as("order-service"), r)
		if err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		c := filed.GetClaim()
		for _, field := range []string{"order_id", "product_id", "payment_id", "claimant_id"} {
			quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id) + `"`
			list, err := f.claims.ListClaims(f.as("operator"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: field + " = " + quoted})
			if err != nil || len(list.GetClaims()) != 1 || list.GetClaims()[0].GetName() != c.GetName() {
				t.Errorf("%s = %s finds %v, %v", field, quoted, list.GetClaims(), err)
			}
		}
		full, err := f.claims.GetClaim(f.as("operator"), &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
		if err != nil || full.GetClaim().GetOrderId() != id || full.GetClaim().GetOrderLine().GetPayerId() != id || full.GetClaim().GetClaimantId() != id {
			t.Errorf("%q comes back as %v, %v", id, full.GetClaim(), err)
		}
		f.lineIsFound(c, l.GetName())
	}
}

// lineIsFound looks for the line of a claim by its name, over gRPC and over HTTP, and tells of
// a refund of it.
func (f *fixture) lineIsFound(c *tenfoldv1.Claim, name string) {
	f.t.Helper()
	got, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: name})
	if err != nil || got.GetOrderLine().GetName() != name || c.GetOrderLineName() != name {
		f.t.Errorf("the line %s of %s is %v, %v", name, c.GetOrderLineName(), got, err)
	}
	_, err = f.claims.ReportOrderRefund(f.as("order-service"), &tenfoldv1.ReportOrderRefundRequest{
		Name: name, RequestId: f.id(),
		Refund: &tenfoldv1.LineRefund{RefundId: "refund-1", Amount: fen(1), RefundedAt: timestamppb.New(start)},
	})
	if err != nil {
		f.t.Errorf("a refund of %s: %v", name, err)
	}
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	var line tenfoldv1.GetOrderLineResponse
	response, content := h.call(inRole("support"), "GET", "/v1/merchants/m1/orderLines/"+url.PathEscape(name[strings.LastIndexByte(name, '/')+1:]), "")
	if err := protojson.Unmarshal(content, &line); err != nil || line.GetOrderLine().GetName() != name || len(line.GetOrderLine().GetRefunds()) != 1 {
		f.t.Errorf("over HTTP the line %s is answered %d: %.300s", name, response.StatusCode, content)
	}
}

// Would catch a line that has two names, or a name that leads elsewhere.
func TestLinesHaveOneName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	for _, line := range []string{
		"2026%2f77", "%6C1", "a%", "a b", "订单", "..", "a+b", "%20a", "a%20", "%00", "%FF", "%CC%81a", "e%CC%81", strings.Repeat("a", 65),
		strings.Repeat("%E8%AE%A2", 65),
	} {
		name := "merchants/m1/orderLines/" + line
		r := f.filing("m1", "l1")
		r.GetOrderLine().Name = name
		for field, call := range map[string]func() error{
			"order_line.name": func() error { _, err := f.claims.FileClaim(f.as("order-service"), r); return err },
			"order_line_name": func() error {
				named := f.filing("m1", "l1")
				named.Line = &tenfoldv1.FileClaimRequest_OrderLineName{OrderLineName: name}
				_, err := f.claims.FileClaim(f.as("order-service"), named)
				return err
			},
			"name": func() error {
				_, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: name})
				return err
			},
		} {
			if got := refusal(call()); got.reason != "REQUEST_INVALID" || got.field != field {
				t.Errorf("%s: %s is answered %s at %q: %s", field, name, got.reason, got.field, got.message)
			}
		}
	}
}

// Would catch an id that nobody can see, that looks like another, or that is too long.
func TestIDsOfCallersCanBeSeen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	for what, id := range map[string]string{
		"nothing": "", "a space before": " a", "a space behind": "a ", "a line": "a\nb", "a tab": "a\tb", "no width": "a\u200bb",
		"a mark of order": "a\u202eb", "a byte order mark": "\ufeffa", "no break": "a\u00a0b", "a wide space": "a\u3000b", "NUL": "a\x00b",
		"a mark alone": "\u0301a", "decomposed": norm.NFD.String("é-1"), "too long": strings.Repeat("订", 65), "a private sign": "\ue000",
	} {
		r := f.filing("m1", "l1")
		r.GetOrderLine().OrderId = id
		_, err := f.claims.FileClaim(f.as("order-service"), r)
		if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "order_line.order_id" {
			t.Errorf("%s: %q is answered %s at %q: %v", what, id, got.reason, got.field, err)
		}
		if id == "" {
			continue
		}
		_, err = f.claims.ListClaims(f.as("operator"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: `order_id = "` + id + `"`})
		if refusal(err).reason != "FILTER_UNSUPPORTED" {
			t.Errorf("%s: a filter is answered %v", what, err)
		}
	}
	// Each item of a batch is looked at alone.
	good, bad := f.filing("m1", "l2"), f.filing("m1", "l3")
	bad.GetOrderLine().PaymentId = norm.NFD.String("é")
	batch := &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{proto.CloneOf(good), proto.CloneOf(bad)}}
	answer, err := f.claims.BatchFileClaims(f.as("order-service"), batch)
	if err != nil || answer.GetItems()[0].GetClaim() == nil || answer.GetItems()[1].GetClaim() != nil {
		t.Errorf("a batch is answered %v, %v", answer, err)
	}
}
