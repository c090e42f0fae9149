package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sharedEvent is an event in the contract's form, made once for all followers. It
// must not be changed.
func sharedEvent(e *watch.Event) *tenfoldv1.Event {
	content, err := e.Decoded()
	return e.Form(func() any {
		if err != nil {
			p := rowOf(e)
			p.Quarantined = true
			return p
		}
		return eventOf(content, e)
	}).(*tenfoldv1.Event)
}

// rowOf is what the row of an event tells without its content.
func rowOf(e *watch.Event) *tenfoldv1.Event {
	p := &tenfoldv1.Event{
		Name: eventName(e.MerchantID, e.Number), Number: e.Number, Kind: eventKinds.proto(e.Kind),
		RecordedAt: stamp(e.RecordedAt), Hash: hex.EncodeToString(e.Hash[:]), Encoding: int32(e.Encoding),
	}
	if e.ClaimID != "" {
		p.Claim = claimName(e.MerchantID, e.ClaimID)
	}
	return p
}

// eventOf is an event without its content.
func eventOf(content *event.Event, e *watch.Event) *tenfoldv1.Event {
	p := rowOf(e)
	p.Transfers = transfersOf(content.Transfers)
	p.Workload, p.Role, p.PersonCommitment = content.Actor.Workload, content.Actor.Role, content.Actor.Person
	p.Method, p.RequestId = content.Method, content.RequestID
	p.Move = moveOfEvent(content)
	for _, d := range content.Details {
		p.Details = append(p.Details, &tenfoldv1.EventDetail{Key: d.Key, Value: d.Value})
	}
	return p
}
