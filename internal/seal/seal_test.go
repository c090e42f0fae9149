package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/seal"
)

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

func parsed(t *testing.T, content string) *seal.Keys {
	t.Helper()
	k, err := seal.Parse([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Would catch a seal that shows its secret, that opens for another owner or under another
// key, that survives a changed byte, or that is the same twice; and a rotation after which
// what the key before it has sealed is lost.
func TestSealsOpenForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	old := parsed(t, "old "+key(1))
	both := parsed(t, "# newest first\n\nnew "+key(2)+"\r\n  old\t"+key(1)+"\n")
	s := old.Seal(secret, "m1", "w1")
	if s.KeyID != "old" || bytes.Contains(s.Content, secret) || bytes.Contains(s.Content, secret[:8]) {
		t.Errorf("sealed as %q under %s", s.Content, s.KeyID)
	}
	if again := old.Seal(secret, "m1", "w1"); bytes.Equal(again.Content, s.Content) {
		t.Error("two seals of one secret are the same")
	}
	for _, k := range []*seal.Keys{old, both} {
		if got, err := k.Open(s, "m1", "w1"); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("opened as %q, %v", got, err)
		}
	}
	if n := both.Seal(secret, "m1", "w1"); n.KeyID != "new" || both.Newest() != "new" {
		t.Errorf("sealed under %s", n.KeyID)
	}
	for _, owner := range [][]string{{"m2", "w1"}, {"m1", "w2"}, {"m1w1"}, {"m1w", "1"}, {"m1"}, {}, {"m1", "w1", ""}} {
		if _, err := old.Open(s, owner...); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("opened for %q: %v", owner, err)
		}
	}
	for at := range s.Content {
		changed := seal.Sealed{KeyID: s.KeyID, Content: bytes.Clone(s.Content)}
		changed.Content[at] ^= 1
		if _, err := old.Open(changed, "m1", "w1"); !errors.Is(err, seal.ErrDamaged) {
			t.Fatalf("opened with byte %d changed: %v", at, err)
		}
	}
	for _, cut := range [][]byte{nil, s.Content[:5], s.Content[:len(s.Content)-1], secret} {
		if _, err := old.Open(seal.Sealed{KeyID: "old", Content: cut}, "m1", "w1"); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("opened %d bytes: %v", len(cut), err)
		}
	}
	swapped := parsed(t, "old "+key(2))
	if _, err := swapped.Open(s, "m1", "w1"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("opened under another key of the id: %v", err)
	}
	renamed := parsed(t, "new "+key(1))
	if _, err := renamed.Open(seal.Sealed{KeyID: "new", Content: s.Content}, "m1", "w1"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("opened under another id of the key: %v", err)
	}
	var none *seal.Keys
	for _, k := range []*seal.Keys{none, renamed} {
		if _, err := k.Open(s, "m1", "w1"); !errors.Is(err, seal.ErrKeyUnknown) {
			t.Errorf("opened without the key: %v", err)
		}
	}
}

// Would catch a file of keys that is taken though it is wrong, or that is repeated in the
// error, and a new file that cannot be read.
func TestWrongFilesOfKeysAreRefused(t *testing.T) {
	t.Parallel()
	long := base64.StdEncoding.EncodeToString(make([]byte, 33))
	for name, row := range map[string]struct{ content, want string }{
		"empty":          {"", "holds no key"},
		"comments alone": {"# a\n\n", "holds no key"},
		"no id":          {key(1), "line 1"},
		"three words":    {"a " + key(1) + " b", "line 1"},
		"a bad id":       {"a/b " + key(1), "line 1"},
		"a long id":      {strings.Repeat("a", 33) + " " + key(1), "line 1"},
		"no base64":      {"a secret!", "line 1"},
		"too short":      {"ok " + key(1) + "\nb c2hvcnQ=", "line 2"},
		"too long":       {"a " + long, "line 1"},
		"an id twice":    {"a " + key(1) + "\na " + key(2), "line 2"},
		"a key twice":    {"a " + key(1) + "\n\nb " + key(1), "line 3"},
		"a huge line":    {"a " + strings.Repeat("A", 1<<20), "too long"},
	} {
		_, err := seal.Parse([]byte(row.content))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), key(1)) || strings.Contains(err.Error(), "secret!")) {
			t.Errorf("%s: the error holds a key: %v", name, err)
		}
	}
	first, second := seal.NewFile("made"), seal.NewFile("made")
	if k := parsed(t, string(first)); k.Newest() != "made" || bytes.Equal(first, second) {
		t.Errorf("a new file reads %q", first)
	}
}
