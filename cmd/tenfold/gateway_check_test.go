package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tenfold-claims/tenfold/cmd/gatewaystub/payments"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// paymentService serves a payment service over TLS for callers with a certificate. It
// gives its address and the flags that reach it.
func paymentService(t *testing.T, s tenfoldv1.PayoutGatewayServiceServer) (address string, flags []string) {
	t.Helper()
	now, dir := time.Now(), t.TempDir()
	authority := identitytest.NewAuthority(t, now)
	leaf := identitytest.Leaf{From: now.Add(-time.Hour), Until: now.Add(time.Hour)}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{authority.Pair(t, leaf)},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	})))
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, s)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	t.Cleanup(server.Stop)
	certificate, key := authority.Issue(t, leaf)
	return listener.Addr().String(), []string{
		"--gateway-ca", identitytest.WriteFile(t, dir, "ca.pem", authority.PEM()),
		"--gateway-cert", identitytest.WriteFile(t, dir, "own.pem", certificate),
		"--gateway-key", identitytest.WriteFile(t, dir, "own.key", key),
	}
}

func stub(t *testing.T) *payments.Service {
	t.Helper()
	s, err := payments.Open(filepath.Join(t.TempDir(), "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// brief are the flags of a check that takes seconds.
var brief = []string{
	"--destination", "wallet-1", "--fail-destination", "fail-1", "--wait-destination", "wait-1", "--amount", "100", "--currency", "CNY",
	"--skew", "500ms", "--life", "1s", "--wait", "1s",
}

// forgetful is a payment service that compares no content.
type forgetful struct{ *payments.Service }

func (f forgetful) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	r.Payout, r.Claim = "", ""
	return f.Service.Instruct(ctx, r)
}

// Would catch a check over TLS that passes what is broken or breaks what is kept, whose
// exit code or JSON does not say so, and one that keeps quiet about its progress.
func TestGatewayCheck(t *testing.T) {
	t.Parallel()
	type answer struct {
		Address string
		Rules   []struct {
			Rule, Result string
			Seen         []string
		}
		Paid      []string
		PaidMinor int64
	}
	for name, row := range map[string]struct {
		service tenfoldv1.PayoutGatewayServiceServer
		code    int
		broken  []string
	}{
		"kept":   {stub(t), exitOK, nil},
		"broken": {forgetful{stub(t)}, exitMismatch, []string{"OTHER_CONTENT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, flags := paymentService(t, row.service)
			args := slices.Concat([]string{"gateway", "check", address}, flags, brief)
			code, out, errOut := try(t, append(args, "--output", "json")...)
			var a answer
			if err := json.Unmarshal([]byte(out), &a); err != nil || code != row.code {
				t.Fatalf("exit %d, %v, %s %s", code, err, out, errOut)
			}
			var broken []string
			for _, r := range a.Rules {
				if r.Result != "KEPT" {
					broken = append(broken, r.Rule)
				}
			}
			if !slices.Equal(broken, row.broken) || len(a.Rules) != 22 || a.Address != address || a.PaidMinor != int64(100*len(a.Paid)) {
				t.Errorf("not kept are %v: %+v", broken, a)
			}
			if !strings.Contains(errOut, "cancelled calls …") {
				t.Errorf("no progress: %q", errOut)
			}
			code, out, errOut = try(t, args...)
			if code != row.code || !strings.Contains(out, "each once:\n  CHK") || strings.Contains(errOut, "1 rule is broken") != (row.broken != nil) {
				t.Errorf("exit %d: %s %s", code, out, errOut)
			}
			for _, want := range row.broken {
				if !strings.Contains(out, want+"          BROKEN") || !strings.Contains(out, "another payout is SUCCEEDED") {
					t.Errorf("%s is not told: %s", want, out)
				}
			}
		})
	}
}

// Would catch a check that begins with settings that are wrong, or takes a service that
// cannot be reached for one that breaks rules.
func TestGatewayCheckRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	for want, row := range map[string]struct {
		code int
		args []string
	}{
		"--destination (TENFOLD_DESTINATION) is missing": {exitUsage, []string{"127.0.0.1:1"}},
		"ADDRESS is missing":                             {exitUsage, nil},
		"ADDRESS must be HOST:PORT":                      {exitUsage, []string{"127.0.0.1", "--destination", "d"}},
		"needs TLS":                                      {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--gateway-token-file", "t"}},
		"above 0 and below":                              {exitUsage, []string{"127.0.0.1:1", "--destination", "d"}},
		"not -1":                                         {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--amount", "-1"}},
		"--currency (TENFOLD_CURRENCY)":                  {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--amount", "1", "--currency", "yuan"}},
		"must differ":                                    {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--fail-destination", "d"}},
		"printable ASCII":                                {exitUsage, []string{"127.0.0.1:1", "--destination", "d d"}},
		"--form (TENFOLD_FORM)":                          {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--form", "gold"}},
		"cash, wallet or coupon":                         {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--form", ""}},
		"--call-limit (TENFOLD_CALL_LIMIT)":              {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--amount", "1", "--currency", "CNY", "--call-limit", "0s"}},
		"--wait (TENFOLD_WAIT)":                          {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--amount", "1", "--currency", "CNY", "--wait", "-1s"}},
		"--original-payment (TENFOLD_ORIGINAL_PAYMENT)":  {exitUsage, []string{"127.0.0.1:1", "--destination", "d", "--amount", "1", "--currency", "CNY", "--original-payment", "a b"}},
		"--output (TENFOLD_OUTPUT)":                      {exitUsage, []string{"127.0.0.1:1", "--output", "xml"}},
		"does not take calls: Unavailable": {exitFailed, []string{
			"127.0.0.1:1", "--destination", "d", "--amount", "1", "--currency", "CNY",
		}},
	} {
		code, out, errOut := try(t, append([]string{"gateway", "check"}, row.args...)...)
		if code != row.code || !strings.Contains(errOut, want) || out != "" {
			t.Errorf("%v: exit %d, %q %q, want %q", row.args, code, out, errOut, want)
		}
	}
}
