package claim

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// LabelBytesMax is how many bytes the keys and values of a claim's labels can have together.
const LabelBytesMax = 4096

// Labels are what the marketplace writes on a claim for itself, as it is stored: a line
// key=value for each label, by key. Keys have no equals sign, and values no line break.
type Labels string

// LabelsOf writes labels by their keys, in the form that the contract's rules have checked.
// It refuses with REQUEST_INVALID more bytes than a claim can have.
func LabelsOf(byKey map[string]string) (Labels, error) {
	var out strings.Builder
	bytes := 0
	for i, key := range slices.Sorted(maps.Keys(byKey)) {
		if i > 0 {
			out.WriteByte('\n')
		}
		bytes += len(key) + len(byKey[key])
		out.WriteString(key + "=" + byKey[key])
	}
	if bytes > LabelBytesMax {
		return "", fault.New(fault.RequestInvalid, "labels can have at most %d bytes together, and these have %d", LabelBytesMax, bytes).At("labels")
	}
	return Labels(out.String()), nil
}

// ByKey gives the labels by their keys; nil for none.
func (l Labels) ByKey() map[string]string {
	if l == "" {
		return nil
	}
	out := make(map[string]string)
	for line := range strings.SplitSeq(string(l), "\n") {
		key, value, _ := strings.Cut(line, "=")
		out[key] = value
	}
	return out
}
