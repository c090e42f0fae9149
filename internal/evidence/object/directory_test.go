package object_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tenfold-claims/tenfold/internal/evidence/object"
)

func nameOf(content []byte, upload string) object.Name {
	sum := sha256.Sum256(content)
	return object.Name{Digest: hex.EncodeToString(sum[:]), Upload: upload}
}

// files are the paths of all files below a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Would catch a file that is stored half or twice, one that can be read although it is not what
// its name says, a name that leads out of the directory, a broken attempt that stays for ever or
// is dropped while it is under way, and a deletion that fails the second time.
func TestDirectoryKeepsWholeFiles(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	d, err := object.OpenDirectory(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	content := bytes.Repeat([]byte("evidence"), 40_000)
	n, size := nameOf(content, "u1"), int64(len(content))
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := iotest.DataErrReader(bytes.NewReader(content))
	for what, err := range map[string]error{
		"other content":  d.Put(t.Context(), n, size, strings.NewReader(strings.Repeat("Evidence", 40_000))),
		"too short":      d.Put(t.Context(), n, size, bytes.NewReader(content[1:])),
		"too long":       d.Put(t.Context(), n, size, bytes.NewReader(append(bytes.Clone(content), 'x'))),
		"a broken pipe":  d.Put(t.Context(), n, size, iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(content)))),
		"a bad digest":   d.Put(t.Context(), object.Name{Digest: "../../../etc/passwd", Upload: "u1"}, 1, strings.NewReader("x")),
		"a bad upload":   d.Put(t.Context(), object.Name{Digest: n.Digest, Upload: "../u1"}, size, bytes.NewReader(content)),
		"no upload":      d.Put(t.Context(), object.Name{Digest: n.Digest}, size, bytes.NewReader(content)),
		"a call that is": func() error { cancel(); return d.Put(ctx, n, size, cancelled) }(),
	} {
		if err == nil {
			t.Errorf("%s was stored", what)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Fatalf("refused files left %v", left)
	}
	if _, err := d.Open(t.Context(), n, 0, 1); !errors.Is(err, object.ErrMissing) {
		t.Errorf("open what is missing: %v", err)
	}
	var storing sync.WaitGroup
	for range 4 {
		storing.Go(func() {
			if err := d.Put(t.Context(), n, size, bytes.NewReader(content)); err != nil {
				t.Error(err)
			}
		})
	}
	storing.Wait()
	if left := files(t, dir); len(left) != 1 || left[0] != n.Digest[:2]+"/"+n.Digest+".u1" {
		t.Errorf("stored: %v", left)
	}
	r, err := d.Open(t.Context(), n, 8, 16)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "evidenceevidence" || r.Close() != nil {
		t.Errorf("read %q, %v", got, err)
	}

	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": 23 * time.Hour} {
		path := filepath.Join(dir, "unfinished", name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Time{}, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(d.Check(t.Context()), d.Tidy(t.Context(), 24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Delete(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if left := files(t, dir); len(left) != 1 || left[0] != "unfinished/young" {
		t.Errorf("left: %v", left)
	}
	if _, err := object.OpenDirectory(filepath.Join(dir, "none"), time.Now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is missing: %v", err)
	}
}
