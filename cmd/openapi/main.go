// Command openapi adds to a generated OpenAPI document what the contract says beyond the
// generator's reach: the rules on fields, and the names of resources in paths. It reads the
// document from its input, and the contract from a file that `buf build` has written.
package main

import (
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate" // The rules of fields.

	"github.com/tenfold-claims/tenfold/internal/openapi"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("give the file of the contract, as buf build writes it")
	}
	image, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(image, &set); err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	document, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	refined, err := openapi.Refine(document, files)
	if err != nil {
		return err
	}
	_, err = out.Write(refined)
	return err
}
