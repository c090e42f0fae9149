package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a watch that ends with its stream, misses what happened while there
// was none, or tells it twice.
func TestWatchesGoOn(t *testing.T) {
	t.Parallel()
	server := serveproctest.Start(t)
	config := quick()
	config.TriesMax = 1000
	c := dial(t, server.Address, "operator", config)
	open(t, c, "m1")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	events, ended := make(chan *tenfoldv1.Event, 1024), make(chan error, 1)
	request := &tenfoldv1.WatchClaimsRequest{
		Parent: "merchants/m1", Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING, Heartbeat: durationpb.New(time.Second),
	}
	go func() {
		ended <- c.Watch(ctx, request, func(m *tenfoldv1.WatchClaimsResponse) error {
			for _, e := range m.GetEvents() {
				events <- e
			}
			return nil
		})
	}()
	last := int64(0)
	for n := range 3 {
		filed, err := c.Claims.FileClaim(t.Context(), filing(t, c, "m1", n))
		if err != nil {
			t.Fatal(err)
		}
		for told := ""; told != filed.GetClaim().GetName(); last++ {
			e := <-events
			if e.GetNumber() != last+1 {
				t.Fatalf("after event %d comes %d", last, e.GetNumber())
			}
			told = e.GetClaim()
		}
		server.Kill()
		server.Restart()
	}
	end()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ends with %v", err)
	}
	if request.GetResumeToken() != "" {
		t.Error("the caller's request was changed")
	}
}

// Would catch a watch that hides from its caller why it cannot go on, or goes on
// although its caller has failed.
func TestWatchesEnd(t *testing.T) {
	t.Parallel()
	c := dial(t, serveproctest.Start(t).Address, "operator", quick())
	open(t, c, "m1")
	take := func(*tenfoldv1.WatchClaimsResponse) error { return nil }
	err := c.Watch(t.Context(), &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", ResumeToken: "made-up"}, take)
	if !errors.Is(err, client.WatchTokenInvalid) {
		t.Errorf("a token that is none: %v", err)
	}
	if err := c.Watch(t.Context(), &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m2"}, take); !errors.Is(err, client.MerchantNotFound) {
		t.Errorf("a merchant that is none: %v", err)
	}
	full := errors.New("the disk is full")
	err = c.Watch(t.Context(), &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1"}, func(*tenfoldv1.WatchClaimsResponse) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("a caller who fails: %v", err)
	}
}
