package embedpg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

const (
	scratchPrefix = "tenfold-scratch-"
	sharedMemory  = "/dev/shm"
	// minSharedMemory is the free memory that a scratch cluster in memory needs:
	// max_wal_size, and as much again for the tables.
	minSharedMemory = 2 << 30
	// maxScratchTries limits how often a sweep of another process may remove a
	// directory before it is locked.
	maxScratchTries = 5
)

// openScratch makes and locks a temporary directory.
func openScratch() (*dataDir, error) {
	parent := scratchParent()
	sweepScratch(parent)
	for try := 1; ; try++ {
		root, err := os.MkdirTemp(parent, scratchPrefix)
		if err != nil {
			return nil, err
		}
		d := &dataDir{root: root, scratch: true}
		if err = os.Chmod(root, rootMode()); err == nil {
			err = d.takeLock()
		}
		if err == nil {
			return d, nil
		}
		err = errors.Join(err, os.RemoveAll(root))
		if try == maxScratchTries || !errors.Is(err, ErrInUse) && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
}

// scratchParent is the memory file system if it has room, and otherwise the
// directory for temporary files.
func scratchParent() string {
	var stat syscall.Statfs_t
	if runtime.GOOS == "linux" && syscall.Statfs(sharedMemory, &stat) == nil &&
		stat.Bavail*uint64(stat.Bsize) >= minSharedMemory {
		return sharedMemory
	}
	return os.TempDir()
}

// removeScratch removes the directory, and the lock file last. If an orphaned
// process prevents the removal, a later sweep must still recognise the directory as
// abandoned.
func (d *dataDir) removeScratch() error {
	entries, err := os.ReadDir(d.root)
	if errors.Is(err, os.ErrNotExist) {
		return nil // The watcher was first.
	}
	for _, entry := range entries {
		if entry.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(d.file(entry.Name())))
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(d.root)
}

// sweepScratch removes the scratch directories of processes that have ended, in
// case their watchers were killed with them. It touches only our own directories,
// and skips directories without a lock file, because they are being made. A
// directory that cannot be removed is left to the next sweep.
func sweepScratch(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.IsDir() || !strings.HasPrefix(entry.Name(), scratchPrefix) {
			continue
		}
		if uid, _ := owner(info); uid != os.Geteuid() {
			continue
		}
		d := &dataDir{root: filepath.Join(parent, entry.Name()), scratch: true}
		if _, err := os.Lstat(d.file(lockName)); err != nil || d.takeLock() != nil {
			continue
		}
		if note, err := readPidFile(d.cluster()); err == nil && isPostmaster(note.pid, d.cluster()) {
			left := &postmaster{pid: note.pid, cluster: d.cluster()}
			if left.stop(context.Background(), syscall.SIGQUIT, immediateStopLimit) != nil {
				_ = d.lock.release()
				continue
			}
		}
		_ = d.close()
	}
}
