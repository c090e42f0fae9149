package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// UploadState is the state of an upload.
type UploadState string

// The states of an upload.
const (
	// UploadReceiving takes pieces, which stand in the database.
	UploadReceiving UploadState = "RECEIVING"
	// UploadStoring was checked; its file is on the way into the store.
	UploadStoring UploadState = "STORING"
	// UploadStored has its file in the store, and no pieces.
	UploadStored UploadState = "STORED"
	// UploadRemoving is being dropped, with its file.
	UploadRemoving UploadState = "REMOVING"
)

// UploadStates lists the states.
func UploadStates() []UploadState {
	return []UploadState{UploadReceiving, UploadStoring, UploadStored, UploadRemoving}
}

// Uploader is who created an upload, and alone may use it.
type Uploader struct{ Workload, Role, Scope string }

// UploadKey names an upload.
type UploadKey struct{ MerchantID, ID string }

// Upload is a file on its way to become evidence.
type Upload struct {
	UploadKey
	Uploader
	// RequestID is that of the request which created it.
	RequestID string
	State     UploadState
	// Size is that of the whole file, Received how much of it was taken.
	Size, Received int64
	// Digest is the file's SHA-256 in hex; empty before it was checked, as all below.
	Digest    string
	MediaType string
	// Masks are what is blanked for another party, as package media encodes them, and
	// MaskedDigest the SHA-256 with that blanked; empty if it cannot be shown to one.
	Masks        []byte
	MaskedDigest string
	CreatedAt    time.Time
	// ExpiresAt is when it is dropped; zero once a claim is known to have it.
	ExpiresAt time.Time
	// NamedAt is when a request last named it as evidence; zero for never.
	NamedAt time.Time
}

const uploadColumns = `
	u.merchant_id, u.upload_id, u.workload, u.role, u.scope, u.request_id, u.state, u.size_bytes, u.received_bytes, u.digest,
	u.media_type, u.masks, u.masked_digest, u.created_at, u.expires_at, u.named_at`

func scanUpload(rows *sql.Rows) (u Upload, err error) {
	var expires, named sql.NullTime
	err = rows.Scan(&u.MerchantID, &u.ID, &u.Workload, &u.Role, &u.Scope, &u.RequestID, &u.State, &u.Size, &u.Received, &u.Digest,
		&u.MediaType, &u.Masks, &u.MaskedDigest, &u.CreatedAt, &expires, &named)
	u.ExpiresAt, u.NamedAt = expires.Time, named.Time
	inUTC(&u.CreatedAt, &u.ExpiresAt, &u.NamedAt)
	return u, err
}

// Upload reads an upload.
func (r Reader) Upload(ctx context.Context, k UploadKey) (Upload, bool, error) {
	return readOne(ctx, r, "read upload", `
		SELECT`+uploadColumns+`
		FROM uploads u
		WHERE u.merchant_id = $1 AND u.upload_id = $2`, scanUpload, k.MerchantID, k.ID)
}

// UploadOfRequest reads the upload that a request created.
func (r Reader) UploadOfRequest(ctx context.Context, merchantID, workload, requestID string) (Upload, bool, error) {
	return readOne(ctx, r, "read upload of request", `
		SELECT`+uploadColumns+`
		FROM uploads u
		WHERE u.merchant_id = $1 AND u.workload = $2 AND u.request_id = $3`, scanUpload, merchantID, workload, requestID)
}

// UploadBounds bound what one uploader has of uploads that no claim has named yet: their
// number, their bytes, and the bytes of those that are not complete, which stand in the database.
type UploadBounds struct{ Uploads, Bytes, Receiving int64 }

// CreateUpload stores an upload unless its request has created one, which it gives then. Refuses
// with UPLOAD_LIMIT_REACHED, and with REQUEST_ID_REUSED if the request was another.
func (db *DB) CreateUpload(ctx context.Context, u *Upload, bounds UploadBounds, validateOnly bool) (stored Upload, replayed bool, err error) {
	err = db.inTx(ctx, "create upload", func(tx *sqlx.Tx) error {
		// Those of one uploader who create at once wait for each other, and are counted.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 65))`, u.Workload+"\n"+u.Role+"\n"+u.Scope); err != nil {
			return err
		}
		before, found, err := Reader{from: tx}.UploadOfRequest(ctx, u.MerchantID, u.Workload, u.RequestID)
		if err != nil {
			return err
		}
		if found {
			stored, replayed = before, true
			if before.Uploader != u.Uploader || before.Size != u.Size {
				return fault.New(fault.RequestIDReused, "request id %s was already used for a different upload", u.RequestID).
					With("requestId", u.RequestID).At("request_id")
			}
			return nil
		}
		if err := checkUploads(ctx, tx, u, bounds); err != nil || validateOnly {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO uploads (
				merchant_id, upload_id, workload, role, scope, request_id, state, size_bytes, received_bytes, digest,
				media_type, masks, masked_digest, created_at, expires_at, named_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '', '', NULL, '', $9, $10, NULL)`,
			u.MerchantID, u.ID, u.Workload, u.Role, u.Scope, u.RequestID, string(u.State), u.Size, u.CreatedAt, u.ExpiresAt)
		return err
	})
	if err == nil && !replayed {
		stored = *u
	}
	return stored, replayed, err
}

func checkUploads(ctx context.Context, tx *sqlx.Tx, u *Upload, bounds UploadBounds) error {
	var have UploadBounds
	err := tx.QueryRowxContext(ctx, `
		SELECT count(*), coalesce(sum(size_bytes), 0)::bigint, coalesce(sum(size_bytes) FILTER (WHERE state <> 'STORED'), 0)::bigint
		FROM uploads
		WHERE workload = $1 AND role = $2 AND scope = $3 AND expires_at IS NOT NULL AND named_at IS NULL`,
		u.Workload, u.Role, u.Scope).Scan(&have.Uploads, &have.Bytes, &have.Receiving)
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return fault.New(fault.UploadLimit, format, args...).
			With("uploadsMax", bounds.Uploads).With("bytesMax", bounds.Bytes).With("unfinishedBytesMax", bounds.Receiving)
	}
	switch {
	case have.Uploads >= bounds.Uploads:
		return refuse("%d uploads wait to become evidence, and the caller can have no more", have.Uploads)
	case have.Bytes+u.Size > bounds.Bytes:
		return refuse("uploads of %d bytes wait to become evidence, and the caller can have at most %d", have.Bytes, bounds.Bytes)
	case have.Receiving+u.Size > bounds.Receiving:
		return refuse("uploads of %d bytes are not complete, and the caller can have at most %d", have.Receiving, bounds.Receiving)
	}
	return nil
}

// inTx runs f in a transaction. What f refuses leaves nothing behind.
func (db *DB) inTx(ctx context.Context, what string, f func(*sqlx.Tx) error) error {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return failure(ctx, what, err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit it does nothing.
	if err := f(tx); err != nil {
		if _, refused := fault.As(err); refused {
			return err
		}
		return failure(ctx, what, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", ErrCommitUnknown, failure(ctx, what, err))
	}
	return nil
}

// AddChunk takes a piece of a file. may decides on the upload, whose row is locked: whether the
// piece was taken before and is only compared. Refuses with UPLOAD_NOT_FOUND, with
// UPLOAD_OFFSET_MISMATCH and CHUNK_CHANGED a piece that is not the one which was taken, and with
// what may refuses.
func (db *DB) AddChunk(ctx context.Context, k UploadKey, offset int64, content []byte, expiresAt time.Time, may func(*Upload) (again bool, err error)) (u Upload, again bool, err error) {
	err = db.inTx(ctx, "take piece of upload", func(tx *sqlx.Tx) error {
		if u, err = lockUpload(ctx, tx, k); err != nil {
			return err
		}
		if again, err = may(&u); err != nil {
			return err
		}
		if again {
			return compareChunk(ctx, tx, &u, offset, content)
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO upload_chunks (merchant_id, upload_id, start_byte, content) VALUES ($1, $2, $3, $4)`,
			k.MerchantID, k.ID, offset, content); err != nil {
			return err
		}
		u.Received, u.ExpiresAt = offset+int64(len(content)), expiresAt
		_, err := tx.ExecContext(ctx, `
			UPDATE uploads SET received_bytes = $3, expires_at = $4 WHERE merchant_id = $1 AND upload_id = $2`,
			k.MerchantID, k.ID, u.Received, u.ExpiresAt)
		return err
	})
	return u, again, err
}

// lockUpload reads an upload and locks its row.
func lockUpload(ctx context.Context, tx *sqlx.Tx, k UploadKey) (Upload, error) {
	u, found, err := readOne(ctx, Reader{from: tx}, "lock upload", `
		SELECT`+uploadColumns+`
		FROM uploads u
		WHERE u.merchant_id = $1 AND u.upload_id = $2
		FOR NO KEY UPDATE`, scanUpload, k.MerchantID, k.ID)
	if err == nil && !found {
		err = UploadNotFound(k.ID)
	}
	return u, err
}

// UploadNotFound refuses the id of no upload, and that of another caller's.
func UploadNotFound(id string) error {
	return fault.New(fault.UploadNotFound, "there is no upload %s; it may have expired", id).With("uploadId", id)
}

// compareChunk compares a piece with the one that was taken at its offset.
func compareChunk(ctx context.Context, tx *sqlx.Tx, u *Upload, offset int64, content []byte) error {
	var same bool
	err := tx.GetContext(ctx, &same, `
		SELECT c.content = $4 FROM upload_chunks c WHERE c.merchant_id = $1 AND c.upload_id = $2 AND c.start_byte = $3`,
		u.MerchantID, u.ID, offset, content)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.UploadOffsetMismatch, "no piece was taken that begins at byte %d; go on at byte %d", offset, u.Received).
			With("uploadId", u.ID).With("receivedBytes", u.Received).At("offset")
	case err != nil:
		return err
	case !same:
		return fault.New(fault.ChunkChanged, "another piece was taken at byte %d; if the file has changed, begin another upload", offset).
			With("uploadId", u.ID).With("receivedBytes", u.Received).At("content")
	}
	return nil
}

// Chunk is where a piece of a file begins, and how long it is.
type Chunk struct{ Start, Size int64 }

// Chunks reads where the pieces of an upload stand, in their order.
func (r Reader) Chunks(ctx context.Context, k UploadKey) ([]Chunk, error) {
	return read(ctx, r, "list pieces of upload", `
		SELECT c.start_byte, octet_length(c.content)
		FROM upload_chunks c
		WHERE c.merchant_id = $1 AND c.upload_id = $2
		ORDER BY c.start_byte`, func(rows *sql.Rows) (c Chunk, err error) {
		err = rows.Scan(&c.Start, &c.Size)
		return c, err
	}, k.MerchantID, k.ID)
}

// ChunkContent reads the piece of an upload that begins at an offset.
func (r Reader) ChunkContent(ctx context.Context, k UploadKey, start int64) ([]byte, bool, error) {
	return readOne(ctx, r, "read piece of upload", `
		SELECT c.content
		FROM upload_chunks c
		WHERE c.merchant_id = $1 AND c.upload_id = $2 AND c.start_byte = $3`, func(rows *sql.Rows) (content []byte, err error) {
		err = rows.Scan(&content)
		return content, err
	}, k.MerchantID, k.ID, start)
}

// BeginStoring notes what was found of a file before it goes into the store, so that the file
// can be found there whatever happens. It returns false if the upload is not what it was.
func (db *DB) BeginStoring(ctx context.Context, u *Upload) (bool, error) {
	return db.changeUpload(ctx, "begin to store upload", `
		UPDATE uploads
		SET state = 'STORING', digest = $4, media_type = $5, masks = $6, masked_digest = $7, expires_at = $8
		WHERE merchant_id = $1 AND upload_id = $2 AND state = $3 AND received_bytes = size_bytes`,
		u.MerchantID, u.ID, string(u.State), u.Digest, u.MediaType, u.Masks, u.MaskedDigest, u.ExpiresAt)
}

// EndStoring notes that the file of an upload is in the store, and drops its pieces. It returns
// false if that was noted before, or the upload is gone.
func (db *DB) EndStoring(ctx context.Context, k UploadKey, expiresAt time.Time) (ended bool, err error) {
	err = db.inTx(ctx, "end to store upload", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE uploads SET state = 'STORED', expires_at = $3 WHERE merchant_id = $1 AND upload_id = $2 AND state = 'STORING'`,
			k.MerchantID, k.ID, expiresAt)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if ended = n > 0; err != nil || !ended {
			return err
		}
		return dropChunks(ctx, tx, k)
	})
	return ended, err
}

func dropChunks(ctx context.Context, tx *sqlx.Tx, k UploadKey) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM upload_chunks WHERE merchant_id = $1 AND upload_id = $2`, k.MerchantID, k.ID)
	return err
}

// NameUpload keeps a stored upload at least until a time, because a request names it as evidence.
// It returns false if the upload is not stored.
func (db *DB) NameUpload(ctx context.Context, k UploadKey, at, until time.Time) (bool, error) {
	return db.changeUpload(ctx, "name upload", `
		UPDATE uploads
		SET named_at = CASE WHEN expires_at IS NULL THEN named_at ELSE $3 END,
		    expires_at = CASE WHEN expires_at < $4 THEN $4 ELSE expires_at END
		WHERE merchant_id = $1 AND upload_id = $2 AND state = 'STORED'`, k.MerchantID, k.ID, at, until)
}

// changeUpload runs an update of one upload, and says whether it met it.
func (db *DB) changeUpload(ctx context.Context, what, query string, args ...any) (bool, error) {
	res, err := db.execOnce(ctx, query, args...)
	if err != nil {
		return false, failure(ctx, what, err)
	}
	n, err := res.RowsAffected()
	return n > 0, failure(ctx, what, err)
}

// NamedUploads reads uploads that requests named as evidence before a time, the oldest first,
// and of each whether a claim has it.
func (r Reader) NamedUploads(ctx context.Context, before time.Time, limit int) ([]NamedUpload, error) {
	return read(ctx, r, "list named uploads", `
		SELECT u.merchant_id, u.upload_id, u.digest, u.named_at, EXISTS (
			SELECT FROM evidence e WHERE e.merchant_id = u.merchant_id AND e.upload_id = u.upload_id AND e.upload_id <> '')
		FROM uploads u
		WHERE u.named_at < $1
		ORDER BY u.named_at
		LIMIT $2`, func(rows *sql.Rows) (n NamedUpload, err error) {
		err = rows.Scan(&n.MerchantID, &n.ID, &n.Digest, &n.NamedAt, &n.Evidence)
		inUTC(&n.NamedAt)
		return n, err
	}, before, limit)
}

// NamedUpload is an upload that a request named as evidence.
type NamedUpload struct {
	UploadKey
	Digest  string
	NamedAt time.Time
	// Evidence says that a claim has it.
	Evidence bool
}

// SettleUpload notes what became of a named upload: it is kept for good, or goes on waiting.
// An upload that was named again meanwhile stays as it is.
func (db *DB) SettleUpload(ctx context.Context, n *NamedUpload) error {
	_, err := db.changeUpload(ctx, "settle upload", `
		UPDATE uploads
		SET named_at = NULL, expires_at = CASE WHEN $4 THEN NULL ELSE expires_at END
		WHERE merchant_id = $1 AND upload_id = $2 AND named_at = $3`, n.MerchantID, n.ID, n.NamedAt, n.Evidence)
	return err
}

// ExpiredUploads reads uploads that expired before a time and that no request has named, the
// oldest first.
func (r Reader) ExpiredUploads(ctx context.Context, before time.Time, limit int) ([]Upload, error) {
	return read(ctx, r, "list expired uploads", `
		SELECT`+uploadColumns+`
		FROM uploads u
		WHERE u.expires_at < $1 AND u.named_at IS NULL
		ORDER BY u.expires_at
		LIMIT $2`, scanUpload, before, limit)
}

// BeginRemoving marks an upload so that nobody can use it any more. It returns false if the
// upload is not as it was read, or a claim has it.
func (db *DB) BeginRemoving(ctx context.Context, u *Upload) (bool, error) {
	return db.changeUpload(ctx, "begin to remove upload", `
		UPDATE uploads
		SET state = 'REMOVING'
		WHERE merchant_id = $1 AND upload_id = $2 AND state = $3 AND expires_at = $4 AND named_at IS NULL AND NOT EXISTS (
			SELECT FROM evidence e WHERE e.merchant_id = $1 AND e.upload_id = $2 AND e.upload_id <> '')`,
		u.MerchantID, u.ID, string(u.State), u.ExpiresAt)
}

// RemoveUpload deletes an upload that is being removed, with its pieces. Its file must be gone
// from the store.
func (db *DB) RemoveUpload(ctx context.Context, k UploadKey) error {
	return db.inTx(ctx, "remove upload", func(tx *sqlx.Tx) error {
		if err := dropChunks(ctx, tx, k); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM uploads WHERE merchant_id = $1 AND upload_id = $2 AND state = 'REMOVING'`, k.MerchantID, k.ID)
		return err
	})
}
