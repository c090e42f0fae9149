package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
)

// gatewayConfig holds every setting of the connection to the payout gateway.
type gatewayConfig struct {
	addresses []string
	gatewayProof
}

func (c *gatewayConfig) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&c.addresses, "gateway", nil,
		"addresses of the payout gateway, HOST:PORT, of one payment service; over TLS, unless all are on loopback (docs/gateway.md). A sandbox can simulate one")
	c.gatewayProof.flags(f)
}

// gatewayProof holds how the payout gateway and its caller prove themselves.
type gatewayProof struct {
	authorities string
	serverName  string
	certificate string
	key         string
	token       string
}

func (c *gatewayProof) flags(f *pflag.FlagSet) {
	f.StringVar(&c.authorities, "gateway-ca", "", "PEM file of the authorities that sign the gateway's certificate (default: those of the system)")
	f.StringVar(&c.serverName, "gateway-server-name", "", "name in the gateway's certificate (default: the host of its address)")
	f.StringVar(&c.certificate, "gateway-cert", "", "PEM file of the certificate that proves this server to the gateway")
	f.StringVar(&c.key, "gateway-key", "", "PEM file of the key of that certificate")
	f.StringVar(&c.token, "gateway-token-file", "", "file of the bearer token that proves this server to the gateway")
}

// check returns an error that names the flag and the variable of a wrong or missing setting.
func (c *gatewayConfig) check(sandbox bool) error {
	if len(c.addresses) == 0 {
		if c.gatewayProof != (gatewayProof{}) {
			return errors.New("--gateway (TENFOLD_GATEWAY) is missing; the other settings of the gateway require it")
		}
		if !sandbox {
			return errors.New("--gateway (TENFOLD_GATEWAY) is missing; set it to the address of the payout gateway, or set --sandbox (TENFOLD_SANDBOX) to simulate one")
		}
		return nil
	}
	return c.gatewayProof.check("--gateway (TENFOLD_GATEWAY)", c.addresses)
}

// gatewaysMax bounds the addresses of a gateway. Each has a connection.
const gatewaysMax = 16

// hostForm is the form of the hosts of addresses, and of names in certificates.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?\.?$`)

// check refuses settings that do not fit together, or the addresses, which setting
// names.
func (c *gatewayProof) check(setting string, addresses []string) error {
	if len(addresses) > gatewaysMax {
		return fmt.Errorf("%s must name at most %d addresses, not %d", setting, gatewaysMax, len(addresses))
	}
	for i, address := range addresses {
		if err := checkGatewayAddress(setting, address); err != nil {
			return err
		}
		if slices.Contains(addresses[:i], address) {
			return fmt.Errorf("%s names %s twice", setting, address)
		}
	}
	switch {
	case c.serverName != "" && net.ParseIP(c.serverName) == nil && !hostForm.MatchString(c.serverName):
		return fmt.Errorf("--gateway-server-name (TENFOLD_GATEWAY_SERVER_NAME) must be a host name such as payments.example, without a port, not %.80q", c.serverName)
	case (c.certificate == "") != (c.key == ""):
		return errors.New("--gateway-cert (TENFOLD_GATEWAY_CERT) and --gateway-key (TENFOLD_GATEWAY_KEY) must be set together")
	case c.token != "" && c.plaintext(addresses):
		return errors.New("--gateway-token-file (TENFOLD_GATEWAY_TOKEN_FILE) needs TLS, which a loopback address has only with --gateway-ca (TENFOLD_GATEWAY_CA) or " +
			"--gateway-server-name (TENFOLD_GATEWAY_SERVER_NAME); without it, whoever listens there would get the token")
	}
	return nil
}

func checkGatewayAddress(setting, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.Contains(address, "/") {
		return fmt.Errorf("%s must be HOST:PORT, or several with commas between them, not %.80q", setting, address)
	}
	if net.ParseIP(host) == nil && !hostForm.MatchString(host) {
		return fmt.Errorf("%s must name a host such as payments.example, not %.80q", setting, host)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%s must end in a port between 1 and 65535, not %.80q", setting, port)
	}
	return nil
}

// plaintext says whether the gateway is called without TLS: only on this machine, and
// only if nothing of TLS is configured.
func (c *gatewayProof) plaintext(addresses []string) bool {
	if c.authorities != "" || c.serverName != "" || c.certificate != "" {
		return false
	}
	return !slices.ContainsFunc(addresses, func(address string) bool {
		host, _, err := net.SplitHostPort(address)
		return err != nil || !isLoopback(host)
	})
}

// dial connects to the gateway at the addresses.
func (c *gatewayProof) dial(addresses []string, log *slog.Logger, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	e := gatewayclient.Endpoint{
		Addresses: addresses, Plaintext: c.plaintext(addresses), Authorities: c.authorities, ServerName: c.serverName,
		Certificate: c.certificate, Key: c.key, Token: c.token,
	}
	conn, err := e.Dial(log, more...)
	if err != nil {
		return nil, usageError{fmt.Errorf("%w (docs/gateway.md)", err)}
	}
	return conn, nil
}
