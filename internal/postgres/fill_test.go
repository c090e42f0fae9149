package postgres_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// filler gives every field of a value another value than every other field, none
// of them zero. Booleans have only two: they follow the bits of pattern, so that
// over all patterns each two of them differ once.
type filler struct {
	n       int64
	at      time.Time
	pattern uint
	bools   uint
}

// fill fills a value; lists get two entries.
func (f *filler) fill(v reflect.Value) {
	f.n++
	if t, ok := v.Addr().Interface().(*time.Time); ok {
		*t = f.at.Add(time.Duration(f.n) * time.Second)
		return
	}
	switch kind := v.Kind(); {
	case kind == reflect.String:
		v.SetString(fmt.Sprint("text-", f.n))
	case kind == reflect.Bool:
		v.SetBool(f.pattern>>f.bools&1 == 0)
		f.bools++
	case v.CanInt():
		v.SetInt(f.n)
	case v.CanUint():
		v.SetUint(uint64(f.n%255) + 1)
	case kind == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case kind == reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case kind == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fillEach(v)
	case kind == reflect.Array:
		f.fillEach(v)
	default:
		panic("fill: " + v.Type().String())
	}
}

func (f *filler) fillEach(v reflect.Value) {
	for i := range v.Len() {
		f.fill(v.Index(i))
	}
}

// filled is a value whose fields all differ.
func filled[T any](from int64, pattern uint) T {
	var v T
	f := filler{n: from, at: start, pattern: pattern}
	f.fill(reflect.ValueOf(&v).Elem())
	return v
}

// leaves lists the places and values of all fields of a value.
func leaves(t *testing.T, v any) map[string]string {
	t.Helper()
	out := make(map[string]string)
	var walk func(string, reflect.Value)
	walk = func(path string, v reflect.Value) {
		if at, ok := v.Interface().(time.Time); ok {
			out[path] = at.String()
			return
		}
		if v.Kind() != reflect.Struct {
			out[path] = fmt.Sprint(v.Interface())
			return
		}
		for i := range v.NumField() {
			walk(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
	walk("", reflect.ValueOf(v))
	return out
}
