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
// directory, when this process is gone, however it went. It is a shell of its own
// session that reads a pipe whose writing end only we hold: the kernel closes
// that with us. That holds on every system, and, unlike a parent death signal,
// does not hang on the thread that started the server; nor can a caller forget it.
// It shares the lock, so that nobody takes the directory before it is through.
type watcher struct {
	pipe *os.File
	done chan struct{}
}

// watchScript reads the number of the watched process, then "ended" when that has
// ended before us. $1 is the scratch directory, or empty.
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

// announceScript reports its own number before it becomes what is watched, so that
// there is no moment at which that runs unwatched.
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

// release tells the watcher that what it watched has ended, and waits for its end.
func (w *watcher) release() {
	if w == nil {
		return
	}
	_, _ = io.WriteString(w.pipe, "ended\n")
	_ = w.pipe.Close()
	<-w.done
}
