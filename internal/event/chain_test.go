package event_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/event"
)

// Would catch a chain that does not verify as it was made, or under another book.
func TestChainVerifies(t *testing.T) {
	t.Parallel()
	rows := chain(t, "m-1")
	head := rows[len(rows)-1].hash
	if err := verify("m-1", rows, head); err != nil {
		t.Fatal(err)
	}
	if event.Genesis("m-1") == event.Genesis("m-2") {
		t.Error("two books begin with the same hash")
	}
	if err := verify("m-2", rows, head); err == nil {
		t.Error("the events of one book pass for another's")
	}
}

// Would catch history that can be rewritten without a trace: any changed bit of
// any content or hash, any event dropped, swapped, doubled or put in.
func TestTamperedChainDoesNotVerify(t *testing.T) {
	t.Parallel()
	rows := chain(t, "m-1")
	head := rows[len(rows)-1].hash
	tampered := func(what string, change func([]row) []row) {
		t.Helper()
		if err := verify("m-1", change(slices.Clone(rows)), head); err == nil {
			t.Errorf("%s: the chain still verifies", what)
		}
	}
	previous := event.Genesis("m-1")
	for i := range rows {
		for at := range len(rows[i].content) {
			content := []byte(rows[i].content)
			content[at] ^= 1
			if event.Chain(previous, rows[i].encoding, string(content)) == rows[i].hash {
				t.Errorf("event %d has its hash with byte %d changed", i, at)
			}
			if at%16 == 0 {
				tampered("a changed byte", func(r []row) []row { r[i].content = string(content); return r })
			}
		}
		previous = rows[i].hash
		for at := range rows[i].hash {
			tampered("a changed hash", func(r []row) []row { r[i].hash[at] ^= 0x80; return r })
		}
		tampered("another encoding", func(r []row) []row { r[i].encoding++; return r })
		tampered("a dropped event", func(r []row) []row { return slices.Delete(r, i, i+1) })
		tampered("a doubled event", func(r []row) []row { return slices.Insert(r, i, r[i]) })
		if i > 0 {
			tampered("swapped events", func(r []row) []row { r[i], r[i-1] = r[i-1], r[i]; return r })
		}
		tampered("an event put in", func(r []row) []row {
			forged := sample(event.ClaimPaid, i+1)
			previous := event.Genesis("m-1")
			if i > 0 {
				previous = r[i-1].hash
			}
			forged.Seal(previous)
			return slices.Insert(r, i, row{event.Encoding, forged.Content, forged.Hash})
		})
	}
	// Whoever rewrites every hash after it still does not meet the book's head.
	tampered("a history sealed anew", func(r []row) []row {
		previous := event.Genesis("m-1")
		for i := range r {
			if i == 3 {
				r[i].content = strings.Replace(r[i].content, "order-service", "finance", 1)
			}
			r[i].hash = event.Chain(previous, r[i].encoding, r[i].content)
			previous = r[i].hash
		}
		return r
	})
}

// Would catch a hash that is computed otherwise than the document says.
func TestHashByHand(t *testing.T) {
	t.Parallel()
	if got, want := event.Genesis("m-1"), sha256.Sum256([]byte("tenfold book m-1")); got != want {
		t.Errorf("the hash before the first event is %x, want %x", got, want)
	}
	previous, content := event.Genesis("m-1"), `{"book":"m-1","number":1}`
	want := sha256.Sum256(slices.Concat([]byte{1}, previous[:], []byte(content)))
	if got := event.Chain(previous, event.EncodingV1, content); got != want {
		t.Errorf("the hash is %x, want %x", got, want)
	}
}

// Would catch a person who cannot be forgotten: what is erased must be needed
// neither to verify the chain nor to read it, and nothing left may lead back.
func TestErasedPersonLeavesTheChainSound(t *testing.T) {
	t.Parallel()
	persons := map[string][]byte{"person-1": []byte("first salt"), "person-2": []byte("second salt")}
	previous := event.Genesis("m-1")
	var rows []row
	for n := 1; n <= 4; n++ {
		person := []string{"person-1", "person-2"}[n%2]
		commitment := event.Commit(persons[person], person)
		e := sample(event.ClaimAccepted, n)
		e.Actor.Person = hex.EncodeToString(commitment[:])
		e.Seal(previous)
		previous = e.Hash
		rows = append(rows, row{event.Encoding, e.Content, e.Hash})
		if strings.Contains(e.Content, person) {
			t.Fatalf("the event names %s: %s", person, e.Content)
		}
	}
	erased := event.Commit(persons["person-1"], "person-1")
	delete(persons, "person-1")
	if err := verify("m-1", rows, previous); err != nil {
		t.Errorf("after the erasure: %v", err)
	}
	// Who guesses the name still needs the salt.
	for _, salt := range [][]byte{nil, []byte("a guess"), persons["person-2"]} {
		if event.Commit(salt, "person-1") == erased {
			t.Errorf("the salt %q leads back to the person", salt)
		}
	}
}
