package rpc

import (
	"encoding/hex"

	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// commissionOf is a commission with the goods that its body examines.
func commissionOf(x *commission.Commission, item *postgres.Item) *tenfoldv1.Commission {
	p := &tenfoldv1.Commission{
		Name: commissionName(x.MerchantID, x.ClaimID, x.Number), Claim: claimName(x.MerchantID, x.ClaimID),
		Authenticator: authenticatorName(x.AuthenticatorID), State: commissionStates.proto(x.State), Units: unitsOf(x.Units),
		Questions: x.Questions, DueAt: stamp(x.DueAt), Fee: moneyOrNone(x.Fee, item.Currency),
		MadeAt: stamp(x.MadeAt), AcceptedAt: stamp(x.AcceptedAt), ShippedAt: stamp(x.ShippedAt), Shipment: x.Shipment,
		ReceivedAt: stamp(x.ReceivedAt), OverdueAt: stamp(x.OverdueAt), Chases: x.Chases, ChasedAt: stamp(x.ChasedAt),
		EndedAt: stamp(x.EndedAt), Note: x.Note, DrawSeed: hex.EncodeToString(x.Seed), Role: x.MadeAs, Person: x.MadeBy,
	}
	if l := item.Line; l != nil {
		p.ProductId, p.SkuId, p.BatchId, p.Category = l.ProductID, l.SKUID, l.BatchID, l.Category
	}
	for _, digest := range x.Photos {
		e := item.Photos[digest]
		p.Photos = append(p.Photos, &tenfoldv1.CommissionPhoto{
			Digest: digest, Reference: e.Reference, EventNumber: e.EventNumber, MediaType: e.MediaType, SizeBytes: e.Size,
		})
	}
	if x.Replaces > 0 {
		p.Replaces = commissionName(x.MerchantID, x.ClaimID, x.Replaces)
	}
	for _, e := range commission.ReadRecord(x.Candidates) {
		p.DrawCandidates = append(p.DrawCandidates, &tenfoldv1.DrawCandidate{
			Authenticator: authenticatorName(e.AuthenticatorID), Load: e.Load, Cost: moneyOrNone(e.Cost, item.Currency), Tickets: e.Tickets,
		})
	}
	return p
}
