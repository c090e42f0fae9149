package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/request"
)

// A request outside of the pipeline is stored in the transaction that carries it out.
// Those of books stand in `webhook_requests`, those of catalogs, which belong to no
// book, in `catalog_requests`; the pipeline writes `requests`.

// requestTable is how requests of one kind are stored.
type requestTable struct {
	// insert stores a request unless its id was used; it takes the columns.
	insert  string
	columns func(*request.Found) []any
	// read gives digest, outcome and time of the request with a key.
	read string
	key  func(*request.Found) []any
	// outcome is where the stored outcome goes.
	outcome func(*request.Found) *string
}

// methodCreateUpload is the method whose requests stand in the uploads that they created.
const methodCreateUpload = "EvidenceService/CreateUpload"

var catalogRequests = requestTable{
	insert: `
		INSERT INTO catalog_requests (workload, method, request_id, digest, outcome_name, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (workload, method, request_id) DO NOTHING`,
	columns: func(r *request.Found) []any {
		return []any{r.Workload, r.Method, r.RequestID, r.Digest[:], r.Name, r.RecordedAt}
	},
	read: `
		SELECT digest, outcome_name, recorded_at FROM catalog_requests
		WHERE workload = $1 AND method = $2 AND request_id = $3`,
	key:     func(r *request.Found) []any { return []any{r.Workload, r.Method, r.RequestID} },
	outcome: func(r *request.Found) *string { return &r.Name },
}

var webhookRequests = requestTable{
	insert: `
		INSERT INTO webhook_requests (merchant_id, workload, method, request_id, digest, webhook_id, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (merchant_id, workload, method, request_id) DO NOTHING`,
	columns: func(r *request.Found) []any {
		return []any{r.MerchantID, r.Workload, r.Method, r.RequestID, r.Digest[:], r.WebhookID, r.RecordedAt}
	},
	read: `
		SELECT digest, webhook_id, recorded_at FROM webhook_requests
		WHERE merchant_id = $1 AND workload = $2 AND method = $3 AND request_id = $4`,
	key:     func(r *request.Found) []any { return []any{r.MerchantID, r.Workload, r.Method, r.RequestID} },
	outcome: func(r *request.Found) *string { return &r.WebhookID },
}

// once runs f in the transaction that stores its request, unless the request is
// stored already: then it gives that one. REQUEST_ID_REUSED when that had another
// content.
func (db *DB) once(ctx context.Context, in requestTable, r request.Once, f func(*sqlx.Tx) error) (stored request.Found, replayed bool, err error) {
	return db.onceAt(ctx, nil, in, r, f)
}

// onceAt is once in a transaction of an isolation.
func (db *DB) onceAt(
	ctx context.Context, isolation *sql.TxOptions, in requestTable, r request.Once, f func(*sqlx.Tx) error,
) (stored request.Found, replayed bool, err error) {
	tx, err := db.pool.BeginTxx(ctx, isolation)
	if err != nil {
		return r.Found, false, failure(ctx, "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit it does nothing.
	res, err := tx.ExecContext(ctx, in.insert, in.columns(&r.Found)...)
	if err != nil {
		return r.Found, false, failure(ctx, "store request", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return r.Found, false, failure(ctx, "store request", err)
	}
	if n == 0 {
		found, _, err := readRequest(ctx, tx, in, r.Key)
		if err == nil {
			err = found.Replay(r.Digest)
		}
		return found, err == nil, err
	}
	if err := f(tx); err != nil || r.ValidateOnly {
		return r.Found, false, err
	}
	if err := tx.Commit(); err != nil {
		return r.Found, false, fmt.Errorf("%w: %w", ErrCommitUnknown, failure(ctx, "commit request", err))
	}
	return r.Found, false, nil
}

// readRequest reads a stored request.
func readRequest(ctx context.Context, from sqlx.QueryerContext, in requestTable, k request.Key) (request.Found, bool, error) {
	found := request.Found{Stored: request.Stored{Key: k}}
	var digest []byte
	err := from.QueryRowxContext(ctx, in.read, in.key(&found)...).Scan(&digest, in.outcome(&found), &found.RecordedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return found, false, nil
	}
	copy(found.Digest[:], digest)
	inUTC(&found.RecordedAt)
	return found, err == nil, failure(ctx, "read request", err)
}

// Request reads the stored request with a key, whatever it was for: one without a
// book changed a catalog.
func (r Reader) Request(ctx context.Context, k request.Key) (request.Found, bool, error) {
	if k.MerchantID == "" {
		return readRequest(ctx, r.from, catalogRequests, k)
	}
	stored, found, err := readOne(ctx, r, "read request", `
		SELECT`+requestColumns+`
		FROM requests r
		WHERE r.merchant_id = $1 AND r.workload = $2 AND r.method = $3 AND r.request_id = $4`,
		scanRequest, k.MerchantID, k.Workload, k.Method, k.RequestID)
	if found || err != nil {
		return request.Found{Stored: stored}, found, err
	}
	if k.Method == methodCreateUpload {
		u, found, err := r.UploadOfRequest(ctx, k.MerchantID, k.Workload, k.RequestID)
		return request.Found{Stored: request.Stored{Key: k, RecordedAt: u.CreatedAt}, UploadID: u.ID}, found, err
	}
	return readRequest(ctx, r.from, webhookRequests, k)
}
