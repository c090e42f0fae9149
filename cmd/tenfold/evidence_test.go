package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testRequests asks the merchant for evidence, and answers with a file.
func testRequests(t *testing.T, d *desk, id, path string) {
	t.Helper()
	ask := []string{"evidence", "ask", id, "--kind", "INVOICE", "--question", "who sold it?", "--due", "2026-03-20T09:00:00Z"}
	d.says(exitUsage, "exactly one of", ask...)
	d.says(exitOK, "OPEN", append(ask, "--party", "merchant")...)
	d.says(exitOK, "1 request\n", "evidence", "requests", "--merchant", "m1", "--role", "merchant", "--scope", "merchants/m1")
	d.says(exitUsage, "MERCHANT/CLAIM/NUMBER", "evidence", "request", "m1/1")
	d.says(exitUsage, "--request", "evidence", "upload", path, "--merchant", "m1", "--request", "m1/"+id+"/1")
	d.says(exitOK, "request 1", "evidence", "upload", path, "--claim", id, "--kind", "INVOICE", "--request", "m1/"+id+"/1")
	d.says(exitOK, "ANSWERED", "evidence", "request", "m1/"+id+"/1")
	d.says(exitFailed, "EVIDENCE_REQUEST_STATE_CONFLICT", "evidence", "unask", "m1/"+id+"/1", "--note", "not needed")
	d.says(exitOK, "1 request\n", "evidence", "requests", "--claim", id)
}

// testFiles uploads a photograph as evidence of a claim, twice, and reads it.
func testFiles(t *testing.T, d *desk, id string) {
	t.Helper()
	photo, noise := image.NewRGBA(image.Rect(0, 0, 1300, 1000)), rand.NewChaCha8([32]byte{1})
	_, _ = noise.Read(photo.Pix)
	var content bytes.Buffer
	if err := jpeg.Encode(&content, photo, &jpeg.Options{Quality: 90}); err != nil || content.Len() <= pieceSize {
		t.Fatal(content.Len(), err)
	}
	dir := t.TempDir()
	path, page, got := filepath.Join(dir, "seal.jpg"), filepath.Join(dir, "page.html"), filepath.Join(dir, "got.jpg")
	for name, content := range map[string][]byte{path: content.Bytes(), page: []byte("<html></html>"), filepath.Join(dir, "empty"): nil} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		d.says(exitOK, "here: image/jpeg", "evidence", "upload", path, "--claim", id, "--kind", "PHOTO", "--disclose-to", "merchant")
	}
	d.says(exitOK, "2 pieces\n", "evidence", "list", id)
	out := d.says(exitOK, "MERCHANT", "evidence", "list", id, "-o", "csv")
	number := regexp.MustCompile(`(?m)^(\d+),[^\n]*PHOTO`).FindStringSubmatch(out)
	if number == nil {
		t.Fatalf("no number in %q", out)
	}
	d.says(exitOK, "image/jpeg", "evidence", "get", id, number[1], "--into", got)
	d.says(exitUsage, "--into", "evidence", "get", id, number[1], "--into", got)
	if read, err := os.ReadFile(got); err != nil || !bytes.Equal(read, content.Bytes()) {
		t.Errorf("read %d of %d bytes, %v", len(read), content.Len(), err)
	}
	if out := d.says(exitOK, "", "evidence", "get", id, number[1], "--role", "merchant", "--scope", "merchants/m1"); out != content.String() {
		t.Errorf("the merchant reads %d bytes", len(out))
	}
	d.says(exitFailed, "EVIDENCE_NOT_DISCLOSED", "evidence", "get", id, number[1], "--role", "order-service")
	d.says(exitFailed, "EVIDENCE_NOT_FOUND", "evidence", "get", id, "1")
	d.says(exitUsage, "NUMBER", "evidence", "get", id, "first")
	d.says(exitFailed, "MEDIA_TYPE_REFUSED", "evidence", "upload", page, "--merchant", "m1")
	d.says(exitUsage, "is empty", "evidence", "upload", filepath.Join(dir, "empty"), "--merchant", "m1")
	d.says(exitUsage, "exactly one of --claim and --merchant", "evidence", "upload", path)
	d.says(exitUsage, "--disclose-to", "evidence", "upload", path, "--claim", id, "--disclose-to", "press")
	upload := regexp.MustCompile(`merchants/m1/uploads/\w+`).FindString(d.says(exitOK, "STORED", "evidence", "upload", path, "--merchant", "m1", "--role", "operator"))
	d.says(exitOK, "image/jpeg", "evidence", "status", upload, "--role", "operator")
	d.says(exitFailed, "UPLOAD_NOT_FOUND", "evidence", "status", upload)
	d.says(exitOK, "is dropped", "evidence", "cancel", strings.TrimPrefix(upload, "merchants/"), "--role", "operator", "--yes")
	d.says(exitFailed, "UPLOAD_NOT_FOUND", "claim", "add-evidence", id, "--kind", "PHOTO", "--upload", upload, "--role", "operator")
	d.says(exitUsage, "exactly one of", "claim", "add-evidence", id, "--kind", "PHOTO")
	testRequests(t, d, id, path)
}

// Would catch a store of evidence that is configured by halves, one to which credentials would go in
// the clear, and one that cannot be used, unless the refusal names the flag; and credentials in
// an error.
func TestEvidenceSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte("[default]\naws_access_key_id = key-1\naws_secret_access_key = secret-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket := func(more ...string) []string {
		return append([]string{"--evidence-s3-bucket", "photos", "--evidence-s3-endpoint", "https://127.0.0.1:1", "--evidence-s3-credentials", keys}, more...)
	}
	for name, x := range map[string]struct {
		args []string
		want string
	}{
		"a directory":         {[]string{"--evidence-dir", dir}, ""},
		"no directory":        {[]string{"--evidence-dir", filepath.Join(dir, "none")}, "--evidence-dir (TENFOLD_EVIDENCE_DIR): "},
		"a file":              {[]string{"--evidence-dir", keys}, "--evidence-dir (TENFOLD_EVIDENCE_DIR): "},
		"two places":          {bucket("--evidence-dir", dir), "cannot both be set"},
		"no bucket":           {[]string{"--evidence-s3-endpoint", "https://s3.example"}, "--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) is missing"},
		"a bucket's name":     {bucket("--evidence-s3-bucket", "Photos/1"), "--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) must have"},
		"no endpoint":         {bucket("--evidence-s3-endpoint", ""), "--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be a URL"},
		"an endpoint in path": {bucket("--evidence-s3-endpoint", "https://s3.example/photos"), "--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be a URL"},
		"keys in the URL":     {bucket("--evidence-s3-endpoint", "https://key:secret-1@s3.example"), "--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be a URL"},
		"in the clear":        {bucket("--evidence-s3-endpoint", "http://s3.example"), "--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be https"},
		"a checksum":          {bucket("--evidence-s3-checksum", "md5"), "--evidence-s3-checksum (TENFOLD_EVIDENCE_S3_CHECKSUM) must be none or trailer"},
		"no credentials":      {bucket("--evidence-s3-credentials", ""), "--evidence-s3-credentials (TENFOLD_EVIDENCE_S3_CREDENTIALS) is missing"},
		"other credentials":   {bucket("--evidence-s3-credentials", filepath.Join(dir, "none")), "--evidence-s3-credentials (TENFOLD_EVIDENCE_S3_CREDENTIALS): "},
		"days too many":       {bucket("--evidence-retention-days", "100000"), "--evidence-retention-days (TENFOLD_EVIDENCE_RETENTION_DAYS) must be between"},
		"a scanner":           {[]string{"--evidence-clamd", "scanner"}, "--evidence-clamd (TENFOLD_EVIDENCE_CLAMD) must be HOST:PORT"},
		"days of a directory": {[]string{"--evidence-dir", dir, "--evidence-retention-days", "5"}, "--evidence-retention-days (TENFOLD_EVIDENCE_RETENTION_DAYS) needs"},
		"a store that is away": {bucket("--evidence-s3-endpoint", "http://127.0.0.1:1", "--evidence-s3-path-style"),
			"--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET): "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := try(t, append([]string{"serve", "--check-config", "--sandbox", "--insecure-loopback", "--ops-listen", noOps}, x.args...)...)
			if (x.want == "") != (code == exitOK) || !strings.Contains(errOut, x.want) || strings.Contains(out+errOut, "secret-1") {
				t.Errorf("exit %d: %q %q", code, out, errOut)
			}
		})
	}
}
