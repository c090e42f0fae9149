package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// listed hides the fields of this package's list and shows every other: it is open
// by default. BenchmarkCover compares with it. It looks up its plan for each
// message.
type listed map[protoreflect.FullName]*listedMessage

type listedMessage struct {
	hidden, own, within []protoreflect.FieldDescriptor
}

// add works out what to do with a message, and says whether there is anything.
func (l listed) add(names []string, m protoreflect.MessageDescriptor) bool {
	if known, ok := l[m.FullName()]; ok {
		return len(known.hidden)+len(known.within) > 0
	}
	one := &listedMessage{}
	l[m.FullName()] = one
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		name := string(m.Name()) + "." + string(f.Name())
		switch {
		case slices.Contains(names, name):
			one.hidden = append(one.hidden, f)
			if slices.Contains(ownWords, name) {
				one.own = append(one.own, f)
			}
		case f.Message() != nil && !f.IsMap() && l.add(names, f.Message()):
			one.within = append(one.within, f)
		}
	}
	return len(one.hidden)+len(one.within) > 0
}

func (l listed) cover(m protoreflect.Message) {
	one := l[m.Descriptor().FullName()]
	for _, f := range one.hidden {
		if !slices.Contains(one.own, f) || m.Get(m.Descriptor().Fields().ByName("role")).String() != "merchant" {
			m.Clear(f)
		}
	}
	for _, f := range one.within {
		switch {
		case !m.Has(f):
		case f.IsList():
			list := m.Get(f).List()
			for i := range list.Len() {
				l.cover(list.Get(i).Message())
			}
		default:
			l.cover(m.Get(f).Message())
		}
	}
}

// BenchmarkCover measures the cost of hiding fields: in a full claim, in a recorded
// result, and in a large delivery of a watch. list/op is the cost of hiding the same
// fields by a list, measured in turns with ns/op on the same load of the machine.
// Their ratio should stay about one where fields are hidden. Where none are, both
// costs are two look-ups.
func BenchmarkCover(b *testing.B) {
	full, recorded, delivery := &tenfoldv1.GetClaimResponse{}, &tenfoldv1.RecordResultResponse{}, &tenfoldv1.WatchClaimsResponse{}
	fill(full.ProtoReflect(), "support")
	fill(recorded.ProtoReflect(), "support")
	for range 50 {
		one := &tenfoldv1.WatchClaimsResponse{}
		fill(one.ProtoReflect(), "support")
		delivery.Claims = append(delivery.Claims, one.GetClaims()...)
		delivery.Events = append(delivery.Events, one.GetEvents()...)
	}
	for _, of := range []struct {
		role   principal.Role
		answer proto.Message
	}{
		{principal.RoleMerchant, full}, {principal.RoleMerchant, delivery},
		{principal.RoleAuthenticator, recorded},
		{principal.RoleOrderService, full}, {principal.RoleOrderService, delivery},
		{principal.RoleSupport, full}, {principal.RoleSupport, delivery},
	} {
		b.Run(string(of.role)+"/"+string(of.answer.ProtoReflect().Descriptor().Name()), func(b *testing.B) {
			lists := map[principal.Role]listed{of.role: {}}
			lists[of.role].add(hidden[of.role], of.answer.ProtoReflect().Descriptor())
			// Both work on what is covered already, so that neither pays for a copy.
			m := proto.Clone(of.answer)
			rpc.Cover(of.role, m)
			const turn = 64
			var ours, theirs time.Duration
			turns := 0
			for b.Loop() {
				began := time.Now()
				for range turn {
					rpc.Cover(of.role, m)
				}
				middle := time.Now()
				for range turn {
					lists[of.role].cover(m.ProtoReflect())
				}
				ours, theirs, turns = ours+middle.Sub(began), theirs+time.Since(middle), turns+turn
			}
			b.ReportMetric(float64(ours.Nanoseconds())/float64(turns), "ns/op")
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(turns), "list/op")
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
		})
	}
}
