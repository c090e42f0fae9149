// Package caller connects to a Tenfold server as a caller: a workload in a role,
// perhaps for a person. The identity is either stated, which a server believes only
// on loopback, or proved by certificate and tokens. The package makes neither.
package caller

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Identity is the caller, as stated to a server on this machine.
type Identity struct {
	Workload string
	// Role is the role that the workload acts in, such as "order-service".
	Role string
	// Person is the person it acts for; empty for none.
	Person string
	// Scope limits the role: "merchants/{merchant}" for a merchant,
	// "authenticators/{authenticator}" for an authenticator.
	Scope string
}

// answerMax is the largest answer that is taken. Pages and whole claims are less than half of
// what gRPC takes by default; this leaves room for single resources that are large by
// themselves, up to what a request may have.
const answerMax = 8 << 20

func takesAnswers() grpc.DialOption {
	return grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerMax))
}

// Dial connects to a server on this machine, or to the first of several that answers.
func (i Identity) Dial(address string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	addresses, err := Addresses(address)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		host, _, _ := net.SplitHostPort(a) // Addresses has parted it before.
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("server address %q is not on this machine; callers from other machines must prove their identity", a)
		}
	}
	return connect(address, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		takesAnswers(),
		grpc.WithChainUnaryInterceptor(i.intercept),
		grpc.WithChainStreamInterceptor(i.interceptStream),
	}, more...)...)
}

func (i Identity) intercept(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return invoke(i.Attach(ctx), method, request, response, conn, options...)
}

func (i Identity) interceptStream(ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return open(i.Attach(ctx), d, conn, method, options...)
}

// Attach gives a context whose calls are made by i.
func (i Identity) Attach(ctx context.Context) context.Context {
	for _, entry := range [][2]string{
		{"tenfold-workload", i.Workload}, {"tenfold-role", i.Role}, {"tenfold-person", i.Person}, {"tenfold-scope", i.Scope},
	} {
		if entry[1] != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, entry[0], entry[1])
		}
	}
	return ctx
}
