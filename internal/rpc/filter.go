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

	"github.com/tenfold-claims/tenfold/internal/claim"
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

// filter is the filter of one list: the fields that its query Q can be narrowed down by.
type filter[Q any] struct {
	// things is what the list holds, such as "claims".
	things string
	fields map[string]filterField[Q]
}

// parse reads the documented part of AIP-160. Refuses anything else with
// FILTER_UNSUPPORTED, and so what would tell the caller of a field that is hidden from it.
func (f filter[Q]) parse(text string, who caller) (Q, error) {
	var q Q
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
		if err := f.compare(&q, e, seen, who); err != nil {
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
func (f filter[Q]) compare(q *Q, e *expr.Expr, seen map[string]bool, who caller) error {
	call := e.GetCallExpr()
	if len(call.GetArgs()) != 2 {
		return unsupported("each term must be a field, an operator and a value")
	}
	name, operator, value := path(call.GetArgs()[0]), call.GetFunction(), call.GetArgs()[1]
	field, known := f.fields[name]
	if !known {
		return unsupported("%s cannot be listed by %q, but by %s", f.things, short(name), strings.Join(f.names(who.Role), ", "))
	}
	if field.hiddenFrom(who.Role) {
		return unsupported("%s is hidden from this role, which cannot filter by it", name)
	}
	if seen[name+operator] {
		return unsupported("%s occurs twice with %s", name, operator)
	}
	seen[name+operator] = true
	if field.person != nil && path(value) == "me" {
		return field.me(q, name, operator, who.Person)
	}
	if !field.set(q, operator, value) {
		return unsupported("%s must be compared with %s", name, field.form)
	}
	return nil
}

// me asks for what belongs to the calling person.
func (f filterField[Q]) me(q *Q, name, operator, person string) error {
	switch {
	case operator != filtering.FunctionEquals:
		return unsupported("%s must be compared with %s", name, f.form)
	case person == "":
		return fault.New(fault.PersonRequired, "%s = me needs a calling person, but the call names none", name).At("filter")
	}
	*f.person(q) = person
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

// names are the fields that a role may filter by, in order.
func (f filter[Q]) names(role principal.Role) []string {
	var names []string
	for name, field := range f.fields {
		if !field.hiddenFrom(role) {
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

// filterField is one field that a list can be narrowed down by.
type filterField[Q any] struct {
	// form describes the operators and values that it accepts.
	form string
	// set puts the value into the query; it returns false if operator or value do
	// not fit.
	set func(q *Q, operator string, value *expr.Expr) bool
	// person is where the query has a person; nil where the field names none.
	person func(*Q) *string
	// in and shown name the field of the contract that shows the value: a role that does
	// not see it there may not find anything by it.
	in    proto.Message
	shown protoreflect.Name
}

// hiddenFrom says whether a role may not filter by the field.
func (f filterField[Q]) hiddenFrom(role principal.Role) bool { return hides(role, f.in, f.shown) }

// shownAs says which field of the contract shows what is compared.
func (f filterField[Q]) shownAs(in proto.Message, field protoreflect.Name) filterField[Q] {
	f.in, f.shown = in, field
	return f
}

// claimFilter is the filter of ListClaims.
var claimFilter = filter[postgres.ClaimQuery]{things: "claims", fields: map[string]filterField[postgres.ClaimQuery]{
	"order_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.OrderID }).shownAs(&tenfoldv1.Claim{}, "order_id"),
	"claimant_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ClaimantID }).
		shownAs(&tenfoldv1.Claim{}, "claimant_id"),
	"product_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ProductID }).shownAs(&tenfoldv1.Claim{}, "product_id"),
	"authenticator_id": idField(func(q *postgres.ClaimQuery) *string { return &q.AuthenticatorID }).
		shownAs(&tenfoldv1.AuthenticationResult{}, "authenticator"),
	"payment_id": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.PaymentID }).shownAs(&tenfoldv1.OrderLine{}, "payment_id"),
	"external_reference": callerIDField(func(q *postgres.ClaimQuery) *string { return &q.ExternalReference }).
		shownAs(&tenfoldv1.Claim{}, "external_reference"),
	"assignee":   personField(func(q *postgres.ClaimQuery) *string { return &q.Assignee }).shownAs(&tenfoldv1.Claim{}, "assignee"),
	"out_number": idField(func(q *postgres.ClaimQuery) *string { return &q.OutNumber }).shownAs(&tenfoldv1.Payout{}, "out_number"),
	"gateway_reference": textField(func(q *postgres.ClaimQuery) *string { return &q.GatewayReference }).
		shownAs(&tenfoldv1.Payout{}, "gateway_reference"),
	"report_number": textField(func(q *postgres.ClaimQuery) *string { return &q.ReportNumber }).
		shownAs(&tenfoldv1.AuthenticationResult{}, "report_number"),
	"state": wordField("a state", claimStates, func(q *postgres.ClaimQuery) *claim.State { return &q.State }).
		shownAs(&tenfoldv1.Claim{}, "state"),
	"waits_for": filterField[postgres.ClaimQuery]{
		form: `"=" and a party that claims of one state wait for, such as REVIEWER`,
		set: func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
			q.WaitsFor = parties.word(path(value))
			_, one := q.WaitsFor.InState()
			return operator == filtering.FunctionEquals && one
		},
	}.shownAs(&tenfoldv1.Claim{}, "waits_for"),
	"verdict": wordField("a verdict", verdicts, func(q *postgres.ClaimQuery) *claim.Verdict { return &q.Verdict }).
		shownAs(&tenfoldv1.Claim{}, "verdict"),
	"filed_at": timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.FiledFrom, &q.FiledTo }).
		shownAs(&tenfoldv1.Claim{}, "filed_at"),
	"deadline": timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.DeadlineFrom, &q.DeadlineTo }).
		shownAs(&tenfoldv1.Claim{}, "deadline"),
	"award.total": amountField(func(q *postgres.ClaimQuery) (from, to **money.Amount) { return &q.AwardFrom, &q.AwardTo }).
		shownAs(&tenfoldv1.Claim{}, "award"),
}}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func idField[Q any](of func(*Q) *string) filterField[Q] { return idFieldOf(of, idForm.MatchString) }

// callerIDField is an id that callers make up.
func callerIDField[Q any](of func(*Q) *string) filterField[Q] { return idFieldOf(of, isCallerID) }

func idFieldOf[Q any](of func(*Q) *string, form func(string) bool) filterField[Q] {
	return filterField[Q]{form: `"=" and a quoted id`, set: func(q *Q, operator string, value *expr.Expr) bool {
		id := value.GetConstExpr().GetStringValue()
		*of(q) = id
		return operator == filtering.FunctionEquals && form(id)
	}}
}

// textField is a number that others gave: 1 to 64 characters, each of which can be seen
// or is a space. What remains of a report number without spaces must not be nothing.
func textField[Q any](of func(*Q) *string) filterField[Q] {
	return filterField[Q]{form: `"=" and a quoted text of 1 to 64 characters`, set: func(q *Q, operator string, value *expr.Expr) bool {
		const most = 64
		text := value.GetConstExpr().GetStringValue()
		*of(q) = text
		return operator == filtering.FunctionEquals && utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
			!strings.ContainsFunc(text, unicode.IsControl) && strings.ContainsFunc(text, unicode.IsGraphic) && strings.TrimSpace(text) != ""
	}}
}

// personField is a person; me stands for the caller.
func personField[Q any](of func(*Q) *string) filterField[Q] {
	f := textField(of)
	f.form, f.person = `"=" and a quoted id of 1 to 64 characters, or me`, of
	return f
}

// wordField is a value of an enum, without its prefix.
func wordField[Q any, D ~string, P protoreflect.Enum](what string, words enum[D, P], of func(*Q) *D) filterField[Q] {
	return filterField[Q]{form: `"=" and ` + what, set: func(q *Q, operator string, value *expr.Expr) bool {
		word := words.word(path(value))
		*of(q) = word
		return operator == filtering.FunctionEquals && word != ""
	}}
}

func timeField[Q any](of func(*Q) (from, to *time.Time)) filterField[Q] {
	return filterField[Q]{form: `">=" or "<=" and a quoted RFC 3339 time`, set: func(q *Q, operator string, value *expr.Expr) bool {
		at, err := time.Parse(time.RFC3339Nano, value.GetConstExpr().GetStringValue())
		from, to := of(q)
		return err == nil && !at.IsZero() && bound(operator, from, to, at)
	}}
}

// amountField is an amount in minor units.
func amountField[Q any](of func(*Q) (from, to **money.Amount)) filterField[Q] {
	return filterField[Q]{form: `">=" or "<=" and a number of minor units`, set: func(q *Q, operator string, value *expr.Expr) bool {
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
