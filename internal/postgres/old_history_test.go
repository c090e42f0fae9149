package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Catches a migration that takes whoever recorded a result for the one who decided, or
// forgets who confirmed a verdict or found the same: one person could then debit a
// merchant, and a result that is taken back would still do so.
func TestOldClaimsKnowWhoDecidedThem(t *testing.T) {
	t.Parallel()
	b := oldBooks(t)
	const causes = `(SELECT string_agg(r.cause || ' ' || r.author, ', ' ORDER BY r.revision)
		FROM claim_revisions r WHERE r.merchant_id = claims.merchant_id AND r.claim_id = claims.claim_id)`
	for name, x := range map[string]struct {
		where string
		want  claim.Claim
	}{
		"by results that a person recorded": {
			`state = 'NOTIFIED' AND ` + causes + ` = 'RESULT_COUNTERFEIT reviewer-1'`, claim.Claim{ByResults: true},
		},
		"by results, confirmed by the panel": {
			`state = 'PAYING' AND appealed_revision = 1 AND ` + causes + ` = 'RESULT_COUNTERFEIT reviewer-1'`,
			claim.Claim{DecidedBy: "panel-1", Deciders: []string{"panel-1"}},
		},
		"reduced by the panel": {
			causes + ` = 'RESULT_COUNTERFEIT reviewer-1, APPEAL_UPHELD_IN_PART panel-1'`,
			claim.Claim{DecidedBy: "panel-1", Deciders: []string{"panel-1"}},
		},
	} {
		c := b.oldClaim(x.where)
		got := claim.Claim{DecidedBy: c.DecidedBy, Deciders: c.Deciders, ByResults: c.ByResults}
		if !cmp.Equal(got, x.want) {
			t.Errorf("%s: %s", name, cmp.Diff(x.want, got))
		}
	}
	two := b.strings(`SELECT claim_id FROM claims WHERE merchant_id = 'random-1000' AND decided_by = 'person-4'
		AND deciders = '{person-3,person-4}' AND ` + causes + ` LIKE '%, LATE_APPEAL person-3, LATE_APPEAL person-4'`)
	if len(two) != 1 {
		t.Errorf("%d claims were decided by one and confirmed by another, want 1", len(two))
	}

	// What results alone decided is decided anew when the result is taken back.
	c := b.oldClaim(`by_results AND state = 'NOTIFIED' AND decided_by = ''`)
	results, err := b.pg.Reader().Results(t.Context(), "shop-1", c.ID, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	h := b.request("RetractResult")
	h.MerchantID, h.RequestID = "shop-1", "later-1"
	c = b.do(b.engine.Do(t.Context(), h, &book.RetractResult{OnClaim: book.OnClaim{ClaimID: c.ID}, ResultID: results[0].ID, Note: "mixed up"})).Claim
	if c.State != claim.InReview {
		t.Errorf("after the retraction the claim is %s", c.State)
	}
	b.audited()
}

// Would catch an old database whose debts and exposure as of a time are not those that it has,
// and one that answers for a time of which it cannot know.
func TestOldBooksAreKnownFromTheirLastTimeOn(t *testing.T) {
	t.Parallel()
	b, ctx := oldBooks(t), t.Context()
	exposed, owed := 0, 0
	for _, merchant := range append(b.strings(`SELECT merchant_id FROM books ORDER BY merchant_id`), "") {
		err := b.pg.Snapshot(ctx, func(r postgres.Reader) error {
			known, err := r.KnownFrom(ctx, merchant)
			if err != nil {
				return err
			}
			now, err := r.ExposureByWeek(ctx, merchant)
			if err != nil {
				return err
			}
			was, err := r.ExposureOfAllAt(ctx, known)
			if merchant != "" {
				h, _, headErr := r.Head(ctx, merchant)
				if headErr != nil {
					return headErr
				}
				if !known.Equal(h.RecordedAt) {
					t.Errorf("%s is known from %s on, and was changed last at %s", merchant, known, h.RecordedAt)
				}
				was, err = r.ExposureAt(ctx, merchant, h.Currency, known)
			}
			if err != nil {
				return err
			}
			if diff := cmp.Diff(now, was); diff != "" {
				t.Errorf("the exposure of %q: %s", merchant, diff)
			}
			exposed += len(was)
			sums, err := r.DebtSumsAt(ctx, merchant, "", postgres.DebtTime{At: known})
			if err != nil {
				return err
			}
			for _, s := range sums {
				owed += int(s.Open)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var open int
	if err := b.admin.Get(&open, `SELECT 2 * sum(open_minor) FROM debts`); err != nil || exposed == 0 || owed != open {
		t.Errorf("%d weeks, and %d owed of %d, %v", exposed, owed, open, err)
	}
}
