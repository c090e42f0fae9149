package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// wholeLine has every field set, and bareLine none that may be left out.
func wholeLine() order.Line {
	at := time.Date(2026, 2, 2, 1, 0, 0, 123456789, time.UTC)
	return order.Line{
		MerchantID: "m-1", ID: "l-1", OrderID: "o-1", PaymentID: "p-1",
		PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(48 * time.Hour), CancelledBeforeShipment: true,
		ProductID: "prod-1", SKUID: "sku-1", BatchID: "batch-1", Category: "food/liquor",
		Quantity: 3, Currency: "CNY", UnitPrice: 3333, GoodsPaid: 8499,
		Discounts: []order.Discount{
			{Bearer: order.BearerMerchant, Amount: 300, Label: `店铺 <b> & "c"`}, {Bearer: order.BearerPlatform, Amount: 200},
		},
		PlatformSubsidy: 1000, ShippingPaid: 500,
		Promises: []order.Promise{
			{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: 10, Den: 3}, ClauseDigest: strings.Repeat("ab", 32)},
			{Kind: order.PromiseFixedAmount, FixedAmount: 50000},
		},
		PayerID: "c-1", RecipientID: "c-2",
	}
}

func bareLine() order.Line {
	return order.Line{MerchantID: "m-1", ID: "l-2", ProductID: "prod-1", Quantity: 1, Currency: "CNY", PayerID: "c-1"}
}

// The bytes of lines, as versions up to schema 26 stored them and as they are
// stored since. Neither ever changes.
const (
	wholeLine1 = `{"MerchantID":"m-1","ID":"l-1","OrderID":"o-1","PaymentID":"p-1","PaidAt":"2026-02-02T09:00:00.123456789+08:00","ShippedAt":"2026-02-02T10:00:00.123456789+08:00","DeliveredAt":"2026-02-04T09:00:00.123456789+08:00","CancelledBeforeShipment":true,"ProductID":"prod-1","SKUID":"sku-1","BatchID":"batch-1","Category":"food/liquor","Quantity":3,"Currency":"CNY","UnitPrice":3333,"GoodsPaid":8499,"Discounts":[{"bearer":"MERCHANT","amount_minor":300,"label":"店铺 \u003cb\u003e \u0026 \"c\""},{"bearer":"PLATFORM","amount_minor":200}],"PlatformSubsidy":1000,"ShippingPaid":500,"Promises":[{"kind":"MULTIPLIER","multiplier":{"num":10,"den":3},"fixed_amount_minor":0,"clause_digest":"abababababababababababababababababababababababababababababababab"},{"kind":"FIXED_AMOUNT","multiplier":{"num":0,"den":0},"fixed_amount_minor":50000}],"PayerID":"c-1","RecipientID":"c-2"}`
	wholeLine2 = `[2,{"merchant_id":"m-1","order_line_id":"l-1","order_id":"o-1","payment_id":"p-1","paid_at":"2026-02-02T01:00:00.123456789Z","shipped_at":"2026-02-02T02:00:00.123456789Z","delivered_at":"2026-02-04T01:00:00.123456789Z","cancelled_before_shipment":true,"product_id":"prod-1","sku_id":"sku-1","batch_id":"batch-1","category":"food/liquor","quantity":3,"currency":"CNY","unit_price_minor":3333,"goods_paid_minor":8499,"discounts":[{"bearer":"MERCHANT","amount_minor":300,"label":"店铺 \u003cb\u003e \u0026 \"c\""},{"bearer":"PLATFORM","amount_minor":200}],"platform_subsidy_minor":1000,"shipping_paid_minor":500,"promises":[{"kind":"MULTIPLIER","multiplier":{"num":10,"den":3},"fixed_amount_minor":0,"clause_digest":"abababababababababababababababababababababababababababababababab"},{"kind":"FIXED_AMOUNT","multiplier":{"num":0,"den":0},"fixed_amount_minor":50000}],"payer_id":"c-1","recipient_id":"c-2"}]`

	bareLine1 = `{"MerchantID":"m-1","ID":"l-2","OrderID":"","PaymentID":"","PaidAt":"0001-01-01T00:00:00Z","ShippedAt":"0001-01-01T00:00:00Z","DeliveredAt":"0001-01-01T00:00:00Z","CancelledBeforeShipment":false,"ProductID":"prod-1","SKUID":"","BatchID":"","Category":"","Quantity":1,"Currency":"CNY","UnitPrice":0,"GoodsPaid":0,"Discounts":null,"PlatformSubsidy":0,"ShippingPaid":0,"Promises":null,"PayerID":"c-1","RecipientID":""}`
	bareLine2 = `[2,{"merchant_id":"m-1","order_line_id":"l-2","order_id":"","payment_id":"","product_id":"prod-1","quantity":1,"currency":"CNY","unit_price_minor":0,"goods_paid_minor":0,"payer_id":"c-1"}]`

	wholeLineDigest = "e3fdb8258e945230a257537584751728acffde58c52e36e3c28b9b948f2253d7"
	bareLineDigest  = "6ba48c6fd77ff93f10787dfc58089129430b087318da5d9dcd075f778b05e64a"
)

// Catches a line of an earlier version that is read as another, and a form that
// changes although lines are stored in it.
func TestOrderLineForms(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		line                   order.Line
		first, written, digest string
	}{
		{wholeLine(), wholeLine1, wholeLine2, wholeLineDigest},
		{bareLine(), bareLine1, bareLine2, bareLineDigest},
	} {
		if got, err := postgres.EncodeLine(&one.line); err != nil || got != one.written {
			t.Errorf("stored as %s, %v\nwant %s", got, err, one.written)
		}
		if got := fmt.Sprintf("%x", one.line.Digest()); got != one.digest {
			t.Errorf("the digest is %s, want %s", got, one.digest)
		}
		for _, content := range []string{one.first, one.written} {
			got, err := postgres.DecodeLine([]byte(content))
			if err != nil || !cmp.Equal(*got, one.line) {
				t.Errorf("read: %v, %s", err, cmp.Diff(&one.line, got))
			}
		}
	}
	if l, err := postgres.DecodeLine([]byte(strings.Replace(bareLine2, "[2,", "[3,", 1))); err == nil {
		t.Errorf("a form that is not known is read as %+v", l)
	}
	// A version that knows the first form only reads the bytes into a struct.
	if err := json.Unmarshal([]byte(wholeLine2), new(order.Line)); err == nil {
		t.Error("an earlier version would read what is stored now as a line of zeros")
	}
}

// Catches a field of a line that is not stored.
func TestOrderLineFormHoldsEveryField(t *testing.T) {
	t.Parallel()
	want := filled[order.Line](0, 0)
	content, err := postgres.EncodeLine(&want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := postgres.DecodeLine([]byte(content)); err != nil || !cmp.Equal(*got, want) {
		t.Errorf("read: %v, %s", err, cmp.Diff(&want, got))
	}
}

// Catches a text that is silently stored as another, so that the line cannot be
// read again.
func TestOrderLineIsText(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(*order.Line){
		func(l *order.Line) { l.SKUID = "\xff" },
		func(l *order.Line) { l.Discounts[0].Label = "\xff" },
		func(l *order.Line) { l.Promises[0].ClauseDigest = "\xff" },
	} {
		l := wholeLine()
		spoil(&l)
		if content, err := postgres.EncodeLine(&l); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("stored as %s, %v", content, err)
		}
	}
}

// Catches a line that was changed in the database, or is of another version, and is
// read as if it were right, or keeps another line from being read.
func TestDamagedOrderLineIsNotRead(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := b.file("l1")
	b.file("l2")
	for name, change := range map[string]string{
		"another price":              `UPDATE order_lines SET content = replace(content::text, '"goods_paid_minor":10000', '"goods_paid_minor":1000')::json WHERE order_line_id = 'l1'`,
		"nothing":                    `UPDATE order_lines SET content = '{}' WHERE order_line_id = 'l1'`,
		"no object":                  `UPDATE order_lines SET content = '[]' WHERE order_line_id = 'l1'`,
		"the content of another":     `UPDATE order_lines SET (content, digest) = (SELECT content, digest FROM order_lines WHERE order_line_id = 'l2') WHERE order_line_id = 'l1'`,
		"another digest":             `UPDATE order_lines SET digest = decode(repeat('00', 32), 'hex') WHERE order_line_id = 'l1'`,
		"a form that is not known":   `UPDATE order_lines SET content = replace(content::text, '[2,', '[3,')::json WHERE order_line_id = 'l1'`,
		"a field under another name": `UPDATE order_lines SET content = replace(content::text, '"payer_id"', '"PayerID"')::json WHERE order_line_id = 'l1'`,
	} {
		b.run(`CREATE TABLE kept AS SELECT * FROM order_lines`)
		b.run(change)
		_, _, found, err := b.pg.Reader().OrderLine(t.Context(), "m1", "l1")
		refusal, ok := fault.As(err)
		if !ok || refusal.Reason != fault.OrderLineDamaged || refusal.Fields["orderLineId"] != "l1" || found {
			t.Errorf("%s: read by the API: %v, %v", name, found, err)
		}
		s := b.pg.OpenSession()
		damaged := make(map[book.Key]error)
		err = s.InTx(t.Context(), func(tx *postgres.Tx) error {
			keys := []book.Key{{MerchantID: "m1", ID: "l2"}, {MerchantID: "m1", ID: "l1"}}
			lines, err := tx.Lines(keys, func(k book.Key, err error) { damaged[k] = err })
			if len(lines) != 1 || lines[0].Line.ID != "l2" {
				t.Errorf("%s: loaded are %v", name, lines)
			}
			return err
		})
		s.Close()
		if err != nil || len(damaged) != 1 || !errors.Is(damaged[book.Key{MerchantID: "m1", ID: "l1"}], fault.OrderLineDamaged) {
			t.Errorf("%s: damaged are %v, %v", name, damaged, err)
		}
		b.run(`UPDATE order_lines l SET content = k.content, digest = k.digest FROM kept k WHERE k.order_line_id = l.order_line_id`)
		b.run(`DROP TABLE kept`)
	}
	if _, _, found, err := b.pg.Reader().OrderLine(t.Context(), "m1", c.OrderLineID); err != nil || !found {
		t.Errorf("mended: %v, %v", found, err)
	}
}
