package book_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

func (s *scenario) tellBalances(merchant string, _ args) (told []string, _ error) {
	h := s.Rows(merchant).Head
	for _, p := range ledger.Purposes() {
		if b := h.Balances.At(p).Of(p); b != 0 {
			told = append(told, fmt.Sprintf("%-19s %12s", p, yuan(b)))
		}
	}
	if len(told) == 0 {
		told = append(told, "every account is at 0.00")
	}
	return told, nil
}

func (s *scenario) tellMerchant(merchant string, _ args) ([]string, error) {
	h := s.Rows(merchant).Head
	told := []string{fmt.Sprintf("open claims may cost %s; %s are free", yuan(h.Exposure), yuan(h.Free()))}
	if h.Demanded > 0 {
		until := "and overdue"
		if !h.DemandDeadline.IsZero() {
			until = "until " + inBeijing(h.DemandDeadline)
		}
		told = append(told, fmt.Sprintf("%s are demanded %s", yuan(h.Demanded), until))
	}
	if !h.Sweep.Since.IsZero() {
		told = append(told, fmt.Sprintf("a sweep is due: of the deposit %s, of shop funds %s", yuan(h.Sweep.Deposit), yuan(h.Sweep.ShopFunds)))
	}
	switch {
	case !h.ExitedAt.IsZero():
		told = append(told, "has left")
	case !h.ExitBegunAt.IsZero():
		told = append(told, "is leaving")
	}
	return told, nil
}

// tellClaim tells where a claim stands, and of its money what is not zero.
func (s *scenario) tellClaim(merchant string, a args) ([]string, error) {
	c := s.claim(merchant, s.on(a))
	told := []string{fmt.Sprintf("%s, %s, awarded %s and %s", c.State, c.Verdict, yuan(c.Award.Refund), yuan(c.Award.Compensation))}
	sums := func(what string, amounts ...any) {
		var parts []string
		for i := 0; i < len(amounts); i += 2 {
			if amount := amounts[i+1].(money.Amount); amount != 0 {
				parts = append(parts, fmt.Sprintf("%s %s", amounts[i], yuan(amount)))
			}
		}
		if len(parts) > 0 {
			told = append(told, what+strings.Join(parts, ", "))
		}
	}
	if units := c.RefundUnits(); len(units) > 0 {
		told = append(told, fmt.Sprintf("the refund path is open for %v", units))
	}
	f := &c.Funding
	sums("set aside: ", "in all", f.Held)
	sums("borne by: ", "deposit", f.FromDeposit, "shop funds", f.FromShopFunds, "advance", f.Advanced, "write-off", f.WrittenOff,
		"platform", f.Lost, "consumer", f.ClawedBack, "nobody yet", c.Shortfall())
	sums("paid: ", "refund", f.RefundPaid, "compensation", f.CompensationPaid)
	sums("under way: ", "refund", f.RefundInFlight, "compensation", f.CompensationInFlight)
	sums("failed: ", "refund", f.RefundFailed, "compensation", f.CompensationFailed)
	sums("given back by the consumer: ", "in all", f.Repaid)
	sums("fees: ", "paid by the claimant", c.Fees.Claimant, "paid by the platform", c.Fees.Fronted, "charged to the merchant", c.Fees.Merchant,
		"charged to the consumer", c.Fees.Consumer, "still owed", c.Fees.Owed, "written off", c.Fees.WrittenOff)
	if c.Escalated {
		told = append(told, "a person has to look")
	}
	if c.Funding.Held > 0 {
		told = append(told, "what is set aside expires "+inBeijing(c.HoldExpiresAt))
	}
	return told, nil
}

// tellDebts lists what the merchant owes, in the order in which income goes to it.
func (s *scenario) tellDebts(merchant string, _ args) (told []string, _ error) {
	place := func(d debt.Debt) int { return slices.Index(debt.Kinds(), d.Kind) }
	list := slices.SortedFunc(maps.Values(s.Rows(merchant).Debts), func(a, b debt.Debt) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	for _, d := range list {
		told = append(told, fmt.Sprintf("%-10s %12s  %s", d.Kind, yuan(d.Open), s.named(d.ID)))
	}
	if len(told) == 0 {
		told = append(told, "nothing is owed")
	}
	return told, nil
}
