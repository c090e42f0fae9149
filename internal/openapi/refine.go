// Package openapi completes the generated OpenAPI document by what its generator does not know:
// which fields a request must have and what they may be, by the rules of the contract, and the
// resources that a path names. It runs when the document is generated; no server needs it.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// object is an object of the document.
type object = map[string]any

// input is what the name of a schema ends with that describes a message of requests, where
// answers have the message, too: only in a request a field must be there.
const input = "Input"

// refiner holds the document and the contract while one is completed by the other.
type refiner struct {
	paths, schemas object
	// methods are the methods by the id of their operation.
	methods map[string]protoreflect.MethodDescriptor
	// asked and answered are the messages that requests and answers have.
	asked, answered map[protoreflect.FullName]protoreflect.MessageDescriptor
}

// Refine completes a document.
func Refine(document []byte, contract *protoregistry.Files) ([]byte, error) {
	var d object
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	components, _ := d["components"].(object)
	r := &refiner{
		methods: make(map[string]protoreflect.MethodDescriptor),
		asked:   make(map[protoreflect.FullName]protoreflect.MessageDescriptor), answered: make(map[protoreflect.FullName]protoreflect.MessageDescriptor),
	}
	r.paths, _ = d["paths"].(object)
	r.schemas, _ = components["schemas"].(object)
	contract.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		r.learn(file)
		return true
	})
	r.messages()
	paths := make(object, len(r.paths))
	for path, item := range r.paths {
		renamed, err := r.path(path, item.(object))
		if err != nil {
			return nil, err
		}
		paths[renamed] = item
	}
	d["paths"] = paths
	var out bytes.Buffer
	w := json.NewEncoder(&out)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(d); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	return out.Bytes(), nil
}

// learn takes in the methods and messages of a file.
func (r *refiner) learn(file protoreflect.FileDescriptor) {
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		for j := range service.Methods().Len() {
			m := service.Methods().Get(j)
			if rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule); rule != nil {
				r.methods[string(service.Name())+"_"+string(m.Name())] = m
				reach(m.Output(), r.answered)
				if rule.GetBody() != "" {
					reach(m.Input(), r.asked)
				}
			}
		}
	}
}

// reach collects a message and all that it holds.
func reach(m protoreflect.MessageDescriptor, into map[protoreflect.FullName]protoreflect.MessageDescriptor) {
	if into[m.FullName()] != nil || strings.HasPrefix(string(m.FullName()), "google.") {
		return
	}
	into[m.FullName()] = m
	for i := range m.Fields().Len() {
		if inner := m.Fields().Get(i).Message(); inner != nil {
			reach(inner, into)
		}
	}
}

// messages completes the schemas of messages and enumerations.
func (r *refiner) messages() {
	for _, schema := range r.schemas {
		words(schema)
	}
	for name, m := range r.asked {
		schema, ok := r.schemas[string(name)].(object)
		if !ok {
			continue // It stands in its operation.
		}
		if r.answered[name] != nil {
			schema = clone(schema)
			r.schemas[string(name)+input] = schema
		}
		r.require(schema, m, nil)
	}
	for name, m := range r.answered {
		if schema, ok := r.schemas[string(name)].(object); ok {
			constrain(schema, m, false)
			delete(schema, "required") // What a request must have may be hidden in an answer.
			if units := m.Fields().ByName("minor_units"); units != nil {
				schema["required"] = []any{units.JSONName()} // docs/http.md: amounts are always written.
			}
		}
	}
}

// words takes the word for "unset" from an enumeration: requests may not have it, and answers leave
// it out.
func words(schema any) {
	s, _ := schema.(object)
	if all, ok := s["enum"].([]any); ok {
		s["enum"] = slices.DeleteFunc(all, func(word any) bool {
			text, _ := word.(string)
			return strings.HasSuffix(text, "_UNSPECIFIED")
		})
	}
}

// require completes the schema of a message of requests, except fields that its path gives.
func (r *refiner) require(schema object, m protoreflect.MessageDescriptor, given []string) {
	constrain(schema, m, true)
	var required []any
	delete(schema, "required")
	for i := range m.Fields().Len() {
		if f := m.Fields().Get(i); mustBeSet(f) && !slices.Contains(given, string(f.Name())) {
			required = append(required, f.JSONName())
		}
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	r.turn(schema)
}

// turn lets references to messages that answers have, too, lead to their schemas for requests.
func (r *refiner) turn(v any) {
	switch v := v.(type) {
	case object:
		if to, ok := v["$ref"].(string); ok {
			name := protoreflect.FullName(to[strings.LastIndexByte(to, '/')+1:])
			if r.asked[name] != nil && r.answered[name] != nil {
				v["$ref"] = to + input
			}
		}
		for _, inner := range v {
			r.turn(inner)
		}
	case []any:
		for _, inner := range v {
			r.turn(inner)
		}
	}
}

// path completes the operations of a path, and gives its name.
func (r *refiner) path(path string, item object) (string, error) {
	renamed := path
	for verb, o := range item {
		operation, ok := o.(object)
		if !ok {
			continue
		}
		id, _ := operation["operationId"].(string)
		m := r.methods[id]
		for base := id; m == nil && strings.Contains(base, "_"); m = r.methods[base] {
			base = base[:strings.LastIndexByte(base, '_')] // A further path of a method has a number.
		}
		if m == nil {
			return "", fmt.Errorf("the operation %s of %s is no method of the contract", id, path)
		}
		way, err := wayOf(m, path)
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", verb, path, err)
		}
		renamed = way.path
		r.operation(operation, m, way)
	}
	return renamed, nil
}

// operation completes one operation.
func (r *refiner) operation(operation object, m protoreflect.MethodDescriptor, way *way) {
	parameters, _ := operation["parameters"].([]any)
	inPath := 0
	for _, p := range parameters {
		parameter, _ := p.(object)
		schema, _ := parameter["schema"].(object)
		if parameter["in"] == "path" {
			parameter["name"] = way.names[inPath]
			schema["pattern"] = way.patterns[inPath]
			inPath++
			continue
		}
		name, _ := parameter["name"].(string)
		if f := m.Input().Fields().ByJSONName(name); f != nil {
			constrainField(schema, f, rulesOf(f))
			if mustBeSet(f) {
				parameter["required"] = true
			}
		}
	}
	if schema := content(operation["requestBody"]); schema != nil && schema["$ref"] == nil {
		r.require(schema, m.Input(), way.fields)
	}
	responses, _ := operation["responses"].(object)
	if refusal, ok := responses["default"].(object); ok {
		refusal["description"] = "A refusal or a failure. The details hold an ErrorInfo with the reason and its facts; docs/http.md says which status of HTTP it has."
	}
}

// content is the schema of a body in JSON.
func content(body any) object {
	b, _ := body.(object)
	kinds, _ := b["content"].(object)
	kind, _ := kinds["application/json"].(object)
	schema, _ := kind["schema"].(object)
	return schema
}

// way is a path with the resources that it names.
type way struct {
	path string
	// names and patterns are those of its parameters, in order.
	names, patterns []string
	// fields are the fields of the request that the path gives.
	fields []string
}

var (
	variable  = regexp.MustCompile(`\{(\w+)=?([^}]*)\}`)
	parameter = regexp.MustCompile(`\{\w+\}`)
)

// wayOf finds the path of a method that the generator has written in its own way.
func wayOf(m protoreflect.MethodDescriptor, path string) (*way, error) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	for _, one := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		template := one.GetGet() + one.GetPost() + one.GetDelete()
		w := &way{}
		w.path = variable.ReplaceAllStringFunc(template, func(v string) string {
			parts := variable.FindStringSubmatch(v)
			w.fields = append(w.fields, parts[1])
			return w.name(m.Input().Fields().ByName(protoreflect.Name(parts[1])), parts[2])
		})
		bare := variable.ReplaceAllStringFunc(template, func(v string) string {
			if pattern := variable.FindStringSubmatch(v)[2]; pattern != "" {
				return pattern
			}
			return "*"
		})
		if bare == parameter.ReplaceAllString(path, "*") {
			return w, nil
		}
	}
	return nil, fmt.Errorf("the method %s has no such path", m.FullName())
}

// name names the resources in the part of a path that gives a field.
func (w *way) name(f protoreflect.FieldDescriptor, pattern string) string {
	if pattern == "" {
		w.names, w.patterns = append(w.names, f.JSONName()), append(w.patterns, rulesOf(f).GetString().GetPattern())
		return "{" + f.JSONName() + "}"
	}
	segments := strings.Split(pattern, "/")
	rules := patternParts(rulesOf(f).GetString().GetPattern(), len(segments))
	for i, segment := range segments {
		if segment != "*" {
			continue
		}
		name := singular(segments[i-1])
		w.names, w.patterns = append(w.names, name), append(w.patterns, rules[i])
		segments[i] = "{" + name + "}"
	}
	return strings.Join(segments, "/")
}

// singular is the word for one of a collection.
func singular(collection string) string {
	if stem, ok := strings.CutSuffix(collection, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(collection, "s")
}

// anySegment is the pattern of a segment of which no more is known.
const anySegment = "^[^/:]+$"

// patternParts divides the pattern of a name into those of its segments, as far as it can be
// divided.
func patternParts(pattern string, n int) []string {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$"), "/")
	for i, part := range parts {
		if _, err := regexp.Compile(part); len(parts) != n || err != nil {
			return slices.Repeat([]string{anySegment}, n)
		}
		parts[i] = "^" + part + "$"
	}
	return parts
}

// clone copies a part of the document.
func clone(of object) object {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err) // It was read from JSON.
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}
