package rpc

import (
	"maps"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// IsMethod says whether a full method name is one of the contract's; names that
// callers make up, and those of other services, are not.
func IsMethod(full string) bool {
	row, ok := methods[full]
	return ok && !row.open
}

// Reasons are the reasons of refusals that callers may meet, sorted.
func Reasons() []fault.Reason { return slices.Sorted(maps.Keys(canonical)) }
