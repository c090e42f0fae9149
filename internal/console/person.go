package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// roles are the roles for which the console has pages.
var roles = []string{"support", "adjudicator", "approver", "finance", "operator", "merchant", "auditor"}

// The cookies: what a person chose last. They prove nothing.
const (
	roleCookie     = "tenfold_role"
	personCookie   = "tenfold_person"
	scopeCookie    = "tenfold_scope"
	languageCookie = "tenfold_language"
	cookieAge      = 30 * 24 * 60 * 60 // In seconds.
)

// The forms of what a person says without proof.
var (
	personForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	merchantForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// me is who is before the browser, and in what language.
type me struct {
	Role     string
	Language string
	// Person is what the person says; Token is what proves it, from a proxy.
	Person, Token string
	// Merchant is whose claims a person in the role of a merchant looks at. The server holds it
	// against the token.
	Merchant string
}

// who reads who is before the browser.
func (s *console) who(r *http.Request) me {
	m := me{Role: cookieOf(r, roleCookie), Language: languageOf(r)}
	if !slices.Contains(s.Roles, m.Role) {
		m.Role = s.Roles[0]
	}
	if m.Role == "merchant" {
		m.Merchant = cookieOf(r, scopeCookie)
	}
	if !merchantForm.MatchString(m.Merchant) {
		m.Merchant = ""
	}
	if s.PersonHeader != "" {
		// Proxies send it as a bearer's token, or alone. Of two nobody knows which is the proxy's.
		if tokens := r.Header.Values(s.PersonHeader); len(tokens) == 1 {
			m.Token = strings.TrimSpace(strings.TrimPrefix(tokens[0], "Bearer "))
			m.Person = told(m.Token, s.PersonClaim)
		}
		return m
	}
	if m.Person = cookieOf(r, personCookie); !personForm.MatchString(m.Person) {
		m.Person = ""
	}
	return m
}

// unknown says whether it is open who is before the browser.
func (v *visit) unknown() bool {
	return v.s.PersonHeader == "" && v.me.Person == "" || v.me.Role == "merchant" && v.me.Merchant == ""
}

// languageOf is the language that the person chose, or else the browser's first.
func languageOf(r *http.Request) string {
	chosen := cookieOf(r, languageCookie)
	if chosen == "" {
		chosen, _, _ = strings.Cut(r.Header.Get("Accept-Language"), ",")
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(chosen)), "zh") {
		return chinese
	}
	return english
}

func cookieOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// setMe keeps what a person chose in the browser, and goes back to where the person was.
func (s *console) setMe(w http.ResponseWriter, r *http.Request) {
	for _, x := range []struct {
		cookie, field string
		valid         func(string) bool
	}{
		{roleCookie, "role", func(value string) bool { return slices.Contains(s.Roles, value) }},
		{personCookie, "person", personForm.MatchString},
		{scopeCookie, "merchant", merchantForm.MatchString},
		{languageCookie, "language", func(value string) bool { return value == english || value == chinese }},
	} {
		value := strings.TrimSpace(r.PostFormValue(x.field))
		if value == "" {
			continue
		}
		if !x.valid(value) {
			v := s.visit(w, r)
			v.fail(http.StatusBadRequest, v.say("sign.invalid"))
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: x.cookie, Value: value, Path: "/", MaxAge: cookieAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
			Secure: s.PersonHeader != "",
		})
	}
	http.Redirect(w, r, local(r.PostFormValue("back")), http.StatusSeeOther)
}

// local is a path of this console, and the first page for anything else: nobody is sent to
// other people's pages.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

type meKey struct{}

// With has the calls of a console's connection made in the role and for the person before the
// browser.
func With() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		m, _ := ctx.Value(meKey{}).(me)
		for _, entry := range [][2]string{
			{"tenfold-role", m.Role}, {"tenfold-person", statedBy(m)}, {"tenfold-person-token", m.Token}, {"accept-language", m.Language},
			{"tenfold-scope", scopeOf(m)},
		} {
			if entry[1] != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, entry[0], entry[1])
			}
		}
		return invoke(ctx, method, request, response, conn, options...)
	})
}

// statedBy is what a person who is believed without proof says.
func statedBy(m me) string {
	if m.Token != "" {
		return ""
	}
	return m.Person
}

// told is what a token says in one of its claims, whether or not it is true: the server, which is
// sent the token, decides that. Empty if it cannot be read.
func told(token, claim string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	claims := make(map[string]any)
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	person, _ := claims[claim].(string)
	if !personForm.MatchString(person) {
		return ""
	}
	return person
}

// scopeOf is what a person who is believed without proof is limited to; a token says it itself.
func scopeOf(m me) string {
	if m.Merchant == "" || m.Token != "" {
		return ""
	}
	return "merchants/" + m.Merchant
}
