// Package s3 keeps whole files in a bucket of a store that speaks S3. It promises what package
// object asks of a store, and uses no more of S3 than the clouds have in common: a file is one
// PUT, whose digest is signed, and checksums in trailers are sent only where that is asked for.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/tenfold-claims/tenfold/internal/evidence/object"
)

// Config says where the bucket is.
type Config struct {
	// Address is HOST:PORT of the store, which is called over TLS unless Plaintext is set.
	Address   string
	Plaintext bool
	Bucket    string
	Region    string
	// PathStyle names the bucket in the path and not in the host.
	PathStyle bool
	// Trailers sends a CRC-32C after each file, which the store keeps, in place of the digest in the
	// signed head, and asks the store not to overwrite. Some clouds refuse both.
	Trailers bool
	// Credentials is a file of credentials in the form of AWS; its profile default is used.
	Credentials string
}

// Bucket is a store of files.
type Bucket struct {
	client *minio.Core
	config Config
	now    func() time.Time
}

// These bound what is waited for. A store that is slower is taken for one that is away.
const (
	dialMax   = 5 * time.Second
	answerMax = 20 * time.Second
	triesMax  = 3
)

// Open opens a store over a bucket. It does not connect; Check does. now is real time.
func Open(c Config, now func() time.Time) (*Bucket, error) {
	keys := credentials.NewFileAWSCredentials(c.Credentials, "default")
	if v, err := keys.GetWithContext(nil); err != nil || v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return nil, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key under [default]", c.Credentials)
	}
	lookup := minio.BucketLookupDNS
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(c.Address, &minio.Options{
		Creds: keys, Secure: !c.Plaintext, Region: c.Region, BucketLookup: lookup, TrailingHeaders: c.Trailers, MaxRetries: triesMax,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialMax}).DialContext,
			TLSHandshakeTimeout: dialMax, ResponseHeaderTimeout: answerMax, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
			// A file is read as it is stored.
			DisableCompression: true,
		},
	})
	if err != nil {
		return nil, err
	}
	return &Bucket{client: client, config: c, now: now}, nil
}

// missing says whether an error tells that there is no such object.
func missing(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.NoSuchKey || code == minio.NoSuchVersion || minio.ToErrorResponse(err).StatusCode == http.StatusNotFound && code != minio.NoSuchBucket
}

// Put implements object.Store.
func (b *Bucket) Put(ctx context.Context, n object.Name, size int64, content io.Reader) error {
	if err := n.Valid(); err != nil {
		return err
	}
	if there, err := b.client.StatObject(ctx, b.config.Bucket, n.Path(), minio.StatObjectOptions{}); err == nil && there.Size == size {
		return nil
	} else if err != nil && !missing(err) {
		return err
	}
	// Pieces are not signed one by one: the whole is, or TLS protects what stands before the trailer.
	opts, digest := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true}, n.Digest
	if b.config.Trailers {
		opts.Checksum, digest = minio.ChecksumFullObjectCRC32C, ""
		opts.SetMatchETagExcept("*")
	}
	verified := object.Verify(content, n, size)
	_, err := b.client.PutObject(ctx, b.config.Bucket, n.Path(), verified, size, "", digest, opts)
	switch {
	case verified.Err() != nil:
		return verified.Err()
	case minio.ToErrorResponse(err).Code == minio.PreconditionFailed:
		return nil // Another server has stored it meanwhile.
	}
	return err
}

// Open implements object.Store.
func (b *Bucket) Open(ctx context.Context, n object.Name, offset, length int64) (io.ReadCloser, error) {
	if err := n.Valid(); err != nil {
		return nil, err
	}
	var opts minio.GetObjectOptions
	if err := opts.SetRange(offset, offset+length-1); err != nil {
		return nil, err
	}
	r, _, _, err := b.client.GetObject(ctx, b.config.Bucket, n.Path(), opts)
	switch {
	case err == nil:
		return r, nil
	case missing(err):
		return nil, fmt.Errorf("%w: %s", object.ErrMissing, n.Path())
	case minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return nil, fmt.Errorf("%w: %s ends before byte %d", object.ErrMissing, n.Path(), offset)
	}
	return nil, err
}

// versions are the versions of an object, delete markers included; one without a name where the
// bucket keeps none.
func (b *Bucket) versions(ctx context.Context, key string) ([]string, error) {
	kept, err := b.client.GetBucketVersioning(ctx, b.config.Bucket)
	if err != nil || kept.Status == "" {
		return []string{""}, nil // A store that knows no versions does not know the question either.
	}
	var list []string
	for v := range b.client.ListObjectsIter(ctx, b.config.Bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true}) {
		if v.Err != nil {
			return nil, v.Err
		}
		if v.Key == key {
			list = append(list, v.VersionID)
		}
	}
	return list, nil
}

// Delete implements object.Store. Of a bucket that keeps versions it deletes all of the file.
func (b *Bucket) Delete(ctx context.Context, n object.Name) error {
	if err := n.Valid(); err != nil {
		return err
	}
	versions, err := b.versions(ctx, n.Path())
	if err != nil {
		return err
	}
	for _, v := range versions {
		err := b.client.RemoveObject(ctx, b.config.Bucket, n.Path(), minio.RemoveObjectOptions{VersionID: v})
		if err != nil && !missing(err) {
			return b.retained(ctx, n, v, err)
		}
	}
	return nil
}

// retainedUntil is the header in which a store says until when an object is locked.
const retainedUntil = "X-Amz-Object-Lock-Retain-Until-Date"

// retained tells whether a file was not deleted because it must be kept.
func (b *Bucket) retained(ctx context.Context, n object.Name, version string, err error) error {
	there, failed := b.client.StatObject(ctx, b.config.Bucket, n.Path(), minio.StatObjectOptions{VersionID: version})
	if failed != nil {
		return err
	}
	until, unset := time.Parse(time.RFC3339, there.Metadata.Get(retainedUntil))
	if unset == nil && until.After(b.now()) {
		return fmt.Errorf("%w until %s: %w", object.ErrRetained, until.UTC().Format(time.RFC3339), err)
	}
	return err
}

// Retain implements object.Store, by an object lock in governance mode: whoever has the right to
// may still delete the file. The bucket must have object lock.
func (b *Bucket) Retain(ctx context.Context, n object.Name, until time.Time) error {
	if err := n.Valid(); err != nil {
		return err
	}
	there, err := b.client.StatObject(ctx, b.config.Bucket, n.Path(), minio.StatObjectOptions{})
	if err != nil {
		return err
	}
	mode := minio.Governance
	return b.client.PutObjectRetention(ctx, b.config.Bucket, n.Path(), minio.PutObjectRetentionOptions{
		Mode: &mode, RetainUntilDate: &until, VersionID: there.VersionID,
	})
}

// Tidy implements object.Store. A file is one request, of which nothing is left if it is broken
// off.
func (b *Bucket) Tidy(context.Context, time.Duration) error { return nil }

// Check implements object.Store.
func (b *Bucket) Check(ctx context.Context) error {
	found, err := b.client.BucketExists(ctx, b.config.Bucket)
	switch {
	case err != nil:
		return err
	case !found:
		return errors.New("there is no bucket " + b.config.Bucket)
	}
	return nil
}
