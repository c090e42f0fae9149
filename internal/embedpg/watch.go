package embedpg

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// A watcher ends an ephemeral server, or any initdb, and removes the scratch
// directory, when this process has ended for whatever reason. It is a shell in a
// separate session. The shell reads a pipe whose writing end only this process
// holds, and the kernel closes that end with the process. This works on every
// system. Unlike a parent death signal it does not depend on the thread that
// started the server, and no caller can forget it. The watcher shares the lock, so
// that nobody takes the directory before the watcher has finished.
type watcher struct {
	pipe *os.File
	done chan struct{}
}

// watchScript reads the number of the watched process, and then "ended" if that
// process ended before ours. $1 is the scratch directory, or empty.
const watchScript = `
while read -r line; do pid=$line; done
[ "$pid" != ended ] || exit 0
if [ -n "$pid" ]; then
	kill -QUIT "$pid"
	n=0
	while kill -0 "$pid" && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
fi
[ -z "$1" ] || rm -rf -- "$1"
`

// announceScript reports its own process number and then becomes the watched
// program, so that the program is never unwatched.
const announceScript = `echo $$ >&3; exec 3>&-; exec "$@"`

func newWatcher(d *dataDir) (*watcher, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	locked, err := d.lock.share()
	if err != nil {
		writer.Close()
		return nil, err
	}
	defer locked.Close()
	scratch := ""
	if d.scratch {
		scratch = d.root
	}
	cmd := exec.Command("/bin/sh", "-c", watchScript, "sh", scratch)
	cmd.Dir = "/"
	cmd.Env = cleanEnv()
	cmd.Stdin = reader
	cmd.ExtraFiles = []*os.File{locked}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("watcher: %w", err)
	}
	w := &watcher{pipe: writer, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(w.done)
	}()
	return w, nil
}

// over prepares a program to run as the account, under watch.
func (w *watcher) over(ctx context.Context, a account, path string, args ...string) *exec.Cmd {
	cmd := a.command(ctx, "/bin/sh", append([]string{"-c", announceScript, "sh", path}, args...)...)
	cmd.ExtraFiles = []*os.File{w.pipe}
	return cmd
}

// release tells the watcher that the watched process has ended, and waits for the
// end of the watcher.
func (w *watcher) release() {
	if w == nil {
		return
	}
	_, _ = io.WriteString(w.pipe, "ended\n")
	_ = w.pipe.Close()
	<-w.done
}
