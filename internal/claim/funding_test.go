package claim_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Would catch a bearer that is counted twice or not at all, and money of which
// nobody could say whether it is payable, on its way or with the consumer.
func TestFundingAddsUp(t *testing.T) {
	t.Parallel()
	f := claim.Funding{
		Held:        9_000_000,
		FromDeposit: 1, FromShopFunds: 20, Advanced: 300, WrittenOff: 4_000, Lost: 50_000, ClawedBack: 600_000,
		RefundInFlight: 2, CompensationInFlight: 10, RefundPaid: 100, CompensationPaid: 1_000,
		RefundFailed: 3, CompensationFailed: 30, Repaid: 7_000_000,
	}
	for name, c := range map[string]struct{ got, want money.Amount }{
		"the merchant bears deposit, shop funds, debt and what was written off": {f.Borne(), 4_321},
		"all bearers":                  {f.Funded(), 654_321},
		"in flight":                    {f.InFlight(), 12},
		"paid, net of what was repaid": {f.Paid(), 1_100},
		"failed":                       {f.Failed(), 33},
		"payable, failed or not":       {f.Payable(), 653_209},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
}

// Would catch a shortfall before there is a debit, one below zero, and one that
// counts what the platform lost or the consumer owes as borne by the merchant.
func TestShortfallIsWhatTheMerchantHasNotBorne(t *testing.T) {
	t.Parallel()
	c := claim.Claim{
		Award:   claim.Award{Refund: 100, Compensation: 1_000},
		Funding: claim.Funding{FromDeposit: 300, FromShopFunds: 200, Advanced: 70, WrittenOff: 30, Lost: 40, ClawedBack: 50},
	}
	for _, s := range claim.States() {
		c.State = s
		want := money.Amount(0)
		if s.Confirmed() {
			want = 500
		}
		if got := c.Shortfall(); got != want {
			t.Errorf("the shortfall in %s is %d, want %d", s, got, want)
		}
	}
	c.State, c.Award = claim.Paid, claim.Award{}
	if got := c.Shortfall(); got != 0 {
		t.Errorf("borne beyond the award, the shortfall is %d", got)
	}
}

// Would catch income that is set aside for a claim which nobody has decided, or
// which is confirmed already, and one hold too many for what has been borne.
func TestUnheldIsWhatWaitsToBeSetAside(t *testing.T) {
	t.Parallel()
	waits := map[claim.State]bool{claim.Notified: true, claim.Appealed: true, claim.AwaitingApproval: true}
	for _, s := range claim.States() {
		for name, c := range map[string]struct {
			funding claim.Funding
			want    money.Amount
		}{
			"nothing is held":            {claim.Funding{}, 1_100},
			"a part is held":             {claim.Funding{Held: 400}, 700},
			"a part was borne before":    {claim.Funding{FromDeposit: 600, Held: 400}, 100},
			"all is held":                {claim.Funding{Held: 1_100}, 0},
			"more is held than is owed":  {claim.Funding{Held: 1_101}, 0},
			"the platform bore the rest": {claim.Funding{Lost: 1_100}, 1_100},
		} {
			if !waits[s] {
				c.want = 0
			}
			x := claim.Claim{State: s, Award: claim.Award{Refund: 100, Compensation: 1_000}, Funding: c.funding}
			if got := x.Unheld(); got != c.want {
				t.Errorf("%s in %s: %d are unheld, want %d", name, s, got, c.want)
			}
		}
	}
}

// Would catch a merchant who may take out what an open claim can still cost, and
// one whose money is kept for claims that are over.
func TestExposureIsWhatAClaimMayYetCost(t *testing.T) {
	t.Parallel()
	base := claim.Claim{Potential: 5_000, Award: claim.Award{Refund: 100, Compensation: 1_000}}
	for name, c := range map[string]struct {
		state   claim.State
		verdict claim.Verdict
		funding claim.Funding
		want    money.Amount
	}{
		"undecided, it may cost all that was estimated":   {claim.Authenticating, claim.Pending, claim.Funding{}, 5_000},
		"in review of a first verdict":                    {claim.InReview, claim.Inconclusive, claim.Funding{}, 5_000},
		"reopened after a debit":                          {claim.InReview, claim.Genuine, claim.Funding{FromDeposit: 1_100}, 3_900},
		"in review, still counterfeit":                    {claim.InReview, claim.Counterfeit, claim.Funding{Held: 1_100}, 1_100},
		"notified: what is held is a cost yet to come":    {claim.Notified, claim.Counterfeit, claim.Funding{Held: 1_100}, 1_100},
		"notified anew: what was borne is a cost no more": {claim.Notified, claim.Counterfeit, claim.Funding{FromDeposit: 600}, 500},
		"appealed":                    {claim.Appealed, claim.Counterfeit, claim.Funding{}, 1_100},
		"waiting for approvers":       {claim.AwaitingApproval, claim.Counterfeit, claim.Funding{}, 1_100},
		"being paid and borne":        {claim.Paying, claim.Counterfeit, claim.Funding{FromShopFunds: 1_100}, 0},
		"being paid and short":        {claim.Paying, claim.Counterfeit, claim.Funding{FromDeposit: 700, Advanced: 100}, 300},
		"paid at the platform's loss": {claim.PayoutFailed, claim.Counterfeit, claim.Funding{Lost: 1_100}, 1_100},
		"paid":                        {claim.Paid, claim.Counterfeit, claim.Funding{FromDeposit: 1_100}, 0},
		"borne beyond the award":      {claim.Notified, claim.Counterfeit, claim.Funding{FromDeposit: 1_200}, 0},
		"rejected":                    {claim.Rejected, claim.Genuine, claim.Funding{}, 0},
		"withdrawn":                   {claim.Withdrawn, claim.Counterfeit, claim.Funding{}, 0},
		"expired":                     {claim.Expired, claim.Pending, claim.Funding{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := base
			x.State, x.Verdict, x.Funding = c.state, c.verdict, c.funding
			if got := x.Exposure(); got != c.want {
				t.Errorf("the exposure is %d, want %d", got, c.want)
			}
		})
	}
}
