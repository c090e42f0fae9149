package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementService implements StatementService.
type statementService struct {
	tenfoldv1.UnimplementedStatementServiceServer
	backend
}

// statementRequest is the common part of requests about a statement.
type statementRequest interface {
	GetFrom() *timestamppb.Timestamp
	GetUntil() *timestamppb.Timestamp
	GetBasis() tenfoldv1.StatementBasis
}

// statementTime reads the time of a statement.
func (b *backend) statementTime(r statementRequest) (job.Statement, error) {
	from := moment(r.GetFrom())
	until, err := b.past(r.GetUntil(), "until")
	if err != nil {
		return job.Statement{}, err
	}
	if !from.Before(until) {
		return job.Statement{}, fault.New(fault.RequestInvalid, "until must be after from").At("until")
	}
	return job.Statement{From: from, Until: until, ByEffect: r.GetBasis() == tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE}, nil
}

func (s *statementService) GetStatement(ctx context.Context, r *tenfoldv1.GetStatementRequest) (*tenfoldv1.GetStatementResponse, error) {
	of, err := s.statementTime(r)
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetName())
	var before, after map[string]ledger.Totals
	out := &tenfoldv1.GetStatementResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		of.MerchantID, of.OrderID = anchor(merchant), r.GetOrderId()
		sums := reading.Statement{Read: read, Of: of}
		if before, after, err = sums.Sums(ctx); err != nil {
			return err
		}
		out.Provisional, err = reading.Provisional(ctx, read, of.Until)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, currency := range slices.Sorted(maps.Keys(after)) {
		sums, err := statementSumsOf(before[currency], after[currency], currency)
		if err != nil {
			return nil, err
		}
		out.Sums = append(out.Sums, sums)
	}
	return out, nil
}

// statementSumsOf are the sums of a statement between the totals before and after it.
func statementSumsOf(before, after ledger.Totals, currency string) (*tenfoldv1.StatementSums, error) {
	within := ledger.Totals{}
	within.Plus(after, 1)
	within.Plus(before, -1)
	opening, err := before.Balances()
	if err != nil {
		return nil, err
	}
	moved, err := within.Balances()
	if err != nil {
		return nil, err
	}
	closing, err := after.Balances()
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.StatementSums{CurrencyCode: currency, Totals: transferTotalsOf(within, currency), Lines: within.Count()}
	for _, p := range ledger.Purposes() {
		out.Accounts = append(out.Accounts, &tenfoldv1.StatementAccount{
			Purpose: purposes.proto(p), Opening: signed(opening.At(p).Of(p), currency),
			Debits: moneyOf(moved.At(p).Debits, currency), Credits: moneyOf(moved.At(p).Credits, currency),
			Closing: signed(closing.At(p).Of(p), currency),
		})
	}
	var sum money.Amount
	for _, total := range within {
		sum += total.Amount
	}
	out.Amount = moneyOf(sum, currency)
	return out, nil
}

// statementLine adds a transfer to what the lines have come to, as its reader sees it.
func statementLine(so *reading.Running, t *ledger.Transfer, shown *tenfoldv1.Transfer) *tenfoldv1.StatementLine {
	after := so.Add(t)
	p := &tenfoldv1.StatementLine{
		Number: after.Number, Transfer: shown, DebitBalance: signed(after.Debit, t.Currency), CreditBalance: signed(after.Credit, t.Currency),
	}
	l := LineOf(p)
	so.Cover(statement.CSV(l.Cells()))
	return p
}

// LineOf is the line that a statement in a file has.
func LineOf(p *tenfoldv1.StatementLine) statement.Line {
	t := p.GetTransfer()
	merchant, _ := nameOf(t.GetName())
	_, claimID := nameOf(t.GetClaim())
	_, lineID := nameOf(t.GetOrderLineName())
	return statement.Line{
		Number: p.GetNumber(), Merchant: merchant, Transfer: numberOf(t.GetName()),
		RecordedAt: t.GetRecordedAt().AsTime(), EffectiveAt: t.GetEffectiveAt().AsTime(),
		Kind: string(transferKinds.domain(t.GetKind())), Debit: string(purposes.domain(t.GetDebit())), Credit: string(purposes.domain(t.GetCredit())),
		Amount: t.GetAmount().GetMinorUnits(), Currency: t.GetAmount().GetCurrencyCode(),
		DebitAfter: p.GetDebitBalance().GetMinorUnits(), CreditAfter: p.GetCreditBalance().GetMinorUnits(),
		Claim: claimID, Order: t.GetOrderId(), OrderLine: lineID, Revision: t.GetRevision(), OutNumber: t.GetOutNumber(),
		Channel: t.GetGatewayReference(), External: t.GetExternalReference(), Reverses: numberOf(t.GetReverses()), Event: t.GetEventNumber(),
	}
}

// StatementLineOf is the line of the contract that stands in a file: the other way of LineOf.
func StatementLineOf(l *statement.Line) *tenfoldv1.StatementLine {
	t := ledger.Transfer{
		MerchantID: l.Merchant, Number: l.Transfer, RecordedAt: l.RecordedAt, EffectiveAt: l.EffectiveAt, Kind: ledger.Kind(l.Kind),
		Debit: ledger.Purpose(l.Debit), Credit: ledger.Purpose(l.Credit), Amount: money.Amount(l.Amount), Currency: l.Currency,
		ClaimID: l.Claim, OrderLineID: l.OrderLine, ExternalReference: l.External, Reverses: l.Reverses, EventNumber: l.Event,
	}
	if id, ok := claim.ParseID(l.OutNumber); ok {
		t.PayoutID = id
	}
	shown := transferReadOf(&transferRead{Transfer: t, TransferFacts: postgres.TransferFacts{OrderID: l.Order, Revision: l.Revision, GatewayReference: l.Channel}})
	shown.OutNumber = l.OutNumber
	return &tenfoldv1.StatementLine{
		Number: l.Number, Transfer: shown, DebitBalance: signed(money.Amount(l.DebitAfter), l.Currency), CreditBalance: signed(money.Amount(l.CreditAfter), l.Currency),
	}
}

// statementParts are the parts of the cursor of a statement: those of a list of transfers, and
// what the lines have come to.
const statementParts = transferParts + 1

// runningOf reads what the lines had come to before a page.
func runningOf(text string) (reading.Running, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	so := reading.Running{}
	if err == nil {
		so, err = reading.RunningOf(raw)
	}
	if err != nil {
		err = fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	return so, err
}

// statementAsked is a request for the lines of a statement.
type statementAsked interface {
	statementRequest
	GetParent() string
	GetCurrencyCode() string
	GetOrderId() string
}

// statementOf reads which transfers are the lines of a statement, and in which currency.
func (b *backend) statementOf(r statementAsked) (job.Statement, error) {
	of, err := b.statementTime(r)
	if err != nil {
		return of, err
	}
	merchant, _ := nameOf(r.GetParent())
	of.MerchantID, of.Currency, of.OrderID = anchor(merchant), r.GetCurrencyCode(), r.GetOrderId()
	switch {
	case of.MerchantID == "" && of.ByEffect:
		err = fault.New(fault.RequestInvalid, "over all merchants the lines of a statement are ordered by the time of their recording").At("basis")
	case of.MerchantID == "" && of.Currency == "":
		err = fault.New(fault.RequestInvalid, "over all merchants the currency of the lines must be named").At("currency_code")
	case of.MerchantID != "" && of.Currency != "":
		err = fault.New(fault.RequestInvalid, "the book of a merchant has one currency, which is not named here").At("currency_code")
	}
	return of, err
}

func (s *statementService) ListStatementLines(ctx context.Context, r *tenfoldv1.ListStatementLinesRequest) (*tenfoldv1.ListStatementLinesResponse, error) {
	of, err := s.statementOf(r)
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, statementParts)
	if err != nil {
		return nil, err
	}
	from, err := transferCursor(&p)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListStatementLinesResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		if err := checkBook(ctx, read, of.MerchantID); err != nil {
			return err
		}
		lines := reading.Statement{Read: read, Of: of}
		so, err := runningBefore(ctx, &lines, r.GetPageToken(), p.cursor[transferParts])
		if err != nil {
			return err
		}
		var list postgres.TransferPage
		shown, err := fitting(p.size, func(size int) ([]transferRead, error) {
			if list, err = read.FindTransfers(ctx, lines.Query(), from, size); err != nil {
				return nil, err
			}
			return reading.WithFacts(ctx, read, list.Rows)
		}, transferReadOf)
		if err != nil {
			return err
		}
		for i, t := range shown {
			if !lines.Holds(&list.Rows[i]) {
				continue
			}
			callerOf(ctx).cover(t) // The digest is that of what its reader sees.
			out.Lines = append(out.Lines, statementLine(&so, &list.Rows[i], t))
		}
		if !list.More {
			out.End, err = statementEnd(ctx, &lines, &so)
			return err
		}
		state, err := so.Put()
		out.NextPageToken = p.token(append(transferKey(&list.Next), base64.RawStdEncoding.EncodeToString(state))...)
		return err
	})
	return answer(out, err)
}

// runningBefore is what the lines had come to before the page.
func runningBefore(ctx context.Context, lines *reading.Statement, token, state string) (reading.Running, error) {
	if token != "" {
		return runningOf(state)
	}
	return lines.Begin(ctx)
}

// statementEnd says what all lines have come to. It refuses lines that do not lead to the closing
// balances, because a transfer came in among them while they were read.
func statementEnd(ctx context.Context, lines *reading.Statement, so *reading.Running) (*tenfoldv1.StatementEnd, error) {
	end, err := lines.End(ctx, so)
	if errors.Is(err, reading.ErrSpoiled) {
		return nil, fault.New(fault.PageTokenInvalid,
			"a transfer that took effect in the time of the statement was recorded while it was read; begin again").At("page_token")
	}
	if err != nil {
		return nil, err
	}
	return statementEndOf(&end), nil
}

func statementEndOf(e *job.StatementEnd) *tenfoldv1.StatementEnd {
	return &tenfoldv1.StatementEnd{Lines: e.Lines, Amount: moneyOf(e.Amount, e.Currency), CsvSha256: e.SHA256, Provisional: e.Provisional}
}
