package rpc_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch an envelope that is no CloudEvent, or whose data is no event of the
// contract.
func TestEventsLeaveAsCloudEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	c := f.file("m1", "l1")
	row, found, err := f.db.Reader().EventAt(t.Context(), "m1", 2)
	if err != nil || !found {
		t.Fatal(err)
	}
	raw, err := rpc.CloudEvent(&watch.Event{FeedEvent: row})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(got["data"])
	if err != nil {
		t.Fatal(err)
	}
	delete(got, "data")
	want := map[string]any{
		"specversion": "1.0", "id": "2", "source": "/tenfold/merchants/m1", "type": "tenfold.claim_filed", "subject": c.GetName(),
		"time": row.RecordedAt.Format("2006-01-02T15:04:05.000000Z"), "datacontenttype": "application/json",
		"dataschema": "/tenfold.v1.Event", "sequence": "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var e tenfoldv1.Event
	if err := protojson.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if e.GetName() != "merchants/m1/events/2" || e.GetClaim() != c.GetName() || e.GetKind() != tenfoldv1.EventKind_EVENT_KIND_CLAIM_FILED {
		t.Errorf("the data is %v", &e)
	}
}
