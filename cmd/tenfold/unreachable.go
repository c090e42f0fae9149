package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/caller"
)

// lookMax is how long looking at an address may take, once a call to it has failed.
const lookMax = 2 * time.Second

// reached replaces the error of a call that reached no server by a sentence on each address
// that says what to do. What a server answered passes unchanged.
func (c *client) reached(ctx context.Context, err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok || s.Code() != codes.Unavailable || !reasonless(s) || ctx.Err() != nil {
		return err
	}
	addresses, wrong := caller.Addresses(c.server)
	if wrong != nil {
		return err
	}
	found := make([]string, len(addresses))
	for i, a := range addresses {
		if found[i] = c.probe(ctx, a); found[i] == "" {
			return err // It looks like a server, which may be back at the next call.
		}
	}
	return status.Error(codes.Unavailable, strings.Join(found, "; "))
}

// probe says what is wrong with an address; nothing if a server seems to be there.
func (c *client) probe(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, lookMax)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return unreached(address, err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline() // It has one.
	if err := conn.SetDeadline(deadline); err != nil {
		return ""
	}
	if c.proof == (caller.Proof{}) {
		return probePlain(ctx, conn, address)
	}
	return c.probeTLS(ctx, conn, address)
}

// unreached says why no connection to an address was made.
func unreached(address string, err error) string {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("there is no host %.80q; --server names the server", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s: is the server running? --server names its address", address)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("%s does not answer: a firewall may drop what is sent there; --server names the server", address)
	}
	return fmt.Sprintf("%s cannot be reached; --server names the server", address)
}

// hello is what a gRPC client says first: the preface of HTTP/2 and an empty frame of settings.
const hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// Places in a frame of HTTP/2.
const (
	frameHead    = 9
	frameType    = 3
	settingsType = 4
)

// probePlain looks at a server to which calls are made without TLS.
func probePlain(ctx context.Context, conn net.Conn, address string) string {
	answer := make([]byte, frameHead)
	if _, err := io.WriteString(conn, hello); err != nil {
		return ""
	}
	n, err := io.ReadFull(conn, answer)
	switch {
	case err == nil && answer[frameType] == settingsType && !bytes.HasPrefix(answer, []byte("HTTP")):
		return ""
	case bytes.HasPrefix(answer, []byte("HTTP/")):
		return fmt.Sprintf("%s is a port for HTTP; --server needs the port for gRPC, which is 7410 unless --listen of serve says otherwise", address)
	case n == 0 || answer[0] == tlsAlert:
		if speaksTLS(ctx, address) {
			return fmt.Sprintf("the server at %s speaks TLS: give --server-ca with its authorities, and --client-cert or --token-file as proof", address)
		}
	}
	return fmt.Sprintf("%s is no Tenfold server; --server names the server", address)
}

// tlsAlert begins what a server that speaks TLS says to one that does not.
const tlsAlert = 0x15

// speaksTLS says whether a server speaks TLS. Nothing is sent to it over the connection, so it
// does not matter whose certificate it has.
func speaksTLS(ctx context.Context, address string) bool {
	conn, err := (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}}).DialContext(ctx, "tcp", address)
	if err == nil {
		return conn.Close() == nil
	}
	// A server that asks for a certificate refuses this one, in the words of TLS.
	_, refusedInTLS := errors.AsType[tls.AlertError](err)
	return refusedInTLS
}

// probeTLS looks at a server to which calls are made over TLS.
func (c *client) probeTLS(ctx context.Context, conn net.Conn, address string) string {
	config, err := c.proof.Config()
	if err != nil {
		return ""
	}
	config.NextProtos = []string{"h2"}
	if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
		return ""
	}
	err = tls.Client(conn, config).HandshakeContext(ctx)
	var header tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &header), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Sprintf("the server at %s does not speak TLS: leave out --server-ca and the other files of proof, or name another port", address)
	case errors.As(err, &authority):
		return fmt.Sprintf("the certificate of the server at %s is of no authority in --server-ca", address)
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate of the server at %s is for another name; --server must name the server as its certificate does", address)
	case errors.As(err, &invalid):
		return fmt.Sprintf("the certificate of the server at %s is not valid: it may have expired", address)
	}
	return fmt.Sprintf("the server at %s refused the connection over TLS: check --client-cert and --client-key", address)
}
