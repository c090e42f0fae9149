package embedpg

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// binaries makes a directory of server binaries that only know their version.
func binaries(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Catches the wrong server being chosen, or a missing one not being explained.
func TestFindInstallation(t *testing.T) {
	root := t.TempDir()
	onPath := binaries(t, filepath.Join(root, "path"), "14.2")
	binaries(t, filepath.Join(root, "lib", "9", "bin"), "9.6.3")
	binaries(t, filepath.Join(root, "lib", "15", "bin"), "15.14 (Debian 15.14-0+deb12u1)")
	binaries(t, filepath.Join(root, "lib", "18", "bin"), "18devel")
	clientOnly := filepath.Join(root, "client")
	if err := os.Mkdir(clientOnly, 0o755); err != nil {
		t.Fatal(err)
	}
	glob := filepath.Join(root, "lib", "*", "bin")
	for name, c := range map[string]struct {
		places []string
		major  int
		want   string
	}{
		"path before packages":    {[]string{clientOnly, onPath, glob}, 0, onPath},
		"newest package first":    {[]string{clientOnly, glob}, 0, filepath.Join(root, "lib", "18", "bin")},
		"the cluster's own":       {[]string{onPath, glob}, 15, filepath.Join(root, "lib", "15", "bin")},
		"the cluster's, too old":  {[]string{glob}, 9, filepath.Join(root, "lib", "9", "bin")},
		"none of that version":    {[]string{onPath, glob}, 16, ""},
		"nothing but the clients": {[]string{clientOnly}, 0, ""},
	} {
		got, err := findInstallation(context.Background(), c.places, c.major)
		if got.binDir != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got.binDir, err, c.want)
		}
		if err != nil && !(strings.Contains(err.Error(), "make setup") &&
			strings.Contains(err.Error(), c.places[len(c.places)-1])) {
			t.Errorf("%s: error %q names neither the places nor the remedy", name, err)
		}
	}
}
