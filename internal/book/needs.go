package book

import (
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Needs is what the commands of a batch want in memory and what is not there yet.
// Whoever reads it from the database empties each list and gives the books what it
// found.
type Needs struct {
	books Books
	// probing says that nothing is asked for, and met becomes the refusal for a row that
	// would be asked for and cannot be read; see Bar.
	probing bool
	met     error

	Requests    []request.Key
	Persons     []Key
	Claims      []Key
	Siblings    []SiblingKey
	Lines       []Key // With their refunds.
	UnitsOf     []Key // Of order lines.
	Results     []Key // Of claims.
	Holds       []Key // Of claims.
	Payouts     []Key
	PayoutsOf   []Key // Of claims.
	Debts       []debt.Key
	Approvals   []Key // Of claims.
	Notes       []Key // The newest of claims.
	Commissions []Key // Of claims.
	Custody     []Key // Of claims.
	Proposals   []proposal.Key
	References  []Key // Transfers by external reference.
	Usual       []ProductKey
	Oldest      []DebtsAfter
	DebtSums    []string // Books, for the sums of their debts.
	EvidenceOf  []Key    // Of claims: how much evidence they have.
	Pieces      []PieceKey
	Judges      []JudgeKey

	EvidenceRequests []Key // Of claims.
	Disclosures      []Key // Of claims.
}

// NewNeeds makes needs of books.
func NewNeeds(books Books) *Needs { return &Needs{books: books} }

// Empty says that nothing is asked for.
func (n *Needs) Empty() bool {
	return len(n.Requests)+len(n.Persons)+len(n.Claims)+len(n.Siblings)+len(n.Lines)+len(n.UnitsOf)+len(n.Results)+
		len(n.Holds)+len(n.Payouts)+len(n.PayoutsOf)+len(n.Debts)+len(n.Approvals)+len(n.Notes)+len(n.Commissions)+len(n.Custody)+
		len(n.Proposals)+len(n.References)+
		len(n.EvidenceRequests)+len(n.Disclosures)+len(n.Usual)+len(n.Oldest)+len(n.DebtSums)+len(n.EvidenceOf)+len(n.Pieces)+len(n.Judges) == 0
}

// Books are those that the needs are of.
func (n *Needs) Books() Books { return n.books }

// need is a way in which rows are asked for by name.
type need int

const (
	needClaim need = iota
	needSiblings
	needLine
	needUnits
	needHolds
	needPayout
	needPayoutsOf
	needResults
	needPerson
	needReference
	needApprovals
	needNotes
	needCommissions
	needCustody
	needEvidenceRequests
	needDisclosures
	needDebt
	needProposal
	needDebtSums
	needEvidence
	needPiece
	needCount
)

// ask names rows that a book was asked for; and is empty if of alone names them.
type ask struct {
	of, and string
}

// asked are the needs that a book was asked for under one name.
type asked [(needCount + 63) / 64]uint64

func (a *asked) has(n need) bool { return a[n/64]&(1<<(n%64)) != 0 }
func (a *asked) add(n need)      { a[n/64] |= 1 << (n % 64) }
func (a *asked) drop(n need)     { a[n/64] &^= 1 << (n % 64) }

// want adds a key that the book was not asked for before.
func want[K any](n *Needs, list *[]K, merchantID string, kind need, a ask, key K) {
	b := n.books[merchantID]
	if n.probing {
		if refusal := b.damaged[damage{a, kind}]; refusal != nil && n.met == nil {
			n.met = refusal
		}
		return
	}
	before := b.asked[a]
	if before.has(kind) {
		return
	}
	before.add(kind)
	b.asked[a] = before
	*list = append(*list, key)
}

// Request asks for the stored outcome of a request. Ids are used once, as a rule,
// so that it is not worth remembering which were asked for.
func (n *Needs) Request(c *Call) {
	k := c.Header.Key()
	if k.RequestID == "" || n.books[k.MerchantID].requests.rows[k] != nil {
		return
	}
	n.Requests = append(n.Requests, k)
}

func (n *Needs) claim(merchantID, id string) {
	want(n, &n.Claims, merchantID, needClaim, ask{of: id}, Key{MerchantID: merchantID, ID: id})
}

// claimsOf asks for the claimant's claims on a product.
func (n *Needs) claimsOf(k SiblingKey) {
	want(n, &n.Siblings, k.MerchantID, needSiblings, ask{k.ClaimantID, k.ProductID}, k)
}

// line asks for an order line with its refunds.
func (n *Needs) line(merchantID, id string) {
	want(n, &n.Lines, merchantID, needLine, ask{of: id}, Key{MerchantID: merchantID, ID: id})
}

// units asks for the owners of a line's units.
func (n *Needs) units(merchantID, lineID string) {
	want(n, &n.UnitsOf, merchantID, needUnits, ask{of: lineID}, Key{MerchantID: merchantID, ID: lineID})
}

func (n *Needs) holdsOf(merchantID, claimID string) {
	want(n, &n.Holds, merchantID, needHolds, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

func (n *Needs) payout(merchantID, id string) {
	want(n, &n.Payouts, merchantID, needPayout, ask{of: id}, Key{MerchantID: merchantID, ID: id})
}

// WithPayouts asks for the payouts of a claim that was just read, if it can have any:
// what may yet be paid under an earlier number bounds what may leave.
func (n *Needs) WithPayouts(c *claim.Claim) {
	if !c.ConfirmedAt.IsZero() {
		n.payoutsOfClaim(c.MerchantID, c.ID)
	}
}

func (n *Needs) payoutsOfClaim(merchantID, claimID string) {
	want(n, &n.PayoutsOf, merchantID, needPayoutsOf, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

func (n *Needs) resultsOf(merchantID, claimID string) {
	want(n, &n.Results, merchantID, needResults, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

func (n *Needs) person(merchantID, id string) {
	want(n, &n.Persons, merchantID, needPerson, ask{of: id}, Key{MerchantID: merchantID, ID: id})
}

// reference asks for transfers by their external reference.
func (n *Needs) reference(merchantID, reference string) {
	want(n, &n.References, merchantID, needReference, ask{of: reference}, Key{MerchantID: merchantID, ID: reference})
}

func (n *Needs) approvalsOf(merchantID, claimID string) {
	want(n, &n.Approvals, merchantID, needApprovals, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// notesOf asks for the newest note of a claim.
func (n *Needs) notesOf(merchantID, claimID string) {
	want(n, &n.Notes, merchantID, needNotes, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// commissionsOf asks for the commissions of a claim.
func (n *Needs) commissionsOf(merchantID, claimID string) {
	want(n, &n.Commissions, merchantID, needCommissions, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// custodyOf asks for the steps of custody of a claim.
func (n *Needs) custodyOf(merchantID, claimID string) {
	want(n, &n.Custody, merchantID, needCustody, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// evidenceRequestsOf asks for the requests for evidence of a claim.
func (n *Needs) evidenceRequestsOf(merchantID, claimID string) {
	want(n, &n.EvidenceRequests, merchantID, needEvidenceRequests, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// disclosuresOf asks for what was disclosed of a claim's evidence after it was added.
func (n *Needs) disclosuresOf(merchantID, claimID string) {
	want(n, &n.Disclosures, merchantID, needDisclosures, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// evidenceOf asks for how much evidence a claim has.
func (n *Needs) evidenceOf(merchantID, claimID string) {
	want(n, &n.EvidenceOf, merchantID, needEvidence, ask{of: claimID}, Key{MerchantID: merchantID, ID: claimID})
}

// piece asks for a piece of evidence of a claim.
func (n *Needs) piece(k PieceKey) {
	want(n, &n.Pieces, k.MerchantID, needPiece, ask{k.ClaimID, k.Digest}, k)
}

// debt asks for a debt that no claim shows.
func (n *Needs) debt(k debt.Key) {
	want(n, &n.Debts, k.MerchantID, needDebt, ask{k.ID, string(k.Kind)}, k)
}

// proposal asks for a proposal with its votes.
func (n *Needs) proposal(merchantID string, number int64) {
	a := ask{of: strconv.FormatInt(number, 10)}
	want(n, &n.Proposals, merchantID, needProposal, a, proposal.Key{MerchantID: merchantID, Number: number})
}

// usual asks for what a product's claims are usually awarded.
func (n *Needs) usual(merchantID, productID string) {
	if n.probing {
		return
	}
	n.Usual = append(n.Usual, ProductKey{MerchantID: merchantID, ProductID: productID})
}

// oldest asks for the next of a book's debts, in the order in which income goes to
// them, after those that the sweep under way has looked at.
func (n *Needs) oldest(merchantID string) {
	if n.probing {
		return
	}
	b := n.books[merchantID]
	b.listedAfter = b.head.Sweep.After
	n.Oldest = append(n.Oldest, DebtsAfter{MerchantID: merchantID, After: b.listedAfter})
}

// debtSums asks for the sums of a book's debts; one that is not there has none.
func (n *Needs) debtSums(merchantID string) {
	b := n.books[merchantID]
	if b.owed.known = b.owed.known || !b.exists; !b.owed.known {
		want(n, &n.DebtSums, merchantID, needDebtSums, ask{}, merchantID)
	}
}

// knowsLine notes that the database has no rows of a line that is stored for the first
// time.
func (b *Book) knowsLine(id string) { b.knows(id, needLine, needUnits) }

// knowsClaim notes that the database has no rows of a claim that is being filed.
func (b *Book) knowsClaim(id string) {
	b.knows(id, needClaim, needHolds, needPayoutsOf, needResults, needApprovals, needNotes, needCommissions, needCustody, needEvidenceRequests, needDisclosures)
}

// knows notes that all rows the database has under a name are in memory.
func (b *Book) knows(id string, kinds ...need) {
	of := ask{of: id}
	known := b.asked[of]
	for _, k := range kinds {
		known.add(k)
	}
	b.asked[of] = known
}

// Books are the books of a batch, by merchant.
type Books map[string]*Book
