package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ops"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// opsConfig is every setting of what operators see.
type opsConfig struct {
	listen    string
	logLevel  string
	logFormat string
}

// noOps is the address that opens no port to operators.
const noOps = "none"

func (c *opsConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.listen, "ops-listen", "", "address of metrics, health and profiles (default: on loopback, the port after that of --listen); none for no such port")
	f.StringVar(&c.logLevel, "log-level", "info", "least level that is logged: debug, info, warn or error")
	f.StringVar(&c.logFormat, "log-format", "text", "how lines are logged: text or json")
}

func (c *opsConfig) check() error {
	if new(slog.Level).UnmarshalText([]byte(c.logLevel)) != nil {
		return fmt.Errorf("TENFOLD_LOG_LEVEL is none of debug, info, warn and error: %q", c.logLevel)
	}
	if c.logFormat != "text" && c.logFormat != "json" {
		return fmt.Errorf("TENFOLD_LOG_FORMAT is neither text nor json: %q", c.logFormat)
	}
	if _, _, err := net.SplitHostPort(c.listen); err != nil && c.listen != "" && c.listen != noOps {
		return fmt.Errorf("TENFOLD_OPS_LISTEN must be HOST:PORT or %s, not %q", noOps, c.listen)
	}
	return nil
}

// address is where operators are served beside callers at listen; empty for
// nowhere. A host that is left out is loopback: whoever reaches the port may read.
func (c *opsConfig) address(listen string) (string, error) {
	const loopback = "127.0.0.1"
	if c.listen == noOps {
		return "", nil
	}
	if c.listen != "" {
		host, port, err := net.SplitHostPort(c.listen)
		if host == "" {
			host = loopback
		}
		return net.JoinHostPort(host, port), err
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(port)
	if err != nil || n == 0 {
		// A free port here as there; one that has a name has no port after it.
		return net.JoinHostPort(loopback, "0"), nil
	}
	return net.JoinHostPort(loopback, strconv.Itoa(n+1)), nil
}

const (
	// silenceMax is for how long nobody may have asked the database before the server
	// counts as stuck.
	silenceMax = 15 * readyPause
	// farewellMax is how long a stopping server waits for scrapes and for a collector.
	farewellMax = 3 * time.Second
)

// operators opens what operators look at, first of all parts, so that it is there
// while the others start and stop.
func (p *parts) operators(ctx context.Context, c *serveConfig, log *slog.Logger) (err error) {
	config := telemetry.Config{Version: version, Revision: revision(), Collector: os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		config.Sampler = telemetry.Sampler(telemetry.SampleShare)
	}
	// The exporters tell what fails through one handler of the whole process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry", "error", err) }))
	if p.telemetry, err = telemetry.New(ctx, config); err != nil {
		return err
	}
	p.opened(func() error {
		farewell, cancel := context.WithTimeout(context.Background(), farewellMax)
		defer cancel()
		if err := p.telemetry.Close(farewell); err != nil {
			log.Warn("the last telemetry was not sent", "error", err)
		}
		return nil
	})
	p.health = ops.NewHealth(time.Now, silenceMax)
	address, err := c.ops.address(c.listen)
	if err != nil || address == "" {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for operators: %w", err)
	}
	log.Info("serving operators", "address", listener.Addr().String())
	server := ops.Serve(listener, p.health, p.telemetry.Handler())
	p.opened(func() error {
		farewell, cancel := context.WithTimeout(context.Background(), farewellMax)
		defer cancel()
		return server.Stop(farewell)
	})
	return nil
}

// measured lets telemetry look at the parts that every server has.
func (p *parts) measured(db *postgres.DB, e *engine.Engine, w *worker.Worker, hub *watch.Hub, log *slog.Logger) error {
	t := p.telemetry
	backlog, err := t.Backlog(db, e, time.Now, log)
	if err = errors.Join(err, t.Queues(e), t.Worker(w), t.Watches(hub), t.Database(db, p.health.DatabaseAnswers)); err != nil {
		return err
	}
	p.running(backlog.Run)
	return nil
}
