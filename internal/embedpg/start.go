package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

const (
	// maxLogFile is the size above which a start begins a new log file.
	maxLogFile = 8 << 20
	// maxLogTail is the number of bytes of the log that an error repeats.
	maxLogTail = 4 << 10
	// orphanLimit is how long a start waits for orphaned processes: those of a
	// killed postmaster, which end with their running statement, or an initdb.
	orphanLimit = 30 * time.Second
	// inUseByOrphans is the server's message about orphaned processes, for which it
	// has no code.
	inUseByOrphans = "pre-existing shared memory block"
	pingLimit      = 5 * time.Second
)

// adopt takes over a server that a crashed holder left on the cluster. It waits for
// a server that is starting or stopping, and ends an ephemeral one.
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
		return fmt.Errorf("a server with pid %d runs on the cluster but does not answer: %w", left.pid, err)
	}
	s.setProcess(left)
	s.adopted = true
	return nil
}

// launch starts the server and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	socketDir, err := s.dir.makeSocketDir()
	if err != nil {
		return fmt.Errorf("socket directory: %w", err)
	}
	s.setSocketDir(socketDir)
	if err := os.WriteFile(s.dir.hbaFile(), []byte("local all all trust\n"), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(s.dir.hbaFile(), 0o644); err != nil { // The umask may have removed rights.
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

// launchOnce starts the server. On an error it also returns the end of the server's
// log, and the server has ended.
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
	proc, err := s.spawn(log)
	if err != nil {
		return "", err
	}
	if err = s.awaitReady(ctx, proc); err == nil {
		s.setProcess(proc)
		return "", nil
	}
	err = errors.Join(err, s.shutDown(context.WithoutCancel(ctx), proc))
	return tail(log, from), err
}

// spawn starts the server process; a watcher watches an ephemeral one.
func (s *Server) spawn(log *os.File) (*postmaster, error) {
	// Only Stop ends the server, so it gets a context that never ends.
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
		p.how = cmd.Wait() // Its log says more about how it ended.
		watch.release()
		close(p.exited)
	}()
	return p, nil
}

// awaitReady waits until the server answers a query over its socket, and checks
// that it is the server of our cluster.
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
			s.setSocketDir(note.socketDir)
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return err
	}
	db, err := pgdial.Open(s.AdminURL(), answerMax)
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

// openLog opens the log for appending, and begins a new one if it has grown long.
func (s *Server) openLog() (*os.File, error) {
	path := s.dir.logFile()
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogFile {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

// tail returns the end of the log written since from.
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

// lastLines are the last n lines of a text, as one line.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
