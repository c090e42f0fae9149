package rpc

import (
	"regexp"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// claimFilter is the documented part of AIP-160: comparisons by "=" joined by
// "AND", each field at most once.
type claimFilter struct {
	orderID    string
	claimantID string
	productID  string
	state      claim.State
}

var (
	conjunction = regexp.MustCompile(`\s+AND\s+`)
	comparison  = regexp.MustCompile(`^([a-z_]+)\s*=\s*(?:"([A-Za-z0-9_-]{1,64})"|([A-Z_]+))$`)
)

// termsMax is how many fields there are to compare.
const termsMax = 4

// parseFilter reads a filter; FILTER_UNSUPPORTED for anything outside the
// documented part.
func parseFilter(text string) (claimFilter, error) {
	var f claimFilter
	text = strings.TrimSpace(text)
	if text == "" {
		return f, nil
	}
	terms := conjunction.Split(text, termsMax+1)
	if len(terms) > termsMax {
		return f, unsupported("a filter compares at most %d fields", termsMax)
	}
	seen := make(map[string]bool, len(terms))
	for _, term := range terms {
		m := comparison.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			return f, unsupported(`each term is a field, "=" and a value`)
		}
		field, quoted, word := m[1], m[2], m[3]
		if seen[field] {
			return f, unsupported("%s is compared twice", field)
		}
		seen[field] = true
		if !f.set(field, quoted, word) {
			return f, unsupported("%s cannot be compared with this value; order_id, claimant_id and product_id take a quoted id, state takes a state", field)
		}
	}
	return f, nil
}

func (f *claimFilter) set(field, quoted, word string) bool {
	switch field {
	case "order_id":
		f.orderID = quoted
	case "claimant_id":
		f.claimantID = quoted
	case "product_id":
		f.productID = quoted
	case "state":
		f.state = claimStates.domain(tenfoldv1.ClaimState(tenfoldv1.ClaimState_value["CLAIM_STATE_"+word]))
		return f.state != "" && quoted == ""
	default:
		return false
	}
	return quoted != ""
}

// anchored says whether the filter narrows claims down by an index of its own.
func (f *claimFilter) anchored() bool {
	return f.orderID != "" || f.claimantID != "" || f.productID != ""
}

func unsupported(format string, args ...any) error {
	return fault.New(fault.FilterUnsupported, format, args...).At("filter")
}
