// Command order-service shows how the order service of a marketplace uses Tenfold.
// It files a claim for each complaint that it reads, follows all claims, and prints
// the outcome of each. A second run with the same complaints files nothing again.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/tenfold-claims/tenfold/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "order-service:", err)
		os.Exit(1)
	}
}

// settings are the flags of the command line.
type settings struct {
	server string
	proof  client.Proof
	every  time.Duration
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("order-service", flag.ContinueOnError)
	f.StringVar(&s.server, "server", "127.0.0.1:7410", "address of the Tenfold server")
	f.StringVar(&s.proof.Authorities, "server-ca", "", "PEM file of the authorities of a server that requires proof")
	f.StringVar(&s.proof.Certificate, "client-cert", "", "PEM file of the certificate of this service")
	f.StringVar(&s.proof.Key, "client-key", "", "PEM file of the key of that certificate")
	f.StringVar(&s.proof.Token, "token-file", "", "file of the token of this service, instead of a certificate")
	f.DurationVar(&s.every, "every", time.Second, "pause between two reads of a claim")
	err := f.Parse(args)
	if err == nil && s.every <= 0 {
		err = fmt.Errorf("-every must be greater than zero, not %v", s.every)
	}
	return s, err
}

// dialer proves the identity of this service if the server requires proof, and
// otherwise only states it.
func (s settings) dialer() client.Dialer {
	const role = "order-service"
	if s.proof != (client.Proof{}) {
		return client.Proved(s.proof, role)
	}
	return client.Identity{Workload: "order-service", Role: role}.Dial
}

// run files a claim for each complaint of in, and follows the claims until none of
// them changes by itself any more.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	c, err := client.Dial(s.server, s.dialer(), client.Defaults())
	if err != nil {
		return err
	}
	defer c.Close()
	complaints, err := read(in)
	if err != nil {
		return err
	}
	d := desk{claims: c.Claims, every: s.every, out: out}
	failed := make([]error, len(complaints))
	var all sync.WaitGroup
	for i, complaint := range complaints {
		all.Go(func() { failed[i] = d.handle(ctx, complaint) })
	}
	all.Wait()
	for i, err := range failed {
		if err != nil {
			return fmt.Errorf("complaint %d: %w", i+1, err)
		}
	}
	return nil
}
