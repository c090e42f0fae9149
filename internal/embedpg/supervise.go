package embedpg

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A postmaster can end without being told to: the kernel kills it for memory, an operator
// by mistake, or it gives itself up where its disk is full. Nobody else is there to start
// it again, so the holder does.

const (
	// watchInterval is how often the supervisor looks whether the server has ended.
	watchInterval = 100 * time.Millisecond
	// restartsMax is how often a server is started again that does not stay. The pauses
	// between double from restartPause: half a minute in all, after which what ends it will
	// not pass by itself.
	restartsMax  = 7
	restartPause = 250 * time.Millisecond
	// restartSteady is how long a server has to stay before its restarts are forgotten.
	restartSteady = time.Minute
)

// Lost receives one error if the server has ended, and could not be started again. The
// holder can then only end, and say so.
func (s *Server) Lost() <-chan error { return s.lost }

func (s *Server) beginSupervision() {
	ctx, cancel := context.WithCancel(context.Background())
	s.supervision, s.supervised = cancel, make(chan struct{})
	go func() {
		defer close(s.supervised)
		s.supervise(ctx)
	}()
}

// endSupervision waits until nothing is started any more.
func (s *Server) endSupervision() {
	if s.supervision != nil {
		s.supervision()
		<-s.supervised
	}
}

// supervise starts the server again whenever it has ended, until ctx ends or the server
// does not stay.
func (s *Server) supervise(ctx context.Context) {
	left, pause := restartsMax, restartPause
	for {
		steady, cancel := context.WithTimeout(ctx, restartSteady)
		stayed := s.awaitEnd(steady) != nil
		cancel()
		if ctx.Err() != nil {
			return
		}
		if stayed {
			left, pause = restartsMax, restartPause
			if s.awaitEnd(ctx) != nil {
				return
			}
		}
		s.sayEnded()
		for {
			if left == 0 {
				s.lost <- fmt.Errorf("the database server in %s has ended and could not be started again %d times; its log is %s",
					s.dir.root, restartsMax, s.dir.logFile())
				return
			}
			if rest(ctx, pause) != nil {
				return
			}
			left, pause = left-1, 2*pause
			err := s.startAgain(ctx)
			if err == nil {
				s.config.Logger.Warn("database server was started again", "dataDir", s.dir.root, "pid", s.Pid())
				break
			}
			if ctx.Err() != nil {
				return
			}
			s.config.Logger.Error("database server could not be started again", "dataDir", s.dir.root, "triesLeft", left, "error", err)
		}
	}
}

// awaitEnd waits for the end of the server, or returns the cause of the end of ctx.
func (s *Server) awaitEnd(ctx context.Context) error {
	proc := s.process()
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for !proc.gone() {
		select {
		case <-proc.exited: // Nil for an adopted server, and so never ready.
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (s *Server) sayEnded() {
	proc := s.process()
	said := ""
	if log, err := os.Open(s.dir.logFile()); err == nil {
		said = tail(log, 0)
		_ = log.Close()
	}
	s.config.Logger.Error("database server has ended and is started again", "dataDir", s.dir.root, "pid", proc.pid,
		"how", proc.ended(), "log", lastLines(said, 5))
}

// startAgain launches the server on its cluster, under the same address. Processes that
// the dead postmaster left end with their running statement; launch waits for them.
func (s *Server) startAgain(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, durableStartLimit, fmt.Errorf("the server was not ready within %v", durableStartLimit))
	defer cancel()
	if err := s.retireDead(); err != nil {
		return err
	}
	return s.launch(ctx)
}

// retireDead makes a pid file that the dead server left name no process, so that another
// one that got its number is not taken for it.
func (s *Server) retireDead() error {
	note, err := readPidFile(s.dir.cluster())
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if isPostmaster(note.pid, s.dir.cluster()) {
		return fmt.Errorf("another server with pid %d runs on the cluster", note.pid)
	}
	return retirePidFile(s.dir.cluster())
}

// rest waits, or returns early when ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
