package postgres

import "context"

// SessionSettings are the values of some settings on a connection of the pool.
func (db *DB) SessionSettings(ctx context.Context, names ...string) (values []string, err error) {
	for _, name := range names {
		var value string
		if err := db.pool.GetContext(ctx, &value, `SELECT current_setting($1)`, name); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
