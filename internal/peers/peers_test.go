package peers_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

// port is a listener whose admitted connections a test takes.
type port struct {
	*testing.T
	*peers.Listener
	admitted chan *peers.Conn
}

func listen(t *testing.T, l net.Listener, c peers.Config) *port {
	t.Helper()
	p := &port{t, peers.Listen(l, c), make(chan *peers.Conn, 8192)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := p.Accept()
			if err != nil {
				return
			}
			p.admitted <- conn.(*peers.Conn)
		}
	}()
	t.Cleanup(func() { _ = p.Listener.Close(); <-ended })
	return p
}

// onLoopback listens on every address of this machine.
func onLoopback(t *testing.T, c peers.Config) *port {
	t.Helper()
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, l, c)
}

// from connects from an address of this machine.
func (p *port) from(address string) net.Conn {
	p.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	_, number, err := net.SplitHostPort(p.Addr().String())
	if err != nil {
		p.Fatal(err)
	}
	c, err := dialer.DialContext(p.Context(), "tcp4", net.JoinHostPort("127.0.0.1", number))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = c.Close() })
	return c
}

// enters connects and waits until the connection is admitted.
func (p *port) enters(address string) (here net.Conn, there *peers.Conn) {
	p.Helper()
	here = p.from(address)
	return here, <-p.admitted
}

// ended waits until the other side has ended a connection.
func (p *port) ended(c net.Conn) {
	p.Helper()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		p.Errorf("the connection has not ended: %v", err)
	}
}

// stands says whether a connection carries a byte.
func (p *port) stands(here net.Conn, there *peers.Conn) {
	p.Helper()
	if _, err := here.Write([]byte{1}); err != nil {
		p.Error(err)
	}
	if _, err := there.Read(make([]byte, 1)); err != nil {
		p.Errorf("the connection does not stand: %v", err)
	}
}

func bounds(most, share int) peers.Config {
	return peers.Config{ConnectionsMax: most, ShareMax: share, ProofMax: time.Hour, BytesMax: 1 << 20}
}

// Would catch silent connections of one address that take the places of callers of others, or
// of a caller of the same address who has proved who it is.
func TestAFloodTakesItsOwnShare(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(64, 16))
	good, proved := p.enters("127.0.0.1")
	proved.Proved()
	first, _ := p.enters("127.0.0.1")
	for range 200 {
		p.enters("127.0.0.1")
	}
	p.ended(first)
	if got := p.Totals(); got.Open != 16 || got.Unproved != 15 || got.Refused[peers.CauseShare] != 201-15 {
		t.Errorf("%+v", got)
	}
	p.stands(good, proved)
	p.stands(p.enters("127.0.0.2"))
	p.stands(p.enters("127.0.0.1"))
}

// Would catch a full port that keeps strangers of many addresses and turns a caller away.
func TestTheOldestStrangerGivesWay(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(3, 2))
	first, _ := p.enters("127.0.0.1")
	second, proved := p.enters("127.0.0.2")
	proved.Proved()
	third, _ := p.enters("127.0.0.3")
	here, there := p.enters("127.0.0.4")
	p.ended(first)
	there.Proved()
	fifth, last := p.enters("127.0.0.5")
	p.ended(third)
	last.Proved()
	p.stands(second, proved)
	p.stands(here, there)
	if got := p.Totals(); got.Open != 3 || got.Unproved != 0 || got.Refused[peers.CauseFull] != 2 {
		t.Errorf("%+v", got)
	}
	// Everybody has a proof: the next one waits for a place.
	waiting := p.from("127.0.0.6")
	_ = fifth.Close()
	_ = last.Close()
	p.stands(waiting, <-p.admitted)
}

// Would catch an address that gets more than its share once it has proved something.
func TestProvedConnectionsAreBoundedByTheShare(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(64, 2))
	for range 2 {
		_, there := p.enters("127.0.0.1")
		there.Proved()
	}
	p.ended(p.from("127.0.0.1"))
	if got := p.Totals(); got.Open != 2 || got.Refused[peers.CauseShare] != 1 {
		t.Errorf("%+v", got)
	}
}

// Would catch a silent connection that stands for ever, and a proved one that is ended.
func TestSilenceEnds(t *testing.T) {
	t.Parallel()
	c := bounds(64, 16)
	c.ProofMax = 50 * time.Millisecond
	p := onLoopback(t, c)
	good, proved := p.enters("127.0.0.1")
	proved.Proved()
	silent, late := p.enters("127.0.0.1")
	p.ended(silent)
	late.Proved() // Too late.
	p.stands(good, proved)
	if got := p.Totals(); got.Open != 1 || got.Unproved != 0 || got.Refused[peers.CauseTime] != 1 {
		t.Errorf("%+v", got)
	}
}

// Would catch strangers who take memory by sending, one that is let off because others send, too, and
// a caller who is counted among them.
func TestStrangersSendLittle(t *testing.T) {
	t.Parallel()
	c := bounds(64, 16)
	c.BytesMax = 100
	p := onLoopback(t, c)
	sends := func(here net.Conn, there *peers.Conn, n int) {
		t.Helper()
		if _, err := here.Write(make([]byte, n)); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(there, make([]byte, n)); err != nil {
			t.Error(err)
		}
	}
	good, proved := p.enters("127.0.0.1")
	sends(good, proved, 90)
	proved.Proved()
	sends(good, proved, 1000)
	loud, one := p.enters("127.0.0.1")
	quiet, other := p.enters("127.0.0.2")
	sends(loud, one, 60)
	sends(quiet, other, 40)
	sends(quiet, other, 10)
	p.ended(loud)
	sends(quiet, other, 50)
	if got := p.Totals(); got.Refused[peers.CauseBytes] != 1 || got.Open != 2 {
		t.Errorf("%+v", got)
	}
}

// Would catch a connection that keeps its place after it was closed, or gives it back twice.
func TestPlacesComeBack(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(2, 2))
	for range 10 {
		_, there := p.enters("127.0.0.1")
		_ = there.Close()
		_ = there.Close()
	}
	if got := p.Totals(); got.Open != 0 || got.Unproved != 0 || got.Refused[peers.CauseShare]+got.Refused[peers.CauseFull] != 0 {
		t.Errorf("%+v", got)
	}
}

// Would catch callers behind one proxy who share what is meant for one caller.
func TestProxiesHaveNoShare(t *testing.T) {
	t.Parallel()
	c := bounds(64, 1)
	c.Exempt = []netip.Prefix{netip.MustParsePrefix("127.0.0.8/29")}
	p := onLoopback(t, c)
	for range 3 {
		p.stands(p.enters("127.0.0.9"))
	}
	first, _ := p.enters("127.0.0.1")
	p.enters("127.0.0.1")
	p.ended(first)
}

// Would catch a listener that cannot be closed while a connection waits for a place.
func TestCloseEndsTheWait(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(1, 1))
	_, there := p.enters("127.0.0.1")
	there.Proved()
	waiting := p.from("127.0.0.2")
	if err := p.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	p.ended(waiting)
}

// made is a listener of connections that a test makes up.
type made struct {
	net.Listener
	next chan accepted
}

type accepted struct {
	net.Conn
	err error
}

func (m made) Accept() (net.Conn, error) {
	a, ok := <-m.next
	if !ok {
		return nil, net.ErrClosed
	}
	return a.Conn, a.err
}

func (m made) Close() error { close(m.next); return nil }

// addressed is a connection from an address.
type addressed struct {
	net.Conn
	address net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.address }

func (p *port) entersAs(m made, ip string) (here net.Conn, there *peers.Conn) {
	p.Helper()
	here, other := net.Pipe()
	p.Cleanup(func() { _ = here.Close() })
	m.next <- accepted{Conn: addressed{other, &net.TCPAddr{IP: net.ParseIP(ip)}}}
	return here, <-p.admitted
}

// Would catch a machine that has as many shares as its network has addresses, and networks
// that are taken for one.
func TestNetworksOfIPv6AreOnePeer(t *testing.T) {
	t.Parallel()
	m := made{next: make(chan accepted)}
	p := listen(t, m, bounds(64, 1))
	first, _ := p.entersAs(m, "2001:db8:0:1::1")
	second, one := p.entersAs(m, "2001:db8:0:1:ffff::2")
	p.ended(first)
	_, other := p.entersAs(m, "2001:db8:0:2::1")
	fourth, mapped := p.entersAs(m, "::ffff:192.0.2.1")
	p.entersAs(m, "192.0.2.1")
	p.ended(fourth)
	for _, row := range []struct {
		conn *peers.Conn
		want string
	}{{one, "2001:db8:0:1::/64"}, {other, "2001:db8:0:2::/64"}, {mapped, "192.0.2.1/32"}} {
		if got := row.conn.Peer().String(); got != row.want {
			t.Errorf("%s is taken for %s", row.want, got)
		}
	}
	_ = second.Close()
}

// Would catch a server without files that keeps strangers and serves nobody.
func TestStrangersGiveTheirFiles(t *testing.T) {
	t.Parallel()
	m := made{next: make(chan accepted)}
	p := listen(t, m, bounds(64, 64))
	stranger, _ := p.entersAs(m, "192.0.2.1")
	m.next <- accepted{err: &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}}
	p.ended(stranger)
	p.entersAs(m, "192.0.2.2")
	if got := p.Totals(); got.Open != 1 || got.Refused[peers.CauseFull] != 1 {
		t.Errorf("%+v", got)
	}
}

// wrapped is a connection in another, as in TLS.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// Would catch a call whose proof does not reach its connection.
func TestContextsKeepConnections(t *testing.T) {
	t.Parallel()
	p := onLoopback(t, bounds(1, 1))
	_, there := p.enters("127.0.0.1")
	if got := peers.Of(peers.With(context.Background(), there)); got != there {
		t.Errorf("%v", got)
	}
	if got := peers.Of(peers.With(context.Background(), wrapped{there})); got != there {
		t.Errorf("in another: %v", got)
	}
	if got := peers.Of(peers.With(context.Background(), there.Conn)); got != nil {
		t.Errorf("one that was not admitted: %v", got)
	}
}
