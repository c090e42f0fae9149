package rpc_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
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
