package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// TermChange is a term that differs between two versions, in words.
type TermChange struct {
	// Field is the path of the term in the contract's PolicyVersion.
	Field         string
	Before, After string
}

// Change is what a version changes for orders of some categories, on its basis and in
// its currency.
type Change struct {
	Basis    LegalBasis
	Currency string
	// Categories are those for which it changes the same, in order; the empty one
	// stands for every category that no policy names.
	Categories []string
	// Before and After are the versions that apply without and with it; nil for none.
	Before, After *Version
	Terms         []TermChange
}

// Preview says what a version that is not among vs changes for which categories, once
// it is in force. It asks what applies at that time with and without the version, so
// that it finds the categories that the version drops, and other policies that it comes
// before. Where two versions apply in turn, Terms may be empty: then nothing differs
// but the name.
func (vs Versions) Preview(v *Version) []Change {
	with := NewVersions(append(vs.without(v), *v))
	without := Versions{vs.without(v)}
	var changes []Change
	for _, category := range with.named(v.Currency) {
		q := NewQuery(category, v.Currency, v.EffectiveFrom)
		before, after := without.InForce(q), with.InForce(q)
		for _, basis := range bases {
			b, a := before[basis], after[basis]
			if same(b, a) {
				continue
			}
			i := slices.IndexFunc(changes, func(c Change) bool { return c.Basis == basis && same(c.Before, b) && same(c.After, a) })
			if i >= 0 {
				changes[i].Categories = append(changes[i].Categories, category)
				continue
			}
			changes = append(changes, Change{
				Basis: basis, Currency: v.Currency, Categories: []string{category}, Before: b, After: a, Terms: Differences(b, a),
			})
		}
	}
	return changes
}

// without gives the list of versions but for v and those after it, so that a version can
// be compared with what was before it.
func (vs Versions) without(v *Version) []Version {
	return slices.DeleteFunc(slices.Clone(vs.list), func(o Version) bool { return o.PolicyID == v.PolicyID && o.Number >= v.Number })
}

// named lists the categories that versions in a currency name, and the empty one.
// Between two of them, the same versions apply.
func (vs Versions) named(currency string) []string {
	names := []string{""}
	for i := range vs.list {
		if vs.list[i].Currency == currency {
			names = append(names, vs.list[i].Categories...)
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	return slices.Compact(names)
}

// same says whether two versions are one, or neither is there.
func same(a, b *Version) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.PolicyID == b.PolicyID && a.Number == b.Number
}

// term is a term of a version with the words for its value.
type term struct {
	field string
	words func(v *Version) string
}

// terms are all terms of a version in the order of the contract, without what names and
// dates it. A term that a version may leave out is told as what holds without it.
var terms = []term{
	{"title", func(v *Version) string { return v.Title }},
	{"legal_basis", func(v *Version) string { return string(v.Basis) }},
	{"currency_code", func(v *Version) string { return v.Currency }},
	{"categories", func(v *Version) string { return list(v.Categories, "every category") }},
	{"multiplier", func(v *Version) string { return v.Multiplier.String() }},
	{"base_components", func(v *Version) string { return list(v.BaseComponents, "nothing") }},
	{"refund_components", func(v *Version) string { return list(v.RefundComponents, "nothing") }},
	{"refund_mode", func(v *Version) string { return string(v.RefundMode) }},
	{"earlier_refunds", func(v *Version) string { return string(v.EarlierRefunds) }},
	{"floor", amountTerm(func(v *Version) money.Amount { return v.Floor })},
	{"cap", amountTerm(func(v *Version) money.Amount { return v.Cap })},
	{"source_order", func(v *Version) string { return list(v.SourceOrder, "nothing") }},
	{"advance_limit", amountTerm(func(v *Version) money.Amount { return v.AdvanceLimit })},
	{"windows.claim", lastingTerm(func(w *Windows) time.Duration { return w.Claim })},
	{"windows.knowledge", lastingTerm(func(w *Windows) time.Duration { return w.Knowledge })},
	{"windows.result", spanTerm(func(w *Windows) Span { return w.Result })},
	{"windows.review", spanTerm(func(w *Windows) Span { return w.Review })},
	{"windows.notice_delivery", spanTerm(func(w *Windows) Span { return w.NoticeDelivery })},
	{"windows.notice", spanTerm(func(w *Windows) Span { return w.Notice })},
	{"windows.grouping", lastingTerm(func(w *Windows) time.Duration { return w.Grouping })},
	{"windows.panel", spanTerm((*Windows).PanelSpan)},
	{"windows.approval", spanTerm((*Windows).ApprovalSpan)},
	{"windows.top_up", spanTerm((*Windows).TopUpSpan)},
	{"windows.hold", lastingTerm((*Windows).HoldMax)},
	{"windows.exit_quarantine", lastingTerm((*Windows).ExitQuarantineMin)},
	{"windows.funds", spanTerm((*Windows).FundsSpan)},
	{"windows.notice_deemed", spanTerm((*Windows).NoticeDeemedSpan)},
	{"windows.reconsideration", spanTerm((*Windows).ReconsiderationSpan)},
	{"clause_digest", func(v *Version) string { return v.ClauseDigest }},
	{"advance_limit_per_merchant", amountTerm(func(v *Version) money.Amount { return v.AdvanceLimitPerMerchant })},
	{"approval_over", amountTerm(func(v *Version) money.Amount { return v.ApprovalOver })},
	{"abnormal_factor", func(v *Version) string { return fmt.Sprint(v.AbnormalFactor) }},
	{"abnormal_over", amountTerm(func(v *Version) money.Amount { return v.AbnormalOver })},
	{"reversal_borne_by", func(v *Version) string { return string(v.ReversalBearer()) }},
	{"authentication_fee", func(v *Version) string { return string(v.FeeRule()) }},
	{"minimum_deposit", amountTerm(func(v *Version) money.Amount { return v.MinimumDeposit })},
	{"protected_share", func(v *Version) string {
		if v.ProtectedShare.IsZero() {
			return none
		}
		return v.ProtectedShare.String()
	}},
	{"fixed_promise", func(v *Version) string { return string(v.FixedRule()) }},
	{"reconsiderations_max", func(v *Version) string {
		return fmt.Sprint(cmp.Or(v.ReconsiderationsMax, ReconsiderationsDefault))
	}},
	{"consequences.not_our_product", consequenceTerm(func(c *Consequences) Consequence { return c.NotOurProduct })},
	{"consequences.gray_market", consequenceTerm(func(c *Consequences) Consequence { return c.GrayMarket })},
	{"consequences.tampered", consequenceTerm(func(c *Consequences) Consequence { return c.Tampered })},
	{"consequences.altered", consequenceTerm(func(c *Consequences) Consequence { return c.Altered })},
	{"consequences.not_as_described", consequenceTerm(func(c *Consequences) Consequence { return c.NotAsDescribed })},
	{"consequences.inconclusive", consequenceTerm(func(c *Consequences) Consequence { return c.Inconclusive })},
}

// none is the word for an amount or a share that a version leaves out.
const none = "none"

// Differences gives the terms in which two versions differ; one of them may be nil.
func Differences(before, after *Version) []TermChange {
	var out []TermChange
	for _, t := range terms {
		c := TermChange{Field: t.field}
		if before != nil {
			c.Before = t.words(before)
		}
		if after != nil {
			c.After = t.words(after)
		}
		if c.Before != c.After {
			out = append(out, c)
		}
	}
	return out
}

func amountTerm(of func(v *Version) money.Amount) func(v *Version) string {
	return func(v *Version) string {
		a := of(v)
		if a == 0 {
			return none
		}
		return money.Format(a, v.Currency) + " " + v.Currency
	}
}

func consequenceTerm(of func(c *Consequences) Consequence) func(v *Version) string {
	return func(v *Version) string {
		c := v.Consequence()
		return string(of(&c))
	}
}

func spanTerm(of func(w *Windows) Span) func(v *Version) string {
	return func(v *Version) string { return of(&v.Windows).words() }
}

func lastingTerm(of func(w *Windows) time.Duration) func(v *Version) string {
	return spanTerm(func(w *Windows) Span { return Lasting(of(w)) })
}

// words gives "7 days" for whole days, "36h0m0s" for other durations, and
// "7 working days".
func (s Span) words() string {
	switch {
	case s.WorkingDays == 1:
		return "1 working day"
	case s.WorkingDays == 0 && s.Duration == day:
		return "1 day"
	case s.WorkingDays == 0 && s.Duration > 0 && s.Duration%day == 0:
		return fmt.Sprintf("%d days", s.Duration/day)
	}
	return s.String()
}

func list[T ~string](entries []T, empty string) string {
	if len(entries) == 0 {
		return empty
	}
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = string(e)
	}
	return strings.Join(texts, ", ")
}
