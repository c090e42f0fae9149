package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// errPieces marks a failure to read a file from the database.
var errPieces = errors.New("read pieces of upload")

// pieces reads a file whose pieces stand in the database, in any order of its parts. It holds
// one piece at a time, and serves one goroutine.
type pieces struct {
	ctx    context.Context
	reader postgres.Reader
	key    postgres.UploadKey
	all    []postgres.Chunk
	size   int64
	// held is the content of the piece at start.
	held  []byte
	start int64
}

// pieces opens the file of an upload.
func (f *Files) pieces(ctx context.Context, u *postgres.Upload) (*pieces, error) {
	reader := f.db.Reader()
	all, err := reader.Chunks(ctx, u.UploadKey)
	if err != nil {
		return nil, err
	}
	var end int64
	for _, c := range all {
		if c.Start != end {
			return nil, fmt.Errorf("upload %s: a piece begins at %d, not at %d", u.ID, c.Start, end)
		}
		end += c.Size
	}
	if end != u.Size {
		// Another call has completed or dropped the upload after it was read.
		return nil, stateConflict(u, "the upload has changed meanwhile")
	}
	return &pieces{ctx: ctx, reader: reader, key: u.UploadKey, all: all, size: end}, nil
}

// ReadAt implements io.ReaderAt.
func (p *pieces) ReadAt(into []byte, offset int64) (n int, err error) {
	for n < len(into) {
		at := offset + int64(n)
		if at >= p.size {
			return n, io.EOF
		}
		if err := p.hold(at); err != nil {
			return n, err
		}
		n += copy(into[n:], p.held[at-p.start:])
	}
	return n, nil
}

// hold reads the piece that has the byte at an offset.
func (p *pieces) hold(at int64) error {
	if p.held != nil && at >= p.start && at < p.start+int64(len(p.held)) {
		return nil
	}
	i := sort.Search(len(p.all), func(i int) bool { return p.all[i].Start > at }) - 1
	content, found, err := p.reader.ChunkContent(p.ctx, p.key, p.all[i].Start)
	if err == nil && (!found || int64(len(content)) != p.all[i].Size) {
		err = fmt.Errorf("the piece at %d is gone", p.all[i].Start)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errPieces, err)
	}
	p.held, p.start = content, p.all[i].Start
	return nil
}

// digestOf is the SHA-256 of a content, in hex.
func digestOf(content io.Reader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
