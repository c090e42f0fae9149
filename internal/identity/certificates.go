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
// certificates it believes, as files that are rotated under it.
type Certificates struct {
	// CertFile and KeyFile hold the server's chain and its key, as PEM.
	CertFile string
	KeyFile  string
	// BundleFile holds the authorities of the trust domain, as PEM. Empty: callers
	// show no certificates.
	BundleFile string
	// TrustDomain is the SPIFFE trust domain that callers must belong to.
	TrustDomain string
}

// handshakes makes and believes certificates.
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

// reload reads the files again. What cannot be read stays as it was.
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
// certificate, for it may have a token, or ask for nothing but the server's
// health; one that it shows must be good, or there is no connection.
func (h *handshakes) config() *tls.Config {
	c := &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.own.Load(), nil },
	}
	if h.BundleFile != "" {
		c.ClientAuth = tls.RequestClientCert
		// Unlike the check of a peer's certificate alone, this one is made for
		// resumed sessions too: their authority may have gone meanwhile.
		c.VerifyConnection = h.verify
	}
	return c
}

// verify holds what a caller showed against the trust domain's authorities.
func (h *handshakes) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return nil
	}
	_, _, err := x509svid.Verify(s.PeerCertificates, h.bundle.Load(), x509svid.WithTime(h.now()))
	return err
}
