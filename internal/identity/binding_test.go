package identity_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a workload that has come by a person's token made for another one and acts
// for the person with it, and a workload that cannot forward the tokens of its own clients.
func TestPersonsTokensAreBoundToTheirWorkload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	roles := func(more map[string]any) map[string]any {
		claims := map[string]any{"roles": "adjudicator", "azp": nil}
		for name, value := range more {
			claims[name] = value
		}
		return claims
	}
	for _, row := range []struct {
		name    string
		binding identity.Binding
		claims  map[string]any
		good    bool
	}{
		{"its client", "azp", map[string]any{"azp": "office"}, true},
		{"its other client", "azp", map[string]any{"azp": "office-app"}, true},
		{"its client, by the zero value", "", map[string]any{"azp": "office"}, true},
		{"another client", "azp", map[string]any{"azp": "back-office"}, false},
		{"another client, by the zero value", "", map[string]any{"azp": "back-office"}, false},
		{"no client", "azp", nil, false},
		{"an empty client", "azp", map[string]any{"azp": ""}, false},
		{"its client in another case", "azp", map[string]any{"azp": "Office"}, false},
		{"a list of clients", "azp", map[string]any{"azp": []string{"office"}}, false},
		{"its audience alone", "azp", map[string]any{"aud": []string{peopleAudience, "office"}}, false},
		{"its audience", "audience", map[string]any{"aud": []string{peopleAudience, "office"}}, true},
		{"another audience", "audience", map[string]any{"aud": []string{peopleAudience, "another"}}, false},
		{"no further audience", "audience", map[string]any{"azp": "office"}, false},
		{"its audience without the server's", "audience", map[string]any{"aud": []string{"office"}}, false},
		{"another client, unbound", "none", map[string]any{"azp": "another"}, true},
	} {
		f.config.Binding = row.binding
		f.start()
		e := forPerson(as(f.certified("support-tool"), "adjudicator"), f.person("p1", roles(row.claims)))
		if row.good {
			f.is(row.name, e, identity.Caller{Principal: who("support-tool", principal.RoleAdjudicator, "p1")})
		} else {
			f.refused(row.name, e, fault.CredentialInvalid, identity.KeyPersonToken)
		}
	}
}

// Would catch a workload whose clients were not listed, and which forwards the tokens of
// every client, or of none.
func TestClientOfAWorkloadIsItsNameByDefault(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lab := func(client string) *identity.Evidence {
		return forPerson(f.token("lab-gateway-client", map[string]any{"lab": "l1"}), f.person("p1", map[string]any{"roles": "authenticator", "azp": client}))
	}
	f.is("its name", lab("lab-gateway"), identity.Caller{
		Principal: who("lab-gateway", principal.RoleAuthenticator, "p1"), Scope: "authenticators/l1",
	})
	f.refused("its subject", lab("lab-gateway-client"), fault.CredentialInvalid, identity.KeyPersonToken)
	f.refused("another's name", lab("support-tool"), fault.CredentialInvalid, identity.KeyPersonToken)
}

// Would catch a lost token that is good for years, and one that hides its age.
func TestTokensHaveAGreatestAge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.config.Workloads.AgeMax, f.config.Persons.AgeMax = 2*time.Hour, 30*time.Minute
	f.start()
	at := func(d time.Duration) int64 { return start.Add(d).Unix() }
	for _, row := range []struct {
		name   string
		claims map[string]any
		good   bool
	}{
		{"just short enough", map[string]any{"iat": at(-time.Hour), "exp": at(time.Hour)}, true},
		{"a second too long", map[string]any{"iat": at(-time.Hour), "exp": at(time.Hour + time.Second)}, false},
		{"a hundred years", map[string]any{"exp": at(100 * 365 * 24 * time.Hour)}, false},
		{"the greatest number", map[string]any{"exp": int64(1) << 53}, false},
		{"issued long ago", map[string]any{"iat": at(-365 * 24 * time.Hour)}, false},
		{"issued before all time", map[string]any{"iat": -(int64(1) << 62)}, false},
		{"no time of issue", map[string]any{"iat": nil}, false},
	} {
		e := as(f.token("support-tool-client", row.claims), "support")
		if row.good {
			f.is(row.name, e, identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
		} else {
			f.refused(row.name, e, fault.CredentialInvalid, identity.KeyToken)
		}
	}
	person := func(claims map[string]any) *identity.Evidence {
		claims["roles"] = "adjudicator"
		return forPerson(as(f.certified("support-tool"), "adjudicator"), f.person("p1", claims))
	}
	f.is("a person's for half an hour", person(map[string]any{"exp": at(30 * time.Minute)}),
		identity.Caller{Principal: who("support-tool", principal.RoleAdjudicator, "p1")})
	f.refused("a person's for longer", person(map[string]any{"exp": at(31 * time.Minute)}), fault.CredentialInvalid, identity.KeyPersonToken)
	f.refused("a person's without its issue", person(map[string]any{"exp": at(30 * time.Minute), "iat": nil}),
		fault.CredentialInvalid, identity.KeyPersonToken)
}
