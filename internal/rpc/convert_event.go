package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sharedEvent is an event in the contract's form, made once for all followers. It
// must not be changed.
func sharedEvent(e *watch.Event) (*tenfoldv1.Event, error) {
	content, err := e.Decoded()
	if err != nil {
		return nil, err
	}
	return e.Form(func() any { return eventOf(content, e) }).(*tenfoldv1.Event), nil
}

// eventOf is an event without its content.
func eventOf(content *event.Event, e *watch.Event) *tenfoldv1.Event {
	p := &tenfoldv1.Event{
		Name: eventName(e.MerchantID, e.Number), Number: e.Number, Kind: eventKinds.proto(e.Kind), RecordedAt: stamp(e.RecordedAt),
		Transfers: transfersOf(content.Transfers),
		Workload:  content.Actor.Workload, Role: content.Actor.Role, PersonCommitment: content.Actor.Person,
		Method: content.Method, RequestId: content.RequestID,
		Hash: hex.EncodeToString(e.Hash[:]), Encoding: int32(e.Encoding),
	}
	if e.ClaimID != "" {
		p.Claim = claimName(e.MerchantID, e.ClaimID)
	}
	if m := content.Move; m != nil {
		p.Move = &tenfoldv1.EventMove{
			FromState: claimStates.proto(claim.State(m.From)), ToState: claimStates.proto(claim.State(m.To)),
			Trigger: triggers.proto(claim.Trigger(m.Trigger)), Version: m.Version,
		}
	}
	for _, d := range content.Details {
		p.Details = append(p.Details, &tenfoldv1.EventDetail{Key: d.Key, Value: d.Value})
	}
	return p
}
