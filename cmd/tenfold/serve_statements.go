package main

import (
	"fmt"
	"time"
)

// A statement is kept long enough to be read, and no longer than a database should hold what can
// be made again.
const statementsKeptMin, statementsKeptMax = time.Hour, 90 * 24 * time.Hour

func checkStatementsKept(kept time.Duration) error {
	if kept < statementsKeptMin || kept > statementsKeptMax {
		return fmt.Errorf("--statements-kept (TENFOLD_STATEMENTS_KEPT) must be between %s and %s, not %s", statementsKeptMin, statementsKeptMax, kept)
	}
	return nil
}
