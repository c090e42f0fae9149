package policy

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// NoticeMin is how long before it takes effect a version must be published
// (E-Commerce Law Art. 34).
const NoticeMin = 7 * 24 * time.Hour

// KnowledgeMax is three years at their longest (Civil Code Art. 188, rule E4): no
// policy keeps a claim alive for longer.
const KnowledgeMax = 1096 * 24 * time.Hour

const categoriesMax = 200

// Check refuses a version that may not be published, and names the field at fault
// in proto path form. It refuses with POLICY_NOTICE_TOO_SHORT if the version takes
// effect less than seven days after its publication, and otherwise with what CheckTerms
// refuses.
func (v *Version) Check() error {
	if err := v.CheckTerms(); err != nil {
		return err
	}
	return v.checkNotice()
}

// CheckTerms refuses a version whose terms could not stand, whenever it is published: with
// AMOUNT_OUT_OF_RANGE for an invalid amount, and with REQUEST_INVALID for everything
// else.
func (v *Version) CheckTerms() error {
	if faults := v.Faults(); len(faults) > 0 {
		return faults[0]
	}
	return nil
}

// Faults gives everything that CheckTerms would refuse, at most one refusal for each field.
func (v *Version) Faults() []error {
	var faults []error
	for _, check := range []func() error{
		v.checkName, v.checkBasis, v.checkCurrency, v.checkClause, v.checkCategories,
		v.checkMultiplier, v.checkBase, v.checkFloor, v.checkCap,
		v.checkRefund, v.checkRefundComponents, v.checkEarlierRefunds,
		v.checkSources, v.checkAdvanceLimit, v.checkAdvanceLimitPerMerchant,
		v.checkApprovalOver, v.checkAbnormalFactor, v.checkAbnormalOver,
		v.checkReversal, v.checkFee, v.checkFixedPromise,
		v.checkMinimumDeposit, v.checkProtectedShare, v.checkReconsiderations, v.checkConsequences, v.checkEffect,
	} {
		if err := check(); err != nil {
			faults = append(faults, err)
		}
	}
	return append(faults, v.windowFaults()...)
}

func (v *Version) checkName() error {
	switch {
	case v.PolicyID == "":
		return invalid("name", "a version must name its policy")
	case v.Number < 1:
		return invalid("name", "the version number must be at least 1")
	}
	return nil
}

func (v *Version) checkBasis() error {
	if !slices.Contains(bases[:], v.Basis) {
		return invalid("legal_basis", "the legal basis must be %s, %s or %s", bases[0], bases[1], bases[2])
	}
	return nil
}

func (v *Version) checkCurrency() error {
	if err := money.CheckCurrency(v.Currency); err != nil {
		return at(err, "currency_code")
	}
	return nil
}

func (v *Version) checkClause() error {
	if v.ClauseDigest == "" {
		return nil
	}
	if raw, err := hex.DecodeString(v.ClauseDigest); err != nil || len(raw) != 32 {
		return invalid("clause_digest", "a clause digest must be a SHA-256 in hex")
	}
	return nil
}

func (v *Version) checkEffect() error {
	if v.EffectiveFrom.IsZero() {
		return invalid("effective_from", "a version must have a time from which it is in force")
	}
	return nil
}

func (v *Version) checkCategories() error {
	if len(v.Categories) > categoriesMax {
		return invalid("categories", "a version can list at most %d categories", categoriesMax)
	}
	for i, c := range v.Categories {
		path := fmt.Sprintf("categories[%d]", i)
		if slices.Contains(strings.Split(c, "/"), "") {
			return invalid(path, "a category must be a path of names separated by single slashes")
		}
		if slices.Contains(v.Categories[:i], c) {
			return invalid(path, "category %s is listed twice", c)
		}
	}
	return nil
}

func (v *Version) checkMultiplier() error {
	if err := v.Multiplier.Check(); err != nil {
		return at(err, "multiplier")
	}
	return nil
}

func (v *Version) checkBase() error {
	if len(v.BaseComponents) == 0 {
		return invalid("base_components", "a version must list the components of the base")
	}
	return checkList("base_components", v.BaseComponents, []Component{GoodsPaid, SellerDiscount, PlatformSubsidy, Shipping})
}

func (v *Version) checkFloor() error { return v.checkAmount(v.Floor, "floor") }

func (v *Version) checkCap() error {
	if err := v.checkAmount(v.Cap, "cap"); err != nil {
		return err
	}
	if v.Cap != 0 && v.Cap < v.Floor {
		return invalid("cap", "the cap of %d must not be below the floor of %d", int64(v.Cap), int64(v.Floor))
	}
	return nil
}

func (v *Version) checkRefund() error {
	switch v.RefundMode {
	case RefundOnTop, RefundIncluded, RefundNone:
		return nil
	case "":
		return invalid("refund_mode", "the refund mode must be set; it has no default (rule C3)")
	}
	return invalid("refund_mode", "the refund mode must be %s, %s or %s", RefundOnTop, RefundIncluded, RefundNone)
}

// checkRefundComponents admits among the refund's components only what the buyer paid: a
// discount or a subsidy was never the buyer's money and cannot be given back.
func (v *Version) checkRefundComponents() error {
	switch {
	case (v.RefundMode == RefundOnTop || v.RefundMode == RefundIncluded) && len(v.RefundComponents) == 0:
		return invalid("refund_components", "refund mode %s needs at least one refund component", v.RefundMode)
	case v.RefundMode == RefundNone && len(v.RefundComponents) != 0:
		return invalid("refund_components", "refund mode %s must not have refund components", v.RefundMode)
	}
	return checkList("refund_components", v.RefundComponents, []Component{GoodsPaid, Shipping})
}

func (v *Version) checkEarlierRefunds() error {
	if v.EarlierRefunds != EarlierRefundsGross && v.EarlierRefunds != EarlierRefundsNet {
		return invalid("earlier_refunds", "the treatment of earlier refunds must be %s or %s",
			EarlierRefundsGross, EarlierRefundsNet)
	}
	return nil
}

// checkSources requires the advance to be last: it covers what the merchant's own
// money leaves open, so nothing can come after it.
func (v *Version) checkSources() error {
	if len(v.SourceOrder) == 0 {
		return invalid("source_order", "a version must list the sources that fund a payout")
	}
	known := []Source{SourceDeposit, SourceShopFunds, SourceAdvance}
	if err := checkList("source_order", v.SourceOrder, known); err != nil {
		return err
	}
	if i := slices.Index(v.SourceOrder, SourceAdvance); i >= 0 && i != len(v.SourceOrder)-1 {
		return invalid("source_order", "%s must be the last source, because it covers the rest", SourceAdvance)
	}
	return nil
}

func (v *Version) checkAdvanceLimit() error { return v.checkAdvance(v.AdvanceLimit, "advance_limit") }

func (v *Version) checkAdvanceLimitPerMerchant() error {
	return v.checkAdvance(v.AdvanceLimitPerMerchant, "advance_limit_per_merchant")
}

func (v *Version) checkAdvance(limit money.Amount, path string) error {
	if err := v.checkAmount(limit, path); err != nil {
		return err
	}
	if limit != 0 && len(v.SourceOrder) > 0 && !slices.Contains(v.SourceOrder, SourceAdvance) {
		return invalid(path, "an advance limit requires %s among the sources", SourceAdvance)
	}
	return nil
}

func (v *Version) checkNotice() error {
	if v.PublishedAt.IsZero() {
		return invalid("published_at", "a version must have a publication time")
	}
	earliest := v.PublishedAt.Add(NoticeMin)
	if v.EffectiveFrom.Before(earliest) {
		return fault.New(fault.PolicyNoticeTooShort,
			"a version must take effect at least seven days after its publication (E-Commerce Law Art. 34)").
			With("earliestEffectiveFrom", earliest.UTC().Format(time.RFC3339)).At(field("effective_from"))
	}
	return nil
}

// checkAmount refuses an invalid amount in the version's currency.
func (v *Version) checkAmount(a money.Amount, path string) error {
	if err := a.Check(); err != nil {
		return at(money.InCurrency(err, v.Currency), path)
	}
	return nil
}

// checkList refuses unknown and repeated entries.
func checkList[T ~string](path string, list, known []T) error {
	for i, entry := range list {
		if !slices.Contains(known, entry) {
			return invalid(fmt.Sprintf("%s[%d]", path, i), "the entry must be one of %v", known)
		}
		if slices.Contains(list[:i], entry) {
			return invalid(fmt.Sprintf("%s[%d]", path, i), "%s is listed twice", entry)
		}
	}
	return nil
}

// field is the proto path of a field of the version.
func field(path string) string { return "policy_version." + path }

func invalid(path, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).At(field(path))
}

// at names the field at fault on a refusal of a lower package.
func at(err error, path string) error {
	if e, ok := fault.As(err); ok {
		return e.At(field(path))
	}
	return err
}
