package postgres_test

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

func payoutsPlanned(q postgres.PayoutQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error { return listed(r.Payouts(ctx, q, "", pageSize)) }, rows}
}

// transfersPlanned is a list of transfers.
func transfersPlanned(q postgres.TransferQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.FindTransfers(ctx, q, postgres.TransferCursor{}, pageSize))
	}, rows}
}

func debtsPlanned(q postgres.DebtQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.Debts(ctx, q, postgres.DebtCursor{}, pageSize))
	}, rows}
}

// plannedFinance are the lists over one book and over all books.
func plannedFinance() map[string]planned {
	late := start.AddDate(9, 0, 0)
	const nothing = "DEPOSIT_FORFEITED"
	return map[string]planned{
		"transfers of merchant":                  transfersPlanned(postgres.TransferQuery{MerchantID: "hot"}, onePage),
		"transfers, newest first":                transfersPlanned(postgres.TransferQuery{MerchantID: "hot", NewestFirst: true}, onePage),
		"transfers of a kind":                    transfersPlanned(postgres.TransferQuery{MerchantID: "hot", Kind: nothing}, bounded),
		"transfers of an account, newest first":  transfersPlanned(postgres.TransferQuery{MerchantID: "hot", Account: ledger.Penalty, NewestFirst: true}, bounded),
		"transfers recorded in a time":           transfersPlanned(postgres.TransferQuery{MerchantID: "hot", RecordedFrom: late, RecordedTo: late}, onePage),
		"transfers by effect":                    transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true}, bounded),
		"transfers by effect, newest first":      transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true, NewestFirst: true}, bounded),
		"transfers by effect, nothing fits":      transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ByEffect: true, Kind: nothing}, bounded),
		"transfers of all":                       transfersPlanned(postgres.TransferQuery{}, 2*onePage),
		"transfers of all, newest first":         transfersPlanned(postgres.TransferQuery{NewestFirst: true}, 2*onePage),
		"transfers of all in a time":             transfersPlanned(postgres.TransferQuery{RecordedFrom: start.AddDate(0, -2, 0), RecordedTo: late}, 2*onePage),
		"transfers of all, nothing fits":         transfersPlanned(postgres.TransferQuery{Kind: nothing}, far),
		"transfers of a reference":               transfersPlanned(postgres.TransferQuery{MerchantID: "hot", ExternalReference: "nothing"}, few),
		"transfers of a claim of anybody":        transfersPlanned(postgres.TransferQuery{ClaimID: "C000000100"}, 2*few),
		"transfers of an order":                  transfersPlanned(postgres.TransferQuery{OrderID: "hot"}, 20*(postgres.ClaimsExamined+1)),
		"transfers of an order of few":           transfersPlanned(postgres.TransferQuery{OrderID: "o20000"}, 2*few),
		"transfers of a payment, other merchant": transfersPlanned(postgres.TransferQuery{PaymentID: "hot", MerchantID: "m1"}, 20*(postgres.ClaimsExamined+1)),
		"transfers of an out-number":             transfersPlanned(postgres.TransferQuery{OutNumber: "out100"}, 2*few),
		"transfers of a gateway reference":       transfersPlanned(postgres.TransferQuery{GatewayReference: "hot"}, 20*(postgres.ClaimsExamined+1)),
		"facts of transfers": {func(ctx context.Context, r postgres.Reader) error {
			list, err := r.Transfers(ctx, "hot", "", 100, pageSize)
			if err != nil {
				return err
			}
			return listed(r.FactsOfTransfers(ctx, list))
		}, 12 * pageSize},
		"statements of a book": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Statements(ctx, "hot", false, "", pageSize))
		}, onePage},
		"statements that a merchant asked for, of many": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Statements(ctx, "hot", true, "", pageSize))
		}, few},
		"part of a statement": {func(ctx context.Context, r postgres.Reader) error {
			_, _, err := r.StatementPart(ctx, "s1", 5000)
			return err
		}, few},
		"payouts of all":                        payoutsPlanned(postgres.PayoutQuery{}, onePage),
		"payouts of all, newest first":          payoutsPlanned(postgres.PayoutQuery{NewestFirst: true}, onePage),
		"payouts of all in a state":             payoutsPlanned(postgres.PayoutQuery{State: payout.Returned}, bounded),
		"payouts of a time":                     payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", CreatedFrom: late}, bounded),
		"payouts, newest first":                 payoutsPlanned(postgres.PayoutQuery{MerchantID: "hot", NewestFirst: true}, onePage),
		"payout of an out-number":               payoutsPlanned(postgres.PayoutQuery{OutNumber: "out20000"}, few),
		"payouts of a gateway reference":        payoutsPlanned(postgres.PayoutQuery{GatewayReference: "hot"}, onePage),
		"payouts of a reference, rare":          payoutsPlanned(postgres.PayoutQuery{GatewayReference: "hot", State: payout.Returned}, bounded),
		"holds of all":                          holdsPlanned(postgres.HoldQuery{}, onePage),
		"holds of all in a state":               holdsPlanned(postgres.HoldQuery{State: ledger.Expired}, bounded),
		"holds of a time":                       holdsPlanned(postgres.HoldQuery{MerchantID: "hot", PlacedFrom: late}, bounded),
		"debts":                                 debtsPlanned(postgres.DebtQuery{MerchantID: "m5"}, onePage),
		"debts of a kind":                       debtsPlanned(postgres.DebtQuery{MerchantID: "m5", Kind: "SHORTFALL"}, onePage),
		"debts of all":                          debtsPlanned(postgres.DebtQuery{}, onePage),
		"debts of all of a kind, too late":      debtsPlanned(postgres.DebtQuery{Kind: "SHORTFALL", SinceFrom: late}, bounded),
		"totals of a book, recorded by a time":  totalsPlanned("f1", false, 3*snapshotsEvery),
		"totals of a book, effective by a time": totalsPlanned("f1", true, 3*snapshotsEvery),
		"totals of all, recorded by a time":     totalsPlanned("", false, bulkRows/5),
		"totals of all, effective by a time":    totalsPlanned("", true, bulkRows/5),
		"transfers that came in late": {func(ctx context.Context, r postgres.Reader) error {
			of := postgres.PeriodOf{Period: "2026-03", Before: &period.Change{Number: 1}}
			list, err := r.LateTransfers(ctx, "f1", of, ledger.Transfer{}, pageSize)
			return found(list, len(list) == pageSize, err)
		}, onePage},
		"books by amount": {func(ctx context.Context, r postgres.Reader) error {
			one := money.Amount(1)
			return listed(r.Books(ctx, postgres.BookQuery{Exposure: postgres.AmountRange{From: &one}, LastFirst: true}, "", pageSize))
		}, bounded},
	}
}

func holdsPlanned(q postgres.HoldQuery, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		return listed(r.Holds(ctx, q, postgres.HoldKey{}, pageSize))
	}, rows}
}

// snapshotsEvery is the distance of the snapshots of the book f1.
const snapshotsEvery = 100

// sum does what a worker does about sums of transfers.
func (b *bulk) sum() {
	b.t.Helper()
	for _, step := range []func() (bool, error){
		func() (bool, error) { return b.pg.SnapshotBook(b.t.Context(), "f1", snapshotsEvery) },
		func() (bool, error) { return b.pg.SumPeriods(b.t.Context(), bulkRows) },
	} {
		for more := true; more; {
			var err error
			if more, err = step(); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// totalsPlanned is a sum as of a time, of the book f1 or of all books.
func totalsPlanned(of string, byEffect bool, rows float64) planned {
	return planned{func(ctx context.Context, r postgres.Reader) error {
		at := start.Add(30 * time.Hour)
		if of == "" {
			return listed(r.TotalsOfAllAt(ctx, start.AddDate(0, -2, 0).Add(12*time.Hour+30*time.Minute), byEffect))
		}
		return listed(r.TotalsAt(ctx, of, at, byEffect))
	}, rows}
}
