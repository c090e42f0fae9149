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

// lineMax is the largest size of a complaint in bytes.
const lineMax = 1 << 20

// read reads complaints, one on each line. A complaint is a request to file a
// claim, as JSON without a request id.
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

// requestID derives the id from the content of the complaint. However often this
// service sends the complaint, one claim results.
func requestID(c *tenfoldv1.FileClaimRequest) string {
	words := []string{"complaint", c.GetClaimantId(), c.GetOrderLineName() + c.GetOrderLine().GetName()}
	for _, unit := range c.GetUnits() {
		words = append(words, strconv.Itoa(int(unit)))
	}
	return client.RequestIDOf(words...)
}

// file files a claim and returns its name. If the units are claimed already, for
// example through another shop window, file returns the name of that claim.
func (d desk) file(ctx context.Context, complaint *tenfoldv1.FileClaimRequest) (name string, err error) {
	filed, err := d.claims.FileClaim(ctx, complaint)
	var refused *client.Error
	if errors.Is(err, client.ClaimAlreadyFiled) && errors.As(err, &refused) {
		return complaint.GetParent() + "/claims/" + refused.Facts["claimId"], nil
	}
	return filed.GetClaim().GetName(), err
}
