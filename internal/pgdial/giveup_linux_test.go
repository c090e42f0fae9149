package pgdial

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Would catch a connection on which the kernel sends again for a quarter of an hour what a
// dead peer does not acknowledge, and a Unix socket that cannot be dialled because it has
// no such option.
func TestTheKernelGivesUpAfterTheLimit(t *testing.T) {
	t.Parallel()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		conn, err := dialer{1234 * time.Millisecond, func() {}}.Dial(network, l.Addr().String())
		if err != nil {
			t.Errorf("dial over %s: %v", network, err)
			continue
		}
		t.Cleanup(func() { _ = conn.Close() })
		tcp, isTCP := conn.(limited).Conn.(*net.TCPConn)
		if !isTCP {
			continue
		}
		raw, err := tcp.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var got int
		if failed := raw.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout) }); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
		if got != 1234 {
			t.Errorf("the kernel gives up after %d ms", got)
		}
	}
}
