package embedpg

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const lockName = "tenfold.lock"

// errLeaving is ErrInUse by the watcher of a holder that is gone: it keeps the
// lock until it has ended what it watches, which takes moments.
var errLeaving = fmt.Errorf("%w: what its last holder ran is still ending", ErrInUse)

// lock is a locked file, as a bare descriptor: an os.File would be closed, and
// the lock freed, when nobody refers to the Server any more but it still runs.
// The kernel frees it with the process, and with the watcher that shares it.
type lock int

// takeLock makes and locks the file and writes our number into it. Returns
// ErrInUse if another holds it, or has removed it meanwhile.
func takeLock(path string) (lock, error) {
	fd, err := syscall.Open(path,
		syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if err := claim(fd, path); err != nil {
		return 0, errors.Join(err, syscall.Close(fd))
	}
	return lock(fd), nil
}

func claim(fd int, path string) error {
	err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := make([]byte, 20)
		n, _ := syscall.Pread(fd, holder, 0)
		number := strings.TrimSpace(string(holder[:max(n, 0)]))
		if pid, err := strconv.Atoi(number); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return errLeaving
		}
		return fmt.Errorf("%w (pid %s)", ErrInUse, number)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	var held, named syscall.Stat_t
	if err := syscall.Fstat(fd, &held); err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if syscall.Lstat(path, &named) != nil || held.Dev != named.Dev || held.Ino != named.Ino {
		return fmt.Errorf("%w: %s was removed while being locked", ErrInUse, path)
	}
	if err := syscall.Ftruncate(fd, 0); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if _, err := syscall.Pwrite(fd, []byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// share returns a second descriptor, which also keeps the file locked.
func (l lock) share() (*os.File, error) {
	fd, err := syscall.Dup(int(l))
	if err != nil {
		return nil, fmt.Errorf("share %s: %w", lockName, err)
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), lockName), nil
}

func (l lock) release() error { return syscall.Close(int(l)) }
