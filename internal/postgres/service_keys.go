package postgres

import "context"

// PageTokenKey reads the key of 32 bytes with which all servers of an installation seal the
// tokens of pages.
func (db *DB) PageTokenKey(ctx context.Context) (key []byte, err error) {
	err = db.pool.QueryRowxContext(ctx, `SELECT key FROM service_keys WHERE purpose = 'page-tokens'`).Scan(&key)
	return key, failure(ctx, "read the key of page tokens", err)
}
