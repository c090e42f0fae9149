package clamd_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/evidence/clamd"
)

// daemon speaks the protocol on a socket: it reads pieces to the empty one, finds a word, and answers
// nothing, nonsense or that the file is too large if the content asks for it.
func daemon(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				content, err := received(conn)
				answer := "stream: OK\x00"
				switch {
				case err != nil:
					answer = "INSTREAM size limit exceeded. ERROR\x00"
				case bytes.Contains(content, []byte("EICAR")):
					answer = "stream: Eicar-Test-Signature FOUND\x00"
				case bytes.Contains(content, []byte("silence")):
					answer = ""
				case bytes.Contains(content, []byte("nonsense")):
					answer = "stream: what?\x00"
				}
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return l.Addr().String()
}

func received(conn io.Reader) ([]byte, error) {
	r := bufio.NewReader(conn)
	if command, err := r.ReadString(0); err != nil || command != "zINSTREAM\x00" {
		return nil, errors.New("another command")
	}
	var all []byte
	for {
		var length [4]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return nil, err
		}
		n := binary.BigEndian.Uint32(length[:])
		if n == 0 {
			return all, nil
		}
		if len(all)+int(n) > 400_000 {
			return nil, errors.New("too large")
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(r, piece); err != nil {
			return nil, err
		}
		all = append(all, piece...)
	}
}

// Would catch malware that is taken for clean, also across two pieces; a file that is taken for
// clean although nobody looked; and a daemon that hangs up in the middle and whose answer is lost.
func TestScan(t *testing.T) {
	t.Parallel()
	across := append(bytes.Repeat([]byte("x"), 64<<10-2), "EICAR"...)
	for network, address := range map[string]string{
		"tcp": daemon(t, "tcp", "127.0.0.1:0"), "unix": daemon(t, "unix", filepath.Join(t.TempDir(), "clamd")),
	} {
		d := clamd.At(address)
		for what, x := range map[string]struct {
			content []byte
			found   string
			fails   bool
		}{
			"clean": {content: bytes.Repeat([]byte("y"), 200_000)}, "infected": {across, "Eicar-Test-Signature", false},
			"silent": {[]byte("silence"), "", true}, "nonsense": {[]byte("nonsense"), "", true}, "too large": {make([]byte, 900_000), "", true},
		} {
			found, err := d.Scan(t.Context(), bytes.NewReader(x.content))
			if found != x.found || x.fails != (err != nil) {
				t.Errorf("%s over %s: %q, %v", what, network, found, err)
			}
		}
	}
	if _, err := clamd.At("127.0.0.1:1").Scan(t.Context(), strings.NewReader("x")); err == nil {
		t.Error("nobody listens, and the file is clean")
	}
	broken := errors.New("broken")
	if _, err := clamd.At(daemon(t, "tcp", "127.0.0.1:0")).Scan(t.Context(), io.MultiReader(strings.NewReader("EI"), failing{broken})); err == nil {
		t.Error("half a file is clean")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
