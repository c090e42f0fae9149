// Package reconcile compares the payouts of the engine with the records of the payout gateway
// and of payment channels, banks and the marketplace. It matches by number first and then by
// declared rules in their order, never by amounts that are alike, and names every difference
// by its class. It is pure: it reads no file and no table.
package reconcile

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// Download is one file of a channel, kept for a comparison with another of the same day.
type Download struct {
	lines map[[16]byte]downloaded
	// times counts lines that are equal in everything, which formats without numbers have.
	times map[string]int
}

// downloaded is what of a line is compared.
type downloaded struct {
	place  int
	number string
	kind   formats.Kind
	status formats.Status
	amount money.Amount
	at     time.Time
}

// NewDownload makes a download without lines.
func NewDownload() *Download {
	return &Download{lines: make(map[[16]byte]downloaded), times: make(map[string]int)}
}

// Take adds a line.
func (d *Download) Take(l *formats.Line) {
	identity := l.Identity()
	d.times[identity]++
	digest := sha256.Sum256([]byte(identity + "\x00\x00" + strconv.Itoa(d.times[identity])))
	d.lines[[16]byte(digest[:])] = downloaded{l.Place, l.Number(), l.Kind, l.Status, l.Amount, l.At}
}

// DifferenceKind says how two downloads differ in a line.
type DifferenceKind string

// The kinds of differences between two downloads.
const (
	// OnlyInFirst and OnlyInSecond: one download lacks the line.
	OnlyInFirst  DifferenceKind = "ONLY_IN_FIRST"
	OnlyInSecond DifferenceKind = "ONLY_IN_SECOND"
	// Changed: the line stands in both, with other values.
	Changed DifferenceKind = "CHANGED"
)

// Difference is a line in which two downloads differ.
type Difference struct {
	Kind DifferenceKind
	// Number is the number by which people know the line.
	Number string
	// First and Second are where the line stands in each download; zero where it lacks it.
	First, Second int
	// Changes are the values that differ, as "status PROCESSING → DONE".
	Changes []string
}

// Compare gives the lines in which two downloads differ, in the order of their places.
func Compare(a, b *Download) []Difference {
	var all []Difference
	for key, one := range a.lines {
		two, there := b.lines[key]
		switch {
		case !there:
			all = append(all, Difference{Kind: OnlyInFirst, Number: one.number, First: one.place})
		default:
			if changes := one.changes(&two); len(changes) > 0 {
				all = append(all, Difference{Kind: Changed, Number: one.number, First: one.place, Second: two.place, Changes: changes})
			}
		}
	}
	for key, two := range b.lines {
		if _, there := a.lines[key]; !there {
			all = append(all, Difference{Kind: OnlyInSecond, Number: two.number, Second: two.place})
		}
	}
	slices.SortFunc(all, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(max(x.First, x.Second), max(y.First, y.Second)), strings.Compare(string(x.Kind), string(y.Kind)), strings.Compare(x.Number, y.Number))
	})
	return all
}

// changes are the values of a line that differ.
func (d *downloaded) changes(other *downloaded) []string {
	var all []string
	differ := func(what, one, two string) {
		if one != two {
			all = append(all, what+" "+one+" → "+two)
		}
	}
	differ("kind", string(d.kind), string(other.kind))
	differ("status", string(d.status), string(other.status))
	differ("amount", strconv.FormatInt(int64(d.amount), 10), strconv.FormatInt(int64(other.amount), 10))
	differ("time", d.at.UTC().Format(time.RFC3339), other.at.UTC().Format(time.RFC3339))
	return all
}
