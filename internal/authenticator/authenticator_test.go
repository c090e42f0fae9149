package authenticator_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/signature"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func step(person string, at time.Time) authenticator.Step {
	return authenticator.Step{Principal: principal.Principal{Workload: "w", Role: principal.RoleOperator, Person: person}, Note: "because", At: at}
}

func lab() authenticator.Content {
	return authenticator.Content{
		Kind: claim.AccreditedLab, DisplayName: "CTI", Categories: []string{"beauty", "food/liquor"}, Brands: []string{"Maotai"},
		Trademarks: []string{"3159141"}, Methods: []string{"GB/T 29679"},
		Accreditations: []authenticator.Accreditation{{Scheme: "CNAS", Number: "L1", From: "2024-02-01", Until: "2027-01-31"}},
		Contacts:       []authenticator.Contact{{Role: "reports", Email: "lab@example.com"}},
	}
}

// Would catch a change that lets somebody be judged, or a report be accepted, that was
// refused before, and that one person makes alone; and one that takes trust away and waits
// for a second person.
func TestWideningIsTold(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		change func(*authenticator.Content)
		widens string
	}{
		"nothing":                       {func(*authenticator.Content) {}, ""},
		"another name":                  {func(c *authenticator.Content) { c.DisplayName = "CTI Shanghai" }, ""},
		"another contact":               {func(c *authenticator.Content) { c.Contacts = nil }, ""},
		"another kind":                  {func(c *authenticator.Content) { c.Kind = claim.Court }, "kind"},
		"a category less":               {func(c *authenticator.Content) { c.Categories = c.Categories[:1] }, ""},
		"a category below":              {func(c *authenticator.Content) { c.Categories = []string{"beauty/mascara"} }, ""},
		"a category above":              {func(c *authenticator.Content) { c.Categories = []string{"food"} }, "categories"},
		"a category beside":             {func(c *authenticator.Content) { c.Categories = []string{"beautys"} }, "categories"},
		"every category":                {func(c *authenticator.Content) { c.Categories = nil }, "categories"},
		"a brand more":                  {func(c *authenticator.Content) { c.Brands = append(c.Brands, "Wuliangye") }, "brands"},
		"the brand in another spelling": {func(c *authenticator.Content) { c.Brands = []string{"ＭＡＯ ＴＡＩ"} }, ""},
		"no brand, but the trademark":   {func(c *authenticator.Content) { c.Brands = nil }, ""},
		"no trademark, but the brand":   {func(c *authenticator.Content) { c.Trademarks = nil }, ""},
		"goods of every brand":          {func(c *authenticator.Content) { c.Brands, c.Trademarks = nil, nil }, "brands trademark_numbers"},
		"a trademark more":              {func(c *authenticator.Content) { c.Trademarks = append(c.Trademarks, "7") }, "trademark_numbers"},
		"a method more":                 {func(c *authenticator.Content) { c.Methods = append(c.Methods, "GB 1") }, "methods"},
		"every method":                  {func(c *authenticator.Content) { c.Methods = nil }, "methods"},
		"a shorter accreditation":       {func(c *authenticator.Content) { c.Accreditations[0].Until = "2026-12-31" }, ""},
		"a longer accreditation":        {func(c *authenticator.Content) { c.Accreditations[0].Until = "2027-02-01" }, "accreditations"},
		"an earlier accreditation":      {func(c *authenticator.Content) { c.Accreditations[0].From = "2024-01-31" }, "accreditations"},
		"another accreditation":         {func(c *authenticator.Content) { c.Accreditations[0].Number = "L2" }, "accreditations"},
		"an algorithm less":             {func(c *authenticator.Content) { c.Algorithms = []signature.Algorithm{signature.ES256} }, ""},
		"an algorithm more":             {func(c *authenticator.Content) { c.Algorithms = signature.Algorithms() }, "signature_algorithms"},
		"another algorithm":             {func(c *authenticator.Content) { c.Algorithms = []signature.Algorithm{signature.RS256} }, "signature_algorithms"},
		"the same algorithms by name":   {func(c *authenticator.Content) { c.Algorithms = authenticator.DefaultAlgorithms() }, ""},
		"signed results alone":          {func(c *authenticator.Content) { c.SignedOnly = true }, ""},
		"no accreditation needed":       {func(c *authenticator.Content) { c.Accreditations = nil }, "accreditations"},
	} {
		before, after := lab(), lab()
		x.change(&after)
		if got := strings.Join(after.Widens(&before), " "); got != x.widens {
			t.Errorf("%s widens %q, want %q", name, got, x.widens)
		}
	}
	strict, lenient := lab(), lab()
	strict.Algorithms, strict.SignedOnly = []signature.Algorithm{signature.ES256}, true
	if got := lenient.Widens(&strict); !slices.Equal(got, []string{"signature_algorithms", "signed_only"}) || strict.Equal(&lenient) {
		t.Errorf("the end of limits on signatures widens %v", got)
	}
	// To a body without limits, a limit takes trust away.
	bare, limited := authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "CTI"}, lab()
	if got := limited.Widens(&bare); len(got) > 0 {
		t.Errorf("limits widen %v", got)
	}
	if got := bare.Widens(&limited); !slices.Equal(got, []string{"categories", "brands", "trademark_numbers", "methods", "accreditations"}) {
		t.Errorf("no limits at all widen %v", got)
	}
}

// Would catch an impossible day, a value twice in another spelling, or a text that cannot be
// shown, which is stored; and a refusal that does not name its field, or repeats all of a
// long value.
func TestImpossibleContentsAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 5_000)
	day := func(from, until string) func(*authenticator.Content) {
		return func(c *authenticator.Content) { c.Accreditations[0].From, c.Accreditations[0].Until = from, until }
	}
	for name, x := range map[string]struct {
		change func(*authenticator.Content)
		field  string
	}{
		"no kind":                     {func(c *authenticator.Content) { c.Kind = "" }, "a.kind"},
		"a kind that does not exist":  {func(c *authenticator.Content) { c.Kind = "ORACLE" }, "a.kind"},
		"no name":                     {func(c *authenticator.Content) { c.DisplayName = "" }, "a.display_name"},
		"a name of a space":           {func(c *authenticator.Content) { c.DisplayName = " " }, "a.display_name"},
		"a long name":                 {func(c *authenticator.Content) { c.DisplayName = long }, "a.display_name"},
		"a name with a line break":    {func(c *authenticator.Content) { c.DisplayName = "a\nb" }, "a.display_name"},
		"a name that is not UTF-8":    {func(c *authenticator.Content) { c.DisplayName = "a\xff" }, "a.display_name"},
		"a category twice":            {func(c *authenticator.Content) { c.Categories = []string{"a", "b", "a"} }, "a.categories[2]"},
		"a brand twice":               {func(c *authenticator.Content) { c.Brands = []string{"Dior", "ＤＩＯＲ"} }, "a.brands[1]"},
		"a brand nobody sees":         {func(c *authenticator.Content) { c.Brands = []string{"\u200b"} }, "a.brands[0]"},
		"a long trademark":            {func(c *authenticator.Content) { c.Trademarks = []string{"1", long} }, "a.trademark_numbers[1]"},
		"an empty method":             {func(c *authenticator.Content) { c.Methods = []string{""} }, "a.methods[0]"},
		"too many brands":             {func(c *authenticator.Content) { c.Brands = many(authenticator.GoodsMax + 1) }, "a.brands"},
		"too many categories":         {func(c *authenticator.Content) { c.Categories = many(authenticator.CategoriesMax + 1) }, "a.categories"},
		"no 30 February":              {day("2026-02-30", "2027-01-01"), "a.accreditations[0].valid_from"},
		"no 29 February":              {day("2026-01-01", "2027-02-29"), "a.accreditations[0].valid_until"},
		"a month 13":                  {day("2026-13-01", "2027-01-01"), "a.accreditations[0].valid_from"},
		"another form of day":         {day("2026-1-1", "2027-01-01"), "a.accreditations[0].valid_from"},
		"a day with a time":           {day("2026-01-01T00:00:00Z", "2027-01-01"), "a.accreditations[0].valid_from"},
		"no day":                      {day("2026-01-01", ""), "a.accreditations[0].valid_until"},
		"an end before its begin":     {day("2026-01-02", "2026-01-01"), "a.accreditations[0].valid_until"},
		"no scheme":                   {func(c *authenticator.Content) { c.Accreditations[0].Scheme = "" }, "a.accreditations[0].scheme"},
		"a long number":               {func(c *authenticator.Content) { c.Accreditations[0].Number = long }, "a.accreditations[0].number"},
		"an accreditation twice":      {func(c *authenticator.Content) { c.Accreditations = append(c.Accreditations, c.Accreditations[0]) }, "a.accreditations[1]"},
		"an unknown algorithm":        {func(c *authenticator.Content) { c.Algorithms = []signature.Algorithm{"none"} }, "a.signature_algorithms[0]"},
		"an algorithm twice":          {func(c *authenticator.Content) { c.Algorithms = []signature.Algorithm{"ES256", "ES256"} }, "a.signature_algorithms[1]"},
		"a contact without address":   {func(c *authenticator.Content) { c.Contacts[0].Email = "" }, "a.contacts[0].email"},
		"a contact without role":      {func(c *authenticator.Content) { c.Contacts[0].Role = "" }, "a.contacts[0].role"},
		"an address without host":     {func(c *authenticator.Content) { c.Contacts[0].Email = "lab@" }, "a.contacts[0].email"},
		"an address of two hosts":     {func(c *authenticator.Content) { c.Contacts[0].Email = "a@b@c" }, "a.contacts[0].email"},
		"a phone with a control code": {func(c *authenticator.Content) { c.Contacts[0].Phone = "1\x00" }, "a.contacts[0].phone"},
	} {
		c := lab()
		x.change(&c)
		err := c.Check("a")
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.RequestInvalid || f.Field != x.field || len(f.Detail) > 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := lab(); c.Check("a") != nil {
		t.Error(c.Check("a"))
	}
}

func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("v", i)
	}
	return list
}

// Would catch a change that widens trust and is applied for one person, or for one person in
// two spellings; one that is decided after its end; one that is approved although the body
// was revised or suspended anew since; and one that takes trust away and waits.
func TestTrustIsWidenedByTwoPersons(t *testing.T) {
	t.Parallel()
	content := lab()
	b, c, err := authenticator.Register("cti", &content, step("oscar", now), false)
	if err != nil || c.State != authenticator.Applied || b.State() != authenticator.Active || b.Revision != 1 {
		t.Fatalf("registered: %+v, %+v, %v", b, c, err)
	}
	wider, narrower := lab(), lab()
	wider.Methods, narrower.Categories = nil, []string{"beauty"}

	refuses := func(what string, err error, reason fault.Reason) {
		t.Helper()
		if !errors.Is(err, reason) {
			t.Errorf("%s: %v, want %s", what, err, reason)
		}
	}
	_, _, err = b.Revise(&wider, 1, nil, step("", now))
	refuses("widened by nobody", err, fault.PersonRequired)
	_, _, err = b.Revise(&wider, 2, nil, step("oscar", now))
	refuses("widened from a revision that nobody has seen", err, fault.AuthenticatorChanged)
	same := lab()
	_, _, err = b.Revise(&same, 1, nil, step("oscar", now))
	refuses("nothing changed", err, fault.RequestInvalid)

	asked, open, err := b.Revise(&wider, 1, nil, step("oscar", now))
	if err != nil || open.State != authenticator.Open || asked.Revision != 1 || len(asked.Methods) == 0 {
		t.Fatalf("asked for: %+v, %+v, %v", asked, open, err)
	}
	_, _, err = asked.Revise(&wider, 1, &open, step("anna", now))
	refuses("asked for twice", err, fault.ProposalStateConflict)
	_, _, err = asked.Decide(open, authenticator.Approve, step("", now))
	refuses("approved by nobody", err, fault.PersonRequired)
	_, _, err = asked.Decide(open, authenticator.Approve, step(" ＯＳＣＡＲ", now))
	refuses("approved by the same person", err, fault.SamePerson)
	_, _, err = asked.Decide(open, authenticator.Withdraw, step("anna", now))
	refuses("withdrawn by another person", err, fault.AccessDenied)
	_, _, err = asked.Decide(open, authenticator.Approve, step("anna", now.Add(authenticator.Life)))
	refuses("approved too late", err, fault.ProposalStateConflict)

	approved, done, err := asked.Decide(open, authenticator.Approve, step("anna", now.Add(time.Hour)))
	if err != nil || done.State != authenticator.Applied || approved.Revision != 2 || len(approved.Methods) != 0 || done.Decided.Principal.Person != "anna" {
		t.Errorf("approved: %+v, %+v, %v", approved, done, err)
	}
	_, _, err = approved.Decide(done, authenticator.Approve, step("anna", now))
	refuses("approved twice", err, fault.ProposalStateConflict)

	// Trust is taken away by one person, also beside an open change, which rests on nothing then.
	narrowed, change, err := asked.Revise(&narrower, 1, &open, step("", now))
	if err != nil || change.State != authenticator.Applied || narrowed.Revision != 2 || change.Number != 3 {
		t.Errorf("narrowed: %+v, %+v, %v", narrowed, change, err)
	}
	_, _, err = narrowed.Decide(open, authenticator.Approve, step("anna", now))
	refuses("approved after another revision", err, fault.AuthenticatorChanged)
}

// Would catch a suspension that waits for somebody, that one person ends, or that an approval
// ends which was asked for an earlier one.
func TestSuspensionTakesOnePersonAndItsEndTwo(t *testing.T) {
	t.Parallel()
	content := lab()
	b, _, err := authenticator.Register("cti", &content, step("oscar", now), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Reinstate(nil, step("oscar", now)); !errors.Is(err, fault.AuthenticatorNotSuspended) {
		t.Errorf("reinstated: %v", err)
	}
	stopped, c, err := b.Suspend(step("", now))
	if err != nil || c.State != authenticator.Applied || stopped.State() != authenticator.Stopped || stopped.Suspended.Reason != "because" {
		t.Fatalf("suspended: %+v, %+v, %v", stopped, c, err)
	}
	if _, _, err := stopped.Suspend(step("", now)); !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Errorf("suspended twice: %v", err)
	}
	waits, open, err := stopped.Reinstate(nil, step("oscar", now))
	if err != nil || open.State != authenticator.Open || waits.State() != authenticator.Stopped {
		t.Fatalf("asked for its end: %+v, %+v, %v", waits, open, err)
	}
	active, _, err := waits.Decide(open, authenticator.Approve, step("anna", now))
	if err != nil || active.State() != authenticator.Active {
		t.Fatalf("reinstated: %+v, %v", active, err)
	}
	again, _, err := active.Suspend(step("", now))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.Decide(open, authenticator.Approve, step("anna", now)); !errors.Is(err, fault.AuthenticatorChanged) {
		t.Errorf("an earlier approval ends a later suspension: %v", err)
	}
	// Where registrations take two persons, a body begins so.
	fresh, _, err := authenticator.Register("new", &content, step("oscar", now), true)
	if err != nil || fresh.State() != authenticator.Stopped {
		t.Errorf("registered by one of two persons: %+v, %v", fresh, err)
	}
}

// Would catch goods that a body may judge and that are refused by what cannot be compared, and goods
// of another brand or trademark that are not.
func TestGoodsAreComparedByBrandAndTrademark(t *testing.T) {
	t.Parallel()
	none, brands, trademarks := authenticator.Content{}, authenticator.Content{Brands: []string{"Dior"}}, authenticator.Content{Trademarks: []string{"3159141"}}
	both := authenticator.Content{Brands: brands.Brands, Trademarks: trademarks.Trademarks}
	for name, x := range map[string]struct {
		of               authenticator.Content
		brand, trademark string
		want             bool
	}{
		"no limit":                     {none, "Maotai", "1", true},
		"nothing told":                 {both, "", "", true},
		"the brand":                    {brands, "ｄｉｏｒ", "", true},
		"another brand":                {brands, "Maotai", "", false},
		"a trademark without a list":   {brands, "", "1", true},
		"the trademark":                {trademarks, "", "3159141", true},
		"another trademark":            {trademarks, "", "1", false},
		"a brand without a list":       {trademarks, "Maotai", "", true},
		"another brand, the trademark": {both, "Maotai", "3159141", true},
		"the brand, another trademark": {both, "Dior", "1", true},
		"another brand and trademark":  {both, "Maotai", "1", false},
		"another brand, no such list":  {brands, "Maotai", "3159141", false},
	} {
		if got := x.of.JudgesGoods(x.brand, x.trademark); got != x.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
