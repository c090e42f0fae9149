package rpc

import (
	"maps"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Methods are the full names of the contract's methods, sorted, without those of
// other services such as health.
func Methods() []string {
	var names []string
	for name, row := range methods {
		if !row.open {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Reasons are the reasons of refusals that callers may meet, sorted.
func Reasons() []fault.Reason { return slices.Sorted(maps.Keys(canonical)) }
