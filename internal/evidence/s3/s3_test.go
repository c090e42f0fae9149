package s3_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/evidence/s3"
)

// strict is a store that takes no more than what all clouds have in common: a file is one request
// with the digest of its bytes in the head. It refuses what three large clouds refuse: pieces
// with signatures of their own, checksums in trailers, conditions on a PUT.
type strict struct {
	mu      sync.Mutex
	objects map[string][]byte
	puts    int
	// away answers every request with 503.
	away bool
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	content, found := s.objects[key]
	var first int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first); err == nil && found && first >= len(content) {
		refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		return
	}
	switch {
	case s.away:
		refuse(http.StatusServiceUnavailable, "ServiceUnavailable")
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key-1/"):
		refuse(http.StatusForbidden, "AccessDenied")
	case bucket != "evidence":
		refuse(http.StatusNotFound, "NoSuchBucket")
	case r.URL.RawQuery != "" && strings.Trim(r.URL.RawQuery, "=") == "versioning":
		refuse(http.StatusNotImplemented, "NotImplemented")
	case r.Method == http.MethodPut:
		s.put(w, r, key, refuse)
	case r.Method == http.MethodHead && key == "":
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !found:
		refuse(http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", `"e"`)
		http.ServeContent(w, r, "", time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), bytes.NewReader(content))
	}
}

func (s *strict) put(w http.ResponseWriter, r *http.Request, key string, refuse func(int, string)) {
	s.puts++
	digest := r.Header.Get("X-Amz-Content-Sha256")
	for name := range r.Header {
		if name == "X-Amz-Trailer" || name == "If-None-Match" || strings.HasPrefix(name, "X-Amz-Checksum") || name == "X-Amz-Sdk-Checksum-Algorithm" {
			refuse(http.StatusBadRequest, "NotImplemented")
			return
		}
	}
	if strings.HasPrefix(digest, "STREAMING-") || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		refuse(http.StatusBadRequest, "InvalidArgument")
		return
	}
	content, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(content)
	switch {
	case err != nil || strconv.Itoa(len(content)) != r.Header.Get("Content-Length") && r.ContentLength != int64(len(content)):
		refuse(http.StatusBadRequest, "IncompleteBody")
	case hex.EncodeToString(sum[:]) != digest:
		refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch")
	default:
		s.objects[key] = content
		w.Header().Set("ETag", `"e"`)
	}
}

// writeCredentials writes a file of credentials.
func writeCredentials(t *testing.T, key, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(path, fmt.Appendf(nil, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key, secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, c s3.Config) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func nameOf(content []byte, upload string) object.Name {
	sum := sha256.Sum256(content)
	return object.Name{Digest: hex.EncodeToString(sum[:]), Upload: upload}
}

// testStore is what every store must do.
func testStore(t *testing.T, b *s3.Bucket) {
	t.Helper()
	ctx, content := t.Context(), bytes.Repeat([]byte("evidence"), 40_000)
	n, size := nameOf(content, "u1"), int64(len(content))
	if err := b.Check(ctx); err != nil {
		t.Fatal(err)
	}
	for what, other := range map[string][]byte{
		"other content": bytes.Repeat([]byte("Evidence"), 40_000), "too short": content[1:], "too long": append(bytes.Clone(content), 'x'),
	} {
		// Without Seek, as a file comes from the database.
		if err := b.Put(ctx, n, size, io.MultiReader(bytes.NewReader(other))); !errors.Is(err, object.ErrDiffers) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := b.Put(ctx, object.Name{Digest: n.Digest, Upload: "../u1"}, size, bytes.NewReader(content)); err == nil {
		t.Error("a name that is a path was taken")
	}
	if _, err := b.Open(ctx, n, 0, 1); !errors.Is(err, object.ErrMissing) {
		t.Errorf("what is missing: %v", err)
	}
	for range 2 {
		if err := b.Put(ctx, n, size, io.MultiReader(bytes.NewReader(content))); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct{ offset, length, want int64 }{{0, size, size}, {8, 16, 16}, {size - 3, 100, 3}} {
		r, err := b.Open(ctx, n, x.offset, x.length)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || r.Close() != nil || !bytes.Equal(got, content[x.offset:x.offset+x.want]) {
			t.Errorf("%d bytes at %d: %d, %v", x.length, x.offset, len(got), err)
		}
	}
	if _, err := b.Open(ctx, n, size, 1); !errors.Is(err, object.ErrMissing) {
		t.Errorf("beyond the end: %v", err)
	}
	if err := b.Tidy(ctx, time.Hour); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := b.Delete(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Open(ctx, n, 0, 1); !errors.Is(err, object.ErrMissing) {
		t.Errorf("what was deleted: %v", err)
	}
}

// Would catch a file that is sent in a form which large clouds refuse, one that is stored twice
// or although it is another, a store that is away and looks like one without the file, and
// credentials or a bucket that are wrong and nobody says so.
func TestStrictClouds(t *testing.T) {
	t.Parallel()
	cloud := &strict{objects: make(map[string][]byte)}
	server := httptest.NewServer(cloud)
	defer server.Close()
	c := s3.Config{
		Address: strings.TrimPrefix(server.URL, "http://"), Plaintext: true, Bucket: "evidence", Region: "cn-east-1", PathStyle: true,
		Credentials: writeCredentials(t, "key-1", "secret-1"),
	}
	b := open(t, c)
	testStore(t, b)
	// Three attempts with another content, and one with the right one: the second was not sent.
	if cloud.puts > 4 || len(cloud.objects) != 0 {
		t.Errorf("%d files were sent, %d are left", cloud.puts, len(cloud.objects))
	}
	n := nameOf([]byte("evidence"), "u2")
	trailing := c
	trailing.Trailers = true
	if err := open(t, trailing).Put(t.Context(), n, 8, strings.NewReader("evidence")); err == nil {
		t.Error("the cloud took a trailer: it is not strict")
	}
	cloud.mu.Lock()
	cloud.away = true
	cloud.mu.Unlock()
	if _, err := b.Open(t.Context(), n, 0, 1); err == nil || errors.Is(err, object.ErrMissing) {
		t.Errorf("a cloud that is away: %v", err)
	}
	cloud.mu.Lock()
	cloud.away = false
	cloud.mu.Unlock()
	for what, wrong := range map[string]func(*s3.Config){
		"another bucket": func(c *s3.Config) { c.Bucket = "photographs" },
		"another key":    func(c *s3.Config) { c.Credentials = writeCredentials(t, "key-2", "secret-1") },
	} {
		other := c
		wrong(&other)
		if err := open(t, other).Check(t.Context()); err == nil {
			t.Errorf("%s: nobody said so", what)
		}
	}
	for _, path := range []string{writeCredentials(t, "", ""), filepath.Join(t.TempDir(), "none")} {
		other := c
		other.Credentials = path
		if _, err := s3.Open(other, time.Now); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "secret-1") {
			t.Errorf("credentials: %v", err)
		}
	}
}
