package rpc

import (
	"encoding/json"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// cloudEvent is an event in the form for brokers and webhooks: CloudEvents 1.0 in
// JSON, with the contract's Event as its data.
type cloudEvent struct {
	SpecVersion string `json:"specversion"`
	// ID is unique under the source: the event's number.
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	// Subject is the claim it is about, or the book.
	Subject string `json:"subject"`
	// Time is left out of an event of which none is known.
	Time            string `json:"time,omitempty"`
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`
	// Sequence orders the events of one source.
	Sequence string          `json:"sequence"`
	Data     json.RawMessage `json:"data"`
}

// CloudEvent gives an event in its form for the broker. The order service may
// subscribe there, so the event has the fields that the order service may see.
func CloudEvent(e *watch.Event) ([]byte, error) { return eventFor(principal.RoleOrderService, e) }

// MerchantCloudEvent gives an event in its form for webhooks, with only the fields
// that its merchant may see.
func MerchantCloudEvent(e *watch.Event) ([]byte, error) { return eventFor(principal.RoleMerchant, e) }

// eventFor gives an event with the fields that a role may see.
func eventFor(role principal.Role, e *watch.Event) ([]byte, error) {
	p := sharedEvent(e)
	if covers(role, p) {
		p = proto.CloneOf(p)
		coverFrom(role, p)
	}
	return envelope(e, p)
}

func envelope(e *watch.Event, p *tenfoldv1.Event) ([]byte, error) {
	data, err := protojson.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write event as JSON: %w", err)
	}
	const microsecondsUTC = "2006-01-02T15:04:05.000000Z"
	c := cloudEvent{
		SpecVersion: "1.0", ID: strconv.FormatInt(e.Number, 10), Source: "/tenfold/" + merchantName(e.MerchantID),
		Type: "tenfold." + e.Word(), Subject: merchantName(e.MerchantID),
		DataContentType: "application/json", DataSchema: "/tenfold.v1.Event",
		Sequence: strconv.FormatInt(e.Number, 10), Data: data,
	}
	if p.GetRecordedAt() != nil {
		c.Time = e.RecordedAt.UTC().Format(microsecondsUTC)
	}
	if p.GetClaim() != "" {
		c.Subject = p.GetClaim()
	}
	return json.Marshal(c)
}
