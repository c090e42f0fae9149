package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// importing is the content of a request to import a file.
type importing struct{ *reconcile.Import }

func (i importing) Cover(d *request.Digest) {
	d.Texts(i.Account, string(i.Side), i.Day, string(i.Format), string(i.Digest[:]))
	d.Number(i.Size)
}

// CreateImport begins the import of a file, unless it was taken already: then it gives that
// import as a replay.
func (e *Engine) CreateImport(ctx context.Context, h request.Header, i *reconcile.Import) (_ reconcile.Import, replayed bool, err error) {
	day, err := reconcile.ParseDay(i.Day)
	if err != nil {
		return *i, false, err
	}
	if day.After(e.Now()) {
		return *i, false, fault.New(fault.RequestInvalid, "day %s has not begun", i.Day).At("day")
	}
	if (i.Format == formats.CSV) != (i.Mapping != nil) {
		return *i, false, fault.New(fault.RequestInvalid, "mapping must be given for the format csv, and for no other").At("mapping")
	}
	if i.Mapping != nil {
		if field, wrong := i.Mapping.Check(); wrong != "" {
			return *i, false, fault.New(fault.RequestInvalid, "mapping: %s %s", field, wrong).At("mapping")
		}
	}
	if (i.Side == reconcile.Marketplace) != (i.Format == formats.Compensation) {
		return *i, false, fault.New(fault.RequestInvalid, "the marketplace's record is a file of the format marketplace-compensation, and no other side's is").At("side")
	}
	taken, found, err := e.db.Reader().ImportedFile(ctx, i)
	if err != nil || found {
		return taken, found, err
	}
	i.ID, i.State, i.By, i.CreatedAt = e.ids.Next(e.Now()), reconcile.Uploading, h.Principal, e.Now()
	replayed, err = e.once(h, importing{i}, func(r request.Once) (bool, error) {
		r.Name = "imports/" + i.ID
		stored, replayed, err := e.db.CreateImport(ctx, r, i)
		if err == nil && replayed {
			*i, _, err = e.db.Reader().Import(ctx, stored.Name[len("imports/"):])
		}
		return replayed, err
	})
	return *i, replayed, err
}

// importNotFound refuses an import that does not exist.
func importNotFound(id string) *fault.Error {
	return fault.New(fault.ImportNotFound, "there is no import with the id %s", id)
}

// Import reads an import.
func (e *Engine) Import(ctx context.Context, id string) (reconcile.Import, error) {
	i, found, err := e.db.Reader().Import(ctx, id)
	if err == nil && !found {
		err = importNotFound(id)
	}
	return i, err
}

// misplaced refuses bytes that do not fit, and says where to go on.
func misplaced(i *reconcile.Import, format string, args ...any) error {
	return fault.New(fault.ImportChunkMisplaced, format, args...).With("wantedOffset", i.Received).At("offset")
}

// UploadImportChunk adds bytes to a file. Bytes that are there already change nothing.
func (e *Engine) UploadImportChunk(ctx context.Context, c postgres.FileChunk, validateOnly bool) (reconcile.Import, bool, error) {
	i, there, err := e.db.AddFileChunk(ctx, c, validateOnly, func(i *reconcile.Import, found bool, before []byte) (bool, error) {
		switch {
		case !found:
			return false, importNotFound(c.ImportID)
		case before != nil && string(before) == string(c.Content):
			return true, nil
		case i.State != reconcile.Uploading:
			return false, fault.New(fault.ImportStateConflict, "the import is %s; it takes no more bytes", string(i.State)).With("state", i.State)
		case before != nil:
			return false, misplaced(i, "other bytes were sent for the offset %d before", c.Offset)
		case c.Offset != i.Received:
			return false, misplaced(i, "the bytes begin at %d, and the server has %d", c.Offset, i.Received)
		case c.Offset+int64(len(c.Content)) > i.Size:
			return false, misplaced(i, "the bytes reach beyond the size of %d", i.Size)
		}
		return false, nil
	})
	return i, there, outsideErr(err)
}

// outsideErr says what an error of the database means for a change outside of books.
func outsideErr(err error) error {
	if refused := postgres.Refusal(err); refused != nil {
		return refused
	}
	switch {
	case errors.Is(err, postgres.ErrCommitUnknown):
		return Unknown(err)
	case errors.Is(err, postgres.ErrUnavailable):
		return Unavailable()
	case errors.Is(err, postgres.ErrContended):
		return fault.New(fault.TransactionContended, "somebody else is changing this; try again").After(100 * time.Millisecond)
	}
	return err
}

// once carries out a change outside of books and of the catalog under its request.
func (e *Engine) once(h request.Header, content request.Content, change func(request.Once) (bool, error)) (bool, error) {
	replayed, err := change(h.Once(request.DigestOf(content), e.Now()))
	return replayed, outsideErr(err)
}

// CompleteImport reads a file whose bytes are all there. Where that takes longer than the call,
// it goes on, and the import is READING.
func (e *Engine) CompleteImport(ctx context.Context, id string, keep bool) (i reconcile.Import, replayed bool, err error) {
	if i, err = e.Import(ctx, id); err != nil {
		return i, false, err
	}
	if i.State == reconcile.Whole || i.State == reconcile.Refused {
		return i, true, nil
	}
	if !keep {
		i, err = e.readImport(ctx, id, false)
		return i, false, err
	}
	got, finished, err := e.errands.do(ctx, "import "+id, func(ctx context.Context) (any, error) { return e.readImport(ctx, id, true) })
	if !finished {
		i.State = reconcile.Reading
		return i, false, nil
	}
	if err != nil {
		return i, false, err
	}
	return got.(reconcile.Import), false, nil
}

// readImport reads a file.
func (e *Engine) readImport(ctx context.Context, id string, keep bool) (reconcile.Import, error) {
	i, err := e.db.ReadImport(ctx, id, e.Now(), keep, func(i *reconcile.Import, found bool, w *postgres.LineWriter) (*formats.Report, error) {
		switch {
		case !found:
			return nil, importNotFound(id)
		case i.State != reconcile.Uploading:
			return nil, nil // Another call has read it.
		case i.Received != i.Size:
			return nil, misplaced(i, "%d of %d bytes are there", i.Received, i.Size)
		}
		src := &stored{ctx: ctx, from: e.db.Reader(), id: id}
		digest, err := formats.Digest(src, i.Size)
		if err != nil {
			return nil, err
		}
		if digest != i.Digest {
			return nil, fault.New(fault.ImportChunkMisplaced, "the bytes have the digest %x, and %x was said; send the file under a new import",
				digest[:], i.Digest[:]).With("wantedOffset", 0).At("name")
		}
		day, err := reconcile.ParseDay(i.Day)
		if err != nil {
			return nil, err
		}
		return formats.Read(src, i.Size, formats.Options{Format: i.Format, Account: i.Account, Day: day, Told: i.Told, Mapping: i.Mapping}, w.Take)
	})
	return i, outsideErr(err)
}

// stored reads the bytes of a file from its chunks, of which it keeps the last.
type stored struct {
	ctx  context.Context
	from postgres.Reader
	id   string
	last postgres.FileChunk
}

func (s *stored) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n) - s.last.Offset
		if at < 0 || at >= int64(len(s.last.Content)) {
			c, found, err := s.from.FileChunkAt(s.ctx, s.id, off+int64(n))
			if err != nil {
				return n, err
			}
			if at = off + int64(n) - c.Offset; !found || at >= int64(len(c.Content)) {
				return n, io.EOF
			}
			s.last = c
		}
		n += copy(p[n:], s.last.Content[at:])
	}
	return n, nil
}
