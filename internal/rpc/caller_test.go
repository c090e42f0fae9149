package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a caller that is told of another identity than that of its call, and methods
// that a role may call and is not told of, or the other way round.
func TestCallersAreToldWhoTheyAre(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	callers := tenfoldv1.NewCallerServiceClient(f.conn)
	for _, role := range everyRole {
		a, err := callers.GetCaller(f.as(role), &tenfoldv1.GetCallerRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for method, roles := range allowed {
			if slices.Contains(roles, role) {
				want = append(want, method)
			}
		}
		slices.Sort(want)
		if who := a.GetCaller(); who.GetRole() != role || !slices.Equal(who.GetMethods(), want) {
			t.Errorf("%s is told: %s, %v; want %v", role, who.GetRole(), who.GetMethods(), want)
		}
	}
	body := caller.Identity{Workload: "lims", Role: "authenticator", Scope: "authenticators/cti-lab", Person: "wang"}
	a, err := callers.GetCaller(body.Attach(t.Context()), &tenfoldv1.GetCallerRequest{})
	if err != nil {
		t.Fatal(err)
	}
	who := a.GetCaller()
	if got := strings.Join([]string{who.GetWorkload(), who.GetRole(), who.GetAuthenticator() + who.GetMerchant(), who.GetPerson()}, " "); got != "lims authenticator authenticators/cti-lab wang" {
		t.Errorf("the body is told: %s", got)
	}
}
