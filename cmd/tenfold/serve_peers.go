package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// peersConfig holds every setting of what one caller, or a stranger, may take of the ports
// for callers.
type peersConfig struct {
	connections    int
	perPeer        int
	exempt         []string
	proofMax       time.Duration
	perWorkload    int
	perScope       int
	exemptNetworks []netip.Prefix
}

func (c *peersConfig) flags(f *pflag.FlagSet) {
	ports, calls := peers.Defaults(), rpc.Defaults()
	f.IntVar(&c.connections, "connections-max", ports.ConnectionsMax, "connections that the port of callers, and that for HTTP, may have at once")
	f.IntVar(&c.perPeer, "connections-per-peer", ports.ShareMax, "how many of them one address may have; of IPv6, one network of 64 bits")
	f.StringSliceVar(&c.exempt, "connections-exempt", nil, "networks of proxies that the share of an address does not apply to, such as 10.0.0.0/24")
	f.DurationVar(&c.proofMax, "proof-max", ports.ProofMax, "how long a connection may stand before a caller has proved its identity on it")
	f.IntVar(&c.perWorkload, "watches-per-workload", calls.Shares.Workload, "watches that one workload may have at once")
	f.IntVar(&c.perScope, "watches-per-scope", calls.Shares.Scope, "watches that one workload may have at once for one merchant to whom its calls are limited")
}

// check returns an error that names the setting of a wrong setting.
func (c *peersConfig) check() error {
	const countMax = 1 << 20 // Beyond it no machine has the memory.
	for _, bound := range []struct {
		setting string
		value   int
	}{
		{"--connections-max (TENFOLD_CONNECTIONS_MAX)", c.connections}, {"--connections-per-peer (TENFOLD_CONNECTIONS_PER_PEER)", c.perPeer},
		{"--watches-per-workload (TENFOLD_WATCHES_PER_WORKLOAD)", c.perWorkload}, {"--watches-per-scope (TENFOLD_WATCHES_PER_SCOPE)", c.perScope},
	} {
		if bound.value < 1 || bound.value > countMax {
			return fmt.Errorf("%s must be between 1 and %d, not %d", bound.setting, countMax, bound.value)
		}
	}
	const least, most = time.Second, time.Hour
	if c.proofMax < least || c.proofMax > most {
		return fmt.Errorf("--proof-max (TENFOLD_PROOF_MAX) must be between %s and %s, not %s", least, most, c.proofMax)
	}
	c.exemptNetworks = nil
	for _, text := range c.exempt {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() {
			return fmt.Errorf("--connections-exempt (TENFOLD_CONNECTIONS_EXEMPT) must be networks such as 10.0.0.0/24 or 10.0.0.8/32, not %q", text)
		}
		c.exemptNetworks = append(c.exemptNetworks, network)
	}
	return nil
}

// bounds are the bounds of connections to one port for callers.
func (c *peersConfig) bounds() peers.Config {
	bounds := peers.Defaults()
	bounds.ConnectionsMax, bounds.ShareMax, bounds.ProofMax, bounds.Exempt = c.connections, c.perPeer, c.proofMax, c.exemptNetworks
	return bounds
}

// filesBeside are the files that a server has beside the connections of callers: those of
// the database, of webhooks, of the relay.
const filesBeside = 512

// warnOfFiles says that the process may run out of files before its ports are full.
// Strangers give way then, too, but so does whoever has not had the time to prove anything.
func (c *peersConfig) warnOfFiles(ports int, log *slog.Logger) {
	var limit syscall.Rlimit
	needed := uint64(ports*c.connections + filesBeside)
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < needed {
		log.Warn("the process may open fewer files than it has connections; raise its limit or lower --connections-max",
			"files", limit.Cur, "needed", needed)
	}
}

// listen opens a port on which connections are admitted within bounds, and measured.
func (p *parts) listen(ctx context.Context, name, address string, bounds peers.Config) (*peers.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := peers.Listen(listener, bounds)
	return l, p.telemetry.Connections(name, l)
}
