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
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Run plays all scenes. An error means that the service could not be reached at all.
func Run(ctx context.Context, service tenfoldv1.PayoutGatewayServiceClient, config Config) (*Report, error) {
	c := &check{
		config: config, service: service, tried: make(map[Rule]bool), seen: make(map[Rule][]string),
		final: make(map[string]*tenfoldv1.QueryResponse), tries: make(map[string]int32), began: make(map[string]time.Time),
	}
	if err := c.reach(ctx); err != nil {
		return nil, err
	}
	scenes := []struct {
		what string
		play func(context.Context)
	}{
		{"queries of unknown numbers", c.unknown}, {"a payment", c.pays}, {"repetitions", c.repeated},
		{"instructions at once", c.atOnce}, {"other content", c.otherContent}, {"numbers that differ by case", c.caseMatters},
		{"cancelled calls", c.cancelled}, {"impossible instructions", c.impossible}, {"late instructions", c.late},
		{"failures and new tries", c.fails}, {"payments that run out", c.runsOut}, {"final outcomes", c.stays},
	}
	for i, s := range scenes {
		config.Show(s.what, i, len(scenes))
		if s.play(ctx); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	config.Show("the end", len(scenes), len(scenes))
	return c.report(), nil
}

// reach finds out whether there is a service that takes our calls.
func (c *check) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.CallMax)
	defer cancel()
	_, err := c.service.Query(ctx, &tenfoldv1.QueryRequest{OutNumber: c.number()})
	if code := status.Code(err); slices.Contains(unreached, code) {
		return fmt.Errorf("the payment service does not take calls: %s: %.300s", code, status.Convert(err).Message())
	}
	return nil
}

// unreached are the codes of a call that found no payment service, or none that lets us in.
var unreached = []codes.Code{
	codes.Unavailable, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.DeadlineExceeded, codes.Canceled,
}

func (c *check) unknown(ctx context.Context) {
	c.try(UnknownNotFound)
	for range 2 {
		if a, err := c.query(ctx, c.number()); err != nil || a.GetOutcome() != notFound {
			c.note(UnknownNotFound, "it is %s", said(a, err))
		}
	}
}

// paid instructs a payment and follows it to its end; ok says that it was paid.
func (c *check) paid(ctx context.Context, r *tenfoldv1.InstructRequest) (end *tenfoldv1.QueryResponse, ok bool) {
	c.try(Pays)
	first, err := c.instruct(ctx, r)
	if err != nil || first.GetOutcome() == failed {
		c.note(Pays, "the instruction is %s %.*s", said(first, err), textMax, first.GetFailureCode())
		return nil, false
	}
	c.try(KnownOnceAnswered)
	if a, err := c.query(ctx, r.GetOutNumber()); err == nil && a.GetOutcome() == notFound {
		c.note(KnownOnceAnswered, "after the answer %s the query is NOT_FOUND", word(first))
	}
	end, err = c.settled(ctx, r.GetOutNumber())
	if err != nil || end.GetOutcome() != succeeded {
		c.note(Pays, "after %s the outcome is %s", c.config.Wait, said(end, err))
		return end, false
	}
	if first.GetOutcome() == succeeded {
		if d := differ(first, end); d != "" {
			c.note(RepeatedPaysOnce, "the query after the instruction tells %s", d)
		}
	}
	return end, true
}

func (c *check) pays(ctx context.Context) {
	number := c.number()
	c.try(QueryChangesNothing)
	for range 2 {
		if a, err := c.query(ctx, number); err == nil && a.GetOutcome() != notFound {
			c.note(QueryChangesNothing, "a number that was only queried is %s", word(a))
		}
	}
	end, ok := c.paid(ctx, c.instruction(number, c.config.Destination))
	if !ok {
		c.note(QueryChangesNothing, "a number that was queried before its instruction is not paid")
		return
	}
	for range 2 {
		if a, err := c.query(ctx, number); err == nil && differ(end, a) != "" {
			c.note(QueryChangesNothing, "a later query tells %s", differ(end, a))
		}
	}
}

func (c *check) repeated(ctx context.Context) {
	r := c.instruction(c.number(), c.config.Destination)
	end, ok := c.paid(ctx, r)
	if !ok {
		return
	}
	c.try(RepeatedPaysOnce, LaterNotAfter)
	for range 3 {
		if a, err := c.instruct(ctx, r); err != nil || differ(end, a) != "" {
			c.note(RepeatedPaysOnce, "the repeated instruction is %s: %s", said(a, err), differ(end, a))
		}
	}
	// An operator's retry of a payment that had arrived in the meantime.
	later := proto.Clone(r).(*tenfoldv1.InstructRequest)
	later.NotAfter, later.TryNumber = timestamppb.New(r.GetNotAfter().AsTime().Add(time.Hour)), 2
	if a, err := c.instruct(ctx, later); err != nil || differ(end, a) != "" {
		c.note(LaterNotAfter, "the instruction with a later not_after is %s: %s", said(a, err), differ(end, a))
	}
}

// atOnceCalls is how many instructions are made at once.
const atOnceCalls = 16

func (c *check) atOnce(ctx context.Context) {
	r := c.instruction(c.number(), c.config.Destination)
	c.try(AtOncePaysOnce)
	var all sync.WaitGroup
	references := make([]string, atOnceCalls)
	for i := range references {
		all.Go(func() {
			a, err := c.instruct(ctx, r)
			if err != nil || a.GetOutcome() == failed {
				c.note(AtOncePaysOnce, "one of the instructions is %s", said(a, err))
				return
			}
			references[i] = a.GetGatewayReference()
		})
	}
	all.Wait()
	end, err := c.settled(ctx, r.GetOutNumber())
	if err != nil || end.GetOutcome() != succeeded {
		c.note(AtOncePaysOnce, "the outcome of all is %s", said(end, err))
		return
	}
	for _, reference := range references {
		if reference != "" && reference != end.GetGatewayReference() {
			c.note(AtOncePaysOnce, "one instruction has the reference %.*s, and the payment %.*s", textMax, reference, textMax, end.GetGatewayReference())
		}
	}
}

func (c *check) otherContent(ctx context.Context) {
	r := c.instruction(c.number(), c.config.Destination)
	end, ok := c.paid(ctx, r)
	if !ok {
		return
	}
	c.try(OtherContent)
	for _, other := range []struct {
		what   string
		change func(*tenfoldv1.InstructRequest)
	}{
		{"amount", func(r *tenfoldv1.InstructRequest) { r.Amount.MinorUnits++ }},
		{"currency", func(r *tenfoldv1.InstructRequest) { r.Amount.CurrencyCode = otherCurrency(c.config.Currency) }},
		{"destination", func(r *tenfoldv1.InstructRequest) { r.Destination += "-other" }},
		{"part", func(r *tenfoldv1.InstructRequest) { r.Part = tenfoldv1.PayoutPart_PAYOUT_PART_REFUND }},
		{"payout", func(r *tenfoldv1.InstructRequest) { r.Payout += "X" }},
		{"claim", func(r *tenfoldv1.InstructRequest) { r.Claim += "X" }},
		{"original payment", func(r *tenfoldv1.InstructRequest) { r.OriginalPaymentId += "X" }},
		{"form", func(r *tenfoldv1.InstructRequest) { r.Form = otherForm(r.GetForm()) }},
		{"rides_payment", func(r *tenfoldv1.InstructRequest) { r.RidesPayment = !r.GetRidesPayment() }},
	} {
		changed := proto.Clone(r).(*tenfoldv1.InstructRequest)
		other.change(changed)
		if a, err := c.instruct(ctx, changed); status.Code(err) != codes.AlreadyExists {
			c.note(OtherContent, "another %s is %s", other.what, said(a, err))
		}
	}
	if a, err := c.query(ctx, r.GetOutNumber()); err == nil && differ(end, a) != "" {
		c.note(OtherContent, "afterwards the first payment tells %s", differ(end, a))
	}
}

func otherCurrency(currency string) string {
	if currency == "USD" {
		return "EUR"
	}
	return "USD"
}

func otherForm(form tenfoldv1.PayoutForm) tenfoldv1.PayoutForm {
	if form == tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET {
		return tenfoldv1.PayoutForm_PAYOUT_FORM_CASH
	}
	return tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET
}

func (c *check) caseMatters(ctx context.Context) {
	lower := c.number()
	upper := strings.TrimSuffix(lower, "x") + "X"
	if _, ok := c.paid(ctx, c.instruction(lower, c.config.Destination)); !ok {
		return
	}
	c.try(CaseMatters)
	if a, err := c.query(ctx, upper); err == nil && a.GetOutcome() != notFound {
		c.note(CaseMatters, "%s was not instructed and is %s like %s", upper, word(a), lower)
		return
	}
	if a, err := c.instruct(ctx, c.instruction(upper, c.config.Destination)); err != nil || a.GetOutcome() == failed {
		c.note(CaseMatters, "%s cannot be instructed beside %s: %s", upper, lower, said(a, err))
		return
	}
	if a, err := c.settled(ctx, upper); err != nil || a.GetOutcome() != succeeded {
		c.note(CaseMatters, "the outcome of %s beside %s is %s", upper, lower, said(a, err))
	}
}

func (c *check) cancelled(ctx context.Context) {
	c.try(CancelledCall)
	for _, after := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond} {
		r := c.instruction(c.number(), c.config.Destination)
		c.sent(r)
		cut, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(after, cancel)
		_, _ = c.service.Instruct(cut, r) // Whatever it brings: the caller has gone.
		timer.Stop()
		cancel()
		before, err := c.query(ctx, r.GetOutNumber())
		if err != nil {
			continue
		}
		if before.GetOutcome() == failed {
			c.note(CancelledCall, "a call cancelled after %s is FAILED", after)
			continue
		}
		if a, err := c.instruct(ctx, r); err != nil || a.GetOutcome() == failed {
			c.note(CancelledCall, "the instruction after a call cancelled after %s is %s", after, said(a, err))
			continue
		}
		end, err := c.settled(ctx, r.GetOutNumber())
		if err != nil || end.GetOutcome() != succeeded {
			c.note(CancelledCall, "the outcome after a call cancelled after %s is %s", after, said(end, err))
			continue
		}
		if before.GetOutcome() == succeeded && differ(before, end) != "" {
			c.note(CancelledCall, "the repetition of a call cancelled after %s tells %s", after, differ(before, end))
		}
	}
}

func (c *check) impossible(ctx context.Context) {
	c.try(Impossible)
	for _, row := range []struct {
		what   string
		change func(*tenfoldv1.InstructRequest)
	}{
		{"no amount", func(r *tenfoldv1.InstructRequest) { r.Amount = nil }},
		{"an amount of zero", func(r *tenfoldv1.InstructRequest) { r.Amount.MinorUnits = 0 }},
		{"an amount below zero", func(r *tenfoldv1.InstructRequest) { r.Amount.MinorUnits = -1 }},
		{"no currency", func(r *tenfoldv1.InstructRequest) { r.Amount.CurrencyCode = "" }},
		{"no destination", func(r *tenfoldv1.InstructRequest) { r.Destination = "" }},
	} {
		r := c.instruction(c.number(), c.config.Destination)
		row.change(r)
		a, err := c.instruct(ctx, r)
		if !refusedForGood(err) && (err != nil || a.GetOutcome() != failed) {
			c.note(Impossible, "an instruction with %s is %s", row.what, said(a, err))
		}
		if a, err := c.query(ctx, r.GetOutNumber()); err == nil && a.GetOutcome() != notFound && a.GetOutcome() != failed {
			c.note(Impossible, "after an instruction with %s the query is %s", row.what, word(a))
		}
	}
}

func (c *check) late(ctx context.Context) {
	c.try(NotAfterPassed)
	r := c.instruction(c.number(), c.config.Destination)
	r.NotAfter = timestamppb.New(c.config.Now().Add(-c.config.Skew - time.Second))
	a, err := c.instruct(ctx, r)
	if !refusedForGood(err) && (err != nil || a.GetOutcome() != failed) {
		c.note(NotAfterPassed, "the instruction is %s", said(a, err))
	}
	if a, err := c.settled(ctx, r.GetOutNumber()); err == nil && a.GetOutcome() != failed && a.GetOutcome() != notFound {
		c.note(NotAfterPassed, "the outcome is %s", word(a))
	}
}

func (c *check) fails(ctx context.Context) {
	if c.config.FailDestination == "" {
		return
	}
	c.try(Fails)
	r := c.instruction(c.number(), c.config.FailDestination)
	a, err := c.instruct(ctx, r)
	if refusedForGood(err) {
		return // It is refused before it is a payment: there is no try to begin anew.
	}
	end, endErr := c.settled(ctx, r.GetOutNumber())
	if err != nil || endErr != nil || end.GetOutcome() != failed {
		c.note(Fails, "the instruction is %s, and its outcome %s", said(a, err), said(end, endErr))
		return
	}
	c.try(NewTry)
	if a, err := c.instruct(ctx, r); err != nil || differ(end, a) != "" {
		c.note(NewTry, "the same instruction after the failure is %s: %s", said(a, err), differ(end, a))
	}
	again := proto.Clone(r).(*tenfoldv1.InstructRequest)
	again.NotAfter, again.TryNumber = timestamppb.New(r.GetNotAfter().AsTime().Add(time.Hour)), 2
	if a, err = c.instruct(ctx, again); err == nil && a.GetOutcome() == processing {
		a, err = c.settled(ctx, r.GetOutNumber())
	}
	switch fresh := a.GetOccurredAt().AsTime().After(end.GetOccurredAt().AsTime()); {
	case err != nil:
		c.note(NewTry, "the instruction with a later not_after is %s", said(a, err))
	case a.GetTryNumber() == 1 || a.GetTryNumber() == 0 && a.GetOutcome() == failed && !fresh:
		c.note(NewTry, "the instruction with a later not_after gets the outcome of the first try")
	}
	c.mu.Lock()
	c.final[r.GetOutNumber()] = a
	c.mu.Unlock()
}

func (c *check) runsOut(ctx context.Context) {
	if c.config.WaitDestination == "" {
		return
	}
	c.try(NotAfterEnds)
	r := c.instruction(c.number(), c.config.WaitDestination)
	notAfter := c.config.Now().Add(c.config.Life)
	r.NotAfter = timestamppb.New(notAfter)
	if a, err := c.instruct(ctx, r); err != nil || a.GetOutcome() != processing {
		c.note(NotAfterEnds, "the payment that is to stay under way is %s", said(a, err))
		return
	}
	// The service's clock may be slower than ours.
	if c.pause(ctx, notAfter.Add(c.config.Skew).Sub(c.config.Now())) != nil {
		return
	}
	a, err := c.settled(ctx, r.GetOutNumber())
	switch {
	case err != nil || a.GetOutcome() == processing || a.GetOutcome() == notFound:
		c.note(NotAfterEnds, "%s after not_after the outcome is %s", c.config.Skew+c.config.Wait, said(a, err))
	case a.GetOutcome() == succeeded && a.GetOccurredAt().AsTime().After(notAfter.Add(c.config.Skew)):
		c.note(NotAfterEnds, "it was paid %s after not_after", a.GetOccurredAt().AsTime().Sub(notAfter).Round(time.Second))
	}
}

// stays asks once more about everything that is final.
func (c *check) stays(ctx context.Context) {
	c.mu.Lock()
	final := make(map[string]*tenfoldv1.QueryResponse, len(c.final))
	for number, a := range c.final {
		final[number] = a
	}
	c.mu.Unlock()
	for number, before := range final {
		c.try(FinalStays)
		if a, err := c.query(ctx, number); err == nil && differ(before, a) != "" {
			c.note(FinalStays, "%s tells %s", number, differ(before, a))
		}
	}
}
