package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// writer writes about one claim in one language.
type writer struct {
	words *catalogue
	claim *claim.Claim
	place *time.Location
}

func (w *writer) at(t time.Time) string { return w.words.when(t, w.place) }

func (w *writer) amount(a money.Amount) string {
	return w.words.sum(Sum{a, w.claim.Currency})
}

func (w *writer) why(s *Subject) string {
	p := &w.words.phrases
	text := fill(p.about, fields{
		"Claim": s.Claim.ID, "Order": s.Claim.OrderID, "Product": s.Claim.ProductID, "Merchant": s.Claim.MerchantID, "Claimant": s.Claimant,
	}) + w.words.gap + fill(p.why, fields{
		"State": word(w.words.names, s.Claim.State), "Since": w.at(s.Claim.StateSince),
		"Trigger": word(w.words.triggers, s.Moved.Trigger), "Role": word(w.words.roles, s.Moved.Role),
	})
	if s.Moved.Note != "" {
		text += fill(p.note, fields{"Note": s.Moved.Note})
	}
	if r := s.Result; r != nil {
		text += fill(p.result, fields{
			"Report": r.ReportNumber, "Authenticator": r.AuthenticatorID, "Rank": strconv.Itoa(r.Rank), "Units": w.units(r.Units),
		})
	}
	if s.Result != nil {
		text += w.custody(&s.Result.Custody)
	}
	for i := range s.Broken {
		x := &s.Broken[i]
		if s.Result == nil || s.Result.ID != x.ID {
			text += w.custody(&x.Custody)
		}
		text += fill(p.broken, fields{"Report": x.ReportNumber, "Authenticator": x.AuthenticatorID, "Rank": strconv.Itoa(x.Rank)})
	}
	if s.Weighing != nil {
		text += w.weighing(s.Weighing, s.Results)
	}
	if s.Commissioned && s.Result != nil && s.Result.Commission == 0 {
		text += fill(p.uncommissioned, nil)
	}
	for i := range s.Retracted {
		r := &s.Retracted[i]
		f := fields{"Report": r.ReportNumber, "Authenticator": r.AuthenticatorID, "Cause": "", "Many": yes(r.Job != "")}
		if r.Cause != "" {
			f["Cause"] = word(w.words.causes, r.Cause)
		}
		text += fill(p.retracted, f)
	}
	return text
}

// weighedMax is how many results and rulings an explanation names.
const weighedMax = 10

// weighing says what was weighed, and by which rule each unit has its verdict. Units that were
// ruled alike are named together.
func (w *writer) weighing(x *claim.Weighing, results []claim.Result) string {
	var ranked []string
	for _, r := range x.Results[:min(len(x.Results), weighedMax)] {
		report := r.ResultID
		if k := slices.IndexFunc(results, func(of claim.Result) bool { return of.ID == r.ResultID }); k >= 0 {
			report = results[k].ReportNumber
		}
		ranked = append(ranked, fill(w.words.phrases.ranked, fields{
			"Report": report, "Rank": strconv.Itoa(r.Rank), "Rung": strconv.Itoa(r.Rung), "Why": w.lowered(r.LoweredBy),
		}))
	}
	text := ""
	if len(ranked) > 0 {
		text = fill(w.words.phrases.weighed, fields{"Version": strconv.Itoa(int(x.Rules)), "Results": strings.Join(ranked, w.words.comma)})
	}
	var rulings []claim.UnitRuling
	alike := make(map[claim.UnitRuling][]string)
	for _, u := range x.Units {
		k := u
		k.Ordinal = 0
		if alike[k] == nil {
			rulings = append(rulings, k)
		}
		alike[k] = append(alike[k], strconv.Itoa(int(u.Ordinal)))
	}
	for _, k := range rulings[:min(len(rulings), weighedMax)] {
		text += fill(w.words.phrases.ruled, fields{
			"Units": strings.Join(alike[k], w.words.comma), "Verdict": word(w.words.verdicts, k.Verdict), "Rank": counted(int32(k.Rank)),
			"Reason": word(w.words.reasons, k.Reason), "Consequence": w.words.consequences[k.Consequence],
		})
	}
	return text
}

// lowered says why a result ranks lower than its rung; empty if it does not.
func (w *writer) lowered(by []claim.Lowering) string {
	var texts []string
	for _, l := range by {
		texts = append(texts, word(w.words.lowerings, l))
	}
	return strings.Join(texts, w.words.and)
}

// custodyMax is how many faults of a chain an explanation names.
const custodyMax = 3

// custody says how the chain of a sample stands.
func (w *writer) custody(x *custody.Standing) string {
	if len(x.Findings) == 0 {
		said, ok := w.words.custody[x.State]
		if !ok {
			return "" // There is nothing to say.
		}
		return fill(said, fields{"Sample": x.SampleID, "Intact": yes(x.Intact)})
	}
	text := ""
	for _, f := range x.Findings[:min(len(x.Findings), custodyMax)] {
		missing := ""
		if f.Missing != "" {
			missing = word(w.words.steps, f.Missing)
		}
		text += fill(w.words.custody[f.State], fields{
			"Sample": x.SampleID, "Step": counted(f.Step), "Before": counted(f.Before), "Missing": missing,
		})
	}
	return text
}

// counted writes a number from 1 on, and nothing for zero.
func counted(n int32) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

func (w *writer) units(units []claim.Unit) string {
	parts := make([]string, len(units))
	for i, u := range units {
		parts[i] = fmt.Sprintf("#%d %s", u.Ordinal, word(w.words.verdicts, u.Verdict))
	}
	return strings.Join(parts, w.words.comma)
}

func (w *writer) turn(s *Subject) string {
	text := fill(w.words.phrases.turn, fields{"Party": word(w.words.parties, w.claim.WaitsFor())})
	if w.claim.Escalated {
		text += fill(w.words.phrases.escalated, nil)
	}
	for i := range s.Commissions {
		text += w.commission(&s.Commissions[i])
	}
	text += w.retest()
	for i := range s.Requested {
		text += w.requested(&s.Requested[i])
	}
	return text
}

// retest says that a body is to be drawn for a re-test, or why nobody could be.
func (w *writer) retest() string {
	c := w.claim
	switch {
	case c.RetestHeld != "":
		at := ""
		if !c.RetestAt.IsZero() {
			at = w.at(c.RetestAt)
		}
		return fill(w.words.phrases.retestHeld, fields{"Why": word(w.words.retestHolds, c.RetestHeld), "At": at})
	case !c.RetestAt.IsZero():
		return fill(w.words.phrases.retest, nil)
	}
	return ""
}

// commission says which body has been asked for its report until when.
func (w *writer) commission(x *commission.Commission) string {
	units := make([]string, len(x.Units))
	for i, u := range x.Units {
		units[i] = strconv.Itoa(int(u.Ordinal))
	}
	text := fill(w.words.phrases.commissioned, fields{
		"Body": x.AuthenticatorID, "Units": strings.Join(units, w.words.comma), "Due": w.at(x.DueAt), "State": word(w.words.commissions, x.State),
	})
	if !x.OverdueAt.IsZero() {
		text += fill(w.words.phrases.overdue, nil)
	}
	return text
}

// requested says who has been asked for which evidence until when.
func (w *writer) requested(x *claim.EvidenceRequest) string {
	party := x.AuthenticatorID
	if x.Asked != claim.AskedAuthenticator {
		party = word(w.words.asked, x.Asked)
	}
	text := fill(w.words.phrases.requested, fields{"Party": party, "Kind": x.Kind, "Due": w.at(x.DueAt)})
	if !x.OverdueAt.IsZero() {
		text += fill(w.words.phrases.missing, nil)
	}
	return text
}

func (w *writer) time() string {
	p, runs := w.claim.Lapse()
	if !runs {
		return fill(w.words.phrases.timeless, nil)
	}
	if !w.claim.ClockStoppedAt.IsZero() {
		return fill(w.words.phrases.stopped, fields{"Since": w.at(w.claim.ClockStoppedAt)})
	}
	what := append([]string{word(w.words.deadlines, w.claim.Fires)}, w.movements(&p)...)
	return fill(w.words.phrases.time, fields{"At": w.at(w.claim.Deadline), "What": strings.Join(what, w.words.and)})
}

func (w *writer) movements(p *claim.Prospect) []string {
	var out []string
	for _, m := range p.Movements {
		out = append(out, fill(w.words.effects[m.Effect], fields{"Amount": w.amount(m.Amount)}))
	}
	return out
}

// award says what the verdict awards, and for which units it opens the refund path.
func (w *writer) award(r *claim.Revision) []string {
	out := w.awarded(r)
	if units := w.claim.RefundUnits(); len(units) > 0 {
		out = append(out, fill(w.words.phrases.refundable, fields{"Units": w.ordinals(units)}))
	}
	return out
}

// ordinals names units by their numbers.
func (w *writer) ordinals(units []int32) string {
	var texts []string
	for _, u := range units[:min(len(units), weighedMax)] {
		texts = append(texts, strconv.Itoa(int(u)))
	}
	if len(units) > weighedMax {
		texts = append(texts, "…")
	}
	return strings.Join(texts, w.words.comma)
}

func (w *writer) awarded(r *claim.Revision) []string {
	p, c := &w.words.phrases, w.claim
	if r == nil || r.Calculation.PolicyID == "" {
		return []string{fill(p.noAward, nil)}
	}
	k := &r.Calculation
	out := []string{fill(p.awarded, fields{
		"Revision": strconv.Itoa(int(r.Number)), "Verdict": word(w.words.verdicts, r.Verdict), "Total": w.amount(r.Award.Total()),
		"Refund": w.amount(r.Award.Refund), "Compensation": w.amount(r.Award.Compensation), "Basis": word(w.words.bases, k.Basis),
		"Policy": k.PolicyID, "Version": strconv.Itoa(int(k.Version)), "Units": strconv.Itoa(int(k.CounterfeitUnits)),
		"AllUnits": strconv.Itoa(int(k.Units)), "Base": w.amount(k.Base), "Multiplier": ratio(k.Multiplier),
	})}
	if Open(c.State) || c.State == claim.Appealed {
		out = append(out, fill(p.contested, nil))
	}
	if k.FloorApplied {
		out = append(out, fill(p.floor, nil))
	}
	if k.CapApplied {
		out = append(out, fill(p.cap, nil))
	}
	if c.Funding.Held > 0 {
		out = append(out, fill(p.held, fields{"Held": w.amount(c.Funding.Held)}))
	}
	if c.State.Confirmed() {
		out = append(out, fill(p.funding, fields{
			"Funded": w.amount(c.Funding.Funded()), "InFlight": w.amount(c.Funding.InFlight()), "Paid": w.amount(c.Funding.Paid()),
		}))
	}
	if open := c.Shortfall(); open > 0 {
		out = append(out, fill(p.shortfall, fields{"Shortfall": w.amount(open)}))
	}
	return out
}

func ratio(r money.Ratio) string {
	if r.Den == 1 {
		return strconv.FormatInt(r.Num, 10)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

func (w *writer) choices(list []Choice) []string {
	var out []string
	for i := range list {
		out = append(out, w.choice(&list[i]))
	}
	return out
}

func (w *writer) choice(c *Choice) string {
	p, prospect := &w.words.phrases, &c.Prospect
	state := fields{"State": word(w.words.names, prospect.To)}
	what := []string{fill(p.stays, state)}
	if prospect.Trigger != "" {
		state["Trigger"] = word(w.words.triggers, prospect.Trigger)
		what[0] = fill(p.moves, state)
	}
	what = append(what, w.movements(prospect)...)
	if prospect.Unpriced {
		what = append(what, fill(p.unpriced, nil))
	}
	if !c.Deadline.IsZero() {
		what = append(what, fill(p.deadline, fields{"At": w.at(c.Deadline), "What": word(w.words.deadlines, prospect.Fires)}))
	}
	return fill(p.choice, fields{
		"Action": word(w.words.actions, c.Action), "Roles": w.roles(c.Roles), "What": strings.Join(what, w.words.and),
	})
}

func (w *writer) roles(list []string) string {
	if len(list) == 0 {
		return w.words.none
	}
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = word(w.words.roles, r)
	}
	return strings.Join(words, " / ")
}
