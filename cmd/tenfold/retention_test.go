package main

import (
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// Would catch an erasure that happens by accident, and commands that do not say what they did.
func TestRetentionCommands(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, row := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "give --yes, or --dry-run", []string{"person", "erase", "agent-1", "--owner-url", db.OwnerURL}},
		{exitUsage, "--owner-url (TENFOLD_OWNER_URL) is missing", []string{"person", "erase", "agent-1", "--yes"}},
		{exitUsage, "between 1 and 64 characters", []string{"person", "erase", strings.Repeat("x", 65), "--yes", "--owner-url", db.OwnerURL}},
		{exitOK, "nothing names this person", []string{"person", "erase", "agent-1", "--yes", "--owner-url", db.OwnerURL}},
		{exitOK, `"rows": {}`, []string{"person", "erase", "agent-1", "--dry-run", "-o", "json", "--owner-url", db.OwnerURL}},
		{exitFailed, "permission denied", []string{"person", "erase", "agent-1", "--yes", "--owner-url", db.AppURL}},
		{exitUsage, "must be at least 720h0m0s, not 1h0m0s", []string{"access-log", "prune", "--older-than", "1h", "--owner-url", db.OwnerURL}},
		{exitOK, "0 records would be deleted", []string{"access-log", "prune", "--dry-run", "--owner-url", db.OwnerURL}},
		{exitOK, "0 records deleted", []string{"access-log", "prune", "--owner-url", db.OwnerURL}},
	} {
		code, out, errOut := try(t, row.args...)
		if code != row.code || !strings.Contains(out+errOut, row.want) {
			t.Errorf("%v: exit %d, %q %q, want %d and %q", row.args, code, out, errOut, row.code, row.want)
		}
	}
}
