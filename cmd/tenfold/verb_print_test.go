package main

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Would catch an answer of which a table leaves something out, or that no table can show.
func TestEveryAnswerIsPrinted(t *testing.T) {
	t.Parallel()
	known := printers()
	for _, verbs := range [][]verb{
		claimVerbs(), fileVerbs(), decisionVerbs(), clockVerbs(), claimReads(), workVerbs(), bookVerbs(), bookReads(), exitVerbs(), proposalVerbs(),
		payoutVerbs(), couponVerbs(), authenticatorVerbs(), resultVerbs(),
		webhookVerbs(), orderLineVerbs(), refundVerbs(), requestVerbs(), refusalVerbs(), noticeVerbs(), sandboxVerbs(), policyVerbs(),
	} {
		for _, v := range verbs {
			fields := v.descriptor().Output().Fields()
			for i := range fields.Len() {
				fd := fields.Get(i)
				switch m := fd.Message(); {
				case v.print != nil:
				case fd.Kind() == protoreflect.BoolKind && flagsOfAnswers[fd.Name()] == "":
					t.Errorf("%s: nothing says what %s means", v.method, fd.Name())
				case m != nil && m.FullName() != "google.protobuf.Timestamp" && known[m.FullName()] == nil:
					t.Errorf("%s: nothing prints a %s", v.method, m.FullName())
				}
			}
		}
	}
}
