package soak

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// wire is a replica's connection to the database. It can be cut at any instant;
// then the outcome of running transactions is unknown, as after a crash.
type wire struct {
	dir      string
	listener net.Listener
	network  string
	address  string
	port     string
	url      *url.URL

	mu   sync.Mutex
	cut  bool
	ends map[net.Conn]struct{}
}

// layWire makes a wire to the database at a URL.
func layWire(databaseURL string) (_ *wire, err error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		// The error does not repeat the text, which may contain a password.
		return nil, errors.New("a connection URL must have the form postgres://…")
	}
	w := &wire{url: u, ends: make(map[net.Conn]struct{})}
	w.aim()
	if w.dir, err = os.MkdirTemp("", "tenfold-soak-"); err != nil {
		return nil, fmt.Errorf("make the directory of a socket: %w", err)
	}
	if w.listener, err = net.Listen("unix", socket(w.dir, w.port)); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for a replica: %w", err), os.RemoveAll(w.dir))
	}
	go w.serve()
	return w, nil
}

// aim finds the address on which the database listens.
func (w *wire) aim() {
	query := w.url.Query()
	host, port := query.Get("host"), query.Get("port")
	if host == "" {
		host = w.url.Hostname()
	}
	if port == "" {
		port = w.url.Port()
	}
	if port == "" {
		port = "5432"
	}
	w.port = port
	if strings.HasPrefix(host, "/") {
		w.network, w.address = "unix", socket(host, port)
		return
	}
	w.network, w.address = "tcp", net.JoinHostPort(host, port)
}

func socket(dir, port string) string { return filepath.Join(dir, ".s.PGSQL."+port) }

// URL is the URL of the database over the wire.
func (w *wire) URL() string {
	u, query := *w.url, w.url.Query()
	u.Host = ""
	query.Set("host", w.dir)
	query.Set("port", w.port)
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	return u.String()
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // It was cut.
		}
		far, err := net.Dial(w.network, w.address)
		if err != nil {
			_ = near.Close()
			continue
		}
		if w.keep(near, far) {
			go w.carry(near, far)
			go w.carry(far, near)
		}
	}
}

// keep notes both ends of a connection; it returns false if the wire is cut.
func (w *wire) keep(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		if w.cut {
			_ = c.Close()
			continue
		}
		w.ends[c] = struct{}{}
	}
	return !w.cut
}

func (w *wire) carry(to, from net.Conn) {
	_, _ = io.Copy(to, from) // Ends with either end, which is no error.
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		_ = c.Close()
		delete(w.ends, c)
	}
}

// Cut breaks every connection at once, and admits no new one.
func (w *wire) Cut() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return nil
	}
	w.cut = true
	for c := range w.ends {
		_ = c.Close()
	}
	return errors.Join(w.listener.Close(), os.RemoveAll(w.dir))
}
