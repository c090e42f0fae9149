package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
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

// opsConfig holds every setting of logs and of the port for operators.
type opsConfig struct {
	listen    string
	hosts     []string
	logLevel  string
	logFormat string
	// logCalls says that answered calls are logged without debug lines.
	logCalls bool
}

// callsAt is the level at which answered calls are logged.
func (c *opsConfig) callsAt() slog.Level {
	if c.logCalls {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// noOps is the value of the address that opens no port for operators.
const noOps = "none"

func (c *opsConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.listen, "ops-listen", "", "address of metrics, health and profiles, or none for no such port (default: on loopback, the port after that of --listen)")
	f.StringSliceVar(&c.hosts, "ops-hosts", nil, "names by which operators ask for that port, beside loopback and the address they connect to, such as tenfold-1.internal")
	f.StringVar(&c.logLevel, "log-level", "info", "lowest level that is logged: debug, info, warn or error")
	f.BoolVar(&c.logCalls, "log-calls", false, "log every answered call with method, code, workload and time, as --log-level debug does among much else")
	f.StringVar(&c.logFormat, "log-format", "text", "format of log lines: text or json")
}

func (c *opsConfig) check() error {
	if new(slog.Level).UnmarshalText([]byte(c.logLevel)) != nil {
		return fmt.Errorf("--log-level (TENFOLD_LOG_LEVEL) must be debug, info, warn or error, not %q", c.logLevel)
	}
	if c.logFormat != "text" && c.logFormat != "json" {
		return fmt.Errorf("--log-format (TENFOLD_LOG_FORMAT) must be text or json, not %q", c.logFormat)
	}
	if _, _, err := net.SplitHostPort(c.listen); err != nil && c.listen != "" && c.listen != noOps {
		return fmt.Errorf("--ops-listen (TENFOLD_OPS_LISTEN) must be HOST:PORT or %s, not %q", noOps, c.listen)
	}
	for i, name := range c.hosts {
		if c.hosts[i] = ops.HostName(name); c.hosts[i] == "" || strings.ContainsAny(c.hosts[i], ":/ *") && net.ParseIP(c.hosts[i]) == nil {
			return fmt.Errorf("--ops-hosts (TENFOLD_OPS_HOSTS) must be names of hosts without scheme or path, not %q", name)
		}
	}
	return nil
}

// address is the address for operators, given the address for callers; it is empty
// if there is no such port. The host defaults to loopback, because everybody who
// reaches the port may read.
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
		// If callers get a free port, operators get one too. So do they if the port
		// of callers has a name, because a name has no successor.
		return net.JoinHostPort(loopback, "0"), nil
	}
	return net.JoinHostPort(loopback, strconv.Itoa(n+1)), nil
}

const (
	// silenceMax is how long the health loop may be silent before the server counts
	// as stuck.
	silenceMax = 15 * readyPause
	// farewellMax is how long a stopping server waits for scrapes and for a collector.
	farewellMax = 3 * time.Second
)

// operators opens the port for operators. It is the first part to open, so that it
// is there while the others start and stop.
func (p *parts) operators(ctx context.Context, c *serveConfig, log *slog.Logger) (err error) {
	config := telemetry.Config{Version: version, Revision: revision(), Collector: os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		config.Sampler = telemetry.Sampler(telemetry.SampleShare)
	}
	// The exporters report their errors through one handler of the whole process.
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
	listener, err := p.listen(ctx, "ops", address, ops.Bounds())
	if err != nil {
		return fmt.Errorf("listen for operators: %w", err)
	}
	log.Info("serving operators", "address", listener.Addr().String())
	server := ops.Serve(listener, c.ops.hosts, p.health, p.telemetry.Handler())
	p.opened(func() error {
		farewell, cancel := context.WithTimeout(context.Background(), farewellMax)
		defer cancel()
		return server.Stop(farewell)
	})
	return nil
}

// measured connects telemetry with the parts that every server has.
func (p *parts) measured(db *postgres.DB, e *engine.Engine, w *worker.Worker, hub *watch.Hub, quarantine *watch.Quarantine, log *slog.Logger) error {
	t := p.telemetry
	backlog, err := t.Backlog(db, e, time.Now, log)
	if err = errors.Join(err, t.Queues(e), t.Worker(w), t.Watches(hub), t.Quarantine(quarantine), t.Database(db, p.health.DatabaseAnswers)); err != nil {
		return err
	}
	p.running(backlog.Run)
	standing, err := t.Standing(db, e, time.Now, log)
	if err != nil {
		return err
	}
	p.running(standing.Run)
	return nil
}

// certificates reports when the certificates that this server shows expire. The files are
// read at each look, as they are for each connection.
func (p *parts) certificates(c *serveConfig) error {
	until := make(map[string]func() (time.Time, bool))
	for use, file := range map[string]string{"server": c.access.CertFile, "gateway": c.gateway.certificate} {
		if file != "" {
			until[use] = func() (time.Time, bool) { return expiry(file) }
		}
	}
	return p.telemetry.Certificates(until)
}

// expiry is when the first certificate of a file expires; false if there is none.
func expiry(file string) (time.Time, bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, false
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return time.Time{}, false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, false
	}
	return c.NotAfter, true
}
