package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// chain is the sequence that every call passes through. It checks the caller, the
// role's rights and quota, and the contract's rules on the request; it sets a
// deadline; at the end it hides fields from the role; and it is the only
// translation of errors.
type chain struct {
	validator protovalidate.Validator
	authority identity.Authority
	rates     *rates
	streams   *streams
	refusals  *accesslog.Log
	now       engine.Clock
	callMax   time.Duration
	observer  Observer
	// measure is the clock by which calls are measured.
	measure func() time.Time
	log     *slog.Logger
	// callsAt is the level at which answered calls are logged.
	callsAt slog.Level
}

func (c *chain) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	ctx, began := withCallID(ctx), c.measure()
	who, err := c.admit(ctx, info.FullMethod, partsOf(request))
	if err == nil {
		response, err = c.call(withCaller(ctx, who), who, request, info.FullMethod, handle)
	}
	if err != nil {
		response, err = nil, c.answer(ctx, who, info.FullMethod, err)
	}
	c.answered(ctx, who, info.FullMethod, began, err)
	return response, err
}

// answered reports an answered call to the observer, and to the log.
func (c *chain) answered(ctx context.Context, who caller, method string, began time.Time, err error) {
	took := c.measure().Sub(began)
	if c.observer.Answered != nil {
		c.observer.Answered(method, status.Code(err), took)
	}
	if c.log.Enabled(ctx, c.callsAt) {
		c.log.LogAttrs(ctx, c.callsAt, "call answered", slog.String("method", shortMethod(method)),
			slog.String("code", status.Code(err).String()), slog.String("workload", who.Workload), slog.Duration("took", took))
	}
}

func (c *chain) call(ctx context.Context, who caller, request any, method string, handle grpc.UnaryHandler) (response any, err error) {
	defer caught(&err)
	if !methods[method].open {
		if err := c.check(request); err != nil {
			return nil, err
		}
		if err := who.limit(request, method); err != nil {
			return nil, err
		}
	}
	// A call always ends, even if its caller set no deadline.
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.callMax)
		defer cancel()
	}
	if response, err = handle(ctx, request); err == nil && !methods[method].open {
		who.cover(response)
	}
	return response, err
}

// caught turns a panic of a handler into its error. It must be deferred.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// check checks a request against the contract's rules.
func (c *chain) check(request any) error {
	m, ok := request.(proto.Message)
	if !ok {
		return fmt.Errorf("request is a %T, not a message", request)
	}
	if err := decoded(m); err != nil {
		return err
	}
	if err := violated(c.validator.Validate(m)); err != nil {
		return err
	}
	return checkTimeForm(m)
}

// stream does for streams what unary does for calls; a stream has no deadline
// except its caller's.
func (c *chain) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, began := withCallID(s.Context()), c.measure()
	who, err := c.admit(ctx, info.FullMethod, 1)
	open := methods[info.FullMethod].open
	end := func() {}
	if err == nil {
		end, err = c.streams.take(ctx, who, open)
	}
	if err == nil {
		defer end()
		if open {
			return handle(server, s)
		}
		err = c.follow(ctx, who, server, s, info.FullMethod, handle)
	}
	if err != nil {
		err = c.answer(ctx, who, info.FullMethod, err)
	}
	c.answered(ctx, who, info.FullMethod, began, err)
	return err
}

func (c *chain) follow(ctx context.Context, who caller, server any, s grpc.ServerStream, method string, handle grpc.StreamHandler) (err error) {
	defer caught(&err)
	return handle(server, &guarded{ServerStream: s, ctx: withCaller(ctx, who), chain: c, who: who, method: method})
}

// guarded is a stream of the contract. Its requests are checked like those of
// calls, and a caller sees only what its role may see.
type guarded struct {
	grpc.ServerStream
	ctx    context.Context
	chain  *chain
	who    caller
	method string
}

// Context implements grpc.ServerStream.
func (s *guarded) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream.
func (s *guarded) RecvMsg(request any) error {
	if err := s.ServerStream.RecvMsg(request); err != nil {
		return err
	}
	if err := s.chain.check(request); err != nil {
		return err
	}
	return s.who.limit(request, s.method)
}

// SendMsg implements grpc.ServerStream.
func (s *guarded) SendMsg(m any) error {
	s.who.cover(m)
	return s.ServerStream.SendMsg(m)
}

// admit finds out who calls, and checks the caller's quota and whether the role may
// call the method. With a refusal it returns as much of the caller as was proved.
func (c *chain) admit(ctx context.Context, method string, parts int) (caller, error) {
	row, ok := methods[method]
	if !ok {
		return caller{}, fault.New(fault.MethodUnknown, "the contract has no method %s", method)
	}
	if row.open {
		return caller{}, nil
	}
	evidence, err := evidenceOf(ctx)
	if err != nil {
		return caller{}, err
	}
	identified, err := c.authority.Identify(ctx, evidence)
	who := caller{identified}
	if err == nil {
		proved(ctx)
		err = c.rates.take(who, parts)
	}
	if err == nil {
		err = row.allow(who, method)
	}
	return who, err
}

// meet finds out who calls over a connection on which nothing is proved yet, before anything of
// the request but its headers is read: a stranger is not to take memory by what it sends.
func (c *chain) meet(ctx context.Context, method string) error {
	if methods[method].open {
		return nil
	}
	ctx, began := withCallID(ctx), c.measure()
	var who caller
	evidence, err := evidenceOf(ctx)
	if err == nil {
		who.Caller, err = c.authority.Identify(ctx, evidence)
	}
	if err == nil {
		proved(ctx)
		return nil
	}
	err = c.answer(ctx, who, method, err)
	c.answered(ctx, who, method, began, err)
	return err
}

// tapped meets the caller of a stream of gRPC before it is made.
func (c *chain) tapped(ctx context.Context, info *tap.Info) (context.Context, error) {
	if _, known := methods[info.FullMethodName]; !known {
		return ctx, nil // It is refused without being read.
	}
	if conn := connectionOf(ctx); conn == nil || conn.IsProved() {
		return ctx, nil
	}
	return ctx, c.meet(ctx, info.FullMethodName)
}

// answer turns an error into the status that the caller sees, and logs what the
// operator should know. Texts of callers are never logged.
func (c *chain) answer(ctx context.Context, who caller, method string, err error) error {
	c.remember(who, method, err)
	c.observer.refused(err)
	s := report(ctx, c.log, method, who, err)
	if s.Code() != codes.Internal {
		pushBack(ctx, err)
	}
	return s.Err()
}

// report gives the status of a call, or of an item of a batch, that has failed, with its
// text in the language of the call, and logs what the operator should know. An internal error names the call in the log.
func report(ctx context.Context, log *slog.Logger, method string, who caller, err error) *status.Status {
	return localized(reported(ctx, log, method, who, err), spoken(ctx))
}

func reported(ctx context.Context, log *slog.Logger, method string, who caller, err error) *status.Status {
	s, refused := statusOf(err, who)
	called := []slog.Attr{slog.String("method", shortMethod(method)), slog.String("workload", who.Workload)}
	if s.Code() == codes.DataLoss {
		log.LogAttrs(ctx, slog.LevelError, "stored data is damaged", append(called, slog.Any("error", err))...)
	}
	if u, ok := fault.AsUnknown(known(err)); ok {
		log.LogAttrs(ctx, slog.LevelWarn, "the outcome of a call is unknown", append(called, slog.Any("cause", u.Cause))...)
	}
	if refused || s.Code() != codes.Internal {
		log.LogAttrs(ctx, slog.LevelDebug, "call refused", append(called,
			slog.String("code", s.Code().String()), slog.String("reason", string(reasonOf(err))))...)
		return s
	}
	log.LogAttrs(ctx, slog.LevelError, "call failed", append(called, slog.Any("error", err))...)
	return status.Newf(codes.Internal, "internal error; give the operator call id %s to find it in the log", callIDOf(ctx))
}

// remembered are the reasons which say that a caller tried something that it may
// not do.
var remembered = []fault.Reason{
	fault.CredentialMissing, fault.CredentialInvalid, fault.AccessDenied, fault.PersonRequired, fault.SamePerson,
	fault.AuthenticatorNotTrusted,
}

// RefusedAttempts are those reasons. Beside them, the log has what was refused because it
// lies beyond a caller's scope.
func RefusedAttempts() []fault.Reason { return slices.Clone(remembered) }

// remember records for the auditor that a call was refused because of its caller.
func (c *chain) remember(who caller, method string, err error) {
	f, ok := fault.As(err)
	var beyond *outOfScope
	if !ok || (!errors.As(err, &beyond) && !slices.Contains(remembered, f.Reason)) {
		return
	}
	attempt := postgres.AccessAttempt{
		Method: shortMethod(method), Reason: string(f.Reason),
		Workload: who.Workload, Role: string(who.Role), Person: who.Person, Scope: who.Scope,
	}
	if beyond != nil {
		attempt.Target = beyond.name
	}
	c.refusals.Record(c.now(), attempt)
}
