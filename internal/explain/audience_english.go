package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

var englishConsumer = consumerWords{
	states: map[claim.State]string{
		claim.Authenticating:   "We have received your claim, and the goods are being examined.",
		claim.InReview:         "Your claim is being decided by a person, because the examination alone does not decide it.",
		claim.Notified:         "The examination supports your claim. The merchant is being told, and may still object.",
		claim.Appealed:         "The merchant has objected to your claim.",
		claim.AwaitingApproval: "Your claim is justified. The amount is being checked before it is paid.",
		claim.Paying:           "Your claim is justified, and you are being paid.",
		claim.PayoutFailed:     "Your claim is justified, but a payment to you did not go through.",
		claim.Paid:             "Your claim was justified, and everything has been paid to you.",
		claim.Rejected:         "Your claim was examined and turned down. Nothing is paid for it.",
		claim.Withdrawn:        "You withdrew your claim.",
		claim.Expired:          "Your claim was closed, because no proof arrived.",
	},
	turns: map[claim.Party]string{
		claim.PartyAuthenticator: "It is the turn of the examiners. You need not do anything.",
		claim.PartyReviewer:      "It is our turn to decide. You need not do anything.",
		claim.PartyMerchant:      "It is the merchant's turn. You need not do anything.",
		claim.PartyAppealPanel:   "It is our turn to decide about the objection. You need not do anything.",
		claim.PartyApprovers:     "It is our turn to check the amount. You need not do anything.",
		claim.PartyGateway:       "It is the turn of the payment service. You need not do anything.",
		claim.PartyMerchantFunds: "A part of the money is not available yet; it is paid to you as soon as it is.",
		claim.PartyOperator:      "It is our turn to send the payment again.",
		claim.PartyNobody:        "The claim has ended.",
	},
	deadlines: map[claim.Deadline]*template.Template{
		claim.DeadlineResult:         sentence("If no finding has arrived by {{.At}}, a person decides."),
		claim.DeadlineReview:         sentence("A decision is expected by {{.At}}."),
		claim.DeadlineNoticeDelivery: sentence("The merchant is expected to confirm the notice by {{.At}}."),
		claim.DeadlineNoticeDeemed:   sentence("At {{.At}} the merchant counts as told, even without an answer."),
		claim.DeadlineNotice:         sentence("If the merchant does not object by {{.At}}, your claim is confirmed."),
		claim.DeadlineAppeal:         sentence("A decision about the objection is expected by {{.At}}."),
		claim.DeadlineApproval:       sentence("The amount is expected to be checked by {{.At}}."),
		claim.DeadlineFunds:          sentence("If money is still missing at {{.At}}, we look into it."),
	},
	actions: map[claim.Action]string{
		claim.ActionWithdraw:   "You can withdraw your claim where you filed it.",
		claim.ActionReconsider: "You can ask us to decide again where you filed your claim, if you have new evidence.",
	},
	advice: map[claim.State]string{
		claim.Authenticating:   "You can send evidence, such as photographs or a report, through customer support.",
		claim.InReview:         "You can send evidence, such as photographs or a report, through customer support.",
		claim.Notified:         "You can ask customer support about your claim.",
		claim.Appealed:         "You can send evidence, such as photographs or a report, through customer support.",
		claim.AwaitingApproval: "You can ask customer support about your claim.",
		claim.Paying:           "You can ask customer support about your claim.",
		claim.PayoutFailed:     "Please check with customer support that the account for the payment is right.",
		claim.Paid:             "If you have not received the money, ask customer support.",
		claim.Rejected:         "If you disagree, ask customer support. You can also call the 12315 hotline or go to court.",
		claim.Withdrawn:        "You can ask customer support about your claim.",
		claim.Expired:          "If you have proof now, ask customer support. You can also call the 12315 hotline or go to court.",
	},
	number:     sentence("This is about your claim {{.Claim}} for product {{.Product}} of order {{.Order}}."),
	timeless:   sentence("There is no fixed date for the next step."),
	stopped:    sentence("The clock of the claim is stopped at the moment, so there is no fixed date for the next step."),
	stake:      sentence("If the claim is confirmed as it stands, you get {{.Total}}: a refund of {{.Refund}} and a compensation of {{.Compensation}}."),
	due:        sentence("You get {{.Total}}: a refund of {{.Refund}} and a compensation of {{.Compensation}}."),
	reached:    sentence("{{.Paid}} has been paid to you, and {{.InFlight}} is on its way."),
	none:       sentence("It is not decided yet whether you get money."),
	refundable: sentence("Unit {{.Units}} does not count as a counterfeit under the promise. You can ask for an ordinary refund of its price where you bought it."),
	repay:      sentence("You were paid without grounds and have to pay back {{.Amount}}."),
}
