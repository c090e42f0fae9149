package claim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch labels that come back other than they were written, or in another form for the
// same labels, so that an unchanged claim has another digest.
func TestLabelsComeBack(t *testing.T) {
	t.Parallel()
	for want, labels := range map[string]map[string]string{
		"":                         nil,
		"team=":                    {"team": ""},
		"a=1=2\nb.c=红 队\nteam=vip": {"team": "vip", "b.c": "红 队", "a": "1=2"},
	} {
		got, err := claim.LabelsOf(labels)
		if err != nil || string(got) != want {
			t.Errorf("%v is written as %q, %v", labels, got, err)
		}
		if diff := cmp.Diff(labels, got.ByKey()); diff != "" {
			t.Errorf("%q: %s", want, diff)
		}
	}
}

// Would catch labels beyond the bound that are taken, and one byte less that is refused.
func TestLabelsHaveABound(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"k": strings.Repeat("x", claim.LabelBytesMax-1)}
	if _, err := claim.LabelsOf(labels); err != nil {
		t.Error(err)
	}
	labels["l"] = ""
	_, err := claim.LabelsOf(labels)
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Reason != fault.RequestInvalid || refused.Field != "labels" || len(refused.Detail) > 200 {
		t.Errorf("one byte more: %v", err)
	}
}
