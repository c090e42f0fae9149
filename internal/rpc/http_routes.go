package rpc

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// method is a method of a service as callers over HTTP see it.
type method struct {
	// path is that of gRPC and Connect: /package.Service/Method.
	path          string
	input, output protoreflect.MessageType
	// answers says that it gives a stream, asks that it takes one.
	answers, asks bool
}

// route is a path of the contract with what it gives of a request.
type route struct {
	method *method
	// verb is the method of HTTP.
	verb string
	// segments are the parts of the path; "*" stands for any text. action is what follows
	// them after a colon.
	segments []string
	action   string
	// fields are the fields of the request that the path gives.
	fields []pathField
	// body says that the rest of the request is the body; otherwise it is the query.
	body bool
}

// pathField is a field that segments of a path give.
type pathField struct {
	field       protoreflect.FieldDescriptor
	first, last int
}

// routes finds the method of a request.
type routes struct {
	methods map[string]*method
	// services are the services by name, so that the form of a request is known even if
	// its method is not.
	services map[string]bool
	paths    []*route
}

// newRoutes lists the methods of a server, and their paths.
func newRoutes(services map[string]grpc.ServiceInfo) (*routes, error) {
	r := &routes{methods: make(map[string]*method), services: make(map[string]bool)}
	for name := range services {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		service, ok := found.(protoreflect.ServiceDescriptor)
		if err != nil || !ok {
			return nil, fmt.Errorf("describe service %s: %w", name, err)
		}
		r.services[name] = true
		for i := range service.Methods().Len() {
			if err := r.add(service, service.Methods().Get(i)); err != nil {
				return nil, err
			}
		}
	}
	// A literal segment is preferred to any text.
	slices.SortFunc(r.paths, func(a, b *route) int { return slices.Compare(b.segments, a.segments) })
	return r, nil
}

func (r *routes) add(service protoreflect.ServiceDescriptor, d protoreflect.MethodDescriptor) error {
	m := &method{path: "/" + string(service.FullName()) + "/" + string(d.Name()), answers: d.IsStreamingServer(), asks: d.IsStreamingClient()}
	var err error
	if m.input, err = protoregistry.GlobalTypes.FindMessageByName(d.Input().FullName()); err == nil {
		m.output, err = protoregistry.GlobalTypes.FindMessageByName(d.Output().FullName())
	}
	if err != nil {
		return fmt.Errorf("describe %s: %w", m.path, err)
	}
	r.methods[m.path] = m
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	for _, one := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		if one == nil {
			continue
		}
		way, err := newRoute(m, one)
		if err != nil {
			return err
		}
		r.paths = append(r.paths, way)
	}
	return nil
}

// newRoute reads a path such as /v1/{name=merchants/*/claims/*}:accept.
func newRoute(m *method, rule *annotations.HttpRule) (*route, error) {
	r := &route{method: m, body: rule.GetBody() == "*"}
	template := ""
	for verb, path := range map[string]string{http.MethodGet: rule.GetGet(), http.MethodPost: rule.GetPost(), http.MethodDelete: rule.GetDelete()} {
		if path != "" {
			r.verb, template = verb, path
		}
	}
	rest, ok := strings.CutPrefix(template, "/")
	if !ok || r.verb == "" || (rule.GetBody() != "") != (r.verb == http.MethodPost) || rule.GetBody() != "" && !r.body {
		return nil, fmt.Errorf("%s: the rule of its path is not understood", m.path)
	}
	if at := strings.LastIndexByte(rest, ':'); at > strings.LastIndexByte(rest, '}') {
		rest, r.action = rest[:at], rest[at+1:]
	}
	for rest != "" {
		part, after, given := "", "", false
		if part, given = strings.CutPrefix(rest, "{"); given {
			part, after, _ = strings.Cut(part, "}")
			after = strings.TrimPrefix(after, "/")
		} else {
			part, after, _ = strings.Cut(rest, "/")
		}
		name, pattern, patterned := strings.Cut(part, "=")
		switch {
		case given && !patterned:
			pattern = "*"
		case !given:
			pattern = part
		}
		first := len(r.segments)
		r.segments = append(r.segments, strings.Split(pattern, "/")...)
		if given {
			field := m.input.Descriptor().Fields().ByName(protoreflect.Name(name))
			if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
				return nil, fmt.Errorf("%s: the path gives %s, which is no text of the request", m.path, name)
			}
			r.fields = append(r.fields, pathField{field, first, len(r.segments)})
		}
		rest = after
	}
	return r, nil
}

// find gives the route of a path. Without one it gives the verbs that the path has.
func (r *routes) find(verb, path string) (way *route, segments []string, verbs []string) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, nil, nil
	}
	segments = strings.Split(rest, "/")
	last, action, acts := strings.Cut(segments[len(segments)-1], ":")
	if segments[len(segments)-1] = last; acts && action == "" {
		return nil, nil, nil
	}
	for _, one := range r.paths {
		switch {
		case one.action != action || !one.fits(segments):
		case one.verb == verb:
			return one, segments, nil
		default:
			verbs = append(verbs, one.verb)
		}
	}
	slices.Sort(verbs)
	return nil, nil, slices.Compact(verbs)
}

func (r *route) fits(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if segments[i] != want && (want != "*" || segments[i] == "") {
			return false
		}
	}
	return true
}

// gives says whether the path gives a field.
func (r *route) gives(field protoreflect.FieldDescriptor) bool {
	return slices.ContainsFunc(r.fields, func(f pathField) bool { return f.field == field })
}
