package order_test

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/order"
)

// Catches a change of the encoding: digests stored by an earlier release must
// still be equal, or every repeated line would be refused as changed.
func TestDigestIsPinned(t *testing.T) {
	l := valid()
	digest := l.Digest()
	const want = "0cfbfadf2887f551e3cac9ba9e3597bc5f6c8c8a122a43e32f013b18abbc59bb"
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
}

// Catches a field that was added to Line, Discount or Promise and forgotten in
// the digest: each one is changed in turn and must change the digest.
func TestDigestCoversEveryField(t *testing.T) {
	reference := valid()
	want := reference.Digest()
	visit(t, reflect.TypeFor[order.Line](), "Line", func(l *order.Line) reflect.Value { return reflect.ValueOf(l).Elem() },
		func(path string, change func(l *order.Line)) {
			l := valid()
			change(&l)
			if l.Digest() == want {
				t.Errorf("%s is not part of the digest", path)
			}
		})
}

// visit calls try once for each leaf of the type below where.
func visit(t *testing.T, typ reflect.Type, path string, where func(*order.Line) reflect.Value,
	try func(path string, change func(l *order.Line))) {
	t.Helper()
	switch {
	case typ == reflect.TypeFor[time.Time]():
		try(path, func(l *order.Line) {
			v := where(l)
			v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Microsecond)))
		})
		try(path+" unset", func(l *order.Line) { where(l).SetZero() })
	case typ.Kind() == reflect.Struct:
		for i := range typ.NumField() {
			visit(t, typ.Field(i).Type, path+"."+typ.Field(i).Name,
				func(l *order.Line) reflect.Value { return where(l).Field(i) }, try)
		}
	case typ.Kind() == reflect.Slice:
		try(path+" shorter", func(l *order.Line) { v := where(l); v.Set(v.Slice(0, v.Len()-1)) })
		visit(t, typ.Elem(), path+"[0]", func(l *order.Line) reflect.Value { return where(l).Index(0) }, try)
	case typ.Kind() == reflect.String:
		try(path, func(l *order.Line) { v := where(l); v.SetString(v.String() + "x") })
	case typ.Kind() == reflect.Bool:
		try(path, func(l *order.Line) { v := where(l); v.SetBool(!v.Bool()) })
	case typ.Kind() == reflect.Int32, typ.Kind() == reflect.Int64:
		try(path, func(l *order.Line) { v := where(l); v.SetInt(v.Int() + 1) })
	default:
		t.Fatalf("%s: the test does not know how to change a %s", path, typ)
	}
}

// Catches fields that run into each other, and an unset time that looks like
// the first instant of 1970.
func TestDigestKeepsFieldsApart(t *testing.T) {
	for _, pair := range [][2]order.Line{
		{{OrderID: "ab", PaymentID: "c"}, {OrderID: "a", PaymentID: "bc"}},
		{{PaidAt: time.Unix(0, 0)}, {}},
		{{PaidAt: time.Unix(1, 0)}, {ShippedAt: time.Unix(1, 0)}},
	} {
		if pair[0].Digest() == pair[1].Digest() {
			t.Errorf("%+v and %+v share a digest", pair[0], pair[1])
		}
	}
}

// Catches a digest that depends on what the database does not keep: the zone of
// a time and what is below a microsecond.
func TestDigestSurvivesStorage(t *testing.T) {
	sent, stored := valid(), valid()
	sent.PaidAt = sent.PaidAt.Add(400 * time.Nanosecond).In(time.FixedZone("", 8*3600))
	if sent.Digest() != stored.Digest() {
		t.Error("a stored line differs from the line as it was sent")
	}
}
