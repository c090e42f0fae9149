// Package object keeps whole files by name, in a directory. The store of S3 is beside it, and
// both promise the same: a file is there as a whole or not at all, and stays what it was.
package object

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// Store keeps files. Its methods may be called at once and again, by several servers.
type Store interface {
	// Put stores a file of a size under a name that nothing else has ever had. Stored again it
	// stays one file. It returns ErrDiffers, and has stored nothing, if the content does not have
	// the size and the digest of the name.
	Put(ctx context.Context, n Name, size int64, content io.Reader) error
	// Open reads a part of a file. It returns ErrMissing if there is no such file.
	Open(ctx context.Context, n Name, offset, length int64) (io.ReadCloser, error)
	// Delete deletes a file, which may be gone already. It returns ErrRetained if the file must
	// be kept for a time that has not passed.
	Delete(ctx context.Context, n Name) error
	// Retain keeps a file from being deleted until a time, where the store can do that.
	Retain(ctx context.Context, n Name, until time.Time) error
	// Tidy drops what attempts to store that were broken off have left behind for so long.
	Tidy(ctx context.Context, age time.Duration) error
	// Check says whether files can be stored.
	Check(ctx context.Context) error
}

// What stores return beside their failures.
var (
	ErrMissing  = errors.New("the store does not have the file")
	ErrDiffers  = errors.New("the content is not what its name says")
	ErrRetained = errors.New("the file must be kept")
)

// Name names a file: by its content, and by the upload that brought it. So a file is never
// shared, and dropping one upload takes nothing from another.
type Name struct {
	// Digest is the SHA-256 of the content, in hex.
	Digest string
	// Upload is the id of the upload, which no other has.
	Upload string
}

// Path is the name as a path of two parts.
func (n Name) Path() string { return n.Digest[:2] + "/" + n.Digest + "." + n.Upload }

// Valid refuses a name that would be another path.
func (n Name) Valid() error {
	if b, err := hex.DecodeString(n.Digest); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("the digest %.70q of a file is no SHA-256", n.Digest)
	}
	if n.Upload == "" {
		return errors.New("a file without an upload")
	}
	for _, c := range n.Upload {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("the upload %.70q of a file is no id", n.Upload)
		}
	}
	return nil
}

// Verified reads a content, and withholds its last bytes with ErrDiffers unless it is the one of
// a name. So nobody who reads it gets the whole of another content.
type Verified struct {
	r      io.Reader
	sum    hash.Hash
	digest string
	left   int64
	err    error
}

// Verify reads content that must have a size and the digest of a name.
func Verify(content io.Reader, n Name, size int64) *Verified {
	return &Verified{r: content, sum: sha256.New(), digest: n.Digest, left: size}
}

// Err is ErrDiffers if the content turned out to be another.
func (v *Verified) Err() error { return v.err }

// Read implements io.Reader.
func (v *Verified) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.r.Read(p)
	v.left -= int64(n)
	_, _ = v.sum.Write(p[:n])
	switch {
	case v.left < 0:
		v.err = fmt.Errorf("%w: it is longer", ErrDiffers)
	case v.left > 0 && errors.Is(err, io.EOF):
		v.err = fmt.Errorf("%w: it is shorter", ErrDiffers)
	case v.left == 0 && hex.EncodeToString(v.sum.Sum(nil)) != v.digest:
		v.err = fmt.Errorf("%w: it has another digest", ErrDiffers)
	case v.left == 0 && err == nil && n > 0:
		// Whoever reads no further than the size is told of more as well.
		var more [1]byte
		if m, _ := v.r.Read(more[:]); m > 0 {
			v.err = fmt.Errorf("%w: it is longer", ErrDiffers)
		}
	}
	if v.err != nil {
		return 0, v.err
	}
	if v.left == 0 && err == nil {
		err = io.EOF // Said with the last bytes, because not everybody asks again.
	}
	return n, err
}
