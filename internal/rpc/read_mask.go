package rpc

import (
	"slices"
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// pathsMax is more than the number of fields of a claim.
const pathsMax = 100

// mask says which fields of a claim an answer holds.
type mask struct {
	paths []string
	full  bool
}

// maskOf reads view and mask of a request. Refuses with REQUEST_INVALID a path that
// the view does not have, and names it.
func maskOf(r *tenfoldv1.GetClaimRequest) (mask, error) {
	m := mask{paths: r.GetReadMask().GetPaths(), full: r.GetView() == tenfoldv1.ClaimView_CLAIM_VIEW_FULL}
	if len(m.paths) > pathsMax {
		return m, invalid("read_mask", "a mask can name at most %d paths, not %d", pathsMax, len(m.paths))
	}
	if slices.Equal(m.paths, []string{fieldmask.WildcardPath}) {
		m.paths = nil
	}
	m.paths = slices.Clone(m.paths)
	for i, path := range m.paths {
		if _, err := fieldmaskpb.New(&tenfoldv1.Claim{}, path); err != nil {
			return m, unknownPath(path, "a claim has no field %q", path)
		}
		m.paths[i] = wholeAmount(path)
		if !isFull(path) {
			continue
		}
		if r.GetView() == tenfoldv1.ClaimView_CLAIM_VIEW_BASIC {
			return m, unknownPath(path, "the BASIC view has no field %q", path)
		}
		m.full = true
	}
	return m, nil
}

// wholeAmount is a path that ends where it comes to an amount: a currency without its number
// would be another amount. The path leads into a claim.
func wholeAmount(path string) string {
	parts := strings.Split(path, ".")
	in := (&tenfoldv1.Claim{}).ProtoReflect().Descriptor()
	for i, part := range parts {
		if in = in.Fields().ByName(protoreflect.Name(part)).Message(); in == nil {
			break
		}
		if alwaysWritten[in.FullName()] != nil {
			return strings.Join(parts[:i+1], ".")
		}
	}
	return path
}

func unknownPath(path, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).With("path", path).At("read_mask")
}

// isFull says whether a path leads into the FULL view.
func isFull(path string) bool {
	top, _, _ := strings.Cut(path, ".")
	return slices.ContainsFunc(fullParts, func(p fullPart) bool { return slices.Contains(p.fields, top) })
}

// wants says whether an answer holds a field or a part of it.
func (m *mask) wants(field string) bool {
	return len(m.paths) == 0 || slices.ContainsFunc(m.paths, func(p string) bool {
		return p == field || strings.HasPrefix(p, field+".")
	})
}

// cut removes from a claim everything that was not asked for.
func (m *mask) cut(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	if len(m.paths) == 0 {
		return c
	}
	kept := &tenfoldv1.Claim{}
	fieldmask.Update(&fieldmaskpb.FieldMask{Paths: m.paths}, kept, proto.Message(c))
	return kept
}
