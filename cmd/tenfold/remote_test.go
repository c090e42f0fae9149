package main

import (
	"errors"
	"slices"
	"testing"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a list that ends after its first page, or that asks for a page twice.
func TestEveryPageOfAList(t *testing.T) {
	t.Parallel()
	pages := map[string]*tenfoldv1.ListDebtsResponse{"": {NextPageToken: "a"}, "a": {NextPageToken: "b"}, "b": {}}
	var asked []string
	taken := 0
	read := func(token string) (*tenfoldv1.ListDebtsResponse, error) {
		asked = append(asked, token)
		return pages[token], nil
	}
	if err := everyPage(read, func(*tenfoldv1.ListDebtsResponse) { taken++ }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "a", "b"}; !slices.Equal(asked, want) || taken != len(want) {
		t.Errorf("asked for %q and took %d pages, want %q", asked, taken, want)
	}
	broken := func(string) (*tenfoldv1.ListDebtsResponse, error) { return nil, errors.New("no server") }
	if err := everyPage(broken, func(*tenfoldv1.ListDebtsResponse) { t.Error("took a page that was not read") }); err == nil {
		t.Error("a page that cannot be read is no error")
	}
}

// Would catch a word of a flag that means nothing and lists everything, and an error
// that does not say which words there are.
func TestChoiceOfAFlag(t *testing.T) {
	t.Parallel()
	read := func(text string) (tenfoldv1.DebtKind, error) {
		n, err := choice("kind", text, tenfoldv1.DebtKind_value, "DEBT_KIND_", "shortfall", "advance", "fee", "top-up", "hold")
		return tenfoldv1.DebtKind(n), err
	}
	for text, want := range map[string]tenfoldv1.DebtKind{
		"": tenfoldv1.DebtKind_DEBT_KIND_UNSPECIFIED, "top-up": tenfoldv1.DebtKind_DEBT_KIND_TOP_UP, "HOLD": tenfoldv1.DebtKind_DEBT_KIND_HOLD,
	} {
		if got, err := read(text); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	const want = `--kind (TENFOLD_KIND) must be shortfall, advance, fee, top-up or hold, not "topup"`
	_, err := read("topup")
	if wrong, ok := errors.AsType[usageError](err); !ok || wrong.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
