package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func printAuthenticators(o *output, list []*tenfoldv1.Authenticator) {
	t := o.newTable("Authenticators", column{title: "Authenticator"}, column{title: "Kind"}, column{title: "Name"}, column{title: "State"},
		column{"Revision", true}, column{title: "May judge"}, column{title: "Accredited"}, column{title: "Registered"})
	for _, a := range list {
		state := word(a.GetState())
		if at := a.GetSuspendedAt(); at != nil {
			state = strings.TrimSuffix(fmt.Sprintf("%s since %s: %s", state, o.when(at), a.GetSuspensionReason()), ": ")
		}
		t.AppendRow(table.Row{
			idOf(a.GetName()), word(a.GetKind()), a.GetDisplayName(), state, a.GetRevision(), mayJudge(a), accreditedBy(a), o.when(a.GetRegisteredAt()),
		})
	}
	o.render(t)
}

// namedMax is how many values of a list a table names.
const namedMax = 5

// mayJudge says what limits an authenticator.
func mayJudge(a *tenfoldv1.Authenticator) string {
	var limits []string
	for _, l := range []struct {
		name   string
		values []string
	}{{"", a.GetCategories()}, {"brands ", a.GetBrands()}, {"trademarks ", a.GetTrademarkNumbers()}, {"methods ", a.GetMethods()}, {"signs by ", a.GetSignatureAlgorithms()}} {
		if len(l.values) == 0 {
			continue
		}
		text := l.name + strings.Join(l.values[:min(len(l.values), namedMax)], ", ")
		if more := len(l.values) - namedMax; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		limits = append(limits, text)
	}
	if a.GetSignedOnly() {
		limits = append(limits, "signed results alone")
	}
	return cmp.Or(strings.Join(limits, "; "), "every category")
}

func accreditedBy(a *tenfoldv1.Authenticator) string {
	var list []string
	for _, x := range a.GetAccreditations() {
		list = append(list, fmt.Sprintf("%s %s, %s to %s", x.GetScheme(), x.GetNumber(), x.GetValidFrom(), x.GetValidUntil()))
	}
	return strings.Join(list, "; ")
}

func printAuthenticatorChanges(o *output, list []*tenfoldv1.AuthenticatorChange) {
	t := o.newTable("Changes", column{title: "Change"}, column{"Number", true}, column{title: "Action"}, column{title: "State"}, column{title: "Widens"},
		column{title: "Asked by"}, column{title: "At"}, column{title: "Why"}, column{title: "Decided by"}, column{title: "Ended"})
	for _, c := range list {
		number := ""
		if n := c.GetAppliedNumber(); n != 0 {
			number = fmt.Sprint(n)
		}
		t.AppendRow(table.Row{
			strings.Replace(strings.TrimPrefix(c.GetName(), "authenticators/"), "/changes/", "/", 1), number, word(c.GetAction()), word(c.GetState()),
			strings.Join(c.GetWidens(), ", "), c.GetProposedBy(), o.when(c.GetProposedAt()), c.GetNote(), c.GetDecidedBy(), o.when(c.GetEndedAt()),
		})
	}
	o.render(t)
}
