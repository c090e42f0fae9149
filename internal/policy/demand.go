package policy

import (
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// spent is the cost of a member's counterfeit units, by who bore it (rule C1).
type spent struct {
	goods, sellerDiscount, platformSubsidy, shipping money.Amount
	// refunded is the part of earlier refunds that falls on these units.
	refunded money.Amount
}

// newSpent computes the counterfeit units' share of each amount of the line. The
// platform's money is its subsidy and the discounts that it bore; the order line's
// own check refuses a line that reports the same money as both.
func newSpent(m *Member) (spent, error) {
	var seller, platform money.Amount
	platform = m.Line.PlatformSubsidy
	for _, d := range m.Line.Discounts {
		if d.Bearer == order.BearerMerchant {
			seller += d.Amount
		} else {
			platform += d.Amount
		}
	}
	var s spent
	for _, part := range []struct {
		of    money.Amount
		share *money.Amount
	}{
		{m.Line.GoodsPaid, &s.goods},
		{seller, &s.sellerDiscount},
		{platform, &s.platformSubsidy},
		{m.Line.ShippingPaid, &s.shipping},
	} {
		share, err := m.Line.UnitsShare(part.of, m.Units)
		if err != nil {
			return spent{}, err
		}
		*part.share = share
	}
	return s, nil
}

func (s *spent) component(c Component) money.Amount {
	switch c {
	case GoodsPaid:
		return s.goods
	case SellerDiscount:
		return s.sellerDiscount
	case PlatformSubsidy:
		return s.platformSubsidy
	case Shipping:
		return s.shipping
	default:
		return 0
	}
}

func (s *spent) sum(components []Component) (money.Amount, error) {
	var total money.Amount
	for _, c := range components {
		var err error
		if total, err = total.Add(s.component(c)); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// demand is what one member contributes to its group under one version, before the
// group's floor and cap. A demand without a version does not exist.
type demand struct {
	version *Version

	// gross is the base as it was paid; base is the rest of it after refunds (rule
	// C10).
	gross, base money.Amount
	// multiplier and fixed are the terms that decided. promise is the merchant's
	// own promise that they come from, nil if they are the policy's.
	multiplier money.Ratio
	fixed      money.Amount
	promise    *order.Promise
	// product is multiplier × base, or the fixed amount of all units.
	product money.Amount
	// inside is the part of the product that is the refund (RefundIncluded).
	inside money.Amount
	// counted is the compensation that enters the group. owed says that the group
	// owes this member a product, so that the group's floor applies. They differ if
	// an included refund uses the product up.
	counted money.Amount
	owed    bool
	// excluded says why counted is zero although units are counterfeit.
	excluded *exclusion
	// fee is the authentication fee that the claimant fronted and the version adds
	// to the compensation (rule C11). It enters no group.
	fee money.Amount

	// refundable is the cost of the units' refund components; refund is the part of
	// it that remains to be given back, and setOff what refunds from outside took off.
	refundable, refund, setOff money.Amount
}

// exclusion is a rule that keeps a member's compensation out of its group.
type exclusion struct{ rule, note string }

var (
	excludedUnclaimed = &exclusion{"claim", "the claimant did not ask for compensation"}
	excludedKnowing   = &exclusion{"C8", "the claimant knew before ordering: refund only"}
	excludedUnpaid    = &exclusion{"C12", "nothing was paid for these units"}
)

func newDemand(m *Member, s *spent, v *Version) (demand, error) {
	d := demand{version: v}
	var err error
	if d.gross, err = s.sum(v.BaseComponents); err != nil {
		return demand{}, err
	}
	d.base = d.gross
	if v.EarlierRefunds == EarlierRefundsNet {
		d.base = max(0, d.gross-s.refunded)
	}
	if err = d.multiply(m); err != nil {
		return demand{}, err
	}
	if d.refundable, err = s.sum(v.RefundComponents); err != nil {
		return demand{}, err
	}
	d.splitRefund(m, s.refunded)
	switch {
	case len(m.Units) == 0:
		d.counted = 0
	case !m.Remedies.Compensation:
		d.counted, d.excluded = 0, excludedUnclaimed
	case m.BoughtAfterKnowledge:
		// What is paid or awarded for good is not taken back by what is told later.
		d.counted, d.excluded = min(d.counted, max(m.Kept.Out, m.Kept.standing())), excludedKnowing
		d.owed = d.counted > 0
	case d.gross == 0:
		d.counted, d.excluded = 0, excludedUnpaid
	default:
		d.owed = d.product > 0
	}
	if d.owed && v.FeeRule() == FeeAdded {
		d.fee = m.AuthenticationFee
	}
	return d, nil
}

// multiply finds the terms and the product (rules C2 and C4). On the basis of a
// promise, the merchant's own promises count beside the policy: the highest
// multiplier applies, and the highest fixed amount for each unit replaces base times
// multiplier, always or if it gives the consumer more, as the version says. A promised
// multiplier never lowers the policy's result, and an unpaid unit earns no fixed amount
// (rule C12).
func (d *demand) multiply(m *Member) error {
	d.multiplier = d.version.Multiplier
	var promises []order.Promise
	if d.version.Basis == Promise {
		promises = m.Line.Promises
	}
	for i := range promises {
		p := &promises[i]
		if p.Kind == order.PromiseMultiplier && p.Multiplier.Compare(d.multiplier) > 0 {
			d.multiplier, d.promise = p.Multiplier, p
		}
	}
	var err error
	if d.product, err = d.multiplier.Of(d.base); err != nil {
		return err
	}
	if d.gross == 0 {
		return nil
	}
	for i := range promises {
		p := &promises[i]
		if p.Kind != order.PromiseFixedAmount {
			continue
		}
		fixed, err := p.FixedAmount.Mul(int64(len(m.Units)))
		if err != nil {
			return err
		}
		replaces := d.version.FixedRule() == FixedReplaces && d.fixed == 0
		if fixed > d.product || replaces {
			d.product, d.fixed, d.promise = fixed, p.FixedAmount, p
		}
	}
	return nil
}

// splitRefund separates the refund (rules C3 and C10). Earlier refunds always
// reduce the refund. If the refund is included in the product, its part is taken
// out of the compensation whether it is still due, was given back earlier or is not
// claimed: otherwise the consumer would get more than the product in the end. Only
// a version that nets earlier refunds out of the base treats the refunded amount as
// never paid, and so counts only the rest.
func (d *demand) splitRefund(m *Member, refunded money.Amount) {
	open := max(0, d.refundable-refunded)
	d.counted = d.product
	switch d.version.RefundMode {
	case RefundOnTop:
		d.refund = open
	case RefundIncluded:
		if d.version.EarlierRefunds == EarlierRefundsNet {
			d.inside = min(open, d.product)
			d.refund = d.inside
		} else {
			d.inside = min(d.refundable, d.product)
			d.refund = max(0, d.inside-refunded)
		}
		d.counted = d.product - d.inside
	case RefundNone:
	}
	if !m.Remedies.Refund {
		d.refund = 0
	}
	if m.Remedies.Refund && d.version.RefundMode != RefundNone {
		d.setOff = min(refunded, d.refundable-d.refund)
	}
}
