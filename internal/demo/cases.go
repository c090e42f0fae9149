package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/cases"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// filedCase is a published case with its filed claims.
type filedCase struct {
	cases.Case
	merchant string
	claims   []string
}

// purses vary the sources of the money: only the deposit; the deposit and then shop
// funds; and little of both, so that the platform advances the rest.
var purses = []purse{{deposit: 500_000}, ampleFunds, {deposit: 100, shopFunds: 50}}

// ampleFunds are those of a merchant who pays everything.
var ampleFunds = purse{deposit: 1_000, shopFunds: 500_000}

// advancedMax is an amount in yuan that the seeded policies let the platform advance for
// one claim, and advancedClaims a number of claims of the load for one merchant.
const advancedMax, advancedClaims = 10_000, 200

// purseOf is the purse of a merchant. One with little money has claims that the platform
// may advance; otherwise the merchant pays.
func purseOf(i int, advanceable bool) purse {
	p := purses[i%len(purses)]
	if p.deposit+p.shopFunds < advancedMax && !advanceable {
		return ampleFunds
	}
	return p
}

// fileCases files each purchase of each case as a claim, records the laboratory's
// results, and confirms the notices.
func (m *market) fileCases(ctx context.Context) ([]filedCase, error) {
	published, err := cases.Published()
	if err != nil {
		return nil, err
	}
	filed := make([]filedCase, len(published))
	for i, c := range published {
		m.config.Progress("filing published cases", i, len(published))
		filed[i] = filedCase{Case: c, merchant: "case-" + c.ID}
		if err := m.openBook(ctx, filed[i].merchant, purseOf(i, c.AwardedCompensation < advancedMax*100)); err != nil {
			return nil, err
		}
		for n, p := range c.Purchases {
			name, err := m.fileCase(ctx, &filed[i], n, p)
			if err != nil {
				return nil, fmt.Errorf("case %s: %w", c.ID, err)
			}
			filed[i].claims = append(filed[i].claims, name)
		}
	}
	m.config.Progress("filing published cases", len(published), len(published))
	return filed, nil
}

func (m *market) fileCase(ctx context.Context, c *filedCase, n int, p cases.Purchase) (name string, err error) {
	id := fmt.Sprintf("%s-%d", c.ID, n+1)
	remedies := []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_COMPENSATION}
	if c.Refund == cases.RefundAwarded {
		remedies = append(remedies, tenfoldv1.Remedy_REMEDY_REFUND)
	}
	consumer := "consumer-" + c.ID
	filed, err := call(ctx, m, orderService, m.claims.FileClaim, &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + c.merchant, RequestId: "file-" + id,
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: line(bought{
			merchant: c.merchant, id: id, product: "goods-" + c.ID, category: c.Category, consumer: consumer,
			units: p.Units, paid: int64(p.Paid), at: Start.AddDate(0, 0, -40).Add(time.Duration(n) * time.Minute),
		})},
		ClaimantId: consumer, Units: ordinals(p.Units), Remedies: remedies,
		LegalBasisChoice:  tenfoldv1.LegalBasis(tenfoldv1.LegalBasis_value["LEGAL_BASIS_"+string(c.Basis)]),
		Grounds:           tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt:         timestamppb.New(Start.AddDate(0, 0, -10)),
		PayoutDestination: "wallet-" + c.ID,
	})
	if err != nil {
		return "", err
	}
	name = filed.GetClaim().GetName()
	_, err = call(ctx, m, laboratory, m.results.RecordResult, &tenfoldv1.RecordResultRequest{
		Parent: "merchants/" + c.merchant, RequestId: "result-" + id, Claim: name, Authenticator: "authenticators/" + labID,
		ReportNumber: "LAB-" + id, UnitVerdicts: findings(p),
		SampleSource:  tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE,
		CustodyIntact: true, IssuedAt: timestamppb.New(Start),
	})
	if err != nil {
		return "", err
	}
	_, err = call(ctx, m, backOffice(c.merchant), m.claims.ConfirmNotice, &tenfoldv1.ConfirmNoticeRequest{
		Name: name, RequestId: "notice-" + id,
	})
	return name, err
}

// approvers are the people who agree to large awards.
var approvers = []string{"demo-approver-1", "demo-approver-2"}

// approveLarge plays the approvers of the cases whose award is so large that the policy
// asks for two of them.
func (m *market) approveLarge(ctx context.Context, filed []filedCase) error {
	for i := range filed {
		for n, name := range filed[i].claims {
			for _, person := range approvers {
				if err := m.approveOne(ctx, name, person, fmt.Sprintf("%s-%d-%s", filed[i].ID, n+1, person)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *market) approveOne(ctx context.Context, name, person, request string) error {
	who := caller.Identity{Workload: "finance", Role: "approver", Person: person}
	got, err := call(ctx, m, who, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: name})
	if err != nil || got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_AWAITING_APPROVAL {
		return err
	}
	_, err = call(ctx, m, who, m.claims.ApproveClaim, &tenfoldv1.ApproveClaimRequest{
		Name: name, RequestId: "approve-" + request, Etag: got.GetClaim().GetEtag(), Note: "The award is that of the court.",
	})
	return err
}

// findings are the laboratory's unit verdicts: the first units are counterfeit, the
// rest genuine.
func findings(p cases.Purchase) []*tenfoldv1.UnitVerdict {
	units := make([]*tenfoldv1.UnitVerdict, p.Units)
	for i := range units {
		verdict := tenfoldv1.Verdict_VERDICT_GENUINE
		if int32(i) < p.Counterfeit {
			verdict = tenfoldv1.Verdict_VERDICT_COUNTERFEIT
		}
		units[i] = &tenfoldv1.UnitVerdict{Ordinal: int32(i + 1), Verdict: verdict}
	}
	return units
}

func ordinals(n int32) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i + 1)
	}
	return out
}

// bought is the input of an order line; paid is in fen, for all units.
type bought struct {
	merchant, id, product, category, consumer string
	units                                     int32
	paid                                      int64
	at                                        time.Time
}

func line(b bought) *tenfoldv1.OrderLine {
	return &tenfoldv1.OrderLine{
		Name: "merchants/" + b.merchant + "/orderLines/" + b.id, OrderId: "order-" + b.id, PaymentId: "payment-" + b.id,
		PaidAt: timestamppb.New(b.at), ShippedAt: timestamppb.New(b.at.Add(24 * time.Hour)),
		DeliveredAt: timestamppb.New(b.at.Add(96 * time.Hour)),
		ProductId:   b.product, Category: b.category, Quantity: b.units,
		// The listed price is the price paid, rounded up if it does not divide.
		UnitPrice: fen((b.paid + int64(b.units) - 1) / int64(b.units)), GoodsPaid: fen(b.paid),
		PayerId: b.consumer,
	}
}

// compareCases reads the outcome of the cases' claims.
func (m *market) compareCases(ctx context.Context, filed []filedCase) ([]CaseReport, error) {
	reports := make([]CaseReport, len(filed))
	for i := range filed {
		r := newCaseReport(&filed[i].Case)
		for _, name := range filed[i].claims {
			got, err := call(ctx, m, orderService, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{
				Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL,
			})
			if err != nil {
				return nil, err
			}
			r.add(got.GetClaim())
		}
		r.compare()
		reports[i] = r
	}
	return reports, nil
}
