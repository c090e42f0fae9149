package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// serveConfig holds every setting of the server.
type serveConfig struct {
	listen       string
	databaseURL  string
	ownerURL     string
	dataDir      string
	gateway      gatewayConfig
	sandbox      bool
	sandboxStart string
	sandboxClock string
	lanes        int
	batchMax     int
	queueMax     int
	clockSkew    time.Duration
	holdPayouts  bool
	openBooks    bool
	// directLimit is as written, and limit as read by check.
	directLimit []string
	limit       book.DirectLimit
	// registerByTwo has a second person approve each authenticator.
	registerByTwo bool
	auditEvery    time.Duration
	// statementsKept is how long statements are kept that servers have written.
	statementsKept time.Duration
	// withoutLimits are the policies that may lack limits.
	withoutLimits []string
	// answerMax is how long a connection to the database may be silent, stopMax how
	// long the end may take.
	answerMax, stopMax time.Duration
	nats               natsConfig
	webhooks           webhookConfig
	evidence           evidenceConfig
	access             accessConfig
	http               httpConfig
	peers              peersConfig
	ops                opsConfig
}

func newServe() *cobra.Command {
	var c serveConfig
	var checkOnly bool
	defaults := engine.Defaults()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the contract over gRPC",
		Long: "Serve the contract over gRPC. Without a database URL the server starts an embedded, durable PostgreSQL in the\n" +
			"data directory. The server prints one line, `serving on HOST:PORT`, once it takes calls.\n\n" +
			"Callers prove their identity by certificates or tokens; docs/access.md says how to configure both. With\n" +
			"--insecure-loopback, callers on this machine are believed without proof.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(); err != nil {
				return usageError{err}
			}
			if checkOnly {
				return c.checkConfig(cmd)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return serve(ctx, c, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.String(configFlag, "", "YAML file of settings, a line for each flag; the command line and the environment come before it (docs/operating.md)")
	f.BoolVar(&checkOnly, "check-config", false, "check the settings and read the files that they name, print them, and end")
	f.StringVar(&c.listen, "listen", "127.0.0.1:7410", "address to serve on; port 0 takes a free port")
	f.StringVar(&c.databaseURL, "database-url", "", "connection URL of the role tenfold_app; empty for an embedded PostgreSQL")
	f.StringVar(&c.ownerURL, "owner-url", "", "connection URL of the role that owns the tables, to migrate the schema before serving")
	f.StringVar(&c.dataDir, "data-dir", "", "directory for the files of the embedded PostgreSQL (default: the user's data directory)")
	c.gateway.flags(f)
	f.BoolVar(&c.sandbox, "sandbox", false, "also serve the SandboxService: a clock to move, scripted results and payouts")
	f.StringVar(&c.sandboxStart, "sandbox-start", "", "first time of the sandbox clock on a fresh database, in RFC 3339 (default: now)")
	f.StringVar(&c.sandboxClock, "sandbox-clock", "", "whether the sandbox clock goes on by itself on a fresh database: ticking or frozen (default: frozen with --sandbox-start, else ticking)")
	f.IntVar(&c.lanes, "lanes", defaults.Lanes, "number of lanes, which commit batches at the same time")
	f.IntVar(&c.batchMax, "batch-max", defaults.BatchMax, "largest number of commands in a batch; 1 turns batching off")
	f.IntVar(&c.queueMax, "queue-max", defaults.QueueMax, "largest number of commands that wait in a lane")
	f.DurationVar(&c.clockSkew, "clock-skew", defaults.ClockSkew, "how far the clock of a caller may be ahead when it tells the time of a fact")
	f.BoolVar(&c.openBooks, "open-books", false, "open the book of a merchant who has none with the first claim, in the currency of its order line")
	f.StringSliceVar(&c.directLimit, "direct-limit", []string{strconv.Itoa(book.DefaultDirectLimit)}, "how much of a merchant's money one caller may move without two approvers: whole units of every currency, amounts of single currencies such as 300000.00CNY beside it or beside the default, or none")
	f.DurationVar(&c.auditEvery, "audit-every", 0, "audit all books at the start and then every so often, such as 24h; 0 for never. One replica is enough")
	f.DurationVar(&c.statementsKept, "statements-kept", defaults.StatementsKept, "how long a statement is kept that the servers have written (tenfold book statement --job)")
	f.BoolVar(&c.holdPayouts, "hold-payouts", false, "keep every payout from the gateway, as after a restore to an earlier time (docs/operating.md)")
	f.BoolVar(&c.registerByTwo, "register-by-two", false, "an authenticator that one person registers counts once another person has approved it")
	f.StringSliceVar(&c.withoutLimits, "allow-policy-without-limits", nil, "ids of policies that may lack limits, separated by commas; without them the server does not start, except as a sandbox")
	f.DurationVar(&c.answerMax, "database-answer-max", postgres.AnswerMax, "how long the database may say nothing while an answer is due, before a connection is given up")
	f.DurationVar(&c.stopMax, "stop-max", 28*time.Second, "how long the server may take to end after SIGTERM, whatever it waits for; calls in progress get three quarters of it")
	c.nats.flags(f)
	c.webhooks.flags(f)
	c.evidence.flags(f)
	c.access.flags(f)
	c.http.flags(f)
	c.peers.flags(f)
	c.ops.flags(f)
	return cmd
}

// check returns an error that names the flag and the setting of a wrong or missing setting.
func (c *serveConfig) check() error {
	for _, check := range []func() error{c.checkAddresses, c.checkSandbox, c.checkBounds, c.checkWaits, c.checkClockSkew, c.checkDirectLimit, c.checkNATS, c.ops.check, c.peers.check, c.evidence.check, c.checkPolicies} {
		if err := check(); err != nil {
			return err
		}
	}
	if c.databaseURL == "" && c.ownerURL != "" {
		return errors.New("--owner-url (TENFOLD_OWNER_URL) requires --database-url (TENFOLD_DATABASE_URL); the embedded PostgreSQL is always migrated")
	}
	if c.databaseURL != "" && c.dataDir != "" {
		return errors.New("--data-dir (TENFOLD_DATA_DIR) and --database-url (TENFOLD_DATABASE_URL) cannot both be set; the data directory is for the embedded PostgreSQL")
	}
	return nil
}

func (c *serveConfig) checkPolicies() error { return checkNamedPolicies(c.withoutLimits) }

func (c *serveConfig) checkAddresses() error {
	if err := c.access.check(c.listen); err != nil {
		return err
	}
	if err := c.http.check(c.access.insecure); err != nil {
		return err
	}
	return c.gateway.check(c.sandbox)
}

// What the sandbox clock does by itself.
const (
	clockTicking = "ticking"
	clockFrozen  = "frozen"
)

func (c *serveConfig) checkSandbox() error {
	switch {
	case c.sandboxStart == "" && c.sandboxClock == "":
		return nil
	case !c.sandbox && c.sandboxStart != "":
		return errors.New("--sandbox-start (TENFOLD_SANDBOX_START) needs --sandbox (TENFOLD_SANDBOX); only a sandbox has a clock to set")
	case !c.sandbox:
		return errors.New("--sandbox-clock (TENFOLD_SANDBOX_CLOCK) needs --sandbox (TENFOLD_SANDBOX); only a sandbox has a clock to set")
	case c.sandboxClock != "" && c.sandboxClock != clockTicking && c.sandboxClock != clockFrozen:
		return fmt.Errorf("--sandbox-clock (TENFOLD_SANDBOX_CLOCK) must be %s or %s, not %.40q", clockTicking, clockFrozen, c.sandboxClock)
	case c.sandboxStart == "":
		return nil
	}
	if _, err := time.Parse(time.RFC3339, c.sandboxStart); err != nil {
		return fmt.Errorf("--sandbox-start (TENFOLD_SANDBOX_START) must be a time in RFC 3339, not %q", c.sandboxStart)
	}
	return nil
}

func (c *serveConfig) checkBounds() error {
	if err := checkAuditEvery(c.auditEvery); err != nil {
		return err
	}
	if err := checkStatementsKept(c.statementsKept); err != nil {
		return err
	}
	for _, bound := range []struct {
		setting     string
		value, most int
	}{{"--lanes (TENFOLD_LANES)", c.lanes, 64}, {"--batch-max (TENFOLD_BATCH_MAX)", c.batchMax, 4096}, {"--queue-max (TENFOLD_QUEUE_MAX)", c.queueMax, 1 << 20}} {
		if bound.value < 1 || bound.value > bound.most {
			return fmt.Errorf("%s must be between 1 and %d, not %d", bound.setting, bound.most, bound.value)
		}
	}
	return nil
}

// These bound what may be waited for. Under a second a busy machine would be taken for a
// silent one; beyond a quarter of an hour nobody would notice one.
const answerMin, answerMost = time.Second, 15 * time.Minute

// These bound the end: a call in progress needs a moment, and an orchestrator kills.
const stopMin, stopMost = 2 * time.Second, time.Hour

// drainMax is how long a stopping server waits for calls in progress; the rest of the end
// is for the gateway's calls, the workers and the database.
func (c *serveConfig) drainMax() time.Duration { return c.stopMax / 4 * 3 }

func (c *serveConfig) checkWaits() error {
	for _, wait := range []struct {
		setting            string
		value, least, most time.Duration
	}{
		{"--database-answer-max (TENFOLD_DATABASE_ANSWER_MAX)", c.answerMax, answerMin, answerMost},
		{"--stop-max (TENFOLD_STOP_MAX)", c.stopMax, stopMin, stopMost},
	} {
		if wait.value < wait.least || wait.value > wait.most {
			return fmt.Errorf("%s must be between %s and %s, not %s", wait.setting, wait.least, wait.most, wait.value)
		}
	}
	return nil
}

// clockSkewMax bounds the difference of clocks that is put up with: beyond it a clock is
// wrong, and periods that are counted from its times would be, too.
const clockSkewMax = 15 * time.Minute

func (c *serveConfig) checkClockSkew() error {
	if c.clockSkew < 0 || c.clockSkew > clockSkewMax {
		return fmt.Errorf("--clock-skew (TENFOLD_CLOCK_SKEW) must be between 0s and %s, not %s", clockSkewMax, c.clockSkew)
	}
	return nil
}

// becauseInsecure is why an address of callers must be on this machine.
const becauseInsecure = "because of --insecure-loopback (TENFOLD_INSECURE_LOOPBACK)"

// checkLoopback refuses an address outside of this machine. Messages to and from an
// address that needs no proof must not leave the machine.
func checkLoopback(setting, address, because string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s must be HOST:PORT, not %q", setting, address)
	}
	if !isLoopback(host) {
		return fmt.Errorf("%s must be a loopback address such as 127.0.0.1 %s, not %q", setting, because, host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
