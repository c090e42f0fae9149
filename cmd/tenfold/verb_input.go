package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// input is what a person says to a verb: an argument, or a flag.
type input struct {
	// name is that of the flag, or of the argument in capitals.
	name string
	// field is the field of the request that it fills, such as "note" or
	// "authenticator.display_name".
	field    string
	usage    string
	required bool
	// as reads the text into the text of the field, such as a claim's name from its id. Nil:
	// the text itself.
	as func(text string) (string, error)
	// put fills the request by itself. Nil: by the type of the field.
	put func(x *call, texts []string) error
	// often says that a flag of text may be given more than once, alone that a flag with put
	// stands without a value.
	often, alone bool
}

// sayings are the values of a verb's arguments and flags.
type sayings struct {
	verb  *verb
	one   map[string]*string
	many  map[string]*[]string
	truth map[string]*bool
}

func newSayings(v *verb) *sayings {
	return &sayings{verb: v, one: map[string]*string{}, many: map[string]*[]string{}, truth: map[string]*bool{}}
}

// flags adds the verb's own flags.
func (s *sayings) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	for _, in := range s.verb.flags {
		fd := fieldAt(s.verb.descriptor().Input(), in.field)
		usage := in.usage
		if in.required {
			usage += " (required)"
		}
		switch {
		case in.often:
			s.many[in.name] = f.StringArray(in.name, nil, usage)
		case in.alone, in.put == nil && fd.Kind() == protoreflect.BoolKind:
			s.truth[in.name] = f.Bool(in.name, false, usage)
		default:
			s.one[in.name] = f.String(in.name, "", usage)
		}
		saidOnce(f, in.name)
		var words []string
		if in.put == nil && fd.Kind() == protoreflect.EnumKind {
			words = wordsOf(fd.Enum())
		}
		completes(f, in.name, words...)
	}
}

// fieldAt is the field at a path of a message. Every path of a verb leads somewhere.
func fieldAt(m protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	first, rest, nested := strings.Cut(path, ".")
	fd := m.Fields().ByName(protoreflect.Name(first))
	if fd == nil {
		panic(string(m.FullName()) + " has no field " + path)
	}
	if nested {
		return fieldAt(fd.Message(), rest)
	}
	return fd
}

// fill fills the request from arguments, flags and what the verb itself decides.
func (s *sayings) fill(x *call, args []string) error {
	for i, in := range s.verb.args {
		if i < len(args) {
			if err := in.into(x, in.name, []string{args[i]}); err != nil {
				return err
			}
		}
	}
	for _, in := range s.verb.flags {
		texts := s.texts(x.cmd, in.name)
		if len(texts) == 0 && in.required {
			return usageError{fmt.Errorf("--%s is missing: %s", in.name, in.usage)}
		}
		if len(texts) > 0 {
			if err := in.into(x, "--"+in.name, texts); err != nil {
				return err
			}
		}
	}
	for field, text := range s.verb.fixed {
		if err := setField(x, field, []string{text}); err != nil {
			return err
		}
	}
	return s.chosen(x.cmd)
}

// texts are what a flag was given; none if it was not given.
func (s *sayings) texts(cmd *cobra.Command, name string) []string {
	if !cmd.Flags().Changed(name) {
		return nil
	}
	if many, ok := s.many[name]; ok {
		return *many
	}
	if truth, ok := s.truth[name]; ok {
		return []string{fmt.Sprint(*truth)}
	}
	return []string{*s.one[name]}
}

// chosen refuses more and fewer than one of the flags that exclude each other.
func (s *sayings) chosen(cmd *cobra.Command) error {
	given := slices.DeleteFunc(slices.Clone(s.verb.either), func(name string) bool { return !cmd.Flags().Changed(name) })
	if len(given) > 1 {
		return usageError{fmt.Errorf("--%s: only one of them can be given", strings.Join(given, ", --"))}
	}
	if len(s.verb.choose) == 0 {
		return nil
	}
	given = slices.DeleteFunc(slices.Clone(s.verb.choose), func(name string) bool { return !cmd.Flags().Changed(name) })
	if len(given) != 1 {
		return usageError{fmt.Errorf("exactly one of --%s must be given, not %d", strings.Join(s.verb.choose, ", --"), len(given))}
	}
	return nil
}

// into puts the texts into the request; errors name the flag or the argument.
func (in *input) into(x *call, name string, texts []string) error {
	var err error
	switch {
	case in.put != nil:
		err = in.put(x, texts)
	case in.as != nil:
		mapped := make([]string, len(texts))
		for i, text := range texts {
			if mapped[i], err = in.as(text); err != nil {
				break
			}
		}
		if err == nil {
			err = setField(x, in.field, mapped)
		}
	default:
		err = setField(x, in.field, texts)
	}
	if _, ok := errors.AsType[refused](err); ok {
		return err // The server was asked about what the person said.
	}
	if err != nil {
		return usageError{fmt.Errorf("%s %w", name, err)}
	}
	return nil
}

// nameOf is the flag or the argument that fills a field of the request.
func (s *sayings) nameOf(field string) string {
	for _, in := range s.verb.args {
		if reaches(in.field, field) {
			return in.name
		}
	}
	for _, in := range s.verb.flags {
		if reaches(in.field, field) {
			return "--" + in.name
		}
	}
	if field == "" {
		return "the request"
	}
	return strings.ReplaceAll(field, "_", "-")
}

// reaches says whether a path is the field or leads to it.
func reaches(path, field string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// setField puts texts into the field at a path of the request, by the field's type.
func setField(x *call, path string, texts []string) error {
	m := x.request.ProtoReflect()
	for {
		first, rest, nested := strings.Cut(path, ".")
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(first))
		if !nested {
			return setTexts(x, m, fd, texts)
		}
		m, path = m.Mutable(fd).Message(), rest
	}
}

func setTexts(x *call, m protoreflect.Message, fd protoreflect.FieldDescriptor, texts []string) error {
	if fd.IsMap() {
		return setPairs(m.Mutable(fd).Map(), texts)
	}
	if fd.IsList() {
		list := m.Mutable(fd).List()
		for _, text := range texts {
			for _, part := range parted(fd, text) {
				v, err := valueOf(x, fd, part)
				if err != nil {
					return err
				}
				list.Append(v)
			}
		}
		return nil
	}
	v, err := valueOf(x, fd, texts[0])
	if err != nil {
		return err
	}
	m.Set(fd, v)
	return nil
}

// setPairs puts texts of the form KEY=VALUE into a map.
func setPairs(pairs protoreflect.Map, texts []string) error {
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		at := protoreflect.ValueOfString(key).MapKey()
		switch {
		case !ok:
			return fmt.Errorf("must have the form KEY=VALUE, unlike %q", text)
		case pairs.Has(at):
			return fmt.Errorf("gives %q twice", key)
		}
		pairs.Set(at, protoreflect.ValueOfString(value))
	}
	return nil
}

// parted parts a text at commas, unless the texts of the field may have commas of their own.
func parted(fd protoreflect.FieldDescriptor, text string) []string {
	if fd.Kind() == protoreflect.StringKind {
		return []string{text}
	}
	return strings.Split(text, ",")
}

// valueOf reads a text as a value of the field's type.
func valueOf(x *call, fd protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch kind := fd.Kind(); {
	case kind == protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case kind == protoreflect.BoolKind:
		return protoreflect.ValueOfBool(text == "true"), nil
	case kind == protoreflect.Int32Kind:
		n, err := wholeNumber(text)
		return protoreflect.ValueOfInt32(n), err
	case kind == protoreflect.Int64Kind:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			err = fmt.Errorf("must be a whole number, not %s", shown(text))
		}
		return protoreflect.ValueOfInt64(n), err
	case kind == protoreflect.EnumKind:
		n, err := wordNumber(fd.Enum(), text)
		return protoreflect.ValueOfEnum(n), err
	case kind == protoreflect.MessageKind:
		message, err := messageOf(x, fd.Message().FullName(), text)
		if err != nil {
			return protoreflect.Value{}, err
		}
		return protoreflect.ValueOfMessage(message.ProtoReflect()), nil
	}
	panic("no text can fill a field of kind " + fd.Kind().String())
}

// messageOf reads a text as one of the messages that people write in a line.
func messageOf(x *call, name protoreflect.FullName, text string) (proto.Message, error) {
	switch name {
	case contractPackage + "Money":
		return amountOf(text)
	case "google.protobuf.Timestamp":
		return timeOf(text, x.remote.out.place)
	case "google.protobuf.Duration":
		return durationOf(text)
	}
	panic("no text can fill a " + string(name))
}
