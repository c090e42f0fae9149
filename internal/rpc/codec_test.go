package rpc_test

import (
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// octets is a codec whose messages are what goes over the wire.
type octets struct{}

func (octets) Marshal(v any) ([]byte, error) { return v.([]byte), nil }

func (octets) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = data
	return nil
}

func (octets) Name() string { return "proto" }

// Would catch a message over gRPC that is refused without a reason, or told as an error of
// the server, because gRPC decodes it before anybody looks at the call. It walks every method.
func TestUnreadableMessagesHaveAReason(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	roles, how := rpc.MethodRoles(), grpc.ForceCodec(octets{}) //nolint:staticcheck // The newer form takes buffers, of which there are none here.
	tried := make(map[string]bool)
	for _, w := range contract(t) {
		if tried[w.rpc] {
			continue
		}
		tried[w.rpc] = true
		ctx := f.as(string(roles[w.rpc][0]))
		broken, answer := []byte{0xff, 0xff}, []byte(nil)
		var err error
		if w.streams {
			var s grpc.ClientStream
			if s, err = f.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, w.rpc, how); err == nil {
				if err = s.SendMsg(broken); err == nil || err == io.EOF {
					err = s.RecvMsg(&answer)
				}
			}
		} else {
			err = f.conn.Invoke(ctx, w.rpc, broken, &answer, how)
		}
		if got := refusal(err); got.code != codes.InvalidArgument || got.reason != "REQUEST_INVALID" {
			t.Errorf("%s: %s with reason %q: %v", w.rpc, got.code, got.reason, err)
		}
	}
	if len(tried) < 50 {
		t.Errorf("%d methods were tried", len(tried))
	}
}
