package claim

import (
	"fmt"
	"strings"
)

// bundle is every trigger between one pair of states.
type bundle struct {
	from, to State
	by       []string
}

// bundles lists every pair of states between which claims move.
func bundles() []bundle {
	var out []bundle
	for _, s := range append([]State{New}, States()...) {
		for _, to := range States() {
			var by []string
			for _, t := range TriggersFrom(s) {
				if next, _ := Next(s, t); next == to {
					by = append(by, string(t))
				}
			}
			if by != nil {
				out = append(out, bundle{s, to, by})
			}
		}
	}
	return out
}

// Reached says whether a trigger leads to s.
func (s State) Reached() bool {
	for _, b := range bundles() {
		if b.to == s {
			return true
		}
	}
	return false
}

// Mermaid draws the machine as a Mermaid state diagram: every move once, with
// all triggers that make it.
func Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	all := bundles()
	for _, s := range append([]State{New}, States()...) {
		for _, one := range all {
			if one.from != s {
				continue
			}
			node := string(s)
			if s == New {
				node = "[*]"
			}
			fmt.Fprintf(&b, "    %s --> %s: %s\n", node, one.to, strings.Join(one.by, "<br>"))
		}
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
		if s != New && !s.Reached() {
			fmt.Fprintf(&b, "    state %s\n    note right of %s: no trigger leads here\n", s, s)
		}
	}
	return b.String()
}

// DOT draws the same for Graphviz.
func DOT() string {
	var b strings.Builder
	b.WriteString("digraph claim {\n    rankdir=LR;\n    \"\" [shape=point];\n")
	for _, s := range States() {
		shape := "box"
		if s.Final() {
			shape = "doubleoctagon"
		}
		fmt.Fprintf(&b, "    %q [shape=%s];\n", string(s), shape)
	}
	for _, one := range bundles() {
		fmt.Fprintf(&b, "    %q -> %q [label=%q];\n", string(one.from), string(one.to), strings.Join(one.by, "\n"))
	}
	b.WriteString("}\n")
	return b.String()
}
