package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var english = &catalogue{
	states: map[claim.State]string{
		claim.Authenticating:   "Waits for an authentication result on every claimed unit.",
		claim.InReview:         "Waits for a person to decide what results alone cannot.",
		claim.Notified:         "Waits for the merchant to accept, or for the notice period to pass.",
		claim.Appealed:         "Waits for the appeal panel.",
		claim.AwaitingApproval: "Waits for two approvers of the amount.",
		claim.Paying:           "Waits for the payout gateway, or for money to fund the rest.",
		claim.PayoutFailed:     "Waits for an operator to retry a payout that failed or came back.",
		claim.Paid:             "Waits for nobody: everything awarded has reached the consumer.",
		claim.Rejected:         "Waits for nobody: nothing is owed.",
		claim.Withdrawn:        "Waits for nobody: the claimant took the claim back.",
		claim.Expired:          "Waits for nobody: the proof never came.",
	},
	names: map[claim.State]string{
		claim.Authenticating: "being authenticated", claim.InReview: "in review", claim.Notified: "notified to the merchant",
		claim.Appealed: "under appeal", claim.AwaitingApproval: "awaiting approval", claim.Paying: "being paid",
		claim.PayoutFailed: "stopped at a failed payout", claim.Paid: "paid", claim.Rejected: "rejected",
		claim.Withdrawn: "withdrawn", claim.Expired: "expired",
	},
	triggers: map[claim.Trigger]string{
		claim.Filed:               "the consumer filed it through the order service",
		claim.ResultCounterfeit:   "sufficient results found at least one unit counterfeit",
		claim.ResultGenuine:       "sufficient results found every unit genuine",
		claim.ResultUndecided:     "the results conflict, conclude nothing, or are too weak to decide alone",
		claim.ResultLapsed:        "the wait for a result ran out",
		claim.ReviewUpheld:        "a reviewer found units counterfeit",
		claim.ReviewRejected:      "a reviewer found that nothing is owed",
		claim.ReviewRetest:        "a reviewer asked for another result",
		claim.ReviewExpired:       "a reviewer closed it because the proof never came",
		claim.Accepted:            "the merchant agreed to the debit",
		claim.NoticeLapsed:        "the notice period passed without an answer",
		claim.PaidInFull:          "the last part of the award reached the consumer",
		claim.PayoutFailedForGood: "the payout gateway failed a payout for good",
		claim.PayoutRetried:       "an operator sent a failed payout again",
		claim.PayoutReturned:      "a payout came back after it had succeeded",
		claim.WithdrawnByClaimant: "the claimant took it back",
	},
	parties: map[claim.Party]string{
		claim.PartyAuthenticator: "an authenticator, with a result", claim.PartyReviewer: "a reviewer, with a decision",
		claim.PartyMerchant: "the merchant, with an answer", claim.PartyAppealPanel: "the appeal panel, with a decision",
		claim.PartyApprovers: "two approvers of the amount", claim.PartyGateway: "the payout gateway, with an outcome",
		claim.PartyOperator: "an operator, with another attempt", claim.PartyNobody: "nobody; the claim has ended",
	},
	actions: map[claim.Action]string{
		claim.ActionRecordResult: "Recording a result", claim.ActionDecideReview: "Deciding the review",
		claim.ActionConfirmNotice: "Confirming that the notice was delivered", claim.ActionAccept: "Accepting the claim",
		claim.ActionWithdraw: "Withdrawing the claim", claim.ActionRetryPayout: "Retrying the payout",
	},
	deadlines: map[claim.Deadline]string{
		claim.DeadlineResult:         "the wait for a result ends and the claim goes to review",
		claim.DeadlineReview:         "the review escalates to a person; the claim stays",
		claim.DeadlineNoticeDelivery: "the undelivered notice escalates to a person; the claim stays and nothing is debited",
		claim.DeadlineNotice:         "the notice period ends; the claim is confirmed and the merchant debited",
	},
	verdicts: map[claim.Verdict]string{
		claim.Pending: "pending", claim.Counterfeit: "counterfeit", claim.Genuine: "genuine", claim.Inconclusive: "inconclusive",
	},
	bases: map[policy.LegalBasis]string{
		policy.Promise: "the promise", policy.FoodSafety148: "Food Safety Law Art. 148",
		policy.ConsumerProtection55: "Consumer Protection Law Art. 55", policy.Best: "the best basis",
	},
	effects: map[claim.MoneyEffect]*template.Template{
		claim.EffectHold:         phrase("{{.Amount}} is set aside"),
		claim.EffectRelease:      phrase("{{.Amount}} held is released"),
		claim.EffectCapture:      phrase("{{.Amount}} held is captured"),
		claim.EffectFund:         phrase("up to {{.Amount}} more is taken from the merchant's sources or advanced"),
		claim.EffectInstruct:     phrase("up to {{.Amount}} is sent to the consumer"),
		claim.EffectPayableAgain: phrase("{{.Amount}} is payable again"),
		claim.EffectConfirm:      phrase("{{.Amount}} is booked as paid"),
	},
	roles: map[string]string{
		"order-service": "the order service", "support": "customer support", "adjudicator": "an adjudicator",
		"approver": "an approver", "finance": "finance", "merchant": "the merchant", "authenticator": "an authenticator",
		"operator": "an operator", "auditor": "an auditor", "system": "Tenfold itself",
	},
	phrases: phrases{
		why:       phrase("Claim {{.Claim}} is {{.State}} since {{.Since}} because {{.Trigger}}; done by {{.Role}}."),
		note:      phrase(" The note with it: “{{.Note}}”."),
		result:    phrase(" The result behind it is report {{.Report}} of {{.Authenticator}}, evidence of rank {{.Rank}} of 8, which found {{.Units}}."),
		turn:      phrase("It waits for {{.Party}}."),
		escalated: phrase(" It is marked for a person: a deadline passed, or the gateway contradicts itself."),
		time:      phrase("At {{.At}} {{.What}}."),
		timeless:  phrase("Nothing happens by time."),
		awarded: phrase("Revision {{.Revision}} found the claim {{.Verdict}} and awards {{.Total}}: {{.Refund}} of the price back and {{.Compensation}} " +
			"of compensation, on {{.Basis}}, policy {{.Policy}} version {{.Version}}; {{.Units}} of {{.AllUnits}} units count, the base is {{.Base}}, the multiplier {{.Multiplier}}."),
		floor:     phrase("The least compensation of the pricing group applies."),
		cap:       phrase("The most compensation of the pricing group applies."),
		funding:   phrase("So far {{.Funded}} is funded, {{.InFlight}} is on its way and {{.Paid}} has reached the consumer."),
		held:      phrase("{{.Held}} is set aside for it."),
		shortfall: phrase("{{.Shortfall}} is funded by nobody yet."),
		noAward:   phrase("Nothing has been awarded yet."),
		choice:    phrase("{{.Action}}, open to {{.Roles}}: {{.What}}."),
		stays:     phrase("the claim stays {{.State}}"),
		moves:     phrase("the claim is {{.State}} because {{.Trigger}}"),
		unpriced:  phrase("the amount set aside is known once the verdict is priced"),
		deadline:  phrase("if nothing else happens, at {{.At}} {{.What}}"),
	},
	timeForm: "2006-01-02 15:04 Beijing time",
	and:      "; ",
	none:     "nobody",
}
