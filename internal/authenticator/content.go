// Package authenticator holds the rules of the registry of bodies whose results count:
// what a body may judge, on which day, whether it is suspended, which changes widen the
// trust in it, and who decides on those. Storing is left to postgres, the weighing of
// results to claim.
package authenticator

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
)

// The bounds of one revision. A lane reads a whole revision when the body is not in memory.
const (
	// CategoriesMax and MethodsMax are the most categories and methods of a body.
	CategoriesMax = 200
	MethodsMax    = 200
	// GoodsMax is the most brands, and the most trademark numbers, of a body. A group of
	// companies holds that many marks.
	GoodsMax = 1000
	// AccreditationsMax and ContactsMax are the most of each.
	AccreditationsMax = 50
	ContactsMax       = 50

	// nameMax, valueMax, codeMax, wordMax and addressMax bound texts, in characters.
	nameMax    = 200
	valueMax   = 128
	codeMax    = 64
	wordMax    = 32
	addressMax = 254
)

// Content is what a revision says. Its JSON is a stored form: names never change.
type Content struct {
	Kind        claim.AuthenticatorKind `json:"kind"`
	DisplayName string                  `json:"displayName"`
	// Categories are category paths that the body may judge, each with all below it; empty
	// means all.
	Categories []string `json:"categories,omitempty"`
	// Brands and Trademarks are goods that it may judge: those of a brand, or under the
	// registration number of a trademark. If both are empty, goods of every brand.
	Brands     []string `json:"brands,omitempty"`
	Trademarks []string `json:"trademarks,omitempty"`
	// Methods are those that it may test by; empty means all.
	Methods        []string        `json:"methods,omitempty"`
	Accreditations []Accreditation `json:"accreditations,omitempty"`
	Contacts       []Contact       `json:"contacts,omitempty"`
	// Algorithms are those by which the body may sign; empty means DefaultAlgorithms.
	Algorithms []signature.Algorithm `json:"algorithms,omitempty"`
	// SignedOnly says that no result of the body is recorded that it did not sign.
	SignedOnly bool `json:"signedOnly,omitempty"`
}

// DefaultAlgorithms are those of a body that names none: the ones whose keys and signatures
// have one form each.
func DefaultAlgorithms() []signature.Algorithm {
	return []signature.Algorithm{signature.EdDSA, signature.ES256}
}

// Allows says whether the body may sign by an algorithm.
func (c *Content) Allows(a signature.Algorithm) bool { return slices.Contains(c.allowed(), a) }

func (c *Content) allowed() []signature.Algorithm {
	if len(c.Algorithms) == 0 {
		return DefaultAlgorithms()
	}
	return c.Algorithms
}

// Accreditation is an authority's word that the body is able to test, on the days from
// From to Until, both included, such as 2026-02-17, in Beijing.
type Accreditation struct {
	Scheme string `json:"scheme"`
	Number string `json:"number"`
	From   string `json:"from"`
	Until  string `json:"until"`
}

// Contact is whom to ask at the body about something.
type Contact struct {
	Role  string `json:"role"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// Plain is a brand, a trademark number or a method as they are compared: in one width, in
// one case, without spaces and without characters that nobody sees.
func Plain(value string) string { return cases.Fold().String(claim.PlainReport(value)) }

// Check refuses with REQUEST_INVALID a content that no body can have, and names the field
// below path.
func (c *Content) Check(path string) error {
	if !slices.Contains(claim.AuthenticatorKinds(), c.Kind) {
		return invalid(path, "kind", "kind must be a kind of authenticator")
	}
	if err := checkText(c.DisplayName, nameMax); err != nil {
		return invalid(path, "display_name", "display_name %s", err)
	}
	exact := func(v string) string { return v }
	for _, l := range []struct {
		field  string
		values []string
		most   int
		length int
		plain  func(string) string
	}{
		{"categories", c.Categories, CategoriesMax, valueMax, exact},
		{"brands", c.Brands, GoodsMax, valueMax, Plain},
		{"trademark_numbers", c.Trademarks, GoodsMax, codeMax, Plain},
		{"methods", c.Methods, MethodsMax, valueMax, Plain},
	} {
		if err := checkList(path, l.field, l.values, l.most, l.length, l.plain); err != nil {
			return err
		}
	}
	if err := c.checkAccreditations(path); err != nil {
		return err
	}
	if err := c.checkAlgorithms(path); err != nil {
		return err
	}
	return c.checkContacts(path)
}

func (c *Content) checkAlgorithms(path string) error {
	for i, a := range c.Algorithms {
		at := fmt.Sprintf("signature_algorithms[%d]", i)
		if !slices.Contains(signature.Algorithms(), a) {
			return invalid(path, at, "%s must be an algorithm by which bodies sign", at)
		}
		if k := slices.Index(c.Algorithms[:i], a); k >= 0 {
			return invalid(path, at, "%s says the same as signature_algorithms[%d]", at, k)
		}
	}
	return nil
}

func checkList(path, field string, values []string, most, length int, plain func(string) string) error {
	if len(values) > most {
		return invalid(path, field, "%s must have at most %d values, not %d", field, most, len(values))
	}
	seen := make(map[string]int, len(values))
	for i, v := range values {
		at := fmt.Sprintf("%s[%d]", field, i)
		if err := checkText(v, length); err != nil {
			return invalid(path, at, "%s %s", at, err)
		}
		p := plain(v)
		if p == "" {
			return invalid(path, at, "%s must have a character that can be seen", at)
		}
		if first, twice := seen[p]; twice {
			return invalid(path, at, "%s says the same as %s[%d]", at, field, first)
		}
		seen[p] = i
	}
	return nil
}

func (c *Content) checkAccreditations(path string) error {
	if len(c.Accreditations) > AccreditationsMax {
		return invalid(path, "accreditations", "accreditations must have at most %d values, not %d", AccreditationsMax, len(c.Accreditations))
	}
	for i, a := range c.Accreditations {
		at := fmt.Sprintf("accreditations[%d].", i)
		if err := checkText(a.Scheme, wordMax); err != nil {
			return invalid(path, at+"scheme", "%sscheme %s", at, err)
		}
		if err := checkText(a.Number, codeMax); err != nil {
			return invalid(path, at+"number", "%snumber %s", at, err)
		}
		for _, day := range []struct{ field, value string }{{"valid_from", a.From}, {"valid_until", a.Until}} {
			if d, err := calendar.ParseDate(day.value); err != nil || d.String() != day.value {
				return invalid(path, at+day.field, "%s%s must be a day such as 2026-02-17, not %q", at, day.field, day.value)
			}
		}
		if a.Until < a.From {
			return invalid(path, at+"valid_until", "%svalid_until %s must not be before valid_from %s", at, a.Until, a.From)
		}
		if k := slices.Index(c.Accreditations[:i], a); k >= 0 {
			return invalid(path, fmt.Sprintf("accreditations[%d]", i), "accreditations[%d] says the same as accreditations[%d]", i, k)
		}
	}
	return nil
}

func (c *Content) checkContacts(path string) error {
	if len(c.Contacts) > ContactsMax {
		return invalid(path, "contacts", "contacts must have at most %d values, not %d", ContactsMax, len(c.Contacts))
	}
	for i, x := range c.Contacts {
		at := fmt.Sprintf("contacts[%d].", i)
		if err := checkText(x.Role, wordMax); err != nil {
			return invalid(path, at+"role", "%srole %s", at, err)
		}
		if x.Email == "" && x.Phone == "" {
			return invalid(path, at+"email", "contacts[%d] must have an email or a phone", i)
		}
		for _, text := range []struct {
			field, value string
			most         int
		}{{"name", x.Name, nameMax}, {"email", x.Email, addressMax}, {"phone", x.Phone, wordMax}} {
			if text.value == "" {
				continue
			}
			if err := checkText(text.value, text.most); err != nil {
				return invalid(path, at+text.field, "%s%s %s", at, text.field, err)
			}
		}
		if user, host, ok := strings.Cut(x.Email, "@"); x.Email != "" && (!ok || user == "" || host == "" || strings.Contains(host, "@")) {
			return invalid(path, at+"email", "%semail must be an address such as lab@example.com", at)
		}
	}
	return nil
}

// checkText says what is wrong with a text.
func checkText(text string, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return fmt.Errorf("must be UTF-8")
	case n == 0:
		return fmt.Errorf("must not be empty")
	case n > most:
		return fmt.Errorf("must have at most %d characters, not %d", most, n)
	case strings.TrimSpace(text) != text:
		return fmt.Errorf("must not begin or end with a space")
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("must not have control characters")
	}
	return nil
}

func invalid(path, field, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).At(strings.TrimPrefix(path+"."+field, "."))
}

// JudgesCategory says whether the content covers a category path.
func (c *Content) JudgesCategory(category string) bool {
	return len(c.Categories) == 0 || slices.ContainsFunc(c.Categories, func(p string) bool { return covers(p, category) })
}

// covers says whether a category path is another one or above it.
func covers(path, below string) bool { return below == path || strings.HasPrefix(below, path+"/") }

// AnyGoods says whether the content covers goods of every brand.
func (c *Content) AnyGoods() bool { return len(c.Brands) == 0 && len(c.Trademarks) == 0 }

// JudgesGoods says whether the content covers goods of a brand and under a trademark, where empty
// means that it is not known. Each is compared with those of its own kind, if the content has any;
// where both are, one that fits is enough.
func (c *Content) JudgesGoods(brand, trademark string) bool {
	byBrand, byTrademark := brand != "" && len(c.Brands) > 0, trademark != "" && len(c.Trademarks) > 0
	return !byBrand && !byTrademark || byBrand && hasPlain(c.Brands, brand) || byTrademark && hasPlain(c.Trademarks, trademark)
}

// AccreditedOn says whether the content covers reports issued at a time: some
// accreditation is valid on that day in Beijing, or the body has none, which means that it
// needs none.
func (c *Content) AccreditedOn(issued time.Time) bool {
	return c.accreditedOn(calendar.DateOf(issued).String())
}

func (c *Content) accreditedOn(day string) bool {
	return len(c.Accreditations) == 0 || slices.ContainsFunc(c.Accreditations, func(a Accreditation) bool {
		return a.From <= day && day <= a.Until
	})
}

// Widens lists the fields by which a content widens the trust that another one gives:
// somebody could be judged, or a report accepted, that was refused before.
func (c *Content) Widens(before *Content) []string {
	var fields []string
	if c.Kind != before.Kind {
		fields = append(fields, "kind")
	}
	if !within(c.Categories, before.Categories, func(values []string, v string) bool {
		return slices.ContainsFunc(values, func(p string) bool { return covers(p, v) })
	}) {
		fields = append(fields, "categories")
	}
	if !before.AnyGoods() {
		if c.AnyGoods() || !among(c.Brands, before.Brands) {
			fields = append(fields, "brands")
		}
		if c.AnyGoods() || !among(c.Trademarks, before.Trademarks) {
			fields = append(fields, "trademark_numbers")
		}
	}
	if !within(c.Methods, before.Methods, hasPlain) {
		fields = append(fields, "methods")
	}
	if !within(c.Accreditations, before.Accreditations, func(list []Accreditation, a Accreditation) bool {
		return slices.ContainsFunc(list, func(b Accreditation) bool {
			return a.Scheme == b.Scheme && a.Number == b.Number && b.From <= a.From && a.Until <= b.Until
		})
	}) {
		fields = append(fields, "accreditations")
	}
	if slices.ContainsFunc(c.allowed(), func(a signature.Algorithm) bool { return !before.Allows(a) }) {
		fields = append(fields, "signature_algorithms")
	}
	if before.SignedOnly && !c.SignedOnly {
		fields = append(fields, "signed_only")
	}
	return fields
}

// within says whether every value of a list that limits is among those before, where an
// empty list limits nothing.
func within[V any](values, before []V, has func([]V, V) bool) bool {
	if len(before) == 0 {
		return true
	}
	return len(values) > 0 && !slices.ContainsFunc(values, func(v V) bool { return !has(before, v) })
}

// among says whether every value is among those before.
func among(values, before []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return !hasPlain(before, v) })
}

func hasPlain(values []string, value string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return Plain(v) == Plain(value) })
}

// Scope is a limit of what a body may judge.
type Scope string

// The scopes.
const (
	ScopeBrand     Scope = "BRAND"
	ScopeTrademark Scope = "TRADEMARK"
	ScopeCategory  Scope = "CATEGORY"
	ScopeMethod    Scope = "METHOD"
)

// Scopes lists the scopes.
func Scopes() []Scope { return []Scope{ScopeBrand, ScopeTrademark, ScopeCategory, ScopeMethod} }

// Scoped is a value of a scope, in the form in which values are compared.
type Scoped struct {
	Scope Scope
	Value string
}

// Limits lists the values that limit what a body may judge.
func (c *Content) Limits() []Scoped {
	var list []Scoped
	for _, v := range c.Brands {
		list = append(list, Scoped{ScopeBrand, Plain(v)})
	}
	for _, v := range c.Trademarks {
		list = append(list, Scoped{ScopeTrademark, Plain(v)})
	}
	for _, v := range c.Categories {
		list = append(list, Scoped{ScopeCategory, v})
	}
	for _, v := range c.Methods {
		list = append(list, Scoped{ScopeMethod, Plain(v)})
	}
	return list
}
