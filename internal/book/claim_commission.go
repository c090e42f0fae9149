package book

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Who examines which units of a claim until when: a body is named or drawn by lot, and
// moves the commission until it has reported. A commission moves no money: a fee does once
// the body's result tells it.

// CommissionItem commissions a body with the examination of units of a claim. Either the
// body is named, or it is drawn. Refuses with COMMISSION_ALREADY_OPEN if the body has one
// of the units already, and with COMMISSION_LIMIT_REACHED one commission too many.
type CommissionItem struct {
	ClaimID string
	// AuthenticatorID is the body; empty if one is to be drawn.
	AuthenticatorID string
	Draw            Drawing
	Units           []int32
	Questions       string
	// Photos are digests of evidence of the claim.
	Photos      []string
	DueAt       time.Time
	Fee         money.Amount
	FeeCurrency string
	// Replaces is a commission of the claim that the new one takes the place of; zero for
	// none. The new one has its units, questions and photos, and an open one is cancelled.
	Replaces int32
	// Note is why it is replaced.
	Note string
}

// Drawing is a draw of a body by lot.
type Drawing struct {
	// Kinds are those of bodies that may be drawn, Exclude the bodies that may not.
	Kinds   []claim.AuthenticatorKind
	Exclude []string
	// Brand and Trademark are those of the goods, Methods those to test by; empty if that is not told.
	Brand, Trademark string
	Methods          []string
	// Seed and Candidates are the server's own: random, and the registered bodies that may judge the
	// goods, with their load and cost. Fitting is how many there are: more than the candidates where
	// these were picked among them by the seed. No request id covers them.
	Seed       []byte
	Candidates []commission.Candidate
	Fitting    int
}

func (m *CommissionItem) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, m.ClaimID)
	needRetest(n, c.Header.MerchantID, m.ClaimID)
	if m.AuthenticatorID != "" {
		n.judge(c.Header.MerchantID, m.AuthenticatorID)
	}
	for _, x := range m.Draw.Candidates {
		n.judge(c.Header.MerchantID, x.AuthenticatorID)
	}
	for _, digest := range m.Photos {
		n.piece(PieceKey{MerchantID: c.Header.MerchantID, ClaimID: m.ClaimID, Digest: digest})
	}
}

func (m *CommissionItem) follow(b *Book, n *Needs, _ int) {
	if c := b.claims.get(m.ClaimID); c != nil {
		n.line(b.merchantID, c.OrderLineID)
	}
}

// Cover implements request.Content.
func (m *CommissionItem) Cover(d *request.Digest) {
	d.Texts(m.ClaimID, m.AuthenticatorID, m.Questions, m.FeeCurrency, m.Note)
	d.Number(int64(len(m.Draw.Kinds)))
	for _, k := range m.Draw.Kinds {
		d.Texts(string(k))
	}
	for _, list := range [][]string{m.Draw.Exclude, m.Photos} {
		d.Number(int64(len(list)))
		d.Texts(list...)
	}
	d.Number(int64(len(m.Units)))
	for _, u := range m.Units {
		d.Number(int64(u))
	}
	d.Time(m.DueAt)
	d.Number(int64(m.Fee))
	d.Number(int64(m.Replaces))
	if m.DigestVersion() > request.FirstVersion {
		d.Texts(m.Draw.Brand, m.Draw.Trademark)
		d.Number(int64(len(m.Draw.Methods)))
		d.Texts(m.Draw.Methods...)
	}
}

// DigestVersion implements grown: the second list covers what is told of the goods and of the test.
func (m *CommissionItem) DigestVersion() int64 {
	if m.Draw.Brand+m.Draw.Trademark != "" || len(m.Draw.Methods) > 0 {
		return request.FirstVersion + 1
	}
	return request.FirstVersion
}

func (m *CommissionItem) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(m.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	replaced, err := m.replaced(b, c)
	if err != nil {
		return Outcome{}, err
	}
	units, err := m.check(b, c, replaced)
	if err != nil {
		return Outcome{}, err
	}
	body, record, err := m.body(b, c, units)
	if err != nil {
		return Outcome{}, err
	}
	// From here on nothing refuses.
	return b.commissioned(m.make(b, c, units, replaced, chosen{body, record})), nil
}

// chosen is the body that examines, with the record of the draw; nil if it was named.
type chosen struct {
	body   string
	record []string
}

// make gives the commission.
func (m *CommissionItem) make(b *Book, c *claim.Claim, units []claim.Unit, replaced *commission.Commission, by chosen) commission.Commission {
	e := b.record(event.CommissionMade, c.ID)
	who := &b.call.Header.Principal
	made := commission.Commission{
		MerchantID: b.merchantID, ClaimID: c.ID, Number: b.lastCommission(c.ID) + 1, AuthenticatorID: by.body, State: commission.Offered,
		Units: units, Questions: m.Questions, Photos: m.Photos, DueAt: m.DueAt.UTC().Truncate(time.Microsecond), Fee: m.Fee,
		Replaces: m.Replaces, Candidates: by.record, MadeAs: string(who.Role), MadeBy: who.Person, MadeAt: b.now, EventNumber: e.Number,
	}
	b.detail("commission", number(int64(made.Number)))
	b.detail("authenticator", by.body)
	b.detail("units", ordinals(units))
	b.detail("due_at", event.Stamp(made.DueAt))
	if by.record != nil {
		made.Seed = m.Draw.Seed
		b.detail("seed", hex.EncodeToString(made.Seed))
		if m.Draw.Fitting > len(m.Draw.Candidates) {
			b.detail("fitting", number(int64(m.Draw.Fitting)))
		}
	}
	if isRetest(&made) {
		b.detail("retest", "true")
	}
	if replaced != nil {
		made.Questions, made.Photos = replaced.Questions, replaced.Photos
		b.detail("replaces", number(int64(m.Replaces)))
		b.detail("note", m.Note)
		if replaced.State.Open() {
			b.endCommission(replaced, m.Note)
		}
	}
	b.commissions.add(commissionKey{c.ID, made.Number}, made, b.command)
	b.awaitReport(c.ID, made.DueAt)
	b.seekRetest(c.ID)
	return made
}

// check refuses what cannot be commissioned, and gives the units to examine: those of the
// commission that is replaced, those that are named, or every unit.
func (m *CommissionItem) check(b *Book, c *claim.Claim, replaced *commission.Commission) ([]claim.Unit, error) {
	if c.State.Final() && c.State != claim.Paid && c.State != claim.Rejected {
		return nil, c.Refuse(claim.ResultUndecided)
	}
	if b.lastCommission(c.ID) >= commission.PerClaimMax {
		return nil, fault.New(fault.CommissionLimit, "claim %s has %d commissions already, and can have no more", c.ID, commission.PerClaimMax).
			With("claimId", c.ID).With("commissionsMax", commission.PerClaimMax).About(c)
	}
	ordinals := m.Units
	switch {
	case replaced != nil:
		ordinals = replaced.Ordinals()
	case len(ordinals) == 0:
		ordinals = c.Ordinals()
	}
	given := make([]claim.Unit, len(ordinals))
	for i, u := range ordinals {
		given[i] = claim.Unit{Ordinal: u, Verdict: claim.Pending}
	}
	if err := c.CheckUnits(given, "units"); err != nil {
		return nil, err
	}
	slices.SortFunc(given, func(x, y claim.Unit) int { return int(x.Ordinal - y.Ordinal) })
	if err := m.checkTerms(b); err != nil {
		return nil, err
	}
	for _, digest := range m.Photos {
		if b.pieces.get(pieceKey{c.ID, digest}) == nil {
			return nil, fault.New(fault.CommissionPhotoUnknown, "claim %s has no evidence with the digest %s", c.ID, digest).
				With("claimId", c.ID).At("photo_digests").About(c)
		}
	}
	return given, nil
}

// checkTerms refuses a time by which nobody can report, and a fee in another currency.
func (m *CommissionItem) checkTerms(b *Book) error {
	switch latest := b.now.Add(commission.DueMax); {
	case !m.DueAt.After(b.now):
		return fault.New(fault.RequestInvalid, "a report cannot be due at %s, which has passed", m.DueAt.UTC().Format(time.RFC3339)).At("due_at")
	case m.DueAt.After(latest):
		return fault.New(fault.RequestInvalid, "a report must be due by %s at the latest, and not at %s",
			latest.UTC().Format(time.RFC3339), m.DueAt.UTC().Format(time.RFC3339)).With("latest", latest.UTC().Format(time.RFC3339Nano)).At("due_at")
	}
	if m.Fee != 0 {
		return feeAt(b.checkAmount(m.Fee, m.FeeCurrency))
	}
	return nil
}

// replaced gives the commission that the new one replaces; nil for none.
func (m *CommissionItem) replaced(b *Book, c *claim.Claim) (*commission.Commission, error) {
	if m.Replaces == 0 {
		return nil, nil
	}
	old, err := b.commission(c.ID, m.Replaces)
	if err != nil {
		return nil, err
	}
	if old.State == commission.Reported {
		return nil, old.Refuse("another body can examine the units as well, but not in its place")
	}
	return old, nil
}

// body gives the body that examines, and the record of the draw; nil if it was named.
func (m *CommissionItem) body(b *Book, c *claim.Claim, units []claim.Unit) (string, []string, error) {
	today := b.today(c.OrderLineID)
	if m.AuthenticatorID == "" {
		return m.draw(b, c, today)
	}
	judge, err := b.judgeBy(m.AuthenticatorID)
	if err != nil {
		return "", nil, err
	}
	if err := judge.CheckResult(today); err != nil {
		if refusal, ok := fault.As(err); ok {
			return "", nil, refusal.At("authenticator")
		}
		return "", nil, err
	}
	for _, open := range b.commissionsOn(c.ID) {
		if open.Number == m.Replaces || !open.State.Open() || open.AuthenticatorID != judge.ID {
			continue
		}
		for _, u := range units {
			if open.Covers(u.Ordinal) {
				return "", nil, fault.New(fault.CommissionAlreadyOpen, "authenticator %s has unit %d of claim %s already, by commission %d",
					judge.ID, u.Ordinal, c.ID, open.Number).With("claimId", c.ID).With("commission", open.Number).With("ordinal", u.Ordinal).About(c)
			}
		}
	}
	return judge.ID, nil, nil
}

// today is what decides whether a body may report on a line now. What is reported today must be
// believed; a report is judged anew on its day.
func (b *Book) today(orderLineID string) authenticator.Judged {
	today := authenticator.Judged{IssuedAt: b.now}
	if l := b.lines.get(orderLineID); l != nil {
		today.Category = l.line.Category
	}
	return today
}

// draw draws among the bodies that have no part in the claim: those that were never
// commissioned with it and have reported nothing on it. Refuses with
// COMMISSION_NO_CANDIDATE if there is none.
func (m *CommissionItem) draw(b *Book, c *claim.Claim, today authenticator.Judged) (string, []string, error) {
	var known []string
	for _, before := range b.commissionsOn(c.ID) {
		known = append(known, before.AuthenticatorID)
	}
	for _, id := range b.resultsOf[c.ID] {
		if r := b.results.get(id); r != nil {
			known = append(known, r.AuthenticatorID)
		}
	}
	today.Brand, today.Trademark, today.Methods = m.Draw.Brand, m.Draw.Trademark, m.Draw.Methods
	var in []commission.Candidate
	for _, x := range m.Draw.Candidates {
		judge := b.judges.bodies[x.AuthenticatorID]
		if judge != nil && slices.Contains(m.Draw.Kinds, judge.Kind) && judge.CheckResult(today) == nil && m.Draw.knows(judge) &&
			!slices.Contains(known, judge.ID) && !slices.Contains(m.Draw.Exclude, judge.ID) {
			in = append(in, x)
		}
	}
	winner, record := commission.Draw(m.Draw.Seed, in)
	if winner == "" {
		return "", nil, fault.New(fault.CommissionNoCandidate,
			"no registered body of the asked kinds may judge category %q and has no part in claim %s yet", today.Category, c.ID).
			With("claimId", c.ID).At("draw").About(c)
	}
	_, err := b.judgeBy(winner)
	return winner, record, err
}

// knows says whether goods of the brand and the trademark can be drawn for: where neither is told, no
// body is that is only for goods of some.
func (d *Drawing) knows(judge *authenticator.Body) bool {
	return d.Brand+d.Trademark != "" || judge.AnyGoods()
}

// commissioned is the outcome of a command on a commission.
func (b *Book) commissioned(x commission.Commission) Outcome {
	o := b.about(x.ClaimID)
	o.Commission = &x
	return o
}

// commission gives a commission of a claim; COMMISSION_NOT_FOUND.
func (b *Book) commission(claimID string, n int32) (*commission.Commission, error) {
	if x := b.commissions.get(commissionKey{claimID, n}); x != nil {
		return x, nil
	}
	return nil, noCommission(claimID, n)
}

func noCommission(claimID string, n int32) error {
	return fault.New(fault.CommissionNotFound, "claim %s has no commission %d", claimID, n).
		With("claimId", claimID).With("commission", strconv.Itoa(int(n)))
}

// commissionsOn are the commissions of a claim, oldest first.
func (b *Book) commissionsOn(claimID string) []*commission.Commission {
	var list []*commission.Commission
	for _, text := range b.commissionsOf[claimID] {
		n, _ := strconv.Atoi(text) // As the index wrote it.
		if x := b.commissions.get(commissionKey{claimID, int32(n)}); x != nil {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(x, y *commission.Commission) int { return int(x.Number - y.Number) })
	return list
}

// lastCommission is the number of a claim's newest commission; zero for none.
func (b *Book) lastCommission(claimID string) int32 {
	if list := b.commissionsOn(claimID); len(list) > 0 {
		return list[len(list)-1].Number
	}
	return 0
}

// endCommission cancels an open commission as part of the running event.
func (b *Book) endCommission(x *commission.Commission, note string) {
	x = b.commissions.edit(commissionKey{x.ClaimID, x.Number}, b.command)
	x.State, x.EndedAt, x.Note = commission.Cancelled, b.now, note
}

// endCommissions cancels the open commissions of a claim that is closed for good.
func (b *Book) endCommissions(claimID, note string) {
	var ended []string
	for _, x := range b.commissionsOn(claimID) {
		if x.State.Open() {
			b.endCommission(x, note)
			ended = append(ended, number(int64(x.Number)))
		}
	}
	if len(ended) > 0 {
		b.detail("commissions_cancelled", strings.Join(ended, " "))
	}
}

// awaitReport lets a claim that waits for its results wait until a report is due: testing
// takes the time that was agreed for it (rule V7).
func (b *Book) awaitReport(claimID string, due time.Time) {
	c := b.claims.get(claimID)
	if c.Fires == claim.DeadlineResult && c.ClockStoppedAt.IsZero() && due.After(c.Deadline) {
		b.wait(b.change(claimID), deadline{claim.DeadlineResult, due})
	}
}
