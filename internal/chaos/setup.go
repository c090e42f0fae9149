package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// settings keep the database small enough for its disk.
var settings = map[string]string{
	"shared_buffers": "64MB", "min_wal_size": "32MB", "max_wal_size": "96MB", "checkpoint_timeout": "30s", "log_min_messages": "fatal",
}

// databaseStopMax is how long the database may take to stop.
const databaseStopMax = time.Minute

// setUp starts the database on its disk, the gateway, the wire and the server, opens the
// books and makes the callers.
func (x *chaos) setUp(ctx context.Context) (err error) {
	if x.disk, err = makeDisk(x.DiskBytes); err != nil {
		return err
	}
	x.opened(x.disk.remove)
	log := slog.New(slog.NewTextHandler(x.Log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	x.database, err = embedpg.Start(ctx, embedpg.Config{DataDir: x.disk.dataDir(), Durable: true, Settings: settings, Logger: log})
	if err != nil {
		return err
	}
	x.opened(func() error {
		limit, cancel := context.WithTimeout(context.Background(), databaseStopMax)
		defer cancel()
		_ = x.database.Resume() // An attack that failed may have left it suspended.
		return x.database.Stop(limit)
	})
	if _, _, err := postgres.Migrate(ctx, x.database.OwnerURL(), log); err != nil {
		return err
	}
	if x.wire, err = layWire(x.database.AppURL()); err != nil {
		return err
	}
	x.opened(x.wire.close)
	if x.gateway, err = startGateway(x.Now, x.Seed); err != nil {
		return err
	}
	x.opened(x.gateway.stop)
	if x.address, err = freeAddress(); err != nil {
		return err
	}
	if x.ops, err = freeAddress(); err != nil {
		return err
	}
	if err := x.startServer(ctx); err != nil {
		return err
	}
	x.opened(x.stopServer)
	x.probes = newProbes(x)
	for n := range x.Callers {
		x.callers = append(x.callers, &caller{chaos: x, newcomer: n == 0})
	}
	return x.open(ctx)
}

// startServer starts the server at its address.
func (x *chaos) startServer(ctx context.Context) (err error) {
	x.server, err = serveproc.Start(ctx, serveproc.Config{
		Binary: x.Binary, Env: x.Env, Log: x.Log,
		Args: []string{
			"--listen", x.address, "--ops-listen", x.ops, "--database-url", x.wire.URL(), "--gateway", x.gateway.address,
			"--insecure-loopback", "--rate-limit", "0", "--direct-limit", "none", "--log-level", "warn",
			"--database-answer-max", x.AnswerMax.String(), "--stop-max", x.StopMax.String(),
		},
	})
	return err
}

// stopServer stops the server, which nothing keeps from ending as it should.
func (x *chaos) stopServer() error {
	limit, cancel := context.WithTimeout(context.Background(), 2*x.StopMax)
	defer cancel()
	return x.server.Stop(limit)
}

// freeAddress is an address on which nobody serves. Another process may take it before the
// server does; then the server does not start, and says so.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free address: %w", err)
	}
	return l.Addr().String(), errors.Join(l.Close())
}
