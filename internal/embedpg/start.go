package embedpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	_ "github.com/lib/pq" // The driver.
)

const (
	// maxLogFile is the size from which a start begins another log file.
	maxLogFile = 8 << 20
	// maxLogTail is how much of the log an error repeats.
	maxLogTail = 4 << 10
	// orphanLimit is how long a start waits for the processes of a killed
	// postmaster, which end when their running statement does, or of an initdb.
	orphanLimit = 30 * time.Second
	// inUseByOrphans is what the server says of them; it has no code for it.
	inUseByOrphans = "pre-existing shared memory block"
	pingLimit      = 5 * time.Second
)

// adopt takes over a server that a crashed holder left on the cluster. A
// server that is on its way up or down is waited for, an ephemeral one is ended.
func (s *Server) adopt(ctx context.Context) error {
	note, err := readPidFile(s.dir.cluster())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !isPostmaster(note.pid, s.dir.cluster()) {
		return retirePidFile(s.dir.cluster())
	}
	left := &postmaster{pid: note.pid, cluster: s.dir.cluster()}
	if !s.config.Durable {
		return left.stop(ctx, syscall.SIGQUIT, immediateStopLimit)
	}
	if err := s.awaitReady(ctx, left); err != nil {
		if left.gone() {
			return nil
		}
		return fmt.Errorf("a server with pid %d runs on the cluster and does not answer: %w", left.pid, err)
	}
	s.proc, s.adopted = left, true
	return nil
}

// launch starts the server and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	var err error
	if s.socketDir, err = s.dir.makeSocketDir(); err != nil {
		return fmt.Errorf("socket directory: %w", err)
	}
	if err := os.WriteFile(s.dir.hbaFile(), []byte("local all all trust\n"), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(s.dir.hbaFile(), 0o644); err != nil { // Whatever the umask.
		return err
	}
	orphans, cancel := context.WithTimeout(ctx, orphanLimit)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		said, err := s.launchOnce(ctx)
		if err == nil {
			return true, nil
		}
		if strings.Contains(said, inUseByOrphans) && orphans.Err() == nil {
			return false, nil
		}
		return false, fmt.Errorf("%w; the server's log (%s) ends with:\n%s", err, s.dir.logFile(), said)
	})
}

// launchOnce starts the server. On an error it also returns what the server
// said last, and the server is gone.
func (s *Server) launchOnce(ctx context.Context) (said string, err error) {
	log, err := s.openLog()
	if err != nil {
		return "", err
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	if s.proc, err = s.spawn(log); err != nil {
		return "", err
	}
	if err = s.awaitReady(ctx, s.proc); err == nil {
		return "", nil
	}
	err = errors.Join(err, s.shutDown(context.WithoutCancel(ctx)))
	s.proc = nil
	return tail(log, from), err
}

// spawn starts the server process; an ephemeral one under watch.
func (s *Server) spawn(log *os.File) (*postmaster, error) {
	// The server outlives every context but Stop's.
	ctx, program, args := context.Background(), s.install.binary("postgres"), s.serverArgs()
	cmd := s.dir.account.command(ctx, program, args...)
	var watch *watcher
	if !s.config.Durable {
		var err error
		if watch, err = newWatcher(s.dir); err != nil {
			return nil, err
		}
		cmd = watch.over(ctx, s.dir.account, program, args...)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		watch.release()
		return nil, err
	}
	p := &postmaster{pid: cmd.Process.Pid, cluster: s.dir.cluster(), exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // How it ended stands in its log.
		watch.release()
		close(p.exited)
	}()
	return p, nil
}

// awaitReady returns when the server answers a query over its socket, and is
// the one of our cluster.
func (s *Server) awaitReady(ctx context.Context, p *postmaster) error {
	err := poll(ctx, func() (bool, error) {
		if p.gone() {
			return false, fmt.Errorf("server %d has ended", p.pid)
		}
		note, err := readPidFile(s.dir.cluster())
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err == nil && note.pid == p.pid && note.status == "ready" {
			s.socketDir = note.socketDir
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", s.AdminURL())
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	var cluster string
	if err := db.QueryRowContext(ctx, `SHOW data_directory`).Scan(&cluster); err != nil {
		return fmt.Errorf("first query: %w", err)
	}
	if cluster != s.dir.cluster() {
		return fmt.Errorf("server %d serves %s", p.pid, cluster)
	}
	return nil
}

// openLog opens the log for appending, a fresh one if it has grown long.
func (s *Server) openLog() (*os.File, error) {
	path := s.dir.logFile()
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogFile {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

// tail returns the end of what was logged since from.
func tail(log *os.File, from int64) string {
	end, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return err.Error()
	}
	from = max(from, end-maxLogTail)
	text, err := io.ReadAll(io.NewSectionReader(log, from, end-from))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
