package rpc

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reconciliationService implements ReconciliationService.
type reconciliationService struct {
	tenfoldv1.UnimplementedReconciliationServiceServer
	backend
}

func (s *reconciliationService) CreateImport(ctx context.Context, r *tenfoldv1.CreateImportRequest) (*tenfoldv1.CreateImportResponse, error) {
	i := reconcile.Import{
		Account: r.GetAccount(), Side: reconciliationSides.domain(r.GetSide()), Day: r.GetDay(), Format: formats.Format(r.GetFormat()),
		Mapping: mappingOf(r.GetMapping()), Exclusive: r.GetExclusive(), Size: r.GetSizeBytes(),
	}
	if told := r.GetTold(); told != nil {
		i.Told = &formats.Told{Lines: int(told.GetLines()), Sum: money.Amount(told.GetSumMinor())}
	}
	// The contract's rules have checked its form.
	if _, err := hex.Decode(i.Digest[:], []byte(r.GetDigest())); err != nil {
		return nil, fault.New(fault.RequestInvalid, "digest must be 64 hexadecimal digits").At("digest")
	}
	got, replayed, err := s.engine.CreateImport(ctx, s.header(ctx, "", r), &i)
	if err != nil {
		return nil, err
	}
	out := importOf(&got)
	if r.GetValidateOnly() && !replayed {
		out.Name = ""
	}
	return &tenfoldv1.CreateImportResponse{Import: out, Replayed: replayed}, nil
}

// mappingOf reads a mapping; nil for none. The engine checks it.
func mappingOf(m *tenfoldv1.TableMapping) *formats.Mapping {
	if m == nil {
		return nil
	}
	out := &formats.Mapping{
		Separator: m.GetSeparator(), Encoding: m.GetEncoding(), Amount: m.GetAmount(), In: m.GetIn(), Out: m.GetOut(), Minor: m.GetMinor(),
		Inverted: m.GetInverted(), Currency: m.GetCurrency(), CurrencyColumn: m.GetCurrencyColumn(), Time: m.GetTime(), TimeForm: m.GetTimeForm(),
		Zone: m.GetZone(), OutNumber: m.GetOutNumber(), Reference: m.GetReference(), Original: m.GetOriginal(), OrderID: m.GetOrderId(),
		Account: m.GetAccount(), Status: m.GetStatus(), Kind: m.GetKind(),
		Statuses: make(map[string]formats.Status), Kinds: make(map[string]formats.Kind),
	}
	for word, status := range m.GetStatuses() {
		out.Statuses[word] = formats.Status(strings.ToUpper(status))
	}
	for word, kind := range m.GetKinds() {
		out.Kinds[word] = formats.Kind(strings.ToUpper(kind))
	}
	return out
}

func (s *reconciliationService) UploadImportChunk(ctx context.Context, r *tenfoldv1.UploadImportChunkRequest) (*tenfoldv1.UploadImportChunkResponse, error) {
	id, _ := nameOf(r.GetName())
	i, there, err := s.engine.UploadImportChunk(ctx, postgres.FileChunk{ImportID: id, Offset: r.GetOffset(), Content: r.GetContent()}, r.GetValidateOnly())
	return answer(&tenfoldv1.UploadImportChunkResponse{Import: importOf(&i), Replayed: there}, err)
}

func (s *reconciliationService) CompleteImport(ctx context.Context, r *tenfoldv1.CompleteImportRequest) (*tenfoldv1.CompleteImportResponse, error) {
	id, _ := nameOf(r.GetName())
	i, replayed, err := s.engine.CompleteImport(ctx, id, !r.GetValidateOnly())
	return answer(&tenfoldv1.CompleteImportResponse{Import: importOf(&i), Replayed: replayed}, err)
}

func (s *reconciliationService) GetImport(ctx context.Context, r *tenfoldv1.GetImportRequest) (*tenfoldv1.GetImportResponse, error) {
	id, _ := nameOf(r.GetName())
	i, err := s.engine.Import(ctx, id)
	return answer(&tenfoldv1.GetImportResponse{Import: importOf(&i)}, err)
}

func (s *reconciliationService) ListImports(ctx context.Context, r *tenfoldv1.ListImportsRequest) (*tenfoldv1.ListImportsResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if err := checkDay(r.GetDay()); err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Imports(ctx, postgres.ImportQuery{
		Day: r.GetDay(), Account: r.GetAccount(), State: importStates.domain(r.GetState()), Before: p.cursor[0],
	}, p.size+1)
	list, next := listed(&p, rows, func(i *reconcile.Import) *tenfoldv1.Import {
		m := importOf(i)
		m.Problems, m.Notices = nil, nil
		return m
	}, func(i *reconcile.Import) []string { return []string{i.ID} })
	return answer(&tenfoldv1.ListImportsResponse{Imports: list, NextPageToken: next}, err)
}

// checkDay refuses a day that is none; empty is any.
func checkDay(day string) error {
	if day == "" {
		return nil
	}
	_, err := reconcile.ParseDay(day)
	return err
}

func (s *reconciliationService) ListImportLines(ctx context.Context, r *tenfoldv1.ListImportLinesRequest) (*tenfoldv1.ListImportLinesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	id, _ := nameOf(r.GetParent())
	if _, err := s.engine.Import(ctx, id); err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().ImportLines(ctx, id, after, r.GetUnmatched(), p.size+1)
	list, next := listed(&p, rows, importLineOf, func(l *reconcile.StoredLine) []string { return []string{decimal(l.Number)} })
	return answer(&tenfoldv1.ListImportLinesResponse{Lines: list, NextPageToken: next}, err)
}

func (s *reconciliationService) ReconcileDay(ctx context.Context, r *tenfoldv1.ReconcileDayRequest) (*tenfoldv1.ReconcileDayResponse, error) {
	got, err := s.engine.ReconcileDay(ctx, s.header(ctx, "", r), r.GetDay())
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ReconcileDayResponse{
		Payouts: int64(got.Payouts), Lines: int64(got.Lines), ForeignLines: int64(got.Foreign), NextDay: int64(got.CutOff),
		Opened: got.Opened, Settled: got.Settled, Replayed: got.Replayed,
	}
	for _, rule := range reconcile.Rules() {
		if n := got.ByRule[rule]; n > 0 {
			out.Matches = append(out.Matches, &tenfoldv1.MatchCount{Rule: matchRules.proto(rule), Count: int64(n)})
		}
	}
	for _, class := range reconcile.Classes() {
		if n := got.ByClass[class]; n > 0 {
			out.Breaks = append(out.Breaks, &tenfoldv1.BreakCount{Class: breakClasses.proto(class), Count: int64(n)})
		}
	}
	for _, side := range reconcile.Sides() {
		if slices.Contains(got.Sides, side) {
			out.Sides = append(out.Sides, reconciliationSides.proto(side))
		}
	}
	return out, nil
}

func (s *reconciliationService) GetBreak(ctx context.Context, r *tenfoldv1.GetBreakRequest) (*tenfoldv1.GetBreakResponse, error) {
	id, _ := nameOf(r.GetName())
	b, err := s.engine.Break(ctx, id)
	return answer(&tenfoldv1.GetBreakResponse{Break: breakOf(&b)}, err)
}

func (s *reconciliationService) ListBreaks(ctx context.Context, r *tenfoldv1.ListBreaksRequest) (*tenfoldv1.ListBreaksResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if err := checkDay(r.GetDay()); err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetMerchant())
	q := postgres.BreakQuery{
		State: breakStates.domain(r.GetState()), Class: breakClasses.domain(r.GetClass()), Side: reconciliationSides.domain(r.GetSide()),
		Day: r.GetDay(), Assignee: r.GetAssignee(), Merchant: merchant, After: p.cursor[0],
	}
	now := s.engine.Now()
	if days := r.GetMinAgeDays(); days > 0 {
		q.OpenedBefore = now.Add(-time.Duration(days) * 24 * time.Hour)
	}
	if r.GetOverdue() {
		q.State, q.DueBefore = reconcile.Open, now
	}
	rows, err := s.db.Reader().Breaks(ctx, q, p.size+1)
	list, next := listed(&p, rows, breakOf, func(b *reconcile.StoredBreak) []string { return []string{b.ID} })
	return answer(&tenfoldv1.ListBreaksResponse{Breaks: list, NextPageToken: next}, err)
}

// breakMutation is a request that changes a break.
type breakMutation interface {
	mutation
	GetName() string
	GetEtag() string
	GetNote() string
}

func (s *reconciliationService) change(ctx context.Context, r breakMutation, c engine.BreakChange) (*tenfoldv1.Break, bool, error) {
	c.ID, _ = nameOf(r.GetName())
	c.Etag, c.Text = r.GetEtag(), r.GetNote()
	b, replayed, err := s.engine.ChangeBreak(ctx, s.header(ctx, "", r), &c)
	return breakOf(&b), replayed, err
}

func (s *reconciliationService) AssignBreak(ctx context.Context, r *tenfoldv1.AssignBreakRequest) (*tenfoldv1.AssignBreakResponse, error) {
	b, replayed, err := s.change(ctx, r, engine.BreakChange{Action: reconcile.Assigned, Assignee: r.GetAssignee()})
	return answer(&tenfoldv1.AssignBreakResponse{Break: b, Replayed: replayed}, err)
}

func (s *reconciliationService) CommentBreak(ctx context.Context, r *tenfoldv1.CommentBreakRequest) (*tenfoldv1.CommentBreakResponse, error) {
	b, replayed, err := s.change(ctx, r, engine.BreakChange{Action: reconcile.Commented})
	return answer(&tenfoldv1.CommentBreakResponse{Break: b, Replayed: replayed}, err)
}

func (s *reconciliationService) CloseBreak(ctx context.Context, r *tenfoldv1.CloseBreakRequest) (*tenfoldv1.CloseBreakResponse, error) {
	b, replayed, err := s.change(ctx, r, engine.BreakChange{Action: reconcile.Ended, Reason: breakCloseReasons.domain(r.GetReason())})
	return answer(&tenfoldv1.CloseBreakResponse{Break: b, Replayed: replayed}, err)
}
