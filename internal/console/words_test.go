package console

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a value of an enum that a Chinese page would show in English.
func TestEveryValueHasAWordInChinese(t *testing.T) {
	t.Parallel()
	for _, d := range []protoreflect.EnumDescriptor{
		tenfoldv1.ClaimState(0).Descriptor(), tenfoldv1.WaitsFor(0).Descriptor(), tenfoldv1.Verdict(0).Descriptor(), tenfoldv1.ClaimQueue(0).Descriptor(),
		tenfoldv1.ClaimAction(0).Descriptor(), tenfoldv1.ClaimTrigger(0).Descriptor(), tenfoldv1.MoneyEffect(0).Descriptor(), tenfoldv1.DeadlineKind(0).Descriptor(),
		tenfoldv1.PayoutPart(0).Descriptor(), tenfoldv1.PayoutState(0).Descriptor(), tenfoldv1.ReviewDecision(0).Descriptor(),
		tenfoldv1.AppealDecision(0).Descriptor(), tenfoldv1.RevisionGround(0).Descriptor(), tenfoldv1.NoteVisibility(0).Descriptor(),
		tenfoldv1.DebtKind(0).Descriptor(), tenfoldv1.ProposalKind(0).Descriptor(), tenfoldv1.BreakClass(0).Descriptor(),
		tenfoldv1.ReconciliationSide(0).Descriptor(), tenfoldv1.BreakCloseReason(0).Descriptor(),
	} {
		for _, x := range valuesOf(d) {
			if chineseWords[string(x.Name())] == "" {
				t.Errorf("%s has no Chinese word", x.Name())
			}
		}
	}
	for _, role := range roles {
		if chineseWords[role] == "" {
			t.Errorf("the role %s has no Chinese word", role)
		}
	}
}

// Would catch a text that a page names and nobody wrote, and one that no page shows.
func TestEveryTextIsShown(t *testing.T) {
	t.Parallel()
	shown := make(map[string]bool)
	for _, x := range []struct{ files, pattern string }{
		{"templates/*.html", `\bt "([a-z.]+)"`},
		{"*.go", `(?:say|formError)\("([a-z.]+)"\)`},
		{"*.go", `"(done\.[a-z]+)"`},
		{"*.go", `v\.render\([A-Za-z0-9.]+, "[a-z-]+", "([a-z.]+)"`},
	} {
		names, err := filepath.Glob(x.files)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", x.files, err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(x.pattern).FindAllStringSubmatch(string(content), -1) {
				shown[m[1]] = true
				if _, ok := texts[m[1]]; !ok {
					t.Errorf("%s names the text %q, which there is not", name, m[1])
				}
			}
		}
	}
	for _, field := range seekable {
		shown["by."+field] = true
	}
	for step := range simple {
		shown["done."+step] = true
	}
	shown["found"], shown["claims"] = true, true // Titles that are chosen.
	for key, words := range texts {
		if words[0] == "" || words[1] == "" {
			t.Errorf("%s lacks a language", key)
		}
		if !shown[key] {
			t.Errorf("no page shows the text %q", key)
		}
	}
}

// Would catch a person who is sent to other people's pages, and one who is taken from what is no
// token.
func TestWhatBrowsersSayIsTakenWithCare(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/claims?q=1": "/claims?q=1", "": "/", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/a\r\nb": "/",
	} {
		if got := local(path); got != want {
			t.Errorf("%q leads to %q", path, got)
		}
	}
	for token, want := range map[string]string{
		"a.eyJzdWIiOiJhbm5hIn0.c": "anna", "a.eyJzdWIiOiJhbm5hIn0": "", "a.%%%.c": "", "a.e30.c": "", "": "",
	} {
		if got := told(token, "sub"); got != want {
			t.Errorf("%q tells of %q", token, got)
		}
	}
}
