package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/payout/gatewaycheck"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a gateway on another machine that is called in plaintext or not at all, and
// one on this machine that needs a certificate.
func TestGatewayIsCalledInPlaintextOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		addresses string
		proof     gatewayProof
		plaintext bool
	}{
		{"127.0.0.1:1", gatewayProof{}, true},
		{"localhost:1,[::1]:2,127.0.0.9:3", gatewayProof{}, true},
		{"127.0.0.1:1", gatewayProof{authorities: "ca.pem"}, false},
		{"127.0.0.1:1", gatewayProof{serverName: "payments.example"}, false},
		{"127.0.0.1:1", gatewayProof{certificate: "c", key: "k"}, false},
		{"payments.example:443", gatewayProof{}, false},
		{"10.0.0.1:443", gatewayProof{token: "t"}, false},
		{"127.0.0.1:1,payments.example:443", gatewayProof{}, false},
		{"localhost.example:443", gatewayProof{}, false},
		{"[::ffff:10.0.0.1]:443", gatewayProof{}, false},
	} {
		c := gatewayConfig{addresses: strings.Split(row.addresses, ","), gatewayProof: row.proof}
		if err := c.check(false); err != nil {
			t.Errorf("%s: %v", row.addresses, err)
		}
		if got := c.plaintext(c.addresses); got != row.plaintext {
			t.Errorf("%s with %+v: plaintext %v", row.addresses, row.proof, got)
		}
	}
}

// Would catch a server that starts although a setting of the gateway is wrong or lacks
// another, does not say which one, or repeats a long value.
func TestServeRefusesWrongSettingsOfTheGateway(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none")
	for want, args := range map[string][]string{
		"--gateway (TENFOLD_GATEWAY) is missing; set it":                                {"--gateway", ""},
		"--gateway (TENFOLD_GATEWAY) is missing; the other":                             {"--sandbox", "--gateway-ca", "ca.pem"},
		`HOST:PORT, or several`:                                                         {"--gateway", "payments.example"},
		`not "https://payments.example:443"`:                                            {"--gateway", "https://payments.example:443"},
		`not "dns:///payments.example:443"`:                                             {"--gateway", "dns:///payments.example:443"},
		`not ""`:                                                                        {"--gateway", "a.example:1,,b.example:1"},
		`between 1 and 65535, not "0"`:                                                  {"--gateway", "payments.example:0"},
		`between 1 and 65535, not "70000"`:                                              {"--gateway", "payments.example:70000"},
		`between 1 and 65535, not "https"`:                                              {"--gateway", "payments.example:https"},
		`a host such as payments.example, not ""`:                                       {"--gateway", ":443"},
		`a host such as payments.example, not "a b"`:                                    {"--gateway", "a b:443"},
		"names payments.example:1 twice":                                                {"--gateway", "payments.example:1,payments.example:1"},
		"at most 16 addresses, not 17":                                                  {"--gateway", strings.TrimSuffix(strings.Repeat("payments.example:1,", 17), ",")},
		"--gateway-cert (TENFOLD_GATEWAY_CERT) and --gateway-key (TENFOLD_GATEWAY_KEY)": {"--gateway", "payments.example:1", "--gateway-cert", "c"},
		"must be set together":                                                          {"--gateway", "payments.example:1", "--gateway-key", "k"},
		"--gateway-token-file (TENFOLD_GATEWAY_TOKEN_FILE) needs TLS":                   {"--gateway", "127.0.0.1:1", "--gateway-token-file", "t"},
		`without a port, not "payments.example:443"`:                                    {"--gateway", "127.0.0.1:1", "--gateway-server-name", "payments.example:443"},
		"read the authorities of the gateway: open":                                     {"--sandbox", "--gateway", "127.0.0.1:1", "--gateway-ca", missing, "--ops-listen", "none"},
		"read the token for the gateway: open":                                          {"--sandbox", "--gateway", "a.example:1", "--gateway-token-file", missing, "--ops-listen", "none"},
		"read our certificate for the gateway: open":                                    {"--sandbox", "--gateway", "a.example:1", "--gateway-cert", missing, "--gateway-key", missing, "--ops-listen", "none"},
		strings.Repeat("x", 70) + `"`:                                                   {"--gateway", strings.Repeat("x", 70)},
		strings.Repeat("y", 79):                                                         {"--gateway", strings.Repeat("y", 79) + "/" + strings.Repeat("z", 5000)},
	} {
		code, _, errOut := try(t, append([]string{"serve", "--insecure-loopback", "--listen", "127.0.0.1:0"}, args...)...)
		if code != exitUsage || !strings.Contains(errOut, want) || len(errOut) > 400 {
			t.Errorf("%v: exit %d, %q, want %q", args, code, errOut[:min(len(errOut), 500)], want)
		}
	}
}

// Would catch a setting of the gateway or of its check, a rule, or a metric that the page
// for developers of payment services does not explain.
func TestGatewayDocumentNamesSettingsRulesAndMetrics(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	var served gatewayConfig
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	served.flags(flags)
	for _, set := range []*pflag.FlagSet{flags, newGatewayCheck().Flags()} {
		set.VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !strings.Contains(page, "`--"+f.Name+"`") && !strings.Contains(page, "`--"+f.Name+" ") {
				t.Errorf("docs/gateway.md does not explain --%s", f.Name)
			}
		})
	}
	for _, rule := range gatewaycheck.Rules() {
		if !strings.Contains(page, "| "+string(rule)+" | ") {
			t.Errorf("docs/gateway.md does not explain the rule %s", rule)
		}
	}
	fields := (&tenfoldv1.QueryResponse{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := fields.Get(i).Name()
		if !strings.Contains(page, "| `"+string(name)+"` |") {
			t.Errorf("docs/gateway.md does not explain the field %s of an answer", name)
		}
	}
}

// Would catch a server that does not reach a payment service over mutual TLS, or that
// pays no claim through it.
func TestServePaysThroughAGatewayOverTLS(t *testing.T) {
	t.Parallel()
	service := stub(t)
	address, flags := paymentService(t, service)
	env := []string{"TENFOLD_GATEWAY=" + address + ",127.0.0.1:1"}
	for i := 0; i < len(flags); i += 2 {
		env = append(env, variableOf(flags[i][2:])+"="+flags[i+1])
	}
	o := operatedOver(t, pgtest.New(t).AppURL, env...)
	o.work()
	o.pay()
	o.scrape(`tenfold_payout_outcomes_total{outcome="succeeded"} 2`, `tenfold_certificate_expires_seconds{use="gateway"} `)
	claims, err := tenfoldv1.NewClaimServiceClient(o.conn).ListClaims(t.Context(), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
	if err != nil || claims.GetClaims()[0].GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID {
		t.Errorf("%v, %v", claims, err)
	}
}
