package rpc

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// These bounds refuse a long or deep filter before it is parsed. There are fewer
// fields and operators to compare than comparisonsMax.
const (
	filterMax      = 2048
	comparisonsMax = 16
	// tokensMax is comparisonsMax comparisons of a dotted field, spaces and AND.
	tokensMax = 11 * comparisonsMax
)

// parseFilter reads the documented part of AIP-160. Refuses anything else with
// FILTER_UNSUPPORTED.
func parseFilter(text string) (postgres.ClaimQuery, error) {
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
		if err := compare(&q, e, seen); err != nil {
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
func compare(q *postgres.ClaimQuery, e *expr.Expr, seen map[string]bool) error {
	call := e.GetCallExpr()
	if len(call.GetArgs()) != 2 {
		return unsupported("each term must be a field, an operator and a value")
	}
	name, operator, value := path(call.GetArgs()[0]), call.GetFunction(), call.GetArgs()[1]
	field, known := filterFields[name]
	if !known {
		return unsupported("claims cannot be listed by %q", name)
	}
	if seen[name+operator] {
		return unsupported("%s occurs twice with %s", name, operator)
	}
	seen[name+operator] = true
	if !field.set(q, operator, value) {
		return unsupported("%s must be compared with %s", name, field.form)
	}
	return nil
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
}

var filterFields = map[string]filterField{
	"order_id":         idField(func(q *postgres.ClaimQuery) *string { return &q.OrderID }),
	"claimant_id":      idField(func(q *postgres.ClaimQuery) *string { return &q.ClaimantID }),
	"product_id":       idField(func(q *postgres.ClaimQuery) *string { return &q.ProductID }),
	"authenticator_id": idField(func(q *postgres.ClaimQuery) *string { return &q.AuthenticatorID }),
	"state": {`"=" and a state`, func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		q.State = claimStates.domain(tenfoldv1.ClaimState(tenfoldv1.ClaimState_value["CLAIM_STATE_"+path(value)]))
		return operator == filtering.FunctionEquals && q.State != ""
	}},
	"verdict": {`"=" and a verdict`, func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		q.Verdict = verdicts.domain(tenfoldv1.Verdict(tenfoldv1.Verdict_value["VERDICT_"+path(value)]))
		return operator == filtering.FunctionEquals && q.Verdict != ""
	}},
	"filed_at":    timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.FiledFrom, &q.FiledTo }),
	"deadline":    timeField(func(q *postgres.ClaimQuery) (from, to *time.Time) { return &q.DeadlineFrom, &q.DeadlineTo }),
	"award.total": amountField(func(q *postgres.ClaimQuery) (from, to **money.Amount) { return &q.AwardFrom, &q.AwardTo }),
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func idField(of func(*postgres.ClaimQuery) *string) filterField {
	return filterField{`"=" and a quoted id`, func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		id := value.GetConstExpr().GetStringValue()
		*of(q) = id
		return operator == filtering.FunctionEquals && idForm.MatchString(id)
	}}
}

func timeField(of func(*postgres.ClaimQuery) (from, to *time.Time)) filterField {
	return filterField{`">=" or "<=" and a quoted RFC 3339 time`, func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
		at, err := time.Parse(time.RFC3339Nano, value.GetConstExpr().GetStringValue())
		from, to := of(q)
		return err == nil && !at.IsZero() && bound(operator, from, to, at)
	}}
}

func amountField(of func(*postgres.ClaimQuery) (from, to **money.Amount)) filterField {
	return filterField{`">=" or "<=" and a number of minor units`, func(q *postgres.ClaimQuery, operator string, value *expr.Expr) bool {
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
