package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// desk handles complaints.
type desk struct {
	claims tenfoldv1.ClaimServiceClient
	every  time.Duration
	// out takes whole lines; several claims write to it at once.
	out io.Writer
}

// handle files a complaint and follows its claim.
func (d desk) handle(ctx context.Context, complaint *tenfoldv1.FileClaimRequest) error {
	name, err := d.file(ctx, complaint)
	if err != nil {
		return err
	}
	return d.follow(ctx, name)
}

// follow prints every state of a claim that it sees, until the claim waits for
// nobody. A claim may pass through states between two reads. A new etag means that
// the claim has changed.
func (d desk) follow(ctx context.Context, name string) error {
	look := time.NewTicker(d.every)
	defer look.Stop()
	for state := tenfoldv1.ClaimState_CLAIM_STATE_UNSPECIFIED; ; {
		got, err := d.claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: name})
		if err != nil {
			return err
		}
		claim := got.GetClaim()
		if claim.GetState() != state {
			state = claim.GetState()
			d.tell(claim)
		}
		if claim.GetWaitsFor() == tenfoldv1.WaitsFor_WAITS_FOR_NOBODY {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell prints one whole line, because others print at the same time.
func (d desk) tell(c *tenfoldv1.Claim) {
	line := fmt.Sprintf("%s: order %s is %s", c.GetName(), c.GetOrderId(), word(c.GetState(), "CLAIM_STATE_"))
	if c.GetWaitsFor() != tenfoldv1.WaitsFor_WAITS_FOR_NOBODY {
		line += ", waiting for " + word(c.GetWaitsFor(), "WAITS_FOR_")
	}
	fmt.Fprintln(d.out, line)
}

// word is an enum's value for people.
func word(v fmt.Stringer, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(v.String(), prefix), "_", " "))
}
