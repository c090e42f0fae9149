package event_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// Would catch a transaction that is taken for seen although it ended later, or
// for unseen although it was.
func TestPositionKnowsWhatWasOpen(t *testing.T) {
	t.Parallel()
	p := event.Position{High: 10, Open: []uint64{4, 7}}
	for transaction, want := range map[uint64]bool{1: true, 3: true, 4: false, 5: true, 7: false, 10: true, 11: false} {
		if got := p.Sees(transaction); got != want {
			t.Errorf("transaction %d is seen: %v", transaction, got)
		}
	}
	if (event.Position{}).Sees(1) {
		t.Error("the beginning of history sees an event")
	}
}

// Would catch a reader that takes an earlier position for a later one, and so
// delivers twice, or not at all.
func TestLaterPositionsCoverEarlierOnes(t *testing.T) {
	t.Parallel()
	// The course of one history: 5 is late, 8 and 9 begin and end meanwhile.
	course := []event.Position{
		{}, {High: 4}, {High: 7, Open: []uint64{5, 6}}, {High: 8, Open: []uint64{5}}, {High: 9, Open: []uint64{5}}, {High: 9}, {High: 12, Open: []uint64{11}},
	}
	for i, p := range course {
		for j, q := range course {
			if got, want := p.Covers(q), i >= j; got != want {
				t.Errorf("%+v covers %+v: %v", p, q, got)
			}
		}
	}
}

// Would catch a position that comes back as another, and bytes that are taken for
// one although none is there.
func TestPositionsSurviveTheirEncoding(t *testing.T) {
	t.Parallel()
	seed := testseed.New(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		p := event.Position{High: r.Uint64N(1 << r.IntN(64))}
		for range r.IntN(9) {
			if p.High > 1 {
				p.Open = append(p.Open, r.Uint64N(p.High))
			}
		}
		slices.Sort(p.Open)
		p.Open = slices.Compact(p.Open)
		b := p.Append(nil)
		got, rest, ok := event.DecodePosition(append(b, 'x'))
		if !ok || string(rest) != "x" || !cmp.Equal(got, p, cmp.Comparer(func(a, b []uint64) bool { return slices.Equal(a, b) })) {
			t.Fatalf("%+v came back as %+v, rest %q, %v", p, got, rest, ok)
		}
		for cut := range len(b) {
			if _, _, ok := event.DecodePosition(b[:cut]); ok {
				t.Fatalf("%d of %d bytes of %+v are a position", cut, len(b), p)
			}
		}
		noise := make([]byte, r.IntN(12))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		event.DecodePosition(noise) // Must not break.
	}
}
