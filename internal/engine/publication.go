package engine

import (
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// publication is the content of a request to publish a policy version.
type publication struct{ policy.Version }

// publicationTerms is the list of fields that covers working days and the terms
// of funds, approval, reversal, fee and merchant.
const publicationTerms = 2

func (p publication) digestVersion() int64 {
	if p.hasTerms() {
		return publicationTerms
	}
	return digestVersion
}

// hasTerms says whether a field is set that the first list does not cover. A
// default that is spelled out is the same as one that is left out.
func (p publication) hasTerms() bool {
	for _, s := range p.spans() {
		if s.WorkingDays != 0 {
			return true
		}
	}
	w := &p.Windows
	return !w.Panel.IsZero() || !w.Approval.IsZero() || !w.TopUp.IsZero() || w.Hold != 0 || w.ExitQuarantine != 0 ||
		p.amounts() != [4]money.Amount{} || p.AbnormalFactor != 0 || !p.ProtectedShare.IsZero() ||
		p.ReversalBearer() != policy.BornePlatform || p.FeeRule() != policy.FeeNone
}

// spans are the periods that could only be durations at first.
func (p publication) spans() [4]policy.Span {
	w := &p.Windows
	return [...]policy.Span{w.Result, w.Review, w.NoticeDelivery, w.Notice}
}

func (p publication) amounts() [4]money.Amount {
	return [...]money.Amount{p.AdvanceLimitPerMerchant, p.ApprovalOver, p.AbnormalOver, p.MinimumDeposit}
}

func (p publication) digest(d *digest) {
	d.texts(p.PolicyID, p.Title, string(p.Basis), p.Currency, string(p.RefundMode), string(p.EarlierRefunds), p.ClauseDigest)
	for _, list := range [][]policy.Component{p.BaseComponents, p.RefundComponents} {
		d.number(int64(len(list)))
		for _, c := range list {
			d.texts(string(c))
		}
	}
	d.number(int64(len(p.Categories)))
	d.texts(p.Categories...)
	d.number(int64(len(p.SourceOrder)))
	for _, s := range p.SourceOrder {
		d.texts(string(s))
	}
	w := &p.Windows
	for _, n := range []int64{
		int64(p.Number), p.Multiplier.Num, p.Multiplier.Den, int64(p.Floor), int64(p.Cap), int64(p.AdvanceLimit),
		int64(w.Claim), int64(w.Knowledge), int64(w.Result.Duration), int64(w.Review.Duration),
		int64(w.NoticeDelivery.Duration), int64(w.Notice.Duration), int64(w.Grouping),
	} {
		d.number(n)
	}
	d.time(p.PublishedAt)
	d.time(p.EffectiveFrom)
	if p.hasTerms() {
		p.digestTerms(d)
	}
}

// digestTerms covers what the second list has beyond the first.
func (p publication) digestTerms(d *digest) {
	for _, s := range p.spans() {
		d.number(int64(s.WorkingDays))
	}
	w := &p.Windows
	for _, s := range []policy.Span{w.Panel, w.Approval, w.TopUp} {
		d.number(int64(s.Duration))
		d.number(int64(s.WorkingDays))
	}
	d.number(int64(w.Hold))
	d.number(int64(w.ExitQuarantine))
	for _, a := range p.amounts() {
		d.number(int64(a))
	}
	d.number(int64(p.AbnormalFactor))
	d.number(p.ProtectedShare.Num)
	d.number(p.ProtectedShare.Den)
	d.texts(string(p.ReversalBearer()), string(p.FeeRule()))
}
