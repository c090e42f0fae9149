package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// verb is a command that makes one call of the contract. Arguments and flags fill the
// fields of the request, and the answer is printed by the types of its fields. A command
// that shows more than one answer is written by hand.
type verb struct {
	// use is the command as it is typed below its group, such as "accept CLAIM".
	use string
	// method is the method of the contract, such as "ClaimService/AcceptClaim".
	method string
	// role is the role of the call unless another is named.
	role principal.Role
	// short says what the command does, and long what a person has to know beyond it.
	short, long string
	// examples are command lines without the name of the program.
	examples []string
	aliases  []string
	// args and flags are what the person says.
	args, flags []input
	// fixed are texts of fields that the command itself decides.
	fixed map[string]string
	// about is the field that names a claim. The claim is read first, so that the request has
	// its full name and its etag.
	about string
	// action is the action of the claim whose effect is shown before the command asks.
	action tenfoldv1.ClaimAction
	// risk says what is moved or ended; the command asks before it. Empty: nothing is.
	risk string
	// thing is what an entry of a list is called, such as "transfer".
	thing string
	// sheet says that the answer is one list without pages, which has a form for spreadsheets.
	sheet bool
	// choose are flags of which exactly one must be given.
	choose []string
	// either are flags of which at most one can be given.
	either []string
	// complete fills in what arguments and flags do not say. May be nil.
	complete func(*call) error
	// print prints the answer. Nil: by the types of its fields.
	print func(*output, *call, proto.Message)
}

// call is one call that a verb makes.
type call struct {
	verb    *verb
	cmd     *cobra.Command
	conn    *grpc.ClientConn
	remote  *remote
	sending sending
	request proto.Message
	// claim is the claim that the call is about; nil before it was read.
	claim *tenfoldv1.Claim
}

// contractPackage is the package of the contract's names.
const contractPackage = "tenfold.v1."

// descriptor describes the verb's method.
func (v *verb) descriptor() protoreflect.MethodDescriptor {
	service, method, _ := strings.Cut(v.method, "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(contractPackage + service + "." + method))
	if err != nil {
		panic("a verb calls " + v.method + ", which the contract does not have")
	}
	return d.(protoreflect.MethodDescriptor)
}

// newMessage makes an empty message of a type.
func newMessage(d protoreflect.MessageDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic("no Go type for " + string(d.FullName()))
	}
	return t.New().Interface()
}

// field looks up a field of the request's type by its name.
func (v *verb) field(name string) protoreflect.FieldDescriptor {
	return v.descriptor().Input().Fields().ByName(protoreflect.Name(name))
}

// callsOf is the annotation of a command that names the methods which it calls.
const callsOf = "calls"

// calling notes on a command that is written by hand which methods it calls.
func calling(cmd *cobra.Command, methods ...string) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[callsOf] = strings.Join(methods, " ")
	return cmd
}

// group adds the commands of verbs to a command that groups them.
func group(cmd *cobra.Command, verbs []verb) *cobra.Command {
	for i := range verbs {
		cmd.AddCommand(verbs[i].command())
	}
	return cmd
}

// newGroup makes a command that only groups others.
func newGroup(use, short string, verbs []verb) *cobra.Command {
	return group(&cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: help}, verbs)
}

// command makes the cobra command of a verb.
func (v *verb) command() *cobra.Command {
	var r remote
	x := call{verb: v, remote: &r}
	said := newSayings(v)
	cmd := &cobra.Command{
		Use: v.use, Short: v.short, Long: v.long, Aliases: v.aliases,
		Example: "  tenfold " + strings.Join(v.examples, "\n  tenfold "), Args: v.arguments(),
	}
	r.out.lists = v.listed() != nil || v.sheet
	r.command(v.role, cmd, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		x.cmd, x.conn, x.request = cmd, conn, newMessage(v.descriptor().Input())
		return x.make(said, args)
	})
	said.flags(cmd)
	if v.listed() != nil {
		if v.thing == "" {
			panic("the list of " + v.method + " counts things without a name")
		}
		r.paging.flags(cmd)
	}
	x.sending.flags(cmd, v)
	return calling(cmd, v.method)
}

// arguments checks the number of arguments.
func (v *verb) arguments() cobra.PositionalArgs {
	if n := len(v.args); n > 0 && !v.args[n-1].required {
		return cobra.RangeArgs(n-1, n)
	}
	return cobra.ExactArgs(len(v.args))
}

// make reads what the person said, asks where money moves, calls, and prints the answer.
func (x *call) make(said *sayings, args []string) error {
	if err := x.sending.allowed(x); err != nil {
		return err
	}
	if err := said.fill(x, args); err != nil {
		return err
	}
	if err := x.read(); err != nil {
		return err
	}
	if x.verb.complete != nil {
		if err := x.verb.complete(x); err != nil {
			return err
		}
	}
	if err := x.sending.fill(x); err != nil {
		return err
	}
	if err := x.check(said); err != nil {
		return err
	}
	if x.verb.listed() != nil {
		return x.list()
	}
	if err := x.sending.ask(x); err != nil {
		return err
	}
	x.sending.tell(x)
	answer, err := x.send(x.request)
	if err != nil {
		return err
	}
	err = show(&x.remote.out, answer, func(o *output, answer proto.Message) {
		if x.verb.print != nil {
			x.verb.print(o, x, answer)
			return
		}
		printAnswer(o, answer)
	})
	if err != nil {
		return err
	}
	return refusedItems(answer)
}

// refusedItems is the error of a batch of which items were refused.
func refusedItems(answer proto.Message) error {
	refused, all := 0, 0
	count := func(s *tenfoldv1.ItemStatus) {
		all++
		if s.GetCode() != 0 {
			refused++
		}
	}
	switch batch := answer.(type) {
	case *tenfoldv1.BatchFileClaimsResponse:
		for _, item := range batch.GetItems() {
			count(item.GetStatus())
		}
	case *tenfoldv1.BatchRecordResultsResponse:
		for _, item := range slices.Concat(batch.GetItems(), batch.GetSignedItems()) {
			count(item.GetStatus())
		}
	case *tenfoldv1.BatchConfirmNoticesResponse:
		for _, item := range batch.GetItems() {
			count(item.GetStatus())
		}
	case *tenfoldv1.BatchAcceptClaimsResponse:
		for _, item := range batch.GetItems() {
			count(item.GetStatus())
		}
	}
	if refused == 0 {
		return nil
	}
	return fmt.Errorf("%d of %s refused; the others are done", refused, counted(all, "item"))
}

// send makes the call.
func (x *call) send(request proto.Message) (proto.Message, error) {
	answer := newMessage(x.verb.descriptor().Output())
	if err := x.conn.Invoke(x.cmd.Context(), "/"+contractPackage+x.verb.method, request, answer); err != nil {
		return nil, refusal(err)
	}
	return answer, nil
}

// read reads the claim that the call is about, and puts its full name into the request.
func (x *call) read() error {
	if x.verb.about == "" {
		return nil
	}
	field := x.verb.field(x.verb.about)
	m := x.request.ProtoReflect()
	if name := m.Get(field).String(); x.remote.client.Role == string(principal.RoleAuthenticator) {
		return x.unread(field, name)
	}
	c, err := x.readClaim(m.Get(field).String())
	if err != nil {
		return err
	}
	x.claim = c
	m.Set(field, protoreflect.ValueOfString(c.GetName()))
	if parent := x.verb.field("parent"); parent != nil && x.verb.about == "claim" {
		m.Set(parent, protoreflect.ValueOfString(bookOf(c.GetName())))
	}
	return nil
}

// unread takes the claim's name over for a body, which may not read claims.
func (x *call) unread(field protoreflect.FieldDescriptor, name string) error {
	if strings.HasPrefix(name, "merchants/-/") {
		return usageError{errors.New("CLAIM must be merchants/MERCHANT/claims/CLAIM, as the commission names it: an authenticator may not look it up")}
	}
	m := x.request.ProtoReflect()
	m.Set(field, protoreflect.ValueOfString(name))
	if parent := x.verb.field("parent"); parent != nil && x.verb.about == "claim" {
		m.Set(parent, protoreflect.ValueOfString(bookOf(name)))
	}
	return nil
}

// readClaim reads a claim with the effects of the caller's actions.
func (x *call) readClaim(name string) (*tenfoldv1.Claim, error) {
	got, err := tenfoldv1.NewClaimServiceClient(x.conn).GetClaim(x.cmd.Context(),
		&tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		return nil, refusal(err)
	}
	return got.GetClaim(), nil
}

// bookOf is the book of a resource: merchants/m1 of merchants/m1/claims/c1.
func bookOf(name string) string {
	book, _, _ := strings.Cut(strings.TrimPrefix(name, "merchants/"), "/")
	return "merchants/" + book
}

// check refuses a request that breaks the contract's rules of form, by the flag or the
// argument that said it.
func (x *call) check(said *sayings) error {
	err := protovalidate.Validate(x.request)
	broken, ok := err.(*protovalidate.ValidationError)
	if !ok {
		return err
	}
	lines := make([]string, len(broken.Violations))
	for i, b := range broken.Violations {
		field := protovalidate.FieldPathString(b.Proto.GetField())
		lines[i] = fmt.Sprintf("%s: %s", said.nameOf(field), b.Proto.GetMessage())
	}
	return usageError{fmt.Errorf("%s", strings.Join(lines, "\n"))}
}
