package rpc

import (
	"context"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// custodyService implements CustodyService.
type custodyService struct {
	tenfoldv1.UnimplementedCustodyServiceServer
	backend
}

func (s *custodyService) AddCustodyStep(ctx context.Context, r *tenfoldv1.AddCustodyStepRequest) (*tenfoldv1.AddCustodyStepResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	body, _ := nameOf(r.GetAuthenticator())
	who, kind := callerOf(ctx), custodyKinds.domain(r.GetKind())
	if who.Role == principal.RoleAuthenticator && who.Scope != r.GetAuthenticator() {
		return nil, fault.New(fault.AccessDenied, "an authenticator adds only steps of samples that it had").At("authenticator")
	}
	o, err := s.run(ctx, merchant, r, &book.AddCustodyStep{
		Step: custody.Step{
			ClaimID: claimID, SampleID: r.GetSample(), Kind: kind, Units: r.GetUnits(), HappenedAt: moment(r.GetHappenedAt()),
			Place: r.GetPlace(), Actor: r.GetActor(), AuthenticatorID: body, Seals: r.GetSeals(), Weight: r.GetWeightMilligrams(),
			Evidence: r.GetEvidenceDigests(), Corrects: r.GetCorrects(), Note: r.GetNote(),
		},
		ByBody: who.Role == principal.RoleAuthenticator,
	})
	if err != nil {
		return nil, err
	}
	c, steps, err := s.chain(ctx, o.MerchantID, o.ClaimID, r.GetParent())
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.AddCustodyStepResponse{Replayed: o.Replayed}
	k := slices.IndexFunc(steps, func(x custody.Step) bool { return x.EventNumber == o.EventNumber })
	if o.Custody != nil && k < 0 {
		k, steps = len(steps), append(steps, *o.Custody) // The request was only validated.
	}
	if k < 0 {
		return nil, claimNotFound(o.ClaimID)
	}
	out.Step = custodyStepOf(steps, &steps[k])
	standing := s.engine.Catalog().Rules.At(c.FiledAt).Standing(steps, steps[k].SampleID)
	out.Standing = standingOf(&standing)
	return out, nil
}

// chain reads a claim with the steps of custody of its samples.
func (s *custodyService) chain(ctx context.Context, merchant, claimID, name string) (c *claim.Claim, steps []custody.Step, err error) {
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		if c, err = readClaim(ctx, reader, merchant, claimID, name); err != nil {
			return err
		}
		steps, err = reader.CustodyOfClaim(ctx, c.MerchantID, c.ID)
		return err
	})
	return c, steps, err
}

func (s *custodyService) ListCustodySteps(ctx context.Context, r *tenfoldv1.ListCustodyStepsRequest) (*tenfoldv1.ListCustodyStepsResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	c, steps, err := s.chain(ctx, merchant, claimID, r.GetParent())
	if err != nil {
		return nil, err
	}
	shown := custody.Samples(steps)
	if r.GetSample() != "" {
		shown = slices.DeleteFunc(shown, func(id string) bool { return id != r.GetSample() })
	}
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator {
		body, _ := nameOf(who.Scope)
		if shown, err = s.ownSamples(ctx, c, body, steps, shown); err != nil {
			return nil, err
		}
	}
	rows := slices.DeleteFunc(slices.Clone(steps), func(x custody.Step) bool {
		return int64(x.Number) <= after || !slices.Contains(shown, x.SampleID)
	})
	out := &tenfoldv1.ListCustodyStepsResponse{}
	out.Steps, out.NextPageToken = listed(&p, rows, func(x *custody.Step) *tenfoldv1.CustodyStep { return custodyStepOf(steps, x) },
		func(x *custody.Step) []string { return []string{decimal(int64(x.Number))} })
	rules := s.engine.Catalog().Rules.At(c.FiledAt)
	for _, id := range shown {
		standing := rules.Standing(steps, id)
		out.Standings = append(out.Standings, standingOf(&standing))
	}
	return out, nil
}

// ownSamples are those samples that a body had, or has a commission with a unit of. A body
// without any learns nothing of the claim.
func (s *custodyService) ownSamples(ctx context.Context, c *claim.Claim, body string, steps []custody.Step, samples []string) ([]string, error) {
	commissions, err := s.db.Reader().CommissionsOfClaim(ctx, c.MerchantID, c.ID, 0, commission.PerClaimMax)
	if err != nil {
		return nil, err
	}
	commissions = slices.DeleteFunc(commissions, func(x commission.Commission) bool {
		return x.AuthenticatorID != body || x.State == commission.Declined || x.State == commission.Cancelled
	})
	own := func(id string) bool {
		units := custody.UnitsOf(steps, id)
		return slices.ContainsFunc(steps, func(x custody.Step) bool { return x.SampleID == id && x.AuthenticatorID == body }) ||
			slices.ContainsFunc(commissions, func(x commission.Commission) bool { return slices.ContainsFunc(units, x.Covers) })
	}
	samples = slices.DeleteFunc(samples, func(id string) bool { return !own(id) })
	if len(samples) == 0 && len(commissions) == 0 {
		return nil, &outOfScope{claimNotFound(c.ID), claimName(c.MerchantID, c.ID)}
	}
	return samples, nil
}

// custodyStepOf is a step among the steps of its claim.
func custodyStepOf(steps []custody.Step, x *custody.Step) *tenfoldv1.CustodyStep {
	p := &tenfoldv1.CustodyStep{
		Number: x.Number, Claim: claimName(x.MerchantID, x.ClaimID), Sample: x.SampleID, Kind: custodyKinds.proto(x.Kind),
		Units: custody.UnitsOf(steps, x.SampleID), HappenedAt: stamp(x.HappenedAt), Place: x.Place, Actor: x.Actor, Seals: x.Seals,
		WeightMilligrams: x.Weight, EvidenceDigests: x.Evidence, Corrects: x.Corrects, Note: x.Note, Role: x.RecordedAs,
		Person: x.RecordedBy, AddedAt: stamp(x.RecordedAt),
	}
	if x.AuthenticatorID != "" {
		p.Authenticator = authenticatorName(x.AuthenticatorID)
	}
	if k := slices.IndexFunc(steps, func(s custody.Step) bool { return s.Corrects == x.Number }); k >= 0 {
		p.CorrectedBy = steps[k].Number
	}
	return p
}

func standingOf(x *custody.Standing) *tenfoldv1.CustodyStanding {
	p := &tenfoldv1.CustodyStanding{Sample: x.SampleID, State: custodyStates.proto(x.State)}
	for _, f := range x.Findings {
		p.Findings = append(p.Findings, &tenfoldv1.CustodyFinding{
			State: custodyStates.proto(f.State), Step: f.Step, Before: f.Before, Missing: custodyKinds.proto(f.Missing),
		})
	}
	return p
}
