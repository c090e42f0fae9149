package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// chain is what every call passes through: a call id, who calls, whether the
// role may, whether the request keeps the contract's rules, a deadline, and at
// the end the one translation of errors.
type chain struct {
	validator protovalidate.Validator
	callMax   time.Duration
	log       *slog.Logger
}

func (c *chain) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	who, err := admit(ctx, info.FullMethod)
	if err == nil {
		response, err = c.call(withCaller(ctx, who), who, request, info.FullMethod, handle)
	}
	if err != nil {
		return nil, c.answer(ctx, who, info.FullMethod, err)
	}
	return response, nil
}

func (c *chain) call(ctx context.Context, who caller, request any, method string, handle grpc.UnaryHandler) (response any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	if !methods[method].open {
		if err := c.check(request); err != nil {
			return nil, err
		}
		if err := who.limit(request, method); err != nil {
			return nil, err
		}
	}
	// A call always ends, also when its caller named no deadline.
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.callMax)
		defer cancel()
	}
	return handle(ctx, request)
}

// check holds a request against the rules that stand in the contract.
func (c *chain) check(request any) error {
	m, ok := request.(proto.Message)
	if !ok {
		return fmt.Errorf("request is a %T, not a message", request)
	}
	return violated(c.validator.Validate(m))
}

// stream does for streams what unary does for calls; a stream has no deadline but
// its caller's.
func (c *chain) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	who, err := admit(s.Context(), info.FullMethod)
	if err == nil {
		if methods[info.FullMethod].open {
			return handle(server, s)
		}
		err = c.follow(who, server, s, info.FullMethod, handle)
	}
	if err != nil {
		return c.answer(s.Context(), who, info.FullMethod, err)
	}
	return nil
}

func (c *chain) follow(who caller, server any, s grpc.ServerStream, method string, handle grpc.StreamHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return handle(server, &checkedStream{ServerStream: s, ctx: withCaller(s.Context(), who), chain: c, who: who, method: method})
}

// checkedStream is a stream of the contract, whose requests are checked as those
// of calls are.
type checkedStream struct {
	grpc.ServerStream
	ctx    context.Context
	chain  *chain
	who    caller
	method string
}

// Context implements grpc.ServerStream.
func (s *checkedStream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream.
func (s *checkedStream) RecvMsg(request any) error {
	if err := s.ServerStream.RecvMsg(request); err != nil {
		return err
	}
	if err := s.chain.check(request); err != nil {
		return err
	}
	return s.who.limit(request, s.method)
}

// admit says who calls and whether that role may call the method.
func admit(ctx context.Context, method string) (caller, error) {
	row, ok := methods[method]
	if !ok {
		return caller{}, status.Errorf(codes.Unimplemented, "unknown method %s", method)
	}
	if row.open {
		return caller{}, nil
	}
	who, err := identify(ctx)
	if err != nil {
		return caller{}, err
	}
	return who, row.allow(who, method)
}

// answer turns an error into the status that the caller sees, and writes what
// the operator should know. Texts of callers are never logged.
func (c *chain) answer(ctx context.Context, who caller, method string, err error) error {
	s, refused := statusOf(err, who)
	if refused || s.Code() != codes.Internal {
		c.log.LogAttrs(ctx, slog.LevelDebug, "call refused", slog.String("method", shortMethod(method)),
			slog.String("code", s.Code().String()), slog.String("reason", reasonOf(err)), slog.String("workload", who.Workload))
		pushBack(ctx, err)
		return s.Err()
	}
	id := callID()
	c.log.LogAttrs(ctx, slog.LevelError, "call failed", slog.String("method", shortMethod(method)),
		slog.String("call_id", id), slog.String("workload", who.Workload), slog.String("error", err.Error()))
	return status.Errorf(codes.Internal, "internal error; the operator finds it under call id %s", id)
}

// callID names one failed call in the log and in its answer.
func callID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // Never fails: it ends the program rather than return less.
	return hex.EncodeToString(b[:])
}
