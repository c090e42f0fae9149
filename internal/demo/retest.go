package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The conflict of two laboratories, and the re-test that the server draws a third one for by
// itself. By the decision rules that the demo publishes, nobody's word stands in for steps of
// custody: each laboratory has a sample with its steps.

// rulesFrom is when the demo's decision rules take effect: after the other claims were filed.
var rulesFrom = Start.Add(26 * time.Hour)

// rulesNote is the note of the demo's version.
const rulesNote = "The rules of the release, from now on."

// publishRules publishes the newest built-in decision rules as the next version, by three people.
// The demo's clock stands before their release.
func (m *market) publishRules(ctx context.Context) error {
	list, err := call(ctx, m, operator, m.decisionRules.ListDecisionRules, &tenfoldv1.ListDecisionRulesRequest{PageSize: pageSize})
	if err != nil {
		return err
	}
	var next *tenfoldv1.DecisionRules
	newest := 0
	for _, r := range list.GetDecisionRules() {
		var version int
		// A version of the demo's own was published before the server was killed.
		if _, err := fmt.Sscanf(r.GetName(), "decisionRules/%d", &version); err == nil && version > newest && r.GetNote() != rulesNote {
			next, newest = r, version
		}
	}
	next.Name, next.Note = fmt.Sprintf("decisionRules/%d", newest+1), rulesNote
	next.PublishedAt, next.EffectiveFrom = nil, timestamppb.New(rulesFrom)
	proposed, err := call(ctx, m, operator, m.decisionRules.ProposeDecisionRules, &tenfoldv1.ProposeDecisionRulesRequest{
		RequestId: "rules", DecisionRules: next,
	})
	if err != nil {
		return err
	}
	for _, person := range approvers {
		who := caller.Identity{Workload: "operations", Role: "approver", Person: person}
		_, err := call(ctx, m, who, m.decisionRules.ApproveDecisionRulesProposal, &tenfoldv1.ApproveDecisionRulesProposalRequest{
			Name: proposed.GetDecisionRulesProposal().GetName(), RequestId: "rules-by-" + person,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// disagree has two bodies of equal rank disagree on a claim at a time, and lets the server draw a
// third, which finds that the goods are genuine.
func (m *market) disagree(ctx context.Context, c *shownClaim, at time.Time) (err error) {
	if err := m.runDueWork(ctx, at); err != nil {
		return err
	}
	if c.name, err = m.fileShown(ctx, c, 2); err != nil {
		return err
	}
	// The first result alone has the merchant notified, and the second brings the claim into review.
	if err := m.test(ctx, secondLab, c, tenfoldv1.Verdict_VERDICT_COUNTERFEIT, at); err != nil {
		return err
	}
	if err := m.test(ctx, thirdLab, c, tenfoldv1.Verdict_VERDICT_GENUINE, at); err != nil {
		return err
	}
	if err := m.runDueWork(ctx, at.Add(time.Minute)); err != nil {
		return err
	}
	list, err := call(ctx, m, adjudicator, m.commissions.ListCommissions, &tenfoldv1.ListCommissionsRequest{Parent: c.name})
	if err != nil {
		return err
	}
	if n := len(list.GetCommissions()); n != 1 || list.GetCommissions()[0].GetDrawSeed() == "" {
		return fmt.Errorf("the server has made %d commissions for the conflict, and not drawn one", n)
	}
	drawn := list.GetCommissions()[0]
	body := drawn.GetAuthenticator()[len("authenticators/"):]
	_, err = call(ctx, m, laboratoryOf(body), m.commissions.AcceptCommission, &tenfoldv1.AcceptCommissionRequest{
		Name: drawn.GetName(), RequestId: "accept-" + c.id,
	})
	if err != nil {
		return err
	}
	return m.test(ctx, body, c, tenfoldv1.Verdict_VERDICT_GENUINE, at.Add(time.Minute))
}

// test tells the steps of custody of a body's sample of a claim, and records what it finds.
func (m *market) test(ctx context.Context, body string, c *shownClaim, verdict tenfoldv1.Verdict, at time.Time) error {
	sample := "S-" + body
	for kind, before := range map[tenfoldv1.CustodyStepKind]time.Duration{
		tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_ARRIVED: 2 * time.Hour, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_TESTED: time.Hour,
	} {
		_, err := call(ctx, m, operator, m.custody.AddCustodyStep, &tenfoldv1.AddCustodyStepRequest{
			Parent: c.name, RequestId: fmt.Sprintf("%s-%s-%d", c.id, body, kind), Sample: sample, Kind: kind, Seals: []string{"A-1"},
			HappenedAt: timestamppb.New(at.Add(-before)), Authenticator: "authenticators/" + body,
		})
		if err != nil {
			return err
		}
	}
	_, err := call(ctx, m, laboratoryOf(body), m.results.RecordResult, &tenfoldv1.RecordResultRequest{
		Parent: "merchants/" + verifiedMerchant, RequestId: "result-" + body + "-" + c.id, Claim: c.name, Authenticator: "authenticators/" + body,
		ReportNumber: "R-" + body + "-" + c.id, UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: verdict}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, Sample: sample, IssuedAt: timestamppb.New(at),
	})
	return err
}
