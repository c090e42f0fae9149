package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// payMax is how long the last payouts may take: the gateway is asked again for what
	// it left without an answer.
	payMax   = 3 * time.Minute
	payPause = 100 * time.Millisecond
	pageRows = 500
	// parts are the payouts of a claim: the refund and the compensation.
	parts = 2
)

// verify compares the books with what was acknowledged and with what the gateway paid, and
// audits them.
func (x *chaos) verify(ctx context.Context, r *Report) (err error) {
	db, err := postgres.OpenWithin(x.database.AppURL(), 2, postgres.AnswerMaxAudit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := x.awaitPaid(ctx); err != nil {
		return err
	}
	r.Paid = int64(len(x.accepted))
	for _, c := range x.callers {
		r.Acknowledged += c.answers.Load()
	}
	if err := x.compare(ctx, db, r); err != nil {
		return err
	}
	found, err := audit.Check(ctx, db)
	if err != nil {
		return err
	}
	for _, d := range found {
		x.wrong("audit: %s", d)
	}
	return nil
}

// awaitPaid waits until the gateway has paid every accepted claim.
func (x *chaos) awaitPaid(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, payMax)
	defer cancel()
	for {
		missing := x.unpaid()
		if missing == "" {
			return nil
		}
		if pause(limit, payPause) != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			x.wrong("%s after %s", missing, payMax)
			return nil
		}
	}
}

// unpaid names a claim that was accepted and not paid.
func (x *chaos) unpaid() string {
	paid := make(map[string]int)
	for _, p := range x.gateway.Payments() {
		paid[p.Claim]++
	}
	for name := range x.accepted {
		if paid[name] < parts {
			return fmt.Sprintf("claim %s has %d of %d payouts", name, paid[name], parts)
		}
	}
	return ""
}

// compare compares claims and payments with what callers were told.
func (x *chaos) compare(ctx context.Context, db *postgres.DB, r *Report) error {
	found := make(map[string]int)
	for after := (book.Key{}); ; {
		rows, _, err := db.Reader().ClaimsAfter(ctx, "", after, pageRows)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			r.Claims++
			found[rows[i].OrderLineID]++
			x.compareClaim(&rows[i])
		}
		last := &rows[len(rows)-1]
		after = book.Key{MerchantID: last.MerchantID, ID: last.ID}
	}
	for line, name := range x.filed {
		if n := found[line]; n != 1 {
			x.wrong("claim %s of %s was acknowledged and is there %d times", name, line, n)
		}
	}
	paid := make(map[string]int)
	for _, p := range x.gateway.Payments() {
		paid[p.Claim]++
	}
	for name, n := range paid {
		if n != parts || !x.accepted[name] {
			x.wrong("claim %s was paid %d times, want %d, and only if it was accepted: %v", name, n, parts, x.accepted[name])
		}
	}
	return nil
}

func (x *chaos) compareClaim(c *claim.Claim) {
	name := "merchants/" + c.MerchantID + "/claims/" + c.ID
	if told := x.filed[c.OrderLineID]; told != name {
		x.wrong("claim %s of %s is there, and its caller was told of %q", name, c.OrderLineID, told)
	}
	if x.accepted[name] && c.State != claim.Paying && c.State != claim.Paid {
		x.wrong("claim %s was accepted and is %s", name, c.State)
	}
}
