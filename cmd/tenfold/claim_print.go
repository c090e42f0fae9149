package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// facts prints aligned pairs of a name and a value.
func (o *output) facts(title string, pairs ...[2]string) {
	t := o.newTable(title, column{title: ""}, column{title: ""})
	t.ResetHeaders()
	for _, p := range pairs {
		if p[1] != "" {
			t.AppendRow(table.Row{p[0], p[1]})
		}
	}
	o.render(t)
}

// printClaim prints a claim for somebody who has to explain it.
func printClaim(o *output, c *tenfoldv1.Claim, moves []*tenfoldv1.Move) {
	deadline := ""
	if d := c.GetDeadline(); d != nil {
		deadline = word(d.GetKind()) + " at " + o.when(d.GetPassesAt())
	}
	o.facts("Claim "+c.GetClaimId(),
		[2]string{"name", c.GetName()},
		[2]string{"state", word(c.GetState()) + led(" since ", o.since(c.GetStateSince()))},
		[2]string{"waits for", word(c.GetWaitsFor())},
		[2]string{"deadline", deadline},
		[2]string{"escalated", o.escalated(c)},
		[2]string{"re-test", o.retest(c)},
		[2]string{"assignee", c.GetAssignee()},
		[2]string{"external reference", c.GetExternalReference()},
		[2]string{"labels", labelled(c.GetLabels())},
		[2]string{"verdict", verdict(c)},
		[2]string{"units", units(c.GetUnits())},
		[2]string{"refund path", refundPath(c.GetRefundUnits())},
		[2]string{"order", listed(", ", c.GetOrderId(), led("line ", c.GetOrderLineName()))},
		[2]string{"product", c.GetProductId()},
		[2]string{"claimant", listed(", ", c.GetClaimantId(), word(c.GetClaimantRole()))},
		[2]string{"basis", basis(c)},
		[2]string{"policy", c.GetPolicyVersion()},
		[2]string{"sampling case", c.GetSamplingCase()},
		[2]string{"paid in", word(c.GetPayoutForm())},
		[2]string{"debit confirmed", o.since(c.GetConfirmedAt())},
		[2]string{"clock stopped since", o.since(c.GetClockStoppedAt())},
		[2]string{"held until", o.since(c.GetHoldExpiresAt())},
		[2]string{"possible now", actions(c.GetActionEffects())},
		[2]string{"etag", c.GetEtag()},
	)
	printMoney(o, c)
	printBearers(o, c.GetFunding())
	printCalculation(o, c.GetCalculation())
	printResults(o, c.GetResults())
	printPayouts(o, c.GetPayouts())
	printRevisions(o, c.GetRevisions())
	printAppeals(o, c.GetAppeals())
	printApprovals(o, c.GetApprovals())
	printEvidence(o, c.GetEvidence())
	printMoves(o, moves)
}

// labelled writes labels by key.
func labelled(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ", ")
}

func units(list []*tenfoldv1.UnitVerdict) string {
	parts := make([]string, len(list))
	for i, u := range list {
		parts[i] = fmt.Sprintf("%d %s", u.GetOrdinal(), word(u.GetVerdict()))
	}
	return strings.Join(parts, ", ")
}

// refundPath names the units that may be refunded as any other goods.
func refundPath(units []int32) string {
	if len(units) == 0 {
		return ""
	}
	parts := make([]string, len(units))
	for i, n := range units {
		parts[i] = strconv.Itoa(int(n))
	}
	return "open for unit " + strings.Join(parts, ", ")
}

// verdict is the verdict of a claim with its number; empty before the first.
func verdict(c *tenfoldv1.Claim) string {
	if c.GetRevision() == 0 {
		return word(c.GetVerdict())
	}
	return listed(", ", standing(c), fmt.Sprintf("revision %d", c.GetRevision()))
}

// standing is the verdict of a claim, and that it is contested where a person decides anew: its
// amount may never be paid.
func standing(c *tenfoldv1.Claim) string {
	undecided := []tenfoldv1.ClaimState{
		tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING, tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW, tenfoldv1.ClaimState_CLAIM_STATE_APPEALED,
	}
	if c.GetRevision() > 0 && slices.Contains(undecided, c.GetState()) {
		return word(c.GetVerdict()) + " (contested)"
	}
	return word(c.GetVerdict())
}

// basis is the basis of a claim with the one that was asked for.
func basis(c *tenfoldv1.Claim) string {
	asked := ""
	if choice := word(c.GetLegalBasisChoice()); choice != "" {
		asked = "(asked for: " + choice + ")"
	}
	return listed(" ", word(c.GetLegalBasis()), asked)
}

// actions are what the caller's own role can do.
func actions(effects []*tenfoldv1.ActionEffect) string {
	var parts []string
	for _, e := range effects {
		if a := word(e.GetAction()); !slices.Contains(parts, a) {
			parts = append(parts, a)
		}
	}
	return strings.Join(parts, ", ")
}

func printMoney(o *output, c *tenfoldv1.Claim) {
	f := c.GetFunding()
	printAmounts(o, "Money", []amountRow{
		{"refund awarded", c.GetAward().GetRefund()}, {"compensation awarded", c.GetAward().GetCompensation()},
		{"may yet cost the merchant", c.GetExposure()}, {"held", f.GetHeld()},
		{"shortfall nobody funds yet", f.GetShortfall()}, {"on its way", f.GetInFlight()},
		{"failed, waits for an operator", f.GetFailed()}, {"refund paid", f.GetPaidRefund()},
		{"compensation paid", f.GetPaidCompensation()}, {"given back by the consumer", f.GetRepaid()},
	})
}

// printBearers prints the bearers of the funded amount.
func printBearers(o *output, f *tenfoldv1.Funding) {
	printAmounts(o, "Borne by", []amountRow{
		{"the merchant's deposit", f.GetCapturedFromDeposit()}, {"the merchant's shop funds", f.GetCapturedFromShopFunds()},
		{"the platform, owed by the merchant", f.GetAdvanced()}, {"the platform, written off", f.GetWrittenOff()},
		{"the platform, lost", f.GetLost()}, {"the consumer, owed back", f.GetClawedBack()},
	})
}

// amountRow is an amount with its name.
type amountRow struct {
	what   string
	amount *tenfoldv1.Money
}

// printAmounts prints the amounts that are not zero, and nothing if all are zero.
func printAmounts(o *output, title string, rows []amountRow) {
	t := o.newTable(title, column{title: "What"}, column{"Amount", true})
	for _, row := range rows {
		if row.amount.GetMinorUnits() != 0 {
			t.AppendRow(table.Row{row.what, sum(row.amount)})
		}
	}
	if t.Length() > 0 {
		o.render(t)
	}
}

func printCalculation(o *output, c *tenfoldv1.Calculation) {
	if c == nil {
		return
	}
	t := o.newTable("Calculation, step by step", column{title: "Step"}, column{title: "Rule"}, column{title: "Operands"}, column{"Amount", true})
	for _, s := range c.GetSteps() {
		t.AppendRow(table.Row{s.GetCode(), s.GetRule(), s.GetNote(), stepAmount(s)})
	}
	o.render(t)
}

// stepAmount is the amount of a step; a dash for one that has a number and no amount, which its
// note tells.
func stepAmount(s *tenfoldv1.CalculationStep) string {
	if s.GetCode() == policy.StepMultiplier {
		return "–"
	}
	return sum(s.GetAmount())
}

func printResults(o *output, list []*tenfoldv1.AuthenticationResult) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Authentication results", column{title: "Result"}, column{title: "Authenticator"}, column{title: "Report"}, column{title: "Sample"},
		column{"Rank", true}, column{title: "Custody"}, column{title: "Units"}, column{title: "Recorded"}, column{title: ""})
	for _, r := range list {
		t.AppendRow(table.Row{
			r.GetName(), r.GetAuthenticator(), r.GetReportNumber(), word(r.GetSampleSource()), r.GetRank(), word(r.GetCustody().GetState()), units(r.GetUnitVerdicts()), o.when(r.GetRecordedAt()), retracted(r),
		})
	}
	o.render(t)
}

func printPayouts(o *output, list []*tenfoldv1.Payout) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Payouts", column{title: "Payout"}, column{title: "Part"}, column{title: "Form"}, column{"Amount", true}, column{title: "State"}, column{title: "Out-number"}, column{title: "Gateway"}, column{title: "Failure"}, column{title: "Answered"})
	t.currency = true
	for _, p := range list {
		t.AppendRow(table.Row{
			p.GetName(), word(p.GetPart()), word(p.GetForm()), sumCell{p.GetAmount()}, word(p.GetState()), p.GetOutNumber(), p.GetGatewayReference(), p.GetFailureCode(), o.when(p.GetAnsweredAt()),
		})
	}
	o.render(t)
}

func printMoves(o *output, list []*tenfoldv1.Move) {
	t := o.newTable("What happened", column{title: "When"}, column{title: "State"}, column{title: "Because"}, column{title: "By"}, column{title: "Person"}, column{title: "Note"})
	for _, m := range list {
		t.AppendRow(table.Row{
			o.when(m.GetMovedAt()), word(m.GetToState()), word(m.GetTrigger()), byWhom(m.GetWorkload(), m.GetRole(), ""), m.GetPerson(), m.GetNote(),
		})
	}
	o.render(t)
}

func printClaims(o *output, list *tenfoldv1.ListClaimsResponse) {
	t := o.newTable("", column{title: "Claim"}, column{title: "Book"}, column{title: "Order"}, column{title: "State"}, column{title: "Since"},
		column{title: "Waits for"}, column{title: "Assigned to"}, column{title: "Deadline"}, column{title: "Due"}, column{title: "Overdue since"},
		column{title: "Verdict"}, column{"Awarded", true})
	t.currency = true
	t.SuppressEmptyColumns()
	for _, c := range list.GetClaims() {
		book, _, _ := strings.Cut(strings.TrimPrefix(c.GetName(), "merchants/"), "/")
		t.AppendRow(table.Row{
			c.GetClaimId(), book, c.GetOrderId(), word(c.GetState()), o.when(c.GetStateSince()), word(c.GetWaitsFor()),
			c.GetAssignee(), deadlineKind(c), o.due(c), o.when(c.GetEscalatedAt()), standing(c), sumCell{awarded(c)},
		})
	}
	o.render(t)
}

// deadlineKind is the deadline that runs for a claim, of one whose deadline has passed that a
// person has to look, and of one for whose re-test nobody could be drawn why.
func deadlineKind(c *tenfoldv1.Claim) string {
	kind := word(c.GetDeadline().GetKind())
	if c.GetEscalated() {
		kind = listed(", ", "ESCALATED", kind)
	}
	if c.GetRetestHeld() != 0 {
		kind = listed(", ", kind, "re-test: "+word(c.GetRetestHeld()))
	}
	return kind
}

// due is when the deadline of a claim passes.
func (o *output) due(c *tenfoldv1.Claim) string { return o.when(c.GetDeadline().GetPassesAt()) }

// escalated says whether, since when and why a person has to look at a claim.
func (o *output) escalated(c *tenfoldv1.Claim) string {
	if !c.GetEscalated() {
		return ""
	}
	return "yes" + led(" since ", o.when(c.GetEscalatedAt())) + ": a deadline passed, or the gateway contradicts itself; a person has to look"
}

// retest says when a body is drawn for a re-test, or why nobody could be.
func (o *output) retest(c *tenfoldv1.Claim) string {
	at := o.when(c.GetRetestAt())
	if c.GetRetestHeld() != 0 {
		return word(c.GetRetestHeld()) + ": nobody could be drawn" + led("; tried again at ", at)
	}
	return led("a body is drawn at ", at)
}

// awarded is the whole award of a claim; none before the first.
func awarded(c *tenfoldv1.Claim) *tenfoldv1.Money {
	a := c.GetAward()
	if a == nil {
		return nil
	}
	return &tenfoldv1.Money{
		CurrencyCode: a.GetRefund().GetCurrencyCode(), MinorUnits: a.GetRefund().GetMinorUnits() + a.GetCompensation().GetMinorUnits(),
	}
}
