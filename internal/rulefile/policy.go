package rulefile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Policy is a policy version as a file holds it.
type Policy struct {
	Version policy.Version
	file    string
	// lines are the lines of the fields, by their paths in the contract.
	lines map[string]int
}

// At tells a refusal of a field of the version at the line of the file.
func (p *Policy) At(field, text string) *Faults {
	f := &Faults{File: p.file}
	path := strings.TrimPrefix(field, "policy_version.")
	p.note(f, path, text)
	return f
}

// note adds what is wrong with a field: at its line, or that of the field around it.
func (p *Policy) note(f *Faults, path, text string) {
	path = strings.TrimSuffix(path, "_working_days") // A file has one key for both units.
	for at := path; ; {
		if line, ok := p.lines[at]; ok {
			f.add(line, "%s: %s", path, text)
			return
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			f.add(0, "%s: %s", path, text)
			return
		}
		at = at[:i]
	}
}

// reader reads the fields of a version.
type reader struct {
	*Faults
	v     *policy.Version
	lines map[string]int
	// faulty are the paths of what could not be read.
	faulty map[string]bool
}

// entry is a key of the file: how it is read, and how it is written.
type entry struct {
	key string
	// field is its path in the contract, where that differs.
	field    string
	required bool
	read     func(r *reader, n *yaml.Node)
	write    func(v *policy.Version) string
}

func (e *entry) path() string {
	if e.field != "" {
		return e.field
	}
	return e.key
}

// policyEntries are the keys of a policy file, in the order in which it is written. The
// currency is read first, because amounts are written in it.
var policyEntries = []entry{
	{key: "policy", field: "name", required: true, read: (*reader).policyID, write: func(v *policy.Version) string { return v.PolicyID }},
	{key: "version", field: "name", required: true, read: whole(func(v *policy.Version) *int32 { return &v.Number }), write: wholeText(func(v *policy.Version) int32 { return v.Number })},
	{key: "title", required: true, read: text(func(v *policy.Version) *string { return &v.Title }), write: func(v *policy.Version) string { return scalar(v.Title) }},
	{key: "legal_basis", required: true, read: text(func(v *policy.Version) *policy.LegalBasis { return &v.Basis }), write: func(v *policy.Version) string { return string(v.Basis) }},
	{key: "currency", field: "currency_code", required: true, read: text(func(v *policy.Version) *string { return &v.Currency }), write: func(v *policy.Version) string { return v.Currency }},
	{key: "categories", read: texts(func(v *policy.Version) *[]string { return &v.Categories }), write: func(v *policy.Version) string { return listText(v.Categories) }},
	{key: "effective_from", required: true, read: (*reader).effectiveFrom, write: func(v *policy.Version) string { return v.EffectiveFrom.In(policy.Beijing).Format(time.RFC3339) }},
	{key: "clause_digest", read: text(func(v *policy.Version) *string { return &v.ClauseDigest }), write: func(v *policy.Version) string { return v.ClauseDigest }},

	{key: "multiplier", required: true, read: ratio(func(v *policy.Version) *money.Ratio { return &v.Multiplier }), write: func(v *policy.Version) string { return v.Multiplier.String() }},
	{key: "base_components", required: true, read: texts(func(v *policy.Version) *[]policy.Component { return &v.BaseComponents }), write: func(v *policy.Version) string { return listText(v.BaseComponents) }},
	{key: "floor", read: amount(func(v *policy.Version) *money.Amount { return &v.Floor }), write: amountText(func(v *policy.Version) money.Amount { return v.Floor })},
	{key: "cap", read: amount(func(v *policy.Version) *money.Amount { return &v.Cap }), write: amountText(func(v *policy.Version) money.Amount { return v.Cap })},
	{key: "refund_mode", required: true, read: text(func(v *policy.Version) *policy.RefundMode { return &v.RefundMode }), write: func(v *policy.Version) string { return string(v.RefundMode) }},
	{key: "refund_components", read: texts(func(v *policy.Version) *[]policy.Component { return &v.RefundComponents }), write: func(v *policy.Version) string { return listText(v.RefundComponents) }},
	{key: "earlier_refunds", required: true, read: text(func(v *policy.Version) *policy.EarlierRefunds { return &v.EarlierRefunds }), write: func(v *policy.Version) string { return string(v.EarlierRefunds) }},
	{key: "fixed_promise", read: text(func(v *policy.Version) *policy.FixedPromise { return &v.FixedPromise }), write: func(v *policy.Version) string { return string(v.FixedPromise) }},

	{key: "source_order", required: true, read: texts(func(v *policy.Version) *[]policy.Source { return &v.SourceOrder }), write: func(v *policy.Version) string { return listText(v.SourceOrder) }},
	{key: "advance_limit", read: amount(func(v *policy.Version) *money.Amount { return &v.AdvanceLimit }), write: amountText(func(v *policy.Version) money.Amount { return v.AdvanceLimit })},
	{key: "advance_limit_per_merchant", read: amount(func(v *policy.Version) *money.Amount { return &v.AdvanceLimitPerMerchant }), write: amountText(func(v *policy.Version) money.Amount { return v.AdvanceLimitPerMerchant })},
	{key: "minimum_deposit", read: amount(func(v *policy.Version) *money.Amount { return &v.MinimumDeposit }), write: amountText(func(v *policy.Version) money.Amount { return v.MinimumDeposit })},
	{key: "protected_share", read: ratio(func(v *policy.Version) *money.Ratio { return &v.ProtectedShare }), write: func(v *policy.Version) string {
		if v.ProtectedShare.IsZero() {
			return ""
		}
		return v.ProtectedShare.String()
	}},

	{key: "approval_over", read: amount(func(v *policy.Version) *money.Amount { return &v.ApprovalOver }), write: amountText(func(v *policy.Version) money.Amount { return v.ApprovalOver })},
	{key: "abnormal_factor", read: whole(func(v *policy.Version) *int32 { return &v.AbnormalFactor }), write: wholeText(func(v *policy.Version) int32 { return v.AbnormalFactor })},
	{key: "abnormal_over", read: amount(func(v *policy.Version) *money.Amount { return &v.AbnormalOver }), write: amountText(func(v *policy.Version) money.Amount { return v.AbnormalOver })},
	{key: "reversal_borne_by", read: text(func(v *policy.Version) *policy.ReversalBearer { return &v.ReversalBorneBy }), write: func(v *policy.Version) string { return string(v.ReversalBorneBy) }},
	{key: "authentication_fee", read: text(func(v *policy.Version) *policy.FeeRule { return &v.AuthenticationFee }), write: func(v *policy.Version) string { return string(v.AuthenticationFee) }},
	{key: "reconsiderations_max", read: whole(func(v *policy.Version) *int32 { return &v.ReconsiderationsMax }), write: wholeText(func(v *policy.Version) int32 { return v.ReconsiderationsMax })},
}

// windowsKey is the key under which the periods stand.
const windowsKey = "windows"

// windowEntries are the keys below windows.
var windowEntries = []entry{
	lastingEntry("claim", true, func(w *policy.Windows) *time.Duration { return &w.Claim }),
	lastingEntry("knowledge", true, func(w *policy.Windows) *time.Duration { return &w.Knowledge }),
	spanEntry("result", true, func(w *policy.Windows) *policy.Span { return &w.Result }),
	spanEntry("review", true, func(w *policy.Windows) *policy.Span { return &w.Review }),
	spanEntry("notice_delivery", true, func(w *policy.Windows) *policy.Span { return &w.NoticeDelivery }),
	spanEntry("notice_deemed", false, func(w *policy.Windows) *policy.Span { return &w.NoticeDeemed }),
	spanEntry("notice", true, func(w *policy.Windows) *policy.Span { return &w.Notice }),
	lastingEntry("grouping", true, func(w *policy.Windows) *time.Duration { return &w.Grouping }),
	spanEntry("panel", false, func(w *policy.Windows) *policy.Span { return &w.Panel }),
	spanEntry("approval", false, func(w *policy.Windows) *policy.Span { return &w.Approval }),
	spanEntry("reconsideration", false, func(w *policy.Windows) *policy.Span { return &w.Reconsideration }),
	spanEntry("funds", false, func(w *policy.Windows) *policy.Span { return &w.Funds }),
	spanEntry("top_up", false, func(w *policy.Windows) *policy.Span { return &w.TopUp }),
	lastingEntry("hold", false, func(w *policy.Windows) *time.Duration { return &w.Hold }),
	lastingEntry("exit_quarantine", false, func(w *policy.Windows) *time.Duration { return &w.ExitQuarantine }),
}

// consequencesKey is the key under which the consequences of verdicts stand.
const consequencesKey = "consequences"

// consequenceEntries are the keys below consequences.
var consequenceEntries = []entry{
	consequenceEntry("not_our_product", func(c *policy.Consequences) *policy.Consequence { return &c.NotOurProduct }),
	consequenceEntry("gray_market", func(c *policy.Consequences) *policy.Consequence { return &c.GrayMarket }),
	consequenceEntry("tampered", func(c *policy.Consequences) *policy.Consequence { return &c.Tampered }),
	consequenceEntry("altered", func(c *policy.Consequences) *policy.Consequence { return &c.Altered }),
	consequenceEntry("not_as_described", func(c *policy.Consequences) *policy.Consequence { return &c.NotAsDescribed }),
	consequenceEntry("inconclusive", func(c *policy.Consequences) *policy.Consequence { return &c.Inconclusive }),
}

func consequenceEntry(key string, of func(c *policy.Consequences) *policy.Consequence) entry {
	return entry{
		key: key, read: text(func(v *policy.Version) *policy.Consequence { return of(&v.Consequences) }),
		write: func(v *policy.Version) string { return string(*of(&v.Consequences)) },
	}
}

// Keys lists every key of a policy file.
func Keys() []string {
	var keys []string
	for _, e := range slices.Concat(policyEntries, windowEntries, consequenceEntries) {
		keys = append(keys, e.key)
	}
	return keys
}

// ReadPolicy reads a policy version from a YAML file. It returns *Faults with everything
// that is wrong: keys that are unknown, missing or set twice, values that cannot be read,
// and terms that contradict one another.
func ReadPolicy(file string, content []byte) (*Policy, error) {
	p := &Policy{file: file, lines: make(map[string]int)}
	r := &reader{Faults: &Faults{File: file}, v: &p.Version, lines: p.lines, faulty: make(map[string]bool)}
	root := r.document(content, yaml.MappingNode, "the keys of a policy")
	if root == nil {
		return nil, r.orNone()
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "currency" {
			p.Version.Currency = root.Content[i+1].Value // Amounts may stand before it.
		}
	}
	top := append(slices.Clone(policyEntries),
		entry{key: windowsKey, required: true, read: (*reader).windows}, entry{key: consequencesKey, read: (*reader).consequences})
	r.mapping(root, "", top)
	for _, err := range p.Version.Faults() {
		refusal, ok := fault.As(err)
		if !ok {
			return nil, err
		}
		if path := strings.TrimPrefix(refusal.Field, "policy_version."); !r.told(path) {
			p.note(r.Faults, path, refusal.Detail)
		}
	}
	if err := r.orNone(); err != nil {
		return nil, err
	}
	return p, nil
}

// told says whether a field, or the one around it, could not be read, which has been told.
func (r *reader) told(path string) bool {
	for {
		if r.faulty[path] {
			return true
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return false
		}
		path = path[:i]
	}
}

// mapping reads the keys of a mapping, which stands under a path.
func (r *reader) mapping(mapping *yaml.Node, under string, entries []entry) {
	found := make(map[string]bool)
	r.pairs(mapping, func(key, value *yaml.Node) {
		i := slices.IndexFunc(entries, func(e entry) bool { return e.key == key.Value })
		if i < 0 {
			r.add(key.Line, "%s is no key of a policy%s", quoted(key.Value), led(" below ", strings.TrimSuffix(under, ".")))
			return
		}
		e := &entries[i]
		found[e.key] = true
		r.lines[under+e.path()] = key.Line
		before := len(r.List)
		e.read(r, value)
		// What is wrong below windows is noted for the period alone, and so below consequences.
		if len(r.List) > before && (value.Kind != yaml.MappingNode || e.key != windowsKey && e.key != consequencesKey) {
			r.faulty[under+e.path()] = true
		}
	})
	for _, e := range entries {
		if e.required && !found[e.key] {
			r.add(mapping.Line, "%s is missing", under+e.key)
			r.faulty[under+e.path()] = true
		}
	}
}

func led(words, text string) string {
	if text == "" {
		return ""
	}
	return words + text
}

// scalarOf gives the text of a single value, and notes anything else.
func (r *reader) scalarOf(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		r.add(n.Line, "a single value must stand here")
		return "", false
	}
	return n.Value, true
}

func (r *reader) windows(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.add(n.Line, "windows must hold periods by their names")
		return
	}
	r.mapping(n, "windows.", windowEntries)
}

func (r *reader) consequences(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.add(n.Line, "consequences must hold a consequence for each verdict by its name")
		return
	}
	r.mapping(n, "consequences.", consequenceEntries)
}

// id is what a policy may be called.
var id = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (r *reader) policyID(n *yaml.Node) {
	s, ok := r.scalarOf(n)
	if ok && !id.MatchString(s) {
		r.add(n.Line, "policy must be 1 to 64 letters, digits, dashes or underscores, not %s", quoted(s))
	}
	r.v.PolicyID = s
}

// effectiveFrom reads a time, or a date, which begins in Beijing.
func (r *reader) effectiveFrom(n *yaml.Node) {
	s, ok := r.scalarOf(n)
	if !ok {
		return
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, policy.Beijing); err == nil {
		r.v.EffectiveFrom = t.UTC()
		return
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		r.add(n.Line, "effective_from must be a date such as 2027-01-01, or a time such as 2027-01-01T00:00:00+08:00, not %s", quoted(s))
		return
	}
	r.v.EffectiveFrom = t.UTC()
}

func text[T ~string](to func(v *policy.Version) *T) func(r *reader, n *yaml.Node) {
	return func(r *reader, n *yaml.Node) {
		if s, ok := r.scalarOf(n); ok {
			*to(r.v) = T(s)
		}
	}
}

func texts[T ~string](to func(v *policy.Version) *[]T) func(r *reader, n *yaml.Node) {
	return func(r *reader, n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			r.add(n.Line, "a list must stand here, such as [A, B]")
			return
		}
		for _, one := range n.Content {
			if s, ok := r.scalarOf(one); ok {
				*to(r.v) = append(*to(r.v), T(s))
			}
		}
	}
}

func whole(to func(v *policy.Version) *int32) func(r *reader, n *yaml.Node) {
	return func(r *reader, n *yaml.Node) {
		s, ok := r.scalarOf(n)
		if !ok {
			return
		}
		number, err := strconv.ParseInt(s, 10, 32)
		if err != nil || number < 0 {
			r.add(n.Line, "a whole number must stand here, not %s", quoted(s))
			return
		}
		*to(r.v) = int32(number)
	}
}

// ratioForm is a whole number, or a fraction of two.
var ratioForm = regexp.MustCompile(`^([0-9]{1,18})(?:/([0-9]{1,18}))?$`)

func ratio(to func(v *policy.Version) *money.Ratio) func(r *reader, n *yaml.Node) {
	return func(r *reader, n *yaml.Node) {
		s, ok := r.scalarOf(n)
		if !ok {
			return
		}
		m := ratioForm.FindStringSubmatch(s)
		if m == nil {
			r.add(n.Line, "a whole number or a fraction such as 5/2 must stand here, not %s", quoted(s))
			return
		}
		ratio := money.Ratio{Den: 1}
		ratio.Num, _ = strconv.ParseInt(m[1], 10, 64) // The form admits digits only, and few enough.
		if m[2] != "" {
			ratio.Den, _ = strconv.ParseInt(m[2], 10, 64)
		}
		if err := ratio.Check(); err != nil {
			r.add(n.Line, "%s", detail(err))
			return
		}
		*to(r.v) = ratio
	}
}

// amountForm is an amount in the major unit of a currency, with thousands apart or not.
var amountForm = regexp.MustCompile(`^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?$`)

func amount(to func(v *policy.Version) *money.Amount) func(r *reader, n *yaml.Node) {
	return func(r *reader, n *yaml.Node) {
		s, ok := r.scalarOf(n)
		if !ok {
			return
		}
		decimals := money.Exponent(r.v.Currency)
		m := amountForm.FindStringSubmatch(s)
		if m == nil || len(m[2]) > decimals {
			of := ""
			if money.CheckCurrency(r.v.Currency) == nil {
				of = " of " + r.v.Currency
			}
			r.add(n.Line, "an amount%s such as %s must stand here, not %s", of, money.Format(1_000_000, r.v.Currency), quoted(s))
			return
		}
		digits := strings.ReplaceAll(m[1], ",", "") + m[2] + strings.Repeat("0", decimals-len(m[2]))
		minor, err := strconv.ParseInt(digits, 10, 64)
		if a := money.Amount(minor); err != nil || a.Check() != nil {
			r.add(n.Line, "the amount %s is larger than the largest, %s", quoted(s), money.Format(money.MaxAmount, r.v.Currency))
			return
		}
		if minor == 0 {
			r.add(n.Line, "the amount must be above zero; leave the key out where there is none")
			return
		}
		*to(r.v) = money.Amount(minor)
	}
}

// spanForm is a number of days, hours, minutes or working days.
var spanForm = regexp.MustCompile(`^([0-9]{1,9}) (working day|day|hour|minute|second)s?$`)

// units are how long each unit lasts, the longest first; a working day has no length of
// its own.
var units = []struct {
	word  string
	lasts time.Duration
}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

func (r *reader) span(n *yaml.Node) (policy.Span, bool) {
	s, ok := r.scalarOf(n)
	if !ok {
		return policy.Span{}, false
	}
	m := spanForm.FindStringSubmatch(s)
	if m == nil {
		r.add(n.Line, "a period such as 7 days, 36 hours or 5 working days must stand here, not %s", quoted(s))
		return policy.Span{}, false
	}
	number, _ := strconv.Atoi(m[1]) // The form admits few digits only.
	if number == 0 {
		r.add(n.Line, "the period must be longer than nothing; leave the key out where it may be missing")
		return policy.Span{}, false
	}
	for _, u := range units {
		if u.word != m[2] {
			continue
		}
		if number > int(math.MaxInt64/u.lasts) {
			r.add(n.Line, "the period %s is too long", quoted(s))
			return policy.Span{}, false
		}
		return policy.Lasting(time.Duration(number) * u.lasts), true
	}
	return policy.WorkingDays(int32(number)), true
}

func spanEntry(key string, required bool, of func(w *policy.Windows) *policy.Span) entry {
	return entry{
		key: key, required: required,
		read: func(r *reader, n *yaml.Node) {
			if s, ok := r.span(n); ok {
				*of(&r.v.Windows) = s
			}
		},
		write: func(v *policy.Version) string { return spanText(*of(&v.Windows)) },
	}
}

func lastingEntry(key string, required bool, of func(w *policy.Windows) *time.Duration) entry {
	return entry{
		key: key, required: required,
		read: func(r *reader, n *yaml.Node) {
			s, ok := r.span(n)
			if ok && s.WorkingDays != 0 {
				r.add(n.Line, "this period cannot be given in working days")
				return
			}
			*of(&r.v.Windows) = s.Duration
		},
		write: func(v *policy.Version) string { return spanText(policy.Lasting(*of(&v.Windows))) },
	}
}

// detail is the text of a refusal.
func detail(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Detail
	}
	return err.Error()
}

// WritePolicy writes a version as a file that ReadPolicy reads. What it leaves out is
// left out, and its time of publication is no part of the file. It fails for a version
// that no file can hold, such as one with a period of parts of a second.
func WritePolicy(v *policy.Version) ([]byte, error) {
	var b strings.Builder
	for _, e := range policyEntries {
		if text := e.write(v); text != "" {
			fmt.Fprintf(&b, "%s: %s\n", e.key, text)
		}
	}
	b.WriteString("windows:\n")
	for _, e := range windowEntries {
		if text := e.write(v); text != "" {
			fmt.Fprintf(&b, "  %s: %s\n", e.key, text)
		}
	}
	if v.Consequences != (policy.Consequences{}) {
		b.WriteString("consequences:\n")
		for _, e := range consequenceEntries {
			if text := e.write(v); text != "" {
				fmt.Fprintf(&b, "  %s: %s\n", e.key, text)
			}
		}
	}
	p, err := ReadPolicy("the written file", []byte(b.String()))
	if err != nil {
		return nil, err
	}
	if lost := policy.Differences(v, &p.Version); len(lost) > 0 {
		return nil, fmt.Errorf("a file cannot hold the %s of version %d of policy %s", lost[0].Field, v.Number, v.PolicyID)
	}
	return []byte(b.String()), nil
}

func wholeText(of func(v *policy.Version) int32) func(v *policy.Version) string {
	return func(v *policy.Version) string {
		if of(v) == 0 {
			return ""
		}
		return strconv.Itoa(int(of(v)))
	}
}

func amountText(of func(v *policy.Version) money.Amount) func(v *policy.Version) string {
	return func(v *policy.Version) string {
		if of(v) == 0 {
			return ""
		}
		return strings.ReplaceAll(money.Format(of(v), v.Currency), ",", "")
	}
}

// spanText writes a span in the longest unit of which it is a whole number. Parts of a
// second, which no file holds, are left out.
func spanText(s policy.Span) string {
	write := func(number int64, unit string) string {
		if number != 1 {
			unit += "s"
		}
		return fmt.Sprintf("%d %s", number, unit)
	}
	if s.WorkingDays != 0 {
		return write(int64(s.WorkingDays), "working day")
	}
	for _, u := range units {
		if s.Duration > 0 && s.Duration%u.lasts == 0 {
			return write(int64(s.Duration/u.lasts), u.word)
		}
	}
	return ""
}

func listText[T ~string](list []T) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = scalar(string(one))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plainScalar is a text that YAML reads as itself.
var plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/-]*$`)

// scalar writes a text so that YAML reads it as that text.
func scalar(text string) string {
	if plainScalar.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	return strconv.Quote(text)
}
