package embedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postmaster is a server process: our child, or a server that another process left.
type postmaster struct {
	pid     int
	cluster string
	// exited is closed when our child has ended; it is nil for an adopted server.
	exited chan struct{}
	// how is how our child ended, once exited is closed.
	how error
}

// ended says in words how the server ended.
func (p *postmaster) ended() string {
	if p.exited == nil {
		return "unknown, another process had started it"
	}
	if p.how == nil {
		return "exit status 0"
	}
	return p.how.Error()
}

func (p *postmaster) gone() bool {
	if p.exited == nil {
		return !isPostmaster(p.pid, p.cluster)
	}
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// stop sends the signal and waits for the end of the server, until ctx is done or
// the limit has passed. It returns no error for a server that has already ended.
func (p *postmaster) stop(ctx context.Context, how syscall.Signal, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if !p.gone() {
		if err := syscall.Kill(p.pid, how); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal server %d: %w", p.pid, err)
		}
	}
	return poll(ctx, func() (bool, error) { return p.gone(), nil })
}

// poll calls step until it is done or returns an error, or ctx ends.
func poll(ctx context.Context, step func() (done bool, err error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if done, err := step(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// isPostmaster says whether the process is a live server on the cluster, and not
// another process with the number of a dead one.
func isPostmaster(pid int, cluster string) bool {
	if pid <= 0 {
		return false
	}
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	args := arguments(pid, cluster)
	if len(args) == 0 {
		return false
	}
	if name := filepath.Base(args[0]); name != "postgres" && name != "postmaster" {
		return false
	}
	for i := 1; i+1 < len(args); i++ {
		if args[i] == "-D" && args[i+1] == cluster {
			return true
		}
	}
	return false
}

// pidFile is the file in which a postmaster describes itself.
type pidFile struct {
	pid       int
	socketDir string
	status    string
}

// nobodysPid is above every process number that Linux and macOS use.
const nobodysPid = "2147483647"

func pidFilePath(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

// readPidFile returns os.ErrNotExist if there is no file. A file that is still
// being written, or was torn by a power cut, has empty fields.
func readPidFile(cluster string) (pidFile, error) {
	// The cluster belongs to the account, which must not redirect root to another
	// file.
	f, err := os.OpenFile(pidFilePath(cluster), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return pidFile{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 8<<10))
	if err != nil {
		return pidFile{}, err
	}
	lines := append(strings.Split(string(text), "\n"), make([]string, 8)...)
	note := pidFile{socketDir: lines[4], status: strings.TrimSpace(lines[7])}
	if pid, err := strconv.Atoi(strings.TrimSpace(lines[0])); err == nil {
		note.pid = pid
	}
	return note, nil
}

// retirePidFile makes the pid file name no live process, so that the server does
// not take an unrelated process with the old number for another server. The other
// fields stay: the server uses them to check that no process of the dead server is
// still attached to its shared memory.
func retirePidFile(cluster string) error {
	f, err := os.OpenFile(pidFilePath(cluster), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 8<<10))
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	text = append([]byte(nobodysPid+"\n"), rest...)
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	return err
}
