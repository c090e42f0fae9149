package engine

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// needs is what the commands of a batch want loaded, each row once.
type needs struct {
	requests   set[postgres.RequestKey]
	claims     set[postgres.Key]
	siblings   set[postgres.SiblingKey]
	lines      set[postgres.Key] // With their refunds.
	unitsOf    set[postgres.Key] // Of order lines.
	accounts   set[postgres.Key]
	holds      set[postgres.Key] // Of claims.
	payouts    set[postgres.Key]
	payoutsOf  set[postgres.Key] // Of claims.
	results    set[postgres.Key] // Of claims.
	persons    set[postgres.Key]
	references set[postgres.Key] // Transfers by external reference.
}

type set[K comparable] struct {
	keys []K
	seen map[K]bool
}

func (s *set[K]) add(k K) {
	if s.seen[k] {
		return
	}
	if s.seen == nil {
		s.seen = make(map[K]bool)
	}
	s.seen[k] = true
	s.keys = append(s.keys, k)
}

// take gives the keys added since the last take; those are not asked for again.
func (s *set[K]) take() []K {
	keys := s.keys
	s.keys = nil
	return keys
}

func (n *needs) account(merchantID string, purposes ...ledger.Purpose) {
	for _, p := range purposes {
		n.accounts.add(postgres.Key{MerchantID: merchantID, ID: string(p)})
	}
}

// books are the loaded books of a batch, by merchant.
type books map[string]*Book

// load reads what n asks for and has not been read: at most one statement for
// each kind of row.
func (bs books) load(tx *postgres.Tx, n *needs) error {
	for _, read := range []func(*postgres.Tx, *needs) error{
		bs.loadRequests, bs.loadClaims, bs.loadSiblings, bs.loadLines, bs.loadUnits, bs.loadAccounts,
		bs.loadHolds, bs.loadPayouts, bs.loadPayoutsOf, bs.loadResults, bs.loadPersons, bs.loadReferences,
	} {
		if err := read(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// loadInto reads the rows that keys name and hands each to put.
func loadInto[K comparable, V any](keys *set[K], read func([]K) ([]V, error), put func(V)) error {
	todo := keys.take()
	if len(todo) == 0 {
		return nil
	}
	rows, err := read(todo)
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
	keys := n.lines.take()
	if len(keys) == 0 {
		return nil
	}
	lines, err := tx.Lines(keys)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return nil
	}
	stored := make([]postgres.Key, len(lines))
	for i, l := range lines {
		bs[l.MerchantID].lines.load(l.ID, loadedLine{line: l, digest: l.Digest()})
		stored[i] = postgres.Key{MerchantID: l.MerchantID, ID: l.ID}
	}
	refunds, err := tx.Refunds(stored)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		bs[r.MerchantID].putRefund(r)
	}
	return nil
}

// loadUnits reads the owners of units of lines that were seen before; nobody
// owns a unit of another.
func (bs books) loadUnits(tx *postgres.Tx, n *needs) error {
	n.unitsOf.keys = slices.DeleteFunc(n.unitsOf.keys, func(k postgres.Key) bool {
		return bs[k.MerchantID].lines.get(k.ID) == nil
	})
	return loadInto(&n.unitsOf, tx.UnitOwners, func(u postgres.UnitOwner) {
		bs[u.MerchantID].units.load(unitKey{u.OrderLineID, u.Ordinal}, unit{claimID: u.ClaimID, stored: u.ClaimID})
	})
}

func (bs books) loadAccounts(tx *postgres.Tx, n *needs) error {
	for _, k := range n.accounts.keys {
		if a := bs[k.MerchantID].accounts.get(ledger.Purpose(k.ID)); a != nil && a.unsettled {
			return errUnsettled
		}
	}
	return loadInto(&n.accounts, tx.Accounts, func(a postgres.Account) {
		b := bs[a.MerchantID]
		b.accounts.load(a.Purpose, account{})
		// What the batch adds to an account may be staged before its balance is known.
		if have := b.accounts.get(a.Purpose); !have.known {
			have.known, have.stored = true, a.Balance
		}
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
	return loadInto(&n.references, tx.TransfersByReference, func(t ledger.Transfer) {
		b := bs[t.MerchantID]
		b.byReference = append(b.byReference, t)
	})
}
