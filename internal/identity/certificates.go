package identity

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// Certificates are the server's own certificate and the authorities whose
// certificates it trusts, in files that may be rotated while it runs.
type Certificates struct {
	// CertFile and KeyFile hold the server's chain and its key, as PEM.
	CertFile string
	KeyFile  string
	// BundleFile holds the authorities of the trust domain, as PEM. If it is empty,
	// callers do not use certificates.
	BundleFile string
	// TrustDomain is the SPIFFE trust domain that callers must belong to.
	TrustDomain string
}

// handshakes holds the server's certificate and the trusted authorities.
type handshakes struct {
	Certificates
	domain spiffeid.TrustDomain
	now    func() time.Time
	own    atomic.Pointer[tls.Certificate]
	bundle atomic.Pointer[x509bundle.Bundle]
}

func newHandshakes(c Certificates, now func() time.Time) (*handshakes, error) {
	h := &handshakes{Certificates: c, now: now}
	if c.BundleFile != "" {
		var err error
		if h.domain, err = spiffeid.TrustDomainFromString(c.TrustDomain); err != nil {
			return nil, fmt.Errorf("trust domain %q: %w", c.TrustDomain, err)
		}
	}
	return h, h.reload()
}

// reload reads the files again. A file that cannot be read keeps its old content.
func (h *handshakes) reload() error {
	own, err := tls.LoadX509KeyPair(h.CertFile, h.KeyFile)
	if err != nil {
		return fmt.Errorf("read the server's certificate: %w", err)
	}
	h.own.Store(&own)
	if h.BundleFile == "" {
		return nil
	}
	content, err := os.ReadFile(h.BundleFile)
	if err != nil {
		return fmt.Errorf("read the trust bundle: %w", err)
	}
	bundle, err := x509bundle.Parse(h.domain, bytes.TrimSpace(content))
	if err != nil {
		return fmt.Errorf("read the trust bundle: %w", err)
	}
	h.bundle.Store(bundle)
	return nil
}

// config is the server's side of every handshake. A caller need not show a
// certificate, because it may have a token, or only ask for the server's health. If
// it shows one, the certificate must be valid, or there is no connection.
func (h *handshakes) config() *tls.Config {
	c := &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.own.Load(), nil },
	}
	if h.BundleFile != "" {
		c.ClientAuth = tls.RequestClientCert
		// Unlike the check of a peer's certificate alone, this one also runs for
		// resumed sessions: their authority may have been removed in the meantime.
		c.VerifyConnection = h.verify
	}
	return c
}

// verify checks the caller's certificate against the trust domain's authorities.
func (h *handshakes) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return nil
	}
	_, _, err := x509svid.Verify(s.PeerCertificates, h.bundle.Load(), x509svid.WithTime(h.now()))
	return err
}
