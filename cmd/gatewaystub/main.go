// Command gatewaystub serves a payment service to start from: copy it, and replace the
// part that moves money. It is an example for those who connect a payment service to
// Tenfold (docs/gateway.md), and no part of what is deployed.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tenfold-claims/tenfold/cmd/gatewaystub/payments"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gatewaystub:", err)
		os.Exit(1)
	}
}

// settings are those of the program.
type settings struct {
	listen, journal             string
	certificate, key, clientsCA string
}

// run serves until ctx ends, and tells on which address.
func run(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("gatewaystub", flag.ContinueOnError)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:7420", "address to serve on")
	flags.StringVar(&s.journal, "journal", "payments.jsonl", "file of all payments")
	flags.StringVar(&s.certificate, "tls-cert", "", "PEM file of the service's certificate; empty for plaintext")
	flags.StringVar(&s.key, "tls-key", "", "PEM file of the key of that certificate")
	flags.StringVar(&s.clientsCA, "tls-client-ca", "", "PEM file of the authorities of callers; with it a caller must have a certificate")
	if err := flags.Parse(args); err != nil {
		return err
	}
	secure, err := s.credentials()
	if err != nil {
		return err
	}
	service, err := payments.Open(s.journal, time.Now)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return errors.Join(err, service.Close())
	}
	server, ready := grpc.NewServer(grpc.Creds(secure)), health.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, service)
	healthv1.RegisterHealthServer(server, ready)
	fmt.Fprintf(out, "serving on %s\n", listener.Addr())
	stop := context.AfterFunc(ctx, func() {
		ready.Shutdown() // Tenfold goes to another address, if there is one.
		server.GracefulStop()
	})
	defer stop()
	err = server.Serve(listener)
	if errors.Is(err, grpc.ErrServerStopped) && ctx.Err() != nil {
		err = nil // It was told to stop before it began.
	}
	return errors.Join(err, service.Close())
}

// credentials are those of the service's side of the handshake.
func (s *settings) credentials() (credentials.TransportCredentials, error) {
	if s.certificate == "" && s.key == "" && s.clientsCA == "" {
		return insecure.NewCredentials(), nil
	}
	own, err := tls.LoadX509KeyPair(s.certificate, s.key)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert and -tls-key: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}}
	if s.clientsCA != "" {
		content, err := os.ReadFile(s.clientsCA)
		if err != nil {
			return nil, fmt.Errorf("-tls-client-ca: %w", err)
		}
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("-tls-client-ca: %s holds no certificate", s.clientsCA)
		}
	}
	return credentials.NewTLS(config), nil
}
