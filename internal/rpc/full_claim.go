package rpc

import (
	"context"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// partsMax bounds each list of a FULL claim; longer lists can be listed page by
// page.
const partsMax = 1000

// fullPart reads fields that only the FULL view has, on the snapshot on which the
// claim was read.
type fullPart struct {
	fields []string
	read   func(*claimService, context.Context, postgres.Reader, *claim.Claim, *tenfoldv1.Claim) error
}

var fullParts = []fullPart{
	{[]string{"order_line", "claimant_role"}, (*claimService).readOrderLine},
	{[]string{"calculation"}, (*claimService).readCalculation},
	{[]string{"results"}, (*claimService).readResults},
	{[]string{"payouts"}, (*claimService).readPayouts},
	{[]string{"holds"}, (*claimService).readHolds},
	{[]string{"evidence"}, (*claimService).readEvidence},
	{[]string{"appeals"}, (*claimService).readAppeals},
	{[]string{"approvals"}, (*claimService).readApprovals},
	{[]string{"revisions"}, (*claimService).readRevisions},
	{[]string{"balances"}, (*claimService).readBalances},
	{[]string{"action_effects"}, (*claimService).readEffects},
}

// fullClaim reads the parts of a claim that the mask names.
func (s *claimService) fullClaim(ctx context.Context, r postgres.Reader, c *claim.Claim, m mask) (*tenfoldv1.Claim, error) {
	p := callerOf(ctx).basicClaim(c)
	for _, part := range fullParts {
		if !slices.ContainsFunc(part.fields, m.wants) {
			continue
		}
		if err := part.read(s, ctx, r, c, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (s *claimService) readOrderLine(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	line, refunds, _, err := r.OrderLine(ctx, c.MerchantID, c.OrderLineID)
	if err == nil && line != nil {
		p.OrderLine = orderLineOf(line, refunds)
		p.ClaimantRole = claimantRole(c.ClaimantID, line.Line.PayerID)
	}
	return err
}

func (s *claimService) readCalculation(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	revision, found, err := r.Revision(ctx, c.MerchantID, c.ID)
	if err == nil && found {
		p.Calculation = calculationOf(&revision.Calculation, revision.Number)
	}
	return err
}

func (s *claimService) readResults(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	results, err := r.Results(ctx, c.MerchantID, c.ID, "", partsMax)
	p.Results = each(results, s.resultOf)
	return err
}

func (s *claimService) readPayouts(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	payouts, err := r.Payouts(ctx, postgres.PayoutQuery{MerchantID: c.MerchantID, ClaimID: c.ID}, "", partsMax)
	p.Payouts = each(payouts.Rows, payoutOf)
	return err
}

func (s *claimService) readHolds(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	holds, err := r.Holds(ctx, postgres.HoldQuery{MerchantID: c.MerchantID, ClaimID: c.ID}, postgres.HoldKey{}, partsMax)
	p.Holds = each(holds.Rows, func(x *ledger.Hold) *tenfoldv1.Hold { return holdOf(x, c.Currency) })
	return err
}

func (s *claimService) readAppeals(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	appeals, err := r.Appeals(ctx, c.MerchantID, c.ID, 0, partsMax)
	p.Appeals = each(appeals, appealOf)
	return err
}

func (s *claimService) readEvidence(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	evidence, err := r.Evidence(ctx, c.MerchantID, c.ID, 0, partsMax)
	p.Evidence = each(evidence, evidenceAdded)
	return err
}

func (s *claimService) readApprovals(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	approvals, err := r.Approvals(ctx, c.MerchantID, c.ID, postgres.ApprovalKey{}, partsMax)
	p.Approvals = each(approvals, func(x *book.Approval) *tenfoldv1.Approval { return approvalOf(x, c) })
	return err
}

func (s *claimService) readRevisions(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	revisions, err := r.Revisions(ctx, c.MerchantID, c.ID, 0, partsMax)
	p.Revisions = each(revisions, func(x *claim.Revision) *tenfoldv1.Revision { return revisionOf(x, c.Currency) })
	return err
}

// paysForClaims are the accounts that claims are paid from and through.
var paysForClaims = []ledger.Purpose{
	ledger.Deposit, ledger.DepositHeld, ledger.ShopFunds, ledger.ShopFundsHeld, ledger.Receivable, ledger.ClaimPayable, ledger.PayoutClearing,
}

func (s *claimService) readBalances(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	accounts, err := r.Accounts(ctx, c.MerchantID)
	for i := range accounts {
		if slices.Contains(paysForClaims, accounts[i].Purpose) {
			p.Balances = append(p.Balances, accountOf(accounts[i].Purpose, &accounts[i].Balance, c.Currency))
		}
	}
	return err
}

// readEffects reads nothing beyond the order line: what the role may do follows from the
// claim.
func (s *claimService) readEffects(ctx context.Context, r postgres.Reader, c *claim.Claim, p *tenfoldv1.Claim) error {
	catalog := s.engine.Catalog()
	l, err := governedLine(ctx, r, catalog, c)
	if err == nil {
		p.ActionEffects = effectsOf(choicesOf(c, l, catalog, s.engine.Now(), callerOf(ctx)), c.Currency)
	}
	return err
}
