package rpc_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// mutationsFile lists the methods under whose names requests are stored.
const mutationsFile = "testdata/mutations.txt"

// Would catch a method that is renamed, or moved to another service: its name is
// part of the key of stored requests, so that a request which was sent before and
// is sent again would be carried out twice.
func TestStoredMethodNamesStayForEver(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(mutationsFile)
	if err != nil {
		t.Fatal(err)
	}
	stored, served := strings.Fields(string(content)), mutations()
	for _, name := range stored {
		if !slices.Contains(served, name) {
			t.Errorf("%s is gone: requests are stored under that name, and would be carried out again under another", name)
		}
	}
	for _, name := range served {
		if !slices.Contains(stored, name) {
			t.Errorf("%s is not in %s; add it, and never take a line out", name, mutationsFile)
		}
	}
	if !slices.IsSorted(stored) {
		t.Errorf("%s is not sorted", mutationsFile)
	}
}

// mutations are the methods of the contract whose requests are stored under an id.
func mutations() []string {
	var list []string
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				if fields := m.Input().Fields(); fields.ByName("request_id") != nil && fields.ByName("validate_only") != nil {
					list = append(list, string(service.Name())+"/"+string(m.Name()))
				}
			}
		}
		return true
	})
	return list
}

// Would catch a time of a request without bounds. Over gRPC a time may lie beyond the
// year 9999 or before the year 1, and no stored event can be read that holds such a
// time.
func TestEveryTimeOfARequestIsBounded(t *testing.T) {
	t.Parallel()
	met := make(map[protoreflect.FullName]bool)
	times := 0
	var bounded func(m protoreflect.MessageDescriptor)
	bounded = func(m protoreflect.MessageDescriptor) {
		if met[m.FullName()] {
			return
		}
		met[m.FullName()] = true
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			held := rpc.HeldBy(f)
			if held == nil {
				continue
			}
			if held.FullName() != "google.protobuf.Timestamp" {
				bounded(held)
				continue
			}
			if m.FullName() == "tenfold.v1.Authenticator" {
				continue // The server sets them, and reads none.
			}
			times++
			rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
			if rules.GetTimestamp().GetGreaterThan() == nil || rules.GetTimestamp().GetLessThan() == nil {
				t.Errorf("%s.%s has no bounds in %s", m.Name(), f.Name(), m.ParentFile().Path())
			}
		}
	}
	for method := range rpc.MethodRoles() {
		if strings.HasPrefix(method, "/tenfold.v1.") {
			bounded(contractMethod(t, method).Input())
		}
	}
	if times < 20 {
		t.Errorf("only %d times met", times)
	}
}
