// Package serveproc runs a Tenfold server as a process of its own, for the demo
// and the bench: it can be killed like any process, and what it uses is
// measured apart from who calls it. It leaves what to serve to the caller.
package serveproc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Config says what to run.
type Config struct {
	// Binary is the tenfold binary; empty for the running one.
	Binary string
	// Args follow the word serve.
	Args []string
	// Env is added to the environment, of which the server gets everything but
	// settings of its own.
	Env []string
	// Log receives what the server logs.
	Log io.Writer
	// StartLimit bounds the start; zero means a minute.
	StartLimit time.Duration
}

// announcement begins the line that a server prints once it takes calls.
const announcement = "serving on "

// Process is a running server.
type Process struct {
	command *exec.Cmd
	address string
	// ended is closed when the process is gone; err is how it went.
	ended chan struct{}
	err   error
}

// Start runs a server and waits until it takes calls. The process ends with the
// one that started it, where the system allows that.
func Start(ctx context.Context, c Config) (*Process, error) {
	if c.Binary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the tenfold binary: %w", err)
		}
		c.Binary = self
	}
	if c.StartLimit == 0 {
		c.StartLimit = time.Minute
	}
	command := exec.Command(c.Binary, append([]string{"serve"}, c.Args...)...)
	command.Env = append(withoutSettings(os.Environ()), c.Env...)
	command.Stderr = c.Log
	command.SysProcAttr = attributes()
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	p := &Process{command: command, ended: make(chan struct{})}
	said := make(chan string, 1)
	go func() {
		// Wait closes the pipe, so everything is read before.
		p.listen(out, said)
		p.err = command.Wait()
		close(p.ended)
	}()
	limit := time.NewTimer(c.StartLimit)
	defer limit.Stop()
	select {
	case p.address = <-said:
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("the server ended before it took calls: %w", p.err)
	case <-limit.C:
		return nil, errors.Join(fmt.Errorf("the server took no calls within %v", c.StartLimit), p.Kill())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), p.Kill())
	}
}

// withoutSettings leaves out what would steer the server beside its arguments:
// a database or credentials that are meant for another.
func withoutSettings(environment []string) []string {
	return slices.DeleteFunc(environment, func(entry string) bool { return strings.HasPrefix(entry, "TENFOLD_") })
}

func (p *Process) listen(out io.Reader, said chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), announcement); ok {
			select {
			case said <- address:
			default:
			}
		}
	}
}

// Address is where the server takes calls.
func (p *Process) Address() string { return p.address }

// Pid is its process id.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Kill ends the process at once, as a crash would, and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill server: %w", err)
	}
	<-p.ended
	return nil
}

// Stop asks the process to end, waits until it has, and kills it when ctx ends
// before.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop server: %w", err)
	}
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("server stopped: %w", p.err)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("the server did not stop: %w", ctx.Err()), p.Kill())
	}
}
