// Package embedpg runs a PostgreSQL server of its own, from server binaries
// found on the machine, for everything that starts without a database URL:
// durable for serve, ephemeral for the demo, the bench and the tests. It owns
// the data directory, the server process, the two roles and the empty database;
// the schema belongs to migrations, and queries to internal/postgres.
//
// # Who can connect
//
// The server opens no TCP port. Its only way in is a Unix socket (mode 0700) in
// a directory (mode 0700) that belongs to the account the server runs as, so
// the kernel lets in that account and root, and nobody else. Behind that door
// authentication is trust: a password would have to lie beside the socket,
// readable by the same account, and would keep out no one the directory lets
// in. The roles therefore do not defend against a hostile process of the same
// account; they make sure that the application, by mistake or by an injected
// statement, cannot do what only the owner may. Trust stands in a pg_hba.conf
// that only Start hands to the server: the one inside the cluster refuses all,
// so a server started by hand on the cluster, with PostgreSQL's own defaults
// for sockets and ports, lets in nobody.
//
// PostgreSQL refuses to run as root. Under root the server runs as the user
// postgres, else nobody; root can still connect. The data directory itself then
// stays root's, and only the cluster and the socket directory in it are the
// account's, so root never writes where that account could have laid a link.
//
// # Whose server it is
//
// A process holds the data directory by a lock on a file in it, and a live
// holder makes every other Start fail with ErrInUse. The kernel drops the lock
// with its holder, however that ends. A durable server outlives a crash of its
// holder; the next Start finds the lock free and adopts it. Whoever holds the
// lock owns the server, so Stop stops an adopted server as it stops its own:
// no one else can be its parent, and to leave it would leave it for ever.
// An ephemeral server dies with its holder (see watch.go).
package embedpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// The roles of every database of Tenfold.
const (
	// AdminRole is the superuser; only tests and benches connect as it.
	AdminRole = "postgres"
	// OwnerRole owns the database and runs the migrations.
	OwnerRole = "tenfold_owner"
	// AppRole is what the engine connects as. It owns nothing.
	AppRole = "tenfold_app"
)

const (
	// durableStartLimit leaves time to replay max_wal_size of log on a slow disk.
	durableStartLimit   = 15 * time.Minute
	ephemeralStartLimit = time.Minute
	// fastStopLimit is the share of Stop for ending sessions and the last checkpoint.
	fastStopLimit = 30 * time.Second
	// immediateStopLimit exceeds the 5 s after which a postmaster in immediate
	// shutdown kills what has not ended.
	immediateStopLimit = 15 * time.Second
	// toolStopLimit is what initdb may take for the step it is in.
	toolStopLimit = 10 * time.Second
	pollInterval  = 10 * time.Millisecond
)

// ErrInUse is returned by Start when another live process holds the data directory.
var ErrInUse = errors.New("data directory is in use by another live process")

// Config says which server to run.
type Config struct {
	// DataDir holds the cluster, the socket, the lock and the log. It is made
	// when missing. Empty with Durable unset means a scratch directory, which
	// Stop removes, as does the end of the process in any other way.
	DataDir string
	// Durable says that what was committed survives a power cut.
	Durable bool
	// Logger gets a line per start, adoption and stop; nil discards them.
	Logger *slog.Logger
	// Settings are further PostgreSQL settings; they win over the built-in ones.
	Settings map[string]string
	// Database is the name of the database; empty means "tenfold".
	Database string
}

// Server is a running PostgreSQL server. All methods are safe for concurrent use.
type Server struct {
	config    Config
	dir       *dataDir
	install   installation
	proc      *postmaster
	socketDir string
	version   string
	adopted   bool

	stopOnce sync.Once
	stopErr  error
}

// Start returns a server that answers queries, with both roles and the database
// in place. It adopts the durable server that a crashed holder left, recovers a
// cluster after a crash or power cut, and starts over after an initdb that was
// cut short. Returns ErrInUse if another live process holds the data directory.
// On an error nothing that Start started is left running.
func Start(ctx context.Context, c Config) (_ *Server, err error) {
	if c, err = c.complete(); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	dir, err := openDataDir(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	s := &Server{config: c, dir: dir}
	defer func() {
		if err != nil {
			err = fmt.Errorf("embedded PostgreSQL in %s: %w", dir.root, errors.Join(err, s.abandon()))
		}
	}()
	if s.install, err = findInstallation(ctx, searchPlaces(), dir.clusterMajor()); err != nil {
		return nil, err
	}
	if err := dir.account.checkReach(ctx, s.install, dir.root); err != nil {
		return nil, err
	}
	if err := dir.initCluster(ctx, s.install, c.Durable); err != nil {
		return nil, err
	}
	limit := ephemeralStartLimit
	if c.Durable {
		limit = durableStartLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("the server was not ready within %v", limit))
	defer cancel()
	if err := s.adopt(ctx); err != nil {
		return nil, err
	}
	if !s.adopted {
		if err := s.launch(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.settleIn(ctx); err != nil {
		return nil, err
	}
	c.Logger.Info("database server is ready", "dataDir", dir.root, "pid", s.proc.pid,
		"version", s.version, "durable", c.Durable, "adopted", s.adopted)
	return s, nil
}

func (c Config) complete() (Config, error) {
	if c.Database == "" {
		c.Database = "tenfold"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.DataDir == "" && c.Durable {
		return c, errors.New("a durable server needs a data directory")
	}
	if c.DataDir != "" {
		abs, err := filepath.Abs(c.DataDir)
		if err != nil {
			return c, err
		}
		c.DataDir = abs
	}
	return c, checkSettings(c.Settings)
}

// settleIn makes sure of the roles and the database and reads the version.
func (s *Server) settleIn(ctx context.Context) error {
	if err := Provision(ctx, s.AdminURL(), s.config.Database); err != nil {
		return err
	}
	db, err := sql.Open("postgres", s.AdminURL())
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, `SHOW server_version`).Scan(&s.version)
}

// OwnerURL connects as the role that owns the database and runs migrations.
func (s *Server) OwnerURL() string { return socketURL(s.socketDir, OwnerRole, s.config.Database) }

// AppURL connects as the application's role.
func (s *Server) AppURL() string { return socketURL(s.socketDir, AppRole, s.config.Database) }

// AdminURL connects as the superuser, to the maintenance database.
func (s *Server) AdminURL() string { return socketURL(s.socketDir, AdminRole, "postgres") }

// BinDir is the directory of the server's binaries, psql and pgbench among them
// where they are installed.
func (s *Server) BinDir() string { return s.install.binDir }

// Version is the server's version as it reports it, such as "15.14".
func (s *Server) Version() string { return s.version }

// Pid is the process id of the postmaster.
func (s *Server) Pid() int { return s.proc.pid }

// Stop ends all sessions and shuts the server down, at once if that takes until
// ctx is done or half a minute; a durable server then recovers on its next
// start and loses nothing. It frees the data directory and removes a scratch
// one. Later calls return what the first returned.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		err := errors.Join(s.shutDown(ctx), s.dir.close())
		if err != nil {
			err = fmt.Errorf("embedded PostgreSQL in %s: stop: %w", s.dir.root, err)
		}
		s.stopErr = err
		s.config.Logger.Info("database server stopped", "dataDir", s.dir.root, "err", err)
	})
	return s.stopErr
}

// abandon undoes a Start that failed.
func (s *Server) abandon() error {
	return errors.Join(s.shutDown(context.Background()), s.dir.close())
}

func (s *Server) shutDown(ctx context.Context) error {
	if s.proc == nil {
		return nil
	}
	how := syscall.SIGINT
	if s.dir.scratch {
		how = syscall.SIGQUIT // Nobody reads the files again: no last checkpoint.
	}
	if s.proc.stop(ctx, how, fastStopLimit) == nil {
		return nil
	}
	s.config.Logger.Warn("database server did not end in time and is shut down at once",
		"pid", s.proc.pid)
	return s.proc.stop(context.WithoutCancel(ctx), syscall.SIGQUIT, immediateStopLimit)
}
