package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

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
	// language is that of texts and refusals.
	language string
}

// The languages of --language, as the server knows them by accept-language.
const (
	english = "en"
	chinese = "zh"
)

// spoken asks the server for refusals in the language of the command.
func (c *client) spoken() []grpc.DialOption {
	with := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "accept-language", c.language)
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return c.reached(ctx, invoke(with(ctx), method, request, response, conn, options...))
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return open(with(ctx), d, conn, method, options...)
		}),
	}
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
	f.StringVar(&c.server, "server", "127.0.0.1:7410", "address of the server, or several with commas between them: the first that answers is called")
	f.StringVar(&c.Workload, "workload", "tenfold-cli", "workload of the caller")
	f.StringVar(&c.Role, "role", string(role), "role of the call")
	f.StringVar(&c.Person, "person", "", "opaque id of the person that the call is made for")
	f.StringVar(&c.Scope, "scope", "", "resource that the role is limited to, such as merchants/m1")
	f.StringVar(&c.proof.Authorities, "server-ca", "", "PEM file of the authorities of a server that requires proof; calls are made over TLS")
	f.StringVar(&c.proof.Certificate, "client-cert", "", "PEM file of the certificate that proves the workload")
	f.StringVar(&c.proof.Key, "client-key", "", "PEM file of the key of that certificate")
	f.StringVar(&c.proof.Token, "token-file", "", "file of the token that proves the workload, instead of a certificate")
	f.StringVar(&c.proof.PersonToken, "person-token-file", "", "file of the token of the person that the call is made for")
	f.StringVar(&c.language, "language", english, "language of texts and refusals: en or zh")
	inGroup(f, connectionGroup, "server", "workload", "role", "person", "scope", "server-ca", "client-cert", "client-key", "token-file",
		"person-token-file", "language")
	completes(f, "language", english, chinese)
	completes(f, "role", roleNames...)
	completes(f, "server")
}

// connect opens the connection. A server that cannot be reached fails the first
// call, not connect.
func (c *client) connect() (*grpc.ClientConn, error) {
	if !slices.Contains(roleNames, c.Role) {
		return nil, usageError{fmt.Errorf("--role (TENFOLD_ROLE) must be one of %s, not %q", strings.Join(roleNames, ", "), c.Role)}
	}
	if c.language != english && c.language != chinese {
		return nil, usageError{fmt.Errorf("--language (TENFOLD_LANGUAGE) must be en or zh, not %q", c.language)}
	}
	dial := func() (*grpc.ClientConn, error) { return c.Dial(c.server, c.spoken()...) }
	if c.proof != (caller.Proof{}) {
		if c.Person != "" || c.Scope != "" {
			return nil, usageError{errors.New("--person (TENFOLD_PERSON) and --scope (TENFOLD_SCOPE) state an identity without proof; a server that requires proof takes person and scope from tokens, so leave both unset")}
		}
		dial = func() (*grpc.ClientConn, error) { return c.proof.Dial(c.server, c.Role, c.spoken()...) }
	}
	conn, err := dial()
	if err != nil {
		return nil, usageError{err}
	}
	return conn, nil
}

// refused is an error that a server answered, or the want of an answer.
type refused struct{ error }

// refusal turns the status of a call into a text for people: the message, the
// reason, the wrong fields, the time to try again and the actions that the claim
// admits. Where the server wrote in another language than English, its text stands
// for all of these.
func refusal(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	lines := []string{s.Message()}
	if text := foreign(s); text != "" {
		return refused{errors.New(text)}
	}
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
	if reasonless(s) {
		lines[0] = s.Code().String() + ": " + lines[0]
	}
	return refused{errors.New(strings.Join(lines, "\n"))}
}

// violations are the fields at fault in the request of a call.
func violations(err error) []*errdetails.BadRequest_FieldViolation {
	s, _ := status.FromError(err)
	var all []*errdetails.BadRequest_FieldViolation
	for _, d := range s.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			all = append(all, bad.GetFieldViolations()...)
		}
	}
	return all
}

// foreign is the reason and the text of a refusal in another language than English;
// empty for none.
func foreign(s *status.Status) string {
	reason, text := s.Code().String(), ""
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.LocalizedMessage:
			if d.GetLocale() != english {
				text = d.GetMessage()
			}
		}
	}
	if text == "" {
		return ""
	}
	return reason + ": " + text
}

// word is an enum's value without the enum's own name: PAID. A value that is not set,
// or that is hidden from the caller's role, has none.
func word(v protoreflect.Enum) string {
	e := v.Descriptor()
	value := e.Values().ByNumber(v.Number())
	if value == nil {
		return fmt.Sprint(v.Number()) // The server is newer and has a value that this binary does not.
	}
	return strings.TrimPrefix(strings.TrimSuffix(string(value.Name()), "UNSPECIFIED"), prefixOf(e))
}

// reasonless says that no rule refused the call.
func reasonless(s *status.Status) bool {
	return !slices.ContainsFunc(s.Details(), func(d any) bool { _, ok := d.(*errdetails.ErrorInfo); return ok })
}
