// Package embednats runs a NATS server inside the process, for marketplaces that
// have none: a single server, with its streams on disk, reachable on loopback. It
// knows nothing of the messages.
package embednats

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a running NATS server.
type Server struct {
	server *server.Server
}

// startMax is how long the server may take to be ready; it first reads the indexes
// of its streams.
const startMax = 30 * time.Second

// Start starts a server that keeps its streams in dir and listens on a loopback
// address. Port 0 takes a free port.
func Start(dir, address string) (*Server, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the NATS address must be HOST:PORT, not %q", address)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("the port of the NATS address must be a number, not %q", text)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "tenfold", Host: host, Port: port, JetStream: true, StoreDir: dir,
		NoSigs: true, NoLog: true, DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make the NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startMax) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, errors.New("the NATS server did not become ready; its directory may be in use, or its port taken")
	}
	return &Server{server: s}, nil
}

// URL is the address of the server.
func (s *Server) URL() string { return s.server.ClientURL() }

// Stop stops the server and waits for its end.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
