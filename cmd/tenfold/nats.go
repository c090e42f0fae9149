package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/embednats"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// natsConfig says where events are relayed to; the zero value relays nothing.
type natsConfig struct {
	url      string
	embedded bool
	listen   string
	dir      string
	replicas int
}

// replicasMax is the largest number of servers on which JetStream keeps a stream.
const replicasMax = 5

func (c *natsConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.url, "nats-url", "", "comma-separated NATS servers to relay events to; empty for no relay")
	f.IntVar(&c.replicas, "nats-replicas", 1, "number of NATS servers that keep the stream; used when the stream is made")
	f.BoolVar(&c.embedded, "nats-embedded", false, "relay events to an embedded NATS server")
	f.StringVar(&c.listen, "nats-listen", "127.0.0.1:4222", "loopback address of the embedded NATS server")
	f.StringVar(&c.dir, "nats-dir", "", "directory for the streams of the embedded NATS server (default: nats in the data directory)")
}

func (c *serveConfig) checkNATS() error {
	switch n := &c.nats; {
	case n.url != "" && n.embedded:
		return errors.New("--nats-url (TENFOLD_NATS_URL) and --nats-embedded (TENFOLD_NATS_EMBEDDED) cannot both be set")
	case n.replicas < 1 || n.replicas > replicasMax:
		return fmt.Errorf("--nats-replicas (TENFOLD_NATS_REPLICAS) must be between 1 and %d, not %d", replicasMax, n.replicas)
	case !n.embedded && n.dir != "":
		return errors.New("--nats-dir (TENFOLD_NATS_DIR) requires --nats-embedded (TENFOLD_NATS_EMBEDDED)")
	case n.embedded && n.dir == "" && c.databaseURL != "":
		return errors.New("--nats-dir (TENFOLD_NATS_DIR) is missing; with --database-url (TENFOLD_DATABASE_URL) there is no data directory in which the embedded NATS server could keep its streams")
	case n.embedded:
		return checkLoopback("--nats-listen (TENFOLD_NATS_LISTEN)", n.listen, "because the embedded NATS server asks nobody for proof")
	}
	return nil
}

// relay relays events to NATS, if the configuration names a NATS server.
func (p *parts) relay(ctx context.Context, c serveConfig, db *postgres.DB, quarantine *watch.Quarantine, bell *watch.Bell, log *slog.Logger) error {
	url := c.nats.url
	if c.nats.embedded {
		server, err := ownNATS(c)
		if err != nil {
			return err
		}
		p.opened(func() error { server.Stop(); return nil })
		url = server.URL()
		log.Info("embedded NATS server started", "url", url)
	}
	if url == "" {
		return nil
	}
	conn, err := dialNATS(url)
	if err != nil {
		return err
	}
	p.opened(func() error { conn.Close(); return nil })
	sink, err := relay.OpenJetStream(ctx, conn, relay.StreamEvents, relay.SubjectEvents, c.nats.replicas)
	if err != nil {
		return err
	}
	r := relay.New(db, sink, rpc.CloudEvent, quarantine, relay.Defaults(), log)
	p.running(func(ctx context.Context) { r.Run(ctx, bell) })
	return p.telemetry.Relay(r, time.Now)
}

func ownNATS(c serveConfig) (*embednats.Server, error) {
	dir := c.nats.dir
	if dir == "" {
		data := c.dataDir
		if data == "" {
			var err error
			if data, err = embedpg.DefaultDataDir(os.Getenv); err != nil {
				return nil, err
			}
		}
		dir = filepath.Join(data, "nats")
	}
	return embednats.Start(dir, c.nats.listen)
}

// dialNATS connects, and reconnects whenever the connection breaks. Its error
// contains no password, because the library's error names the servers without it.
func dialNATS(url string) (*nats.Conn, error) {
	conn, err := nats.Connect(url, nats.Name("tenfold"), nats.MaxReconnects(-1))
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	return conn, nil
}
