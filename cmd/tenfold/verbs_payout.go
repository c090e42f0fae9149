package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newPayout() *cobra.Command {
	return newGroup("payout", "Show payouts, send them again, and report what became of them", slices.Concat(payoutVerbs(), couponVerbs()))
}

// outNumber is the argument that names a payout of any merchant by its out-number.
func outNumber() input { return input{name: "OUT-NUMBER", field: "out_number", required: true} }

// anyMerchant has a payout found by its out-number alone.
func anyMerchant() map[string]string { return map[string]string{"parent": "merchants/-"} }

func occurredAt() input {
	return input{name: "occurred-at", field: "occurred_at", usage: "when it happened", required: true}
}

// payoutVerbs are the commands on payouts.
func payoutVerbs() []verb {
	return []verb{
		{
			use: "list MERCHANT|CLAIM", method: "ClaimService/ListPayouts", role: principal.RoleFinance, thing: "payout",
			short: "List the payouts of a claim, of a merchant or of all merchants, oldest first",
			long:  "List the payouts of a claim, of a merchant, or of all merchants (\"-\"), oldest first.",
			examples: []string{
				"payout list m1 --state failed", "payout list 1KJPW-D6M05-F2S5T-CT5FM",
				`payout list - --filter 'instructed_at >= "2026-03-01T00:00:00+08:00" AND part = REFUND' -o csv`,
			},
			args: []input{{name: "MERCHANT|CLAIM", field: "parent", required: true, put: merchantOrClaim}},
			flags: []input{
				{name: "state", field: "state", usage: "only payouts in this state"},
				byFilter(`gateway_reference = "4200001983"`), inOrder("instructed_at or 'instructed_at desc'"),
			},
		},
		{
			use: "retry PAYOUT", method: "ClaimService/RetryPayout", role: principal.RoleFinance,
			short: "Send the money of a failed or returned payout again",
			long: "Send the money of a claim's failed and returned payouts again. A payout can go to another destination only once the\n" +
				"payment service, asked after the payout's last moment, still says that it failed. Needs --person.",
			examples: []string{"payout retry m1/p-17 --person fay", "payout retry m1/p-17 --person fay --destination wallet-12 --note 'the wallet was closed' --yes"},
			args:     []input{{name: "PAYOUT", field: "name", required: true, as: under("payouts")}},
			flags: []input{
				{name: "destination", field: "payout_destination", usage: "new destination; that of the claim if it is not given"}, aNote(),
			},
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_RETRY_PAYOUT, risk: "Money is sent to the consumer", complete: claimOfPayout,
		},
		{
			use: "redirect CLAIM", method: "PayoutDestinationService/ChangePayoutDestination", role: principal.RoleOrderService, about: "name",
			short:    "Change where a claim is paid to",
			long:     "Change where a claim is paid to, while nothing is under way. It sends nothing.",
			examples: []string{"payout redirect 1KJPW-D6M05-F2S5T-CT5FM --destination wallet-12 --reason 'asked for in ticket 88, called back' --yes"},
			args:     []input{aClaim("name")},
			flags: []input{
				{name: "destination", field: "payout_destination", usage: "the new destination", required: true},
				{name: "reason", field: "reason", usage: "why, and how you made sure that the consumer asked for it", required: true},
			},
			risk: "The consumer is paid at another destination from now on",
		},
		{
			use: "report OUT-NUMBER", method: "ClaimService/ReportPayoutOutcome", role: principal.RoleFinance,
			short:    "Report the outcome of a payout that is known from elsewhere",
			long:     "Record the outcome of a payout, such as one that the channel's bill shows. Payment services report outcomes by themselves.",
			examples: []string{"payout report 7Q2K9 --outcome succeeded --gateway-reference ch-881 --occurred-at 2026-03-02T09:00:00Z --yes"},
			args:     []input{outNumber()},
			flags: []input{
				{name: "outcome", field: "outcome", usage: "succeeded, failed or returned", required: true}, occurredAt(),
				{name: "gateway-reference", field: "gateway_reference", usage: "reference of the payment channel; may be left out for a failure"},
				{name: "failure-code", field: "failure_code", usage: "the channel's code for a failure or return"},
				{name: "amount", field: "amount", usage: "amount that was paid or came back in all, such as 12.34CNY; the whole if it is not given"},
				{name: "try-number", field: "try_number", usage: "the try that the outcome is about"},
				{name: "coupon-expires-at", field: "coupon_expires_at", usage: "expiry of a coupon"},
			},
			fixed: anyMerchant(), risk: "The outcome is booked",
		},
	}
}

// couponVerbs are the commands on coupons that were paid out.
func couponVerbs() []verb {
	return []verb{
		{
			use: "coupon-redeemed OUT-NUMBER", method: "MerchantMoneyService/ReportCouponRedeemed", role: principal.RoleFinance,
			short:    "Book that a coupon was spent, or a part of it",
			long:     "Book that a consumer spent a coupon, or a part of it.",
			examples: []string{"payout coupon-redeemed 7Q2K9 --amount 20.00CNY --purchase-reference order-9 --occurred-at 2026-03-02T09:00:00Z --yes"},
			args:     []input{outNumber()},
			flags: []input{
				{name: "amount", field: "amount", usage: "the spent amount with its currency, such as 20.00CNY", required: true},
				{name: "purchase-reference", field: "purchase_reference", usage: "reference of the purchase; it can be used once over all merchants", required: true},
				occurredAt(),
			},
			fixed: anyMerchant(), risk: "The amount is booked as spent",
		},
		{
			use: "coupon-lapsed OUT-NUMBER", method: "MerchantMoneyService/ReportCouponLapsed", role: principal.RoleFinance,
			short:    "Book that a coupon expired",
			long:     "Book that a coupon expired. What is left on it lies in suspense.",
			examples: []string{"payout coupon-lapsed 7Q2K9 --occurred-at 2026-09-02T09:00:00Z --yes"},
			args:     []input{outNumber()}, flags: []input{occurredAt()}, fixed: anyMerchant(), risk: "The rest of the coupon goes into suspense",
		},
	}
}

// merchantOrClaim fills the parent with a merchant, or with a claim.
func merchantOrClaim(x *call, texts []string) error {
	text := texts[0]
	_, isID := claim.ParseID(text)
	if _, err := under("claims")(text); isID || err == nil {
		return claimInto("parent")(x, texts)
	}
	return setField(x, "parent", []string{merchantNameOf(text)})
}

// claimOfPayout finds and reads the claim of the payout that the request names.
func claimOfPayout(x *call) error {
	name := x.request.(*tenfoldv1.RetryPayoutRequest).GetName()
	var of string
	err := everyPage(func(token string) (*tenfoldv1.ListPayoutsResponse, error) {
		return tenfoldv1.NewClaimServiceClient(x.conn).ListPayouts(x.cmd.Context(),
			&tenfoldv1.ListPayoutsRequest{Parent: bookOf(name), PageSize: pageMax, PageToken: token})
	}, func(page *tenfoldv1.ListPayoutsResponse) {
		for _, p := range page.GetPayouts() {
			if p.GetName() == name {
				of = p.GetClaim()
			}
		}
	})
	if err != nil {
		return err
	}
	if of == "" {
		return fmt.Errorf("PAYOUT_NOT_FOUND: %s has no payout %s", bookOf(name), idOf(name))
	}
	x.claim, err = x.readClaim(of)
	return err
}
