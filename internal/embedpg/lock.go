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

// errLeaving is the ErrInUse of a directory whose holder has ended. The holder's
// watcher keeps the lock until it has ended the watched process, which takes
// moments.
var errLeaving = fmt.Errorf("%w: the server of its last holder is still ending", ErrInUse)

// lock is a locked file, as a bare descriptor. An os.File would be closed, and its
// lock released, as soon as nobody refers to the Server, although the server still
// runs. The kernel releases the lock when the process, and the watcher that shares
// the lock, have ended.
type lock int

// takeLock makes and locks the file, and writes our process id into it. It returns
// ErrInUse if another process holds the lock, or has removed the file in the
// meantime.
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
