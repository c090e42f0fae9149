package custody_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/custody"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// terms are those of a sealed sample of the platform.
var terms = custody.Terms{
	Requires:   []custody.Kind{custody.Received, custody.Sealed, custody.Shipped, custody.Arrived, custody.Tested},
	Milligrams: 5_000, PerMille: 20,
}

// readChain reads steps that are an hour apart: "SEALED seal=A,B g=310 by=lab-1 at=3 fixes=2".
func readChain(t *testing.T, text string) []custody.Step {
	t.Helper()
	var out []custody.Step
	for i, line := range strings.Split(text, ";") {
		words := strings.Fields(line)
		x := custody.Step{Number: int32(i + 1), SampleID: "S1", Kind: custody.Kind(words[0]), HappenedAt: start.Add(time.Duration(i) * time.Hour)}
		if !slices.Contains(custody.Kinds(), x.Kind) {
			t.Fatalf("%q is no kind of step", x.Kind)
		}
		if x.Kind.ByBody() {
			x.AuthenticatorID = "lab-1"
		}
		for _, word := range words[1:] {
			name, value, _ := strings.Cut(word, "=")
			var n int64
			_, _ = fmt.Sscan(value, &n)
			switch name {
			case "seal":
				x.Seals = strings.Split(value, ",")
			case "g":
				x.Weight = n * 1000
			case "mg":
				x.Weight = n
			case "by":
				x.AuthenticatorID = value
			case "at":
				x.HappenedAt = start.Add(time.Duration(n)*time.Hour - time.Minute)
			case "fixes":
				x.Corrects = int32(n)
			case "of":
				x.SampleID = value
			default:
				t.Fatalf("cannot read %q", word)
			}
		}
		out = append(out, x)
	}
	return out
}

// told writes the faults of a chain: "GAP 3>4 SEALED".
func told(s *custody.Standing) string {
	if len(s.Findings) == 0 {
		return string(s.State)
	}
	var parts []string
	for _, f := range s.Findings {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %d>%d %s", f.State, f.Before, f.Step, f.Missing)))
	}
	return strings.Join(parts, ", ")
}

const whole = "BOUGHT; RECEIVED g=410; UNBOXED; SEALED seal=A1,A2 g=310; SHIPPED; ARRIVED seal=a2,Ａ1 g=312; TESTED"

// Would catch a chain that is taken as complete with a step missing, another seal or another
// weight, and a complete one that is not.
func TestV6GapsSealsAndWeightsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		whole: "COMPLETE",
		"RECEIVED; SEALED seal=A; SHIPPED seal=A; ARRIVED seal=A; TESTED seal=A": "COMPLETE",
		// What happens after the test is of no account for its result.
		whole + "; RETAINED seal=B; SHIPPED; ARRIVED seal=C by=lab-2": "COMPLETE",
		// Steps are told in any order, and corrections count in place of what they correct.
		"RECEIVED at=1; ARRIVED at=5 seal=A; TESTED at=6; SEALED at=2 seal=A; SHIPPED at=4":                   "COMPLETE",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=B; TESTED; ARRIVED at=4 seal=A fixes=4":               "COMPLETE",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A; TESTED; ARRIVED at=4 seal=B fixes=4":               "SEAL_DIFFERS 2>6",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A; TESTED; SEALED seal=Z of=S2; ARRIVED seal=Q of=S2": "COMPLETE",

		"BOUGHT":                             "GAP 0>0 TESTED, GAP 0>0 RECEIVED, GAP 0>0 SEALED, GAP 0>0 SHIPPED, GAP 0>0 ARRIVED",
		"RECEIVED; SHIPPED; ARRIVED; TESTED": "GAP 0>0 SEALED, GAP 1>2 SEALED",
		"RECEIVED; SEALED seal=A; ARRIVED seal=A; TESTED":                      "GAP 0>0 SHIPPED, GAP 2>3 SHIPPED",
		"RECEIVED; SEALED seal=A; SHIPPED; TESTED":                             "GAP 0>0 ARRIVED, GAP 3>4 ARRIVED",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A":                     "GAP 0>0 TESTED",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A; TESTED by=lab-2":    "GAP 0>0 TESTED, GAP 4>5 ARRIVED",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A by=lab-2; TESTED":    "GAP 4>5 ARRIVED",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A; TESTED at=30":       "GAP 0>0 TESTED",
		"RECEIVED; SEALED seal=A; SHIPPED; SHIPPED; ARRIVED seal=A; TESTED":    "GAP 3>4",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED; TESTED":                    "SEAL_DIFFERS 2>4",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A,B; TESTED":           "SEAL_DIFFERS 2>4",
		"RECEIVED; SEALED seal=A; SHIPPED seal=B; ARRIVED seal=A; TESTED":      "SEAL_DIFFERS 2>3",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A; TESTED seal=B":      "SEAL_DIFFERS 2>5",
		"RECEIVED; SEALED seal=A g=310; SHIPPED; ARRIVED seal=A g=330; TESTED": "WEIGHT_DIFFERS 2>4",
		"RECEIVED; SEALED seal=A g=310; SHIPPED; ARRIVED seal=A g=290; TESTED": "WEIGHT_DIFFERS 2>4",
		// Nobody vouches for the time before the arrival but the platform.
		"RECEIVED by=lab-1; SEALED seal=A by=lab-1; SHIPPED by=lab-1; ARRIVED seal=A; TESTED":                                                     "GAP 0>0 RECEIVED, GAP 0>0 SEALED, GAP 0>0 SHIPPED",
		"RECEIVED; SEALED by=lab-2 seal=A; SHIPPED; ARRIVED seal=A; TESTED":                                                                       "GAP 0>0 SEALED, GAP 1>3 SEALED",
		"RECEIVED; SEALED seal=A; RETURNED by=lab-1; RECEIVED by=lab-1; SEALED by=lab-1 seal=B; SHIPPED; ARRIVED seal=B; TESTED":                  "SEAL_DIFFERS 2>7",
		"RECEIVED; SEALED seal=A g=310; RETURNED by=lab-1; RECEIVED by=lab-1; SEALED by=lab-1 seal=A; SHIPPED; ARRIVED seal=A g=200; TESTED":      "WEIGHT_DIFFERS 2>7",
		"ARRIVED; TESTED; RETURNED by=lab-1; RECEIVED; SEALED seal=A; RETURNED by=lab-1; SEALED by=lab-1 seal=B; SHIPPED; ARRIVED seal=B; TESTED": "SEAL_DIFFERS 5>9",
		// What a body did with the sample while it had it counts for the next one.
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A by=lab-2; TESTED by=lab-2; RETAINED by=lab-2 seal=B; SHIPPED by=lab-2; ARRIVED seal=B; TESTED": "COMPLETE",
		"RECEIVED; SEALED seal=A; SHIPPED; ARRIVED seal=A by=lab-2; TESTED by=lab-2; RETAINED by=lab-2 seal=B; SHIPPED by=lab-2; ARRIVED seal=A; TESTED": "SEAL_DIFFERS 6>8",
		// Half a gram is within five, and a fiftieth of 100 kg is within two kilograms.
		"RECEIVED; SEALED seal=A mg=1000; SHIPPED; ARRIVED seal=A mg=6000; TESTED":           "COMPLETE",
		"RECEIVED; SEALED seal=A mg=1000; SHIPPED; ARRIVED seal=A mg=6001; TESTED":           "WEIGHT_DIFFERS 2>4",
		"RECEIVED; SEALED seal=A mg=100000000; SHIPPED; ARRIVED seal=A mg=102000000; TESTED": "COMPLETE",
		"RECEIVED; SEALED seal=A mg=100000000; SHIPPED; ARRIVED seal=A mg=102000001; TESTED": "WEIGHT_DIFFERS 2>4",
	} {
		s := custody.Examine(readChain(t, text), "S1", &terms, &custody.Test{AuthenticatorID: "lab-1", IssuedAt: start.Add(20 * time.Hour)})
		if got := told(&s); got != want || s.Intact != (want == "COMPLETE") {
			t.Errorf("%s: %s (intact %t), want %s", text, got, s.Intact, want)
		}
	}
}

// Would catch a chain under way that is called broken because it has not come to its end, and
// one that is broken already and is not called so.
func TestV6AChainUnderWayStandsAsFarAsItHasCome(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"BOUGHT":                     "COMPLETE",
		"RECEIVED; SEALED seal=A":    "COMPLETE",
		"BOUGHT; SHIPPED":            "GAP 1>2 SEALED",
		"SEALED seal=A; DESTROYED":   "COMPLETE",
		"BOUGHT; RECEIVED; RECEIVED": "GAP 2>3",
		whole + "; RETAINED seal=B; SHIPPED; ARRIVED seal=C by=lab-2": "SEAL_DIFFERS 8>10",
	} {
		if s := custody.Examine(readChain(t, text), "S1", &terms, nil); told(&s) != want {
			t.Errorf("%s: %s, want %s", text, told(&s), want)
		}
	}
}

// Would catch units of a sample that are stored so that they cannot be read again.
func TestUnitsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, units := range [][]int32{nil, {1}, {1, 2, 10_000}} {
		got, err := custody.ReadUnits(custody.UnitsText(units))
		if err != nil || !slices.Equal(got, units) {
			t.Errorf("%v are read as %v: %v", units, got, err)
		}
	}
	for _, text := range []string{"x", "1 2147483648", "1,2"} {
		if got, err := custody.ReadUnits(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
