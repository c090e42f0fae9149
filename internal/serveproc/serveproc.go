// Package serveproc runs a Tenfold server as a separate process, for the demo and
// the bench. The process can be killed, and its resources are measured apart from
// those of its callers. The caller chooses the settings of the server.
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

// Config says how to run the server.
type Config struct {
	// Binary is the tenfold binary; it defaults to the running one.
	Binary string
	// Args follow the word serve.
	Args []string
	// Env is added to the environment. The server inherits our environment without
	// the settings of a server.
	Env []string
	// Log receives the server's log.
	Log io.Writer
	// StartLimit limits the duration of the start; zero means a minute.
	StartLimit time.Duration
}

// announcement is the beginning of the line that a server prints once it takes
// calls.
const announcement = "serving on "

// Process is a running server.
type Process struct {
	command *exec.Cmd
	address string
	// ended is closed when the process has ended; err is its exit error.
	ended chan struct{}
	err   error
}

// Start runs a server and waits until it takes calls. If the system allows that,
// the process ends together with the process that started it.
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
		// Wait closes the pipe, so the output must be read first.
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

// withoutSettings removes the variables that would change the server besides its
// arguments, such as a database or credentials that are meant for another server.
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

// Address is the address on which the server takes calls.
func (p *Process) Address() string { return p.address }

// Pid is the process id of the server.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Kill ends the process at once, as a crash would, and waits until it has ended.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill server: %w", err)
	}
	<-p.ended
	return nil
}

// Wait waits until the process ends by itself, and returns how it ended, or that ctx has
// ended first.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop asks the process to end and waits for its end. If ctx ends first, Stop kills
// the process.
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
