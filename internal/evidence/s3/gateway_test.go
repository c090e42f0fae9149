//go:build s3

package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/evidence/s3"
)

// versitygw is where make test-s3 builds it.
const versitygw = "../../../.bin/versitygw"

// gateway starts a versitygw over directories of its own and gives its address.
func gateway(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // The gateway listens there from now on.
	dir := t.TempDir()
	data, versions, sidecar := filepath.Join(dir, "data"), filepath.Join(dir, "versions"), filepath.Join(dir, "sidecar")
	for _, name := range []string{data, versions, sidecar} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, versitygw, "--access", "key-1", "--secret", "secret-12345", "--port", address, "--health", "/health",
		"posix", "--versioning-dir", versions, "--sidecar", sidecar, data)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; make test-s3 builds it", err)
	}
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	for {
		r, err := http.Get("http://" + address + "/health")
		if err == nil {
			_ = r.Body.Close()
			return address
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the gateway does not answer")
		}
	}
}

// Would catch a driver that works with a double alone: with a real server of S3, by both kinds of
// checksum, in buckets that keep one version or many, and under an object lock.
func TestRealServer(t *testing.T) {
	address := gateway(t)
	keys := credentials.NewStaticV4("key-1", "secret-12345", "")
	admin, err := minio.New(address, &minio.Options{Creds: keys, Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name             string
		locked, trailers bool
	}{{"plain", false, false}, {"plain-trailers", false, true}, {"locked", true, false}, {"locked-trailers", true, true}} {
		t.Run(x.name, func(t *testing.T) {
			if err := admin.MakeBucket(t.Context(), x.name, minio.MakeBucketOptions{Region: "us-east-1", ObjectLocking: x.locked}); err != nil {
				t.Fatal(err)
			}
			b := open(t, s3.Config{
				Address: address, Plaintext: true, Bucket: x.name, Region: "us-east-1", PathStyle: true, Trailers: x.trailers,
				Credentials: writeCredentials(t, "key-1", "secret-12345"),
			})
			testStore(t, b)
			if x.locked {
				testLock(t, admin, x.name, b)
			}
		})
	}
}

// testLock keeps a file until a time.
func testLock(t *testing.T, admin *minio.Client, bucket string, b *s3.Bucket) {
	t.Helper()
	content := []byte("evidence")
	n, until := nameOf(content, "u9"), time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if err := b.Put(t.Context(), n, 8, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.Retain(t.Context(), n, until); err != nil {
			t.Fatal(err)
		}
	}
	there, err := admin.StatObject(t.Context(), bucket, n.Path(), minio.StatObjectOptions{})
	if err != nil || there.Metadata.Get("X-Amz-Object-Lock-Mode") != "GOVERNANCE" {
		t.Errorf("kept %v, %v", there.Metadata, err)
	}
	if err := b.Delete(t.Context(), n); !errors.Is(err, object.ErrRetained) || !strings.Contains(err.Error(), until.Format(time.RFC3339)) {
		t.Errorf("deleted although it must be kept: %v", err)
	}
	r, err := b.Open(t.Context(), n, 0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %q, %v", got, err)
	}
	_ = r.Close()
}
