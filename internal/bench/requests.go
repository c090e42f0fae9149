package bench

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	currency = "CNY"
	// price is the price of each claimed unit. The refund and ten times the price
	// make 1,100 yuan for each claim.
	price = 100_00
	// deposit is the largest amount allowed in a request. It covers more claims
	// than a run can file.
	deposit = 1_000_000_000_000_000
	// laboratory decides every claim by one result on a sealed sample.
	laboratory = "bench-lab"
)

func merchantID(n int) string  { return fmt.Sprintf("merchant-%04d", n) }
func bookName(n int) string    { return "merchants/" + merchantID(n) }
func lineID(serial int) string { return fmt.Sprintf("line-%d", serial) }
func yuan(minor int64) *tenfoldv1.Money {
	return &tenfoldv1.Money{CurrencyCode: currency, MinorUnits: minor}
}

// filing is a request for the single unit of an order line that no other claim has.
// Every serial has another consumer, so that each claim is priced alone.
func filing(merchant, serial int, now time.Time) *tenfoldv1.FileClaimRequest {
	paid := now.AddDate(0, -1, 0)
	consumer := fmt.Sprintf("consumer-%d", serial)
	return &tenfoldv1.FileClaimRequest{
		Parent: bookName(merchant), RequestId: fmt.Sprintf("file-%d", serial),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name:    bookName(merchant) + "/orderLines/" + lineID(serial),
			OrderId: fmt.Sprintf("order-%d", serial), PaymentId: fmt.Sprintf("payment-%d", serial),
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			ProductId: fmt.Sprintf("product-%d", serial%5000), Category: "cosmetics",
			Quantity: 1, UnitPrice: yuan(price), GoodsPaid: yuan(price), PayerId: consumer,
		}},
		ClaimantId: consumer, Units: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies: []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:  tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK, LearnedAt: timestamppb.New(now.AddDate(0, 0, -3)),
		PayoutDestination: fmt.Sprintf("wallet-%d", serial),
	}
}

// counterfeit is the laboratory's result on a claim.
func counterfeit(merchant, serial int, claim string, now time.Time) *tenfoldv1.RecordResultRequest {
	return &tenfoldv1.RecordResultRequest{
		Parent: bookName(merchant), RequestId: fmt.Sprintf("result-%d", serial), Claim: claim,
		Authenticator: "authenticators/" + laboratory, ReportNumber: fmt.Sprintf("R-%d", serial),
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true,
		IssuedAt: timestamppb.New(now.Add(-time.Hour)),
	}
}

func confirmation(serial int, claim string) *tenfoldv1.ConfirmNoticeRequest {
	return &tenfoldv1.ConfirmNoticeRequest{Name: claim, RequestId: fmt.Sprintf("notice-%d", serial)}
}

func acceptance(serial int, claim, etag string) *tenfoldv1.AcceptClaimRequest {
	return &tenfoldv1.AcceptClaimRequest{Name: claim, Etag: etag, RequestId: fmt.Sprintf("accept-%d", serial)}
}
