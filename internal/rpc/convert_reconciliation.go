package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func importName(id string) string { return "imports/" + id }
func breakName(id string) string  { return "breaks/" + id }

func importOf(i *reconcile.Import) *tenfoldv1.Import {
	m := &tenfoldv1.Import{
		Name: importName(i.ID), State: importStates.proto(i.State), Side: reconciliationSides.proto(i.Side), Account: i.Account, Day: i.Day,
		Format: string(i.Format), Exclusive: i.Exclusive, SizeBytes: i.Size, Digest: hex.EncodeToString(i.Digest[:]), ReceivedBytes: i.Received,
		ReaderVersion: int32(i.Version), CreatedBy: i.By.Person, CreateTime: stamp(i.CreatedAt), CompleteTime: stamp(i.CompletedAt),
	}
	if r := i.Report; r != nil {
		m.LineCount, m.FirstTime, m.LastTime, m.Proof = int64(r.Lines), stamp(r.First), stamp(r.Last), r.Proof
		if r.Currency != "" {
			m.In, m.Out = moneyOf(r.In, r.Currency), moneyOf(r.Out, r.Currency)
		}
		m.Problems, m.Notices = each(r.Problems, importProblemOf), each(r.Notices, importProblemOf)
	}
	return m
}

func importProblemOf(p *formats.Problem) *tenfoldv1.ImportProblem {
	return &tenfoldv1.ImportProblem{Code: string(p.Code), Line: int64(p.Line), Column: p.Column, Text: p.Text, Times: int64(p.Times)}
}

func importLineOf(l *reconcile.StoredLine) *tenfoldv1.ImportLine {
	m := &tenfoldv1.ImportLine{
		Number: l.Number, Place: int64(l.Place), Kind: lineKinds.proto(l.Kind), Status: lineStatuses.proto(l.Status), Amount: moneyOf(l.Amount, l.Currency),
		Time: stamp(l.At), OutNumber: l.OutNumber, Reference: l.Reference, OriginalPayment: l.Original, OriginalOutNumber: l.OriginalOut, OrderId: l.OrderID,
		Rule: matchRules.proto(l.Rule),
	}
	if l.PayoutID != "" {
		m.Payout = payoutName(l.MerchantID, l.PayoutID)
	}
	return m
}

func breakOf(b *reconcile.StoredBreak) *tenfoldv1.Break {
	m := &tenfoldv1.Break{
		Name: breakName(b.ID), Etag: engine.BreakEtag(b), State: breakStates.proto(b.State), Class: breakClasses.proto(b.Class),
		Side: reconciliationSides.proto(b.Side), Day: b.Day, Number: b.Number, LineNumber: int64(b.Place),
		Detail:   b.Detail,
		OpenTime: stamp(b.OpenedAt), DueTime: stamp(b.DueAt), CloseTime: stamp(b.ClosedAt), CloseReason: breakCloseReasons.proto(b.Reason),
		Assignee: b.Assignee, Notes: each(b.Notes, breakNoteOf),
	}
	if b.Currency != "" { // A break inside the books may be about no amount.
		m.Expected, m.Found = moneyOf(b.Expected, b.Currency), moneyOf(b.Found, b.Currency)
	}
	if b.MerchantID != "" {
		m.Book = merchantName(b.MerchantID)
	}
	if b.ClaimID != "" {
		m.Claim = claimName(b.MerchantID, b.ClaimID)
	}
	if b.PayoutID != "" {
		m.Payout = payoutName(b.MerchantID, b.PayoutID)
	}
	if b.Import != "" {
		m.Import = importName(b.Import)
	}
	return m
}

func breakNoteOf(n *reconcile.BreakNote) *tenfoldv1.BreakNote {
	return &tenfoldv1.BreakNote{Time: stamp(n.At), Action: string(n.Action), Text: n.Text, Assignee: n.Assignee, Person: n.By.Person}
}
