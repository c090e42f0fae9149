// Package clamd asks a daemon of ClamAV whether a file is malware, by the command INSTREAM. It
// sends the file piece by piece and keeps nothing of it.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Daemon is a daemon of ClamAV.
type Daemon struct {
	network, address string
}

// At names the daemon at HOST:PORT, or at the path of a socket.
func At(address string) *Daemon {
	if strings.HasPrefix(address, "/") {
		return &Daemon{"unix", address}
	}
	return &Daemon{"tcp", address}
}

const (
	// dialMax and silenceMax bound what is waited for. A daemon reads 50 MiB within seconds.
	dialMax, silenceMax = 5 * time.Second, 25 * time.Second
	// pieceSize is below the least that a daemon takes at once.
	pieceSize = 64 << 10
	// answerMax bounds an answer, which is a line with the name of what was found.
	answerMax = 1 << 10
)

// ErrAnswer is an answer that says neither that a file is clean nor what was found in it.
var ErrAnswer = errors.New("the daemon gives no finding")

// Scan sends a content and gives the name of the malware that was found; empty for none.
func (d *Daemon) Scan(ctx context.Context, content io.Reader) (found string, err error) {
	ctx, cancel := context.WithTimeout(ctx, silenceMax)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: dialMax}).DialContext(ctx, d.network, d.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	sendErr := send(conn, content)
	if errors.Is(sendErr, errContent) {
		return "", sendErr // Nothing can be said of half a file.
	}
	// A daemon that has heard enough answers and hangs up: its answer says more than the broken pipe.
	line, err := bufio.NewReader(io.LimitReader(conn, answerMax)).ReadString(0)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", errors.Join(sendErr, fmt.Errorf("%w: %w", ErrAnswer, err))
	}
	return finding(strings.TrimRight(line, "\x00"))
}

// errContent marks a content that could not be read.
var errContent = errors.New("read the content to scan")

// send writes the command and the content, each piece after its length, and an empty one at the
// end.
func send(conn io.Writer, content io.Reader) error {
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return err
	}
	piece := make([]byte, 4+pieceSize)
	for {
		n, err := io.ReadFull(content, piece[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(piece, uint32(n))
			if _, err := conn.Write(piece[:4+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			_, err := conn.Write(make([]byte, 4))
			return err
		case err != nil:
			return fmt.Errorf("%w: %w", errContent, err)
		}
	}
}

// finding reads an answer: "stream: OK" or "stream: NAME FOUND".
func finding(answer string) (found string, err error) {
	text, ok := strings.CutPrefix(answer, "stream: ")
	if ok && text == "OK" {
		return "", nil
	}
	if name, infected := strings.CutSuffix(text, " FOUND"); ok && infected && name != "" {
		return name, nil
	}
	return "", fmt.Errorf("%w: %.100q", ErrAnswer, answer)
}
