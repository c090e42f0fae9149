package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// listed gives the names of the claims on one page.
func (f *fixture) listed(r *tenfoldv1.ListClaimsRequest) (string, error) {
	got, err := f.claims.ListClaims(f.as("finance"), r)
	var names []string
	for _, c := range got.GetClaims() {
		names = append(names, c.GetName())
	}
	return strings.Join(names, " "), err
}

// Would catch a condition that lets through what it should not, or keeps back
// what it should let through, alone and with others, at the bound itself.
func TestListClaimsByConditions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 1_000_000)
	older := f.notified("m1", "a")
	f.advance(time.Hour)
	newer := f.file("m2", "b")
	at := func(c *tenfoldv1.Claim) string { return c.GetFiledAt().AsTime().Format(time.RFC3339Nano) }
	due := newer.GetDeadline().GetPassesAt().AsTime().Format(time.RFC3339Nano)
	total := older.GetAward().GetRefund().GetMinorUnits() + older.GetAward().GetCompensation().GetMinorUnits()
	both := newer.GetName() + " " + older.GetName()
	for condition, want := range map[string]string{
		`filed_at >= "` + at(older) + `"`:                                     both,
		`filed_at >= "` + at(newer) + `"`:                                     newer.GetName(),
		`filed_at <= "` + at(older) + `"`:                                     older.GetName(),
		`filed_at >= "` + at(older) + `" AND filed_at <= "` + at(older) + `"`: older.GetName(),
		`filed_at >= "2030-01-01T00:00:00+08:00"`:                             "",
		`deadline >= "` + due + `"`:                                           newer.GetName(),
		`deadline <= "` + due + `" AND state = AUTHENTICATING`:                newer.GetName(),
		`verdict = COUNTERFEIT`:                                               older.GetName(),
		`verdict = PENDING`:                                                   newer.GetName(),
		fmt.Sprintf(`award.total >= %d`, total):                               older.GetName(),
		fmt.Sprintf(`award.total >= %d`, total+1):                             "",
		fmt.Sprintf(`award.total <= %d`, total):                               both,
		fmt.Sprintf(`award.total <= %d AND award.total >= 1`, total):          older.GetName(),
		`authenticator_id = "sandbox-lab"`:                                    older.GetName(),
		`authenticator_id = "nobody"`:                                         "",
		`authenticator_id = "sandbox-lab" AND verdict = PENDING`:              "",
	} {
		got, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: `product_id = "sandbox-counterfeit-1" AND ` + condition})
		if err != nil || got != want {
			t.Errorf("%s finds %q, %v; want %q", condition, got, err, want)
		}
	}
	if got, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: `authenticator_id = "sandbox-lab"`}); err != nil || got != older.GetName() {
		t.Errorf("the anchor of an authenticator finds %q, %v", got, err)
	}
	if got, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: `product_id = "sandbox-counterfeit-1"`, OrderBy: "filed_at"}); err != nil ||
		got != older.GetName()+" "+newer.GetName() {
		t.Errorf("the oldest first: %q, %v", got, err)
	}
	reviewed := f.inReview("c")
	for condition, want := range map[string]string{
		`verdict = COUNTERFEIT`: reviewed.GetName(), `verdict = PENDING`: "", `award.total >= 1`: reviewed.GetName(), `award.total <= 0`: "", `state = PAID`: "",
	} {
		got, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Queue: tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW, Filter: condition})
		if err != nil || got != want {
			t.Errorf("review with %s: %q, %v", condition, got, err)
		}
	}
}

// Would catch a filter that is let through to a slow scan, taken for another than
// it is, or that takes the server long to refuse.
func TestFiltersThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const anchored = `order_id = "a" AND `
	for name, filter := range map[string]string{
		"an unknown field":         anchored + `colour = "red"`,
		"an unknown path":          anchored + `award.colour = 1`,
		"ten thousand terms":       strings.Repeat(anchored, 10_000) + `state = PAID`,
		"ten thousand short terms": strings.Repeat(`a=1 AND `, 10_000) + `a=1`,
		"deep nesting":             strings.Repeat("(", 100_000) + `order_id = "a"` + strings.Repeat(")", 100_000),
		"short deep nesting":       strings.Repeat("(", 900) + `order_id = "a"` + strings.Repeat(")", 900),
		"nested calls":             strings.Repeat("a(", 900),
		"nested negation":          strings.Repeat("NOT ", 500) + `state = PAID`,
		"minus signs":              anchored + "state = " + strings.Repeat("-", 1500),
		"a long chain of fields":   "a" + strings.Repeat(".a", 900) + ` = 1`,
		"an open string":           anchored + `product_id = "` + strings.Repeat("x", 1000),
		"OR":                       anchored + `state = PAID OR state = PAYING`,
		"NOT":                      anchored + `NOT state = PAID`,
		"parentheses":              `(order_id = "a")`,
		"another comparison":       anchored + `filed_at > "2026-01-01T00:00:00Z"`,
		"has":                      anchored + `product_id:"a"`,
		"no operator":              anchored + `PAID`,
		"words side by side":       anchored + `state = PAID verdict = GENUINE`,
		"a time unquoted":          anchored + `filed_at >= 2026-01-01T00:00:00Z`,
		"a date for a time":        anchored + `filed_at >= "2026-01-01"`,
		"a time equal":             anchored + `filed_at = "2026-01-01T00:00:00Z"`,
		"an amount with decimals":  anchored + `award.total >= 1.5`,
		"an amount in words":       anchored + `award.total >= "1"`,
		"an amount out of range":   anchored + `award.total >= 9223372036854775807`,
		"an enormous amount":       anchored + `award.total >= 99999999999999999999`,
		"an unknown verdict":       anchored + `verdict = FAKE`,
		"an unset state":           anchored + `state = UNSPECIFIED`,
		"a quoted state":           anchored + `state = "PAID"`,
		"a bound twice":            anchored + `award.total >= 1 AND award.total >= 2`,
		"an id too long":           `order_id = "` + strings.Repeat("x", 65) + `"`,
		"an id with a quote":       `out_number = "a\"b"`,
		"only spaces":              "   ",
		"a hanging AND":            `order_id = "a" AND `,
		"bytes that are no text":   anchored + "state = \u0000",
	} {
		began := time.Now()
		_, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: filter})
		if got := refusal(err); got.reason != "FILTER_UNSUPPORTED" || got.field != "filter" {
			t.Errorf("%s: %s at %q: %s", name, got.reason, got.field, got.message)
		}
		if len(refusal(err).message) > 500 {
			t.Errorf("%s: a refusal of %d bytes", name, len(refusal(err).message))
		}
		// Milliseconds, where the machine is idle.
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: refused after %s", name, took)
		}
	}
}

// Would catch an order that is taken for another, or that a queue pretends to keep.
func TestOrdersThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	for _, r := range []*tenfoldv1.ListClaimsRequest{
		{Parent: "merchants/m1", OrderBy: "state"},
		{Parent: "merchants/m1", OrderBy: "filed_at, state"},
		{Parent: "merchants/m1", OrderBy: "filed_at down"},
		{Parent: "merchants/m1", OrderBy: "filed_at,"},
		{Parent: "merchants/m1", OrderBy: "filed_at", Queue: tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW},
	} {
		_, err := f.listed(r)
		if got := refusal(err); got.reason != "FILTER_UNSUPPORTED" || got.field != "order_by" {
			t.Errorf("%q: %+v", r.GetOrderBy(), got)
		}
	}
	for _, order := range []string{"", "filed_at", "filed_at desc", "filed_at asc"} {
		if _, err := f.listed(&tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", OrderBy: order}); err != nil && order != "filed_at asc" {
			t.Errorf("%q: %v", order, err)
		}
	}
}

// Would catch a total that is not the number of claims on the pages, or a token
// that the wish for one makes unusable.
func TestTotals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const claims = 5
	for i := range claims {
		f.file("m1", fmt.Sprintf("l%d", i))
	}
	r := &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageSize: 2, WithTotal: true}
	first, err := f.claims.ListClaims(f.as("support"), r)
	if err != nil || first.GetTotalSize() != claims || first.GetTotalIsEstimate() {
		t.Fatalf("%v, %v", first, err)
	}
	r.PageToken, r.WithTotal = first.GetNextPageToken(), false
	second, err := f.claims.ListClaims(f.as("support"), r)
	if err != nil || len(second.GetClaims()) != 2 || second.GetTotalSize() != 0 {
		t.Errorf("%v, %v", second, err)
	}
	r.OrderBy = "filed_at"
	if _, err := f.claims.ListClaims(f.as("support"), r); refusal(err).reason != "PAGE_TOKEN_INVALID" {
		t.Errorf("the token of another order: %v", err)
	}
}
