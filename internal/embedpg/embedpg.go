// Package embedpg runs an embedded PostgreSQL server, from server binaries that it
// finds on the machine. It serves every command that starts without a database URL:
// durable for serve, ephemeral for the demo, the bench and the tests. It owns the
// data directory, the server process, the two roles and the empty database. The
// schema belongs to the migrations, and queries belong to internal/postgres.
//
// # Who can connect
//
// The server opens no TCP port. The only way in is a Unix socket (mode 0700) in a
// directory (mode 0700) that belongs to the server's account. So the kernel admits
// that account and root, and nobody else. Authentication on the socket is trust. A
// password would be in a file beside the socket, readable by the same account, and
// would keep out nobody whom the directory admits. So the roles do not protect
// against a hostile process of the same account. They ensure that the application,
// by mistake or by an injected statement, cannot do what only the owner may do. The
// trust is in a pg_hba.conf that only Start passes to the server. The pg_hba.conf
// inside the cluster refuses everybody, so a server that somebody starts on the
// cluster by hand, with PostgreSQL's defaults for sockets and ports, admits nobody.
//
// PostgreSQL refuses to run as root. Under root the server runs as the user
// postgres, or as nobody if there is no such user; root can still connect. The data
// directory itself then stays root's. Only the cluster and the socket directory in
// it belong to the account, so root never writes where the account could have put a
// link.
//
// # Who owns the server
//
// A process holds the data directory by a lock on a file in it. While the holder
// lives, every other Start fails with ErrInUse. The kernel releases the lock when
// the holder ends, for whatever reason. A durable server survives a crash of its
// holder; the next Start finds the lock free and adopts the server. The holder of
// the lock owns the server, so Stop stops an adopted server like its own. No other
// process can become its parent, so a server that Stop left running would run for
// ever. An ephemeral server dies with its holder (see watch.go). A durable server whose
// postmaster ends without Stop is started again (see supervise.go).
package embedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// The roles of every database of Tenfold.
const (
	// AdminRole is the superuser; only tests and benches connect as it.
	AdminRole = "postgres"
	// OwnerRole owns the database and runs the migrations.
	OwnerRole = "tenfold_owner"
	// AppRole is the role of the engine. It owns nothing.
	AppRole = "tenfold_app"
)

const (
	// durableStartLimit leaves time to replay a log of max_wal_size on a slow disk.
	durableStartLimit   = 15 * time.Minute
	ephemeralStartLimit = time.Minute
	// fastStopLimit is the part of Stop in which sessions end and the last
	// checkpoint is written.
	fastStopLimit = 30 * time.Second
	// immediateStopLimit exceeds the 5 s after which a postmaster in immediate
	// shutdown kills the remaining processes.
	immediateStopLimit = 15 * time.Second
	// toolStopLimit is how long initdb may take for its current step.
	toolStopLimit = 10 * time.Second
	pollInterval  = 10 * time.Millisecond
	// answerMax is how long a statement that makes roles and databases may take.
	answerMax = 2 * time.Minute
)

// ErrInUse is returned by Start when another live process holds the data directory.
var ErrInUse = errors.New("data directory is in use by another live process")

// Config says which server to run.
type Config struct {
	// DataDir holds the cluster, the socket, the lock and the log. It is made if it
	// is missing. If it is empty and Durable is not set, the server gets a scratch
	// directory, which is removed by Stop or when the process ends in any other
	// way.
	DataDir string
	// Durable says that committed data survives a power cut.
	Durable bool
	// Logger gets a line for each start, adoption and stop; nil discards the lines.
	Logger *slog.Logger
	// Settings are further PostgreSQL settings; they override the built-in ones.
	Settings map[string]string
	// Database is the name of the database; empty means "tenfold".
	Database string
}

// Server is a running PostgreSQL server. All methods are safe for concurrent use.
type Server struct {
	config  Config
	dir     *dataDir
	install installation
	version string
	adopted bool

	// mu guards proc and socketDir, which the supervisor sets again.
	mu        sync.Mutex
	proc      *postmaster
	socketDir string
	// supervision ends the supervisor, and supervised is closed when it has ended; both
	// are nil for a server without one. lost receives why it gave up.
	supervision context.CancelFunc
	supervised  chan struct{}
	lost        chan error

	stopOnce sync.Once
	stopErr  error
}

// Start returns a server that answers queries and has both roles and the database.
// It adopts the durable server that a crashed holder left, recovers a cluster after
// a crash or power cut, and repeats an interrupted initdb. It returns ErrInUse if
// another live process holds the data directory. If it returns an error, nothing
// that it started is left running.
func Start(ctx context.Context, c Config) (_ *Server, err error) {
	if c, err = c.complete(); err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	dir, err := openDataDir(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	s := &Server{config: c, dir: dir, lost: make(chan error, 1)}
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
	c.Logger.Info("database server is ready", "dataDir", dir.root, "pid", s.Pid(),
		"version", s.version, "durable", c.Durable, "adopted", s.adopted)
	if c.Durable {
		s.beginSupervision()
	}
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

// settleIn creates the roles and the database if they are missing, and reads the
// version.
func (s *Server) settleIn(ctx context.Context) error {
	if err := Provision(ctx, s.AdminURL(), s.config.Database); err != nil {
		return err
	}
	db, err := pgdial.Open(s.AdminURL(), answerMax)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, `SHOW server_version`).Scan(&s.version)
}

// OwnerURL connects as the role that owns the database and runs migrations.
func (s *Server) OwnerURL() string { return socketURL(s.socket(), OwnerRole, s.config.Database) }

// AppURL connects as the application's role.
func (s *Server) AppURL() string { return socketURL(s.socket(), AppRole, s.config.Database) }

// AdminURL connects as the superuser, to the maintenance database.
func (s *Server) AdminURL() string { return socketURL(s.socket(), AdminRole, "postgres") }

// BinDir is the directory of the server's binaries. It contains psql and pgbench if
// they are installed.
func (s *Server) BinDir() string { return s.install.binDir }

// Version is the server's version as it reports it, such as "15.14".
func (s *Server) Version() string { return s.version }

// Pid is the process id of the postmaster.
func (s *Server) Pid() int { return s.process().pid }

// process is the present server process; nil if there is none.
func (s *Server) process() *postmaster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// socket is the directory of the socket.
func (s *Server) socket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socketDir
}

func (s *Server) setSocketDir(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socketDir = dir
}

func (s *Server) setProcess(p *postmaster) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = p
}

// Stop ends all sessions and shuts the server down. If that takes until ctx is
// done, or half a minute, it stops the server at once; a durable server then
// recovers on its next start and loses nothing. Stop releases the data directory,
// and removes a scratch directory. Later calls return the result of the first.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.endSupervision()
		err := errors.Join(s.shutDown(ctx, s.process()), s.dir.close())
		if err != nil {
			err = fmt.Errorf("embedded PostgreSQL in %s: stop: %w", s.dir.root, err)
		}
		s.stopErr = err
		s.config.Logger.Info("database server stopped", "dataDir", s.dir.root, "err", err)
	})
	return s.stopErr
}

// abandon undoes a failed Start.
func (s *Server) abandon() error {
	return errors.Join(s.shutDown(context.Background(), s.process()), s.dir.close())
}

func (s *Server) shutDown(ctx context.Context, proc *postmaster) error {
	if proc == nil {
		return nil
	}
	how := syscall.SIGINT
	if s.dir.scratch {
		how = syscall.SIGQUIT // Nobody reads the files again: no last checkpoint.
	}
	if proc.stop(ctx, how, fastStopLimit) == nil {
		return nil
	}
	s.config.Logger.Warn("database server did not end in time and is stopped at once",
		"pid", proc.pid)
	return proc.stop(context.WithoutCancel(ctx), syscall.SIGQUIT, immediateStopLimit)
}
