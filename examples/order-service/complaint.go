package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tenfold-claims/tenfold/client"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// lineMax is the most bytes of one complaint.
const lineMax = 1 << 20

// read reads complaints, one a line: requests to file a claim as JSON, without an id.
func read(in io.Reader) ([]*tenfoldv1.FileClaimRequest, error) {
	var all []*tenfoldv1.FileClaimRequest
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		complaint := &tenfoldv1.FileClaimRequest{}
		if err := protojson.Unmarshal(lines.Bytes(), complaint); err != nil {
			return nil, fmt.Errorf("complaint %d: %w", len(all)+1, err)
		}
		complaint.RequestId = requestID(complaint)
		all = append(all, complaint)
	}
	return all, lines.Err()
}

// requestID makes the id out of what the complaint is about: whenever and however
// often this service sends it, one claim comes of it.
func requestID(c *tenfoldv1.FileClaimRequest) string {
	words := []string{"complaint", c.GetClaimantId(), c.GetOrderLineName() + c.GetOrderLine().GetName()}
	for _, unit := range c.GetUnits() {
		words = append(words, strconv.Itoa(int(unit)))
	}
	return client.RequestIDOf(words...)
}

// file files a claim and gives its name. Units that are claimed already, as through
// another shop window, lead to the claim that has them.
func (d desk) file(ctx context.Context, complaint *tenfoldv1.FileClaimRequest) (name string, err error) {
	filed, err := d.claims.FileClaim(ctx, complaint)
	var refused *client.Error
	if errors.Is(err, client.ClaimAlreadyFiled) && errors.As(err, &refused) {
		return complaint.GetParent() + "/claims/" + refused.Facts["claimId"], nil
	}
	return filed.GetClaim().GetName(), err
}
