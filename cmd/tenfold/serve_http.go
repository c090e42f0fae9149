package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/web"
)

// httpConfig holds every setting of calls over HTTP.
type httpConfig struct {
	listen  string
	origins []string
}

func (c *httpConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.listen, "http-listen", "", "address to serve JSON over HTTP on (docs/http.md); empty for no such port")
	f.StringSliceVar(&c.origins, "http-origins", nil, "origins of web pages that may call over HTTP, such as https://tool.example")
}

// check returns an error that names the flag and the variable of a wrong or missing setting.
// Callers over HTTP prove their identity as over gRPC, and are believed without
// proof on this machine only.
func (c *httpConfig) check(insecure bool) error {
	if c.listen == "" {
		if len(c.origins) > 0 {
			return errors.New("--http-origins (TENFOLD_HTTP_ORIGINS) needs --http-listen (TENFOLD_HTTP_LISTEN); web pages call over HTTP")
		}
		return nil
	}
	for _, origin := range c.origins {
		if err := web.CheckOrigin(origin); err != nil {
			return fmt.Errorf("--http-origins (TENFOLD_HTTP_ORIGINS): %w", err)
		}
	}
	if insecure {
		return checkLoopback("--http-listen (TENFOLD_HTTP_LISTEN)", c.listen, becauseInsecure)
	}
	if _, _, err := net.SplitHostPort(c.listen); err != nil {
		return fmt.Errorf("--http-listen (TENFOLD_HTTP_LISTEN) must be HOST:PORT, not %q", c.listen)
	}
	return nil
}

// overHTTP serves the calls of server over HTTP until ctx ends, if an address is
// configured. Calls in progress may finish while those over gRPC do; then their
// connections are cut, because gRPC would wait for them.
func (p *parts) overHTTP(ctx context.Context, c *serveConfig, server *rpc.Server, gate rpc.Gate, log *slog.Logger) error {
	if c.http.listen == "" {
		c.peers.warnOfFiles(1, log)
		return nil
	}
	c.peers.warnOfFiles(2, log)
	calls, err := server.Transcoder()
	if err != nil {
		return err
	}
	listener, err := p.listen(ctx, "http", c.http.listen, c.peers.bounds())
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	log.Info("serving HTTP", "address", listener.Addr().String())
	config := web.Defaults()
	config.TLS, config.Origins, config.Now, config.Refuse = gate.TLS, c.http.origins, time.Now, rpc.Refuse
	s := web.Serve(listener, calls, config, log)
	stop := sync.OnceValue(func() error {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.drainMax())
		defer cancel()
		return s.Stop(drain)
	})
	context.AfterFunc(ctx, func() { _ = stop() }) // Whoever shuts the parts is told.
	p.opened(stop)
	return nil
}
