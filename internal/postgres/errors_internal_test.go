package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a refusal that becomes an internal error because the constraint of a shard
// bears the number of the shard.
func TestConstraintsOfShardsAreKnown(t *testing.T) {
	t.Parallel()
	for name, want := range constraints {
		for _, suffix := range []string{"", "_102008", "_7"} {
			refusal, ok := fault.As(Refusal(&pq.Error{Code: "23505", Constraint: name + suffix}))
			if !ok || refusal.Reason != want {
				t.Errorf("%s is %v, want %s", name+suffix, refusal, want)
			}
		}
	}
	for _, name := range []string{"", "102008", "books_key_x1", "another_key_1"} {
		if err := Refusal(&pq.Error{Code: "23505", Constraint: name}); err != nil {
			t.Errorf("%q is %v", name, err)
		}
	}
}

// Would catch a constraint that is compared with its suffix, and a constraint whose own name
// ends like one.
func TestConstraintsAreComparedInOnePlace(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal(err)
	}
	read := regexp.MustCompile(`\.Constraint\b`)
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(read.FindAll(text, -1)); name == "errors.go" && n != 1 || name != "errors.go" && !strings.HasSuffix(name, "_test.go") && n > 0 {
			t.Errorf("%s reads the name of a constraint %d times; constraintOf does", name, n)
		}
	}
	migrations, err := filepath.Glob("../../migrations/*.sql")
	if err != nil || len(migrations) == 0 {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:CONSTRAINT|UNIQUE INDEX) (\w+_[0-9]+)\b`)
	for _, name := range migrations {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(text, -1) {
			t.Errorf("%s names %s, which reads as the constraint of a shard", name, m[1])
		}
	}
}

// Would catch a server of another kind that is taken for PostgreSQL, or the reverse.
func TestOtherServersAreRefused(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"PostgreSQL 15.8 (Debian 15.8-0+deb12u1) on x86_64-pc-linux-gnu":            true,
		"PostgreSQL 18.1 on aarch64-apple-darwin":                                   true,
		"PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu":                     false,
		"PostgreSQL 9.4.26 (Greenplum Database 6.26.0) on x86_64-unknown-linux-gnu": false,
		"CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023)":                false,
		"PostgreSQL 9.2.4 (openGauss 5.0.0 build a07d57c3) compiled on x86_64":      false,
		"SomethingElse 1.0": false,
	} {
		if err := checkServer(version); (err == nil) != ok {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// Would catch a URL of several hosts of which the driver reads another, one that may end at
// a standby, and an error that repeats the password.
func TestURLsOfSeveralHosts(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"postgres://u:p@h1/db":                                                              "h1:5432",
		"postgres://u:p@h1:7777/db?a=b":                                                     "h1:7777",
		"postgres://u:p%40,x@h1:7777/db":                                                    "h1:7777",
		"postgres://u:p@h1:5433,h2:5434/db?target_session_attrs=read-write":                 "h1:5433 h2:5434",
		"postgres://u:p@h1,h2:5434/db?target_session_attrs=primary":                         "h1:5432 h2:5434",
		"postgres://u:p@[::1]:5433,[::2]/db?target_session_attrs=read-write":                "::1:5433 ::2:5432",
		"postgres://u:p@/db?host=h1,h2&port=5433,5434&target_session_attrs=read-write":      "h1:5433 h2:5434",
		"postgres://u@/db?host=/run/one,/run/two&target_session_attrs=read-write&port=5432": "/run/one:5432 /run/two:5432",
	} {
		dsn, err := connectionURL(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		c, err := pq.NewConfig(dsn)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		hosts := []string{c.Host + ":" + port(c.Port)}
		for _, m := range c.Multi {
			hosts = append(hosts, m.Host+":"+port(m.Port))
		}
		if got := strings.Join(hosts, " "); got != want || c.User != "u" {
			t.Errorf("%s is read as %s of %s, want %s", given, got, c.User, want)
		}
	}
	for given, want := range map[string]string{
		"postgres://u:secret@h1,h2/db":                                        "target_session_attrs=read-write",
		"postgres://u:secret@h1,h2/db?target_session_attrs=any":               "target_session_attrs=read-write",
		"postgres://u:secret@/db?host=h1,h2":                                  "target_session_attrs=read-write",
		"postgres://u:secret@h1,/db?target_session_attrs=read-write":          "has no name",
		"postgres://u:secret@h1,h2/db?port=1&target_session_attrs=read-write": "host or port beside them",
		"postgres://u:secret@h1:x/db":                                         "cannot be parsed",
	} {
		_, err := connectionURL(given)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", given, err, want)
		}
	}
}

func port(n uint16) string { return strconv.Itoa(int(n)) }

// Would catch an outage that is told as a bug of ours: no host of several takes writes.
func TestNoWritableHostIsUnavailable(t *testing.T) {
	t.Parallel()
	err := failure(t.Context(), "connect", errors.Join(ErrUnavailable, errors.New("session is read-only")))
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, errInternal) {
		t.Errorf("%v", err)
	}
}
