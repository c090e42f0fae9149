package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user of the operating system that runs the server.
type account struct {
	name     string
	uid, gid int
	// other says that the account is not our own. Then children must change to it,
	// and its files must be given to it.
	other bool
}

// chooseAccount returns our own account. Under root it returns the owner of the
// existing cluster, otherwise the user postgres, otherwise nobody. It returns an
// error if the cluster belongs to a user as whom this process cannot run.
func chooseAccount(cluster string) (account, error) {
	self := account{name: "uid " + strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}
	info, err := os.Lstat(cluster)
	switch {
	case err == nil:
		uid, gid := owner(info)
		if uid == self.uid && uid != 0 {
			return self, nil
		}
		if self.uid != 0 {
			return account{}, fmt.Errorf("%s belongs to uid %d, and this process runs as uid %d; "+
				"run it as that user", cluster, uid, self.uid)
		}
		if uid == 0 {
			return account{}, fmt.Errorf("%s belongs to root, and PostgreSQL does not run as root; "+
				"give it to an ordinary user with `chown -R`", cluster)
		}
		return account{name: "uid " + strconv.Itoa(uid), uid: uid, gid: gid, other: true}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return account{}, err
	case self.uid != 0:
		return self, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			// On macOS the id of the user nobody is -2.
			return account{name: name, uid: int(uint32(uid)), gid: int(uint32(gid)), other: true}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres " +
		"nor nobody to run it as; start this process as an ordinary user")
}

func owner(info fs.FileInfo) (uid, gid int) {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// command prepares a program to run as the account in a separate session, so that
// Ctrl-C at the terminal does not reach the server before its parent has drained.
func (a account) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = "/"
	cmd.Env = cleanEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// SIGTERM lets initdb clean up. If it were killed, its servers would leave
	// shared memory behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = toolStopLimit
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// give makes the account the owner of path, and closes path to other users. path
// must not be a link.
func (a account) give(path string) error {
	if a.other {
		if err := os.Lchown(path, a.uid, a.gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, 0o700)
}

// checkReach checks that the account can run the binaries and enter dir.
func (a account) checkReach(ctx context.Context, i installation, dir string) error {
	if !a.other {
		return nil
	}
	if err := a.command(ctx, i.binary("postgres"), "--version").Run(); err != nil {
		return fmt.Errorf("%s cannot run %s: %w", a.name, i.binary("postgres"), err)
	}
	cmd := a.command(ctx, i.binary("postgres"), "--version")
	cmd.Dir = dir
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("PostgreSQL does not run as root, and %s, as whom it would run, cannot enter "+
			"the data directory%s; choose another, such as %s, or run this process as an ordinary user",
			a.name, closedParent(dir), rootDataDir)
	}
	return nil
}

// closedParent names the topmost directory above dir that other users cannot enter.
func closedParent(dir string) string {
	closed := ""
	for at := dir; ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && info.Mode().Perm()&0o001 == 0 {
			closed = fmt.Sprintf(" because %s is closed to it (mode %04o)", at, info.Mode().Perm())
		}
		if at == filepath.Dir(at) {
			return closed
		}
	}
}
