package watchsoak

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// server is a process behind the road.
type server struct {
	soak    *soak
	process *serveproc.Process
}

// nowhere is an address without a payout gateway; nothing is ever paid.
const nowhere = "127.0.0.1:9"

func (s *soak) startServer(ctx context.Context) (*server, error) {
	p, err := serveproc.Start(ctx, serveproc.Config{
		Binary: s.Binary,
		Args: []string{
			"--listen", "127.0.0.1:0", "--ops-listen", "none", "--database-url", s.DatabaseURL, "--gateway", nowhere,
			"--insecure-loopback", "--rate-limit", "0", "--direct-limit", "none", "--log-level", "error",
			// The database may be one of tests, whose policies have no limits.
			"--allow-policy-without-limits=promise-tenfold,food-safety-148,consumer-protection-55",
		},
		Log: s.Log,
	})
	if err != nil {
		return nil, err
	}
	v := &server{soak: s, process: p}
	s.road.lead(v.address(), true)
	return v, nil
}

func (v *server) address() string { return v.process.Address() }

// restart kills the server, whatever it is doing, and starts a new one in its
// place.
func (v *server) restart(ctx context.Context) (*server, error) {
	v.soak.road.lead(v.address(), false)
	if err := v.process.Kill(); err != nil {
		return nil, err
	}
	return v.soak.startServer(ctx)
}

// stopMax is how long a server may take to stop.
const stopMax = time.Minute

func (v *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopMax)
	defer cancel()
	v.soak.road.lead(v.address(), false)
	return v.process.Stop(ctx)
}
