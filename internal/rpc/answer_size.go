package rpc

import (
	"cmp"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// answerMax bounds the weight of a page and of a FULL claim. It leaves room below what a
// client of gRPC takes unless told otherwise, 4 MiB. As JSON the names of fields triple a
// message at most, apart from what elementWeight covers, which stays below the 8 MiB that the
// transcoder takes.
const answerMax = 2 << 20

// elementWeight is what a message in a list weighs beyond its bytes: as JSON, a verdict of
// five bytes about a unit has fifty.
const elementWeight = 48

// weight is the size that an answer is counted with: its bytes, and the elements of its
// lists.
func weight(m proto.Message) int { return proto.Size(m) + elements(m.ProtoReflect())*elementWeight }

// elements counts the messages in the lists of a message, however deep.
func elements(m protoreflect.Message) (n int) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case !f.IsList():
			if hasLists(f.Message()) {
				n += elements(v.Message())
			}
		default:
			list := v.List()
			n += list.Len()
			for i := 0; hasLists(f.Message()) && i < list.Len(); i++ {
				n += elements(list.Get(i).Message())
			}
		}
		return true
	})
	return n
}

// withLists remembers which types of message can have messages in lists.
var withLists sync.Map

// hasLists says whether a message of a type can have messages in lists. Types of the contract
// do not hold themselves.
func hasLists(d protoreflect.MessageDescriptor) bool {
	if known, ok := withLists.Load(d.FullName()); ok {
		return known.(bool)
	}
	has := false
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.Message() != nil && !f.IsMap() {
			has = has || f.IsList() || hasLists(f.Message())
		}
	}
	withLists.Store(d.FullName(), has)
	return has
}

// fill makes messages of rows until they would not fit into one answer; at least one, so that
// a list always goes on.
func fill[Row any, Message proto.Message](rows []Row, message func(*Row) Message) []Message {
	list := make([]Message, 0, len(rows))
	total := 0
	for i := range rows {
		m := message(&rows[i])
		if total += weight(m) + elementWeight; total > answerMax && i > 0 {
			break
		}
		list = append(list, m)
	}
	return list
}

// fitting makes the messages of a page whose rows only the database can name the next one of:
// if they do not fit into one answer, the page is read again with as many rows as do.
func fitting[Row any, Message proto.Message](size int, read func(size int) ([]Row, error), message func(*Row) Message) ([]Message, error) {
	for {
		rows, err := read(size)
		if err != nil {
			return nil, err
		}
		list := fill(rows, message)
		if len(list) == len(rows) {
			return list, nil
		}
		size = len(list)
	}
}

// fit shortens the lists of a FULL claim until it fits into one answer, and names them. Lists
// that are small stay whole; the others share what is left, and keep their oldest entries.
func fit(c *tenfoldv1.Claim) {
	if weight(c) <= answerMax {
		return
	}
	m := c.ProtoReflect()
	lists := listsOf(m)
	left := answerMax - weight(c)
	for _, l := range lists {
		left += l.weight
	}
	slices.SortStableFunc(lists, func(a, b partList) int { return cmp.Compare(a.weight, b.weight) })
	for i, l := range lists {
		share := max(left, 0) / (len(lists) - i)
		kept := l.within(m, share)
		if kept.weight < l.weight {
			m.Mutable(l.field).List().Truncate(kept.count)
			c.ShortenedLists = append(c.ShortenedLists, string(l.field.Name()))
		}
		left -= kept.weight
	}
	slices.Sort(c.ShortenedLists)
}

// partList is a list of a FULL claim that other methods list page by page.
type partList struct {
	field  protoreflect.FieldDescriptor
	weight int
	count  int
}

// listedParts are those lists, by field.
var listedParts = []protoreflect.Name{"results", "payouts", "holds", "evidence", "appeals", "approvals", "revisions"}

func listsOf(m protoreflect.Message) []partList {
	var out []partList
	for _, name := range listedParts {
		f := m.Descriptor().Fields().ByName(name)
		l := partList{field: f}
		out = append(out, l.within(m, int(^uint(0)>>1)))
	}
	return out
}

// within is the beginning of the list that weighs no more than most.
func (l partList) within(m protoreflect.Message, most int) partList {
	list := m.Get(l.field).List()
	kept := partList{field: l.field}
	for i := range list.Len() {
		w := weight(list.Get(i).Message().Interface()) + elementWeight
		if w > most-kept.weight {
			break
		}
		kept.weight, kept.count = kept.weight+w, i+1
	}
	return kept
}
