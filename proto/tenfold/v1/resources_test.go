package tenfoldv1_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// typePrefix is what every type of a resource begins with: the domain of the refusals' reasons.
const typePrefix = "tenfold/"

var braced = regexp.MustCompile(`\{\w+\}`)

// resources are the patterns of the resources by their types, as messages and files declare them.
func resources(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	add := func(d *annotations.ResourceDescriptor, where protoreflect.FullName) {
		if len(d.GetPattern()) != 1 || !strings.HasPrefix(d.GetType(), typePrefix) || d.GetPlural() == "" || d.GetSingular() == "" {
			t.Errorf("%s declares the resource %v: it needs a type that begins with %s, one pattern, plural and singular", where, d, typePrefix)
			return
		}
		if out[d.GetType()] != "" {
			t.Errorf("%s declares %s again", where, d.GetType())
		}
		out[d.GetType()] = d.GetPattern()[0]
	}
	rangeMessages(func(m protoreflect.MessageDescriptor) {
		d := resourceOf(m)
		if d == nil {
			return
		}
		add(d, m.FullName())
		if d.GetType() != typePrefix+string(m.Name()) || m.Fields().ByName("name") == nil {
			t.Errorf("%s is the resource %s: it needs a field name, and its own name as the type", m.FullName(), d.GetType())
		}
	})
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		all, _ := proto.GetExtension(fd.Options(), annotations.E_ResourceDefinition).([]*annotations.ResourceDescriptor)
		for _, d := range all {
			add(d, fd.FullName())
		}
	})
	return out
}

func resourceOf(m protoreflect.MessageDescriptor) *annotations.ResourceDescriptor {
	d, _ := proto.GetExtension(m.Options(), annotations.E_Resource).(*annotations.ResourceDescriptor)
	return d
}

// referenceOf is the type of the resource that a field names: its own in the name of a resource.
// Empty if it says none.
func referenceOf(f protoreflect.FieldDescriptor) string {
	if d := resourceOf(f.ContainingMessage()); d != nil && f.Name() == "name" {
		return d.GetType()
	}
	d, _ := proto.GetExtension(f.Options(), annotations.E_ResourceReference).(*annotations.ResourceReference)
	return d.GetType()
}

// byRule are the types whose names the rules of a field take, apart from rules that would take
// names of anything.
func byRule(f protoreflect.FieldDescriptor, patterns map[string]string) []string {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	if rules.GetString().GetPattern() == "" {
		return nil
	}
	rule := regexp.MustCompile(rules.GetString().GetPattern())
	var out []string
	for kind, pattern := range patterns {
		sample := braced.ReplaceAllString(pattern, "1")
		if rule.MatchString(sample) && !rule.MatchString("x"+sample) {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return out
}

// mentioned is the beginning of a name in a comment.
var mentioned = regexp.MustCompile(`\b[a-z]+/(?:\{\w+\}|-)(?:/[a-zA-Z]+/(?:\{\w+\}|-))*`)

// byComment are the types whose names a comment tells of.
func byComment(comment string, patterns map[string]string) []string {
	var out []string
	for _, name := range mentioned.FindAllString(comment, -1) {
		shape := strings.ReplaceAll(braced.ReplaceAllString(name, "*"), "/-", "/*")
		for kind, pattern := range patterns {
			if braced.ReplaceAllString(pattern, "*") == shape && !slices.Contains(out, kind) {
				out = append(out, kind)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Would catch a field that holds the name of a resource by its rules or its comment and does not
// say of which, one that says another, a reference to a resource that is nowhere declared, and a
// message with a name of its own that is no resource.
func TestNamesOfResourcesSayWhatTheyName(t *testing.T) {
	t.Parallel()
	patterns, told := resources(t), comments(t)
	forPeople := map[protoreflect.FullName]bool{"tenfold.v1.CalendarDay.name": true}
	references := 0
	rangeMessages(func(m protoreflect.MessageDescriptor) {
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			got := referenceOf(f)
			if got != "" {
				references++
			}
			if got != "" && got != "*" && patterns[got] == "" {
				t.Errorf("%s names a %s, which is nowhere declared", f.FullName(), got)
			}
			if f.Name() == "name" && got == "" && !forPeople[f.FullName()] {
				t.Errorf("%s is a name: declare the resource with (google.api.resource), or refer to it", f.FullName())
			}
			if f.Kind() != protoreflect.StringKind {
				continue
			}
			kinds := byRule(f, patterns)
			if len(kinds) == 0 {
				kinds = byComment(told[string(f.FullName())], patterns)
			}
			want := "*"
			if len(kinds) == 1 {
				want = kinds[0]
			}
			if len(kinds) > 0 && got != want {
				t.Errorf("%s names %v: write (google.api.resource_reference).type = %q instead of %q", f.FullName(), kinds, want, got)
			}
		}
	})
	if len(patterns) < 14 || references < 100 {
		t.Errorf("only %d resources and %d references met", len(patterns), references)
	}
}

// Would catch a pattern that does not follow the rule of names: a collection in the plural, then
// an id in braces, in turn, each collection once.
func TestPatternsOfNamesAlternate(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z][A-Za-z]*s/\{[a-z_]+\}(/[a-z][A-Za-z]*s/\{[a-z_]+\})*$`)
	byPattern := make(map[string]string)
	for kind, pattern := range resources(t) {
		if !form.MatchString(pattern) {
			t.Errorf("%s has the pattern %s", kind, pattern)
		}
		if other := byPattern[braced.ReplaceAllString(pattern, "*")]; other != "" {
			t.Errorf("%s and %s share a pattern: %s", kind, other, pattern)
		}
		byPattern[braced.ReplaceAllString(pattern, "*")] = kind
	}
}
