package gatewaycheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The outcomes, shorter.
const (
	processing = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING
	succeeded  = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED
	failed     = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED
	notFound   = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND
)

// check is one run.
type check struct {
	config  Config
	service tenfoldv1.PayoutGatewayServiceClient

	mu    sync.Mutex
	tried map[Rule]bool
	seen  map[Rule][]string
	calls int
	// final are the final answers by out-number, and tries the last try of each.
	final map[string]*tenfoldv1.QueryResponse
	tries map[string]int32
	began map[string]time.Time
	made  int
}

// number makes an out-number of the greatest length: a service that cuts numbers
// confuses them.
func (c *check) number() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	tail := fmt.Sprintf("%dx", c.made)
	return c.config.Run + strings.Repeat("0", 32-len(c.config.Run)-len(tail)) + tail
}

// instruction is a first instruction under a number that can be paid for an hour.
func (c *check) instruction(number, destination string) *tenfoldv1.InstructRequest {
	return &tenfoldv1.InstructRequest{
		OutNumber: number, Payout: "merchants/gateway-check/payouts/" + number, Claim: "merchants/gateway-check/claims/CHECK",
		Part: tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION, OriginalPaymentId: c.config.PaymentID, Destination: destination,
		Amount:   &tenfoldv1.Money{CurrencyCode: c.config.Currency, MinorUnits: c.config.Amount},
		NotAfter: timestamppb.New(c.config.Now().Add(time.Hour)), Form: c.config.Form, TryNumber: 1,
	}
}

// sent notes that a try begins.
func (c *check) sent(r *tenfoldv1.InstructRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	c.tries[r.GetOutNumber()] = max(c.tries[r.GetOutNumber()], r.GetTryNumber())
	if c.began[r.GetOutNumber()].IsZero() {
		c.began[r.GetOutNumber()] = c.config.Now()
	}
}

// instruct makes one instruction. A call that brings no answer breaks CALL_ANSWERED.
func (c *check) instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.QueryResponse, error) {
	c.sent(r)
	ctx, cancel := context.WithTimeout(ctx, c.config.CallMax)
	defer cancel()
	said, err := c.service.Instruct(ctx, r)
	if err != nil {
		c.answered("Instruct", err)
		return nil, err
	}
	a := &tenfoldv1.QueryResponse{
		Outcome: said.GetOutcome(), GatewayReference: said.GetGatewayReference(), FailureCode: said.GetFailureCode(),
		OccurredAt: said.GetOccurredAt(), CouponExpiresAt: said.GetCouponExpiresAt(), Amount: said.GetAmount(),
		TryNumber: said.GetTryNumber(), OutNumber: said.GetOutNumber(),
	}
	if a.GetOutcome() == notFound {
		c.note(AnswerForm, "Instruct answered NOT_FOUND")
	}
	c.examine("Instruct", r.GetOutNumber(), a)
	return a, nil
}

// query makes one query.
func (c *check) query(ctx context.Context, number string) (*tenfoldv1.QueryResponse, error) {
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.config.CallMax)
	defer cancel()
	a, err := c.service.Query(ctx, &tenfoldv1.QueryRequest{OutNumber: number})
	c.answered("Query", err)
	if err == nil {
		c.examine("Query", number, a)
	}
	return a, err
}

// answered notes a call that brought no answer. Refusals are answers to an instruction.
func (c *check) answered(method string, err error) {
	c.try(CallAnswered)
	code := status.Code(err)
	refusal := slices.Contains([]codes.Code{codes.InvalidArgument, codes.FailedPrecondition, codes.AlreadyExists}, code)
	switch {
	case err == nil, refusal && method == "Instruct":
	case code == codes.DeadlineExceeded:
		c.note(CallAnswered, "%s brought no answer within %s", method, c.config.CallMax)
	default:
		c.note(CallAnswered, "%s answered %s: %.*s", method, code, textMax, status.Convert(err).Message())
	}
}

// examine looks at an answer by itself.
func (c *check) examine(method, number string, a *tenfoldv1.QueryResponse) {
	c.try(CallAnswered, AnswerForm, AnswerOutNumber, AnswerAmount, AnswerTry)
	outcome := a.GetOutcome()
	if outcome < processing || outcome > notFound {
		c.note(AnswerForm, "%s answered the outcome %d", method, outcome)
	}
	if told := a.GetOutNumber(); told != "" && told != number {
		c.note(AnswerOutNumber, "%s of %s was answered for %.*q", method, number, textMax, told)
	}
	c.mu.Lock()
	tries, began := c.tries[number], c.began[number]
	c.mu.Unlock()
	if try := a.GetTryNumber(); try < 0 || try > tries {
		c.note(AnswerTry, "%s was answered for try %d, and the last was try %d", method, try, tries)
	}
	if m := a.GetAmount(); m != nil && outcome == succeeded &&
		(m.GetMinorUnits() != c.config.Amount || m.GetCurrencyCode() != c.config.Currency) {
		c.note(AnswerAmount, "%s was answered with %d minor units of %.8q, instructed were %d of %s",
			method, m.GetMinorUnits(), m.GetCurrencyCode(), c.config.Amount, c.config.Currency)
	}
	c.examineTexts(method, a)
	c.examineTime(method, began, a)
}

func (c *check) examineTexts(method string, a *tenfoldv1.QueryResponse) {
	reference, code := a.GetGatewayReference(), a.GetFailureCode()
	if len(reference) > textMax || strings.ContainsFunc(reference, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		c.note(AnswerForm, "the reference %.*q has more than %d characters, or others than printable ASCII", textMax, reference, textMax)
	}
	form := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r)
	}
	if len(code) > textMax || strings.ContainsFunc(code, func(r rune) bool { return !form(r) }) {
		c.note(AnswerForm, "the failure code %.*q is not [A-Za-z0-9_.-]{0,64}", textMax, code)
	}
	if code != "" && a.GetOutcome() != failed {
		c.note(AnswerForm, "%s answered %s with the failure code %.*q", method, word(a), textMax, code)
	}
}

// examineTime compares the time of an answer with our clock.
func (c *check) examineTime(method string, began time.Time, a *tenfoldv1.QueryResponse) {
	at, final := a.GetOccurredAt(), a.GetOutcome() == succeeded || a.GetOutcome() == failed
	if final {
		c.try(AnswerTime)
	}
	switch {
	case !final && at != nil:
		c.note(AnswerTime, "%s answered %s with a time", method, word(a))
	case !final:
	case at == nil:
		c.note(AnswerTime, "%s answered %s without its time", method, word(a))
	case at.CheckValid() != nil:
		c.note(AnswerTime, "%s answered a time that is none", method)
	default:
		if now := c.config.Now(); at.AsTime().After(now.Add(c.config.Skew)) {
			c.note(AnswerTime, "%s answered a time %s after our clock", method, at.AsTime().Sub(now).Round(time.Second))
		}
		if !began.IsZero() && at.AsTime().Before(began.Add(-c.config.Skew)) {
			c.note(AnswerTime, "%s answered a time %s before the instruction", method, began.Sub(at.AsTime()).Round(time.Second))
		}
	}
}

// settled asks until the outcome is final, or the wait is over. It keeps the outcome.
func (c *check) settled(ctx context.Context, number string) (*tenfoldv1.QueryResponse, error) {
	end := c.config.Now().Add(c.config.Wait)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		a, err := c.query(ctx, number)
		if err != nil {
			return a, err
		}
		if a.GetOutcome() != processing || c.config.Now().After(end) {
			if a.GetOutcome() == succeeded || a.GetOutcome() == failed {
				c.mu.Lock()
				c.final[number] = a
				c.mu.Unlock()
			}
			return a, nil
		}
		if err := c.pause(ctx, pause); err != nil {
			return a, err
		}
	}
}

func (c *check) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusedForGood says whether an error refuses an instruction for good.
func refusedForGood(err error) bool {
	code := status.Code(err)
	return code == codes.InvalidArgument || code == codes.FailedPrecondition
}

// word is an answer's outcome without the name of the enum.
func word(a *tenfoldv1.QueryResponse) string {
	return strings.TrimPrefix(a.GetOutcome().String(), "GATEWAY_OUTCOME_")
}

// said is an answer, or the error in its place, for a person.
func said(a *tenfoldv1.QueryResponse, err error) string {
	if err != nil {
		return status.Code(err).String()
	}
	return word(a)
}

// differ says in what two answers about one number differ; empty for nothing.
func differ(a, b *tenfoldv1.QueryResponse) string {
	var parts []string
	for _, part := range []struct {
		what string
		a, b string
	}{
		{"outcome", word(a), word(b)},
		{"reference", a.GetGatewayReference(), b.GetGatewayReference()},
		{"failure code", a.GetFailureCode(), b.GetFailureCode()},
		{"time", a.GetOccurredAt().AsTime().String(), b.GetOccurredAt().AsTime().String()},
		{"amount", amountOf(a), amountOf(b)},
		{"try", fmt.Sprint(a.GetTryNumber()), fmt.Sprint(b.GetTryNumber())},
	} {
		if part.a != part.b {
			parts = append(parts, fmt.Sprintf("%s %.*s instead of %.*s", part.what, textMax, part.b, textMax, part.a))
		}
	}
	return strings.Join(parts, ", ")
}

// amountOf is the amount of an answer; none is that of the instruction.
func amountOf(a *tenfoldv1.QueryResponse) string {
	if a.GetAmount() == nil {
		return ""
	}
	return fmt.Sprint(a.GetAmount().GetMinorUnits(), a.GetAmount().GetCurrencyCode())
}
