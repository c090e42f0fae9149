package rpc

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// These bounds refuse a long or deep filter before it is parsed. There are fewer
// fields and operators to compare than comparisonsMax.
const (
	filterMax      = 2048
	comparisonsMax = 24
	// tokensMax is comparisonsMax comparisons of a dotted field, spaces and AND.
	tokensMax = 11 * comparisonsMax
)

// parseFilter reads the documented part of AIP-160. Refuses anything else with
// FILTER_UNSUPPORTED, and so what would tell the caller of a field that is hidden from it.
func parseFilter(text string, who caller) (postgres.ClaimQuery, error) {
	var q postgres.ClaimQuery
	text = strings.TrimSpace(text)
	if text == "" {
		return q, nil
	}
	if err := checkTokens(text); err != nil {
		return q, err
	}
	var p filtering.Parser
	p.Init(text)
	parsed, err := p.Parse()
	if err != nil {
		return q, unsupported("the filter does not have the form of AIP-160")
	}
	seen := make(map[string]bool, comparisonsMax)
	for _, e := range conjuncts(parsed.GetExpr()) {
		if err := compare(&q, e, seen, who); err != nil {
			return q, err
		}
	}
	return q, nil
}

// unserved are tokens of AIP-160 that no index of ours serves.
var unserved = []filtering.TokenType{
	filtering.TokenTypeLeftParen, filtering.TokenTypeRightParen, filtering.TokenTypeOr, filtering.TokenTypeNot,
	filtering.TokenTypeHas, filtering.TokenTypeNotEquals, filtering.TokenTypeLessThan, filtering.TokenTypeGreaterThan,
}

// checkTokens refuses, in one pass over the text, a filter that is too long or goes
// beyond the documented part.
func checkTokens(text string) error {
	if len(text) > filterMax {
		return unsupported("a filter can have at most %d bytes", filterMax)
	}
	var l filtering.Lexer
	l.Init(text)
	for tokens := 0; ; tokens++ {
		token, err := l.Lex()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unsupported("the filter does not have the form of AIP-160")
		case tokens == tokensMax:
			return unsupported("a filter can have at most %d comparisons", comparisonsMax)
		case slices.Contains(unserved, token.Type):
			return unsupported(`comparisons are joined by AND; %q is not supported`, token.Type)
		}
	}
}

// conjuncts separates the terms joined by AND, in the order of the text.
func conjuncts(e *expr.Expr) []*expr.Expr {
	var out []*expr.Expr
	for e.GetCallExpr().GetFunction() == filtering.FunctionAnd {
		args := e.GetCallExpr().GetArgs()
		// The parser builds to the left: the last term is on the right.
		out, e = append(out, args[1]), args[0]
	}
	out = append(out, e)
	slices.Reverse(out)
	return out
}

// compare adds one comparison to a query.
func compare(q *postgres.ClaimQuery, e *expr.Expr, seen map[string]bool, who caller) error {
	call := e.GetCallExpr()
	if len(call.GetArgs()) != 2 {
		return unsupported("each term must be a field, an operator and a value")
	}
	name, operator, value := path(call.GetArgs()[0]), call.GetFunction(), call.GetArgs()[1]
	field, known := filterFields[name]
	if !known {
		return unsupported("claims cannot be listed by %q, but by %s", short(name), strings.Join(filterNames(who.Role), ", "))
	}
	if field.hiddenFrom(who.Role) {
		return unsupported("%s is hidden from this role, which cannot filter by it", name)
	}
	if seen[name+operator] {
		return unsupported("%s occurs twice with %s", name, operator)
	}
	seen[name+operator] = true
	if name == "assignee" && path(value) == "me" {
		return assignedTo(q, operator, who.Person)
	}
	if !field.set(q, operator, value) {
		return unsupported("%s must be compared with %s", name, field.form)
	}
	return nil
}

// assignedTo asks for the claims of the calling person.
func assignedTo(q *postgres.ClaimQuery, operator, person string) error {
	switch {
	case operator != filtering.FunctionEquals:
		return unsupported("assignee must be compared with %s", filterFields["assignee"].form)
	case person == "":
		return fault.New(fault.PersonRequired, "assignee = me needs a calling person, but the call names none").At("filter")
	}
	q.Assignee = person
	return nil
}

// short cuts a text of the caller for a refusal.
func short(text string) string {
	const most = 64
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// filterNames are the fields that a role may filter by, in order.
func filterNames(role principal.Role) []string {
	var names []string
	for name, f := range filterFields {
		if !f.hiddenFrom(role) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// path spells an identifier or a chain of fields; empty for anything else.
func path(e *expr.Expr) string {
	if s := e.GetSelectExpr(); s != nil {
		return path(s.GetOperand()) + "." + s.GetField()
	}
	return e.GetIdentExpr().GetName()
}

// filterField is one field that claims can be listed by.
type filterField struct {
	// form describes the operators and values that it accepts.
	form string
	// set puts the value into the query; it returns false if operator or value do
	// not fit.
	set func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool
	// in and shown name the field of the contract that shows the value: a role that does
	// not see it there may not find claims by it.
	in    proto.Message
	shown protoreflect.Name
}

// hiddenFrom says whether a role may not filter by the field.
func (f filterField) hiddenFrom(role principal.Role) bool { return hides(role, f.in, f.shown) }

// shownAs says which field of the contract shows what is compared.
func (f filterField) shownAs(in proto.Message, field protoreflect.Name) filterField {
	f.in, f.shown = in, field
	return f
}

// filterFields are the fields of the filter.
var filterFields = map[string]filterField{
	"order_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.OrderID }).shownAs(&tenfoldv1.Claim{}, "order_id"),
	"claimant_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ClaimantID }).
		shownAs(&tenfoldv1.Claim{}, "claimant_id"),
	"product_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ProductID }).shownAs(&tenfoldv1.Claim{}, "product_id"),
	"authenticator_id": idField(func(q *postgres.ClaimQuery) *string { return &q.AuthenticatorID }).
		shownAs(&tenfoldv1.AuthenticationResult{}, "authenticator"),
	"payment_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.PaymentID }).shownAs(&tenfoldv1.OrderLine{}, "payment_id"),
	"external_reference": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ExternalReference }).
		shownAs(&tenfoldv1.Claim{}, "external_reference"),
	"assignee":   assigneeField().shownAs(&tenfoldv1.Claim{}, "assignee"),
	"out_number": idField(func(q *postgres.ClaimQuery) *string { return &q.OutNumber }).shownAs(&tenfoldv1.Payout{}, "out_number"),
	"gateway_reference": textField(func(q *postgres.ClaimQuery) *string { return &q.GatewayReference }).
		shownAs(&tenfoldv1.Payout{}, "gateway_reference"),
	"report_number": textField(func(q *postgres.ClaimQuery) *string { return &q.ReportNumber }).
		shownAs(&tenfoldv1.AuthenticationResult{}, "report_number"),
	"state": filterField{form: `"=" and a state`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		q.State = claimStates.domain(tenfoldv1.ClaimState(tenfoldv1.ClaimState_value["CLAIM_STATE_"+path(value)]))
		return operator == filtering.FunctionEquals && q.State != ""
	}}.shownAs(&tenfoldv1.Claim{}, "state"),
	"waits_for": filterField{
		form: `"=" and a party that claims of one state wait for, such as REVIEWER`,
		set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
			q.WaitsFor = parties.domain(tenfoldv1.WaitsFor(tenfoldv1.WaitsFor_value["WAITS_FOR_"+path(value)]))
			_, one := q.WaitsFor.InState()
			return operator == filtering.FunctionEquals && one
		},
	}.shownAs(&tenfoldv1.Claim{}, "waits_for"),
	"verdict": filterField{form: `"=" and a verdict`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		q.Verdict = verdicts.domain(tenfoldv1.Verdict(tenfoldv1.Verdict_value["VERDICT_"+path(value)]))
		return operator == filtering.FunctionEquals && q.Verdict != ""
	}}.shownAs(&tenfoldv1.Claim{}, "verdict"),
	"filed_at": timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.FiledFrom, &q.FiledTo }).
		shownAs(&tenfoldv1.Claim{}, "filed_at"),
	"deadline": timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.DeadlineFrom, &q.DeadlineTo }).
		shownAs(&tenfoldv1.Claim{}, "deadline"),
	"award.total": amountField(func(q *postgres.ClaimQuery) (from, to **money.Amount) { return &q.AwardFrom, &q.AwardTo }).
		shownAs(&tenfoldv1.Claim{}, "award"),
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func idField(of func(*postgres.ClaimQuery) *string) filterField {
	return idFieldOf(of, idForm.MatchString)
}

// callerIDField is an id that callers make up.
func callerIDField(of func(*postgres.ClaimQuery) *string) filterField {
	return idFieldOf(of, isCallerID)
}

func idFieldOf(of func(*postgres.ClaimQuery) *string, form func(string) bool) filterField {
	return filterField{form: `"=" and a quoted id`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		id := value.GetConstExpr().GetStringValue()
		*of(q) = id
		return operator == filtering.FunctionEquals && form(id)
	}}
}

// textField is a number that others gave: 1 to 64 characters, each of which can be seen
// or is a space. What remains of a report number without spaces must not be nothing.
func textField(of func(*postgres.ClaimQuery) *string) filterField {
	return filterField{form: `"=" and a quoted text of 1 to 64 characters`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		const most = 64
		text := value.GetConstExpr().GetStringValue()
		*of(q) = text
		return operator == filtering.FunctionEquals && utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
			!strings.ContainsFunc(text, unicode.IsControl) && strings.ContainsFunc(text, unicode.IsGraphic) && strings.TrimSpace(text) != ""
	}}
}

// assigneeField is a person; the caller stands for me.
func assigneeField() filterField {
	f := textField(func(q *postgres.ClaimQuery) *string { return &q.Assignee })
	f.form = `"=" and a quoted id of 1 to 64 characters, or me`
	return f
}

func timeField(of func(*postgres.ClaimQuery) (from, to *time.Time)) filterField {
	return filterField{form: `">=" or "<=" and a quoted RFC 3339 time`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		at, err := time.Parse(time.RFC3339Nano, value.GetConstExpr().GetStringValue())
		from, to := of(q)
		return err == nil && !at.IsZero() && bound(operator, from, to, at)
	}}
}

func amountField(of func(*postgres.ClaimQuery) (from, to **money.Amount)) filterField {
	return filterField{form: `">=" or "<=" and a number of minor units`, set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		number, ok := value.GetConstExpr().GetConstantKind().(*expr.Constant_Int64Value)
		if !ok {
			return false
		}
		amount := money.Amount(number.Int64Value)
		from, to := of(q)
		return amount.Check() == nil && bound(operator, from, to, &amount)
	}}
}

// bound sets the end of a range that the operator stands for.
func bound[T any](operator string, from, to *T, value T) bool {
	switch operator {
	case filtering.FunctionGreaterEquals:
		*from = value
	case filtering.FunctionLessEquals:
		*to = value
	default:
		return false
	}
	return true
}

func unsupported(format string, args ...any) error {
	return fault.New(fault.FilterUnsupported, format, args...).At("filter")
}
