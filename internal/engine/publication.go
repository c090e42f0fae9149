package engine

import (
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// publication is the content of a request to publish a policy version.
type publication struct{ policy.Version }

// publicationTerms is the list of fields that covers working days and the terms
// of funds, approval, reversal, fee and merchant.
const publicationTerms = 2

// publicationFixed is the list that covers what a fixed promise does, too.
const publicationFixed = 3

// publicationAll is the list that covers the periods and the number that the lists before
// it leave out, too.
const publicationAll = 4

// publicationConsequences is the list that covers the consequences of verdicts, too.
const publicationConsequences = 5

func (p publication) DigestVersion() int64 {
	w := &p.Windows
	switch {
	case p.Consequence() != policy.DefaultConsequences():
		return publicationConsequences
	case !w.Funds.IsZero() || !w.NoticeDeemed.IsZero() || !w.Reconsideration.IsZero() || p.ReconsiderationsMax != 0:
		return publicationAll
	case p.FixedRule() != policy.FixedBest:
		return publicationFixed
	case p.hasTerms():
		return publicationTerms
	}
	return request.FirstVersion
}

// hasTerms says whether a field is set that the first list does not cover. Spelling out
// a default is the same as leaving it out.
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

// spans are the periods that could at first only be durations.
func (p publication) spans() [4]policy.Span {
	w := &p.Windows
	return [...]policy.Span{w.Result, w.Review, w.NoticeDelivery, w.Notice}
}

func (p publication) amounts() [4]money.Amount {
	return [...]money.Amount{p.AdvanceLimitPerMerchant, p.ApprovalOver, p.AbnormalOver, p.MinimumDeposit}
}

func (p publication) Cover(d *request.Digest) {
	d.Texts(p.PolicyID, p.Title, string(p.Basis), p.Currency, string(p.RefundMode), string(p.EarlierRefunds), p.ClauseDigest)
	for _, list := range [][]policy.Component{p.BaseComponents, p.RefundComponents} {
		d.Number(int64(len(list)))
		for _, c := range list {
			d.Texts(string(c))
		}
	}
	d.Number(int64(len(p.Categories)))
	d.Texts(p.Categories...)
	d.Number(int64(len(p.SourceOrder)))
	for _, s := range p.SourceOrder {
		d.Texts(string(s))
	}
	w := &p.Windows
	for _, n := range []int64{
		int64(p.Number), p.Multiplier.Num, p.Multiplier.Den, int64(p.Floor), int64(p.Cap), int64(p.AdvanceLimit),
		int64(w.Claim), int64(w.Knowledge), int64(w.Result.Duration), int64(w.Review.Duration),
		int64(w.NoticeDelivery.Duration), int64(w.Notice.Duration), int64(w.Grouping),
	} {
		d.Number(n)
	}
	d.Time(p.PublishedAt)
	d.Time(p.EffectiveFrom)
	if p.DigestVersion() >= publicationTerms {
		p.digestTerms(d)
	}
	if p.DigestVersion() >= publicationFixed {
		d.Texts(string(p.FixedRule()))
	}
	if p.DigestVersion() >= publicationAll {
		for _, s := range []policy.Span{p.Windows.Funds, p.Windows.NoticeDeemed, p.Windows.Reconsideration} {
			d.Number(int64(s.Duration))
			d.Number(int64(s.WorkingDays))
		}
		d.Number(int64(p.ReconsiderationsMax))
	}
	if p.DigestVersion() >= publicationConsequences {
		c := p.Consequence()
		d.Texts(string(c.NotOurProduct), string(c.GrayMarket), string(c.Tampered), string(c.Altered), string(c.NotAsDescribed),
			string(c.Inconclusive))
	}
}

// digestTerms covers what the second list has beyond the first.
func (p publication) digestTerms(d *request.Digest) {
	for _, s := range p.spans() {
		d.Number(int64(s.WorkingDays))
	}
	w := &p.Windows
	for _, s := range []policy.Span{w.Panel, w.Approval, w.TopUp} {
		d.Number(int64(s.Duration))
		d.Number(int64(s.WorkingDays))
	}
	d.Number(int64(w.Hold))
	d.Number(int64(w.ExitQuarantine))
	for _, a := range p.amounts() {
		d.Number(int64(a))
	}
	d.Number(int64(p.AbnormalFactor))
	d.Number(p.ProtectedShare.Num)
	d.Number(p.ProtectedShare.Den)
	d.Texts(string(p.ReversalBearer()), string(p.FeeRule()))
}
