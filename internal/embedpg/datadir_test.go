package embedpg_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// stopped returns a data directory in which a server ran and stopped.
func stopped(t *testing.T) embedpg.Config {
	t.Helper()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true}
	stop(t, start(t, c))
	return c
}

// bystander runs a harmless process as the owner of the path, and returns its number.
func bystander(t *testing.T, path string) int {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "read -r _")
	cmd.Dir = "/"
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		as := info.Sys().(*syscall.Stat_t)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: as.Uid, Gid: as.Gid}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// Catches a pid file of a dead server that keeps the next one from starting:
// its number may be free, or be another process's since the machine restarted.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(cluster string) string{
		"of nobody":       func(string) string { return "2147483646\n" },
		"of another":      func(cluster string) string { return strconv.Itoa(bystander(t, cluster)) + "\n" },
		"torn":            func(string) string { return "" },
		"with other text": func(string) string { return "\x00\x00\x00\n" },
	} {
		t.Run(name, func(t *testing.T) {
			c := stopped(t)
			cluster := filepath.Join(c.DataDir, "pgdata")
			text := first(cluster)
			if text != "" && text[0] != 0 {
				text += cluster + "\n1700000000\n5432\n" + c.DataDir + "/socket\n\n  5432001     32768\nready   \n"
			}
			path := filepath.Join(cluster, "postmaster.pid")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(cluster); err != nil {
				t.Fatal(err)
			} else if as := info.Sys().(*syscall.Stat_t); os.Chown(path, int(as.Uid), int(as.Gid)) != nil {
				t.Fatal("chown failed")
			}
			if s := start(t, c); s.Adopted() {
				t.Error("a server that is not there was adopted")
			}
		})
	}
}

// Catches a socket path beyond what the kernel takes, and a directory among
// the temporary files that stays behind.
func TestLongDataDir(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: filepath.Join(dataDir(t), strings.Repeat("long-", 30)), Durable: true}
	s := start(t, c)
	if got := query1(t, s.AppURL(), `SELECT 'alive'`); got != "alive" {
		t.Errorf("the server answers %q", got)
	}
	note, err := os.ReadFile(filepath.Join(c.DataDir, "socket.path"))
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	if _, err := os.Stat(strings.TrimSpace(string(note))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("socket directory %s is still there (%v)", note, err)
	}
	start(t, c)
}

// Catches an initdb cut short that leaves a data directory nobody can use.
func TestInitdbCutShort(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := embedpg.Start(ctx, c)
		failed <- err
	}()
	eventually(t, "initdb is at work", func() bool {
		made, err := filepath.Glob(filepath.Join(c.DataDir, "pgdata.new-*", "base"))
		return err == nil && len(made) > 0
	})
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatalf("Start: %v, want context.Canceled", err)
	}
	// What a crash of the whole machine would have left.
	left := filepath.Join(c.DataDir, "pgdata.new-1", "base")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, c)
	if got := query1(t, s.AppURL(), `SELECT 'alive'`); got != "alive" {
		t.Errorf("the server answers %q", got)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there (%v)", left, err)
	}
}

// Catches a start that fails, or works on the same files, while the initdb of a
// killed holder is still ending.
func TestHolderKilledDuringInitdb(t *testing.T) {
	t.Parallel()
	c := embedpg.Config{DataDir: dataDir(t), Durable: true}
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), childEnv+"=durable:"+c.DataDir)
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "initdb is at work", func() bool {
		made, err := filepath.Glob(filepath.Join(c.DataDir, "pgdata.new-*", "base"))
		return err == nil && len(made) > 0
	})
	kill(t, holder)
	s := start(t, c)
	if got := query1(t, s.AppURL(), `SELECT 'alive'`); got != "alive" || s.Adopted() {
		t.Errorf("the server answers %q, adopted %v", got, s.Adopted())
	}
}

// Catches a start on files that are not ours to use, or an error that does not
// say what to do.
func TestRefusesDataDir(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		config  embedpg.Config
		want    string
	}{
		"cluster of another version": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "pgdata", "PG_VERSION"), "9\n") },
			config:  embedpg.Config{Durable: true},
			want:    "PostgreSQL 9 (the version of the data directory)",
		},
		"foreign cluster": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "PG_VERSION"), "15\n") },
			config:  embedpg.Config{Durable: true},
			want:    "choose another directory",
		},
		"no cluster": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "pgdata", "notes.txt"), "x") },
			config:  embedpg.Config{Durable: true},
			want:    "is not a PostgreSQL cluster",
		},
		"durable data without fsync": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "kind"), "durable\n") },
			config:  embedpg.Config{},
			want:    "was made as durable and cannot be used as ephemeral",
		},
		"closed to the account": {
			prepare: func(t *testing.T, dir string) {
				if err := os.Chmod(filepath.Dir(dir), closedMode()); err != nil {
					t.Fatal(err)
				}
			},
			config: embedpg.Config{Durable: true},
			want:   closedWant(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.DataDir = dataDir(t)
			c.prepare(t, c.config.DataDir)
			s, err := embedpg.Start(t.Context(), c.config)
			if err == nil {
				stop(t, s)
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

// closedMode shuts out the server's account: under root another user, else us.
func closedMode() os.FileMode {
	if os.Geteuid() == 0 {
		return 0o700
	}
	return 0o500
}

func closedWant() string {
	if os.Geteuid() == 0 {
		return "is closed to it (mode 0700)"
	}
	return "permission denied"
}

// write makes the file, as the account that would own a cluster.
func write(t *testing.T, path, text string) {
	t.Helper()
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
}

// Catches a failed start that hides the server's own words, or leaves a lock.
func TestFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	c := stopped(t)
	bad := c
	bad.Settings = map[string]string{"shared_buffers": "nonsense"}
	_, err := embedpg.Start(t.Context(), bad)
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers"`) {
		t.Errorf("Start: %v, want the server's log in it", err)
	}
	start(t, c)
}
