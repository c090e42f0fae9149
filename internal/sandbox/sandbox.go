package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// The scripted authenticators.
const (
	labID   = "sandbox-lab"
	brandID = "sandbox-brand"
)

// productPrefix is the prefix of every product id with a script.
const productPrefix = "sandbox-"

// finding is the result of one authenticator on every claimed unit.
type finding struct {
	authenticator string
	verdict       claim.Verdict
	sample        claim.SampleSource
}

// scripts are the findings by the prefix of the product id; no prefix begins
// another.
var scripts = map[string][]finding{
	"sandbox-counterfeit":  {{labID, claim.Counterfeit, claim.SealedPlatformSample}},
	"sandbox-genuine":      {{labID, claim.Genuine, claim.SealedPlatformSample}},
	"sandbox-inconclusive": {{labID, claim.Inconclusive, claim.SealedPlatformSample}},
	"sandbox-gray-market":  {{labID, claim.GrayMarket, claim.SealedPlatformSample}},
	"sandbox-tampered":     {{labID, claim.Tampered, claim.SealedPlatformSample}},
	"sandbox-conflict":     {{labID, claim.Counterfeit, claim.ConsumerSample}, {brandID, claim.Genuine, claim.ConsumerSample}},
}

// Done counts the work of one run.
type Done struct {
	worker.Done
	ResultsRecorded int64
}

// Bench is one sandbox.
type Bench struct {
	*Clock
	db      *postgres.DB
	engine  *engine.Engine
	worker  *worker.Worker
	gateway *payouttest.Simulator // Nil when the payments are somebody else's.
	// turn holds one token: due work runs once at a time, so that a run counts only
	// its own work.
	turn chan struct{}
	// unreported was taken from the gateway and is not recorded yet; it belongs to
	// the holder of the turn.
	unreported []payouttest.Report
}

// New sets up the bench over an engine and a worker that use clock, and registers
// the scripted authenticators. gateway is nil if payouts go to an outside gateway.
func New(ctx context.Context, clock *Clock, db *postgres.DB, e *engine.Engine, w *worker.Worker, gateway *payouttest.Simulator) (*Bench, error) {
	b := &Bench{Clock: clock, db: db, engine: e, worker: w, gateway: gateway, turn: make(chan struct{}, 1)}
	for _, a := range []claim.Authenticator{
		{ID: labID, Kind: claim.AccreditedLab, DisplayName: "Sandbox laboratory"},
		{ID: brandID, Kind: claim.Brand, DisplayName: "Sandbox brand"},
	} {
		_, err := e.RegisterAuthenticator(ctx, header("", "RegisterAuthenticator", a.ID), a)
		if err != nil && !errors.Is(err, fault.AuthenticatorRegistered) {
			return nil, fmt.Errorf("register %s: %w", a.ID, err)
		}
	}
	return b, nil
}

// header is the header of the sandbox's own commands. Their request ids are derived
// from their subject, so that a command done before a restart is not done again.
func header(merchantID, method, requestID string) request.Header {
	return request.Header{
		MerchantID: merchantID, Method: method, RequestID: requestID,
		Principal: principal.Principal{Workload: "sandbox", Role: principal.RoleSystem},
	}
}

// RunDueWork does everything that is due at the clock's time, until nothing more
// is. Work done before an error stays done.
func (b *Bench) RunDueWork(ctx context.Context) (Done, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return Done{}, ctx.Err()
	}
	if err := b.Look(ctx); err != nil {
		return Done{}, err
	}
	var all Done
	for {
		recorded, err := b.recordResults(ctx)
		all.ResultsRecorded += recorded
		if err != nil {
			return all, err
		}
		done, err := b.worker.RunDue(ctx)
		all.Add(done)
		if err != nil {
			return all, err
		}
		reported, err := b.report(ctx)
		all.OutcomesRecorded += reported
		if err != nil {
			return all, err
		}
		if recorded == 0 && reported == 0 && done == (worker.Done{}) {
			return all, nil
		}
	}
}

// pageMax is how many claims are examined at once.
const pageMax = 500

// recordResults records the results of the scripted authenticators.
func (b *Bench) recordResults(ctx context.Context) (recorded int64, err error) {
	after := ""
	for {
		claims, err := b.db.Authenticating(ctx, productPrefix, after, pageMax)
		if err != nil {
			return recorded, err
		}
		for i := range claims {
			n, err := b.find(ctx, &claims[i])
			recorded += n
			if err != nil {
				return recorded, err
			}
		}
		if len(claims) < pageMax {
			return recorded, nil
		}
		after = claims[len(claims)-1].ID
	}
}

// find records the results in the script of a claim's product.
func (b *Bench) find(ctx context.Context, c *claim.Claim) (recorded int64, err error) {
	for prefix, findings := range scripts {
		if !strings.HasPrefix(c.ProductID, prefix) {
			continue
		}
		for _, f := range findings {
			o, err := b.engine.Do(ctx, header(c.MerchantID, "RecordResult", f.authenticator+"-"+c.ID), &book.RecordResult{Result: resultOf(c, f)})
			switch {
			case err == nil && !o.Replayed:
				recorded++
			case err != nil && !refusedForGood(err):
				return recorded, fmt.Errorf("record result on claim %s: %w", c.ID, err)
			}
		}
	}
	return recorded, nil
}

// refusedForGood says whether a result came too late, or was recorded before.
func refusedForGood(err error) bool {
	return errors.Is(err, fault.ResultAlreadyRecorded) || errors.Is(err, fault.ClaimStateConflict)
}

func resultOf(c *claim.Claim, f finding) claim.Result {
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: f.verdict}
	}
	return claim.Result{
		ClaimID: c.ID, AuthenticatorID: f.authenticator, ReportNumber: "SANDBOX-" + claim.Compact(c.ID),
		Sample: f.sample, CustodyIntact: true, Units: units, IssuedAt: c.FiledAt,
	}
}

// report passes on the outcomes that the payment service reports on its own.
func (b *Bench) report(ctx context.Context) (reported int64, err error) {
	if b.gateway == nil {
		return 0, nil
	}
	b.unreported = append(b.unreported, b.gateway.TakeReports()...)
	for len(b.unreported) > 0 {
		r := b.unreported[0]
		id := strings.ToLower(string(r.Answer.Outcome)) + "-" + r.OutNumber
		_, err := b.engine.Do(ctx, header("", "ReportPayoutOutcome", id), &book.AnswerPayout{OutNumber: r.OutNumber, Answer: r.Answer})
		if err != nil {
			return reported, fmt.Errorf("report outcome of %s: %w", r.OutNumber, err)
		}
		b.unreported = b.unreported[1:]
		reported++
	}
	return reported, nil
}
