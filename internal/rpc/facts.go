package rpc

import (
	"maps"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/protoadapt"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// facts states which roles see each fact of a refusal, by its key in the metadata
// of ErrorInfo. A key without an entry is for internal roles only.
var facts = map[string]tenfoldv1.ShownTo{
	// Who calls, and how often it may.
	"metadata":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"method":         tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"role":           tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"spiffeId":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"burst":          tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"callsPerSecond": tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"maxPerRequest":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"piecesMax":      tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"bytesMax":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"queueMax":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"watchersMax":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"shareMax":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,

	// What the caller sent, and what it may be.
	"expected":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"given":     tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"maxMinor":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"currency":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"path":      tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"latest":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"requestId": tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"termMax":   tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,

	// How an upload stands, and what may be uploaded.
	"uploadId":           tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"receivedBytes":      tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"missingBytes":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"sha256":             tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"malware":            tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"mediaType":          tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"statements":         tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"statementsMax":      tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"lines":              tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"linesMax":           tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"uploadsMax":         tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"unfinishedBytesMax": tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"fileBytesMax":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,

	// What it is about.
	// The place of an item in a request.
	"item":                tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"authenticatorId":     tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"claimId":             tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"merchantId":          tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"orderLineId":         tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"claimIds":            tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"claims":              tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"fields":              tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"policyId":            tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"resultId":            tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"outNumber":           tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"payoutId":            tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"debtId":              tenfoldv1.ShownTo_SHOWN_TO_MERCHANT,
	"debtKind":            tenfoldv1.ShownTo_SHOWN_TO_MERCHANT,
	"eventNumber":         tenfoldv1.ShownTo_SHOWN_TO_MERCHANT,
	"webhookId":           tenfoldv1.ShownTo_SHOWN_TO_MERCHANT,
	"webhooksMax":         tenfoldv1.ShownTo_SHOWN_TO_MERCHANT,
	"assignee":            tenfoldv1.ShownTo_SHOWN_TO_ORDER_SERVICE,
	"heldMax":             tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"notesMax":            tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"commission":          tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"sample":              tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"stepsMax":            tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"commissionsMax":      tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"proposalNumber":      tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"job":                 tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"breaks":              tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"compared":            tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"wantedOffset":        tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"closeReason":         tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"period":              tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"lastClosed":          tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"nextPeriod":          tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"sweepsDue":           tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"suspenseUnexplained": tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"breaksUnassigned":    tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"auditMissing":        tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"rank":                tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"evidenceKind":        tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,

	// Where a claim or a line stands.
	"etag":        tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"event":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"legalBasis":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"membersMax":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"ordinal":     tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"quantity":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"quantityMax": tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"revision":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"state":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"unit":        tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"earliest":    tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"knownFrom":   tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"lastTry":     tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"closedAt":    tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"confirmedAt": tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"rule":        tenfoldv1.ShownTo_SHOWN_TO_PARTIES,

	// Why an authenticator is not believed, and what was asked about it.
	"issuedOn":     tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"suspendedAt":  tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"member":       tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"keyId":        tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"keysMax":      tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"revokedAt":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"algorithm":    tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"changeNumber": tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,

	// Which versions of a policy there may be.
	"earliestEffectiveFrom": tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"nextVersion":           tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"version":               tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,

	// A merchant's money, and what a consumer was paid.
	"askedMinor":      tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"availableMinor":  tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"statedMinor":     tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"couponState":     tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"exposureMinor":   tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"freeMinor":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"heldMinor":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"hold":            tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"bookedMinor":     tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"limitMinor":      tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"proposalKind":    tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
	"leftMinor":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"notAfter":        tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"openMinor":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"owedMinor":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"payingMinor":     tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"possibleFrom":    tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"receivableMinor": tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"writtenOffMinor": tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"reference":       tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"requiredMinor":   tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"sweepDue":        tenfoldv1.ShownTo_SHOWN_TO_PARTIES,
	"transferNumber":  tenfoldv1.ShownTo_SHOWN_TO_PARTIES,

	"party":               tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"evidenceRequest":     tenfoldv1.ShownTo_SHOWN_TO_EVERYONE,
	"evidenceRequestsMax": tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES,
}

// coverDetail clears what the caller must not see in a detail of a status.
func (c caller) coverDetail(detail protoadapt.MessageV1) {
	switch d := detail.(type) {
	case *errdetails.ErrorInfo:
		d.Metadata = c.shownFacts(d.GetMetadata())
	case *errdetails.BadRequest, *errdetails.RetryInfo:
		// They describe the caller's own request and when to send it again.
	default:
		c.cover(protoadapt.MessageV2Of(d))
	}
}

// shownFacts leaves out the facts that the caller must not see.
func (c caller) shownFacts(all map[string]string) map[string]string {
	shown := all
	for key := range all {
		if shows(facts[key], c.Role) {
			continue
		}
		if len(shown) == len(all) {
			shown = maps.Clone(all) // The refusal keeps all of them for the log.
		}
		delete(shown, key)
	}
	return shown
}
