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
}
