package relay

import "context"

// ErrOtherDatabase is errOtherDatabase.
var ErrOtherDatabase = errOtherDatabase

// CheckVersion is checkVersion.
var CheckVersion = checkVersion

// Lead relays once, until something ends it.
func (r *Relay) Lead(ctx context.Context) error { return r.lead(ctx, nil) }
