package migrations

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Effect is what a migration does to a table that it finds.
type Effect struct {
	// Table is the table's name.
	Table string `json:"table"`
	// Lock is the strongest lock that the migration takes on the table, by the name that
	// PostgreSQL shows, and keeps until it ends.
	Lock string `json:"lock"`
	// Scans says that it reads every row of the table, so that it takes longer the larger
	// the table is.
	Scans bool `json:"scans,omitempty"`
	// Rewrites says that it writes the table anew.
	Rewrites bool `json:"rewrites,omitempty"`
}

// Stops says what of a running server waits for the lock: "reads and writes", "writes", or
// "nothing".
func (e *Effect) Stops() string {
	switch e.Lock {
	case "AccessExclusiveLock":
		return "reads and writes"
	case "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock":
		return "writes"
	}
	return "nothing"
}

// effects is written by a test that runs every migration and looks at its locks.
//
//go:embed effects.json
var effects []byte

// Effects are the effects of every migration that changes tables which it finds, by version.
func Effects() (map[int64][]Effect, error) {
	var all map[int64][]Effect
	if err := json.Unmarshal(effects, &all); err != nil {
		return nil, fmt.Errorf("effects of migrations: %w", err)
	}
	return all, nil
}
