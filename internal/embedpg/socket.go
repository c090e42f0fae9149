package embedpg

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is the longest socket path that macOS takes; Linux takes 107 bytes.
const maxSocketPath = 103

// fitsSocket says whether a socket in dir can be bound and named in a URL: a
// comma would separate hosts there, and a quote directories in the settings.
func fitsSocket(dir string) bool {
	return len(filepath.Join(dir, ".s.PGSQL."+port)) <= maxSocketPath && !strings.ContainsAny(dir, `,"`)
}

// makeSocketDir returns a directory for the socket that only the account can
// enter: in the data directory, or, where that path does not do, a short one
// among the temporary files, whose name the data directory keeps.
func (d *dataDir) makeSocketDir() (string, error) {
	if dir := d.file("socket"); fitsSocket(dir) {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		return dir, d.account.give(dir)
	}
	if dir := d.awaySocketDir(); dir != "" {
		return dir, nil
	}
	parent := os.TempDir()
	if !fitsSocket(filepath.Join(parent, "tenfold-socket-0000000000")) {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "tenfold-socket-")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(d.file("socket.path"), []byte(dir+"\n"), 0o600); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, d.account.give(dir)
}

// awaySocketDir is the directory noted in socket.path, if it is still ours: the
// place is open to all, so another user may have put something of that name there.
func (d *dataDir) awaySocketDir() string {
	note, err := os.ReadFile(d.file("socket.path"))
	if err != nil {
		return ""
	}
	dir := strings.TrimSpace(string(note))
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return ""
	}
	if uid, _ := owner(info); uid != d.account.uid {
		return ""
	}
	return dir
}

// dropSocketDir removes the directory among the temporary files, if there is one.
func (d *dataDir) dropSocketDir() error {
	dir := d.awaySocketDir()
	if dir == "" {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Remove(d.file("socket.path"))
}
