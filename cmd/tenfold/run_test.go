package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// try runs the program and gives its exit code and what it printed.
func try(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// Would catch a version command that prints nothing a person can report.
func TestVersion(t *testing.T) {
	t.Parallel()
	code, out, _ := try(t, "version")
	if code != exitOK || !strings.HasPrefix(out, "tenfold ") {
		t.Fatalf("exit %d, printed %q", code, out)
	}
}

// Would catch a migrate command that does not say what is missing, or that
// fails on a schema that is current.
func TestMigrate(t *testing.T) {
	t.Parallel()
	if code, _, errOut := try(t, "migrate"); code != exitUsage || !strings.Contains(errOut, "--owner-url (TENFOLD_OWNER_URL)") {
		t.Fatalf("without a URL: exit %d, %q", code, errOut)
	}
	db := pgtest.New(t)
	if code, out, errOut := try(t, "migrate", "--owner-url", db.OwnerURL); code != exitOK || !strings.Contains(out, "already") {
		t.Fatalf("on a current schema: exit %d, %q %q", code, out, errOut)
	}
}

// Would catch an unknown flag that is taken for a failure of the work.
func TestUnknownFlagIsUsage(t *testing.T) {
	t.Parallel()
	if code, _, _ := try(t, "migrate", "--no-such-flag"); code != exitUsage {
		t.Fatalf("exit %d", code)
	}
}
