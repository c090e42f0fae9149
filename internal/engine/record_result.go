package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// RecordResult stores an authentication result on units of a claim and, once
// the results decide, moves the claim. A result that contradicts an earlier one
// is no error: it is stored, and where the two weigh the same a person decides.
type RecordResult struct {
	onClaim
	Result claim.Result
	// categories are those the authenticator may speak on; empty means all.
	categories []string
}

// NewRecordResult makes the command; r.ClaimID names the claim.
func NewRecordResult(r claim.Result) RecordResult {
	return RecordResult{onClaim: onClaim{ClaimID: r.ClaimID}, Result: r}
}

func (r *RecordResult) need(c *call, n *needs) {
	n.claim(c.header.MerchantID, r.ClaimID)
	n.resultsOf(c.header.MerchantID, r.ClaimID)
}

func (r *RecordResult) follow(b *Book, n *needs, round int) {
	c := b.claims.get(r.ClaimID)
	if c == nil {
		return
	}
	followGroup(b, n, round, &c.Claim)
	if round == 0 && c.Revision > 0 {
		// A claim that was never priced has nothing set aside.
		n.holdsOf(b.merchantID, r.ClaimID)
	}
}

func (r *RecordResult) digest(d *digest) {
	x := &r.Result
	d.texts(x.ClaimID, x.AuthenticatorID, x.ReportNumber, string(x.Sample), x.ReportDigest, x.Statement)
	d.flag(x.Reinspection)
	d.flag(x.CustodyIntact)
	d.time(x.IssuedAt)
	d.units(x.Units)
	if r.digestVersion() > digestVersion {
		d.number(int64(x.Fee))
		d.texts(x.FeeCurrency, string(x.FeePaidBy))
	}
}

// digestVersion implements grown: the second list covers the fee.
func (r *RecordResult) digestVersion() int64 {
	if r.Result.Fee == 0 {
		return digestVersion
	}
	return digestVersion + 1
}

func (r *RecordResult) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	result := r.Result
	result.MerchantID, result.ID = b.merchantID, b.ids.Next(b.now)
	result.OrderLineID, result.RecordedAt = c.OrderLineID, b.now
	result.EventNumber = b.record(event.ResultRecorded, c.ID).Number
	b.detail("result", result.ID)
	b.detail("authenticator", result.AuthenticatorID)
	b.detail("report_number", result.ReportNumber)
	b.detail("rank", strconv.Itoa(result.Rank()))
	b.detail("units", describe(result.Units))
	b.results.add(result.ID, result, b.command)
	b.resultsOf.put(c.ID, result.ID)
	if err := b.keepFee(&result); err != nil {
		return Outcome{}, err
	}
	state := c.State
	if err := b.weigh(c.ID); err != nil {
		return Outcome{}, err
	}
	if result.Fee > 0 && b.claims.get(c.ID).State == state {
		if err := b.lateFee(b.change(c.ID)); err != nil {
			return Outcome{}, err
		}
	}
	o := b.about(c.ID)
	o.ResultID, o.Result = result.ID, &result
	return o, nil
}

func (r *RecordResult) check(b *Book, c *claim.Claim) error {
	if err := c.CheckUnits(r.Result.Units, "unit_verdicts"); err != nil {
		return err
	}
	if r.Result.Fee != 0 {
		if err := feeAt(b.checkAmount(r.Result.Fee, r.Result.FeeCurrency)); err != nil {
			return err
		}
	}
	if c.State.Final() && c.State != claim.Paid && c.State != claim.Rejected {
		return c.Refuse(claim.ResultUndecided)
	}
	for _, id := range b.resultsOf[c.ID] {
		have := b.results.get(id)
		if have != nil && have.AuthenticatorID == r.Result.AuthenticatorID && have.ReportNumber == r.Result.ReportNumber {
			return resultRecorded(have.ID)
		}
	}
	if l := b.lines.get(c.OrderLineID); l != nil && !speaksOn(r.categories, l.line.Category) {
		return fault.New(fault.AuthenticatorNotTrusted, "authenticator %s does not speak on category %q", r.Result.AuthenticatorID, l.line.Category).
			With("authenticatorId", r.Result.AuthenticatorID).At("authenticator")
	}
	return nil
}

// speaksOn says whether a category lies under one of the prefixes.
func speaksOn(prefixes []string, category string) bool {
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool {
		return category == p || strings.HasPrefix(category, p+"/")
	})
}

// describe writes unit verdicts for an event: "1=COUNTERFEIT 2=GENUINE".
func describe(units []claim.Unit) string {
	parts := make([]string, len(units))
	for i, u := range units {
		parts[i] = strconv.Itoa(int(u.Ordinal)) + "=" + string(u.Verdict)
	}
	return strings.Join(parts, " ")
}

// weigh moves a claim by all its results, where they decide something new.
func (b *Book) weigh(id string) error {
	c := b.claims.get(id)
	var results []claim.Result
	for _, of := range b.resultsOf[id] {
		if r := b.results.get(of); r != nil {
			results = append(results, *r)
		}
	}
	units, t, decided := claim.Weigh(c.Units, results)
	if !decided {
		return nil
	}
	if c.State == claim.Notified && t == claim.ResultCounterfeit {
		if slices.Equal(units, c.Units) {
			return nil
		}
		// The merchant was notified of another finding: a person decides.
		t = claim.ResultUndecided
	}
	if _, ok := claim.Next(c.State, t); !ok {
		// Stored as evidence; a claim that is confirmed or closed is revised by a person only.
		return nil
	}
	return b.find(id, units, t, "")
}

// find moves a claim by trigger t with the verdict that results or a reviewer
// found: to notice, to rejection, or to where somebody else has to say more.
func (b *Book) find(id string, units []claim.Unit, t claim.Trigger, note string) error {
	switch to, _ := claim.Next(b.claims.get(id).State, t); {
	case to == claim.Notified, !to.Live():
		return b.rule(id, ruling{
			units: units, up: t, settled: claim.RevisedSettled, rejected: t, cause: string(t), note: note,
		})
	default:
		// What is held stays held until a person has decided.
		if err := b.move(id, t, note); err != nil {
			return err
		}
		c := b.change(id)
		c.NoticeConfirmedAt, c.ClockStoppedAt = time.Time{}, time.Time{}
		return nil
	}
}

func resultRecorded(resultID string) error {
	return fault.New(fault.ResultAlreadyRecorded, "this report of the authenticator was recorded as result %s", resultID).
		With("resultId", resultID).At("report_number")
}

// RecordResult runs the command. A report is unique across books: its
// authenticator and number are reserved before the command runs.
func (e *Engine) RecordResult(ctx context.Context, h Header, cmd RecordResult) (Outcome, error) {
	a, err := e.Authenticator(ctx, cmd.Result.AuthenticatorID)
	if err != nil {
		return Outcome{}, err
	}
	cmd.Result.Kind, cmd.categories = a.Kind, a.Categories
	reference := cmd.Result.AuthenticatorID + "/" + cmd.Result.ReportNumber
	return e.underReservation(ctx, h, &cmd, postgres.AuthenticationReport, reference, func(holder postgres.Reservation) error {
		id, found, err := e.db.ResultOfReport(ctx, holder.MerchantID, cmd.Result.AuthenticatorID, cmd.Result.ReportNumber)
		if err != nil {
			return err
		}
		if found {
			return resultRecorded(id)
		}
		return fault.New(fault.TransactionContended, "another request is recording report %s right now", cmd.Result.ReportNumber).
			After(100 * time.Millisecond)
	})
}
