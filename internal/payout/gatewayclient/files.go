package gatewayclient

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// reread reads something from files each time that it is asked for. If the files cannot be
// read, what was read before stays in use: they are being replaced, or somebody made a
// mistake that must not stop payouts before the old content expires.
type reread[T any] struct {
	what string
	read func() (T, error)
	log  *slog.Logger

	mu   sync.Mutex
	last T
	had  bool
	// failing says that the last read failed, which is logged once.
	failing bool
}

func (k *reread[T]) get() (T, error) {
	v, err := k.read()
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		k.last, k.had, k.failing = v, true, false
		return v, nil
	}
	if !k.had {
		return v, err
	}
	if !k.failing {
		k.failing = true
		k.log.Error("a file cannot be read; its old content stays in use", "file", k.what, "error", err)
	}
	return k.last, nil
}

func authorities(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of the gateway: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("read the authorities of the gateway: %s holds no certificate", file)
	}
	return pool, nil
}
