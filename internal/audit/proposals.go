package audit

import (
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// carriedOutBy are the kinds of transfer that carry out a kind of proposal.
var carriedOutBy = map[proposal.Kind][]ledger.Kind{
	proposal.WriteOff:          {ledger.ReceivableWrittenOff},
	proposal.WriteOffRecovery:  {ledger.WriteOffRecovered},
	proposal.DepositForfeiture: {ledger.DepositForfeited},
	proposal.Penalty:           {ledger.PenaltyTaken},
	proposal.PenaltyReversal:   {ledger.DepositForfeitureReversed, ledger.PenaltyReversed},
	proposal.SuspenseIn:        {ledger.SuspenseTakenIn, ledger.SuspenseTakenInCash},
	proposal.SuspenseOut:       {ledger.SuspenseGivenBack, ledger.SuspenseGivenBackCash, ledger.SuspenseToDeposit, ledger.SuspenseToShopFunds},
	proposal.Reclassify: {
		ledger.DepositReclassified, ledger.ShopFundsReclassified, ledger.ClearingReclassified, ledger.CashReclassified,
	},
	proposal.CorrectTopUp:  {ledger.DepositTopUpLowered, ledger.DepositTopUpLoweredOwed, ledger.DepositTopUpRaised},
	proposal.TopUp:         {ledger.DepositToppedUp},
	proposal.TopUpReversal: {ledger.DepositTopUpReversed, ledger.DepositTopUpReversedOwed},
	proposal.Withdrawal:    {ledger.DepositWithdrawn},
	proposal.HandOver:      {ledger.ShopFundsHandedOver},
	proposal.TakeBack:      {ledger.ShopFundsTakenBack},
}

// checkProposals proves that every carried-out proposal had its approvers and made
// its transfer, that no other proposal made one, and that no penalty or write-off
// exists without a proposal.
func (b *inspection) checkProposals() error {
	carried := make(map[ledger.Kind]money.Amount)
	var after int64
	var waived money.Amount
	for {
		rows, err := b.rows.Proposals(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		for i := range rows {
			b.checkProposal(&rows[i])
			carried[rows[i].TransferKind] += rows[i].TransferAmount
			carried[rows[i].RestKind] += rows[i].RestAmount
			if rows[i].Kind == proposal.WriteOffWaiver && rows[i].State == proposal.CarriedOut {
				waived += rows[i].Amount
			}
			after = rows[i].Number
		}
		if err := b.full(); err != nil {
			return err
		}
		if len(rows) < pageRows {
			break
		}
	}
	equal(b, "book", "write-offs that are waived", b.head.Waived, waived)
	if err := b.checkVoters(); err != nil {
		return err
	}
	moved, err := b.rows.Moved(b.head.MerchantID, onlyProposed)
	if err != nil {
		return err
	}
	for _, kind := range onlyProposed {
		equal(b, "proposals", fmt.Sprintf("sum of transfers %s", kind), byKind(moved)[kind], carried[kind])
	}
	return nil
}

// onlyProposed are the kinds of transfer that only a proposal makes. A write-off
// can also be recovered in other ways, such as by a verdict that falls.
var onlyProposed = []ledger.Kind{
	ledger.ReceivableWrittenOff, ledger.DepositForfeited, ledger.PenaltyTaken, ledger.DepositForfeitureReversed, ledger.PenaltyReversed,
	ledger.SuspenseTakenIn, ledger.SuspenseTakenInCash, ledger.SuspenseGivenBack, ledger.SuspenseGivenBackCash,
	ledger.SuspenseToDeposit, ledger.SuspenseToShopFunds, ledger.DepositTopUpLowered, ledger.DepositTopUpLoweredOwed,
	ledger.DepositTopUpRaised, ledger.DepositReclassified, ledger.ShopFundsReclassified, ledger.ClearingReclassified, ledger.CashReclassified,
}

func (b *inspection) checkProposal(p *postgres.AuditedProposal) {
	subject := fmt.Sprintf("proposal %d", p.Number)
	equal(b, subject, "amount undone", p.Undone, p.UndoneBy)
	b.by(subject, "its proposer", p.ProposedBy, b.deciders[p.Number])
	if p.Undone > p.Amount {
		b.wrong(subject, "is undone by %d, more than its amount of %d", p.Undone, p.Amount)
	}
	if p.State != proposal.CarriedOut {
		equal(b, subject, "transfer", p.TransferNumber, 0)
		return
	}
	if p.Kind == proposal.WriteOffWaiver {
		equal(b, subject, "transfer", p.TransferNumber, 0)
	} else {
		if !slices.Contains(carriedOutBy[p.Kind], p.TransferKind) {
			b.wrong(subject, "of kind %s was carried out by a transfer of kind %q", p.Kind, p.TransferKind)
		}
		equal(b, subject, "amount of its transfers", p.TransferAmount+p.RestAmount, moves(p))
	}
	if n := others(p.Approvers, p.ProposedBy); n < approversNeeded {
		b.wrong(subject, "was carried out with the approval of only %d others", n)
	}
}

// moves is the amount that a carried-out proposal moves: for a correction the difference
// between the two amounts of the top-up.
func moves(p *postgres.AuditedProposal) money.Amount {
	if p.Kind != proposal.CorrectTopUp {
		return p.Amount
	}
	return max(p.Amount-p.Booked, p.Booked-p.Amount)
}

// checkVoters compares the people of votes with those who acted, by the events.
func (b *inspection) checkVoters() error {
	var after int64
	for {
		votes, err := b.rows.Votes(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		for i := range votes {
			v := &votes[i]
			b.by(fmt.Sprintf("proposal %d", v.Number), "a voter", v.Person, b.deciders[v.EventNumber])
			after = v.EventNumber
		}
		if len(votes) < pageRows {
			return nil
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}
