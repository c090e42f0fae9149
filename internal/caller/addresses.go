package caller

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// addressesMax bounds how many servers a caller names. Replicas behind one name need one
// address.
const addressesMax = 16

// Addresses parts a list of addresses, which has commas between them. It refuses one that is
// not HOST:PORT, and one that is named twice.
func Addresses(list string) ([]string, error) {
	var all []string
	for a := range strings.SplitSeq(list, ",") {
		a = strings.TrimSpace(a)
		host, port, err := net.SplitHostPort(a)
		if err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("the server address must be HOST:PORT, not %.80q", a)
		}
		if slices.Contains(all, a) {
			return nil, fmt.Errorf("the server address %.80q is named twice", a)
		}
		all = append(all, a)
	}
	if len(all) > addressesMax {
		return nil, fmt.Errorf("%d server addresses are named, but at most %d may be", len(all), addressesMax)
	}
	return all, nil
}

// connect connects to the first of the addresses that answers. When its connection is lost,
// the next call connects anew, from the first address on.
func connect(list string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	addresses, err := Addresses(list)
	if err != nil {
		return nil, err
	}
	target := addresses[0]
	if len(addresses) > 1 {
		servers := manual.NewBuilderWithScheme("tenfold")
		endpoints := make([]resolver.Endpoint, len(addresses))
		for i, a := range addresses {
			// A server proves itself by its own name, not by that of the first.
			endpoints[i].Addresses = []resolver.Address{{Addr: a, ServerName: a}}
		}
		servers.InitialState(resolver.State{Endpoints: endpoints})
		options = append(options, grpc.WithResolvers(servers))
		target = servers.Scheme() + ":///" + target
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", list, err)
	}
	return conn, nil
}
