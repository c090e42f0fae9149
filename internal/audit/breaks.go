package audit

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// detailMax bounds what a break tells of the discrepancies that it stands for, in bytes.
const detailMax = 2000

// Keep keeps that an audit of all books ran, at the time at which it began by the clock of the
// books, and makes a break of what it found: one for each book, class and subject. Breaks that an
// audit does not find any more are settled, unless it stopped early.
func Keep(ctx context.Context, db *postgres.DB, at time.Time, r *Report) (postgres.Kept, error) {
	c := postgres.Compared{
		Day: reconcile.DayText(at), Sides: []reconcile.Side{reconcile.Books},
		By: reconcile.BreakNote{By: request.System("", "").Principal, At: at},
	}
	var ids claim.IDs
	index := make(map[[2]string]int)
	for i := range r.Discrepancies {
		d := &r.Discrepancies[i]
		b := breakOf(d)
		key := [2]string{string(b.Class), b.Subject()}
		if n, known := index[key]; known {
			also(&c.Breaks[n].Break, &b)
			continue
		}
		index[key] = len(c.Breaks)
		c.Breaks = append(c.Breaks, reconcile.StoredBreak{Break: b, ID: ids.Next(at), OpenedAt: at, DueAt: b.Class.Due(at)})
	}
	return db.KeepAudit(ctx, at, r.Books, len(r.Discrepancies), &c, !r.Cut)
}

// breakOf is a discrepancy as a break inside the books.
func breakOf(d *Discrepancy) reconcile.Break {
	b := reconcile.Break{
		Class: cmp.Or(d.Class, reconcile.BooksDiffer), Side: reconcile.Books, MerchantID: d.MerchantID, Number: d.Subject,
		Expected: d.Expected, Found: d.Found, Currency: d.Currency, Detail: strings.ToValidUTF8(d.Detail[:min(len(d.Detail), detailMax)], ""),
	}
	if id, ok := strings.CutPrefix(d.Subject, "claim "); ok {
		if _, ok := claim.ParseID(id); ok {
			b.ClaimID = id
		}
	}
	return b
}

// also adds a further discrepancy of one subject to a break, whose amounts are of the first.
func also(b, further *reconcile.Break) {
	if len(b.Detail)+len(further.Detail) < detailMax {
		b.Detail += "; " + further.Detail
	}
}
