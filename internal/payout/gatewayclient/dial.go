package gatewayclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // Round robin leaves out addresses that say they do not serve.
	"google.golang.org/grpc/keepalive"
)

// Endpoint says where the payment service is and how the two sides prove themselves.
// Every file is read again for each handshake or call, so that it can be replaced while
// the server runs.
type Endpoint struct {
	// Addresses are HOST:PORT, each of a replica of one payment service: it does not
	// matter which of them a call reaches.
	Addresses []string
	// Plaintext makes calls without TLS. Its user answers for the addresses being on
	// this machine.
	Plaintext bool
	// Authorities sign the certificate of the service, as PEM; empty means those of the
	// system.
	Authorities string
	// ServerName is the name in that certificate; empty means the host of the address.
	ServerName string
	// Certificate and Key are our own, as PEM; empty for none.
	Certificate, Key string
	// Token is the file of the bearer token of our calls; empty for none.
	Token string
}

const (
	// An idle connection is tried after probePause: more often than every five minutes
	// some servers take amiss. A connection on which nothing is acknowledged within
	// probeTimeout is given up, so that its calls go to another address.
	probePause, probeTimeout = 5 * time.Minute, 15 * time.Second
	// connectMax is how long a connection may take; reconnectMax is the longest pause
	// before a lost one is tried again.
	connectMax, reconnectMax = 5 * time.Second, 10 * time.Second
)

// Every address has a connection, and calls take turns on those that work.
const balanced = `"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}`

// A call whose connection fails is made once more where there are several addresses. An
// out-number pays once, however often it is instructed.
const repeated = `, "methodConfig": [{"name": [{"service": "tenfold.v1.PayoutGatewayService"}], "retryPolicy": {
	"maxAttempts": 2, "initialBackoff": "0.05s", "maxBackoff": "0.1s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}],
	"retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1}`

// Dial connects to the endpoint. A file that is missing or wrong is refused at once; a
// file that becomes wrong later is logged, and what was read before stays in use.
func (e Endpoint) Dial(log *slog.Logger, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	secure, err := e.credentials(log)
	if err != nil {
		return nil, err
	}
	config := "{" + balanced + "}"
	if len(e.Addresses) > 1 {
		config = "{" + balanced + repeated + "}"
	}
	backoff := grpc.ConnectParams{MinConnectTimeout: connectMax}
	backoff.Backoff.BaseDelay, backoff.Backoff.Multiplier, backoff.Backoff.Jitter, backoff.Backoff.MaxDelay = 200*time.Millisecond, 1.6, 0.2, reconnectMax
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithResolvers(&addresses{endpoint: e}),
		grpc.WithDefaultServiceConfig(config), grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(backoff),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: probePause, Timeout: probeTimeout}),
		grpc.WithIdleTimeout(0),
	}
	if e.Token != "" {
		token := &reread[string]{what: "the token of the gateway", read: e.token, log: log}
		if _, err := token.get(); err != nil {
			return nil, err
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer{token}))
	}
	conn, err := grpc.NewClient(scheme+":///"+e.Addresses[0], append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to the payout gateway: %w", err)
	}
	return conn, nil
}

func (e *Endpoint) credentials(log *slog.Logger) (credentials.TransportCredentials, error) {
	if e.Plaintext {
		return insecure.NewCredentials(), nil
	}
	files := &reread[*tls.Config]{what: "the certificates of the gateway", read: e.tls, log: log}
	config, err := files.get()
	if err != nil {
		return nil, err
	}
	return &fresh{TransportCredentials: credentials.NewTLS(config), files: files}, nil
}

// tls reads the files of the handshake.
func (e *Endpoint) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if e.Authorities != "" {
		pool, err := authorities(e.Authorities)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if e.Certificate != "" {
		own, err := tls.LoadX509KeyPair(e.Certificate, e.Key)
		if err != nil {
			return nil, fmt.Errorf("read our certificate for the gateway: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// tokenMax bounds a token: what servers take as a header.
const tokenMax = 8 << 10

func (e *Endpoint) token() (string, error) {
	content, err := os.ReadFile(e.Token)
	if err != nil {
		return "", fmt.Errorf("read the token for the gateway: %w", err)
	}
	token := strings.TrimSpace(string(content))
	switch {
	case token == "":
		return "", errors.New("read the token for the gateway: the file is empty")
	case len(token) > tokenMax:
		return "", fmt.Errorf("read the token for the gateway: it has %d bytes, and at most %d are allowed", len(token), tokenMax)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", errors.New("read the token for the gateway: it holds characters that a token cannot have; the file must hold the token alone")
	}
	return token, nil
}

// fresh are credentials that read their files for every handshake.
type fresh struct {
	credentials.TransportCredentials
	files *reread[*tls.Config]
}

// ClientHandshake implements credentials.TransportCredentials.
func (f *fresh) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config, err := f.files.get()
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
}

// Clone implements credentials.TransportCredentials.
func (f *fresh) Clone() credentials.TransportCredentials {
	return &fresh{TransportCredentials: f.TransportCredentials.Clone(), files: f.files}
}

// bearer adds the token to every call, but never to an unencrypted one.
type bearer struct{ token *reread[string] }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := b.token.get()
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (bearer) RequireTransportSecurity() bool { return true }
