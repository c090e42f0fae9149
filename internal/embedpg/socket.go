package embedpg

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is the longest socket path on macOS; Linux allows 107 bytes.
const maxSocketPath = 103

// fitsSocket says whether a socket in dir can be bound and named in a URL. A comma
// would separate hosts in the URL, and a quote would separate directories in the
// settings.
func fitsSocket(dir string) bool {
	return len(filepath.Join(dir, ".s.PGSQL."+port)) <= maxSocketPath && !strings.ContainsAny(dir, `,"`)
}

// makeSocketDir returns a directory for the socket that only the account can enter.
// It is in the data directory or, if that path is not suitable, among the temporary
// files under a short name, which socket.path in the data directory keeps.
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

// awaySocketDir is the directory named in socket.path, if it is still ours.
// Everybody may write among the temporary files, so another user may have created
// something with that name.
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

// dropSocketDir removes the socket's directory among the temporary files, if there
// is one.
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
