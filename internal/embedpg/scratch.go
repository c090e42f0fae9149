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
	// minSharedMemory is what must be free in memory for a scratch cluster to go
	// there: max_wal_size and as much again for the tables.
	minSharedMemory = 2 << 30
	// maxScratchTries bounds how often a sweep of another process may take a
	// directory between its making and its locking.
	maxScratchTries = 5
)

// openScratch makes and locks a directory of our own that nobody misses.
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

// scratchParent is the memory file system where it has room, else the place of
// temporary files.
func scratchParent() string {
	var stat syscall.Statfs_t
	if runtime.GOOS == "linux" && syscall.Statfs(sharedMemory, &stat) == nil &&
		stat.Bavail*uint64(stat.Bsize) >= minSharedMemory {
		return sharedMemory
	}
	return os.TempDir()
}

// removeScratch removes the directory, the lock file last: what an orphaned
// process keeps from being removed, a later sweep must still know for abandoned.
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

// sweepScratch removes the scratch directories of processes that are gone, for
// the case that their watcher was killed with them. Only our own are touched; a
// directory without a lock file is one being made. What cannot be removed
// is left to the next sweep.
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
