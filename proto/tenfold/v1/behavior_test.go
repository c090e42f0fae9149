package tenfoldv1_test

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// rangeMessages calls f for each message of the contract, those inside others included.
func rangeMessages(f func(protoreflect.MessageDescriptor)) {
	var down func(protoreflect.MessageDescriptors)
	down = func(all protoreflect.MessageDescriptors) {
		for i := range all.Len() {
			if m := all.Get(i); !m.IsMapEntry() {
				f(m)
				down(m.Messages())
			}
		}
	}
	rangeFiles(func(fd protoreflect.FileDescriptor) { down(fd.Messages()) })
}

// askedMessages are the messages that requests have, with all that is in them.
func askedMessages() map[protoreflect.FullName]bool {
	asked := make(map[protoreflect.FullName]bool)
	var reach func(protoreflect.MessageDescriptor)
	reach = func(m protoreflect.MessageDescriptor) {
		if asked[m.FullName()] {
			return
		}
		asked[m.FullName()] = true
		for i := range m.Fields().Len() {
			if held := m.Fields().Get(i).Message(); held != nil {
				reach(held)
			}
		}
	}
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		for i := range fd.Services().Len() {
			methods := fd.Services().Get(i).Methods()
			for j := range methods.Len() {
				reach(methods.Get(j).Input())
			}
		}
	})
	return asked
}

// requiredByRules are the fields of a message without which the rules refuse it, whatever else
// it has: those that they refuse in an empty one.
func requiredByRules(t *testing.T, v protovalidate.Validator, m protoreflect.MessageDescriptor) map[protoreflect.Name]bool {
	t.Helper()
	required := make(map[protoreflect.Name]bool)
	err := v.Validate(dynamicpb.NewMessage(m))
	var refused *protovalidate.ValidationError
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("%s: %v", m.FullName(), err)
	}
	if refused == nil {
		return required
	}
	for _, violation := range refused.Violations {
		elements := violation.Proto.GetField().GetElements()
		if len(elements) != 1 {
			continue // A rule on the message or deeper inside: it depends on other fields.
		}
		if f := m.Fields().ByName(protoreflect.Name(elements[0].GetFieldName())); f != nil {
			required[f.Name()] = true
		}
	}
	return required
}

// Would catch a field that says nothing of itself, one that is called required and may be left
// out (or the other way round), one of an answer that does not say that only the server sets it,
// and one of a request that says so without having to.
func TestEveryFieldSaysItsBehavior(t *testing.T) {
	t.Parallel()
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	asked, told := askedMessages(), comments(t)
	counts := make(map[annotations.FieldBehavior]int)
	rangeMessages(func(m protoreflect.MessageDescriptor) {
		required := requiredByRules(t, v, m)
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			want := annotations.FieldBehavior_OPTIONAL
			switch {
			case required[f.Name()]:
				want = annotations.FieldBehavior_REQUIRED
			case !asked[m.FullName()], strings.HasPrefix(told[string(f.FullName())], "Output only"):
				want = annotations.FieldBehavior_OUTPUT_ONLY
			}
			counts[want]++
			got, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
			if !slices.Equal(got, []annotations.FieldBehavior{want}) {
				t.Errorf("%s of %s has the behavior %v: write (google.api.field_behavior) = %s", f.FullName(), m.ParentFile().Path(), got, want)
			}
		}
	})
	for behavior, least := range map[annotations.FieldBehavior]int{
		annotations.FieldBehavior_REQUIRED: 100, annotations.FieldBehavior_OPTIONAL: 100, annotations.FieldBehavior_OUTPUT_ONLY: 100,
	} {
		if counts[behavior] < least {
			t.Errorf("only %d fields are %s", counts[behavior], behavior)
		}
	}
}

var (
	opening = regexp.MustCompile(`^(message|enum|oneof|service) (\w+) \{`)
	member  = regexp.MustCompile(`^(?:(?:repeated |optional )?(?:map<[^>]*>|[\w.]+) )?(\w+) = -?\d+(?: \[|;)`)
	method  = regexp.MustCompile(`^rpc (\w+)\(`)
)

// comments are the comments of the contract by the full name of what they stand on, each on one
// line. buf has laid the files out, so their lines tell.
func comments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.proto")
	if err != nil || len(files) == 0 {
		t.Fatalf("the files of the contract: %v, %v", files, err)
	}
	out := make(map[string]string)
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		readComments(bufio.NewScanner(f), out)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// readComments reads those of one file.
func readComments(lines *bufio.Scanner, out map[string]string) {
	scopes := []string{"tenfold.v1"}
	var comment []string
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if text, ok := strings.CutPrefix(line, "//"); ok {
			comment = append(comment, strings.TrimSpace(text))
			continue
		}
		scope := scopes[len(scopes)-1]
		tell := func(name string) { out[scope+"."+name] = strings.Join(comment, " ") }
		if m := method.FindStringSubmatch(line); m != nil {
			tell(m[1])
		} else if m := member.FindStringSubmatch(line); m != nil {
			tell(m[1])
		} else if m := opening.FindStringSubmatch(line); m != nil {
			tell(m[2])
			if strings.HasPrefix(line, "message ") || strings.HasPrefix(line, "service ") {
				scope += "." + m[2]
			}
		}
		comment = nil
		// A oneof and an enum open no scope of names: their members stand in the one around.
		for range strings.Count(line, "{") {
			scopes = append(scopes, scope)
		}
		scopes = scopes[:len(scopes)-strings.Count(line, "}")]
	}
}

// Would catch a service, method, message, field, enumeration or word of it that nobody has
// written a sentence about.
func TestEverythingHasAComment(t *testing.T) {
	t.Parallel()
	told := comments(t)
	need := func(d protoreflect.Descriptor) {
		if text := told[string(d.FullName())]; !strings.HasSuffix(text, ".") {
			t.Errorf("%s of %s has no comment that ends as a sentence does: %q", d.FullName(), d.ParentFile().Path(), text)
		}
	}
	enums := func(all protoreflect.EnumDescriptors) {
		for i := range all.Len() {
			need(all.Get(i))
			for j := range all.Get(i).Values().Len() {
				need(all.Get(i).Values().Get(j))
			}
		}
	}
	rangeMessages(func(m protoreflect.MessageDescriptor) {
		need(m)
		for i := range m.Fields().Len() {
			need(m.Fields().Get(i))
		}
		enums(m.Enums())
	})
	rangeFiles(func(fd protoreflect.FileDescriptor) {
		enums(fd.Enums())
		for i := range fd.Services().Len() {
			need(fd.Services().Get(i))
			for j := range fd.Services().Get(i).Methods().Len() {
				need(fd.Services().Get(i).Methods().Get(j))
			}
		}
	})
}
