package object

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Directory keeps files in a directory, which several servers may share. A file is written
// beside its place, flushed to the disk, and then moved to it.
type Directory struct {
	root *os.Root
	// now is real time, by which the files in the directory are dated.
	now func() time.Time
}

// unfinished is the directory of files that are being written.
const unfinished = "unfinished"

// The rights of directories and files: for the server alone.
const (
	directoryMode = 0o700
	fileMode      = 0o600
)

// OpenDirectory opens a store over a directory, which must exist.
func OpenDirectory(name string, now func() time.Time) (*Directory, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &Directory{root, now}
	if err := d.makeDirectory(unfinished); err != nil {
		_ = root.Close()
		return nil, err
	}
	return d, nil
}

// Close closes the store.
func (d *Directory) Close() error { return d.root.Close() }

// makeDirectory makes a directory that a power cut cannot take away.
func (d *Directory) makeDirectory(name string) error {
	switch err := d.root.Mkdir(name, directoryMode); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return d.flush(".")
}

// flush brings the entries of a directory to the disk.
func (d *Directory) flush(name string) error {
	dir, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Put implements Store.
func (d *Directory) Put(ctx context.Context, n Name, size int64, content io.Reader) error {
	if err := n.Valid(); err != nil {
		return err
	}
	place := n.Path()
	if there, err := d.root.Stat(place); err == nil && there.Size() == size {
		// A file comes to its place as a whole. Whoever moved it there may not have flushed yet.
		return d.flush(path.Dir(place))
	}
	draft := path.Join(unfinished, n.Upload+"-"+strings.ToLower(rand.Text()))
	if err := d.write(ctx, draft, Verify(content, n, size)); err != nil {
		return errors.Join(err, d.drop(draft))
	}
	err := d.makeDirectory(path.Dir(place))
	if err == nil {
		err = d.root.Rename(draft, place)
	}
	if err != nil {
		return errors.Join(err, d.drop(draft))
	}
	return d.flush(path.Dir(place))
}

// write writes a new file, and flushes it.
func (d *Directory) write(ctx context.Context, name string, content io.Reader) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, untilDone{ctx, content})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// untilDone ends a reader with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func (d *Directory) drop(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Open implements Store.
func (d *Directory) Open(_ context.Context, n Name, offset, length int64) (io.ReadCloser, error) {
	if err := n.Valid(); err != nil {
		return nil, err
	}
	f, err := d.root.Open(n.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrMissing, n.Path())
	}
	if err != nil {
		return nil, err
	}
	return part{io.NewSectionReader(f, offset, length), f}, nil
}

// part is a part of a file.
type part struct {
	io.Reader
	io.Closer
}

// Delete implements Store.
func (d *Directory) Delete(_ context.Context, n Name) error {
	if err := n.Valid(); err != nil {
		return err
	}
	place := n.Path()
	if err := d.drop(place); err != nil {
		return err
	}
	if err := d.flush(path.Dir(place)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Retain implements Store. A directory cannot keep a file from whoever may write to it.
func (d *Directory) Retain(context.Context, Name, time.Time) error { return nil }

// Tidy implements Store.
func (d *Directory) Tidy(ctx context.Context, age time.Duration) error {
	before := d.now().Add(-age)
	dir, err := d.root.Open(unfinished)
	if err != nil {
		return err
	}
	entries, err := dir.ReadDir(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		written, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // Another server moved or dropped it.
		}
		if err != nil {
			return err
		}
		if written.ModTime().Before(before) {
			if err := d.drop(path.Join(unfinished, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check implements Store.
func (d *Directory) Check(ctx context.Context) error {
	name := path.Join(unfinished, "check-"+strings.ToLower(rand.Text()))
	return errors.Join(d.write(ctx, name, strings.NewReader("tenfold")), d.drop(name))
}
