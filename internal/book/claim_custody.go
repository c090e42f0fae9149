package book

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Who had a sample, where, and under which seals. Steps are told in any order, late ones and
// corrections included; each time the results of the claim are ranked anew (rule V6).

// AddCustodyStep adds a step to the chain of custody of a sample. It moves the claim where its
// results decide otherwise by it.
type AddCustodyStep struct {
	// Step names the claim; the engine sets the rest of what it should know by itself. No
	// units means those of the sample, or every claimed unit in its first step.
	Step custody.Step
	// ByBody says that the body of the step adds it. It may do so for units that it is
	// commissioned with.
	ByBody bool
}

// toldBy are the kinds of step that a role tells; a role that is not named tells every kind. Such
// a role also corrects no step but its own.
var toldBy = map[principal.Role][]custody.Kind{
	principal.RoleOrderService: {custody.Bought, custody.Received, custody.Shipped, custody.Returned},
	principal.RoleAuthenticator: {
		custody.Received, custody.Unboxed, custody.Sealed, custody.Shipped, custody.Arrived, custody.Tested, custody.Retained,
		custody.Returned, custody.Destroyed,
	},
}

func (a *AddCustodyStep) need(c *Call, n *Needs) {
	x := &a.Step
	n.claim(c.Header.MerchantID, x.ClaimID)
	needRetest(n, c.Header.MerchantID, x.ClaimID)
	if x.AuthenticatorID != "" {
		n.judge(c.Header.MerchantID, x.AuthenticatorID)
	}
	for _, digest := range x.Evidence {
		n.piece(PieceKey{MerchantID: c.Header.MerchantID, ClaimID: x.ClaimID, Digest: digest})
	}
}

func (a *AddCustodyStep) follow(b *Book, n *Needs, round int) {
	c := b.claims.get(a.Step.ClaimID)
	if c == nil {
		return
	}
	followRevision(b, n, round, &c.Claim)
	n.line(b.merchantID, c.OrderLineID)
	if round == 0 && c.Revision > 0 {
		n.holdsOf(b.merchantID, c.ID)
	}
}

// Cover implements request.Content.
func (a *AddCustodyStep) Cover(d *request.Digest) {
	x := &a.Step
	d.Texts(x.ClaimID, x.SampleID, string(x.Kind), x.Place, x.Actor, x.AuthenticatorID, x.Note)
	d.Time(x.HappenedAt)
	for _, list := range [][]string{x.Seals, x.Evidence} {
		d.Number(int64(len(list)))
		d.Texts(list...)
	}
	d.Number(int64(len(x.Units)))
	for _, u := range x.Units {
		d.Number(int64(u))
	}
	d.Number(x.Weight)
	d.Number(int64(x.Corrects))
}

func (a *AddCustodyStep) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(a.Step.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	units, err := a.check(b, c)
	if err != nil {
		return Outcome{}, err
	}
	// What the results counted for before.
	before := b.grades(c.ID)
	e := b.record(event.CustodyStepAdded, c.ID)
	who := &b.call.Header.Principal
	x := a.Step
	x.MerchantID, x.Number, x.Units, x.HappenedAt = b.merchantID, b.lastCustody(c.ID)+1, units, b.seen(x.HappenedAt)
	x.RecordedAs, x.RecordedBy, x.RecordedAt, x.EventNumber = string(who.Role), who.Person, b.now, e.Number
	b.custody.add(custodyKey{c.ID, x.Number}, x, b.command)
	b.detail("step", number(int64(x.Number)))
	b.detail("sample", x.SampleID)
	b.detail("step_kind", string(x.Kind))
	b.detail("happened_at", event.Stamp(x.HappenedAt))
	if x.AuthenticatorID != "" {
		b.detail("authenticator", x.AuthenticatorID)
	}
	if x.Corrects > 0 {
		b.detail("corrects", number(int64(x.Corrects)))
	}
	standing := b.standingOf(c, x.SampleID)
	b.detail("custody", string(standing.State))
	if err := b.regrade(c.ID, before); err != nil {
		return Outcome{}, err
	}
	b.seekRetest(c.ID)
	o := b.about(c.ID)
	o.Custody = &x
	return o, nil
}

// regrade weighs the results of a claim anew if what they decide has changed with their ranks. It
// ends nothing that a person has decided or is to decide: a claim in review that had a verdict
// before, one that waits for another test, and one that a person upheld stay as they are, and a
// verdict by results alone that they do not bear out any more goes to a person.
func (b *Book) regrade(claimID string, before []claim.Graded) error {
	after := b.grades(claimID)
	var changed []string
	for i := range after {
		if after[i].Rank != before[i].Rank {
			changed = append(changed, after[i].ID+"="+strconv.Itoa(after[i].Rank))
		}
	}
	if len(changed) == 0 {
		return nil
	}
	b.detail("ranks", strings.Join(changed, " "))
	c := &b.claims.get(claimID).Claim
	table := b.consequences(c)
	was, is := b.rules(c).Weigh(c.Units, before, &table), b.rules(c).Weigh(c.Units, after, &table)
	if was.FindsSame(&is) {
		return nil
	}
	if c.State == claim.Notified && c.ByResults || c.State == claim.InReview && c.Revision == 0 {
		return b.weigh(claimID)
	}
	t, decided := is.Trigger()
	holds := decided && t != claim.ResultUndecided && slices.Equal(is.Verdicts(), c.Units)
	if _, ok := claim.Next(c.State, claim.Reopened); !ok || holds || !c.ByResults || c.Verdict == claim.Pending {
		return nil
	}
	err := b.reopen(b.change(claimID), "")
	if errors.Is(err, fault.ClaimAlreadyFiled) {
		return nil // Another claim has its units by now: the step is kept as evidence.
	}
	return err
}

// check refuses a step that cannot have been, and gives its units: none where the sample has
// them already.
func (a *AddCustodyStep) check(b *Book, c *claim.Claim) ([]int32, error) {
	x := &a.Step
	role := b.call.Header.Principal.Role
	own, limited := toldBy[role]
	if limited && !slices.Contains(own, x.Kind) {
		return nil, fault.New(fault.AccessDenied, "a step %s cannot be added in the role %s", x.Kind, role).At("kind")
	}
	if a.ByBody && !slices.ContainsFunc(b.commissionsOn(c.ID), a.gives) {
		return nil, b.noClaim(c.ID) // A body without work on the claim learns nothing of it.
	}
	if err := a.checkTimes(b, c); err != nil {
		return nil, err
	}
	if err := a.checkSeals(); err != nil {
		return nil, err
	}
	steps := b.chain(c.ID)
	if len(steps) >= custody.StepsMax {
		return nil, fault.New(fault.CustodyLimit, "claim %s has %d steps of custody already, and can have no more", c.ID, custody.StepsMax).
			With("claimId", c.ID).With("stepsMax", custody.StepsMax).About(c)
	}
	units, err := a.units(c, steps)
	if err != nil {
		return nil, err
	}
	if err := a.checkBody(b, c, units, steps); err != nil {
		return nil, err
	}
	for _, digest := range x.Evidence {
		if b.pieces.get(pieceKey{c.ID, digest}) == nil {
			return nil, fault.New(fault.CustodyEvidenceUnknown, "claim %s has no evidence with the digest %s", c.ID, digest).
				With("claimId", c.ID).At("evidence_digests").About(c)
		}
	}
	if err := a.checkPlace(c, steps); err != nil {
		return nil, err
	}
	if limited && x.Corrects > 0 {
		k := slices.IndexFunc(steps, func(s custody.Step) bool { return s.Number == x.Corrects })
		if of := &steps[k]; of.RecordedAs != string(role) || a.ByBody && of.AuthenticatorID != x.AuthenticatorID {
			return nil, fault.New(fault.AccessDenied, "step %d was added by another, and the role %s corrects only its own steps", of.Number, role).At("corrects")
		}
	}
	return units, nil
}

func (a *AddCustodyStep) checkTimes(b *Book, c *claim.Claim) error {
	if err := b.notAhead(a.Step.HappenedAt, "happened_at", "a step of custody"); err != nil {
		return err
	}
	first, than := c.PaidAt, "the order was paid"
	if l := b.lines.get(c.OrderLineID); l != nil && l.line.PaidLater() {
		first, than = l.line.ShippedBy(), "the goods were shipped"
	}
	return b.notBefore(a.Step.HappenedAt, first, "happened_at", "a step of custody", than)
}

// checkSeals refuses a sealing without a seal, and a seal that is named twice.
func (a *AddCustodyStep) checkSeals() error {
	x := &a.Step
	if x.Kind == custody.Sealed && len(x.Seals) == 0 {
		return fault.New(fault.RequestInvalid, "a step SEALED must name the seals that were put on").At("seals")
	}
	seen := make(map[string]bool, len(x.Seals))
	for i, seal := range x.Seals {
		plain := custody.PlainSeal(seal)
		switch {
		case plain == "":
			return fault.New(fault.RequestInvalid, "seal %d has no character that can be seen", i+1).At("seals")
		case seen[plain]:
			return fault.New(fault.RequestInvalid, "seal %d is named twice", i+1).At("seals")
		}
		seen[plain] = true
	}
	if x.Kind.ByBody() && x.AuthenticatorID == "" {
		return fault.New(fault.RequestInvalid, "a step %s must name the authenticator that had the sample", x.Kind).At("authenticator")
	}
	return nil
}

// units gives the units of the sample if this is its first step.
func (a *AddCustodyStep) units(c *claim.Claim, steps []custody.Step) ([]int32, error) {
	given := slices.Clone(a.Step.Units)
	slices.Sort(given)
	if slices.Contains(custody.Samples(steps), a.Step.SampleID) {
		if has := custody.UnitsOf(steps, a.Step.SampleID); len(given) > 0 && !slices.Equal(given, has) {
			return nil, fault.New(fault.CustodyStepConflict, "sample %s consists of the units %s, which its first step told",
				a.Step.SampleID, custody.UnitsText(has)).With("claimId", c.ID).With("sample", a.Step.SampleID).At("units").About(c)
		}
		return nil, nil
	}
	if len(given) == 0 {
		return c.Ordinals(), nil
	}
	named := make([]claim.Unit, len(given))
	for i, u := range given {
		named[i] = claim.Unit{Ordinal: u}
	}
	return given, c.CheckUnits(named, "units")
}

// gives says whether a commission has the body of the step examine units.
func (a *AddCustodyStep) gives(x *commission.Commission) bool {
	return x.AuthenticatorID == a.Step.AuthenticatorID && x.State != commission.Declined && x.State != commission.Cancelled
}

// checkBody refuses a body that is not registered, and one that adds the step itself while it is
// suspended or has no commission on a unit of the sample.
func (a *AddCustodyStep) checkBody(b *Book, c *claim.Claim, units []int32, steps []custody.Step) error {
	body := a.Step.AuthenticatorID
	if body == "" {
		return nil
	}
	judge, err := b.judgeBy(body)
	if err == nil && a.ByBody {
		err = judge.CheckActive()
	}
	if err != nil {
		if refusal, ok := fault.As(err); ok {
			return refusal.At("authenticator")
		}
		return err
	}
	if !a.ByBody {
		return nil
	}
	if units == nil {
		units = custody.UnitsOf(steps, a.Step.SampleID)
	}
	if slices.ContainsFunc(b.commissionsOn(c.ID), func(x *commission.Commission) bool { return a.gives(x) && slices.ContainsFunc(units, x.Covers) }) {
		return nil
	}
	return fault.New(fault.CommissionNotFound, "claim %s has no commission of authenticator %s with a unit of sample %s", c.ID, body, a.Step.SampleID).
		With("claimId", c.ID).At("authenticator")
}

// checkPlace refuses a step of a sample that was destroyed before, a destruction before another
// step, and a correction of a step that is not there or was corrected.
func (a *AddCustodyStep) checkPlace(c *claim.Claim, steps []custody.Step) error {
	x := &a.Step
	conflict := func(field, format string, args ...any) error {
		return fault.New(fault.CustodyStepConflict, format, args...).With("claimId", c.ID).With("sample", x.SampleID).At(field).About(c)
	}
	if x.Corrects > 0 {
		k := slices.IndexFunc(steps, func(s custody.Step) bool { return s.Number == x.Corrects && s.SampleID == x.SampleID })
		switch {
		case k < 0:
			return conflict("corrects", "sample %s has no step %d", x.SampleID, x.Corrects)
		case slices.ContainsFunc(steps, func(s custody.Step) bool { return s.Corrects == x.Corrects }):
			return conflict("corrects", "step %d has been corrected already; correct the step that stands in its place", x.Corrects)
		}
	}
	for _, s := range custody.Of(steps, x.SampleID) {
		if s.Number == x.Corrects {
			continue
		}
		switch {
		case s.Kind == custody.Destroyed && x.Kind == custody.Destroyed:
			return conflict("kind", "step %d says already that sample %s was destroyed", s.Number, x.SampleID)
		case s.Kind == custody.Destroyed && x.HappenedAt.After(s.HappenedAt):
			return conflict("happened_at", "sample %s was destroyed before that, by step %d", x.SampleID, s.Number)
		case x.Kind == custody.Destroyed && s.HappenedAt.After(x.HappenedAt):
			return conflict("happened_at", "sample %s cannot have been destroyed before its step %d", x.SampleID, s.Number)
		}
	}
	return nil
}

// checkSample refuses a sample with a finding on none, and one that lacks a unit of the result.
func (r *RecordResult) checkSample(b *Book, c *claim.Claim) error {
	x := &r.Result
	switch {
	case x.SampleID == "":
		return nil
	case !x.Sample.Physical():
		return fault.New(fault.RequestInvalid, "a result on %s cannot name a sample", x.Sample).At("sample")
	}
	steps := b.chain(c.ID)
	if !slices.Contains(custody.Samples(steps), x.SampleID) {
		return nil // Its steps may come late; until then they are a gap.
	}
	has := custody.UnitsOf(steps, x.SampleID)
	for _, u := range x.Units {
		if !slices.Contains(has, u.Ordinal) {
			return fault.New(fault.CustodySampleMismatch, "sample %s of claim %s does not have unit %d", x.SampleID, c.ID, u.Ordinal).
				With("claimId", c.ID).With("sample", x.SampleID).With("ordinal", u.Ordinal).At("sample").About(c)
		}
	}
	return nil
}

// checkReinspection refuses a re-inspection that is none: of photos or codes, of a unit that
// nobody has examined, or by a body that has examined one already (rule V3).
func (r *RecordResult) checkReinspection(b *Book, c *claim.Claim) error {
	if !r.Result.Reinspection || !b.rules(c).Reinspection.Independent {
		return nil
	}
	if !r.Result.Sample.Physical() {
		return fault.New(fault.RequestInvalid, "a re-inspection examines the goods, and a result on %s does not", r.Result.Sample).At("reinspection")
	}
	for _, u := range r.Result.Units {
		own, others := b.examined(c.ID, r.Result.AuthenticatorID, u.Ordinal, r.Supersedes)
		why := "nobody has examined it"
		if own {
			why = "the authenticator has examined it already"
		}
		if own || !others {
			return fault.New(fault.ReinspectionNotIndependent, "unit %d of claim %s cannot be re-inspected by authenticator %s: %s",
				u.Ordinal, c.ID, r.Result.AuthenticatorID, why).With("claimId", c.ID).With("ordinal", u.Ordinal).At("reinspection").About(c)
		}
	}
	return nil
}

// examined says whether a body, and whether another one, has a result on a unit that counts and
// for which the unit itself was examined.
func (b *Book) examined(claimID, body string, ordinal int32, but string) (own, others bool) {
	for _, id := range b.resultsOf[claimID] {
		x := b.results.get(id)
		if x == nil || x.Retracted || id == but || !x.Sample.Physical() || !slices.ContainsFunc(x.Units, func(u claim.Unit) bool { return u.Ordinal == ordinal }) {
			continue
		}
		own, others = own || x.AuthenticatorID == body, others || x.AuthenticatorID != body
	}
	return own, others
}

// drawnAgain says whether a result is a re-inspection without anybody's word: by a body that was
// drawn by lot and examined the goods, on units that only others have examined.
func (r *RecordResult) drawnAgain(b *Book, c *claim.Claim, answers int32) bool {
	x := b.commissions.get(commissionKey{c.ID, answers})
	if !b.rules(c).Reinspection.Independent || !r.Result.Sample.Physical() || x == nil || len(x.Seed) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Result.Units, func(u claim.Unit) bool {
		own, others := b.examined(c.ID, r.Result.AuthenticatorID, u.Ordinal, r.Supersedes)
		return own || !others
	})
}

// rules are the decision rules of a claim: those that were in force when it was filed.
func (b *Book) rules(c *claim.Claim) *claim.Rules { return b.catalog.Rules.At(c.FiledAt) }

// grade ranks a result by the steps of custody of its claim.
func (b *Book) grade(r *claim.Result) claim.Graded {
	return b.catalog.Rules.Version(r.Rules).Grade(r, b.chain(r.ClaimID))
}

// grades are the results of a claim with what they count for, in the order of their ids.
func (b *Book) grades(claimID string) []claim.Graded {
	steps := b.chain(claimID)
	var out []claim.Graded
	for _, of := range b.resultsOf[claimID] {
		if r := b.results.get(of); r != nil {
			x := *r
			out = append(out, b.catalog.Rules.Version(x.Rules).Grade(&x, steps))
		}
	}
	return out
}

// standingOf is how the chain of a sample stands, as far as it has come.
func (b *Book) standingOf(c *claim.Claim, sampleID string) custody.Standing {
	return b.rules(c).Standing(b.chain(c.ID), sampleID)
}

// chain are the steps of custody of a claim, in the order in which they were recorded.
func (b *Book) chain(claimID string) []custody.Step {
	var list []custody.Step
	for _, text := range b.custodyOf[claimID] {
		n, _ := strconv.Atoi(text) // As the index wrote it.
		if x := b.custody.get(custodyKey{claimID, int32(n)}); x != nil {
			list = append(list, *x)
		}
	}
	slices.SortFunc(list, func(x, y custody.Step) int { return int(x.Number - y.Number) })
	return list
}

// lastCustody is the number of a claim's newest step of custody; zero for none.
func (b *Book) lastCustody(claimID string) int32 { return int32(len(b.chain(claimID))) }
