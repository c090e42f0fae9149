// Package evidence takes the files of evidence in pieces, checks them, and gives them back in
// pieces. The pieces of a file that is not complete stand in the database, so that any server
// takes the next one; a complete file stands in a store. Which claim has a file is decided by
// the book, and who may read it by rpc.
package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/evidence/media"
	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The sizes of files and of their pieces. The contract has them too.
const (
	FileMax  = 50 << 20
	ChunkMax = 1 << 20
	// ChunkMin bounds the rows that a file has; the last piece may be smaller.
	ChunkMin = 64 << 10
)

// Config bounds uploads. Every value must be set; Defaults gives good ones.
type Config struct {
	// Marketplace bounds the uploads of one of the marketplace's workloads, which speaks for all
	// consumers or many of its people; Scoped those of one merchant or laboratory.
	Marketplace, Scoped postgres.UploadBounds
	// Unfinished is how long an upload waits for its next piece, Unused how long a complete one
	// waits for a claim.
	Unfinished, Unused time.Duration
	// Named is how long an upload that a request has named is left alone: longer than any
	// command can be under way.
	Named time.Duration
	// Pause is how often expired uploads are looked for, BatchMax how many are taken at once.
	Pause    time.Duration
	BatchMax int
	// CompletingMax is how many files are checked and stored at once; more wait.
	CompletingMax int
	// Retention is how long the store keeps a file of evidence from being deleted; zero: it does not.
	Retention time.Duration
	// Scan gives the name of the malware in a content, empty for none; nil: nobody looks.
	Scan func(ctx context.Context, content io.Reader) (found string, err error)
	// Observer is told what becomes of files; nil: nobody looks. A store tells its calls where it
	// is Watched.
	Observer *Observer
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Marketplace: postgres.UploadBounds{Uploads: 20_000, Bytes: 100 << 30, Receiving: 4 << 30},
		Scoped:      postgres.UploadBounds{Uploads: 100, Bytes: 2 << 30, Receiving: 256 << 20},
		Unfinished:  24 * time.Hour, Unused: 7 * 24 * time.Hour, Named: 15 * time.Minute,
		Pause: time.Minute, BatchMax: 256, CompletingMax: 8,
	}
}

// Files keeps the files of evidence.
type Files struct {
	db     *postgres.DB
	store  object.Store
	now    func() time.Time
	config Config
	log    *slog.Logger
	// completing are the places of files that are being checked and stored.
	completing chan struct{}
}

// New makes the files over a database and a store. Without a store, and of nil Files, every
// method refuses with EVIDENCE_STORE_MISSING.
func New(db *postgres.DB, store object.Store, now func() time.Time, config Config, log *slog.Logger) *Files {
	if config.Observer == nil {
		config.Observer = &unobserved
	}
	return &Files{db: db, store: store, now: now, config: config, log: log, completing: make(chan struct{}, config.CompletingMax)}
}

// ready refuses what needs a store if there is none.
func (f *Files) ready() error {
	if f == nil || f.store == nil {
		return fault.New(fault.EvidenceStoreMissing, "this server keeps no files of evidence, because no store is configured")
	}
	return nil
}

func (f *Files) moment() time.Time { return f.now().UTC().Truncate(time.Microsecond) }

// Create begins an upload of a file of a size. Refuses with UPLOAD_LIMIT_REACHED.
func (f *Files) Create(ctx context.Context, h request.Header, scope string, size int64) (u postgres.Upload, replayed bool, err error) {
	if err := f.ready(); err != nil {
		return u, false, err
	}
	now := f.moment()
	u = postgres.Upload{
		UploadKey: postgres.UploadKey{MerchantID: h.MerchantID, ID: strings.ToLower(rand.Text())},
		Uploader:  postgres.Uploader{Workload: h.Principal.Workload, Role: string(h.Principal.Role), Scope: scope},
		RequestID: h.RequestID, State: postgres.UploadReceiving, Size: size, CreatedAt: now, ExpiresAt: now.Add(f.config.Unfinished),
	}
	bounds := f.config.Marketplace
	if scope != "" {
		bounds = f.config.Scoped
	}
	return f.db.CreateUpload(ctx, &u, bounds, h.ValidateOnly)
}

// Get reads an upload of its uploader. Refuses with UPLOAD_NOT_FOUND.
func (f *Files) Get(ctx context.Context, k postgres.UploadKey, who postgres.Uploader) (postgres.Upload, error) {
	if err := f.ready(); err != nil {
		return postgres.Upload{}, err
	}
	u, found, err := f.db.Reader().Upload(ctx, k)
	if err == nil && !found {
		err = postgres.UploadNotFound(k.ID)
	}
	if err == nil {
		err = mayUse(&u, who)
	}
	return u, err
}

// mayUse refuses an upload of another uploader, and one that is being dropped, as absent.
func mayUse(u *postgres.Upload, who postgres.Uploader) error {
	if u.Uploader != who || u.State == postgres.UploadRemoving {
		return postgres.UploadNotFound(u.ID)
	}
	return nil
}

func stateConflict(u *postgres.Upload, format string, args ...any) *fault.Error {
	return fault.New(fault.UploadStateConflict, format, args...).With("uploadId", u.ID).With("state", string(u.State))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the CRC-32C of a piece.
func Sum(piece []byte) uint32 { return crc32.Checksum(piece, castagnoli) }

// AddChunk takes a piece of a file. again says that it was taken before. Refuses with
// CHUNK_DAMAGED, UPLOAD_NOT_FOUND, UPLOAD_STATE_CONFLICT, UPLOAD_OFFSET_MISMATCH, CHUNK_CHANGED,
// and with REQUEST_INVALID a piece that is too small or goes beyond the file.
func (f *Files) AddChunk(ctx context.Context, k postgres.UploadKey, who postgres.Uploader, offset int64, piece []byte, sum uint32) (u postgres.Upload, again bool, err error) {
	if err := f.ready(); err != nil {
		return u, false, err
	}
	if got := Sum(piece); got != sum {
		return u, false, fault.New(fault.ChunkDamaged, "the piece has the CRC-32C %08x, and the request says %08x", got, sum).
			With("uploadId", k.ID).At("crc32c")
	}
	u, again, err = f.db.AddChunk(ctx, k, offset, piece, f.moment().Add(f.config.Unfinished), func(u *postgres.Upload) (bool, error) {
		if err := mayUse(u, who); err != nil {
			return false, err
		}
		return mayAdd(u, offset, int64(len(piece)))
	})
	if err == nil && !again {
		f.config.Observer.Received(len(piece))
	}
	return u, again, err
}

// mayAdd says whether a piece was taken before, and refuses one that does not fit.
func mayAdd(u *postgres.Upload, offset, size int64) (again bool, err error) {
	end := offset + size
	switch {
	case u.State != postgres.UploadReceiving:
		return false, stateConflict(u, "the upload has all of its %d bytes and takes no more pieces", u.Size)
	case end > u.Size:
		return false, fault.New(fault.RequestInvalid, "the piece ends at byte %d, and the file has %d bytes", end, u.Size).At("content")
	case size < ChunkMin && end < u.Size:
		return false, fault.New(fault.RequestInvalid, "a piece must have at least %d bytes unless it is the last, not %d", ChunkMin, size).At("content")
	case offset > u.Received:
		return false, fault.New(fault.UploadOffsetMismatch, "the piece begins at byte %d, and the bytes before it from byte %d on are missing", offset, u.Received).
			With("uploadId", u.ID).With("receivedBytes", u.Received).At("offset")
	}
	return offset < u.Received, nil
}

// Complete checks a whole file and stores it. again says that it was complete before. Refuses
// with UPLOAD_NOT_FOUND, UPLOAD_STATE_CONFLICT, UPLOAD_DIGEST_MISMATCH, MEDIA_TYPE_REFUSED,
// MALWARE_FOUND and EVIDENCE_STORE_UNAVAILABLE.
//
// What was found is noted before the file goes into the store, and the pieces are dropped after
// it is there. So whatever ends the work on the way, the next call goes on with it, and no file
// is in the store that nobody knows of.
func (f *Files) Complete(ctx context.Context, k postgres.UploadKey, who postgres.Uploader, digest string) (u postgres.Upload, again bool, err error) {
	if err := f.ready(); err != nil {
		return u, false, err
	}
	u, again, err = f.complete(ctx, k, who, digest)
	f.config.Observer.Completed(outcomeOf(err))
	return u, again, err
}

func (f *Files) complete(ctx context.Context, k postgres.UploadKey, who postgres.Uploader, digest string) (u postgres.Upload, again bool, err error) {
	if u, err = f.Get(ctx, k, who); err != nil {
		return u, false, err
	}
	if u.State == postgres.UploadStored {
		return u, true, sameDigest(&u, digest, u.Digest)
	}
	if u.Received < u.Size {
		return u, false, stateConflict(&u, "%d of the %d bytes are missing", u.Size-u.Received, u.Size).With("missingBytes", u.Size-u.Received)
	}
	select {
	case f.completing <- struct{}{}:
		defer func() { <-f.completing }()
	case <-ctx.Done():
		return u, false, ctx.Err()
	}
	content, err := f.pieces(ctx, &u)
	if err != nil {
		return u, false, err
	}
	if err := f.examine(&u, content, digest); err != nil {
		return u, false, err
	}
	if err := f.scan(ctx, &u, content); err != nil {
		return u, false, err
	}
	u.ExpiresAt = f.moment().Add(f.config.Unfinished)
	if ok, err := f.db.BeginStoring(ctx, &u); err != nil || !ok {
		return f.overtaken(ctx, &u, who, digest, err)
	}
	if err := f.store.Put(ctx, nameOf(&u), u.Size, io.NewSectionReader(content, 0, u.Size)); err != nil {
		return u, false, f.failed(ctx, "store file", err)
	}
	u.ExpiresAt = f.moment().Add(f.config.Unused)
	if ok, err := f.db.EndStoring(ctx, u.UploadKey, u.ExpiresAt); err != nil || !ok {
		return f.overtaken(ctx, &u, who, digest, err)
	}
	u.State = postgres.UploadStored
	return u, false, nil
}

// overtaken answers a call whose upload another call has changed meanwhile.
func (f *Files) overtaken(ctx context.Context, u *postgres.Upload, who postgres.Uploader, digest string, err error) (postgres.Upload, bool, error) {
	if err != nil {
		return *u, false, err
	}
	now, err := f.Get(ctx, u.UploadKey, who)
	switch {
	case err != nil:
		return now, false, err
	case now.State == postgres.UploadStored:
		return now, true, sameDigest(&now, digest, now.Digest)
	}
	return now, false, fault.New(fault.EvidenceStoreUnavailable, "another call completes the upload at the moment").After(time.Second)
}

func sameDigest(u *postgres.Upload, said, is string) error {
	if said == is {
		return nil
	}
	return fault.New(fault.UploadDigestMismatch, "the file that was sent has the SHA-256 %s, not %s", is, said).
		With("uploadId", u.ID).With("sha256", is).At("sha256")
}

func nameOf(u *postgres.Upload) object.Name { return object.Name{Digest: u.Digest, Upload: u.ID} }

// examine finds out what a file is.
func (f *Files) examine(u *postgres.Upload, content io.ReaderAt, digest string) (err error) {
	if u.Digest, err = digestOf(io.NewSectionReader(content, 0, u.Size)); err != nil {
		return err
	}
	if err := sameDigest(u, digest, u.Digest); err != nil {
		return err
	}
	found, err := media.Examine(content, u.Size)
	if err != nil {
		return err
	}
	u.MediaType, u.Masks, u.MaskedDigest = found.Type, media.EncodeMasks(found.Masks), ""
	switch {
	case found.Unmaskable:
	case len(found.Masks) == 0:
		u.MaskedDigest = u.Digest
	default:
		u.MaskedDigest, err = digestOf(media.Masked(io.NewSectionReader(content, 0, u.Size), found.Masks))
	}
	return err
}

// scan refuses a file in which malware is found, and one at which nobody could look.
func (f *Files) scan(ctx context.Context, u *postgres.Upload, content io.ReaderAt) error {
	if f.config.Scan == nil {
		return nil
	}
	var found string
	err := f.config.Observer.timed(ctx, CallScan, func() (err error) {
		found, err = f.config.Scan(ctx, io.NewSectionReader(content, 0, u.Size))
		return err
	})
	if err != nil {
		return f.failed(ctx, "scan for malware", err)
	}
	if found != "" {
		f.log.Warn("malware was uploaded", "upload", u.ID, "malware", found, "workload", u.Workload, "scope", u.Scope)
		return fault.New(fault.MalwareFound, "malware was found in the file: %s", found).With("uploadId", u.ID).With("malware", found)
	}
	return nil
}

// failed turns a failure of the store into its refusal.
func (f *Files) failed(ctx context.Context, what string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, postgres.ErrUnavailable), errors.Is(err, errPieces):
		return err // The file came from the database.
	}
	f.log.Error("the store of evidence fails", "step", what, "error", err)
	return fault.New(fault.EvidenceStoreUnavailable, "the store of evidence files, or the scanner for malware, does not answer as it should; send the same again").After(5 * time.Second)
}

// Cancel drops an upload that no claim has. Refuses with UPLOAD_NOT_FOUND and
// UPLOAD_STATE_CONFLICT.
func (f *Files) Cancel(ctx context.Context, k postgres.UploadKey, who postgres.Uploader) error {
	u, err := f.Get(ctx, k, who)
	if err != nil {
		return err
	}
	if u.State == postgres.UploadStoring {
		return stateConflict(&u, "the upload is being stored; complete it, or wait until it expires")
	}
	if u.ExpiresAt.IsZero() || !u.NamedAt.IsZero() {
		return stateConflict(&u, "a request has named the upload as evidence of a claim")
	}
	return f.remove(ctx, &u)
}

// remove drops an upload with its file, unless it has changed since it was read.
func (f *Files) remove(ctx context.Context, u *postgres.Upload) error {
	ok, err := f.db.BeginRemoving(ctx, u)
	if err != nil {
		return err
	}
	if !ok {
		return stateConflict(u, "the upload has changed meanwhile")
	}
	if u.Digest != "" {
		err := f.store.Delete(ctx, nameOf(u))
		if errors.Is(err, object.ErrRetained) {
			return stateConflict(u, "the store must keep the file for a time; it is dropped after that")
		}
		if err != nil {
			return f.failed(ctx, "delete file", err)
		}
	}
	return f.db.RemoveUpload(ctx, u.UploadKey)
}

// Name gives a stored upload of its uploader that a request names as evidence of a claim, and
// keeps it until it is known whether a claim has it. Refuses with UPLOAD_NOT_FOUND and
// UPLOAD_STATE_CONFLICT.
func (f *Files) Name(ctx context.Context, k postgres.UploadKey, who postgres.Uploader, validateOnly bool) (postgres.Upload, error) {
	u, err := f.Get(ctx, k, who)
	if err != nil {
		return u, err
	}
	if u.State != postgres.UploadStored {
		return u, stateConflict(&u, "the upload is not complete")
	}
	if validateOnly {
		return u, nil
	}
	now := f.moment()
	ok, err := f.db.NameUpload(ctx, k, now, now.Add(f.config.Unused))
	if err == nil && !ok {
		err = postgres.UploadNotFound(k.ID)
	}
	return u, err
}

// Piece is a part of a file of evidence.
type Piece struct {
	Content []byte
	// Size and Digest are those of the whole file as it is given.
	Size   int64
	Digest string
	Masked bool
}

// Read reads a part of the file of an upload, as it was sent or masked. Refuses with
// EVIDENCE_NOT_DISCLOSED a file that cannot be masked, with EVIDENCE_DAMAGED one that the store
// does not have as it was, and with EVIDENCE_STORE_UNAVAILABLE.
func (f *Files) Read(ctx context.Context, k postgres.UploadKey, masked bool, offset, length int64) (p Piece, err error) {
	if err := f.ready(); err != nil {
		return p, err
	}
	u, found, err := f.db.Reader().Upload(ctx, k)
	if err != nil {
		return p, err
	}
	if !found || u.Digest == "" {
		f.config.Observer.Damaged()
		return p, fault.New(fault.EvidenceDamaged, "the file of upload %s is not stored any more", k.ID).With("uploadId", k.ID)
	}
	p = Piece{Size: u.Size, Digest: u.Digest, Masked: masked && len(u.Masks) > 0}
	if masked {
		if u.MaskedDigest == "" {
			return p, fault.New(fault.EvidenceNotDisclosed,
				"it cannot be told where in a file of type %s the place of a photograph stands, so the other party does not get it", u.MediaType)
		}
		p.Digest = u.MaskedDigest
	}
	if offset > u.Size {
		return p, fault.New(fault.RequestInvalid, "the file has %d bytes, and the piece begins at byte %d", u.Size, offset).At("offset")
	}
	if p.Content, err = f.read(ctx, &u, offset, min(length, u.Size-offset)); err != nil || !p.Masked {
		return p, err
	}
	masks, err := media.DecodeMasks(u.Masks)
	media.Apply(masks, p.Content, offset)
	return p, err
}

func (f *Files) read(ctx context.Context, u *postgres.Upload, offset, length int64) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	damaged := func(err error) error {
		f.config.Observer.Damaged()
		f.log.Error("the store does not have a file of evidence as it was stored", "upload", u.ID, "error", err)
		return fault.New(fault.EvidenceDamaged, "the store does not have the file of upload %s as it was stored", u.ID).With("uploadId", u.ID)
	}
	r, err := f.store.Open(ctx, nameOf(u), offset, length)
	if errors.Is(err, object.ErrMissing) {
		return nil, damaged(err)
	}
	if err != nil {
		return nil, f.failed(ctx, "open file", err)
	}
	defer r.Close()
	content := bytes.NewBuffer(make([]byte, 0, length))
	n, err := io.Copy(content, io.LimitReader(r, length))
	if err != nil {
		return nil, f.failed(ctx, "read file", err)
	}
	if n < length {
		return nil, damaged(fmt.Errorf("%d of %d bytes at %d", n, length, offset))
	}
	return content.Bytes(), nil
}
