package rpc

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement"
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

// statementTime is the time of a statement: transfers after opening, and up to closing.
type statementTime struct {
	opening, closing time.Time
	byEffect         bool
}

// statementTime reads the time of a statement. Times have microseconds.
func (s *statementService) statementTime(r statementRequest) (statementTime, error) {
	from := moment(r.GetFrom())
	until, err := s.past(r.GetUntil(), "until")
	if err != nil {
		return statementTime{}, err
	}
	if !from.Before(until) {
		return statementTime{}, fault.New(fault.RequestInvalid, "until must be after from").At("until")
	}
	return statementTime{
		opening: from.Add(-time.Microsecond), closing: until.Add(-time.Microsecond),
		byEffect: r.GetBasis() == tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE,
	}, nil
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
		sums := statementReading{ctx, read, anchor(merchant), r.GetOrderId(), "", of}
		if before, err = sums.all(of.opening); err != nil {
			return err
		}
		if after, err = sums.all(of.closing); err != nil {
			return err
		}
		out.Provisional, err = provisional(ctx, read, of.closing.Add(time.Microsecond))
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

// running is what the lines of a statement have come to.
type running struct {
	lines  int64
	amount money.Amount
	// net are the accounts by their debits less their credits, in the order of the chart.
	net    map[ledger.Purpose]money.Amount
	digest statement.Digest
}

// openingOf begins a statement with the balances before it.
func openingOf(totals ledger.Totals) (running, error) {
	balances, err := totals.Balances()
	r := running{net: make(map[ledger.Purpose]money.Amount), digest: statement.NewDigest()}
	for _, p := range ledger.Purposes() {
		r.net[p] = balances.At(p).Debits - balances.At(p).Credits
	}
	return r, err
}

// of is the balance of an account on the side on which it grows.
func (r *running) of(p ledger.Purpose) money.Amount {
	if p.Normal() == ledger.Debit {
		return r.net[p]
	}
	return -r.net[p]
}

// line adds a transfer, as its reader sees it.
func (r *running) line(t *ledger.Transfer, shown *tenfoldv1.Transfer) *tenfoldv1.StatementLine {
	r.lines++
	r.amount += t.Amount
	r.net[t.Debit] += t.Amount
	r.net[t.Credit] -= t.Amount
	p := &tenfoldv1.StatementLine{
		Number: r.lines, Transfer: shown, DebitBalance: signed(r.of(t.Debit), t.Currency), CreditBalance: signed(r.of(t.Credit), t.Currency),
	}
	l := LineOf(p)
	r.digest.Add(statement.CSV(l.Cells()))
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

// statementParts are the parts of the cursor of a statement: those of a list of transfers, and
// what the lines have come to.
const statementParts = transferParts + 1

// put writes what the lines have come to for a cursor.
func (r *running) put() (string, error) {
	raw := binary.AppendVarint(nil, r.lines)
	raw = binary.AppendVarint(raw, int64(r.amount))
	for _, p := range ledger.Purposes() {
		raw = binary.AppendVarint(raw, int64(r.net[p]))
	}
	state, err := r.digest.State()
	return base64.RawStdEncoding.EncodeToString(append(raw, state...)), err
}

// runningOf reads what put has written.
func runningOf(text string) (running, error) {
	r := running{net: make(map[ledger.Purpose]money.Amount)}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	wrong := fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	if err != nil {
		return r, wrong
	}
	next := func() (v int64) {
		n := 0
		if v, n = binary.Varint(raw); n <= 0 {
			err = wrong
			return 0
		}
		raw = raw[n:]
		return v
	}
	r.lines, r.amount = next(), money.Amount(next())
	for _, p := range ledger.Purposes() {
		r.net[p] = money.Amount(next())
	}
	if err != nil {
		return r, err
	}
	if r.digest, err = statement.Resumed(raw); err != nil {
		return r, wrong
	}
	return r, nil
}

// statementQuery reads which transfers are the lines of a statement, and in which currency.
func (s *statementService) statementQuery(r *tenfoldv1.ListStatementLinesRequest) (postgres.TransferQuery, statementTime, error) {
	of, err := s.statementTime(r)
	if err != nil {
		return postgres.TransferQuery{}, of, err
	}
	merchant, _ := nameOf(r.GetParent())
	q := postgres.TransferQuery{MerchantID: anchor(merchant), OrderID: r.GetOrderId(), ByEffect: of.byEffect}
	from := of.opening.Add(time.Microsecond)
	if of.byEffect {
		q.EffectiveFrom, q.EffectiveTo = from, of.closing
	} else {
		q.RecordedFrom, q.RecordedTo = from, of.closing
	}
	switch {
	case q.MerchantID == "" && of.byEffect:
		err = fault.New(fault.RequestInvalid, "over all merchants the lines of a statement are ordered by the time of their recording").At("basis")
	case q.MerchantID == "" && r.GetCurrencyCode() == "":
		err = fault.New(fault.RequestInvalid, "over all merchants the currency of the lines must be named").At("currency_code")
	case q.MerchantID != "" && r.GetCurrencyCode() != "":
		err = fault.New(fault.RequestInvalid, "the book of a merchant has one currency, which is not named here").At("currency_code")
	}
	return q, of, err
}

func (s *statementService) ListStatementLines(ctx context.Context, r *tenfoldv1.ListStatementLinesRequest) (*tenfoldv1.ListStatementLinesResponse, error) {
	q, of, err := s.statementQuery(r)
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
		if err := checkBook(ctx, read, q.MerchantID); err != nil {
			return err
		}
		sums := statementReading{ctx, read, q.MerchantID, q.OrderID, r.GetCurrencyCode(), of}
		so, err := sums.begin(r.GetPageToken(), p.cursor[transferParts])
		if err != nil {
			return err
		}
		var list postgres.TransferPage
		shown, err := fitting(p.size, func(size int) ([]transferRead, error) {
			if list, err = read.FindTransfers(ctx, q, from, size); err != nil {
				return nil, err
			}
			return withFacts(ctx, read, list.Rows)
		}, transferReadOf)
		if err != nil {
			return err
		}
		for i, t := range shown {
			if q.MerchantID == "" && list.Rows[i].Currency != r.GetCurrencyCode() {
				continue
			}
			callerOf(ctx).cover(t) // The digest is that of what its reader sees.
			out.Lines = append(out.Lines, so.line(&list.Rows[i], t))
		}
		if !list.More {
			out.End, err = sums.end(&so)
			return err
		}
		state, err := so.put()
		out.NextPageToken = p.token(append(transferKey(&list.Next), state)...)
		return err
	})
	return answer(out, err)
}

// statementReading reads the balances at either end of a statement.
type statementReading struct {
	ctx      context.Context
	read     postgres.Reader
	merchant string
	// order is that of the transfers; empty for all transfers.
	order string
	// currency is that of the lines over all merchants; empty for a merchant.
	currency string
	of       statementTime
}

func (s *statementReading) totals(at time.Time) (totals ledger.Totals, currency string, err error) {
	all, err := s.all(at)
	currency = s.currency
	if s.merchant != "" {
		for of := range all {
			currency = of
		}
	}
	return all[currency], currency, err
}

// all are the totals as of a time, by currency.
func (s *statementReading) all(at time.Time) (map[string]ledger.Totals, error) {
	if s.order == "" {
		return totalsAt(s.ctx, s.read, s.merchant, at, s.of.byEffect)
	}
	out := make(map[string]ledger.Totals)
	if s.merchant != "" {
		h, err := readHead(s.ctx, s.read, s.merchant)
		if err != nil {
			return nil, err
		}
		out[h.Currency] = ledger.Totals{}
	}
	return out, s.ofOrder(at, out)
}

// orderPage is how many transfers of an order are read at once.
const orderPage = 1000

// ofOrder adds the transfers for the claims on the order, of which there are as few as it has
// units.
func (s *statementReading) ofOrder(at time.Time, out map[string]ledger.Totals) error {
	q := postgres.TransferQuery{MerchantID: s.merchant, OrderID: s.order}
	if q.RecordedTo = at; s.of.byEffect {
		q.RecordedTo, q.EffectiveTo = time.Time{}, at
	}
	page := postgres.TransferPage{More: true}
	for page.More {
		var err error
		if page, err = s.read.FindTransfers(s.ctx, q, page.Next, orderPage); err != nil {
			return err
		}
		for i := range page.Rows {
			t := &page.Rows[i]
			if out[t.Currency] == nil {
				out[t.Currency] = ledger.Totals{}
			}
			out[t.Currency].Add(t.Kind, t.Amount, 1)
		}
	}
	return nil
}

// begin is what the lines had come to before the page.
func (s *statementReading) begin(token, state string) (running, error) {
	if token != "" {
		return runningOf(state)
	}
	totals, _, err := s.totals(s.of.opening)
	if err != nil {
		return running{}, err
	}
	return openingOf(totals)
}

// end says what all lines have come to. It refuses lines that do not lead to the closing
// balances, because a transfer came in among them while they were read.
func (s *statementReading) end(so *running) (*tenfoldv1.StatementEnd, error) {
	totals, currency, err := s.totals(s.of.closing)
	if err != nil {
		return nil, err
	}
	closing, err := openingOf(totals)
	if err != nil {
		return nil, err
	}
	if !maps.Equal(closing.net, so.net) {
		return nil, fault.New(fault.PageTokenInvalid,
			"a transfer that took effect in the time of the statement was recorded while it was read; begin again").At("page_token")
	}
	open, err := provisional(s.ctx, s.read, s.of.closing.Add(time.Microsecond))
	return &tenfoldv1.StatementEnd{Lines: so.lines, Amount: moneyOf(so.amount, currency), CsvSha256: so.digest.Sum(), Provisional: open}, err
}
