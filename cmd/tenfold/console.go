package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/console"
)

// consoleConfig holds every setting of the console.
type consoleConfig struct {
	listen   string
	server   string
	workload string
	proof    caller.Proof
	roles    []string
	header   string
	claim    string
	zone     string
}

// consoleDrain is how long pages under way may take when the console stops.
const consoleDrain = 10 * time.Second

func newConsole() *cobra.Command {
	var c consoleConfig
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Serve web pages for support, adjudicators, approvers, finance and merchants",
		Long: "Serve web pages for the people who work with claims: queues, search, a claim with its reasons and its timeline, decisions with\n" +
			"their effect before they are stored, merchants' books, proposals and breaks, in English and Chinese. The console is a caller of the\n" +
			"server as any other. Against a server on this machine that asks for no proof, people say who they are. Otherwise a proxy that signs\n" +
			"people in gives each one's token in the header --person-header. docs/console.md tells more.",
		Example: "tenfold console\n" +
			"tenfold console --console-listen :7414 --server tenfold.example:7410 --server-ca ca.pem --client-cert console.pem --client-key console-key.pem --person-header X-Forwarded-Access-Token",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&c.listen, "console-listen", "127.0.0.1:7414", "address to serve the pages on")
	f.StringVar(&c.header, "person-header", "", "header in which a proxy gives the token of the person that it has signed in")
	f.StringVar(&c.claim, "person-claim", "sub", "claim of that token that has the person's id, as in the server's workloads file")
	f.StringSliceVar(&c.roles, "roles", []string{"support", "adjudicator", "approver", "finance", "operator", "merchant", "auditor"}, "roles that people may choose among")
	f.StringVar(&c.zone, "tz", "Asia/Shanghai", "time zone of the pages")
	f.StringVar(&c.server, "server", "127.0.0.1:7410", "address of the server, or several with commas between them: the first that answers is called")
	f.StringVar(&c.workload, "workload", "tenfold-console", "workload of the console, to a server that asks for no proof")
	f.StringVar(&c.proof.Authorities, "server-ca", "", "PEM file of the authorities of a server that requires proof; calls are made over TLS")
	f.StringVar(&c.proof.Certificate, "client-cert", "", "PEM file of the certificate that proves the workload")
	f.StringVar(&c.proof.Key, "client-key", "", "PEM file of the key of that certificate")
	f.StringVar(&c.proof.Token, "token-file", "", "file of the token that proves the workload, instead of a certificate")
	inGroup(f, connectionGroup, "server", "workload", "server-ca", "client-cert", "client-key", "token-file")
	return cmd
}

// connect opens the connection on which the console calls for everybody.
func (c *consoleConfig) connect() (*grpc.ClientConn, error) {
	if c.proof == (caller.Proof{}) {
		if c.header != "" {
			return nil, usageError{errors.New("--person-header (TENFOLD_PERSON_HEADER) gives proof of people, which is for a server that requires proof of the console too: give --client-cert and --client-key, or --token-file")}
		}
		if err := checkLoopback("--console-listen (TENFOLD_CONSOLE_LISTEN)", c.listen, "because people are believed without proof"); err != nil {
			return nil, usageError{err}
		}
		conn, err := caller.Identity{Workload: c.workload}.Dial(c.server, console.With())
		if err != nil {
			return nil, usageError{err}
		}
		return conn, nil
	}
	if c.header == "" {
		return nil, usageError{errors.New("--person-header (TENFOLD_PERSON_HEADER) must name the header in which a proxy gives each person's token: a server that requires proof takes people from tokens")}
	}
	conn, err := c.proof.Dial(c.server, "", console.With())
	if err != nil {
		return nil, usageError{err}
	}
	return conn, nil
}

func (c *consoleConfig) run(cmd *cobra.Command) error {
	zone, err := time.LoadLocation(c.zone)
	if err != nil {
		return usageError{fmt.Errorf("--tz (TENFOLD_TZ) must be a time zone such as Asia/Shanghai or UTC, not %q", c.zone)}
	}
	conn, err := c.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	log := logger(cmd.ErrOrStderr())
	pages, err := console.New(conn, console.Config{Roles: c.roles, PersonHeader: c.header, PersonClaim: c.claim, Zone: zone, Log: log})
	if err != nil {
		return usageError{err}
	}
	var listening net.ListenConfig
	l, err := listening.Listen(cmd.Context(), "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.listen, err)
	}
	server := console.NewServer(pages, log)
	fmt.Fprintf(cmd.OutOrStdout(), "Console on http://%s/ for the server at %s. Interrupt to stop.\n", l.Addr(), c.server)
	stopped := make(chan error, 1)
	stop := context.AfterFunc(cmd.Context(), func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), consoleDrain)
		defer cancel()
		stopped <- server.Shutdown(drain)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve the console: %w", err)
	}
	return <-stopped
}
