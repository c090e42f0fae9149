package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// grpcurlName is the program by which pages show calls over gRPC. No system of programs.txt
// has it as a package, so the test's binary makes the same calls under its name.
const grpcurlName = "grpcurl"

// headers collects the metadata that is given with -H.
type headers []string

func (h *headers) String() string { return strings.Join(*h, ", ") }

func (h *headers) Set(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("a header must be NAME:VALUE")
	}
	*h = append(*h, name, strings.TrimSpace(value))
	return nil
}

// grpcurl calls the method that its arguments name, and prints the answer as JSON.
func grpcurl(ctx context.Context, args []string, out io.Writer) error {
	var sent headers
	flags := flag.NewFlagSet(grpcurlName, flag.ContinueOnError)
	flags.Var(&sent, "H", "")
	plaintext, data := flags.Bool("plaintext", false, ""), flags.String("d", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 || !*plaintext {
		return fmt.Errorf("want -plaintext, an address and a method, have %q", flags.Args())
	}
	address, path := flags.Arg(0), flags.Arg(1)
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(path, "/", ".")))
	if err != nil {
		return err
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return fmt.Errorf("%s is no method", path)
	}
	request, answer := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := protojson.Unmarshal([]byte(*data), request); err != nil {
		return err
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Invoke(metadata.AppendToOutgoingContext(ctx, sent...), "/"+path, request, answer); err != nil {
		return err
	}
	fmt.Fprintln(out, protojson.Format(answer))
	return nil
}
