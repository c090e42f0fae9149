package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// disk is the file system of the database. Where this process may mount one it has a size
// of its own, lies in memory, and can be filled; why says why it cannot.
type disk struct {
	dir     string
	mounted bool
	why     string
}

func makeDisk(bytes int64) (_ *disk, err error) {
	d := new(disk)
	if d.dir, err = os.MkdirTemp("", "tenfold-chaos-"); err != nil {
		return nil, fmt.Errorf("make the directory of the database: %w", err)
	}
	if err := mount(d.dir, bytes); err != nil {
		d.why = err.Error()
	} else {
		d.mounted = true
	}
	// PostgreSQL runs as another user where this process is root.
	if err := os.Chmod(d.dir, 0o755); err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

func (d *disk) dataDir() string { return filepath.Join(d.dir, "data") }
func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves no room for another page.
func (d *disk) fill() error {
	f, err := os.Create(d.ballast())
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		_, err := f.Write(block)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			block = block[:len(block)/2]
		case err != nil:
			return fmt.Errorf("fill the disk: %w", err)
		}
	}
	return nil
}

// clear takes the room back that fill took.
func (d *disk) clear() error { return os.Remove(d.ballast()) }

func (d *disk) remove() error {
	var err error
	if d.mounted {
		err = unmount(d.dir)
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}
