package engine

import (
	"context"
	"crypto/rand"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// drawnMax is how many bodies are drawn among. Each is read again with the claim.
const drawnMax = 500

// Draw completes the draw of a body for a claim: it makes a seed that nobody chose, and reads the
// registered bodies of the kinds that may judge the goods, with their work and their cost. Which of
// them have no part in the claim is decided with it. A claim that does not exist has no candidates.
func (e *Engine) Draw(ctx context.Context, k book.Key, d *book.Drawing) error {
	d.Seed = make([]byte, commission.SeedLength)
	_, _ = rand.Read(d.Seed) // Never fails: the program ends rather than go on with less.
	reader := e.db.Reader()
	items, err := reader.Items(ctx, []commission.Commission{{MerchantID: k.MerchantID, ClaimID: k.ID}})
	if err != nil || items[0].Currency == "" {
		return err
	}
	q := postgres.CandidateQuery{
		Kinds: d.Kinds, Exclude: d.Exclude, Product: authenticator.Product{Brand: d.Brand, Trademark: d.Trademark}, Methods: d.Methods,
		Day: calendar.DateOf(e.Now()).String(), Seed: d.Seed,
	}
	if l := items[0].Line; l != nil {
		q.Product.Category = l.Category
	}
	ids, fitting, err := e.db.Candidates(ctx, &q, drawnMax)
	if err != nil {
		return err
	}
	d.Fitting = fitting
	loads, err := reader.Loads(ctx, ids, items[0].Currency)
	for _, l := range loads {
		d.Candidates = append(d.Candidates, commission.Candidate{AuthenticatorID: l.AuthenticatorID, Load: l.Open, Cost: l.Cost})
	}
	return err
}
