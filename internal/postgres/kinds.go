package postgres

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// storage is how rows of one kind come from the database and get there.
type storage struct {
	// load reads what books need; nil where rows of the kind are never read back.
	load func(*Tx, *book.Needs) error
	// put adds what is to be written to the statement; nil where nothing is staged.
	put func(*Tx, *book.Changes)
}

// stored is the storage of every kind of row, which the pipeline walks in the order
// of the kinds.
var stored = [book.KindCount]storage{
	book.KindRequest: {loadRequests, (*Tx).writeRequests},
	book.KindPerson:  {loadPersons, (*Tx).writePersons},
	book.KindClaim:   {loadClaims, both((*Tx).writeClaimsFiled, (*Tx).writeClaimsChanged)},
	// Lines come with their refunds.
	book.KindLine:       {loadLines, both((*Tx).writeLines, (*Tx).writeLinesChanged)},
	book.KindCorrection: {nil, (*Tx).writeCorrections},
	book.KindRefund:     {nil, (*Tx).writeRefunds},
	// Nobody owns a unit of a line that has not been seen, so lines come first.
	book.KindUnit:     {loadUnits, (*Tx).writeUnits},
	book.KindGroup:    {nil, (*Tx).writeGroups},
	book.KindRevision: {nil, (*Tx).writeRevisions},
	book.KindResult:   {loadResults, (*Tx).writeResults},
	book.KindWait:     {nil, (*Tx).writeWaits},
	book.KindHold:     {loadHolds, both((*Tx).writeHoldsPlaced, (*Tx).writeHoldsChanged)},
	book.KindTransfer: {nil, (*Tx).writeTransfers},
	// Payouts come with their dues.
	book.KindPayout:      {loadPayouts, both((*Tx).writePayoutsMade, (*Tx).writePayoutsChanged)},
	book.KindDue:         {nil, (*Tx).writeDues},
	book.KindDebt:        {loadDebts, (*Tx).writeDebts},
	book.KindLateDebt:    {nil, (*Tx).writeLateDebts},
	book.KindAppeal:      {nil, (*Tx).writeAppeals},
	book.KindApproval:    {loadApprovals, (*Tx).writeApprovals},
	book.KindRetraction:  {nil, (*Tx).writeRetractions},
	book.KindProposal:    {loadProposals, (*Tx).writeProposals},
	book.KindVote:        {nil, (*Tx).writeVotes},
	book.KindEvidence:    {nil, (*Tx).writeEvidence},
	book.KindNote:        {loadNotes, (*Tx).writeNotes},
	book.KindCommission:  {loadCommissions, (*Tx).writeCommissions},
	book.KindCustody:     {loadCustody, (*Tx).writeCustody},
	book.KindEvent:       {nil, (*Tx).writeEvents},
	book.KindReference:   {loadReferences, nil},
	book.KindUsual:       {loadUsual, nil},
	book.KindOldest:      {loadOldest, nil},
	book.KindOwed:        {loadDebtSums, nil},
	book.KindEvidenceSum: {loadEvidenceSums, nil},
	book.KindPiece:       {loadPieces, nil},
	book.KindJudge:       {loadJudges, nil},

	book.KindDisclosure:      {loadDisclosures, (*Tx).writeDisclosures},
	book.KindEvidenceRequest: {loadEvidenceRequests, (*Tx).writeEvidenceRequests},
}

// both adds rows that are made and rows that are changed.
func both(made, changed func(*Tx, *book.Changes)) func(*Tx, *book.Changes) {
	return func(tx *Tx, c *book.Changes) { made(tx, c); changed(tx, c) }
}

// Load reads what books need, and empties the needs: at most one statement for each
// list of names.
func (tx *Tx) Load(n *book.Needs) error {
	for _, s := range stored {
		if s.load == nil {
			continue
		}
		if err := s.load(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// into reads the rows that keys name, hands each to take, and empties keys.
func into[K, V any](keys *[]K, read func([]K) ([]V, error), take func(V)) error {
	if len(*keys) == 0 {
		return nil
	}
	rows, err := read(*keys)
	*keys = (*keys)[:0]
	if err != nil {
		return err
	}
	for _, v := range rows {
		take(v)
	}
	return nil
}

func loadRequests(tx *Tx, n *book.Needs) error {
	return into(&n.Requests, tx.Requests, n.Books().TakeRequest)
}

func loadPersons(tx *Tx, n *book.Needs) error {
	return into(&n.Persons, tx.Persons, n.Books().TakePerson)
}

func loadClaims(tx *Tx, n *book.Needs) error {
	take := func(c *claim.Claim) {
		n.Books().TakeClaim(c)
		n.WithPayouts(c)
	}
	err := into(&n.Claims, func(keys []book.Key) ([]*claim.Claim, error) {
		return tx.Claims(keys, func(c *claim.Claim, err error) {
			n.Books().TakeDamagedClaim(book.Key{MerchantID: c.MerchantID, ID: c.ID}, err)
		})
	}, take)
	if err != nil {
		return err
	}
	return into(&n.Siblings, func(keys []book.SiblingKey) ([]*claim.Claim, error) {
		return tx.Siblings(keys, policy.MembersMax+1, func(c *claim.Claim, err error) {
			n.Books().TakeDamagedSibling(book.SiblingKey{MerchantID: c.MerchantID, ClaimantID: c.ClaimantID, ProductID: c.ProductID}, err)
		})
	}, take)
}

func loadLines(tx *Tx, n *book.Needs) error {
	named := slices.Clone(n.Lines) // Refunds may be told before their line.
	read := func(keys []book.Key) ([]*book.LineSeen, error) { return tx.Lines(keys, n.Books().TakeDamagedLine) }
	if err := into(&n.Lines, read, n.Books().TakeLine); err != nil {
		return err
	}
	return into(&named, tx.Refunds, n.Books().TakeRefund)
}

func loadUnits(tx *Tx, n *book.Needs) error {
	n.UnitsOf = slices.DeleteFunc(n.UnitsOf, func(k book.Key) bool { return !n.Books().HasLine(k) })
	return into(&n.UnitsOf, tx.UnitOwners, n.Books().TakeUnit)
}

func loadResults(tx *Tx, n *book.Needs) error {
	read := func(keys []book.Key) ([]claim.Result, error) { return tx.Results(keys, n.Books().TakeDamagedResult) }
	return into(&n.Results, read, n.Books().TakeResult)
}

func loadHolds(tx *Tx, n *book.Needs) error {
	return into(&n.Holds, tx.Holds, n.Books().TakeHold)
}

func loadPayouts(tx *Tx, n *book.Needs) error {
	var seen []book.Key
	take := func(p *payout.Payout) {
		n.Books().TakePayout(p)
		seen = append(seen, book.Key{MerchantID: p.MerchantID, ID: p.ID})
	}
	if err := into(&n.Payouts, tx.Payouts, take); err != nil {
		return err
	}
	if err := into(&n.PayoutsOf, tx.PayoutsOfClaims, take); err != nil {
		return err
	}
	return into(&seen, tx.Dues, n.Books().TakeDue)
}

func loadDebts(tx *Tx, n *book.Needs) error {
	return into(&n.Debts, tx.Debts, n.Books().TakeDebt)
}

func loadApprovals(tx *Tx, n *book.Needs) error {
	return into(&n.Approvals, tx.Approvals, n.Books().TakeApproval)
}

func loadNotes(tx *Tx, n *book.Needs) error {
	return into(&n.Notes, tx.NewestNotes, n.Books().TakeNote)
}

func loadCommissions(tx *Tx, n *book.Needs) error {
	return into(&n.Commissions, tx.Commissions, n.Books().TakeCommission)
}

func loadCustody(tx *Tx, n *book.Needs) error {
	return into(&n.Custody, tx.CustodySteps, n.Books().TakeCustodyStep)
}

func loadDisclosures(tx *Tx, n *book.Needs) error {
	return into(&n.Disclosures, tx.Disclosures, n.Books().TakeDisclosure)
}

func loadEvidenceRequests(tx *Tx, n *book.Needs) error {
	return into(&n.EvidenceRequests, tx.EvidenceRequests, n.Books().TakeEvidenceRequest)
}

func loadProposals(tx *Tx, n *book.Needs) error {
	return into(&n.Proposals, tx.Proposals, n.Books().TakeProposal)
}

func loadReferences(tx *Tx, n *book.Needs) error {
	return into(&n.References, tx.TransfersByReference, n.Books().TakeTransfer)
}

func loadUsual(tx *Tx, n *book.Needs) error {
	return into(&n.Usual, func(keys []book.ProductKey) ([]book.Usual, error) { return tx.Usual(keys, book.UsualOver) }, n.Books().TakeUsual)
}

// loadOldest reads the oldest debts of books afresh each time: which are the oldest
// changes with every one that is paid.
func loadOldest(tx *Tx, n *book.Needs) error {
	return into(&n.Oldest, func(keys []book.DebtsAfter) ([]debt.Debt, error) { return tx.OldestDebts(keys, book.DebtsMax) }, n.Books().TakeOldest)
}

func loadEvidenceSums(tx *Tx, n *book.Needs) error {
	return into(&n.EvidenceOf, tx.EvidenceSums, n.Books().TakeEvidenceSum)
}

func loadPieces(tx *Tx, n *book.Needs) error {
	return into(&n.Pieces, tx.EvidencePieces, n.Books().TakePiece)
}

func loadJudges(tx *Tx, n *book.Needs) error {
	return into(&n.Judges, tx.Judges, n.Books().TakeJudge)
}

func loadDebtSums(tx *Tx, n *book.Needs) error {
	return into(&n.DebtSums, tx.DebtSums, n.Books().TakeDebtSums)
}
