package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/engine"
)

// serveConfig is every setting of the server.
type serveConfig struct {
	listen       string
	databaseURL  string
	ownerURL     string
	dataDir      string
	gateway      string
	sandbox      bool
	sandboxStart string
	lanes        int
	batchMax     int
	queueMax     int
	nats         natsConfig
	webhooks     webhookConfig
	access       accessConfig
	http         httpConfig
	ops          opsConfig
}

func newServe() *cobra.Command {
	var c serveConfig
	defaults := engine.Defaults()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the contract over gRPC",
		Long: "Serve the contract over gRPC. Without a database URL the server starts a durable PostgreSQL of its own\n" +
			"in the data directory. It prints one line, `serving on HOST:PORT`, once it takes calls.\n\n" +
			"Callers prove who they are by certificates or tokens, which docs/access.md tells how to configure;\n" +
			"with --insecure-loopback, callers on this machine are believed without proof.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(); err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return serve(ctx, c, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.listen, "listen", "127.0.0.1:7410", "address to serve on; port 0 takes a free one")
	f.StringVar(&c.databaseURL, "database-url", "", "connection URL of the role tenfold_app; empty for a PostgreSQL of its own")
	f.StringVar(&c.ownerURL, "owner-url", "", "connection URL of the owning role, to migrate the schema before serving")
	f.StringVar(&c.dataDir, "data-dir", "", "where a PostgreSQL of its own keeps its files (default: the user's data directory)")
	f.StringVar(&c.gateway, "gateway", "", "loopback address of the payout gateway; only a sandbox has one inside")
	f.BoolVar(&c.sandbox, "sandbox", false, "serve the SandboxService too: a clock to move, scripted results and payouts")
	f.StringVar(&c.sandboxStart, "sandbox-start", "", "time at which the sandbox clock stands first, RFC 3339 (default: now)")
	f.IntVar(&c.lanes, "lanes", defaults.Lanes, "transactions at once")
	f.IntVar(&c.batchMax, "batch-max", defaults.BatchMax, "most commands in one transaction; 1 turns batching off")
	f.IntVar(&c.queueMax, "queue-max", defaults.QueueMax, "most commands waiting in one lane")
	c.nats.flags(f)
	c.webhooks.flags(f)
	c.access.flags(f)
	c.http.flags(f)
	c.ops.flags(f)
	return cmd
}

// check names the setting that is wrong or missing, by its variable.
func (c *serveConfig) check() error {
	for _, check := range []func() error{c.checkAddresses, c.checkSandbox, c.checkBounds, c.checkNATS, c.ops.check} {
		if err := check(); err != nil {
			return err
		}
	}
	if c.databaseURL == "" && c.ownerURL != "" {
		return errors.New("TENFOLD_OWNER_URL needs TENFOLD_DATABASE_URL: a PostgreSQL of its own is migrated anyway")
	}
	if c.databaseURL != "" && c.dataDir != "" {
		return errors.New("TENFOLD_DATA_DIR goes with a PostgreSQL of its own, not with TENFOLD_DATABASE_URL")
	}
	return nil
}

func (c *serveConfig) checkAddresses() error {
	if err := c.access.check(c.listen); err != nil {
		return err
	}
	if err := c.http.check(c.access.insecure); err != nil {
		return err
	}
	if c.gateway == "" {
		if !c.sandbox {
			return errors.New("TENFOLD_GATEWAY is missing: the payout gateway's address; only a sandbox has one inside")
		}
		return nil
	}
	return checkLoopback("TENFOLD_GATEWAY", c.gateway)
}

func (c *serveConfig) checkSandbox() error {
	if c.sandboxStart == "" {
		return nil
	}
	if !c.sandbox {
		return errors.New("TENFOLD_SANDBOX_START needs TENFOLD_SANDBOX: only a sandbox has a clock to set")
	}
	if _, err := time.Parse(time.RFC3339, c.sandboxStart); err != nil {
		return fmt.Errorf("TENFOLD_SANDBOX_START is no RFC 3339 time: %q", c.sandboxStart)
	}
	return nil
}

func (c *serveConfig) checkBounds() error {
	for _, bound := range []struct {
		variable    string
		value, most int
	}{{"TENFOLD_LANES", c.lanes, 64}, {"TENFOLD_BATCH_MAX", c.batchMax, 4096}, {"TENFOLD_QUEUE_MAX", c.queueMax, 1 << 20}} {
		if bound.value < 1 || bound.value > bound.most {
			return fmt.Errorf("%s must lie between 1 and %d, not at %d", bound.variable, bound.most, bound.value)
		}
	}
	return nil
}

// checkLoopback refuses an address beyond this machine: what is said to and from
// it without proof must not leave it.
func checkLoopback(variable, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s must be HOST:PORT, not %q", variable, address)
	}
	if !isLoopback(host) {
		return fmt.Errorf("%s must be a loopback address such as 127.0.0.1, not %q", variable, host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
