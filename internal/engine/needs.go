package engine

import (
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// needs is what the commands of a batch want in memory and what is not there yet.
type needs struct {
	books books

	requests   []postgres.RequestKey
	claims     []postgres.Key
	siblings   []postgres.SiblingKey
	lines      []postgres.Key // With their refunds.
	unitsOf    []postgres.Key // Of order lines.
	holds      []postgres.Key // Of claims.
	payouts    []postgres.Key
	payoutsOf  []postgres.Key // Of claims.
	results    []postgres.Key // Of claims.
	persons    []postgres.Key
	references []postgres.Key // Transfers by external reference.
	approvals  []postgres.Key // Of claims.
	debts      []string       // The oldest debts of books.
	debtsByKey []postgres.DebtKey
	usual      []postgres.ProductKey
	proposals  []postgres.ProposalKey
}

// ask is what names rows that a book was asked for; and is empty where of names
// them alone.
type ask struct {
	of, and string
}

// asked are the kinds of rows that a book was asked for under one name.
type asked uint16

const (
	askedClaim asked = 1 << iota
	askedSiblings
	askedLine
	askedUnits
	askedHolds
	askedPayout
	askedPayoutsOf
	askedResults
	askedPerson
	askedReference
	askedApprovals
	askedDebt
	askedProposal
)

// want adds a key that the book was not asked for before.
func want[K any](n *needs, list *[]K, merchantID string, kind asked, a ask, key K) {
	b := n.books[merchantID]
	before := b.asked[a]
	if before&kind != 0 {
		return
	}
	b.asked[a] = before | kind
	*list = append(*list, key)
}

// request asks for the stored outcome of a request. Ids are used once, as a rule,
// so that it is not worth remembering which were asked for.
func (n *needs) request(c *call) {
	h := &c.header
	if h.RequestID == "" || n.books[h.MerchantID].requests.rows[keyOf(h)] != nil {
		return
	}
	n.requests = append(n.requests, postgres.RequestKey{
		MerchantID: h.MerchantID, Workload: h.Principal.Workload, Method: h.Method, RequestID: h.RequestID,
	})
}

func (n *needs) claim(merchantID, id string) {
	want(n, &n.claims, merchantID, askedClaim, ask{of: id}, postgres.Key{MerchantID: merchantID, ID: id})
}

// claimsOf asks for the claimant's claims on a product.
func (n *needs) claimsOf(k postgres.SiblingKey) {
	want(n, &n.siblings, k.MerchantID, askedSiblings, ask{k.ClaimantID, k.ProductID}, k)
}

// line asks for an order line with its refunds.
func (n *needs) line(merchantID, id string) {
	want(n, &n.lines, merchantID, askedLine, ask{of: id}, postgres.Key{MerchantID: merchantID, ID: id})
}

// units asks for the owners of a line's units.
func (n *needs) units(merchantID, lineID string) {
	want(n, &n.unitsOf, merchantID, askedUnits, ask{of: lineID}, postgres.Key{MerchantID: merchantID, ID: lineID})
}

func (n *needs) holdsOf(merchantID, claimID string) {
	want(n, &n.holds, merchantID, askedHolds, ask{of: claimID}, postgres.Key{MerchantID: merchantID, ID: claimID})
}

func (n *needs) payout(merchantID, id string) {
	want(n, &n.payouts, merchantID, askedPayout, ask{of: id}, postgres.Key{MerchantID: merchantID, ID: id})
}

func (n *needs) payoutsOfClaim(merchantID, claimID string) {
	want(n, &n.payoutsOf, merchantID, askedPayoutsOf, ask{of: claimID}, postgres.Key{MerchantID: merchantID, ID: claimID})
}

func (n *needs) resultsOf(merchantID, claimID string) {
	want(n, &n.results, merchantID, askedResults, ask{of: claimID}, postgres.Key{MerchantID: merchantID, ID: claimID})
}

func (n *needs) person(merchantID, id string) {
	want(n, &n.persons, merchantID, askedPerson, ask{of: id}, postgres.Key{MerchantID: merchantID, ID: id})
}

// reference asks for transfers by their external reference.
func (n *needs) reference(merchantID, reference string) {
	want(n, &n.references, merchantID, askedReference, ask{of: reference}, postgres.Key{MerchantID: merchantID, ID: reference})
}

func (n *needs) approvalsOf(merchantID, claimID string) {
	want(n, &n.approvals, merchantID, askedApprovals, ask{of: claimID}, postgres.Key{MerchantID: merchantID, ID: claimID})
}

// debt asks for a debt that no claim tells of.
func (n *needs) debt(k postgres.DebtKey) {
	want(n, &n.debtsByKey, k.MerchantID, askedDebt, ask{k.ID, string(k.Kind)}, k)
}

// proposal asks for a proposal with what people said to it.
func (n *needs) proposal(merchantID string, number int64) {
	a := ask{of: strconv.FormatInt(number, 10)}
	want(n, &n.proposals, merchantID, askedProposal, a, postgres.ProposalKey{MerchantID: merchantID, Number: number})
}

// knowsLine notes that the database has nothing of a line that is seen for the
// first time.
func (b *Book) knowsLine(id string) {
	b.knows(id, askedLine|askedUnits)
}

// knowsClaim notes that the database has nothing of a claim that is being filed.
func (b *Book) knowsClaim(id string) {
	b.knows(id, askedClaim|askedHolds|askedPayoutsOf|askedResults|askedApprovals)
}

// knows notes that what the database has under a name is in memory.
func (b *Book) knows(id string, kinds asked) { b.asked[ask{of: id}] |= kinds }

// books are the books of a batch, by merchant.
type books map[string]*Book

// load reads what n asks for: at most one statement for each kind of row.
func (bs books) load(tx *postgres.Tx, n *needs) error {
	for _, read := range []func(*postgres.Tx, *needs) error{
		bs.loadRequests, bs.loadClaims, bs.loadSiblings, bs.loadLines, bs.loadUnits,
		bs.loadHolds, bs.loadPayouts, bs.loadPayoutsOf, bs.loadResults, bs.loadPersons, bs.loadReferences,
		bs.loadApprovals, bs.loadDebts, bs.loadUsual, bs.loadProposals,
	} {
		if err := read(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// loadInto reads the rows that keys name, hands each to put, and empties keys.
func loadInto[K, V any](keys *[]K, read func([]K) ([]V, error), put func(V)) error {
	if len(*keys) == 0 {
		return nil
	}
	rows, err := read(*keys)
	*keys = (*keys)[:0]
	if err != nil {
		return err
	}
	for _, v := range rows {
		put(v)
	}
	return nil
}

func (bs books) loadRequests(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.requests, tx.Requests, func(r postgres.Request) {
		bs[r.MerchantID].requests.load(requestKey{r.Workload, r.Method, r.RequestID}, r)
	})
}

func (bs books) loadClaims(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.claims, tx.Claims, bs.putClaim)
}

func (bs books) loadSiblings(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.siblings, func(keys []postgres.SiblingKey) ([]*claimRow, error) {
		return tx.Siblings(keys, policy.MembersMax+1)
	}, bs.putClaim)
}

func (bs books) loadLines(tx *postgres.Tx, n *needs) error {
	var stored []postgres.Key
	err := loadInto(&n.lines, tx.Lines, func(l *lineRow) {
		bs[l.MerchantID].lines.load(l.ID, loadedLine{line: l, digest: l.Digest()})
		stored = append(stored, postgres.Key{MerchantID: l.MerchantID, ID: l.ID})
	})
	if err != nil {
		return err
	}
	return loadInto(&stored, tx.Refunds, func(r postgres.Refund) { bs[r.MerchantID].putRefund(r) })
}

// loadUnits reads the owners of units of lines that were seen before; nobody
// owns a unit of another.
func (bs books) loadUnits(tx *postgres.Tx, n *needs) error {
	n.unitsOf = slices.DeleteFunc(n.unitsOf, func(k postgres.Key) bool {
		return bs[k.MerchantID].lines.get(k.ID) == nil
	})
	return loadInto(&n.unitsOf, tx.UnitOwners, func(u postgres.UnitOwner) {
		bs[u.MerchantID].units.load(unitKey{u.OrderLineID, u.Ordinal}, unit{claimID: u.ClaimID, stored: u.ClaimID})
	})
}

func (bs books) loadHolds(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.holds, tx.Holds, func(h *ledger.Hold) {
		b := bs[h.MerchantID]
		b.holds.load(holdKey{h.ClaimID, h.Number}, *h)
	})
}

func (bs books) loadPayouts(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.payouts, tx.Payouts, bs.putPayout)
}

func (bs books) loadPayoutsOf(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.payoutsOf, tx.PayoutsOfClaims, bs.putPayout)
}

func (bs books) loadResults(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.results, tx.Results, func(r resultRow) { bs[r.MerchantID].putResult(r) })
}

func (bs books) loadPersons(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.persons, tx.Persons, func(p postgres.Person) { bs[p.MerchantID].persons.load(p.PersonID, p) })
}

func (bs books) loadReferences(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.references, tx.TransfersByReference, func(t ledger.Transfer) { bs[t.MerchantID].reference(&t) })
}

func (bs books) loadApprovals(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.approvals, tx.Approvals, func(a postgres.Approval) {
		b := bs[a.MerchantID]
		b.approvals.load(approvalKey{a.ClaimID, a.Revision, a.Person}, a)
		b.approvalsOf.put(a.ClaimID, a.Person)
	})
}

// loadDebts reads the oldest debts of books afresh each time: which are the oldest
// changes with every one that is paid. What is in memory of them is newer.
func (bs books) loadDebts(tx *postgres.Tx, n *needs) error {
	err := loadInto(&n.debtsByKey, tx.Debts, func(d postgres.Debt) { bs[d.MerchantID].debts.load(debtKey{d.Kind, d.ID}, d) })
	if err != nil {
		return err
	}
	return loadInto(&n.debts, func(merchants []string) ([]postgres.Debt, error) {
		return tx.OldestDebts(merchants, debtsMax)
	}, func(d postgres.Debt) {
		b := bs[d.MerchantID]
		b.debts.load(debtKey{d.Kind, d.ID}, d)
		b.oldest = append(b.oldest, debtKey{d.Kind, d.ID})
	})
}

func (bs books) loadUsual(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.usual, func(keys []postgres.ProductKey) ([]postgres.Usual, error) {
		return tx.Usual(keys, usualOver)
	}, func(u postgres.Usual) { bs[u.MerchantID].usual[u.ProductID] = u })
}

func (bs books) loadProposals(tx *postgres.Tx, n *needs) error {
	return loadInto(&n.proposals, tx.Proposals, func(p postgres.Proposal) { bs[p.MerchantID].proposals.load(p.Number, p) })
}
