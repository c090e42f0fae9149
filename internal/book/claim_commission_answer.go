package book

import (
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Which commission a result answers.

// checkCommission refuses a commission that the result names and does not answer: one of another
// body, one that is not open, and one that has none of the units.
func (r *RecordResult) checkCommission(b *Book) error {
	x := &r.Result
	if x.Commission == 0 {
		return nil
	}
	of, err := b.commission(x.ClaimID, x.Commission)
	switch {
	case err == nil && of.AuthenticatorID != x.AuthenticatorID:
		err = noCommission(x.ClaimID, x.Commission)
	case err == nil && !of.State.Open():
		err = of.Refuse("a result cannot answer it")
	case err == nil && !overlaps(of, x):
		err = fault.New(fault.CommissionNotFound, "commission %d of claim %s has none of the units of the result", x.Commission, x.ClaimID).
			With("claimId", x.ClaimID).With("commission", strconv.Itoa(int(x.Commission)))
	}
	if refusal, ok := fault.As(err); ok {
		return refusal.At("commission")
	}
	return err
}

// overlaps says whether a commission has a unit of a result, covers whether it has them all.
func overlaps(x *commission.Commission, r *claim.Result) bool {
	return slices.ContainsFunc(r.Units, func(u claim.Unit) bool { return x.Covers(u.Ordinal) })
}

func covers(x *commission.Commission, r *claim.Result) bool {
	return !slices.ContainsFunc(r.Units, func(u claim.Unit) bool { return !x.Covers(u.Ordinal) })
}

// answered gives the commission that a result answers: the one that it names, or else the oldest
// open one of its body that has all of its units, or else one of them; nil for none.
func (b *Book) answered(r *claim.Result) *commission.Commission {
	var found *commission.Commission
	for _, x := range b.commissionsOn(r.ClaimID) {
		switch {
		case !x.State.Open() || x.AuthenticatorID != r.AuthenticatorID || !overlaps(x, r):
		case r.Commission != 0:
			if x.Number == r.Commission {
				return x
			}
		case found == nil, covers(x, r) && !covers(found, r):
			found = x
		}
	}
	return found
}

// reported has the commission that a result answers take over what was found. It gives the
// number; zero for a body that was not commissioned.
func (b *Book) reported(r *claim.Result) int32 {
	x := b.answered(r)
	if x == nil {
		return 0
	}
	x = b.commissions.edit(commissionKey{x.ClaimID, x.Number}, b.command)
	if x.Find(r.Units) {
		x.State, x.EndedAt = commission.Reported, b.now
	}
	return x.Number
}
