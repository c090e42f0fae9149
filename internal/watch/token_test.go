package watch_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// Would catch a token that a caller cannot keep in a column of 1 KiB.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	text, open := watch.LongestToken()
	if len(text) > 1024 || open < 40 {
		t.Errorf("a token of %d bytes with %d open transactions", len(text), open)
	}
}

// Would catch a token that is believed although it tells of another database, of
// another query, or of a history that was taken back.
func TestTokensOfElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	f, other := newFixture(t, bounds()), newFixture(t, bounds())
	f.open("a", "b")
	other.open("a", "b")
	f.topUp("a")
	nothing := func(*watch.Delivery) error { return errEnough }
	one := watch.Query{MerchantID: "a", Start: watch.FromBeginning, Heartbeat: time.Second}
	for name, q := range map[string]watch.Query{"all books": all(), "one book": one} {
		r := newRecord(t)
		f.until(f.hub, q, r, func() bool { return r.beats > 0 })
		check := func(what string, h *watch.Hub, q watch.Query, token string) {
			t.Helper()
			if err := h.Follow(t.Context(), q, token, nothing); !errors.Is(err, fault.WatchTokenInvalid) {
				t.Errorf("%s: a token %s ends with %v", name, what, err)
			}
		}
		check("of another database", other.hub, q, r.token)
		narrower := q
		narrower.OrderID = "o"
		check("of a wider query", f.hub, narrower, r.token)
		check("that is no token", f.hub, q, "token")
		raw, err := base64.RawURLEncoding.DecodeString(r.token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			broken := append([]byte(nil), raw...)
			broken[i] ^= 1
			check("with a bit turned", f.hub, q, base64.RawURLEncoding.EncodeToString(broken))
			check("cut off", f.hub, q, base64.RawURLEncoding.EncodeToString(raw[:i+1]))
			if i > 24 {
				break
			}
		}
		f.topUp("a")
		heads, ahead := f.heads(), newRecord(t)
		f.until(f.hub, q, ahead, func() bool { return ahead.has(map[string]int64{"a": heads["a"]}) && ahead.beats > 0 })
		// The newest event is taken back, as after a failover that lost it.
		f.admin().MustExec(`DELETE FROM events WHERE merchant_id = 'a' AND event_number = $1`, heads["a"])
		check("from a lost future", f.hub, q, ahead.token)
		f.admin().MustExec(`
			INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash)
			SELECT merchant_id, $1, kind, recorded_at, encoding, content, sha256(hash) FROM events WHERE merchant_id = 'a' AND event_number = 1`, heads["a"])
		check("from another future", f.hub, q, ahead.token)
	}
}
