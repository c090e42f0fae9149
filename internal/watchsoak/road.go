package watchsoak

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
)

// road is the single address of the servers. It leads each connection to a running
// server, and can break a connection at any instant.
type road struct {
	listener net.Listener

	mu      sync.Mutex
	servers []string
	// lanes are the open connections, each with its server.
	lanes map[*lane]string
}

// lane is one connection with both of its ends.
type lane struct{ near, far net.Conn }

func (l *lane) close() {
	_ = l.near.Close()
	_ = l.far.Close()
}

func layRoad() (*road, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for watchers: %w", err)
	}
	r := &road{listener: listener, lanes: make(map[*lane]string)}
	go r.serve()
	return r, nil
}

func (r *road) address() string { return r.listener.Addr().String() }

// lead adds or removes a server to which connections may lead.
func (r *road) lead(server string, runs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if runs {
		r.servers = append(r.servers, server)
		return
	}
	r.servers = slices.DeleteFunc(r.servers, func(s string) bool { return s == server })
}

func (r *road) serve() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return // It was closed.
		}
		if !r.take(near) {
			_ = near.Close()
		}
	}
}

// take leads a connection to some server; it returns false if there is none.
func (r *road) take(near net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.servers) == 0 {
		return false
	}
	server := r.servers[rand.IntN(len(r.servers))]
	far, err := net.Dial("tcp", server)
	if err != nil {
		return false
	}
	l := &lane{near, far}
	r.lanes[l] = server
	go r.carry(l, far, near)
	go r.carry(l, near, far)
	return true
}

func (r *road) carry(l *lane, to, from net.Conn) {
	_, _ = io.Copy(to, from) // Ends with either end, which is no error.
	r.mu.Lock()
	defer r.mu.Unlock()
	l.close()
	delete(r.lanes, l)
}

// cut breaks every connection to a server.
func (r *road) cut(server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l, leads := range r.lanes {
		if leads == server {
			l.close()
		}
	}
}

func (r *road) close() error {
	err := r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.lanes {
		l.close()
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
