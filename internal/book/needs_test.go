package book

import (
	"reflect"
	"testing"
)

// Would catch a list of needs that Empty does not look at, so that what is asked for last
// is not loaded.
func TestEmptyLooksAtEveryNeed(t *testing.T) {
	t.Parallel()
	n := NewNeeds(Books{})
	if !n.Empty() {
		t.Fatal("needs of nothing are not empty")
	}
	of := reflect.ValueOf(n).Elem()
	for i := range of.NumField() {
		field := of.Type().Field(i)
		if field.Type.Kind() != reflect.Slice {
			continue
		}
		of.Field(i).Set(reflect.MakeSlice(field.Type, 1, 1))
		if n.Empty() {
			t.Errorf("Empty does not look at %s", field.Name)
		}
		of.Field(i).SetZero()
	}
}
