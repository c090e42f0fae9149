package rpc

import (
	"context"
	"fmt"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// batchMax is how many items one batch can hold.
const batchMax = 500

// fits refuses a batch of too many items; can says what a batch can do, with one %d.
func fits(items int, can string) error {
	if items <= batchMax {
		return nil
	}
	return fault.New(fault.BatchTooLarge, "a batch can %s, not %d", fmt.Sprintf(can, batchMax), items).
		With("maxPerRequest", batchMax).At("requests")
}

// together answers the items of a batch at once. They meet again in the pipeline, which
// makes one transaction of them.
func together[R, I any](requests []R, answer func(R) I) []I {
	items := make([]I, len(requests))
	var running sync.WaitGroup
	for i, r := range requests {
		running.Go(func() { items[i] = answer(r) })
	}
	running.Wait()
	return items
}

// itemChecked runs an item that no interceptor has checked: by the rules of the contract,
// and for what the caller is limited to. An item runs outside of the call's goroutine, so
// its panics are caught here.
func itemChecked[R proto.Message, A any](
	ctx context.Context, v protovalidate.Validator, r R, method string, run func(context.Context, R) (A, bool, error),
) (a A, replayed bool, err error) {
	defer caught(&err)
	if err := violated(v.Validate(r)); err != nil {
		return a, false, err
	}
	if err := checkTimeForm(r); err != nil {
		return a, false, err
	}
	if err := callerOf(ctx).limit(r, "/tenfold.v1."+method); err != nil {
		return a, false, err
	}
	return run(ctx, r)
}

// lighten takes the units from the claims of those items for which the answer has no room: the
// batch is carried out, and its caller must learn how.
func lighten[I interface{ GetClaim() *tenfoldv1.Claim }](items []I) {
	total := 0
	for _, item := range items {
		c := item.GetClaim()
		if c == nil {
			continue
		}
		if w := weight(c); total+w > answerMax && len(c.GetUnits()) > 0 {
			c.Units = nil
		}
		total += weight(c)
	}
}

// refusedItem is the status of an item that was refused, as a call of its own would be.
func (b *backend) refusedItem(ctx context.Context, method string, err error) *tenfoldv1.ItemStatus {
	b.observer.refused(err)
	return itemStatus(report(ctx, b.log, method, callerOf(ctx), err))
}
