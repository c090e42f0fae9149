package evidence_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/evidence"
)

// counted is an observer that counts, with a clock that goes on by a second at each look.
func counted() (*evidence.Observer, map[string]int) {
	seen := make(map[string]int)
	now := time.Unix(0, 0)
	return &evidence.Observer{
		Clock:     func() time.Time { now = now.Add(time.Second); return now },
		Received:  func(bytes int) { seen["bytes"] += bytes },
		Completed: func(o evidence.Outcome) { seen[string(o)]++ },
		Called: func(c evidence.Call, took time.Duration, failed bool) {
			seen[fmt.Sprint(c, " ", took, " ", failed)]++
		},
		Damaged: func() { seen["damaged"]++ },
		Dropped: func() { seen["dropped"]++ },
	}, seen
}

// Would catch a file whose fate is not told or told as another, a failure of the store or the
// scanner that is told as a success, and what is no failure that is told as one.
func TestWhatBecomesOfFilesIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t, evidence.Defaults())
	o, seen := counted()
	config := evidence.Defaults()
	config.Observer = o
	malware, away := "", error(nil)
	config.Scan = func(context.Context, io.Reader) (string, error) { return malware, away }
	files := evidence.New(f.db, evidence.Watched(f.store, o), func() time.Time { return f.now }, config, slog.New(slog.DiscardHandler))
	f.a, f.b = files, files
	content := photo(t)
	complete := func(digest string) {
		if _, _, err := files.Complete(t.Context(), f.sent(content), shop, digest); err == nil {
			t.Errorf("a file with the digest %s is stored", digest)
		}
	}
	good := digestOf(content)
	malware = "EICAR"
	complete(good)
	malware, away = "", errBroken
	complete(good)
	away = nil
	f.store.before = errBroken
	complete(good)
	f.store.before = nil
	complete(digestOf([]byte("another")))
	k := f.sent(content)
	if _, _, err := files.Complete(t.Context(), k, shop, good); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"bytes": 5 * len(content), "malware": 1, "unavailable": 2, "differs": 1, "stored": 1,
		"scan 1s false": 3, "scan 1s true": 1, "put 1s true": 1, "put 1s false": 1,
	}
	if !maps.Equal(seen, want) {
		t.Errorf("told: %v, not %v", seen, want)
	}
	clear(seen)
	for _, path := range f.kept() {
		if err := os.Remove(f.dir + "/" + path[:2] + "/" + path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.Read(t.Context(), k, false, 0, 1); err == nil || seen["damaged"] != 1 || seen["open 1s false"] != 1 {
		t.Errorf("a lost file: %v, told %v", err, seen)
	}
	f.now = f.now.Add(30 * 24 * time.Hour)
	if _, err := files.Sweep(t.Context()); err != nil || seen["dropped"] != 5 || seen["tidy 1s false"] != 1 {
		t.Errorf("expired: %v, told %v", err, seen)
	}
}
