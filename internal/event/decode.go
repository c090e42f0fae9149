package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// contentV1 is the content of an event in EncodingV1, member by member.
type contentV1 struct {
	Book       string          `json:"book"`
	Number     int64           `json:"number"`
	Kind       Kind            `json:"kind"`
	RecordedAt timeV1          `json:"recorded_at"`
	Workload   string          `json:"workload"`
	Role       string          `json:"role"`
	Person     string          `json:"person"`
	Method     string          `json:"method"`
	RequestID  string          `json:"request_id"`
	Claim      string          `json:"claim"`
	Move       *moveV1         `json:"move"`
	Transfers  []transferV1    `json:"transfers"`
	Details    json.RawMessage `json:"details"`
}

type moveV1 struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Trigger string `json:"trigger"`
	Version int64  `json:"version"`
}

type transferV1 struct {
	Number            int64          `json:"number"`
	Kind              ledger.Kind    `json:"kind"`
	Debit             ledger.Purpose `json:"debit"`
	Credit            ledger.Purpose `json:"credit"`
	AmountMinor       money.Amount   `json:"amount_minor"`
	Currency          string         `json:"currency"`
	OrderLine         string         `json:"order_line"`
	Payout            string         `json:"payout"`
	ExternalReference string         `json:"external_reference"`
	Reverses          int64          `json:"reverses"`
	EffectiveAt       timeV1         `json:"effective_at"`
}

// timeV1 is a time as stamp writes it. Years before 0 and after 9999 are read, too: no
// transport has a form for them, but rows may hold them, and what was sealed is read.
type timeV1 time.Time

// stampForm is the form of a time with any year.
var stampForm = regexp.MustCompile(`^"(-?[0-9]{4,6})(-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)"$`)

// UnmarshalJSON implements json.Unmarshaler.
func (t *timeV1) UnmarshalJSON(raw []byte) error {
	var plain time.Time
	err := plain.UnmarshalJSON(raw)
	if m := stampForm.FindSubmatch(raw); err != nil && m != nil {
		// A leap year has the days of every year.
		const leap = "2000"
		if plain, err = time.Parse(time.RFC3339Nano, leap+string(m[2])); err == nil {
			year, _ := strconv.Atoi(string(m[1])) // The expression admits digits only.
			plain = time.Date(year, plain.Month(), plain.Day(), plain.Hour(), plain.Minute(), plain.Second(), plain.Nanosecond(), time.UTC)
		}
	}
	*t = timeV1(plain)
	return err
}

// Decode reads back the content of an event. It fills in what the content leaves to
// the event as a whole: the book, claim and record time of its transfers.
func Decode(encoding byte, content string) (*Event, error) {
	if encoding != EncodingV1 {
		return nil, fmt.Errorf("decode event: unknown encoding %d", encoding)
	}
	var c contentV1
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	e := &Event{
		MerchantID: c.Book, Number: c.Number, Kind: c.Kind, RecordedAt: time.Time(c.RecordedAt),
		Actor:  Actor{Workload: c.Workload, Role: c.Role, Person: c.Person},
		Method: c.Method, RequestID: c.RequestID, ClaimID: c.Claim, Move: (*Move)(c.Move),
		Content: content,
	}
	for _, t := range c.Transfers {
		e.Transfers = append(e.Transfers, ledger.Transfer{
			MerchantID: c.Book, Number: t.Number, Kind: t.Kind, Debit: t.Debit, Credit: t.Credit,
			Amount: t.AmountMinor, Currency: t.Currency, EventNumber: c.Number, ClaimID: c.Claim,
			OrderLineID: t.OrderLine, PayoutID: t.Payout, ExternalReference: t.ExternalReference,
			Reverses: t.Reverses, RecordedAt: e.RecordedAt, EffectiveAt: time.Time(t.EffectiveAt),
		})
	}
	var err error
	if e.Details, err = decodeDetails(c.Details); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	return e, nil
}

// decodeDetails keeps the order of the members, which a map would lose.
func decodeDetails(raw json.RawMessage) ([]Detail, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil { // The opening brace.
		return nil, err
	}
	var out []Detail
	for d.More() {
		var one Detail
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		one.Key, _ = key.(string)
		if err := d.Decode(&one.Value); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
