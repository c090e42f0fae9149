package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// client is a command's connection to a server, and the identity that it calls
// with.
type client struct {
	server string
	caller.Identity
	proof caller.Proof
}

// roleNames are the roles that a caller may choose.
var roleNames = []string{
	string(principal.RoleOrderService), string(principal.RoleSupport), string(principal.RoleAdjudicator), string(principal.RoleApprover),
	string(principal.RoleFinance), string(principal.RoleMerchant), string(principal.RoleAuthenticator), string(principal.RoleOperator),
	string(principal.RoleAuditor),
}

// flags adds the flags for server and identity to a command; role is the default
// role.
func (c *client) flags(cmd *cobra.Command, role principal.Role) {
	f := cmd.Flags()
	f.StringVar(&c.server, "server", "127.0.0.1:7410", "address of the server")
	f.StringVar(&c.Workload, "workload", "tenfold-cli", "workload of the caller")
	f.StringVar(&c.Role, "role", string(role), "role of the call")
	f.StringVar(&c.Person, "person", "", "opaque id of the person that the call is made for")
	f.StringVar(&c.Scope, "scope", "", "resource that the role is limited to, such as merchants/m1")
	f.StringVar(&c.proof.Authorities, "server-ca", "", "PEM file of the authorities of a server that requires proof; calls are made over TLS")
	f.StringVar(&c.proof.Certificate, "client-cert", "", "PEM file of the certificate that proves the workload")
	f.StringVar(&c.proof.Key, "client-key", "", "PEM file of the key of that certificate")
	f.StringVar(&c.proof.Token, "token-file", "", "file of the token that proves the workload, instead of a certificate")
	f.StringVar(&c.proof.PersonToken, "person-token-file", "", "file of the token of the person that the call is made for")
	// Neither can fail: both flags exist.
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roleNames, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("server", cobra.NoFileCompletions)
}

// connect opens the connection. A server that cannot be reached fails the first
// call, not connect.
func (c *client) connect() (*grpc.ClientConn, error) {
	if !slices.Contains(roleNames, c.Role) {
		return nil, usageError{fmt.Errorf("TENFOLD_ROLE or --role must be one of %s, not %q", strings.Join(roleNames, ", "), c.Role)}
	}
	dial := func() (*grpc.ClientConn, error) { return c.Dial(c.server) }
	if c.proof != (caller.Proof{}) {
		if c.Person != "" || c.Scope != "" {
			return nil, usageError{errors.New("TENFOLD_PERSON and TENFOLD_SCOPE state an identity without proof; a server that requires proof takes person and scope from tokens, so leave both unset")}
		}
		dial = func() (*grpc.ClientConn, error) { return c.proof.Dial(c.server, c.Role) }
	}
	conn, err := dial()
	if err != nil {
		return nil, usageError{err}
	}
	return conn, nil
}

// refusal turns the status of a call into a text for people: the message, the
// reason, the wrong fields, the time to try again and the actions that the claim
// admits.
func refusal(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	lines := []string{s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			lines[0] = d.GetReason() + ": " + lines[0]
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				lines = append(lines, "  field "+v.GetField()+": "+v.GetDescription())
			}
		case *errdetails.RetryInfo:
			lines = append(lines, "  try again in "+d.GetRetryDelay().AsDuration().String())
		case *tenfoldv1.ClaimStateDetail:
			lines = append(lines, "  the claim is "+word(d.GetState())+" and waits for "+word(d.GetWaitsFor()))
		}
	}
	if len(s.Details()) == 0 {
		lines[0] = s.Code().String() + ": " + lines[0]
	}
	return errors.New(strings.Join(lines, "\n"))
}

// word is an enum's value without the enum's own name: PAID.
func word(v interface {
	fmt.Stringer
}) string {
	name := v.String()
	for _, prefix := range []string{
		"CLAIM_STATE_", "CLAIM_TRIGGER_", "CLAIM_ACTION_", "WAITS_FOR_", "DEADLINE_KIND_", "VERDICT_", "LEGAL_BASIS_", "GROUNDS_",
		"PAYOUT_PART_", "PAYOUT_STATE_", "HOLD_STATE_", "FUNDING_SOURCE_", "ACCOUNT_PURPOSE_", "ACCOUNT_SIDE_", "AUTHENTICATOR_KIND_",
		"SAMPLE_SOURCE_", "CLAIMANT_ROLE_", "CLAIM_QUEUE_", "REMEDY_",
		"EVENT_KIND_", "TRANSFER_KIND_", "MONEY_EFFECT_", "DEBT_KIND_", "PAYOUT_FORM_",
		"PROPOSAL_KIND_", "PROPOSAL_STATE_",
	} {
		if cut, ok := strings.CutPrefix(name, prefix); ok {
			return cut
		}
	}
	return name
}
