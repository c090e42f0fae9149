package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// stopMax is how long a server may take to stop, and after it PostgreSQL.
const stopMax = time.Minute

// durability lists the settings that let a committed answer survive a power cut.
// They are given to the server explicitly and override every other source, so the
// report states the settings that were in force.
var durability = map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

// cluster is the durable PostgreSQL of a run, in its own directory.
type cluster struct {
	dir    string
	server *embedpg.Server
}

// dirPrefix is the prefix of the names of runs' directories.
const dirPrefix = "tenfold-bench-"

// sweep removes the remains of killed runs: a durable server outlives its holder.
// It skips directories that a running process holds, directories that were never
// filled, and directories that it cannot remove.
func sweep(ctx context.Context, parent string) {
	clusters, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*", "data", "pgdata"))
	if err != nil {
		return
	}
	for _, cluster := range clusters {
		data := filepath.Dir(cluster)
		left, err := embedpg.Start(ctx, embedpg.Config{DataDir: data, Durable: true})
		if err == nil && left.Stop(ctx) == nil {
			_ = os.RemoveAll(filepath.Dir(data))
		}
	}
}

// startCluster starts PostgreSQL in an empty directory.
func startCluster(ctx context.Context, c Config) (_ *cluster, err error) {
	sweep(ctx, c.Dir)
	dir, err := os.MkdirTemp(c.Dir, dirPrefix)
	if err != nil {
		return nil, fmt.Errorf("make the bench's directory: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	// PostgreSQL may run as another user, who must be able to enter.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open the bench's directory: %w", err)
	}
	server, err := embedpg.Start(ctx, embedpg.Config{DataDir: filepath.Join(dir, "data"), Durable: true, Settings: durability})
	if err != nil {
		return nil, err
	}
	return &cluster{dir: dir, server: server}, nil
}

// close stops PostgreSQL and removes the directory. It works after an interrupted
// run, too.
func (c *cluster) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopMax)
	defer cancel()
	return errors.Join(c.server.Stop(ctx), os.RemoveAll(c.dir))
}

// database is one database of the cluster.
type database struct {
	appURL, ownerURL string
}

// create makes an empty database.
func (c *cluster) create(ctx context.Context, name string) (database, error) {
	var db database
	err := embedpg.Provision(ctx, c.server.AdminURL(), name)
	if err == nil {
		db.appURL, err = embedpg.URLFor(c.server.AdminURL(), embedpg.AppRole, "", name)
	}
	if err == nil {
		db.ownerURL, err = embedpg.URLFor(c.server.AdminURL(), embedpg.OwnerRole, "", name)
	}
	if err != nil {
		return database{}, fmt.Errorf("make database %s: %w", name, err)
	}
	return db, nil
}

// bench is one server under load, with its database, its payout gateway and its
// callers.
type bench struct {
	run     *run
	db      database
	gateway *gateway
	server  *serveproc.Process
	said    tail
	callers *callers
	// opened is the number of merchants with books. accepted is the number of
	// claims whose payouts were made or are pending.
	opened, accepted int
	// serials numbers claims, and everything else that must be unique.
	serials atomic.Int64
}

// newBench starts a server on a new database.
func (r *run) newBench(ctx context.Context, name string) (_ *bench, err error) {
	b := &bench{run: r}
	if b.db, err = r.cluster.create(ctx, name); err != nil {
		return nil, err
	}
	if _, _, err := postgres.Migrate(ctx, b.db.ownerURL, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	if b.gateway, err = startGateway(r.Now); err != nil {
		return nil, err
	}
	if err := b.serve(ctx, r.BatchMax); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// serve starts the server and connects to it.
func (b *bench) serve(ctx context.Context, batchMax int) (err error) {
	b.server, err = serveproc.Start(ctx, serveproc.Config{
		Binary: b.run.Binary,
		Args: []string{
			"--listen", "127.0.0.1:0", "--database-url", b.db.appURL, "--gateway", b.gateway.address,
			"--lanes", strconv.Itoa(b.run.Lanes), "--batch-max", strconv.Itoa(batchMax), "--log-level", "warn",
			// Callers state their identity without proof, and call as fast as they
			// can.
			"--insecure-loopback", "--rate-limit", "0", "--direct-limit", "none", "--watches-per-workload", strconv.Itoa(b.run.Watchers + b.run.IdleStreams),
		},
		Log: &b.said,
	})
	if err != nil {
		return b.blame(err)
	}
	b.callers, err = dialAll(b.server.Address(), b.run.Connections)
	return err
}

// stop stops the server; the database and the gateway stay.
func (b *bench) stop() error {
	var all []error
	if b.callers != nil {
		all = append(all, b.callers.close())
	}
	if b.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopMax)
		defer cancel()
		all = append(all, b.server.Stop(ctx))
	}
	b.callers, b.server = nil, nil
	return errors.Join(all...)
}

func (b *bench) close() error {
	err := b.stop()
	b.gateway.stop()
	return err
}

// blame adds the end of the server's log to an error.
func (b *bench) blame(err error) error {
	if said := b.said.String(); err != nil && said != "" {
		return fmt.Errorf("%w; the server's log ends with:\n%s", err, said)
	}
	return err
}

func (b *bench) meter() meter {
	return meter{server: b.server, postmaster: b.run.cluster.server.Pid()}
}

// notePeak keeps the largest peak of memory among all servers.
func (b *bench) notePeak(peak int64) {
	b.run.report.ServerPeakBytes = slices.Max([]int64{b.run.report.ServerPeakBytes, peak})
}
