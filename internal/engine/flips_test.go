package engine_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest/flips"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	// flipsDefault is few: the same sequences run by the thousand on books in memory.
	flipsDefault = 60
	// flipsTogether is how many sequences share a database, each in a book of its own.
	flipsTogether = 20
	// flipsThorough is of how many sequences one is audited after every step, the
	// others at their end; a sequence that is run alone always is.
	flipsThorough = 8
)

// A failure names the seed and what was done; TENFOLD_FLIPS=1 TENFOLD_FLIPS_SEED=…
// repeats it, with an audit after every step.
//
// Would catch books in the database that do not fit the verdicts after any sequence of
// decisions, payments and answers: a consumer paid twice or less than the award, a
// merchant who bears more than the award or is debited without notice, money that is
// stuck.
func TestRandomFlips(t *testing.T) {
	t.Parallel()
	many := flips.Many{Usual: flipsDefault, Together: flipsTogether, Thorough: flipsThorough}
	many.Run(t, func(t *testing.T) func(merchant string, seed uint64) flips.Place {
		f := newFixture(t)
		_, second := f.replica(engine.Defaults())
		replicas := []*engine.Engine{f.engine, second}
		f.flipping(replicas)
		return func(merchant string, seed uint64) flips.Place {
			return &replicated{
				fixture: f, merchant: merchant, replicas: replicas, rand: rand.New(rand.NewPCG(seed, 1)), rows: f.db.Open(t),
			}
		}
	})
}

// flipping publishes the policies and registers the authenticators of the sequences.
func (f *fixture) flipping(replicas []*engine.Engine) {
	f.t.Helper()
	for _, v := range flips.Policies() {
		_, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v)
		f.must(err)
	}
	for _, a := range flips.Authenticators() {
		f.authenticator(a.ID, a.Kind)
	}
	// The first version of the decision rules is that of the sequences, too.
	again := flips.Rules().Reinspection
	owner, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.db.OwnerURL)
	f.must(err)
	defer func() { _ = owner.Close() }()
	_, err = owner.ExecContext(f.t.Context(), `
		UPDATE decision_rules
		SET content = jsonb_set(content::jsonb, '{reinspection}', jsonb_build_object('independent', $1::bool, 'final', $2::bool, 'retestDays', $3::int))::json
		WHERE version = 1`, again.Independent, again.Final, again.RetestDays)
	f.must(err)
	for _, e := range replicas {
		f.must(e.ReloadCatalog(f.t.Context()))
	}
}

// replicated is a book in a database, on which two replicas take turns at random. The
// book that a command is answered with is compared with the stored one.
type replicated struct {
	*fixture
	merchant string
	replicas []*engine.Engine
	rand     *rand.Rand
	rows     *sqlx.DB
}

func (r *replicated) Do(h request.Header, cmd book.Command) (book.Outcome, error) {
	o, err := r.replicas[r.rand.IntN(len(r.replicas))].Do(r.t.Context(), h, cmd)
	if err == nil && o.Book != nil {
		r.stands(o)
	}
	return o, err
}

func (r *replicated) Send(p payout.Payout) error {
	_, _, err := r.engine.Reserve(r.t.Context(), postgres.Reservation{
		Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: r.merchant, Holder: p.ID,
	})
	return err
}

func (r *replicated) Now() time.Time       { return r.clock.Now() }
func (r *replicated) Move(d time.Duration) { r.clock.Move(d) }

func (r *replicated) Head() (book.Head, error) {
	h, _, err := r.pg.Reader().Head(r.t.Context(), r.merchant)
	return h, err
}

func (r *replicated) Claims(ids []string) ([]claim.Claim, error) {
	var list []claim.Claim
	for _, id := range ids {
		c, found, err := r.pg.Reader().Claim(r.t.Context(), r.merchant, id)
		if err != nil {
			return nil, err
		}
		if found {
			list = append(list, c)
		}
	}
	return list, nil
}

func (r *replicated) Payouts() ([]payout.Payout, error) {
	var rows []struct {
		ID         string       `db:"payout_id"`
		OutNumber  string       `db:"out_number"`
		ClaimID    string       `db:"claim_id"`
		Part       payout.Part  `db:"part"`
		State      payout.State `db:"state"`
		Amount     int64        `db:"amount_minor"`
		Superseded bool         `db:"superseded"`
		NotAfter   time.Time    `db:"not_after"`
		Coupon     string       `db:"coupon_state"`
		Form       string       `db:"form"`
		Try        int32        `db:"try_number"`
		Arrived    int64        `db:"arrived_minor"`
		CameBack   int64        `db:"came_back_minor"`
	}
	err := r.rows.SelectContext(r.t.Context(), &rows, `
		SELECT payout_id, out_number, claim_id, part, state, amount_minor, superseded, not_after, coupon_state,
		       form, try_number, arrived_minor, came_back_minor
		FROM payouts WHERE merchant_id = $1 ORDER BY payout_id`, r.merchant)
	list := make([]payout.Payout, len(rows))
	for i, p := range rows {
		list[i] = payout.Payout{
			MerchantID: r.merchant, ID: p.ID, OutNumber: p.OutNumber, ClaimID: p.ClaimID, Part: p.Part, State: p.State,
			Amount: money.Amount(p.Amount), Superseded: p.Superseded, NotAfter: p.NotAfter,
			Coupon: payout.Coupon{State: payout.CouponState(p.Coupon)}, Form: claim.PayoutForm(p.Form),
			Try: p.Try, Arrived: money.Amount(p.Arrived), CameBack: money.Amount(p.CameBack),
		}
	}
	return list, err
}

func (r *replicated) Results() ([]claim.Result, error) {
	var rows []struct {
		ID      string `db:"result_id"`
		ClaimID string `db:"claim_id"`
	}
	err := r.rows.SelectContext(r.t.Context(), &rows,
		`SELECT result_id, claim_id FROM results WHERE merchant_id = $1 ORDER BY result_id`, r.merchant)
	list := make([]claim.Result, len(rows))
	for i, x := range rows {
		list[i] = claim.Result{MerchantID: r.merchant, ID: x.ID, ClaimID: x.ClaimID}
	}
	return list, err
}

// ours leaves out the waits of the other books in the database.
func (r *replicated) ours(list []book.Wait, err error) ([]book.Wait, error) {
	return slices.DeleteFunc(list, func(w book.Wait) bool { return w.MerchantID != r.merchant }), err
}

// waitsMax is more than the sequences of one database can have.
const waitsMax = 1_000

func (r *replicated) DueWaits(before time.Time) ([]book.Wait, error) {
	return r.ours(r.pg.DueWaits(r.t.Context(), before, postgres.WaitCursor{}, waitsMax))
}

func (r *replicated) ExpiredHolds(before time.Time) ([]book.Wait, error) {
	return r.ours(r.pg.ExpiredHolds(r.t.Context(), before, postgres.WaitCursor{}, waitsMax))
}

func (r *replicated) Prove() ([]string, error) {
	found, err := audit.CheckBook(r.t.Context(), r.pg, r.merchant)
	list := make([]string, len(found))
	for i, d := range found {
		list[i] = d.String()
	}
	return list, err
}
