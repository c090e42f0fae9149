package book

import (
	"reflect"
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
)

// beside are the fields of a book that hold no rows: what it is, where it is found,
// and how far it is. Everything else belongs to a kind.
var beside = []string{
	"merchantID", "head", "listedAfter", "exists", "opened", "now", "catalog", "ids", "settings", "asked", "damaged",
	"claimants", "resultsOf", "refundsOf", "payoutsOf", "approvalsOf", "notesOf", "commissionsOf", "custodyOf", "evidenceRequestsOf",
	"command", "call", "before",
}

// Would catch a field of the book that holds rows and is no kind: they would not be
// kept or undone, written, shed or counted. A field that is neither a kind's nor named
// above fails, too.
func TestEveryFieldOfTheBookIsAKind(t *testing.T) {
	t.Parallel()
	b := New("m1", nil, &Settings{})
	held := make(map[uintptr]Kind)
	for k := range KindCount {
		if kinds[k].table == "" || kinds[k].rows == nil {
			t.Fatalf("kind %d is not in the list", k)
		}
		v := reflect.ValueOf(kinds[k].rows(b))
		if other, twice := held[v.Pointer()]; twice {
			t.Errorf("kinds %s and %s are the same rows", other, k)
		}
		held[v.Pointer()] = k
	}
	of := reflect.ValueOf(b).Elem()
	found := 0
	for i := range of.NumField() {
		name, field := of.Type().Field(i).Name, of.Field(i)
		at := field.Addr().Pointer()
		if field.Kind() == reflect.Map {
			at = field.Pointer()
		}
		_, isKind := held[at]
		if _, isRows := reflect.TypeAssert[rows](reflect.NewAt(field.Type(), field.Addr().UnsafePointer())); isRows && !isKind {
			t.Errorf("field %s holds rows and is no kind: add it to the list of internal/book/kinds.go", name)
		}
		switch {
		case isKind && slices.Contains(beside, name):
			t.Errorf("field %s is a kind and stands among those that are none", name)
		case isKind:
			found++
		case !slices.Contains(beside, name):
			t.Errorf("field %s is no kind and is not named as beside them", name)
		}
	}
	if found != int(KindCount) {
		t.Errorf("%d fields are kinds, the list has %d", found, KindCount)
	}
}

// Would catch a kind whose rows a lane does not count, so that its memory grows beyond
// its bound, or that stay in memory when a book is shed.
func TestEveryKindIsCountedAndShed(t *testing.T) {
	t.Parallel()
	b := New("m1", nil, &Settings{})
	for k := range KindCount {
		before := b.Size()
		one(t, reflect.ValueOf(kinds[k].rows(b)))
		switch grown := b.Size() - before; {
		case grown != 1:
			t.Errorf("a row of kind %d (%s) counts as %d", k, k, grown)
		case kinds[k].rows(b).size() != 1:
			t.Errorf("kind %d (%s) counts one row as %d", k, k, kinds[k].rows(b).size())
		}
	}
	b.Shed()
	for k := range KindCount {
		// A list holds only what a batch makes.
		if left := kinds[k].rows(b).size(); left != 0 && !isList(kinds[k].rows(b)) {
			t.Errorf("kind %d (%s) keeps %d rows when it is shed", k, k, left)
		}
	}
	if len(b.asked) != 0 {
		t.Error("a shed book still knows what it was asked for")
	}
}

func isList(r rows) bool {
	return reflect.ValueOf(r).Elem().FieldByName("list").IsValid()
}

// one puts a row into a kind, as reading it would.
func one(t *testing.T, r reflect.Value) {
	t.Helper()
	set := func(m reflect.Value, value reflect.Value) {
		m.SetMapIndex(reflect.Zero(m.Type().Key()), value)
	}
	open := func(v reflect.Value) reflect.Value { return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem() }
	if r.Kind() == reflect.Map {
		set(r, reflect.Zero(r.Type().Elem()))
		return
	}
	s := r.Elem()
	switch {
	case s.FieldByName("rows").IsValid():
		m := open(s.FieldByName("rows"))
		set(m, reflect.New(m.Type().Elem().Elem()))
	case s.FieldByName("list").IsValid():
		l := open(s.FieldByName("list"))
		l.Set(reflect.Append(l, reflect.Zero(l.Type().Elem())))
	case s.FieldByName("found").IsValid():
		m := open(s.FieldByName("found"))
		set(m, reflect.MakeSlice(m.Type().Elem(), 1, 1))
		open(s.FieldByName("count")).SetInt(1)
	case s.FieldByName("bodies").IsValid():
		set(open(s.FieldByName("bodies")), reflect.Zero(reflect.TypeFor[*authenticator.Body]()))
	case s.FieldByName("sums").IsValid():
		m := open(s.FieldByName("sums"))
		m.Set(reflect.MakeMap(m.Type()))
		set(m, reflect.Zero(m.Type().Elem()))
	default:
		t.Fatalf("rows of type %s are not known to this test", s.Type())
	}
}

// Would catch names under which two needs are asked for at once and only one is met:
// each need has a bit of its own, however many there are.
func TestNeedsDoNotRunOut(t *testing.T) {
	t.Parallel()
	var all asked
	for n := range needCount {
		if all.has(n) {
			t.Errorf("need %d shares the bit of another", n)
		}
		all.add(n)
		if !all.has(n) {
			t.Errorf("need %d is not kept", n)
		}
	}
}
