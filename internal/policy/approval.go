package policy

import (
	"math/bits"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// abnormalFactorMax bounds the factor: beyond a thousand times the usual award
// nothing would ever be abnormal.
const abnormalFactorMax = 1_000

// Usual sums the awards of the latest confirmed claims of a merchant or a product,
// and counts them.
type Usual struct {
	Awarded money.Amount
	Claims  int64
}

// ApprovalCause says why two people must approve an award before it is debited.
type ApprovalCause string

// The causes of an approval.
const (
	// ApprovalNotNeeded means that nobody has to approve the award.
	ApprovalNotNeeded ApprovalCause = ""
	// ApprovalLarge is an award above the policy's limit.
	ApprovalLarge ApprovalCause = "LARGE"
	// ApprovalAbnormal is an award far above the usual one.
	ApprovalAbnormal ApprovalCause = "ABNORMAL"
)

// Approval says whether an award (refund and compensation) needs approval. It does
// if the award is above ApprovalOver, or if it is above AbnormalOver and more than
// AbnormalFactor times one of the usual averages. Without earlier claims there is
// no average, and so no award is abnormal.
func (v *Version) Approval(award money.Amount, usual ...Usual) ApprovalCause {
	if v.ApprovalOver > 0 && award > v.ApprovalOver {
		return ApprovalLarge
	}
	if v.AbnormalFactor == 0 || award <= v.AbnormalOver {
		return ApprovalNotNeeded
	}
	for _, u := range usual {
		if u.Claims > 0 && u.exceededBy(award, v.AbnormalFactor) {
			return ApprovalAbnormal
		}
	}
	return ApprovalNotNeeded
}

// exceededBy says whether award > factor × average, exactly: no average is rounded.
func (u Usual) exceededBy(award money.Amount, factor int32) bool {
	mine, rest := bits.Mul64(uint64(award), uint64(u.Claims))
	usual, usualRest := bits.Mul64(uint64(factor), uint64(u.Awarded))
	return mine > usual || mine == usual && rest > usualRest
}

func (v *Version) checkApprovalOver() error { return v.checkAmount(v.ApprovalOver, "approval_over") }

func (v *Version) checkAbnormalFactor() error {
	if v.AbnormalFactor < 0 || v.AbnormalFactor > abnormalFactorMax {
		return invalid("abnormal_factor", "the factor lies between 0 and %d", abnormalFactorMax)
	}
	return nil
}

func (v *Version) checkAbnormalOver() error {
	if err := v.checkAmount(v.AbnormalOver, "abnormal_over"); err != nil {
		return err
	}
	if v.AbnormalFactor == 0 && v.AbnormalOver != 0 {
		return invalid("abnormal_over", "without a factor no award is abnormal")
	}
	return nil
}
