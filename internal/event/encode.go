package event

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// Seal encodes e in the newest version and links it to the hash before it.
func (e *Event) Seal(previous Hash) { e.SealAs(Encoding, previous) }

// SealAs encodes e in a version and links it to the hash before it.
func (e *Event) SealAs(version byte, previous Hash) {
	e.Content = e.encode(version)
	e.Hash = Chain(previous, version, e.Content)
}

// encode writes JSON with a fixed order of members, without white space and
// without empty members: one event has exactly one encoding in each version.
func (e *Event) encode(version byte) string {
	const perEvent, perRow, perTransfer = 512, 320, 320
	w := writer{buf: make([]byte, 0, perEvent+perRow*len(e.Rows)+perTransfer*len(e.Transfers))}
	w.open('{')
	w.text("book", e.MerchantID)
	w.number("number", e.Number)
	w.text("kind", string(e.Kind))
	w.text("recorded_at", Stamp(e.RecordedAt))
	w.text("workload", e.Actor.Workload)
	w.text("role", e.Actor.Role)
	w.text("person", e.Actor.Person)
	w.text("method", e.Method)
	w.text("request_id", e.RequestID)
	w.text("claim", e.ClaimID)
	if m := e.Move; m != nil {
		w.key("move")
		w.open('{')
		w.text("from", m.From)
		w.text("to", m.To)
		w.text("trigger", m.Trigger)
		w.number("version", m.Version)
		w.close('}')
	}
	if len(e.Transfers) > 0 {
		w.key("transfers")
		w.open('[')
		for i := range e.Transfers {
			w.comma()
			w.transfer(&e.Transfers[i])
		}
		w.close(']')
	}
	if len(e.Details) > 0 {
		w.key("details")
		w.open('{')
		w.details(e.Details)
		w.close('}')
	}
	if version >= EncodingV2 && len(e.Rows) > 0 {
		w.key("rows")
		w.open('[')
		for i := range e.Rows {
			w.comma()
			w.row(&e.Rows[i])
		}
		w.close(']')
	}
	w.close('}')
	return string(w.buf)
}

func (w *writer) details(list []Detail) {
	for _, d := range list {
		w.text(d.Key, d.Value)
	}
}

func (w *writer) row(r *Row) {
	w.open('{')
	w.text("table", r.Table)
	w.text("key", r.Key)
	w.hex("digest", r.Digest[:])
	if len(r.Facts) > 0 {
		w.key("facts")
		w.open('{')
		w.details(r.Facts)
		w.close('}')
	}
	w.close('}')
}

func (w *writer) transfer(t *ledger.Transfer) {
	w.open('{')
	w.number("number", t.Number)
	w.text("kind", string(t.Kind))
	w.text("debit", string(t.Debit))
	w.text("credit", string(t.Credit))
	w.number("amount_minor", int64(t.Amount))
	w.text("currency", t.Currency)
	w.text("order_line", t.OrderLineID)
	w.text("payout", t.PayoutID)
	w.text("external_reference", t.ExternalReference)
	w.number("reverses", t.Reverses)
	w.text("effective_at", Stamp(t.EffectiveAt))
	w.close('}')
}

// Stamp is a time in microseconds, UTC, as the database keeps it; empty for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// writer appends canonical JSON.
type writer struct {
	buf  []byte
	more bool
}

func (w *writer) comma() {
	if w.more {
		w.buf = append(w.buf, ',')
	}
	w.more = false
}

func (w *writer) open(c byte)  { w.buf = append(w.buf, c); w.more = false }
func (w *writer) close(c byte) { w.buf = append(w.buf, c); w.more = true }

func (w *writer) key(k string) {
	w.comma()
	w.quote(k)
	w.buf = append(w.buf, ':')
}

func (w *writer) text(k, v string) {
	if v == "" {
		return
	}
	w.key(k)
	w.quote(v)
	w.more = true
}

func (w *writer) hex(k string, v []byte) {
	w.key(k)
	w.buf = append(w.buf, '"')
	w.buf = hex.AppendEncode(w.buf, v)
	w.buf = append(w.buf, '"')
	w.more = true
}

func (w *writer) number(k string, v int64) {
	if v == 0 {
		return
	}
	w.key(k)
	w.buf = strconv.AppendInt(w.buf, v, 10)
	w.more = true
}

const hexDigits = "0123456789abcdef"

// quote writes a JSON string. It escapes only the quote, the backslash and control
// characters, the latter as \u00XX; invalid UTF-8 becomes U+FFFD.
func (w *writer) quote(s string) {
	w.buf = append(w.buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				w.buf = append(w.buf, '\\', c)
			case c < 0x20:
				w.buf = append(w.buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			default:
				w.buf = append(w.buf, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		w.buf = utf8.AppendRune(w.buf, r)
		i += n
	}
	w.buf = append(w.buf, '"')
}
