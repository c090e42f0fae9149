package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

const (
	rootDataDir = "/var/lib/tenfold"
	freshPrefix = "pgdata.new-"
)

// DefaultDataDir is the default directory of a durable server. Under root it is a
// directory that every account can enter, because root's home is closed. Otherwise
// it is in the user's own data directory.
func DefaultDataDir(getenv func(string) string) (string, error) {
	if os.Geteuid() == 0 {
		return rootDataDir, nil
	}
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tenfold"), nil
	}
	home := getenv("HOME")
	switch {
	case !filepath.IsAbs(home):
		return "", errors.New("no default data directory: HOME is not set")
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "tenfold"), nil
	default:
		return filepath.Join(home, ".local", "share", "tenfold"), nil
	}
}

// dataDir is a data directory that this process has locked. The cluster and the
// socket directory in it belong to the account, all other entries to us:
//
//	tenfold.lock  locked by the process that owns the server
//	kind          durable or ephemeral, for the life of the directory
//	pg_hba.conf   admits everybody who reaches the socket
//	server.log    the log of the server; server.log.1 is the log before it
//	socket        the socket's directory; if it had to go elsewhere, socket.path
//	pgdata        the cluster; pgdata.new-* is an unfinished initdb
type dataDir struct {
	root    string
	scratch bool
	lock    lock
	account account
}

func (d *dataDir) file(name string) string { return filepath.Join(d.root, name) }
func (d *dataDir) cluster() string         { return d.file("pgdata") }
func (d *dataDir) hbaFile() string         { return d.file("pg_hba.conf") }
func (d *dataDir) logFile() string         { return d.file("server.log") }

// openDataDir makes the directory if it is missing, locks it, and chooses the
// account of the server. It returns ErrInUse if another process has locked the
// directory.
func openDataDir(ctx context.Context, c Config) (_ *dataDir, err error) {
	d := &dataDir{root: c.DataDir}
	if c.DataDir == "" {
		if d, err = openScratch(); err != nil {
			return nil, err
		}
	} else if err := d.makeAndLock(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", d.root, errors.Join(err, d.close()))
		}
	}()
	// The server identifies its cluster by the path without links.
	if d.root, err = filepath.EvalSymlinks(d.root); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(d.file("PG_VERSION")); err == nil {
		return nil, errors.New("this is a PostgreSQL cluster that Tenfold did not make; choose another directory")
	}
	if d.account, err = chooseAccount(d.cluster()); err != nil {
		return nil, err
	}
	return d, d.checkKind(c.Durable)
}

func (d *dataDir) makeAndLock(ctx context.Context) error {
	if _, err := os.Stat(d.root); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(d.root, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(d.root, rootMode()); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, orphanLimit, errLeaving)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		err := d.takeLock()
		if errors.Is(err, errLeaving) {
			return false, nil
		}
		return true, err
	})
}

func (d *dataDir) takeLock() (err error) {
	d.lock, err = takeLock(d.file(lockName))
	return err
}

// rootMode lets the account pass through to its entries if we are root.
func rootMode() fs.FileMode {
	if os.Geteuid() == 0 {
		return 0o711
	}
	return 0o700
}

// close removes a scratch directory and frees the lock.
func (d *dataDir) close() error {
	err := d.dropSocketDir()
	if d.scratch {
		err = errors.Join(err, d.removeScratch())
	}
	return errors.Join(err, d.lock.release())
}

// checkKind refuses to run a durable cluster without fsync, and to run an ephemeral
// cluster as a durable one.
func (d *dataDir) checkKind(durable bool) error {
	kind, err := os.ReadFile(d.file("kind"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if was := strings.TrimSpace(string(kind)); was != kindOf(durable) {
		return fmt.Errorf("the data directory was made as %s and cannot be used as %s", was, kindOf(durable))
	}
	return nil
}

func kindOf(durable bool) string {
	if durable {
		return "durable"
	}
	return "ephemeral"
}

// clusterMajor is the major version of the cluster, or zero if there is no cluster.
func (d *dataDir) clusterMajor() int {
	text, err := os.ReadFile(filepath.Join(d.cluster(), "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return major
}

// initCluster makes the cluster if there is none. The cluster gets its name only
// when it is complete, so an unfinished one is never mistaken for a cluster and
// never holds a server. Unfinished clusters are removed. Each initdb writes to a
// directory with a unique name, because an orphaned initdb may still be running.
func (d *dataDir) initCluster(ctx context.Context, i installation, durable bool) error {
	if err := d.removeHalfMade(ctx); err != nil {
		return fmt.Errorf("remove a half-made cluster: %w", err)
	}
	if _, err := os.Lstat(d.cluster()); err == nil {
		if d.clusterMajor() == 0 {
			return fmt.Errorf("%s is not a PostgreSQL cluster; choose another directory", d.cluster())
		}
		return nil
	}
	fresh, err := os.MkdirTemp(d.root, freshPrefix)
	if err != nil {
		return err
	}
	if err := d.account.give(fresh); err != nil {
		return err
	}
	watch, err := newWatcher(d)
	if err != nil {
		return err
	}
	defer watch.release()
	args := []string{"-D", fresh, "-U", AdminRole, "-E", "UTF8", "--locale=C", "--no-instructions",
		"--auth-local=reject", "--auth-host=reject"}
	if durable {
		args = append(args, "--data-checksums")
	} else {
		args = append(args, "--no-sync")
	}
	if out, err := watch.over(ctx, d.account, i.binary("initdb"), args...).CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := os.WriteFile(d.file("kind"), []byte(kindOf(durable)+"\n"), 0o644); err != nil {
		return err
	}
	if err := os.Rename(fresh, d.cluster()); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	return errors.Join(syncPath(d.file("kind")), syncPath(d.root))
}

// removeHalfMade removes the remains of an interrupted initdb. An initdb whose
// parent was killed may still be writing. It ends when it misses its files.
func (d *dataDir) removeHalfMade(ctx context.Context) error {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, orphanLimit)
	defer cancel()
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), freshPrefix) {
			continue
		}
		err := poll(ctx, func() (bool, error) {
			err := os.RemoveAll(d.file(entry.Name()))
			if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
				return false, nil
			}
			return true, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
