package gatewayclient

import (
	"cmp"
	"errors"
	"net/url"
	"sync"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
)

// scheme is that of the targets which addresses resolves.
const scheme = "tenfold-gateway"

// addresses resolves a connection's target to all addresses of an endpoint. Each host is
// looked up by gRPC's own resolver, again whenever a connection to it fails, and every
// machine behind it counts as an address.
type addresses struct{ endpoint Endpoint }

// Scheme implements resolver.Builder.
func (*addresses) Scheme() string { return scheme }

// Build implements resolver.Builder.
func (a *addresses) Build(_ resolver.Target, conn resolver.ClientConn, options resolver.BuildOptions) (resolver.Resolver, error) {
	dns := resolver.Get("dns")
	if dns == nil {
		return nil, errors.New("gRPC has no resolver of names")
	}
	all := &resolving{conn: conn, found: make([][]resolver.Endpoint, len(a.endpoint.Addresses))}
	for i, address := range a.endpoint.Addresses {
		name := cmp.Or(a.endpoint.ServerName, address)
		target := resolver.Target{URL: url.URL{Scheme: "dns", Path: "/" + address}}
		one, err := dns.Build(target, &host{all: all, i: i, serverName: name}, options)
		if err != nil {
			all.Close()
			return nil, err
		}
		all.each = append(all.each, one)
	}
	return all, nil
}

// resolving looks up all addresses of one connection.
type resolving struct {
	conn resolver.ClientConn
	each []resolver.Resolver

	mu    sync.Mutex
	found [][]resolver.Endpoint // By address; nil for one that was not found.
}

// ResolveNow implements resolver.Resolver.
func (r *resolving) ResolveNow(o resolver.ResolveNowOptions) {
	for _, one := range r.each {
		one.ResolveNow(o)
	}
}

// Close implements resolver.Resolver.
func (r *resolving) Close() {
	for _, one := range r.each {
		one.Close()
	}
}

// host takes what the lookup of one address finds.
type host struct {
	all *resolving
	i   int
	// serverName is the name that a certificate of the address must have.
	serverName string
}

// UpdateState implements resolver.ClientConn: the connection learns of all machines
// behind all addresses.
func (h *host) UpdateState(s resolver.State) error {
	found := s.Endpoints
	if len(found) == 0 {
		for _, a := range s.Addresses {
			found = append(found, resolver.Endpoint{Addresses: []resolver.Address{a}})
		}
	}
	named := make([]resolver.Endpoint, len(found))
	for i, e := range found {
		named[i].Attributes = e.Attributes
		for _, a := range e.Addresses {
			a.ServerName = h.serverName
			named[i].Addresses = append(named[i].Addresses, a)
		}
	}
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	h.all.found[h.i] = named
	return h.all.update()
}

// update tells the connection of what was found so far.
func (r *resolving) update() error {
	var s resolver.State
	for _, found := range r.found {
		s.Endpoints = append(s.Endpoints, found...)
		for _, e := range found {
			s.Addresses = append(s.Addresses, e.Addresses...)
		}
	}
	return r.conn.UpdateState(s)
}

// ReportError implements resolver.ClientConn. A name that cannot be looked up costs its
// address only, as long as there are others.
func (h *host) ReportError(err error) {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	for _, found := range h.all.found {
		if len(found) > 0 {
			return
		}
	}
	h.all.conn.ReportError(err)
}

// NewAddress implements resolver.ClientConn, which nobody calls any more.
func (h *host) NewAddress(found []resolver.Address) {
	// The resolver learns of an error by the next lookup.
	_ = h.UpdateState(resolver.State{Addresses: found})
}

// ParseServiceConfig implements resolver.ClientConn. Names bring no settings with them.
func (h *host) ParseServiceConfig(text string) *serviceconfig.ParseResult {
	return h.all.conn.ParseServiceConfig(text)
}
