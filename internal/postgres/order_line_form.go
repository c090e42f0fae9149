package postgres

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// Order lines are stored in two forms, both of which are read for ever: the first
// is an object with the names of the engine's own fields, the second an array of
// the form's number and an object. Who knows the first form only fails on an array,
// and does not read an object of other names as a line of zeros. Neither form
// changes any more. A field that is added to a line makes a third, under the next
// version of its digest.
const lineFormWritten = 2

// lineForm is the object of the second form.
type lineForm struct {
	MerchantID              string         `json:"merchant_id"`
	ID                      string         `json:"order_line_id"`
	OrderID                 string         `json:"order_id"`
	PaymentID               string         `json:"payment_id"`
	PaidAt                  time.Time      `json:"paid_at,omitzero"`
	ShippedAt               time.Time      `json:"shipped_at,omitzero"`
	DeliveredAt             time.Time      `json:"delivered_at,omitzero"`
	CancelledBeforeShipment bool           `json:"cancelled_before_shipment,omitempty"`
	ProductID               string         `json:"product_id"`
	SKUID                   string         `json:"sku_id,omitempty"`
	BatchID                 string         `json:"batch_id,omitempty"`
	Category                string         `json:"category,omitempty"`
	Quantity                int32          `json:"quantity"`
	Currency                string         `json:"currency"`
	UnitPrice               money.Amount   `json:"unit_price_minor"`
	GoodsPaid               money.Amount   `json:"goods_paid_minor"`
	Discounts               []discountForm `json:"discounts,omitempty"`
	PlatformSubsidy         money.Amount   `json:"platform_subsidy_minor,omitempty"`
	ShippingPaid            money.Amount   `json:"shipping_paid_minor,omitempty"`
	Promises                []promiseForm  `json:"promises,omitempty"`
	PayerID                 string         `json:"payer_id"`
	RecipientID             string         `json:"recipient_id,omitempty"`
}

// lineForm1 is the first form. Its fields are those of the second, so that one
// converts to the other.
type lineForm1 struct {
	MerchantID              string         `json:"MerchantID"`
	ID                      string         `json:"ID"`
	OrderID                 string         `json:"OrderID"`
	PaymentID               string         `json:"PaymentID"`
	PaidAt                  time.Time      `json:"PaidAt"`
	ShippedAt               time.Time      `json:"ShippedAt"`
	DeliveredAt             time.Time      `json:"DeliveredAt"`
	CancelledBeforeShipment bool           `json:"CancelledBeforeShipment"`
	ProductID               string         `json:"ProductID"`
	SKUID                   string         `json:"SKUID"`
	BatchID                 string         `json:"BatchID"`
	Category                string         `json:"Category"`
	Quantity                int32          `json:"Quantity"`
	Currency                string         `json:"Currency"`
	UnitPrice               money.Amount   `json:"UnitPrice"`
	GoodsPaid               money.Amount   `json:"GoodsPaid"`
	Discounts               []discountForm `json:"Discounts"`
	PlatformSubsidy         money.Amount   `json:"PlatformSubsidy"`
	ShippingPaid            money.Amount   `json:"ShippingPaid"`
	Promises                []promiseForm  `json:"Promises"`
	PayerID                 string         `json:"PayerID"`
	RecipientID             string         `json:"RecipientID"`
}

// discountForm is a discount in both forms of a line.
type discountForm struct {
	Bearer order.Bearer `json:"bearer"`
	Amount money.Amount `json:"amount_minor"`
	Label  string       `json:"label,omitempty"`
}

// promiseForm is a promise in both forms of a line.
type promiseForm struct {
	Kind         order.PromiseKind `json:"kind"`
	Multiplier   ratioForm         `json:"multiplier"`
	FixedAmount  money.Amount      `json:"fixed_amount_minor"`
	ClauseDigest string            `json:"clause_digest,omitempty"`
}

type ratioForm struct {
	Num int64 `json:"num"`
	Den int64 `json:"den"`
}

// encodeLine gives a line in the form that is written.
func encodeLine(l *order.Line) (string, error) {
	f := lineForm{
		MerchantID: l.MerchantID, ID: l.ID, OrderID: l.OrderID, PaymentID: l.PaymentID,
		PaidAt: l.PaidAt.UTC(), ShippedAt: l.ShippedAt.UTC(), DeliveredAt: l.DeliveredAt.UTC(),
		CancelledBeforeShipment: l.CancelledBeforeShipment,
		ProductID:               l.ProductID, SKUID: l.SKUID, BatchID: l.BatchID, Category: l.Category,
		Quantity: l.Quantity, Currency: l.Currency, UnitPrice: l.UnitPrice, GoodsPaid: l.GoodsPaid,
		PlatformSubsidy: l.PlatformSubsidy, ShippingPaid: l.ShippingPaid,
		PayerID: l.PayerID, RecipientID: l.RecipientID,
	}
	texts := []string{
		f.MerchantID, f.ID, f.OrderID, f.PaymentID, f.ProductID, f.SKUID, f.BatchID, f.Category, f.Currency, f.PayerID, f.RecipientID,
	}
	for _, d := range l.Discounts {
		f.Discounts = append(f.Discounts, discountForm(d))
		texts = append(texts, d.Label)
	}
	for _, p := range l.Promises {
		f.Promises = append(f.Promises, promiseForm{
			Kind: p.Kind, Multiplier: ratioForm(p.Multiplier), FixedAmount: p.FixedAmount, ClauseDigest: p.ClauseDigest,
		})
		texts = append(texts, p.ClauseDigest)
	}
	if slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) }) {
		// It would be stored as another text, and the line as another line.
		return "", fault.New(fault.RequestInvalid, "a text of order line %q is not UTF-8", l.ID).At("order_line")
	}
	content, err := json.Marshal([]any{lineFormWritten, &f})
	return string(content), err
}

// decodeLine reads a line in either form.
func decodeLine(content []byte) (*order.Line, error) {
	f, err := readForm(content)
	if err != nil {
		return nil, err
	}
	l := &order.Line{
		MerchantID: f.MerchantID, ID: f.ID, OrderID: f.OrderID, PaymentID: f.PaymentID,
		PaidAt: f.PaidAt, ShippedAt: f.ShippedAt, DeliveredAt: f.DeliveredAt,
		CancelledBeforeShipment: f.CancelledBeforeShipment,
		ProductID:               f.ProductID, SKUID: f.SKUID, BatchID: f.BatchID, Category: f.Category,
		Quantity: f.Quantity, Currency: f.Currency, UnitPrice: f.UnitPrice, GoodsPaid: f.GoodsPaid,
		PlatformSubsidy: f.PlatformSubsidy, ShippingPaid: f.ShippingPaid,
		PayerID: f.PayerID, RecipientID: f.RecipientID,
	}
	for _, d := range f.Discounts {
		l.Discounts = append(l.Discounts, order.Discount(d))
	}
	for _, p := range f.Promises {
		l.Promises = append(l.Promises, order.Promise{
			Kind: p.Kind, Multiplier: money.Ratio(p.Multiplier), FixedAmount: p.FixedAmount, ClauseDigest: p.ClauseDigest,
		})
	}
	return l, nil
}

func readForm(content []byte) (f lineForm, err error) {
	if bytes.HasPrefix(content, []byte("{")) {
		var first lineForm1
		err = json.Unmarshal(content, &first)
		return lineForm(first), err
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(content, &parts); err != nil {
		return f, err
	}
	const parted = 2
	if len(parts) != parted || string(parts[0]) != strconv.Itoa(lineFormWritten) {
		return f, errors.New("the content is in a form that this version does not know")
	}
	return f, json.Unmarshal(parts[1], &f)
}

const lineColumns = `
	l.merchant_id, l.order_line_id, l.content, l.digest, l.revision, l.recorded_at`

// storedLine is the columns of a line that say what it is.
type storedLine struct {
	merchantID, id  string
	content, digest []byte
	revision        int32
	recordedAt      time.Time
}

func (s *storedLine) columns() []any {
	return []any{&s.merchantID, &s.id, &s.content, &s.digest, &s.revision, &s.recordedAt}
}

// seen reads the content as line does.
func (s *storedLine) seen() (*book.LineSeen, error) {
	l, err := s.checked()
	if err != nil {
		return nil, err
	}
	inUTC(&s.recordedAt)
	return &book.LineSeen{Line: *l, Revision: s.revision, RecordedAt: s.recordedAt}, nil
}

// line reads the content and compares it with the key and the digest beside it.
func (s *storedLine) line() (*order.Line, error) {
	l, err := decodeLine(s.content)
	if err != nil {
		return nil, err
	}
	if l.MerchantID != s.merchantID || l.ID != s.id {
		return nil, fmt.Errorf("the content is of order line %q of merchant %q", l.ID, l.MerchantID)
	}
	if d := l.Digest(); !bytes.Equal(d[:], s.digest) {
		return nil, errors.New("the content does not match its digest")
	}
	return l, nil
}

// scanLine reads a line, and refuses one that is not what was first seen with
// ORDER_LINE_DAMAGED: nothing may be decided on it.
func scanLine(rows *sql.Rows) (*book.LineSeen, error) {
	var s storedLine
	if err := rows.Scan(s.columns()...); err != nil {
		return nil, err
	}
	return s.seen()
}

// checked is the line, or ORDER_LINE_DAMAGED.
func (s *storedLine) checked() (*order.Line, error) {
	l, err := s.line()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, fault.New(fault.OrderLineDamaged, "order line %s is not stored as it was told", s.id).
			With("merchantId", s.merchantID).With("orderLineId", s.id))
	}
	return l, nil
}
