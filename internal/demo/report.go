package demo

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/cases"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Report is the result of a demo. Amounts are in fen.
type Report struct {
	Cases        []CaseReport         `json:"cases"`
	Verification []VerificationReport `json:"verification"`
	Load         []LoadReport         `json:"load"`
	Books        []BookReport         `json:"books"`
	TrialBalance []AccountTotal       `json:"trial_balance"`
	Statements   []StatementReport    `json:"statements"`
	Reckoning    *ReckoningReport     `json:"reckoning"`
}

// CaseReport is the result of one published case: Tenfold's award and payments, and
// the award of the court.
type CaseReport struct {
	Case       string `json:"case"`
	Title      string `json:"title"`
	Certainty  string `json:"certainty"`
	Claims     int    `json:"claims"`
	Base       int64  `json:"base_minor"`
	Multiplier string `json:"multiplier"`
	Floor      int64  `json:"floor_minor"`
	// FloorApplied says that the floor determined the award.
	FloorApplied bool  `json:"floor_applied"`
	Compensation int64 `json:"compensation_minor"`
	Refund       int64 `json:"refund_minor"`
	// Paid is the amount that the consumer received.
	Paid                int64 `json:"paid_minor"`
	AwardedCompensation int64 `json:"awarded_compensation_minor"`
	// AwardedRefund is nil if the source does not give it.
	AwardedRefund *int64 `json:"awarded_refund_minor"`
	Match         bool   `json:"match"`
	// unpaid counts claims that are not PAID.
	unpaid int
}

// LoadReport is the result of the claims with one fate.
type LoadReport struct {
	Product     string `json:"product"`
	Destination string `json:"destination"`
	Accepted    bool   `json:"accepted"`
	Expected    string `json:"expected_state"`
	Claims      int    `json:"claims"`
	AsExpected  int    `json:"as_expected"`
}

// BookReport is a merchant's book at the end, with the accounts that moved.
type BookReport struct {
	Merchant string          `json:"merchant"`
	Accounts []AccountReport `json:"accounts"`
}

// AccountReport is one account of a book.
type AccountReport struct {
	Purpose string `json:"purpose"`
	Side    string `json:"side"`
	Debits  int64  `json:"debits_minor"`
	Credits int64  `json:"credits_minor"`
	Balance int64  `json:"balance_minor"`
}

// AccountTotal sums one account over every book.
type AccountTotal struct {
	Purpose string `json:"purpose"`
	Debits  int64  `json:"debits_minor"`
	Credits int64  `json:"credits_minor"`
}

// Matches says whether all results are the expected ones.
func (r *Report) Matches() bool {
	for _, c := range r.Cases {
		if !c.Match {
			return false
		}
	}
	for _, v := range r.Verification {
		if !v.Match {
			return false
		}
	}
	for _, l := range r.Load {
		if l.AsExpected != l.Claims {
			return false
		}
	}
	for _, x := range r.Statements {
		if !x.Ties {
			return false
		}
	}
	debits, credits := r.Totals()
	return debits == credits && r.Reckoning != nil && r.Reckoning.Matches()
}

// Totals are all debits and all credits of all books; they must be equal.
func (r *Report) Totals() (debits, credits int64) {
	for _, t := range r.TrialBalance {
		debits += t.Debits
		credits += t.Credits
	}
	return debits, credits
}

func newCaseReport(c *cases.Case) CaseReport {
	r := CaseReport{
		Case: c.ID, Title: c.Title, Certainty: c.Certainty, Floor: int64(c.Floor), AwardedCompensation: int64(c.AwardedCompensation),
	}
	if c.AwardedRefund != nil {
		refund := int64(*c.AwardedRefund)
		r.AwardedRefund = &refund
	}
	return r
}

// add adds one claim to its case.
func (r *CaseReport) add(c *tenfoldv1.Claim) {
	calculation := c.GetCalculation()
	r.Claims++
	r.Base += calculation.GetBase().GetMinorUnits()
	r.Multiplier = multiplier(calculation.GetMultiplier())
	r.FloorApplied = calculation.GetFloorApplied()
	r.Compensation += c.GetAward().GetCompensation().GetMinorUnits()
	r.Refund += c.GetAward().GetRefund().GetMinorUnits()
	r.Paid += c.GetFunding().GetPaidRefund().GetMinorUnits() + c.GetFunding().GetPaidCompensation().GetMinorUnits()
	if c.GetState() != paid {
		r.unpaid++
	}
}

// compare compares award and payments with the award of the court.
func (r *CaseReport) compare() {
	r.Match = r.unpaid == 0 && r.Compensation == r.AwardedCompensation && r.Paid == r.Compensation+r.Refund &&
		(r.AwardedRefund == nil || r.Refund == *r.AwardedRefund)
}

func multiplier(r *tenfoldv1.Ratio) string {
	if r.GetDenominator() == 1 {
		return strconv.FormatInt(r.GetNumerator(), 10) + "×"
	}
	return strconv.FormatInt(r.GetNumerator(), 10) + "/" + strconv.FormatInt(r.GetDenominator(), 10) + "×"
}

func stateName(s tenfoldv1.ClaimState) string { return strings.TrimPrefix(s.String(), "CLAIM_STATE_") }

// readBooks reads every book that the demo opened.
func (m *market) readBooks(ctx context.Context) ([]BookReport, error) {
	books := make([]BookReport, len(m.merchants))
	for i, merchant := range m.merchants {
		m.config.Progress("reading books", i, len(m.merchants))
		got, err := call(ctx, m, finance, m.books.GetBook, &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
		if err != nil {
			return nil, err
		}
		books[i] = BookReport{Merchant: merchant}
		for _, a := range got.GetBook().GetAccounts() {
			if a.GetDebits().GetMinorUnits() == 0 && a.GetCredits().GetMinorUnits() == 0 {
				continue
			}
			books[i].Accounts = append(books[i].Accounts, AccountReport{
				Purpose: strings.TrimPrefix(a.GetPurpose().String(), "ACCOUNT_PURPOSE_"),
				Side:    strings.TrimPrefix(a.GetNormalSide().String(), "ACCOUNT_SIDE_"),
				Debits:  a.GetDebits().GetMinorUnits(), Credits: a.GetCredits().GetMinorUnits(), Balance: a.GetBalance().GetMinorUnits(),
			})
		}
	}
	m.config.Progress("reading books", len(m.merchants), len(m.merchants))
	return books, nil
}

// trialBalance sums each account over all books.
func trialBalance(books []BookReport) []AccountTotal {
	var totals []AccountTotal
	for _, b := range books {
		for _, a := range b.Accounts {
			at := slices.IndexFunc(totals, func(t AccountTotal) bool { return t.Purpose == a.Purpose })
			if at < 0 {
				at = len(totals)
				totals = append(totals, AccountTotal{Purpose: a.Purpose})
			}
			totals[at].Debits += a.Debits
			totals[at].Credits += a.Credits
		}
	}
	slices.SortFunc(totals, func(a, b AccountTotal) int { return cmp.Compare(a.Purpose, b.Purpose) })
	return totals
}
