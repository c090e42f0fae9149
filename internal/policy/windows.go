package policy

import "time"

// Windows are the periods of a policy. Those that a version may leave out have a
// method that fills the gap; read them through it.
type Windows struct {
	// Claim is how long after delivery a claim may be filed.
	Claim time.Duration `json:"claim"`
	// Knowledge is how long after learning of the counterfeit a claim may be filed
	// (Civil Code Art. 188: three years at most).
	Knowledge time.Duration `json:"knowledge"`
	// Result is how long to wait for an authentication result.
	Result Span `json:"result"`
	// Review is how long a review may wait before it escalates.
	Review Span `json:"review"`
	// NoticeDelivery is how long a notice may stay unconfirmed before it escalates.
	NoticeDelivery Span `json:"notice_delivery"`
	// Notice is how long the merchant may answer after the notice was delivered.
	Notice Span `json:"notice"`
	// Grouping is how far apart payments of one pricing group may lie (rule C7).
	Grouping time.Duration `json:"grouping"`

	// Panel is how long an appeal may wait for the panel before it escalates.
	Panel Span `json:"panel,omitzero"`
	// Approval is how long an award may wait for its approvers before it escalates.
	Approval Span `json:"approval,omitzero"`
	// TopUp is how long the merchant has to meet a demand for deposit.
	TopUp Span `json:"top_up,omitzero"`
	// Hold is the longest that a hold lasts: then it expires, and the merchant can
	// use the money again.
	Hold time.Duration `json:"hold,omitempty"`
	// ExitQuarantine is how long the deposit of a leaving merchant stays (rule A9).
	ExitQuarantine time.Duration `json:"exit_quarantine,omitempty"`
	// Funds is how long a confirmed claim may wait for money before it escalates.
	Funds Span `json:"funds,omitzero"`
	// NoticeDeemed is how long after it was made a notice that nobody confirmed is deemed
	// delivered.
	NoticeDeemed Span `json:"notice_deemed,omitzero"`
	// Reconsideration is how long after a decision the claimant may ask to have it
	// reconsidered.
	Reconsideration Span `json:"reconsideration,omitzero"`
}

// windowMax is ten years of 365.25 days, as in the contract. It is longer than any
// window of the trade, and refuses a slip of units.
const windowMax = 87_660 * time.Hour

// workingDaysMax is ten years of about 250 working days.
const workingDaysMax = 2_500

// These are the defaults of terms that a version may leave out: the first versions
// were published before there were such terms.
const (
	holdDefault           = 90 * day
	topUpDefault          = 7 * day
	exitQuarantineDefault = 30 * day
	noticeDeemedDefault   = 15 * day

	reconsiderationDefault = 15 * day
)

// PanelSpan is Panel, or the span of a review.
func (w *Windows) PanelSpan() Span { return w.Panel.Or(w.Review) }

// ApprovalSpan is Approval, or the span of a review.
func (w *Windows) ApprovalSpan() Span { return w.Approval.Or(w.Review) }

// TopUpSpan is TopUp, or seven days.
func (w *Windows) TopUpSpan() Span { return w.TopUp.Or(Lasting(topUpDefault)) }

// HoldMax is Hold, or 90 days.
func (w *Windows) HoldMax() time.Duration { return orElse(w.Hold, holdDefault) }

// FundsSpan is Funds, or as long as a merchant has to meet a demand for deposit.
func (w *Windows) FundsSpan() Span { return w.Funds.Or(w.TopUpSpan()) }

// NoticeDeemedSpan is NoticeDeemed, or fifteen days.
func (w *Windows) NoticeDeemedSpan() Span { return w.NoticeDeemed.Or(Lasting(noticeDeemedDefault)) }

// ReconsiderationSpan is Reconsideration, or fifteen days.
func (w *Windows) ReconsiderationSpan() Span {
	return w.Reconsideration.Or(Lasting(reconsiderationDefault))
}

// ReconsiderationsDefault is how often a claimant may ask under a version that does not say.
const ReconsiderationsDefault = 2

// reconsiderationsMost bounds ReconsiderationsMax.
const reconsiderationsMost = 10

// MayReconsider says whether the claimant may ask once more after asking so often.
func (v *Version) MayReconsider(asked int32) bool {
	if v.ReconsiderationsMax > 0 {
		return asked < v.ReconsiderationsMax
	}
	return asked < ReconsiderationsDefault
}

// ExitQuarantineMin is ExitQuarantine, or 30 days.
func (w *Windows) ExitQuarantineMin() time.Duration {
	return orElse(w.ExitQuarantine, exitQuarantineDefault)
}

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

func (v *Version) checkReconsiderations() error {
	if v.ReconsiderationsMax < 0 || v.ReconsiderationsMax > reconsiderationsMost {
		return invalid("reconsiderations_max", "a decision is reconsidered 0 to %d times, not %d", reconsiderationsMost, v.ReconsiderationsMax)
	}
	return nil
}

// windowFaults refuses each period that is left out, in two units, or out of its bounds.
func (v *Version) windowFaults() []error {
	var faults []error
	w := &v.Windows
	for _, window := range []struct {
		path     string
		span     Span
		most     time.Duration
		optional bool
	}{
		{path: "claim", span: Lasting(w.Claim), most: windowMax},
		{path: "knowledge", span: Lasting(w.Knowledge), most: KnowledgeMax},
		{path: "result", span: w.Result, most: windowMax},
		{path: "review", span: w.Review, most: windowMax},
		{path: "notice_delivery", span: w.NoticeDelivery, most: windowMax},
		{path: "notice", span: w.Notice, most: windowMax},
		{path: "grouping", span: Lasting(w.Grouping), most: windowMax},
		{path: "panel", span: w.Panel, most: windowMax, optional: true},
		{path: "approval", span: w.Approval, most: windowMax, optional: true},
		{path: "top_up", span: w.TopUp, most: windowMax, optional: true},
		{path: "hold", span: Lasting(w.Hold), most: windowMax, optional: true},
		{path: "exit_quarantine", span: Lasting(w.ExitQuarantine), most: windowMax, optional: true},
		{path: "funds", span: w.Funds, most: windowMax, optional: true},
		{path: "notice_deemed", span: w.NoticeDeemed, most: windowMax, optional: true},
		{path: "reconsideration", span: w.Reconsideration, most: windowMax, optional: true},
	} {
		if window.optional && window.span.IsZero() {
			continue
		}
		if err := window.span.check("windows."+window.path, window.most); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}
