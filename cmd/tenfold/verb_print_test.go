package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a second JSON: one form for the shell and another over HTTP, or a form of the
// shell that changes from one call to the next.
func TestJSONIsThatOfHTTP(t *testing.T) {
	t.Parallel()
	claims := &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{{
		Name: "merchants/m1/claims/x", OrderId: "a < b & c", Funding: &tenfoldv1.Funding{Held: &tenfoldv1.Money{CurrencyCode: "CNY"}},
	}}}
	const claim = `{"name":"merchants/m1/claims/x","orderId":"a < b & c","funding":{"held":{"currencyCode":"CNY","minorUnits":"0"}}}`
	for format, want := range map[string]string{formatJSON: `{"claims":[` + claim + `]}`, formatLines: claim} {
		var out strings.Builder
		o := output{format: format, w: &out, lists: true}
		if err := show(&o, claims, nil); err != nil {
			t.Fatal(err)
		}
		var told, wire json.RawMessage
		if json.Unmarshal([]byte(out.String()), &told) != nil || compacted(t, told) != want {
			t.Errorf("%s: %s; want %s", format, out.String(), want)
		}
		if raw, err := rpc.JSON(claims); err != nil || json.Unmarshal(raw, &wire) != nil || format == formatJSON && compacted(t, wire) != want {
			t.Errorf("over HTTP: %s, %v; want %s", raw, err, want)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "protojson."+"Marshal") {
			t.Errorf("%s writes a JSON of its own", file)
		}
	}
}

func compacted(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Would catch an answer of which a table leaves something out, or that no table can show.
func TestEveryAnswerIsPrinted(t *testing.T) {
	t.Parallel()
	known := printers()
	for _, verbs := range [][]verb{
		claimVerbs(), fileVerbs(), decisionVerbs(), clockVerbs(), claimReads(), workVerbs(), bookVerbs(), bookReads(), periodVerbs(), statementVerbs(), exitVerbs(), proposalVerbs(),
		payoutVerbs(), couponVerbs(), authenticatorVerbs(), resultVerbs(),
		webhookVerbs(), orderLineVerbs(), refundVerbs(), requestVerbs(), refusalVerbs(), noticeVerbs(), sandboxVerbs(), policyVerbs(), rulesVerbs(),
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
