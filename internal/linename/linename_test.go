package linename_test

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/linename"
)

// Would catch a line whose name is another's, leads to another path, or cannot be read back.
func TestLineNames(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"l-1_A": "l-1_A", "2026.77~1": "2026.77~1", "2026/77": "2026%2F77", "订单7": "%E8%AE%A2%E5%8D%957", "..": "%2E%2E", ".": "%2E",
		"a b": "a%20b", "50%": "50%25", "a+b": "a%2Bb", "%2F": "%252F", "": "",
	} {
		if got := linename.Of("m1", id); got != "merchants/m1/orderLines/"+want {
			t.Errorf("the line %q has the name %s", id, got)
		}
		if back, ok := linename.ParseID(want); !ok || back != id {
			t.Errorf("%s is read as %q, %v", want, back, ok)
		}
	}
	for _, spelled := range []string{"%2f", "%6C1", "a b", "a/b", "..", "订", "%", "%2", "%zz", "a+b", "%2E1"} {
		if id, ok := linename.ParseID(spelled); ok {
			t.Errorf("%q is read as %q", spelled, id)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.String().Draw(r, "id")
		spelled := linename.Of("m", id)[len("merchants/m/orderLines/"):]
		if back, ok := linename.ParseID(spelled); !ok || back != id {
			r.Fatalf("%q comes back from %s as %q", id, spelled, back)
		}
		u, err := url.Parse("http://host/v1/" + url.PathEscape(spelled))
		if err != nil || u.Path != "/v1/"+spelled {
			r.Fatalf("%s does not survive a path: %v", spelled, err)
		}
	})
}
