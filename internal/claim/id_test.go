package claim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// digits are the characters an id is made of.
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Would catch ids that do not sort in the order in which claims were filed,
// also within one millisecond.
func TestIDsGrowWithTime(t *testing.T) {
	t.Parallel()
	var ids claim.IDs
	last := ""
	for step := range 1_000 {
		// Some ids share a millisecond, others are years apart.
		now := moment.Add(time.Duration(step/10) * time.Millisecond)
		if step >= 500 {
			now = moment.AddDate(step, 0, 0)
		}
		id := ids.Next(now)
		if id <= last {
			t.Fatalf("id %s of step %d follows %s", id, step, last)
		}
		last = id
	}
}

// Would catch an id that cannot be read out: another form, a look-alike letter.
func TestIDsAreSpeakable(t *testing.T) {
	t.Parallel()
	var ids claim.IDs
	for range 100 {
		id := ids.Next(moment)
		groups := strings.Split(id, "-")
		if len(groups) != 4 {
			t.Fatalf("%s does not have four groups", id)
		}
		for _, g := range groups {
			if len(g) != 5 || strings.Trim(g, digits) != "" {
				t.Fatalf("%s has a group %q", id, g)
			}
		}
		if compact := claim.Compact(id); len(compact) != 20 || strings.Contains(compact, "-") {
			t.Fatalf("%s is %s as an out-number", id, compact)
		}
	}
}

// Would catch an id that a person wrote down in their own way and support
// cannot find.
func TestParseIDReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	var ids claim.IDs
	id := ids.Next(moment)
	for strings.Count(id, "0") == 0 || strings.Count(id, "1") == 0 {
		id = ids.Next(moment)
	}
	writings := []string{
		id, strings.ToLower(id), claim.Compact(id), strings.ReplaceAll(id, "-", " "), " " + id + " ",
		strings.ReplaceAll(id, "0", "O"), strings.ReplaceAll(id, "0", "o"),
		strings.ReplaceAll(id, "1", "I"), strings.ReplaceAll(id, "1", "i"),
		strings.ReplaceAll(id, "1", "L"), strings.ReplaceAll(id, "1", "l"),
		id[:2] + "--" + id[2:],
	}
	for _, written := range writings {
		if got, ok := claim.ParseID(written); !ok || got != id {
			t.Errorf("%q is read as %q (%t), want %s", written, got, ok, id)
		}
	}
	for _, written := range []string{"", "-", id[1:], id + "0", id + id, strings.Replace(id, "0", "U", 1), id[:22] + "é", id + "\x00", "merchants/m1"} {
		if got, ok := claim.ParseID(written); ok {
			t.Errorf("%q is taken for %s", written, got)
		}
	}
}

// Would catch a check character that lets a slip of the pen through: every
// single wrong character, and every swap of neighbours but 0 and Z.
func TestCheckCharacterCatchesSlips(t *testing.T) {
	t.Parallel()
	var ids claim.IDs
	id := claim.Compact(ids.Next(moment))
	for i := range id {
		for _, wrong := range digits {
			slip := id[:i] + string(wrong) + id[i+1:]
			if _, ok := claim.ParseID(slip); ok && slip != id {
				t.Errorf("%s passes for %s", slip, id)
			}
		}
	}
	// Every pair of neighbours, at an even and at an odd place.
	for _, at := range []int{0, 7, 18} {
		for _, a := range digits {
			for _, b := range digits {
				before := checked(t, id, at, a, b)
				slip := before[:at] + string(b) + string(a) + before[at+2:]
				known := (a == '0' && b == 'Z') || (a == 'Z' && b == '0')
				if _, ok := claim.ParseID(slip); ok && slip != before && !known {
					t.Errorf("%s passes for %s", slip, before)
				}
			}
		}
	}
}

// checked gives a valid id with the characters a and b at a place: the one
// character that does not stand there takes the sum up.
func checked(t *testing.T, id string, at int, a, b rune) string {
	t.Helper()
	free := (at + 2) % len(id)
	for _, c := range digits {
		out := []byte(id)
		out[at], out[at+1], out[free] = byte(a), byte(b), byte(c)
		if _, ok := claim.ParseID(string(out)); ok {
			return string(out)
		}
	}
	t.Fatalf("no id has %c%c at place %d", a, b, at)
	return ""
}

// Would catch two claims under one id, made by one engine or by several.
func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	const sources, makers, each = 3, 4, 2_000
	made := make(chan []string, sources*makers)
	var group sync.WaitGroup
	for range sources {
		ids := new(claim.IDs)
		for range makers {
			group.Go(func() {
				list := make([]string, each)
				for i := range list {
					list[i] = ids.Next(moment.Add(time.Duration(i%7) * time.Millisecond))
				}
				made <- list
			})
		}
	}
	group.Wait()
	close(made)
	seen := make(map[string]bool, sources*makers*each)
	for list := range made {
		for _, id := range list {
			if seen[id] {
				t.Fatalf("id %s was made twice", id)
			}
			seen[id] = true
		}
	}
}

// Would catch input that breaks the parser, and an accepted spelling that is
// not canonical.
func FuzzParseID(f *testing.F) {
	var ids claim.IDs
	f.Add(ids.Next(moment))
	f.Add("0abcd-efghj-kmnpq-rstvw")
	f.Add("OIL")
	f.Add("ſıK ")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := claim.ParseID(s)
		if !ok {
			if id != "" {
				t.Fatalf("%q is refused with %q", s, id)
			}
			return
		}
		if again, ok := claim.ParseID(id); !ok || again != id || len(id) != 23 {
			t.Fatalf("%q is read as %q, which is read as %q", s, id, again)
		}
	})
}

// exampleID is an id as documents and comments of the contract write one.
var exampleID = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{5}){3}\b`)

// Would catch an example in a document or in the contract that the command line refuses, and an
// id with a wrong check character that is not told from other texts.
func TestExamplesOfIDsAreIDs(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/runbooks/*.md", "../../proto/tenfold/v1/*.proto"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	examples := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range exampleID.FindAllString(string(text), -1) {
			examples++
			if _, ok := claim.ParseID(id); !ok {
				t.Errorf("%s: %s is no claim id", filepath.Base(page), id)
			}
			wrong := id[:len(id)-1] + string(digits[(strings.IndexByte(digits, id[len(id)-1])+1)%len(digits)])
			if claim.Mistyped(id) || !claim.Mistyped(wrong) || claim.Mistyped(id[1:]) {
				t.Errorf("mistyped: %s %v, %s %v, %s %v", id, claim.Mistyped(id), wrong, claim.Mistyped(wrong), id[1:], claim.Mistyped(id[1:]))
			}
		}
	}
	if examples == 0 {
		t.Error("no document has an example")
	}
}
