// Package embednats runs a NATS server inside the process, for marketplaces that
// have none: one server, its streams on disk, reached on loopback. It knows
// nothing of what is sent through it.
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

// startMax is how long the server may take to be ready; it reads the indexes of
// its streams first.
const startMax = 30 * time.Second

// Start starts a server that keeps its streams in dir and listens on a loopback
// address; port 0 takes a free one.
func Start(dir, address string) (*Server, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("NATS address %q is not HOST:PORT", address)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("NATS address %q has no port", address)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "tenfold", Host: host, Port: port, JetStream: true, StoreDir: dir,
		NoSigs: true, NoLog: true, DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startMax) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, errors.New("NATS server did not become ready: is its directory in use, or its port taken?")
	}
	return &Server{server: s}, nil
}

// URL is where the server is reached.
func (s *Server) URL() string { return s.server.ClientURL() }

// Stop stops the server and waits for its end.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
