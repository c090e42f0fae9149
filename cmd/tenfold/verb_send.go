package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sending is how a mutation is sent: its request id, the etag it relies on, and whether the
// person has agreed to its effect.
type sending struct {
	requestID, etag   string
	validateOnly, yes bool
}

// flags adds the flags that the verb's request has a field for, and --yes where it asks.
func (s *sending) flags(cmd *cobra.Command, v *verb) {
	f := cmd.Flags()
	if v.mutates() {
		f.StringVar(&s.requestID, "request-id", "", "id of the request, to send the same request again; made by the command if it is not given")
		inGroup(f, sendingGroup, "request-id")
		saidOnce(f, "request-id")
		completes(f, "request-id")
	}
	if v.field("validate_only") != nil {
		f.BoolVar(&s.validateOnly, "validate-only", false, "let the server decide the request and store nothing")
		inGroup(f, sendingGroup, "validate-only")
		saidOnce(f, "validate-only")
	}
	if v.field("etag") != nil {
		f.StringVar(&s.etag, "etag", "", "etag of the claim that you have looked at; read by the command if it is not given")
		inGroup(f, sendingGroup, "etag")
		saidOnce(f, "etag")
		completes(f, "etag")
	}
	if v.risk != "" {
		f.BoolVar(&s.yes, "yes", false, "do it without asking: "+v.risk)
		inGroup(f, sendingGroup, "yes")
		saidOnce(f, "yes")
	}
}

// mutates says whether the verb's request has an id of its own, as every mutation has. A verb
// that looks requests up is told the id.
func (v *verb) mutates() bool {
	return v.field("request_id") != nil && !slices.ContainsFunc(v.args, func(in input) bool { return in.field == "request_id" })
}

// asks says whether the person has to agree first.
func (s *sending) asks(v *verb) bool { return v.risk != "" && !s.yes && !s.validateOnly }

// interactive says whether somebody can be asked.
func interactive(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// allowed refuses to go on where the person should be asked and cannot be.
func (s *sending) allowed(x *call) error {
	if !s.asks(x.verb) || interactive(x.cmd.InOrStdin()) {
		return nil
	}
	preview := ""
	if x.verb.field("validate_only") != nil {
		preview = ", or --validate-only to see the effect alone"
	}
	return usageError{fmt.Errorf("%s; without a terminal the command cannot ask, so say --yes%s", x.verb.risk, preview)}
}

// fill puts request id, etag and validate_only into the request.
func (s *sending) fill(x *call) error {
	m := x.request.ProtoReflect()
	set := func(name string, v protoreflect.Value) {
		if fd := x.verb.field(name); fd != nil {
			m.Set(fd, v)
		}
	}
	if s.requestID == "" && x.verb.mutates() {
		s.requestID = newRequestID()
	}
	if held := x.verb.field("etag"); s.etag == "" && held != nil && x.claim == nil {
		// The command has read another thing than a claim, and filled it in.
		s.etag = x.request.ProtoReflect().Get(held).String()
	}
	if s.etag == "" {
		s.etag = x.claim.GetEtag()
	}
	if x.verb.mutates() {
		set("request_id", protoreflect.ValueOfString(s.requestID))
	}
	set("etag", protoreflect.ValueOfString(s.etag))
	set("validate_only", protoreflect.ValueOfBool(s.validateOnly))
	return nil
}

// tell says under which id the request is sent, before it is: whoever gets no answer can send
// the same request again.
func (s *sending) tell(x *call) {
	if !x.verb.mutates() || s.validateOnly {
		return
	}
	w := x.cmd.ErrOrStderr()
	if x.claim != nil && x.verb.field("etag") != nil {
		fmt.Fprintf(w, "tenfold: claim %s is %s at etag %s\n", x.claim.GetClaimId(), word(x.claim.GetState()), s.etag)
	}
	fmt.Fprintf(w, "tenfold: request id %s; with --request-id %s the same request is carried out once\n", s.requestID, s.requestID)
}

// errDeclined is the answer of a person who does not agree.
var errDeclined = errors.New("nothing was changed: you did not answer yes")

// ask shows what the request would do, and asks whether it should.
func (s *sending) ask(x *call) error {
	if !s.asks(x.verb) {
		return nil
	}
	w := x.cmd.ErrOrStderr()
	if err := s.preview(x, w); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s. Go on? [y/N] ", x.verb.risk)
	answer, err := bufio.NewReader(io.LimitReader(x.cmd.InOrStdin(), 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}

// preview shows the effect of the request as the server decides it, without storing it, and
// what the claim says of the action.
func (s *sending) preview(x *call, w io.Writer) error {
	o := x.remote.out
	o.w, o.format = w, formatTable
	for _, e := range x.claim.GetActionEffects() {
		if e.GetAction() == x.verb.action {
			printEffect(&o, e)
		}
	}
	if x.verb.field("validate_only") == nil {
		if list := firstList(x.verb.descriptor().Input()); list != nil {
			fmt.Fprintln(w, counted(x.request.ProtoReflect().Get(list).List().Len(), "claim")+".")
		}
		return nil
	}
	tried := proto.Clone(x.request)
	m := tried.ProtoReflect()
	m.Set(x.verb.field("validate_only"), protoreflect.ValueOfBool(true))
	answer, err := x.send(tried)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "After it:")
	printAnswer(&o, answer)
	return nil
}

// printEffect prints one line on what an action leads to.
func printEffect(o *output, e *tenfoldv1.ActionEffect) {
	var moved []string
	for _, m := range e.GetMovements() {
		moved = append(moved, word(m.GetEffect())+" "+sum(m.GetAmount()))
	}
	line := word(e.GetAction()) + led(" leads to ", word(e.GetNextState())) + led(" by ", word(e.GetTrigger())) +
		led(": ", strings.Join(moved, ", "))
	if e.GetUnpriced() {
		line += " (the amount follows from the verdict)"
	}
	if d := e.GetDeadline(); d != nil {
		line += "; " + word(d.GetKind()) + " at " + o.when(d.GetPassesAt())
	}
	fmt.Fprintln(o.w, line)
}
