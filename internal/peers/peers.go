// Package peers admits connections. A peer, which is an address or the network that one
// machine has, gets a share of them, and everybody has a time to prove who they are;
// connections on which nothing is proved give way to others. What a proof is, the servers
// behind the listener decide.
package peers

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Config bounds the connections of one port. Every value must be set, except Exempt.
type Config struct {
	// ConnectionsMax is how many connections there may be at once.
	ConnectionsMax int
	// ShareMax is how many of them one peer may have.
	ShareMax int
	// ProofMax is how long a connection may stand before something is proved on it.
	ProofMax time.Duration
	// BytesMax is how much may be read from connections before something is proved on them, all
	// of them together. It bounds the memory that strangers take.
	BytesMax int
	// Exempt are networks of proxies. Many callers come from one of their addresses, so
	// they have no share; they have to prove themselves like others.
	Exempt []netip.Prefix
}

// Defaults are the settings of `serve`. Four addresses fill a port with callers that are
// proved; where all callers come from fewer, the share is to be set higher.
func Defaults() Config {
	return Config{ConnectionsMax: 4096, ShareMax: 1024, ProofMax: 20 * time.Second, BytesMax: 64 << 20}
}

// Cause says why a connection was refused or ended.
type Cause string

const (
	// CauseShare: its peer had its share of connections, and none or no older one was
	// left that could give way.
	CauseShare Cause = "share"
	// CauseFull: the port had all its connections, or the process all its files, and
	// this was the oldest one on which nothing was proved.
	CauseFull Cause = "full"
	// CauseTime: nothing was proved on it in time.
	CauseTime Cause = "time"
	// CauseBytes: strangers sent too much, and this one the most.
	CauseBytes Cause = "bytes"
)

// Causes are all causes.
func Causes() []Cause { return []Cause{CauseShare, CauseFull, CauseTime, CauseBytes} }

// Totals are the numbers of a listener.
type Totals struct {
	// Open are the connections that stand, Unproved those among them on which nothing
	// is proved.
	Open, Unproved int
	// Refused are the connections that were refused or ended, by cause.
	Refused map[Cause]int64
}

// Listener admits connections.
type Listener struct {
	net.Listener
	config Config

	mu   sync.Mutex
	open int
	// strangers are the connections on which nothing is proved, the oldest first.
	strangers *list.List
	// bytes is what was read from them.
	bytes   int
	peers   map[netip.Prefix]*share
	refused map[Cause]int64
	// left tells Accept that a place may be free; closed that nobody accepts any more.
	left   chan struct{}
	closed chan struct{}
	close  sync.Once
}

// share is what a peer has of the connections.
type share struct {
	open      int
	strangers *list.List
}

// Listen admits the connections that come to l.
func Listen(l net.Listener, c Config) *Listener {
	return &Listener{
		Listener: l, config: c, strangers: list.New(), peers: make(map[netip.Prefix]*share), refused: make(map[Cause]int64),
		left: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// Accept gives the next connection that is admitted. While every connection has a proof
// and there is no room for another, the next one waits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			if admitted := l.admit(c); admitted != nil {
				return admitted, nil
			}
		case (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && l.makeRoom():
			// There is a file for it now.
		default:
			return nil, err
		}
	}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Totals gives the present numbers.
func (l *Listener) Totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := Totals{Open: l.open, Unproved: l.strangers.Len(), Refused: make(map[Cause]int64, len(l.refused))}
	for _, cause := range Causes() {
		t.Refused[cause] = l.refused[cause]
	}
	return t
}

// admit gives a connection its place; nil if there is none for it.
func (l *Listener) admit(raw net.Conn) net.Conn {
	c := &Conn{Conn: raw, listener: l, peer: l.peerOf(raw.RemoteAddr())}
	for {
		l.mu.Lock()
		victim, admitted := l.place(c)
		l.mu.Unlock()
		switch {
		case victim == c:
			_ = raw.Close() // It had no place, so it leaves none.
			return nil
		case victim != nil:
			_ = victim.Conn.Close()
		}
		if admitted {
			return c
		}
		select {
		case <-l.left:
		case <-l.closed:
			_ = raw.Close() // The listener is gone, and with it who would serve this.
			return nil
		}
	}
}

// place gives a connection a place if there is one. A victim has lost its place to
// it, or is the connection itself. Without either, the connection has to wait. It needs the lock.
func (l *Listener) place(c *Conn) (victim *Conn, admitted bool) {
	s := l.peers[c.peer]
	switch {
	case c.peer.IsValid() && s != nil && s.open >= l.config.ShareMax:
		l.refused[CauseShare]++
		if victim = oldest(s.strangers); victim == nil {
			return c, false
		}
		l.leave(victim)
	case l.open >= l.config.ConnectionsMax:
		if victim = oldest(l.strangers); victim == nil {
			return nil, false
		}
		l.refused[CauseFull]++
		l.leave(victim)
	}
	if s = l.peers[c.peer]; s == nil {
		s = &share{strangers: list.New()}
		l.peers[c.peer] = s
	}
	l.open++
	s.open++
	c.among, c.ofPeer = l.strangers.PushBack(c), s.strangers.PushBack(c)
	c.timer = time.AfterFunc(l.config.ProofMax, c.late)
	return victim, true
}

func oldest(strangers *list.List) *Conn {
	if first := strangers.Front(); first != nil {
		return first.Value.(*Conn)
	}
	return nil
}

// makeRoom ends the oldest connection on which nothing is proved, and says whether there
// was one.
func (l *Listener) makeRoom() bool {
	l.mu.Lock()
	victim := oldest(l.strangers)
	if victim != nil {
		l.refused[CauseFull]++
		l.leave(victim)
	}
	l.mu.Unlock()
	return victim != nil && victim.Conn.Close() == nil
}

// leave takes a connection's place back, once. It needs the lock.
func (l *Listener) leave(c *Conn) {
	if c.gone {
		return
	}
	c.gone = true
	l.settle(c)
	s := l.peers[c.peer]
	l.open--
	if s.open--; s.open == 0 {
		delete(l.peers, c.peer)
	}
	select {
	case l.left <- struct{}{}:
	default: // It is told already.
	}
}

// settle takes a connection out of those on which nothing is proved. It needs the lock.
func (l *Listener) settle(c *Conn) {
	if c.settled.Swap(true) {
		return
	}
	c.timer.Stop()
	l.bytes -= c.bytes
	l.strangers.Remove(c.among)
	l.peers[c.peer].strangers.Remove(c.ofPeer)
}

// networkBits6 is the prefix of an IPv6 network that one machine or one site has as a
// rule; addresses within it cost nothing.
const networkBits6 = 64

// peerOf gives the peer of an address. A zero one has no share: an exempt proxy, and what
// comes over no network.
func (l *Listener) peerOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, network := range l.config.Exempt {
		if network.Contains(ip) {
			return netip.Prefix{}
		}
	}
	bits := ip.BitLen()
	if ip.Is6() {
		bits = networkBits6
	}
	peer, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // An address without a family.
	}
	return peer
}

// Conn is an admitted connection.
type Conn struct {
	net.Conn
	listener *Listener
	peer     netip.Prefix
	// settled says that the connection is not among strangers any more, because
	// something was proved on it or it is gone.
	settled atomic.Bool

	// The rest needs the listener's lock: its places among strangers, what ends it in
	// time, and whether it has left its place.
	among, ofPeer *list.Element
	timer         *time.Timer
	gone          bool
	// bytes is what was read while nothing was proved.
	bytes int
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.settled.Load() {
		c.listener.heard(c, n)
	}
	return n, err
}

// heard counts what a stranger sends. If strangers send too much, the one that has sent the most
// gives way.
func (l *Listener) heard(c *Conn, n int) {
	l.mu.Lock()
	var most *Conn
	if !c.settled.Load() {
		c.bytes += n
		l.bytes += n
	}
	if l.bytes > l.config.BytesMax {
		for one := l.strangers.Front(); one != nil; one = one.Next() {
			if of := one.Value.(*Conn); most == nil || of.bytes > most.bytes {
				most = of
			}
		}
		l.refused[CauseBytes]++
		l.leave(most)
	}
	l.mu.Unlock()
	if most != nil {
		_ = most.Conn.Close() // Nobody is told but the peer.
	}
}

// Proved says that something was proved on the connection. It keeps its place from now on.
func (c *Conn) Proved() {
	if c.settled.Load() {
		return
	}
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	c.listener.settle(c)
}

// IsProved says whether something was proved on the connection.
func (c *Conn) IsProved() bool { return c.settled.Load() }

// Peer is the peer that the connection comes from; not valid if it has none.
func (c *Conn) Peer() netip.Prefix { return c.peer }

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.listener.mu.Lock()
	c.listener.leave(c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// late ends a connection on which nothing was proved in time.
func (c *Conn) late() {
	l := c.listener
	l.mu.Lock()
	late := !c.settled.Load()
	if late {
		l.refused[CauseTime]++
		l.leave(c)
	}
	l.mu.Unlock()
	if late {
		_ = c.Conn.Close() // Nobody is told but the peer.
	}
}
