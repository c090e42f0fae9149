package rpc

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ExplainClaim(ctx context.Context, r *tenfoldv1.ExplainClaimRequest) (*tenfoldv1.ExplainClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	place, err := placeOf(r.GetTimeZone())
	if err != nil {
		return nil, err
	}
	var read history
	catalog := s.engine.Catalog()
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetName())
		if err != nil {
			return err
		}
		if read, err = readHistory(ctx, reader, catalog, c); err != nil {
			return err
		}
		read.line, err = governedLine(ctx, reader, catalog, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	who, reader := callerOf(ctx), readers.domain(r.GetAudience())
	acting := who
	if reader != "" {
		acting = actingAs(readerRoles[reader], read.claim.MerchantID)
	}
	choices := choicesOf(read.claim, read.line, catalog, s.engine.Now(), acting)
	for _, role := range []principal.Role{who.Role, readerRoles[reader]} {
		if role != "" && hides(role, &tenfoldv1.Move{}, "note") && read.lastMove.Role != string(principal.RoleMerchant) {
			// The text would repeat the part of the move that is hidden from the role.
			read.lastMove.Note = ""
		}
	}
	p := explanationOf(who, &read, catalog, choices, place, reader, language(r.GetLanguage()))
	if reader == explain.Consumer {
		p = forConsumer(p, read.claim, choices)
	} else if reader != "" {
		p.Claim.AllowedActions = ownActions(choices)
		coverFrom(readerRoles[reader], p)
	}
	return &tenfoldv1.ExplainClaimResponse{Explanation: p}, nil
}

// readerRoles are the roles whose actions and fields a reader has. A consumer acts
// through the order service.
var readerRoles = map[explain.Audience]principal.Role{
	explain.Consumer: principal.RoleOrderService, explain.Merchant: principal.RoleMerchant, explain.Support: principal.RoleSupport,
	explain.Adjudicator: principal.RoleAdjudicator, explain.Approver: principal.RoleApprover, explain.Finance: principal.RoleFinance,
	explain.Operator: principal.RoleOperator,
}

// actingAs is somebody in a role who may act on a merchant's book.
func actingAs(role principal.Role, merchantID string) caller {
	c := caller{identity.Caller{Principal: principal.Principal{Role: role}}}
	if role == principal.RoleMerchant {
		c.Scope = merchantName(merchantID)
	}
	return c
}

// ownActions are the actions of choices, each once.
func ownActions(choices []explain.Choice) []tenfoldv1.ClaimAction {
	var out []tenfoldv1.ClaimAction
	for i := range choices {
		if a := actions.proto(choices[i].Action); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// forConsumer is what a consumer may know of an explanation, field by field: a field that
// is added to it later is not there until somebody decides.
func forConsumer(p *tenfoldv1.ClaimExplanation, c *claim.Claim, choices []explain.Choice) *tenfoldv1.ClaimExplanation {
	of := p.GetClaim()
	out := &tenfoldv1.ClaimExplanation{
		Claim: &tenfoldv1.Claim{
			Name: of.GetName(), ClaimId: of.GetClaimId(), State: of.GetState(), StateSince: of.GetStateSince(), Units: of.GetUnits(),
			OrderId: of.GetOrderId(), ProductId: of.GetProductId(), Remedies: of.GetRemedies(), FiledAt: of.GetFiledAt(),
			WaitsFor: of.GetWaitsFor(), Deadline: of.GetDeadline(), AllowedActions: ownActions(choices),
		},
		Text: p.GetText(),
	}
	if !explain.Open(c.State) {
		out.Claim.Verdict, out.Claim.Award, out.Claim.RefundUnits = of.GetVerdict(), of.GetAward(), of.GetRefundUnits()
	} else {
		for i := range out.Claim.Units {
			out.Claim.Units[i] = &tenfoldv1.UnitVerdict{Ordinal: of.GetUnits()[i].GetOrdinal()}
		}
	}
	if out.Claim.WaitsFor == tenfoldv1.WaitsFor_WAITS_FOR_MERCHANT_FUNDS {
		out.Claim.WaitsFor = tenfoldv1.WaitsFor_WAITS_FOR_UNSPECIFIED // The merchant's money is not the consumer's affair.
	}
	for _, a := range p.GetActionEffects() {
		out.ActionEffects = append(out.ActionEffects, &tenfoldv1.ActionEffect{Action: a.GetAction(), Method: a.GetMethod(), NextState: a.GetNextState()})
	}
	return out
}

// history is the material of an explanation.
type history struct {
	claim    *claim.Claim
	line     *order.Line // Where the catalog asks for it.
	lastMove postgres.MoveRead
	result   *claim.Graded
	// weighing is what was weighed for the last move; nil if that is not known. results are those of the claim.
	weighing *claim.Weighing
	results  []claim.Result
	// broken are results whose chain of custody does not hold.
	broken []claim.Graded
	// retracted are results that were taken back.
	retracted []explain.Retracted
	revision  *claim.Revision
	// commissions are those that are open; commissioned says whether there ever was one.
	commissions  []commission.Commission
	commissioned bool
	// requested are the open requests for evidence.
	requested []claim.EvidenceRequest
}

// retractedMax is how many results that were taken back an explanation names.
const retractedMax = 5

// brokenMax is how many results with a broken chain of custody it names.
const brokenMax = 5

func readHistory(ctx context.Context, r postgres.Reader, catalog *book.Catalog, c *claim.Claim) (history, error) {
	h := history{claim: c}
	var err error
	if h.lastMove, err = r.LastMove(ctx, c.MerchantID, c.ID); err != nil {
		return h, err
	}
	revision, found, err := r.Revision(ctx, c.MerchantID, c.ID)
	if err != nil {
		return h, err
	}
	if found {
		h.revision = &revision
	}
	results, err := r.Results(ctx, c.MerchantID, c.ID, "", partsMax)
	for i := range results {
		// One command has one event, so the result that moved the claim has the
		// move's event.
		graded := catalog.Rules.Version(results[i].Rules).Grade(&results[i], results[i].Chain)
		if results[i].EventNumber == h.lastMove.EventNumber {
			h.result = &graded
		}
		if len(graded.Custody.Findings) > 0 && !results[i].Retracted && len(h.broken) < brokenMax {
			h.broken = append(h.broken, graded)
		}
		if results[i].Retracted && len(h.retracted) < retractedMax {
			h.retracted = append(h.retracted, explain.Retracted{Result: results[i]})
		}
	}
	if err != nil {
		return h, err
	}
	stands, err := addCauses(ctx, r, c, h.retracted)
	if err != nil {
		return h, err
	}
	h.results = results
	if h.weighing, err = readWeighing(ctx, r, c.MerchantID, max(h.lastMove.EventNumber, stands)); err != nil {
		return h, err
	}
	commissions, err := r.CommissionsOfClaim(ctx, c.MerchantID, c.ID, 0, commission.PerClaimMax)
	h.commissioned = len(commissions) > 0
	for i := range commissions {
		if commissions[i].State.Open() {
			h.commissions = append(h.commissions, commissions[i])
		}
	}
	if err != nil {
		return h, err
	}
	requests, err := r.EvidenceRequestsOfClaim(ctx, c.MerchantID, c.ID, 0, claim.EvidenceRequestsMax)
	h.requested = slices.DeleteFunc(requests, func(x claim.EvidenceRequest) bool { return x.State != claim.RequestOpen })
	return h, err
}

// addCauses says of results that were taken back why. It also gives the last event by which the
// verdict of the claim stands on the results that are left; zero for none.
func addCauses(ctx context.Context, r postgres.Reader, c *claim.Claim, retracted []explain.Retracted) (stands int64, err error) {
	if len(retracted) == 0 {
		return 0, nil
	}
	rows, err := r.Retractions(ctx, c.MerchantID, c.ID, partsMax)
	for i := range rows {
		if rows[i].Reweighed == claim.Standing {
			stands = max(stands, rows[i].EventNumber)
		}
	}
	for i := range retracted {
		for n := range rows {
			if rows[n].ResultID == retracted[i].ID {
				retracted[i].Cause, retracted[i].Job = rows[n].Cause, rows[n].Job
			}
		}
	}
	return stands, err
}

// readWeighing reads what was weighed for the decision of an event; nil if it does not say.
func readWeighing(ctx context.Context, r postgres.Reader, merchant string, number int64) (*claim.Weighing, error) {
	row, found, err := r.EventAt(ctx, merchant, number)
	if err != nil || !found || row.Quarantined {
		return nil, err
	}
	e, err := watch.Read(&row)
	if err != nil {
		return nil, nil // An event that cannot be read explains nothing.
	}
	w, ok := claim.ReadWeighing(e.Detail("weighing"))
	if !ok {
		return nil, nil
	}
	return &w, nil
}

// weighingOf is what was weighed for a decision.
func weighingOf(merchant string, w *claim.Weighing) *tenfoldv1.Weighing {
	p := &tenfoldv1.Weighing{RulesVersion: w.Rules}
	for _, x := range w.Results {
		p.Results = append(p.Results, &tenfoldv1.WeighedResult{
			Result: resultName(merchant, x.ResultID), Rank: int32(x.Rank), RungRank: int32(x.Rung), LoweredBy: rankLowerings.protos(x.LoweredBy),
		})
	}
	for _, u := range w.Units {
		p.Units = append(p.Units, &tenfoldv1.WeighedUnit{
			Ordinal: u.Ordinal, Verdict: verdicts.proto(u.Verdict), Rank: int32(u.Rank), Reason: weighingReasons.proto(u.Reason),
			Consequence: consequences.proto(u.Consequence),
		})
	}
	return p
}

func explanationOf(
	who caller, h *history, catalog *book.Catalog, choices []explain.Choice, place *time.Location, reader explain.Audience, l explain.Language,
) *tenfoldv1.ClaimExplanation {
	c := h.claim
	p := &tenfoldv1.ClaimExplanation{
		Claim: who.basicClaim(c), LastMove: moveOf(&h.lastMove), DeadlineEffect: lapseOf(c, h.line, catalog), ActionEffects: effectsOf(choices, c.Currency),
	}
	if h.result != nil {
		p.Result = resultOf(catalog, h.result.Result)
	}
	if h.weighing != nil {
		p.Weighing = weighingOf(c.MerchantID, h.weighing)
	}
	if h.revision != nil {
		p.Verdict = verdictOf(h.revision, c.Currency)
		p.Calculation = calculationOf(&h.revision.Calculation, h.revision.Number)
	}
	write := explain.Explain
	if reader == explain.Consumer {
		write = explain.ToConsumer
	}
	claimant, requested := c.ClaimantID, h.requested
	for _, role := range []principal.Role{who.Role, readerRoles[reader]} {
		if role != "" && hides(role, &tenfoldv1.Claim{}, "claimant_id") {
			claimant = ""
		}
		if role != "" {
			requested = slices.DeleteFunc(slices.Clone(requested), func(x claim.EvidenceRequest) bool { return !seesRequest(role, &x) })
		}
	}
	t := write(l, &explain.Subject{
		Claim: *c, Claimant: claimant, Retracted: h.retracted, Commissions: h.commissions, Commissioned: h.commissioned, Requested: requested,
		Result: h.result, Broken: h.broken, Weighing: h.weighing, Results: h.results, Revision: h.revision, Choices: choices, Place: place,
		Moved: explain.Move{Trigger: h.lastMove.Trigger, Role: h.lastMove.Role, Note: h.lastMove.Note, At: h.lastMove.RecordedAt},
	})
	p.Text = &tenfoldv1.ExplanationText{
		Language: languages.proto(l), Why: t.Why, Turn: t.Turn, Time: t.Time, Award: t.Award, Choices: t.Choices,
	}
	return p
}

// methodFile is the full name of the method that files a claim.
const methodFile = "/tenfold.v1." + methodFileClaim

// language is the language that a request asks for.
func language(l tenfoldv1.Language) explain.Language {
	if l == tenfoldv1.Language_LANGUAGE_UNSPECIFIED {
		return explain.English
	}
	return languages.domain(l)
}

func (s *claimService) DescribeStateMachine(_ context.Context, r *tenfoldv1.DescribeStateMachineRequest) (*tenfoldv1.DescribeStateMachineResponse, error) {
	l := language(r.GetLanguage())
	m := &tenfoldv1.StateMachine{Version: claim.MachineVersion(), Mermaid: claim.Mermaid(), Dot: claim.DOT()}
	for _, state := range claim.States() {
		m.States = append(m.States, stateOf(l, state))
	}
	for _, t := range claim.Triggers() {
		m.Triggers = append(m.Triggers, &tenfoldv1.TriggerDescription{
			Trigger: triggers.proto(t), Meaning: explain.Trigger(l, t), Source: triggerSources.proto(t.Source()),
			Actions: actions.protos(t.Actions()), Roles: pullers(t),
		})
	}
	for _, e := range claim.Edges() {
		m.Edges = append(m.Edges, &tenfoldv1.StateMachineEdge{
			FromState: claimStates.proto(e.From), Trigger: triggers.proto(e.Trigger), ToState: claimStates.proto(e.To),
		})
	}
	for _, a := range claim.Actions() {
		m.Actions = append(m.Actions, &tenfoldv1.ActionDescription{
			Action: actions.proto(a), Meaning: explain.Action(l, a), Method: shortMethod(actionMethods[a]), Roles: takers(a),
		})
	}
	return &tenfoldv1.DescribeStateMachineResponse{StateMachine: m}, nil
}

func stateOf(l explain.Language, s claim.State) *tenfoldv1.StateDescription {
	d := &tenfoldv1.StateDescription{
		State: claimStates.proto(s), Meaning: explain.State(l, s), WaitsFor: parties.proto(s.WaitsFor()),
		Final: s.Final(), Live: s.Live(), Confirmed: s.Confirmed(),
		MoneyEffects: moneyEffects.protos(s.OnEntry().Effects), Money: explain.Money(l, s),
	}
	for _, kind := range s.Fires() {
		one := &tenfoldv1.DeadlineDescription{
			Kind: deadlines.proto(kind), Meaning: explain.Deadline(l, kind), ToState: claimStates.proto(s),
		}
		if t, pulls := kind.Pulls(); pulls {
			to, _ := claim.Next(s, t)
			one.Trigger, one.ToState = triggers.proto(t), claimStates.proto(to)
		}
		d.Deadlines = append(d.Deadlines, one)
	}
	return d
}

// takers are the roles that may take an action, by the access table.
func takers(a claim.Action) []string { return roleNames(methods[actionMethods[a]].roles) }

// pullers are the roles that can pull a trigger.
func pullers(t claim.Trigger) []string {
	if t.Source() == claim.SourceFiling {
		return roleNames(methods[methodFile].roles)
	}
	var out []string
	for _, a := range t.Actions() {
		for _, r := range takers(a) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func roleNames(list []principal.Role) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = string(r)
	}
	return out
}
