package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configFile writes a file of settings.
func configFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tenfold.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Would catch a setting of the file that does not count, one that counts although the
// command line sets another, and a password that is printed.
func TestServeReadsItsSettingsFromAFile(t *testing.T) {
	t.Parallel()
	path := configFile(t, `
# What every replica has.
sandbox: true
insecure-loopback: true
lanes: 4
audit-every: 24h
gateway:
  - 127.0.0.1:7420
  - 127.0.0.1:7421
database-url: postgres://tenfold_app:secret-1@db.example/tenfold?password=secret-2
`)
	code, out, errOut := try(t, "serve", "--config", path, "--check-config", "--lanes", "3")
	if code != exitOK || errOut != "" {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	for setting, want := range map[string][]string{
		"lanes":        {"3", "--lanes"},
		"audit-every":  {"24h0m0s", path + ":6"},
		"gateway":      {"127.0.0.1:7420,127.0.0.1:7421", path + ":7"},
		"database-url": {"tenfold_app:xxxxx@db.example", path + ":10"},
	} {
		line := lineOf(out, setting)
		for _, part := range want {
			if !strings.Contains(line, part) {
				t.Errorf("%s is shown as %q without %q", setting, line, part)
			}
		}
	}
	if strings.Contains(out, "secret-") || strings.Contains(out, "config ") {
		t.Errorf("printed a password, or what is no setting:\n%s", out)
	}
}

// lineOf is the line of a table that begins with name.
func lineOf(table, name string) string {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(strings.TrimSpace(line), name+" ") {
			return line
		}
	}
	return ""
}

// Would catch a file that is taken although a line of it means nothing, and an error that
// does not say which line, or repeats a long one.
func TestServeRefusesWrongFilesOfSettings(t *testing.T) {
	t.Parallel()
	for want, content := range map[string]string{
		`line 2: there is no setting "listne"; did you mean listen?`:                                 "lanes: 1\nlistne: 127.0.0.1:1\n",
		`there is no setting "TENFOLD_LISTEN"; did you mean listen?`:                                 "TENFOLD_LISTEN: 127.0.0.1:1\n",
		`there is no setting "config"`:                                                               "config: other.yaml\n",
		`there is no setting "check-config"`:                                                         "check-config: true\n",
		"line 3: lanes is set twice, first in line 1":                                                "lanes: 1\nbatch-max: 2\nlanes: 2\n",
		"lanes: the value must be a plain int":                                                       "lanes: [1]\n",
		"lanes: the value is missing":                                                                "lanes:\n",
		`:1: lanes: invalid argument "many"`:                                                         "lanes: many\n",
		`:1: audit-every: invalid argument "24"`:                                                     "audit-every: 24\n",
		"line 2: an entry of the list is no plain text":                                              "gateway:\n  - \"a,b\"\n",
		"gateway: the value must be a plain stringSlice":                                             "gateway: {a: b}\n",
		"line 1: settings are lines such as":                                                         "- lanes\n",
		"has one document":                                                                           "lanes: 1\n---\nlanes: 2\n",
		"found character that cannot start any token":                                                "lanes: @\n",
		"listen: the value must be a plain string":                                                   "lanes: &a 1\nlisten: *a\n",
		"more than 65536 bytes":                                                                      "# " + strings.Repeat("x", 70000),
		`there is no setting "` + strings.Repeat("x", 60) + `"`:                                      strings.Repeat("x", 900) + ": 1\n",
		`lanes: invalid argument "yyyy`:                                                              "lanes: " + strings.Repeat("y", 9000) + "\n",
		"--data-dir (TENFOLD_DATA_DIR) and --database-url (TENFOLD_DATABASE_URL) cannot both be set": "sandbox: true\ninsecure-loopback: true\ndata-dir: /x\ndatabase-url: postgres://x\n",
		"--webhook-keys (TENFOLD_WEBHOOK_KEYS): open":                                                "sandbox: true\ninsecure-loopback: true\nwebhook-keys: /nowhere/keys\n",
		"--tls-cert (TENFOLD_TLS_CERT) is missing":                                                   "sandbox: true\n",
		"read the authorities of the gateway: open /nowhere/ca.pem: no such":                         "insecure-loopback: true\ngateway: payments.example:443\ngateway-ca: /nowhere/ca.pem\n",
	} {
		code, out, errOut := try(t, "serve", "--check-config", "--config", configFile(t, content))
		if code != exitUsage || !strings.Contains(errOut, want) || out != "" || len(errOut) > 400 {
			t.Errorf("%.80q: exit %d, printed %q, %q, want %q", content, code, out, errOut[:min(400, len(errOut))], want)
		}
	}
	if code, _, errOut := try(t, "serve", "--config", filepath.Join(t.TempDir(), "none")); code != exitUsage || !strings.Contains(errOut, "no such file") {
		t.Errorf("a missing file: exit %d, %q", code, errOut)
	}
}

// Would catch an empty file of settings that is refused, and a setting that is said to be
// from the file when the environment set it.
func TestTheEnvironmentComesBeforeTheFile(t *testing.T) {
	path := configFile(t, "lanes: 4\n")
	t.Setenv("TENFOLD_LANES", "5")
	t.Setenv("TENFOLD_CONFIG", path)
	t.Setenv("TENFOLD_INSECURE_LOOPBACK", "true")
	code, out, errOut := try(t, "serve", "--check-config", "--sandbox")
	if line := lineOf(out, "lanes"); code != exitOK || !strings.Contains(line, "5") || !strings.Contains(line, "TENFOLD_LANES") {
		t.Errorf("exit %d: %q %q", code, line, errOut)
	}
	t.Setenv("TENFOLD_CONFIG", configFile(t, "# Nothing yet.\n"))
	if code, _, errOut := try(t, "serve", "--check-config", "--sandbox"); code != exitOK {
		t.Errorf("an empty file: exit %d, %q", code, errOut)
	}
}
