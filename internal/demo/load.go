package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// fate is the way in which a claim of the load ends.
type fate struct {
	// product selects the finding of the sandbox's laboratory; destination selects
	// the behaviour of the payment service.
	product, destination string
	// accepted says that the merchant accepts before the notice lapses.
	accepted bool
	ends     tenfoldv1.ClaimState
}

const (
	paid         = tenfoldv1.ClaimState_CLAIM_STATE_PAID
	payoutFailed = tenfoldv1.ClaimState_CLAIM_STATE_PAYOUT_FAILED
	rejected     = tenfoldv1.ClaimState_CLAIM_STATE_REJECTED

	counterfeit = "sandbox-counterfeit"
	conflicting = "sandbox-conflict"
)

// fates are assigned to claims in turn.
var fates = []fate{
	{counterfeit, payouttest.Succeed, true, paid},
	{counterfeit, payouttest.Process, false, paid},
	{counterfeit, payouttest.Succeed, false, paid},
	{counterfeit, payouttest.Fail, false, payoutFailed},
	{counterfeit, payouttest.Lose, true, paid},
	{"sandbox-genuine", payouttest.Succeed, false, rejected},
	{counterfeit, payouttest.Miss, false, paid},
	{counterfeit, payouttest.Double, true, paid},
	{conflicting, payouttest.Succeed, false, paid},
	{counterfeit, payouttest.Return, true, payoutFailed},
	{counterfeit, payouttest.Stall, false, payoutFailed},
	{counterfeit, payouttest.Succeed, true, paid},
}

// loadClaim is one claim of the load.
type loadClaim struct {
	fate
	merchant string
	number   int
	name     string
}

func (l *loadClaim) id(what string) string {
	return fmt.Sprintf("%s-%s-%d", what, l.merchant, l.number)
}

// costMax is more yuan than a claim of the load costs.
const costMax = 400

// loadMerchants share the load.
var loadMerchants = []string{"load-1", "load-2", "load-3", "load-4", "load-5"}

// fileLoad files the load and brings each claim to a state in which only time moves
// it.
func (m *market) fileLoad(ctx context.Context) ([]*loadClaim, error) {
	for i, merchant := range loadMerchants {
		few := m.config.Claims <= advancedClaims*len(loadMerchants)
		p := purseOf(i, few)
		if !few {
			// Their claims cost more than the usual purse holds, and the platform advances it for
			// none of them.
			p.shopFunds += costMax * int64(m.config.Claims)
		}
		if err := m.openBook(ctx, merchant, p); err != nil {
			return nil, err
		}
	}
	load := make([]*loadClaim, m.config.Claims)
	for i := range load {
		load[i] = &loadClaim{fate: fates[i%len(fates)], merchant: loadMerchants[i%len(loadMerchants)], number: i + 1}
	}
	if err := m.together(ctx, "filing claims", load, m.fileOne); err != nil {
		return nil, err
	}
	// The findings of the sandbox's laboratory and brand depend on the product.
	if err := m.runDueWork(ctx, Start); err != nil {
		return nil, err
	}
	return load, m.together(ctx, "answering notices", load, m.answerOne)
}

// together calls f for every claim, for several at the same time.
func (m *market) together(ctx context.Context, what string, load []*loadClaim, f func(context.Context, *loadClaim) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *loadClaim)
	var done atomic.Int64
	var running sync.WaitGroup
	for range m.config.Callers {
		running.Go(func() {
			for l := range work {
				if err := f(ctx, l); err != nil {
					cancel(err)
					return
				}
				m.config.Progress(what, int(done.Add(1)), len(load))
			}
		})
	}
feed:
	for _, l := range load {
		select {
		case work <- l:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	running.Wait()
	return context.Cause(ctx)
}

func (m *market) fileOne(ctx context.Context, l *loadClaim) error {
	consumer := l.id("consumer")
	filed, err := call(ctx, m, orderService, m.claims.FileClaim, &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + l.merchant, RequestId: l.id("file"),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: line(bought{
			merchant: l.merchant, id: l.id("line"), product: l.product + "-" + l.merchant, category: "beauty/mascara",
			consumer: consumer, units: 1, paid: int64(1990 + l.number%1000), at: Start.AddDate(0, 0, -20),
		})},
		ClaimantId: consumer, Units: []int32{1},
		Remedies:          []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		LegalBasisChoice:  tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Grounds:           tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt:         timestamppb.New(Start.AddDate(0, 0, -3)),
		PayoutDestination: l.destination + "-" + l.id("wallet"),
	})
	l.name = filed.GetClaim().GetName()
	return err
}

// answerOne decides a review and confirms the notice. If the merchant is to agree,
// it also accepts the claim.
func (m *market) answerOne(ctx context.Context, l *loadClaim) error {
	if l.product == conflicting {
		if err := m.uphold(ctx, l); err != nil {
			return err
		}
	}
	if l.ends == rejected {
		return nil
	}
	notified, err := call(ctx, m, backOffice(l.merchant), m.claims.ConfirmNotice, &tenfoldv1.ConfirmNoticeRequest{
		Name: l.name, RequestId: l.id("notice"),
	})
	if err != nil || !l.accepted {
		return err
	}
	_, err = call(ctx, m, backOffice(l.merchant), m.claims.AcceptClaim, &tenfoldv1.AcceptClaimRequest{
		Name: l.name, RequestId: l.id("accept"), Etag: notified.GetClaim().GetEtag(),
	})
	return err
}

// uphold plays an adjudicator who agrees with the laboratory.
func (m *market) uphold(ctx context.Context, l *loadClaim) error {
	got, err := call(ctx, m, adjudicator, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: l.name})
	if err != nil {
		return err
	}
	if got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW {
		return nil // Decided before the answer was lost.
	}
	_, err = call(ctx, m, adjudicator, m.claims.DecideReview, &tenfoldv1.DecideReviewRequest{
		Name: l.name, RequestId: l.id("review"), Etag: got.GetClaim().GetEtag(),
		Decision:     tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD,
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		Note:         "The laboratory's method is accredited for this product.",
	})
	return err
}

// compareLoad compares the outcomes of the load with the expected ones.
func (m *market) compareLoad(ctx context.Context, load []*loadClaim) ([]LoadReport, error) {
	reports := make([]LoadReport, len(fates))
	for i, f := range fates {
		reports[i] = LoadReport{Product: f.product, Destination: f.destination, Accepted: f.accepted, Expected: stateName(f.ends)}
	}
	var counting sync.Mutex
	err := m.together(ctx, "comparing claims", load, func(ctx context.Context, l *loadClaim) error {
		got, err := call(ctx, m, orderService, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: l.name})
		if err != nil {
			return err
		}
		counting.Lock()
		defer counting.Unlock()
		r := &reports[(l.number-1)%len(fates)]
		r.Claims++
		if got.GetClaim().GetState() == l.ends {
			r.AsExpected++
		}
		return nil
	})
	return reports, err
}
