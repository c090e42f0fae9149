package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

var englishRefusals = refusals{
	reasons: map[fault.Reason]*template.Template{
		fault.RequestInvalid:    sentence("The request is not valid{{if .Field}}: field {{.Field}}{{end}}{{if .Detail}} ({{.Detail}}){{end}}."),
		fault.AmountOutOfRange:  sentence("An amount is out of range{{if .Field}}: field {{.Field}}{{end}}{{if .maxMinor}}; the most is {{.maxMinor}}{{if not .currency}} minor units{{end}}{{end}}."),
		fault.PageTokenInvalid:  sentence("The page token does not belong to this list. Start again from the first page."),
		fault.FilterUnsupported: sentence("Claims cannot be filtered or ordered like this{{if .Detail}}: {{.Detail}}{{end}}."),
		fault.BatchTooLarge:     sentence("The batch is too large{{if .maxPerRequest}}: the most is {{.maxPerRequest}} items{{end}}."),

		fault.RequestIDReused:      sentence("The request id {{if .requestId}}{{.requestId}} {{end}}was already used for a different request."),
		fault.RequestNotFound:      sentence("No request with this id{{if .requestId}} ({{.requestId}}){{end}} was accepted."),
		fault.ClaimChanged:         sentence("The claim{{if .claimId}} {{.claimId}}{{end}} has changed in the meantime. Read it again."),
		fault.TransactionContended: sentence("Another change is in progress, and nothing was changed. Try again."),
		fault.QueueFull:            sentence("Too many requests for this merchant are waiting. Try again later."),
		fault.DatabaseUnavailable:  sentence("The service is not available at the moment. Send the same request again."),
		fault.OutcomeUnknown:       sentence("It is not known whether the request was carried out. Send it again with the same request id to find out."),

		fault.WatchTokenInvalid: sentence("The resume token of the watch is not valid. Start again without it."),
		fault.WatchTooSlow:      sentence("The watch did not keep up. Resume it with the last token."),
		fault.WatchEnded:        sentence("The server ended the watch. Resume it with the last token."),
		fault.WatchersFull:      sentence("The server has no room for another watch{{if .watchersMax}}; it has {{.watchersMax}}{{end}}. Try another server."),

		fault.CredentialMissing:       sentence("You must prove who you are{{if .metadata}}: {{.metadata}} is missing{{end}}."),
		fault.CredentialInvalid:       sentence("Your proof of identity is not valid{{if .metadata}}: {{.metadata}}{{end}}{{if .spiffeId}} ({{.spiffeId}}){{end}}."),
		fault.AccessDenied:            sentence("You may not do this{{if .role}} as {{.role}}{{end}}{{if .method}}: {{.method}}{{end}}."),
		fault.PersonRequired:          sentence("This must be done by a person, but the call names none."),
		fault.SamePerson:              sentence("This must be done by another person."),
		fault.AuthenticatorNotTrusted: sentence("The authenticator{{if .authenticatorId}} {{.authenticatorId}}{{end}} is not trusted for this category of goods."),
		fault.RateLimited:             sentence("You call too often{{if .callsPerSecond}}; {{.callsPerSecond}} calls a second are allowed{{end}}."),

		fault.MerchantNotFound:        sentence("There is no book for the merchant{{if .merchantId}} {{.merchantId}}{{end}}."),
		fault.MerchantAlreadyOpened:   sentence("The merchant{{if .merchantId}} {{.merchantId}}{{end}} has a book already."),
		fault.ClaimNotFound:           sentence("There is no claim with this number{{if .claimId}}: {{.claimId}}{{end}}. Was it mistyped?"),
		fault.OrderLineNotFound:       sentence("The order line{{if .orderLineId}} {{.orderLineId}}{{end}} is not known."),
		fault.OrderLineChanged:        sentence("The order line{{if .orderLineId}} {{.orderLineId}}{{end}} was first received with different content."),
		fault.OrderLineDamaged:        sentence("The stored order line{{if .orderLineId}} {{.orderLineId}}{{end}} is damaged. The operator has to look at it."),
		fault.PolicyNotFound:          sentence("No policy applies{{if .policyId}}: {{.policyId}}{{end}}{{if .Detail}} ({{.Detail}}){{end}}."),
		fault.PolicyAlreadyPublished:  sentence("This version of the policy{{if .policyId}} {{.policyId}}{{end}} has been published already."),
		fault.PolicyNoticeTooShort:    sentence("A policy takes effect at least seven days after its publication{{if .earliestEffectiveFrom}}, here from {{.earliestEffectiveFrom}}{{end}}."),
		fault.AuthenticatorNotFound:   sentence("The authenticator{{if .authenticatorId}} {{.authenticatorId}}{{end}} is not registered."),
		fault.AuthenticatorRegistered: sentence("The authenticator{{if .authenticatorId}} {{.authenticatorId}}{{end}} is registered already."),
		fault.PayoutNotFound:          sentence("There is no such payout{{if .payoutId}}: {{.payoutId}}{{else if .outNumber}}: {{.outNumber}}{{end}}."),
		fault.ResultNotFound:          sentence("There is no such authentication result{{if .resultId}}: {{.resultId}}{{end}}."),
		fault.TransferNotFound:        sentence("There is no such payment into the deposit{{if .reference}}: {{.reference}}{{end}}."),
		fault.WebhookNotFound:         sentence("There is no such webhook{{if .webhookId}}: {{.webhookId}}{{end}}."),
		fault.EventNotFound:           sentence("There is no such event{{if .eventNumber}}: {{.eventNumber}}{{end}}."),
		fault.ResultAlreadyRecorded:   sentence("This report has been recorded already{{if .resultId}}, as result {{.resultId}}{{end}}."),
		fault.ReferenceAlreadyUsed:    sentence("The reference{{if .reference}} {{.reference}}{{end}} has been used already."),

		fault.ClaimAlreadyFiled:   sentence("{{if .unit}}Unit {{.unit}}{{else}}The item{{end}} has been claimed already{{if .claimId}}, by claim {{.claimId}}{{end}}."),
		fault.ClaimWindowClosed:   sentence("The time to claim is over{{if .closedAt}}; it ended at {{.closedAt}}{{end}}. A court or the 12315 hotline may still help."),
		fault.OrderNotEligible:    sentence("The order line{{if .orderLineId}} {{.orderLineId}}{{end}} cannot be claimed for."),
		fault.ClaimantNotEligible: sentence("Only who paid for the order or received it can claim."),
		fault.UnitsOutOfRange:     sentence("{{if .unit}}Unit {{.unit}}{{else}}A unit{{end}} is not one of the units of the order line{{if .quantity}}, of which there are {{.quantity}}{{end}}."),
		fault.UnitNotClaimed:      sentence("{{if .unit}}Unit {{.unit}}{{else}}The unit{{end}} is not part of the claim{{if .claimId}} {{.claimId}}{{end}}."),
		fault.PricingGroupFull:    sentence("Too many claims on one product are priced together{{if .membersMax}}; the most is {{.membersMax}}{{end}}."),

		fault.ClaimStateConflict:     sentence("The claim{{if .claimId}} {{.claimId}}{{end}} does not allow this now{{if .state}}: it is {{.state}}{{end}}."),
		fault.PayoutStateConflict:    sentence("The payout{{if .payoutId}} {{.payoutId}}{{end}} does not allow this now{{if .state}}: it is {{.state}}{{end}}{{if .notAfter}}, and may still be paid until {{.notAfter}}{{end}}."),
		fault.NoticeAlreadyConfirmed: sentence("Delivery of the notice has been confirmed already{{if .confirmedAt}}, for {{.confirmedAt}}{{end}}."),
		fault.AppealWindowClosed:     sentence("The time to appeal is over{{if .closedAt}}; it ended at {{.closedAt}}{{end}}."),
		fault.AppealAlreadyDecided:   sentence("The appeal against this verdict{{if .revision}} (revision {{.revision}}){{end}} has been decided already."),
		fault.ReconsiderationUsed:    sentence("This decision cannot be reconsidered again{{if .claimId}} (claim {{.claimId}}){{end}}."),
		fault.ReconsiderationTooLate: sentence("The time to ask for reconsideration is over{{if .closedAt}}; it ended at {{.closedAt}}{{end}}."),
		fault.EvidenceNotNew:         sentence("The claim{{if .claimId}} {{.claimId}}{{end}} has this evidence already; a decision is reconsidered on new evidence only."),
		fault.ApprovalVoid:           sentence("The approval no longer counts, because the claim has changed."),
		fault.ClockStateConflict:     sentence("The clock of the claim{{if .claimId}} {{.claimId}}{{end}} is already as the request wants it, or no deadline runs."),
		fault.ResultAlreadyRetracted: sentence("The authentication result{{if .resultId}} {{.resultId}}{{end}} has been taken back already."),

		fault.WebhookURLRefused: sentence("Events cannot be sent to this address."),
		fault.WebhookLimit:      sentence("There are as many webhooks as there may be{{if .webhooksMax}}: {{.webhooksMax}}{{end}}."),

		fault.CurrencyMismatch:        sentence("The currency does not fit{{if .expected}}: it must be {{.expected}}{{end}}{{if .given}}, not {{.given}}{{end}}."),
		fault.DepositInsufficient:     sentence("The deposit is not sufficient{{if .availableMinor}}: {{.availableMinor}} is available{{end}}{{if .requiredMinor}}, and {{.requiredMinor}} is required{{end}}."),
		fault.ShopFundsInsufficient:   sentence("The shop funds are not sufficient{{if .availableMinor}}: {{.availableMinor}} is available{{end}}{{if .requiredMinor}}, and {{.requiredMinor}} is required{{end}}."),
		fault.TransferAlreadyReversed: sentence("The top-up has been reversed already{{if .transferNumber}}, by transfer {{.transferNumber}}{{end}}."),
		fault.HoldAlreadyCaptured:     sentence("The money that was set aside has been taken already{{if .hold}} (hold {{.hold}}){{end}}."),
		fault.HoldAlreadyReleased:     sentence("The money that was set aside has been released already{{if .hold}} (hold {{.hold}}){{end}}."),
		fault.HoldExceeded:            sentence("Less is set aside than was asked for{{if .leftMinor}}: {{.leftMinor}} is left{{end}}."),
		fault.HoldAlreadyExpired:      sentence("The hold has expired already{{if .hold}} (hold {{.hold}}){{end}}."),
		fault.HoldNotFound:            sentence("Nothing is set aside for the claim{{if .claimId}} {{.claimId}}{{end}}."),
		fault.FreeAmountExceeded:      sentence("The request asks for more than is free{{if .freeMinor}}: {{.freeMinor}} is free{{end}}{{if .askedMinor}}, and {{.askedMinor}} was asked for{{end}}."),
		fault.SweepDue:                sentence("Income is still being used for debts. The free amount is known after that."),
		fault.DebtNotFound:            sentence("There is no such debt{{if .debtId}}: {{.debtId}}{{end}}."),
		fault.DebtExceeded:            sentence("Less is owed than the request is about{{if .openMinor}}: {{.openMinor}} is open{{end}}{{if .askedMinor}}, and {{.askedMinor}} was asked for{{end}}."),
		fault.ClawBackExceeded:        sentence("The consumer owes less than that{{if .owedMinor}}: {{.owedMinor}} is owed{{end}}{{if .askedMinor}}, and {{.askedMinor}} was told{{end}}."),
		fault.CouponExceeded:          sentence("Less is left of the coupon{{if .leftMinor}}: {{.leftMinor}}{{end}}{{if .askedMinor}}, and {{.askedMinor}} was told{{end}}."),
		fault.ExitNotPossible:         sentence("The merchant cannot leave yet{{if .possibleFrom}}; the earliest time is {{.possibleFrom}}{{end}}{{if .Detail}} ({{.Detail}}){{end}}."),
		fault.ExitStateConflict:       sentence("The merchant's leaving does not allow this now{{if .Detail}}: {{.Detail}}{{end}}."),
		fault.ProposalNotFound:        sentence("There is no such proposal{{if .proposalNumber}}: {{.proposalNumber}}{{end}}."),
		fault.ProposalStateConflict:   sentence("The proposal{{if .proposalNumber}} {{.proposalNumber}}{{end}} does not allow this now."),
	},
	outages: map[string]string{
		"DeadlineExceeded": "The answer took too long. It is not known whether the request was accepted; send it again with the same request id.",
		"Canceled":         "The call was cancelled. It is not known whether the request was accepted.",
		"Internal":         "Something went wrong in the service. Tell the operator the number of the call.",
		"Unimplemented":    "The service does not know this call.",
	},
	states: map[payout.State]string{
		payout.Instructed: "on its way", payout.Succeeded: "paid", payout.Failed: "failed", payout.Returned: "returned",
	},
	retry: sentence("Try again in {{.After}}."),
	other: "The request was not carried out.",
}
