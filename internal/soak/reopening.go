package soak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// The money of a claim of a reopening: what one unit costs, and what its claim comes to.
const (
	reopenedPrice money.Amount = 1_000
	reopenedAward              = 11 * reopenedPrice
	// rejectedEvery: one claim in rejectedEvery is decided for the merchant in the end.
	rejectedEvery = 3
	// stepsOfJob is about how many steps the job has, so that it can be killed between them.
	stepsOfJob = 50
)

// Reopening is the input of a soak of a retraction behind paid claims.
type Reopening struct {
	// DatabaseURL is the URL of an empty database with the schema, for the engine's role.
	DatabaseURL string
	// Claims is the number of paid claims, over Merchants books; Callers is the number of
	// commands in flight.
	Claims, Merchants, Callers int
	// Kills is how often the replica that works on the job is cut off.
	Kills    int
	Progress func(what string, done, total int)
}

// Check returns an error for settings with which it cannot run.
func (c *Reopening) Check() error {
	if c.Claims <= job.AloneMax || c.Merchants < 1 || c.Callers < 1 || c.Kills < 0 {
		return fmt.Errorf("a reopening needs more than %d claims, one merchant and one caller", job.AloneMax)
	}
	return nil
}

// Reopened is the result.
type Reopened struct {
	Claims int `json:"claims"`
	// Kills is how often the replica was cut off that worked on the job, and Done how many
	// claims the job had weighed each time.
	Kills int     `json:"kills"`
	Done  []int64 `json:"done_at_kills"`
	// Job is how long the job took, from its approval to its end.
	Job      time.Duration    `json:"job_time"`
	Outcomes map[string]int64 `json:"outcomes"`
	States   map[string]int64 `json:"claims_by_state"`
	// PaidMinor is what consumers have, LostMinor what the platform bears of it.
	PaidMinor int64    `json:"paid_minor"`
	LostMinor int64    `json:"lost_minor"`
	Wrong     []string `json:"wrong"`
}

// reopening is one run.
type reopening struct {
	*soak
	config Reopening
	claims []book.Key
	report Reopened
	now    func() time.Time
}

// Reopen has claims paid on the word of one laboratory, retracts all that it said, cuts off the
// replica that works on the job, decides every claim anew, and audits the books. now is the
// real time.
func Reopen(ctx context.Context, c Reopening, base Config, now func() time.Time) (_ *Reopened, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	base.DatabaseURL, base.Callers, base.Merchants, base.Pace = c.DatabaseURL, c.Callers, c.Merchants, time.Millisecond
	s := &soak{Config: base, refused: make(map[fault.Reason]int64), jobItems: max(1, c.Claims/stepsOfJob)}
	if s.gateway, err = startGateway(s.clock.now, base.Seed); err != nil {
		return nil, err
	}
	defer s.gateway.stop()
	s.gateway.mend()
	for i := range s.replicas {
		r, err := s.startReplica(ctx)
		if err != nil {
			return nil, err
		}
		s.replicas[i].Store(r)
	}
	defer func() {
		for i := range s.replicas {
			err = errors.Join(err, s.replicas[i].Load().stop())
		}
	}()
	x := &reopening{soak: s, config: c, claims: make([]book.Key, c.Claims), now: now}
	x.report = Reopened{Claims: c.Claims, Outcomes: make(map[string]int64), States: make(map[string]int64), Wrong: []string{}}
	for _, part := range []func(context.Context) error{x.open, x.pay, x.retract, x.decideAnew, x.prove} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return &x.report, nil
}

func (x *reopening) wrong(format string, args ...any) {
	if len(x.report.Wrong) < wrongMax {
		x.report.Wrong = append(x.report.Wrong, fmt.Sprintf(format, args...))
	}
}

// open publishes a policy without limits, registers the laboratory, and opens books.
func (x *reopening) open(ctx context.Context) error {
	terms := policy.WithoutLimits()[0]
	terms.Number, terms.PublishedAt, terms.EffectiveFrom = 2, Start.AddDate(-1, -1, 0), Start.AddDate(-1, 0, 0)
	first := x.replicas[0].Load().engine
	h := request.Header{Method: "PublishPolicyVersion", RequestID: "policy", Principal: principal.Principal{Workload: "soak", Role: principal.RoleOperator}}
	if _, err := first.PublishPolicyVersion(ctx, h, terms); err != nil {
		return fmt.Errorf("publish the policy: %w", err)
	}
	h.Method, h.RequestID = "RegisterAuthenticator", "lab"
	if _, err := first.RegisterAuthenticator(ctx, h, claim.Authenticator{ID: authenticators[0], Kind: claim.AccreditedLab, DisplayName: "lab"}); err != nil {
		return fmt.Errorf("register the laboratory: %w", err)
	}
	for i := range x.replicas {
		if err := x.replicas[i].Load().engine.ReloadCatalog(ctx); err != nil {
			return err
		}
	}
	for i := range x.Merchants {
		if err := x.must(ctx, x.merchant(i), "OpenBook", &book.OpenBook{Currency: currency}); err != nil {
			return err
		}
		if err := x.moveMoney(ctx, x.merchant(i), ledger.DepositToppedUp, plenty); err != nil {
			return err
		}
	}
	return nil
}

// must carries out a command that nothing may refuse: the report names those that were.
func (x *reopening) must(ctx context.Context, merchant, method string, cmd book.Command) error {
	return x.send(ctx, merchant, method, cashier, func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, cmd)
		return err
	})
}

// each carries out f for every claim, many at once.
func (x *reopening) each(ctx context.Context, what string, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var callers sync.WaitGroup
	for range x.Callers {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(x.claims)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := f(ctx, int(i)); err != nil {
					cancel(err)
				}
				x.config.Progress(what, int(done.Add(1)), len(x.claims))
			}
		})
	}
	callers.Wait()
	return context.Cause(ctx)
}

// pay brings every claim to its payment.
func (x *reopening) pay(ctx context.Context) error {
	if err := x.each(ctx, "claims paid", x.payOne); err != nil {
		return err
	}
	return x.settleAll(ctx)
}

func (x *reopening) payOne(ctx context.Context, i int) error {
	merchant, consumer := x.merchant(i%x.Merchants), fmt.Sprintf("consumer-%d", i)
	at := Start.Add(-20 * day)
	var filed book.Outcome
	file := &book.FileClaim{
		Line: &order.Line{
			MerchantID: merchant, ID: fmt.Sprintf("line-%d", i), OrderID: fmt.Sprintf("order-%d", i), PaymentID: fmt.Sprintf("payment-%d", i),
			PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(2 * day), ProductID: "product-1", Category: "cosmetics",
			Quantity: 1, Currency: currency, UnitPrice: reopenedPrice, GoodsPaid: reopenedPrice, PayerID: consumer, RecipientID: consumer,
		},
		ClaimantID: consumer, Ordinals: []int32{1}, Basis: policy.Promise, Grounds: claim.GroundsTrademark,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, LearnedAt: at.Add(10 * day), Destination: good,
	}
	err := x.send(ctx, merchant, "FileClaim", "", func(ctx context.Context, e *engine.Engine, h request.Header) (err error) {
		filed, err = e.Do(ctx, h, file)
		return err
	})
	if err != nil || filed.ClaimID == "" {
		return errors.Join(err, fmt.Errorf("claim %d was not filed", i))
	}
	x.claims[i] = book.Key{MerchantID: merchant, ID: filed.ClaimID}
	on := book.OnClaim{ClaimID: filed.ClaimID}
	for _, step := range []struct {
		method string
		cmd    book.Command
	}{
		{"RecordResult", &book.RecordResult{Result: claim.Result{
			ClaimID: filed.ClaimID, AuthenticatorID: authenticators[0], ReportNumber: fmt.Sprintf("report-%d", i), Sample: claim.SealedPlatformSample,
			CustodyIntact: true, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, IssuedAt: Start,
		}}},
		{"ConfirmNotice", &book.ConfirmNotice{OnClaim: on}},
		{"AcceptClaim", &book.AcceptClaim{OnClaim: on}},
	} {
		if err := x.must(ctx, merchant, step.method, step.cmd); err != nil {
			return err
		}
	}
	return nil
}

// settleAll has the replicas do what is due until no payout is under way.
func (x *reopening) settleAll(ctx context.Context) error {
	for range roundsMax {
		if err := x.runDue(ctx, dueSpan); err != nil {
			return err
		}
		waiting := 0
		if err := x.eachClaim(ctx, func(c *claim.Claim) {
			if c.State == claim.Paying || c.Funding.InFlight() > 0 {
				waiting++
			}
		}); err != nil || waiting == 0 {
			return err
		}
	}
	return errors.New("payouts are still under way")
}

// retract takes back what the laboratory said, and follows the job to its end.
func (x *reopening) retract(ctx context.Context) error {
	first := x.replicas[0].Load().engine
	ask := func(person, method, id string) request.Header {
		return request.Header{Method: method, RequestID: id, Principal: principal.Principal{Workload: "soak", Role: principal.RoleOperator, Person: person}}
	}
	a := job.Arguments{Selection: job.Selection{AuthenticatorID: authenticators[0]}, Cause: claim.CauseRetracted, Note: "the reference was wrong"}
	j, _, err := first.RetractResults(ctx, ask("oscar", "RetractResults", "retract"), &a)
	if err != nil {
		return fmt.Errorf("retract the results: %w", err)
	}
	if p := j.Preview; j.State != job.Proposed || p.PaidClaims != int64(len(x.claims)) ||
		len(p.Paid) != 1 || p.Paid[0].Amount != reopenedAward*money.Amount(len(x.claims)) {
		x.wrong("the preview is %s with %+v", j.State, p)
	}
	began := x.now()
	if _, _, err := first.ChangeJob(ctx, ask("anna", "ApproveJob", "approve"), j.ID, job.Approve); err != nil {
		return fmt.Errorf("approve the job: %w", err)
	}
	if j, err = x.follow(ctx, j.ID); err != nil {
		return err
	}
	x.report.Job = x.now().Sub(began)
	for outcome, n := range j.Outcomes {
		x.report.Outcomes[string(outcome)] = n
	}
	if x.report.Kills < x.config.Kills {
		x.wrong("the job was over after %d kills", x.report.Kills)
	}
	if n := int64(len(x.claims)); j.State != job.Done || j.Done != n || j.Total != n || j.Refused != 0 || j.Outcomes[claim.Reopening] != n {
		x.wrong("the job is %s: %d of %d done, %d refused, %v, %s", j.State, j.Done, j.Total, j.Refused, j.Outcomes, j.Failure)
	}
	return x.eachClaim(ctx, func(c *claim.Claim) {
		if c.State != claim.InReview || c.Funding.Paid() != reopenedAward || c.Funding.Borne() != reopenedAward {
			x.wrong("after the job claim %s of merchant %s is %s with %+v", c.ID, c.MerchantID, c.State, c.Funding)
		}
	})
}

// follow watches a job, and cuts off the replica that works on it when it has come to each of
// as many parts as there are kills.
func (x *reopening) follow(ctx context.Context, id string) (j job.Job, err error) {
	for {
		if err := x.reading(ctx, func(db *postgres.DB) (err error) {
			j, _, err = db.Reader().Job(ctx, id)
			return err
		}); err != nil {
			return j, err
		}
		x.config.Progress("claims weighed anew", int(j.Done), len(x.claims))
		part := int64(len(x.claims)) * int64(x.report.Kills+1) / int64(x.config.Kills+1)
		switch {
		case j.State != job.Running && j.State != job.Queued:
			return j, nil
		case x.report.Kills < x.config.Kills && j.Done >= part && j.Done < int64(len(x.claims)):
			if err := x.kill(ctx, &j); err != nil {
				return j, err
			}
		case !j.RetryAt.IsZero():
			x.clock.move(job.InFlightMax)
		}
		if _, err := pause(ctx, nil); err != nil {
			return j, err
		}
	}
}

// kill cuts off the replica that works on a job, and lets its lease pass.
func (x *reopening) kill(ctx context.Context, j *job.Job) error {
	for i := range x.replicas {
		old := x.replicas[i].Load()
		if old.worker.Name() != j.LeaseHolder {
			continue
		}
		fresh, err := x.startReplica(ctx)
		if err != nil {
			return err
		}
		x.report.Kills++
		x.report.Done = append(x.report.Done, j.Done)
		if err := x.replicas[i].Swap(fresh).stop(); err != nil {
			return err
		}
		x.clock.move(worker.Defaults().JobLease)
	}
	return nil
}

// decideAnew has people decide every claim, some for the merchant.
func (x *reopening) decideAnew(ctx context.Context) error {
	err := x.each(ctx, "claims decided anew", func(ctx context.Context, i int) error {
		d := &book.DecideReview{OnClaim: book.OnClaim{ClaimID: x.claims[i].ID}, Decision: book.Reject, Note: "genuine after all"}
		if i%rejectedEvery > 0 {
			d.Decision, d.Units = book.Uphold, []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}
		}
		return x.must(ctx, x.claims[i].MerchantID, "DecideReview", d)
	})
	if err != nil {
		return err
	}
	return x.settleAll(ctx)
}

// prove audits the books, and compares every claim with what it must have come to.
func (x *reopening) prove(ctx context.Context) error {
	index := make(map[string]int, len(x.claims))
	for i, k := range x.claims {
		index[k.ID] = i
	}
	seen := 0
	if err := x.eachClaim(ctx, func(c *claim.Claim) {
		seen++
		x.report.States[string(c.State)]++
		x.report.LostMinor += int64(c.Funding.Lost)
		rejected := index[c.ID]%rejectedEvery == 0
		switch f := &c.Funding; {
		case rejected && (c.State != claim.Rejected || f.Borne() != 0 || f.Lost != reopenedAward || f.Paid() != reopenedAward),
			!rejected && (c.State != claim.Paid || f.Borne() != reopenedAward || f.Lost != 0 || f.Paid() != reopenedAward):
			x.wrong("claim %s of merchant %s is %s with %+v", c.ID, c.MerchantID, c.State, c.Funding)
		}
	}); err != nil {
		return err
	}
	for reason, n := range x.refused {
		x.wrong("%d commands were refused with %s", n, reason)
	}
	x.report.PaidMinor = x.gateway.Paid().Minor
	if want := int64(reopenedAward) * int64(len(x.claims)); seen != len(x.claims) || x.report.PaidMinor != want {
		x.wrong("%d claims were paid %d, and not %d claims %d", seen, x.report.PaidMinor, len(x.claims), want)
	}
	db := x.replicas[0].Load().db
	found, err := audit.Check(ctx, db)
	if err != nil {
		return err
	}
	for _, d := range found {
		x.wrong("audit: %s", d)
	}
	r := &Report{Claims: make(map[string]int64), Payouts: make(map[string]int64), PaidMinor: x.report.PaidMinor}
	if err := x.reconcile(ctx, db, r); err != nil {
		return err
	}
	for _, wrong := range r.Wrong {
		x.wrong("%s", wrong)
	}
	return nil
}
