package embedpg

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// What follows makes a throwaway server fail on purpose. Its callers are programs and
// tests that show what Tenfold does then.

// Suspend has every process of the server stand still until Resume: connections stay open,
// and nobody says anything.
func (s *Server) Suspend() error { return s.signalAll(syscall.SIGSTOP) }

// Resume lets the processes go on.
func (s *Server) Resume() error { return s.signalAll(syscall.SIGCONT) }

// signalAll signals the postmaster first, so that it starts no further process meanwhile.
func (s *Server) signalAll(signal syscall.Signal) error {
	pid := s.Pid()
	if err := syscall.Kill(pid, signal); err != nil {
		return fmt.Errorf("signal server %d: %w", pid, err)
	}
	children, err := childrenOf(pid)
	if err != nil {
		return fmt.Errorf("find the processes of server %d: %w", pid, err)
	}
	for _, child := range children {
		if err := syscall.Kill(child, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal process %d of server %d: %w", child, pid, err)
		}
	}
	return nil
}

// Configure changes a setting of the running server that needs no restart.
func (s *Server) Configure(ctx context.Context, setting, value string) error {
	if err := checkSettings(map[string]string{setting: value}); err != nil {
		return err
	}
	db, err := pgdial.Open(s.AdminURL(), answerMax)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `ALTER SYSTEM SET `+pq.QuoteIdentifier(setting)+` = `+pq.QuoteLiteral(value)); err != nil {
		return fmt.Errorf("set %s: %w", setting, err)
	}
	if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
		return fmt.Errorf("reload settings: %w", err)
	}
	return nil
}
