package caller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Proof is what a caller shows to a server that demands proof. Each field is a
// file.
type Proof struct {
	// Authorities sign the server's certificate, as PEM; empty means those of the
	// system.
	Authorities string
	// Certificate and Key are the workload's own, as PEM.
	Certificate string
	Key         string
	// Token is the workload's token, if it has no certificate, and PersonToken the
	// token of the person it acts for. Both are read again for every call.
	Token       string
	PersonToken string
}

// Config is how a caller with this proof does TLS.
func (p Proof) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if p.Authorities != "" {
		content, err := os.ReadFile(p.Authorities)
		if err != nil {
			return nil, fmt.Errorf("read the server's authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s holds no certificate", p.Authorities)
		}
	}
	if p.Certificate != "" || p.Key != "" {
		own, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return nil, fmt.Errorf("read the workload's certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// Dial connects over TLS to a server, or to the first of several that answers, to call in a
// role. With an empty role the server chooses.
func (p Proof) Dial(address, role string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	config, err := p.Config()
	if err != nil {
		return nil, err
	}
	return connect(address, append([]grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithPerRPCCredentials(shown{p, role}),
		takesAnswers(),
	}, more...)...)
}

// shown adds tokens and role to every call, but never to an unencrypted one.
type shown struct {
	Proof
	role string
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (s shown) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	md := make(map[string]string, 3)
	if s.role != "" {
		md["tenfold-role"] = s.role
	}
	for _, token := range []struct{ file, key, scheme string }{
		{s.Token, "authorization", "Bearer "}, {s.PersonToken, "tenfold-person-token", ""},
	} {
		if token.file == "" {
			continue
		}
		content, err := os.ReadFile(token.file)
		if err != nil {
			return nil, fmt.Errorf("read token: %w", err)
		}
		md[token.key] = token.scheme + strings.TrimSpace(string(content))
	}
	return md, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (s shown) RequireTransportSecurity() bool { return true }
