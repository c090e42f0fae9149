package chaos

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// wire carries the server's connections to its database over TCP. It can swallow what the
// present connections carry from then on, in both ways; it closes nothing, and new
// connections work. So does a firewall that lost its entries, or an address that moved.
type wire struct {
	listener         net.Listener
	network, address string
	database         url.URL

	mu    sync.Mutex
	lines map[*line]struct{}
}

// line is one connection.
type line struct {
	near, far net.Conn
	silent    atomic.Bool
	// lane says that the server has set the connection up as one of a lane. Its probe
	// sets up the same, and one thing more.
	lane, probe atomic.Bool
}

// These are in the settings of a lane's session and of a probe's.
var (
	laneMark  = []byte("force_generic_plan")
	probeMark = []byte("work_mem")
)

func laneOnly(l *line) bool { return l.lane.Load() && !l.probe.Load() }
func all(*line) bool        { return true }

// layWire makes a wire to a database whose URL names the directory of its socket.
func layWire(databaseURL string) (*wire, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || !strings.HasPrefix(u.Query().Get("host"), "/") {
		return nil, fmt.Errorf("the database is not reached over a socket")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the server's connections: %w", err)
	}
	q := u.Query()
	w := &wire{
		listener: listener, network: "unix", address: filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")),
		lines: make(map[*line]struct{}),
	}
	w.database = url.URL{Scheme: u.Scheme, Host: listener.Addr().String(), Path: u.Path, User: url.User(q.Get("user")), RawQuery: "sslmode=disable"}
	go w.serve()
	return w, nil
}

// URL is the URL of the database over the wire.
func (w *wire) URL() string { return w.database.String() }

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // It was closed.
		}
		go w.connect(near)
	}
}

func (w *wire) connect(near net.Conn) {
	far, err := net.Dial(w.network, w.address)
	if err != nil {
		_ = near.Close()
		return
	}
	l := &line{near: near, far: far}
	w.mu.Lock()
	w.lines[l] = struct{}{}
	w.mu.Unlock()
	go w.carry(l, near, far)
	go w.carry(l, far, near)
}

func (w *wire) carry(l *line, to, from net.Conn) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			break
		}
		if from == l.near {
			l.mark(b[:n])
		}
		if l.silent.Load() {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			break
		}
	}
	_, _ = l.near.Close(), l.far.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.lines, l)
}

func (l *line) mark(said []byte) {
	if bytes.Contains(said, laneMark) {
		l.lane.Store(true)
	}
	if bytes.Contains(said, probeMark) {
		l.probe.Store(true)
	}
}

// swallow has some of the present connections go silent, and returns their number.
func (w *wire) swallow(which func(*line) bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.lines {
		if which(l) {
			l.silent.Store(true)
			n++
		}
	}
	return n
}

func (w *wire) close() error {
	err := w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.lines {
		_, _ = l.near.Close(), l.far.Close()
	}
	return err
}
