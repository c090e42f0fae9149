package book

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// RecordResult stores an authentication result on units of a claim, and moves the
// claim once the results decide it. A result that contradicts an earlier one is no
// error: it is stored, and if both carry the same weight a person decides.
type RecordResult struct {
	// Result names the claim and the authenticator, and may name the commission that it
	// answers; the engine sets the rest of what it should know by itself.
	Result claim.Result
	// Methods are those that the units were tested by, Brand and Trademark those of the goods, as
	// far as they are told; TestedOn are the days of the test that a signed report names.
	Methods, TestedOn []string
	Brand, Trademark  string
	// ValidFrom is when the signed credential begins to count that the result is the subject of;
	// zero for none.
	ValidFrom time.Time
	// Supersedes is the earlier result of the same authenticator that this one corrects; empty
	// for none.
	Supersedes string
}

func (r *RecordResult) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, r.Result.ClaimID)
	n.resultsOf(c.Header.MerchantID, r.Result.ClaimID)
	n.judge(c.Header.MerchantID, r.Result.AuthenticatorID)
	n.commissionsOf(c.Header.MerchantID, r.Result.ClaimID)
	n.custodyOf(c.Header.MerchantID, r.Result.ClaimID)
}

func (r *RecordResult) follow(b *Book, n *Needs, round int) {
	c := b.claims.get(r.Result.ClaimID)
	if c == nil {
		return
	}
	if r.Supersedes != "" {
		followRevision(b, n, round, &c.Claim) // The verdict may rest on the earlier result.
	}
	followGroup(b, n, &c.Claim)
	n.line(b.merchantID, c.OrderLineID) // Its category is within the scope of the authenticator or not.
	if round == 0 && c.Revision > 0 {
		// A claim that was never priced has nothing set aside.
		n.holdsOf(b.merchantID, r.Result.ClaimID)
	}
}

func (r *RecordResult) Cover(d *request.Digest) {
	x := &r.Result
	d.Texts(x.ClaimID, x.AuthenticatorID, x.ReportNumber, string(x.Sample), x.ReportDigest, x.Statement)
	d.Flag(x.Reinspection)
	d.Flag(x.CustodyIntact)
	d.Time(x.IssuedAt)
	digestUnits(d, x.Units)
	if r.DigestVersion() > request.FirstVersion {
		d.Number(int64(x.Fee))
		d.Texts(x.FeeCurrency, string(x.FeePaidBy))
	}
	switch {
	case x.Signed != "":
		// The statement names the sample; an empty name keeps the digests of before it was taken over.
		d.Texts("", x.Signed)
	case r.DigestVersion() > request.FirstVersion+1:
		d.Texts(x.SampleID)
	}
	if r.DigestVersion() > request.FirstVersion+3 {
		d.Number(int64(x.Commission))
		methods, brand, trademark := r.toldUnsigned()
		d.Number(int64(len(methods)))
		d.Texts(methods...)
		d.Texts(brand, trademark)
	}
	if r.DigestVersion() > request.FirstVersion+4 {
		d.Texts(r.Supersedes)
	}
}

// toldUnsigned is what a caller tells of test and goods beside the result. A signed statement
// tells it by itself.
func (r *RecordResult) toldUnsigned() (methods []string, brand, trademark string) {
	if r.Result.Signed != "" {
		return nil, "", ""
	}
	return r.Methods, r.Brand, r.Trademark
}

// DigestVersion implements grown: the second list covers the fee, the third the sample, the
// fourth the signed statement, the fifth the commission and what is told of test and goods, the
// sixth the result that is corrected.
func (r *RecordResult) DigestVersion() int64 {
	methods, brand, trademark := r.toldUnsigned()
	switch {
	case r.Supersedes != "":
		return request.FirstVersion + 5
	case r.Result.Commission > 0, len(methods) > 0, brand+trademark != "":
		return request.FirstVersion + 4
	case r.Result.Signed != "":
		return request.FirstVersion + 3
	case r.Result.SampleID != "":
		return request.FirstVersion + 2
	case r.Result.Fee != 0:
		return request.FirstVersion + 1
	}
	return request.FirstVersion
}

func (r *RecordResult) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(r.Result.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	judge, err := b.judgeBy(r.Result.AuthenticatorID)
	if err != nil {
		return Outcome{}, err
	}
	if err := r.check(b, c, judge); err != nil {
		return Outcome{}, err
	}
	result := r.Result
	result.IssuedAt = b.seen(result.IssuedAt)
	result.Kind = judge.Kind
	result.MerchantID, result.ID = b.merchantID, b.ids.Next(b.now)
	result.OrderLineID, result.RecordedAt = c.OrderLineID, b.now
	result.EventNumber = b.record(event.ResultRecorded, c.ID).Number
	if result.Commission = b.reported(&result); result.Commission == 0 && r.Supersedes != "" {
		result.Commission = b.results.get(r.Supersedes).Commission // What was answered is answered by the correction.
	}
	result.Rules = b.rules(c).Version
	result.Reinspection = result.Reinspection || r.drawnAgain(b, c, result.Commission)
	result.UnusedKey = ""
	if result.SigningKey == "" {
		result.UnusedKey = judge.UsableKey(b.now)
	}
	graded := b.grade(&result)
	b.detail("result", result.ID)
	b.detail("authenticator", result.AuthenticatorID)
	b.detail("report_number", result.ReportNumber)
	b.detail("rank", strconv.Itoa(graded.Rank))
	if len(graded.LoweredBy) > 0 {
		b.detail("place", graded.Place.String())
	}
	b.detail("custody", string(graded.Custody.State))
	if result.SampleID != "" {
		b.detail("sample", result.SampleID)
	}
	b.detail("units", claim.Describe(result.Units))
	methods, brand, trademark := r.toldUnsigned()
	for _, told := range [][2]string{{"methods", strings.Join(methods, "; ")}, {"brand", brand}, {"trademark_number", trademark}} {
		if told[1] != "" {
			b.detail(told[0], told[1])
		}
	}
	if result.Commission > 0 {
		b.detail("commission", number(int64(result.Commission)))
	}
	b.results.add(result.ID, result, b.command)
	if err := b.keepFee(&result); err != nil {
		return Outcome{}, err
	}
	state := c.State
	if err := r.weigh(b, c, result.ReportNumber); err != nil {
		return Outcome{}, err
	}
	if result.Fee > 0 && b.claims.get(c.ID).State == state {
		if err := b.lateFee(b.change(c.ID), result.FeePaidBy); err != nil {
			return Outcome{}, err
		}
	}
	b.seekRetest(c.ID)
	o := b.about(c.ID)
	result.Chain = b.chain(c.ID)
	o.ResultID, o.Result = result.ID, &result
	return o, nil
}

// weigh moves the claim by all results that count. A result that corrects an earlier one has
// that stop to count in the same step, so that nothing is decided in between.
func (r *RecordResult) weigh(b *Book, c *claim.Claim, report string) error {
	if r.Supersedes == "" {
		return b.weigh(c.ID)
	}
	reweighed, err := b.retract(c, []string{r.Supersedes}, Retraction{Note: "Superseded by report " + report + ".", Cause: claim.CauseSuperseded})
	if err != nil || reweighed != claim.WithoutVerdict {
		return err
	}
	return b.weigh(c.ID)
}

// checkSuperseded refuses to correct what is not an earlier result of the body on the claim, or
// does not count any more.
func (r *RecordResult) checkSuperseded(b *Book, c *claim.Claim) error {
	if r.Supersedes == "" {
		return nil
	}
	x := b.results.get(r.Supersedes)
	switch {
	case x == nil || x.ClaimID != c.ID || x.AuthenticatorID != r.Result.AuthenticatorID:
		return fault.New(fault.ResultNotFound, "authenticator %s has no result %s on claim %s", r.Result.AuthenticatorID, r.Supersedes, c.ID).
			With("resultId", r.Supersedes).At("supersedes")
	case x.Retracted:
		return fault.New(fault.ResultAlreadyRetracted, "result %s has already been retracted", r.Supersedes).With("resultId", r.Supersedes).
			At("supersedes").About(c)
	}
	return nil
}

func (r *RecordResult) check(b *Book, c *claim.Claim, judge *authenticator.Body) error {
	if err := c.CheckUnits(r.Result.Units, "unit_verdicts"); err != nil {
		return err
	}
	if claim.PlainReport(r.Result.ReportNumber) == "" {
		return fault.New(fault.RequestInvalid, "report_number must have a character that can be seen").At("report_number")
	}
	if err := r.checkSuperseded(b, c); err != nil {
		return err
	}
	if err := r.checkSample(b, c); err != nil {
		return err
	}
	if err := r.checkReinspection(b, c); err != nil {
		return err
	}
	if err := r.checkCommission(b); err != nil {
		return err
	}
	if r.Result.Fee != 0 {
		if err := feeAt(b.checkAmount(r.Result.Fee, r.Result.FeeCurrency)); err != nil {
			return err
		}
	}
	if err := r.checkTime(b, c.PaidAt, c.OrderLineID); err != nil {
		return err
	}
	if c.State.Final() && c.State != claim.Paid && c.State != claim.Rejected {
		return c.Refuse(claim.ResultUndecided)
	}
	for _, id := range b.resultsOf[c.ID] {
		have := b.results.get(id)
		if have != nil && have.AuthenticatorID == r.Result.AuthenticatorID && claim.PlainReport(have.ReportNumber) == claim.PlainReport(r.Result.ReportNumber) {
			return ResultRecorded(have.ID)
		}
	}
	if err := judge.CheckSigner(r.Result.SigningKey, b.now); err != nil {
		return err
	}
	judged := authenticator.Judged{
		IssuedAt: r.Result.IssuedAt, Methods: r.Methods, TestedOn: r.TestedOn, Brand: r.Brand, Trademark: r.Trademark, Signed: r.Result.Signed != "",
	}
	if l := b.lines.get(c.OrderLineID); l != nil {
		judged.Category = l.line.Category
	}
	return judge.CheckResult(judged)
}

// weigh moves a claim by all its results, if they decide something new.
func (b *Book) weigh(id string) error {
	c := b.claims.get(id)
	w := b.weighing(&c.Claim)
	units := w.Verdicts()
	t, decided := w.Trigger()
	if !decided {
		return nil
	}
	if c.State == claim.Notified && t == claim.ResultCounterfeit {
		if slices.Equal(units, c.Units) {
			return nil
		}
		// The merchant was notified of a different finding: a person decides.
		t = claim.ResultUndecided
	}
	if _, ok := claim.Next(c.State, t); !ok {
		// The result is stored as evidence: only a person revises a claim that is confirmed
		// or closed.
		return nil
	}
	b.detail("weighing", w.String())
	return b.find(id, units, t, finding{})
}

// weighed adds to the running event what a person weighed for a decision.
func (b *Book) weighed(c *claim.Claim, units []claim.Unit) {
	w := b.weighing(c).ByPerson(units)
	b.detail("weighing", w.String())
}

// weighing weighs all results of a claim by the decision rules and the policy that it is
// decided by.
func (b *Book) weighing(c *claim.Claim) claim.Weighing {
	table := b.consequences(c)
	return b.rules(c).Weigh(c.Units, b.grades(c.ID), &table)
}

// needWeighed asks for what weighed looks at.
func needWeighed(n *Needs, merchantID, claimID string) {
	n.resultsOf(merchantID, claimID)
	n.custodyOf(merchantID, claimID)
}

// finding says who found the verdict of a claim: a reviewer with a reason, or nobody
// where its results alone did.
type finding struct {
	by   string
	note string
}

// find moves a claim by trigger t with the verdict of its results or of a reviewer: to
// notice, to rejection, or to a state in which somebody else decides.
func (b *Book) find(id string, units []claim.Unit, t claim.Trigger, f finding) error {
	switch to, _ := claim.Next(b.claims.get(id).State, t); {
	case to == claim.Notified, !to.Live():
		return b.rule(id, ruling{
			units: units, up: t, settled: claim.RevisedSettled, rejected: t, cause: string(t), note: f.note, by: f.by,
		})
	default:
		// Held money stays held until a person has decided.
		if err := b.move(id, t, f.note); err != nil {
			return err
		}
		c := b.change(id)
		c.NoticeConfirmedAt, c.ClockStoppedAt = time.Time{}, time.Time{}
		return nil
	}
}

// References implements Referring: a report is recorded once over all books, however its number
// is spelled. Reports that were recorded before numbers were compared so hold theirs as it was
// sent.
func (r *RecordResult) References() []Reference {
	sent, plain := r.Result.ReportNumber, claim.PlainReport(r.Result.ReportNumber)
	list := []Reference{{Kind: AuthenticationReport, Value: r.Result.AuthenticatorID + "/" + plain}}
	if sent != plain {
		list = append(list, Reference{Kind: AuthenticationReport, Value: r.Result.AuthenticatorID + "/" + sent})
	}
	return list
}

// ResultRecorded refuses a report that is recorded already, as a result.
func ResultRecorded(resultID string) error {
	return fault.New(fault.ResultAlreadyRecorded, "this report has already been recorded as result %s", resultID).
		With("resultId", resultID).At("report_number")
}
