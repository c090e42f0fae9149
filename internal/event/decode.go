package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// content is the content of an event, member by member. The first encoding has no rows.
type content struct {
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
	Rows       []rowV2         `json:"rows"`
}

type rowV2 struct {
	Table  string          `json:"table"`
	Key    string          `json:"key"`
	Digest string          `json:"digest"`
	Facts  json.RawMessage `json:"facts"`
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
func Decode(encoding byte, encoded string) (*Event, error) {
	if encoding != EncodingV1 && encoding != EncodingV2 {
		return nil, fmt.Errorf("decode event: unknown encoding %d", encoding)
	}
	var c content
	if err := json.Unmarshal([]byte(encoded), &c); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	if encoding == EncodingV1 && len(c.Rows) > 0 {
		return nil, fmt.Errorf("decode event: encoding %d has no rows", encoding)
	}
	e := &Event{
		MerchantID: c.Book, Number: c.Number, Kind: c.Kind, RecordedAt: time.Time(c.RecordedAt),
		Actor:  Actor{Workload: c.Workload, Role: c.Role, Person: c.Person},
		Method: c.Method, RequestID: c.RequestID, ClaimID: c.Claim, Move: (*Move)(c.Move),
		Content: encoded,
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
	for _, r := range c.Rows {
		row := Row{Table: r.Table, Key: r.Key}
		if n, err := hex.Decode(row.Digest[:], []byte(r.Digest)); err != nil || n != len(row.Digest) {
			return nil, fmt.Errorf("decode event: the digest of a row of %s is no SHA-256", r.Table)
		}
		if row.Facts, err = decodeDetails(r.Facts); err != nil {
			return nil, fmt.Errorf("decode event: %w", err)
		}
		e.Rows = append(e.Rows, row)
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
