package rpc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.einride.tech/aip/ordering"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// These are the filters and orders of the lists of finance.

// transferFilter is the filter of ListTransfers.
var transferFilter = filter[postgres.TransferQuery]{things: "transfers", fields: map[string]filterField[postgres.TransferQuery]{
	"order_id": callerIDField(func(q *postgres.TransferQuery) *string { return &q.OrderID }).shownAs(&tenfoldv1.Transfer{}, "order_id"),
	"payment_id": callerIDField(func(q *postgres.TransferQuery) *string { return &q.PaymentID }).
		shownAs(&tenfoldv1.OrderLine{}, "payment_id"),
	"out_number": idField(func(q *postgres.TransferQuery) *string { return &q.OutNumber }).shownAs(&tenfoldv1.Transfer{}, "out_number"),
	"gateway_reference": textField(func(q *postgres.TransferQuery) *string { return &q.GatewayReference }).
		shownAs(&tenfoldv1.Transfer{}, "gateway_reference"),
	"external_reference": textField(func(q *postgres.TransferQuery) *string { return &q.ExternalReference }).
		shownAs(&tenfoldv1.Transfer{}, "external_reference"),
	"kind": wordField("a kind of transfer", transferKinds, func(q *postgres.TransferQuery) *ledger.Kind { return &q.Kind }).
		shownAs(&tenfoldv1.Transfer{}, "kind"),
	"account": wordField("the purpose of an account", purposes, func(q *postgres.TransferQuery) *ledger.Purpose { return &q.Account }).
		shownAs(&tenfoldv1.Transfer{}, "debit"),
	"recorded_at": timeField(func(q *postgres.TransferQuery) (from, to *time.Time) { return &q.RecordedFrom, &q.RecordedTo }).
		shownAs(&tenfoldv1.Transfer{}, "recorded_at"),
	"effective_at": timeField(func(q *postgres.TransferQuery) (from, to *time.Time) { return &q.EffectiveFrom, &q.EffectiveTo }).
		shownAs(&tenfoldv1.Transfer{}, "effective_at"),
	"amount": amountField(func(q *postgres.TransferQuery) (from, to **money.Amount) { return &q.AmountFrom, &q.AmountTo }).
		shownAs(&tenfoldv1.Transfer{}, "amount"),
}}

// payoutFilter is the filter of ListPayouts.
var payoutFilter = filter[postgres.PayoutQuery]{things: "payouts", fields: map[string]filterField[postgres.PayoutQuery]{
	"out_number": idField(func(q *postgres.PayoutQuery) *string { return &q.OutNumber }).shownAs(&tenfoldv1.Payout{}, "out_number"),
	"gateway_reference": textField(func(q *postgres.PayoutQuery) *string { return &q.GatewayReference }).
		shownAs(&tenfoldv1.Payout{}, "gateway_reference"),
	"state": wordField("a state", payoutStates, func(q *postgres.PayoutQuery) *payout.State { return &q.State }).
		shownAs(&tenfoldv1.Payout{}, "state"),
	"part": wordField("REFUND or COMPENSATION", payoutParts, func(q *postgres.PayoutQuery) *payout.Part { return &q.Part }).
		shownAs(&tenfoldv1.Payout{}, "part"),
	"form": wordField("a form, such as COUPON", payoutForms, func(q *postgres.PayoutQuery) *claim.PayoutForm { return &q.Form }).
		shownAs(&tenfoldv1.Payout{}, "form"),
	"instructed_at": timeField(func(q *postgres.PayoutQuery) (from, to *time.Time) { return &q.CreatedFrom, &q.CreatedTo }).
		shownAs(&tenfoldv1.Payout{}, "instructed_at"),
	"answered_at": timeField(func(q *postgres.PayoutQuery) (from, to *time.Time) { return &q.AnsweredFrom, &q.AnsweredTo }).
		shownAs(&tenfoldv1.Payout{}, "answered_at"),
	"amount": amountField(func(q *postgres.PayoutQuery) (from, to **money.Amount) { return &q.AmountFrom, &q.AmountTo }).
		shownAs(&tenfoldv1.Payout{}, "amount"),
}}

// holdFilter is the filter of ListHolds.
var holdFilter = filter[postgres.HoldQuery]{things: "holds", fields: map[string]filterField[postgres.HoldQuery]{
	"state": wordField("a state", holdStates, func(q *postgres.HoldQuery) *ledger.HoldState { return &q.State }).
		shownAs(&tenfoldv1.Hold{}, "state"),
	"source": wordField("DEPOSIT or SHOP_FUNDS", holdSources, func(q *postgres.HoldQuery) *ledger.Purpose { return &q.Source }).
		shownAs(&tenfoldv1.Hold{}, "source"),
	"held_at": timeField(func(q *postgres.HoldQuery) (from, to *time.Time) { return &q.PlacedFrom, &q.PlacedTo }).
		shownAs(&tenfoldv1.Hold{}, "held_at"),
	"ended_at": timeField(func(q *postgres.HoldQuery) (from, to *time.Time) { return &q.EndedFrom, &q.EndedTo }).
		shownAs(&tenfoldv1.Hold{}, "ended_at"),
	"amount": amountField(func(q *postgres.HoldQuery) (from, to **money.Amount) { return &q.AmountFrom, &q.AmountTo }).
		shownAs(&tenfoldv1.Hold{}, "amount"),
}}

// debtFilter is the filter of ListDebts.
var debtFilter = filter[postgres.DebtQuery]{things: "debts", fields: map[string]filterField[postgres.DebtQuery]{
	"since": timeField(func(q *postgres.DebtQuery) (from, to *time.Time) { return &q.SinceFrom, &q.SinceTo }).
		shownAs(&tenfoldv1.Debt{}, "since"),
	"open": amountField(func(q *postgres.DebtQuery) (from, to **money.Amount) { return &q.OpenFrom, &q.OpenTo }).
		shownAs(&tenfoldv1.Debt{}, "open"),
}}

// proposalFilter is the filter of ListProposals.
var proposalFilter = filter[postgres.ProposalQuery]{things: "proposals", fields: map[string]filterField[postgres.ProposalQuery]{
	"kind": wordField("a kind of proposal", proposalKinds, func(q *postgres.ProposalQuery) *proposal.Kind { return &q.Kind }).
		shownAs(&tenfoldv1.Proposal{}, "kind"),
	"proposed_at": timeField(func(q *postgres.ProposalQuery) (from, to *time.Time) { return &q.ProposedFrom, &q.ProposedTo }).
		shownAs(&tenfoldv1.Proposal{}, "proposed_at"),
	"amount": amountField(func(q *postgres.ProposalQuery) (from, to **money.Amount) { return &q.AmountFrom, &q.AmountTo }).
		shownAs(&tenfoldv1.Proposal{}, "amount"),
}}

// bookFilter is the filter of ListBooks.
var bookFilter = filter[postgres.BookQuery]{things: "books", fields: map[string]filterField[postgres.BookQuery]{
	"deposit_available":    bookAmount("deposit_available", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.DepositAvailable }),
	"deposit_held":         bookAmount("deposit_held", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.DepositHeld }),
	"shop_funds_available": bookAmount("shop_funds_available", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.ShopFundsAvailable }),
	"shop_funds_held":      bookAmount("shop_funds_held", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.ShopFundsHeld }),
	"receivable":           bookAmount("receivable", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.Receivable }),
	"exposure":             bookAmount("exposure", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.Exposure }),
	"demanded_deposit":     bookAmount("demanded_deposit", func(q *postgres.BookQuery) *postgres.AmountRange { return &q.Demanded }),
	"opened_at":            bookTime("opened_at", func(q *postgres.BookQuery) *postgres.TimeRange { return &q.Opened }),
	"demand_deadline":      bookTime("demand_deadline", func(q *postgres.BookQuery) *postgres.TimeRange { return &q.DemandDeadline }),
	"exit_begun_at":        bookTime("exit_begun_at", func(q *postgres.BookQuery) *postgres.TimeRange { return &q.ExitBegun }),
}}

// bookAmount is an amount of a book, by the name that it has there.
func bookAmount(name protoreflect.Name, of func(*postgres.BookQuery) *postgres.AmountRange) filterField[postgres.BookQuery] {
	return amountField(func(q *postgres.BookQuery) (from, to **money.Amount) { return &of(q).From, &of(q).To }).shownAs(&tenfoldv1.Book{}, name)
}

// bookTime is the same for a time.
func bookTime(name protoreflect.Name, of func(*postgres.BookQuery) *postgres.TimeRange) filterField[postgres.BookQuery] {
	return timeField(func(q *postgres.BookQuery) (from, to *time.Time) { return &of(q).From, &of(q).To }).shownAs(&tenfoldv1.Book{}, name)
}

// orderOf reads the order of a list: one of the fields that it can be ordered by, the first of
// which is the order of a list that names none, and whether it is reversed.
func orderOf(r ordering.Request, things string, fields ...string) (field string, reversed bool, err error) {
	if r.GetOrderBy() == "" {
		return fields[0], false, nil
	}
	by, err := ordering.ParseOrderBy(r)
	if err != nil || len(by.Fields) != 1 || !slices.Contains(fields, by.Fields[0].Path) {
		forms := make([]string, 0, 2*len(fields))
		for _, f := range fields {
			forms = append(forms, fmt.Sprintf("%q", f), fmt.Sprintf("%q", f+" desc"))
		}
		return "", false, misordered("%s can only be ordered by %s or %s", things, strings.Join(forms[:len(forms)-1], ", "), forms[len(forms)-1])
	}
	return by.Fields[0].Path, by.Fields[0].Desc, nil
}

func misordered(format string, args ...any) error {
	return fault.New(fault.FilterUnsupported, format, args...).At("order_by")
}

// inState joins the state that a field of a request names with that of its filter.
func inState[S ~string](field, filtered S) (S, error) {
	if field != "" && filtered != "" && field != filtered {
		return "", unsupported("the request asks for state %s, and its filter for state %s", field, filtered)
	}
	return max(field, filtered), nil
}
