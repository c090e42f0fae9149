package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// watchService implements WatchService.
type watchService struct {
	tenfoldv1.UnimplementedWatchServiceServer
	backend
	hub *watch.Hub
}

// heartbeatDefault is the longest silence of a stream if its caller named no time.
const heartbeatDefault = 15 * time.Second

// starts maps the contract's starts to the hub's.
var starts = map[tenfoldv1.WatchStart]watch.Start{
	tenfoldv1.WatchStart_WATCH_START_UNSPECIFIED: watch.FromClaims,
	tenfoldv1.WatchStart_WATCH_START_CLAIMS:      watch.FromClaims,
	tenfoldv1.WatchStart_WATCH_START_NOW:         watch.FromNow,
	tenfoldv1.WatchStart_WATCH_START_BEGINNING:   watch.FromBeginning,
}

func (s *watchService) WatchClaims(r *tenfoldv1.WatchClaimsRequest, stream grpc.ServerStreamingServer[tenfoldv1.WatchClaimsResponse]) error {
	q, err := s.query(stream.Context(), r)
	if err != nil {
		return err
	}
	// Messages shared by all followers must not be changed when fields are hidden.
	own := r.GetWithContent() || covers(callerOf(stream.Context()).Role, &tenfoldv1.Event{})
	who := callerOf(stream.Context())
	return s.hub.Follow(stream.Context(), q, r.GetResumeToken(), func(d *watch.Delivery) error {
		return stream.Send(deliveryOf(d, who, own, r.GetWithContent()))
	})
}

func (s *watchService) query(ctx context.Context, r *tenfoldv1.WatchClaimsRequest) (watch.Query, error) {
	merchant, _ := nameOf(r.GetParent())
	q := watch.Query{
		MerchantID: anchor(merchant), OrderID: r.GetOrderId(), Start: starts[r.GetStart()], Heartbeat: heartbeatDefault,
	}
	if d := r.GetHeartbeat(); d != nil {
		q.Heartbeat = d.AsDuration()
	}
	if r.GetClaim() == "" {
		return q, nil
	}
	named, id, err := claimOf(r.GetClaim(), "claim")
	if err != nil {
		return q, err
	}
	if merchant != anyMerchant {
		if err := under(r.GetParent(), r.GetClaim(), "claim"); err != nil {
			return q, err
		}
	}
	c, err := readClaim(ctx, s.db.Reader(), named, id, r.GetClaim())
	if err != nil {
		return q, err
	}
	// A single claim is watched in its own book, even if its merchant was not
	// named.
	q.MerchantID, q.ClaimID = c.MerchantID, c.ID
	return q, nil
}

// deliveryOf is a delivery as a message for a caller. If own is set the events are copies, which
// may be changed.
func deliveryOf(d *watch.Delivery, who caller, own, withContent bool) *tenfoldv1.WatchClaimsResponse {
	p := &tenfoldv1.WatchClaimsResponse{ResumeToken: d.Token, Claims: each(d.Claims, who.basicClaim)}
	for _, e := range d.Events {
		m := sharedEvent(e)
		if own {
			m = proto.CloneOf(m)
		}
		if withContent && !m.GetQuarantined() {
			m.Content = e.Content
		}
		p.Events = append(p.Events, m)
	}
	return p
}
