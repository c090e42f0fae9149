package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// paging is the part of a list that is shown.
type paging struct {
	limit int
	token string
}

// listMax is how many entries a command lists unless it is told otherwise.
const listMax = 100

// pageMax is the largest page that the contract has.
const pageMax = 1000

// flags adds the flags of a list.
func (p *paging) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&p.limit, "limit", listMax, "largest number of entries to list")
	f.StringVar(&p.token, "page-token", "", "go on where an earlier list ended, with the token that it printed")
	saidOnce(f, "page-token")
	completes(f, "page-token")
}

func (p *paging) check() error {
	if p.limit < 1 {
		return usageError{fmt.Errorf("--limit (TENFOLD_LIMIT) must be at least 1, not %d", p.limit)}
	}
	return nil
}

// listed is the list in the verb's answer, if the verb lists.
func (v *verb) listed() protoreflect.FieldDescriptor {
	if v.field("page_token") == nil {
		return nil
	}
	return firstList(v.descriptor().Output())
}

// firstList is the first list of messages in a message.
func firstList(m protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	for i := range m.Fields().Len() {
		if fd := m.Fields().Get(i); fd.IsList() && fd.Message() != nil {
			return fd
		}
	}
	return nil
}

// clearOthers takes every list of messages but one out of an answer.
func clearOthers(m protoreflect.Message, but protoreflect.FieldDescriptor) {
	for i := range m.Descriptor().Fields().Len() {
		if fd := m.Descriptor().Fields().Get(i); fd != but && fd.IsList() && fd.Message() != nil {
			m.Clear(fd)
		}
	}
}

// list reads pages until there are as many entries as were asked for.
func (x *call) list() error {
	p := &x.remote.paging
	if err := p.check(); err != nil {
		return err
	}
	fd, m := x.verb.listed(), x.request.ProtoReflect()
	all := newMessage(x.verb.descriptor().Output())
	entries := func() int { return all.ProtoReflect().Get(fd).List().Len() }
	next := all.ProtoReflect().Descriptor().Fields().ByName("next_page_token")
	token := p.token
	for {
		m.Set(x.verb.field("page_size"), protoreflect.ValueOfInt32(int32(min(p.limit-entries(), pageMax))))
		m.Set(x.verb.field("page_token"), protoreflect.ValueOfString(token))
		page, err := x.send(x.request)
		if err != nil {
			return err
		}
		clearOthers(all.ProtoReflect(), fd) // Each page tells all of what stands beside its list.
		proto.Merge(all, page)
		token = page.ProtoReflect().Get(next).String()
		all.ProtoReflect().Set(next, protoreflect.ValueOfString(token))
		if token == "" || entries() >= p.limit {
			break
		}
	}
	if err := show(&x.remote.out, all, printAnswer); err != nil {
		return err
	}
	x.remote.out.ended(entries(), x.verb.thing, token)
	return nil
}

// ended says how many entries a table had, and how to go on if there are more. Programs read
// the token in JSON; beside lines and CSV it stands where they do not read.
func (o *output) ended(entries int, thing, token string) {
	w := o.w
	switch o.format {
	case formatJSON:
		return
	case formatCSV, formatLines:
		if token == "" {
			return
		}
		w = o.errOut
	}
	if token == "" {
		fmt.Fprintln(w, counted(entries, thing))
		return
	}
	fmt.Fprintf(w, "%s, and there are more; go on with --page-token %s\n", counted(entries, thing), token)
}
