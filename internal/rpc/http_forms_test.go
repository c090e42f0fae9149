package rpc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/testrace"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// answered takes an answer over HTTP apart, whatever its form. It has an error if what was
// answered is in no form in which callers are promised refusals.
func answered(response *http.Response, content []byte) (*status.Status, error) {
	switch kind := response.Header.Get("Content-Type"); {
	case kind == "application/json":
		return inJSON(response, content)
	case strings.HasPrefix(kind, "application/connect+"):
		for len(content) >= 5 {
			end := 5 + int(binary.BigEndian.Uint32(content[1:]))
			if content[0] == 2 {
				var last struct{ Error json.RawMessage }
				if err := json.Unmarshal(content[5:end], &last); err != nil || last.Error == nil {
					return status.New(codes.OK, ""), err
				}
				return connectStatus(last.Error)
			}
			content = content[end:]
		}
		return nil, fmt.Errorf("the stream has no end: %q", content)
	case strings.HasPrefix(kind, "application/grpc-web+"):
		return webStatus(response, content)
	default:
		return nil, fmt.Errorf("answered with %s", kind)
	}
}

func inJSON(response *http.Response, content []byte) (*status.Status, error) {
	var look struct{ Code any }
	if err := json.Unmarshal(content, &look); err != nil {
		return nil, err
	}
	if _, connect := look.Code.(string); connect {
		return connectStatus(content)
	}
	if response.StatusCode == http.StatusOK {
		return status.New(codes.OK, ""), nil
	}
	var p statuspb.Status
	if err := protojson.Unmarshal(content, &p); err != nil {
		return nil, err
	}
	return status.FromProto(&p), nil
}

func connectStatus(content []byte) (*status.Status, error) {
	var said struct {
		Code, Message string
		Details       []struct{ Type, Value string }
	}
	if err := json.Unmarshal(content, &said); err != nil {
		return nil, err
	}
	p := &statuspb.Status{Message: said.Message}
	var code codes.Code
	if err := code.UnmarshalJSON([]byte(strconv.Quote(strings.ToUpper(strings.ReplaceAll(said.Code, "canceled", "cancelled"))))); err != nil {
		return nil, err
	}
	p.Code = int32(code)
	for _, d := range said.Details {
		value, err := base64.RawStdEncoding.DecodeString(d.Value)
		if err != nil {
			return nil, err
		}
		p.Details = append(p.Details, &anypb.Any{TypeUrl: "type.googleapis.com/" + d.Type, Value: value})
	}
	return status.FromProto(p), nil
}

func webStatus(response *http.Response, content []byte) (*status.Status, error) {
	trailers := response.Header
	for len(content) >= 5 {
		end := 5 + int(binary.BigEndian.Uint32(content[1:]))
		if content[0] == 0x80 {
			trailers = make(http.Header)
			for line := range strings.SplitSeq(strings.TrimSpace(string(content[5:end])), "\r\n") {
				name, value, _ := strings.Cut(line, ": ")
				trailers.Set(textproto.CanonicalMIMEHeaderKey(name), value)
			}
		}
		content = content[end:]
	}
	code, err := strconv.Atoi(trailers.Get("Grpc-Status"))
	if err != nil {
		return nil, fmt.Errorf("gRPC-Web without a status: %v", trailers)
	}
	var p statuspb.Status
	details, err := base64.RawStdEncoding.DecodeString(trailers.Get("Grpc-Status-Details-Bin"))
	if err == nil {
		err = proto.Unmarshal(details, &p)
	}
	if err == nil && p.GetCode() != int32(code) && len(details) > 0 {
		err = fmt.Errorf("status %d has the details of %d", code, p.GetCode())
	}
	p.Code = int32(code)
	return status.FromProto(&p), err
}

// refusedInForm fails the test unless an answer is a refusal for a reason, in its form, with all that
// callers are promised.
func refusedInForm(t *testing.T, name string, response *http.Response, content []byte, want int, reason string) {
	t.Helper()
	s, err := answered(response, content)
	if err != nil {
		t.Errorf("%s: %d %.200q: %v", name, response.StatusCode, content, err)
		return
	}
	got := refusal(s.Err())
	worded := slices.ContainsFunc(s.Details(), func(d any) bool { _, ok := d.(*errdetails.LocalizedMessage); return ok })
	if response.StatusCode != want || got.reason != reason || got.domain != "tenfold" || got.message == "" || !worded {
		t.Errorf("%s: %d, want %d and %s: %.400s", name, response.StatusCode, want, reason, content)
	}
	size := len(content)
	for key, values := range response.Header {
		size += len(key) + len(strings.Join(values, ""))
	}
	if size > 8<<10 {
		t.Errorf("%s: the answer has %d bytes", name, size)
	}
}

// way is a path of the contract that a test calls.
type way struct {
	verb, path string
	input      protoreflect.MessageDescriptor
	rpc        string
	streams    bool
}

// contract are all paths of the contract, and all its methods, those without a path with an empty verb.
func contract(t *testing.T) (ways []way) {
	t.Helper()
	variable := regexp.MustCompile(`\{\w+=?([^}]*)\}`)
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			if service.Name() == "PayoutGatewayService" {
				continue // Others serve it.
			}
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				w := way{input: m.Input(), rpc: "/" + string(service.FullName()) + "/" + string(m.Name()), streams: m.IsStreamingServer()}
				rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				if rule == nil {
					ways = append(ways, w)
				}
				for _, one := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
					for verb, path := range map[string]string{"GET": one.GetGet(), "POST": one.GetPost(), "DELETE": one.GetDelete()} {
						if path == "" {
							continue
						}
						path = variable.ReplaceAllStringFunc(path, func(v string) string {
							pattern := variable.FindStringSubmatch(v)[1]
							if pattern == "" {
								pattern = "*"
							}
							return strings.ReplaceAll(pattern, "*", "m1")
						})
						w := w
						w.verb, w.path = verb, path
						ways = append(ways, w)
					}
				}
			}
		}
		return true
	})
	if len(ways) < 80 {
		t.Fatalf("the contract has %d paths", len(ways))
	}
	return ways
}

// bad is a request that is malformed in one way.
type bad struct {
	name    string
	headers headers
	verb    string // Another than that of the path; empty for the same.
	path    string // What follows the path.
	body    string
	status  int
	reason  string
}

var (
	utf16  = "\xff\xfe{\x00}\x00"
	badGet = []bad{
		{name: "a body", body: `{}`, status: 400},
		{name: "an unknown parameter", path: "?nothing=1", status: 400},
		{name: "a part of no message", path: "?name.x=1", status: 400},
		{name: "a query that cannot be read", path: "?a=%zz", status: 400},
		{name: "another verb", verb: "PATCH", status: 405, reason: "METHOD_UNKNOWN"},
	}
	badBody = []bad{
		{name: "no body", status: 400}, {name: "blanks", body: "  \n", status: 400}, {name: "half an object", body: `{"name":`, status: 400},
		{name: "a list", body: `[]`, status: 400}, {name: "a text", body: `"x"`, status: 400}, {name: "nothing", body: `null`, status: 400},
		{name: "UTF-16", body: utf16, status: 400}, {name: "bytes that are no text", body: "{\"name\":\"\xff\"}", status: 400},
		{name: "an unknown field", body: `{"nothing":1}`, status: 400}, {name: "two objects", body: `{} {}`, status: 400},
		{name: "a large unknown field", body: `{"` + strings.Repeat("n", 1<<20) + `":1}`, status: 400},
		{name: "another kind of text", body: `{}`, headers: headers{"Content-Type": "application/json; charset=utf-16"}, status: 415},
		{name: "packed in another way", body: `{}`, headers: headers{"Content-Encoding": "br"}, status: 415},
		{name: "not packed", body: `{}`, headers: headers{"Content-Encoding": "gzip"}, status: 400},
	}
	badPost = []bad{
		{name: "a parameter", path: "?requestId=r1", body: `{}`, status: 400},
		{name: "a form", body: `a=1`, headers: headers{"Content-Type": "application/x-www-form-urlencoded"}, status: 415},
		{name: "no type", body: `{}`, headers: headers{"Content-Type": "plain"}, status: 415},
		{name: "another verb", verb: "PUT", body: `{}`, status: 405, reason: "METHOD_UNKNOWN"},
	}
	badPath = []bad{
		{name: "an unknown path", path: "/nothing/at/all", status: 404, reason: "METHOD_UNKNOWN"},
		{name: "an unknown action", path: ":nothing", status: 404, reason: "METHOD_UNKNOWN"},
		{name: "an encoded slash", path: "%2f", status: 400},
	}
	badTimes = []string{"NaN", "1e99", "-1", "0", "0.0", "Inf", "1s", "0x1", " ", "1,5", strings.Repeat("9", 1000)}
)

// walk sends a request and looks at its refusal.
func (h *overHTTP) refuses(name string, w way, b bad) {
	h.t.Helper()
	if h.tried++; testrace.Enabled && h.tried%3 > 0 {
		return // The paths meet the forms in turns.
	}
	verb, reason := w.verb, b.reason
	if b.verb != "" {
		verb = b.verb
	}
	if reason == "" {
		reason = "REQUEST_INVALID"
	}
	who := inRole("operator")
	maps.Copy(who, b.headers)
	response, content := h.call(who, verb, w.path+b.path, b.body)
	refusedInForm(h.t, name+", "+b.name, response, content, b.status, reason)
	if b.status == http.StatusMethodNotAllowed && !strings.Contains(response.Header.Get("Allow"), w.verb) {
		h.t.Errorf("%s, %s: allows %q", name, b.name, response.Header.Get("Allow"))
	}
}

// Would catch a request over HTTP that cannot be read and is answered with anything but a refusal
// that programs and persons can read: a page, a plain text, an error of the server. It walks
// every path of the contract with every malformed form.
func TestMalformedRequestsByPathAreRefused(t *testing.T) {
	t.Parallel()
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	for _, w := range contract(t) {
		if w.verb == "" {
			continue
		}
		all := append([]bad{}, badPath...)
		if w.verb == "POST" {
			all = append(append(all, badBody...), badPost...)
			if strings.Contains(w.path, "/m1") {
				all = append(all, bad{name: "another resource", body: `{"name":"merchants/m2","parent":"merchants/m2"}`, status: 400})
			}
		} else {
			all = append(all, badGet...)
		}
		for i := range w.input.Fields().Len() {
			switch f := w.input.Fields().Get(i); {
			case w.verb == "POST":
			case f.Kind() == protoreflect.EnumKind:
				all = append(all, bad{name: "no word", path: "?" + f.JSONName() + "=NOPE", status: 400}, bad{name: "a number", path: "?" + f.JSONName() + "=1", status: 400})
			case f.Name() == "page_size":
				for _, n := range []string{"1e3", "1.0", "", "%20", "0x1", "99999999999999999999", "2147483648"} {
					all = append(all, bad{name: "no number " + n, path: "?pageSize=" + n, status: 400})
				}
				all = append(all, bad{name: "two numbers", path: "?pageSize=1&pageSize=2", status: 400}, bad{name: "two spellings", path: "?pageSize=1&page_size=1", status: 400})
			case f.Kind() == protoreflect.BoolKind:
				all = append(all, bad{name: "no truth", path: "?" + f.JSONName() + "=yes", status: 400})
			case f.Kind() == protoreflect.MessageKind:
				all = append(all, bad{name: "no message", path: "?" + f.JSONName() + "=%25", status: 400})
			case f.Kind() == protoreflect.StringKind:
				all = append(all, bad{name: "bytes that are no text", path: "?" + f.JSONName() + "=%ff", status: 400})
			}
		}
		body := ""
		if w.verb == "POST" {
			body = `{}`
		}
		for _, timeout := range badTimes {
			if timeout != " " {
				all = append(all, bad{name: "the time " + timeout, headers: headers{"X-Server-Timeout": timeout}, body: body, status: 400})
			}
		}
		for _, b := range all {
			h.refuses(w.verb+" "+w.path, w, b)
		}
	}
	h.refuses("too large", way{verb: "POST", path: "/v1/merchants"}, bad{name: "plain", body: `{"merchantId":"` + strings.Repeat("m", 9<<20) + `"}`, status: 413})
	h.refuses("nothing", way{verb: "GET", path: ""}, bad{name: "the root", path: "/", status: 404, reason: "METHOD_UNKNOWN"})
	h.refuses("a path that is made plain", way{verb: "GET", path: "/v1//merchants/../merchants/m1"}, bad{status: 404, reason: "METHOD_UNKNOWN"})
}

// badEnvelopes are bodies that are no message in an envelope, of whatever encoding.
func badEnvelopes(message string) map[string]string {
	whole := string(envelope(message))
	flagged := func(flags byte) string { return string(flags) + whole[1:] }
	return map[string]string{
		"nothing": "", "half a head": whole[:3], "a head without its message": "\x00\x00\x00\x00\x09", "half a message": whole[:len(whole)-1],
		"two messages": whole + whole, "more than a message": whole + "x", "an end": flagged(2), "trailers": "\x80" + whole[1:], "unknown flags": flagged(0x40),
		"a length beyond all bounds": "\x00\xff\xff\xff\xff", "no message": string(envelope("\xff\xff\xff")),
	}
}

// Would catch the same in Connect and gRPC-Web, and a broken message of a stream that makes two
// parts of the server write one answer. It walks every method.
func TestMalformedRequestsByMethodAreRefused(t *testing.T) {
	t.Parallel()
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	for _, w := range contract(t) {
		w.verb, w.path = "POST", w.rpc
		say := func(kind string) headers { return headers{"Content-Type": kind} }
		timed := func(kind, header, value string) headers { return headers{"Content-Type": kind, header: value} }
		if !w.streams {
			for _, b := range badBody {
				if b.headers == nil {
					b.headers = say("application/json")
				}
				h.refuses("Connect "+w.rpc, w, b)
			}
			h.refuses("Connect "+w.rpc, w, bad{name: "no message", headers: say("application/proto"), body: "\xff\xff", status: 400})
			h.refuses("Connect "+w.rpc, w, bad{name: "as a stream", headers: say("application/connect+json"), body: string(envelope("{}")), status: 200})
			for _, value := range append(badTimes[:len(badTimes):len(badTimes)], "1.5", "99999999999") {
				if value != " " {
					h.refuses("Connect "+w.rpc, w, bad{name: "the time " + value, headers: timed("application/json", "Connect-Timeout-Ms", value), body: "{}", status: 400})
				}
			}
		} else {
			h.refuses("Connect "+w.rpc, w, bad{name: "as a call", headers: say("application/json"), body: "{}", status: 415})
		}
		kinds := []string{"application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json"}
		if w.streams {
			kinds = append(kinds, "application/connect+json", "application/connect+proto")
		}
		for _, kind := range kinds {
			message := "{}"
			if !strings.HasSuffix(kind, "json") {
				message = "\n\x01x"
			}
			for name, body := range badEnvelopes(message) {
				h.refuses(kind+" "+w.rpc, w, bad{name: name, headers: say(kind), body: body, status: 200})
			}
			header := "Grpc-Timeout"
			if strings.Contains(kind, "connect") {
				header = "Connect-Timeout-Ms"
			}
			for _, value := range badTimes {
				if value != " " {
					h.refuses(kind+" "+w.rpc, w, bad{name: "the time " + value, headers: timed(kind, header, value), body: string(envelope(message)), status: 200})
				}
			}
		}
		for _, kind := range []string{"text/plain", "application/grpc", "application/grpc-web-text", "application/xml", "plain"} {
			h.refuses(kind+" "+w.rpc, w, bad{name: "an unknown form", headers: say(kind), body: "{}", status: 415})
		}
		h.refuses("Connect "+w.rpc, w, bad{name: "an unknown method", headers: say("application/json"), path: "Nothing", body: "{}", status: 404, reason: "METHOD_UNKNOWN"})
		h.refuses("gRPC-Web "+w.rpc, w, bad{name: "an unknown method", headers: say("application/grpc-web"), path: "Nothing", body: "{}", status: 200, reason: "METHOD_UNKNOWN"})
		h.refuses("Connect "+w.rpc, w, bad{name: "another verb", headers: say("application/json"), verb: "GET", status: 405, reason: "METHOD_UNKNOWN"})
	}
}

// Would catch a way of writing a request that is refused, or read as another, although it says
// the same: spellings of fields and masks, and times that a caller may give.
func TestSpellingsOfOneMeaning(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	name := f.file("m1", "l1").GetName()
	get := func(what string, response *http.Response, content []byte) *tenfoldv1.Claim {
		t.Helper()
		var got tenfoldv1.GetClaimResponse
		if err := protojson.Unmarshal(content, &got); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s, %v", what, response.StatusCode, content, err)
		}
		return got.GetClaim()
	}
	all := h.claim(name)
	for _, query := range []string{
		"view=CLAIM_VIEW_FULL", "view=CLAIM_VIEW_FULL&readMask=*", "view=CLAIM_VIEW_FULL&readMask=%2A", "view=CLAIM_VIEW_FULL&read_mask=*", "view=CLAIM_VIEW_FULL&readMask=",
	} {
		response, content := h.call(inRole("support"), "GET", "/v1/"+name+"?"+query, "")
		if got := get(query, response, content); !proto.Equal(got, all) {
			t.Errorf("%s gives %v", query, got)
		}
	}
	for _, mask := range []string{"claimId,stateSince,notice.endsAt", "claim_id,state_since,notice.ends_at", "claimId,state_since,notice.endsAt"} {
		for _, field := range []string{"readMask", "read_mask"} {
			response, content := h.call(inRole("support"), "GET", "/v1/"+name+"?"+field+"="+url.QueryEscape(mask), "")
			if got := get(mask, response, content); got.GetClaimId() == "" || got.GetStateSince() == nil || got.GetName() != "" {
				t.Errorf("%s as %s gives %v", mask, field, got)
			}
			body := fmt.Sprintf(`{"name":%q, %q :  %q}`, name, field, mask)
			response, content = h.call(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", body)
			if got := get(body, response, content); got.GetClaimId() == "" || got.GetStateSince() == nil || got.GetName() != "" {
				t.Errorf("%s gives %v", body, got)
			}
		}
	}
	for _, body := range []string{`{"readMask":"*","view":"CLAIM_VIEW_FULL","name":"` + name + `"}`, `{"name":"` + name + `","view":"CLAIM_VIEW_FULL","read_mask":"*"}`} {
		response, content := h.call(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", body)
		if got := get(body, response, content); !proto.Equal(got, all) {
			t.Errorf("%s gives %v", body, got)
		}
	}
	response, content := h.call(inRole("support"), "GET", "/v1/"+name+"?readMask=orderLine.unitPrice.currencyCode&view=CLAIM_VIEW_FULL", "")
	if got := get("a part of an amount", response, content); got.GetOrderLine().GetUnitPrice().GetMinorUnits() != 10_000 || got.GetOrderLine().GetOrderId() != "" {
		t.Errorf("a part of an amount gives %v", got)
	}
	response, content = h.call(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", `{"name":"`+name+`","readMask":"*","readMask":"*"}`)
	refusedInForm(t, "two masks", response, content, 400, "REQUEST_INVALID")
	for _, mask := range []string{`a\"b,state`, `state\",\"view\":\"CLAIM_VIEW_FULL`, `\\`, `state,`, `\u0022`, `State`} {
		response, content = h.call(inRole("support"), "POST", "/tenfold.v1.ClaimService/GetClaim", `{"name":"`+name+`","readMask":"`+mask+`"}`)
		refusedInForm(t, "the mask "+mask, response, content, 400, "REQUEST_INVALID")
	}
	for _, timeout := range []string{"1", "2.5", "0.25", "30", "999999999"} {
		who := inRole("support")
		who["X-Server-Timeout"] = timeout
		response, content := h.call(who, "GET", "/v1/"+name, "")
		get("in "+timeout+" s", response, content)
	}
}

// zeroless is what the answers of a test may hold: amounts as JavaScript reads them.
type zeroless struct {
	t     *testing.T
	found int
}

// look fails the test for an amount without a number.
func (z *zeroless) look(where string, v any) {
	switch v := v.(type) {
	case map[string]any:
		_, currency := v["currencyCode"].(string)
		units, has := v["minorUnits"].(string)
		if currency && len(v) <= 2 {
			if _, err := strconv.ParseInt(units, 10, 64); err != nil || !has {
				z.t.Errorf("%s: the amount %v has no number", where, v)
			}
			if units == "0" {
				z.found++
			}
		}
		for key, one := range v {
			z.look(where+"."+key, one)
		}
	case []any:
		for _, one := range v {
			z.look(where, one)
		}
	}
}

// Would catch an amount of zero that is left out, so that callers compute with what is no number;
// over every protocol with JSON; and a text that only looks like one and is changed.
func TestAmountsAreAlwaysWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	filing := f.filing("m1", "l1")
	const note = `"minorUnits":"-9223372036854775808" "currencyCode":"CNY"`
	filing.Note = note
	if err := f.fileErr(filing); err != nil {
		t.Fatal(err)
	}
	z := &zeroless{t: t}
	for _, row := range []struct{ verb, path, body, role string }{
		{"GET", "/v1/merchants/m1", "", "finance"}, {"POST", "/tenfold.v1.DepositService/GetBook", `{"name":"merchants/m1"}`, "finance"},
		{"POST", "/v1/merchants", `{"merchantId":"m2","requestId":"r1","currencyCode":"CNY"}`, "finance"},
	} {
		response, content := h.call(inRole(row.role), row.verb, row.path, row.body)
		var said any
		if err := json.Unmarshal(content, &said); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", row.path, response.StatusCode, content, err)
		}
		before := z.found
		z.look(row.path, said)
		if z.found == before {
			t.Errorf("%s shows no amount of zero: %s", row.path, content)
		}
	}
	var listed struct{ Claims []struct{ Name string } }
	_, content := h.call(inRole("support"), "GET", "/v1/merchants/m1/claims", "")
	if err := json.Unmarshal(content, &listed); err != nil || len(listed.Claims) != 1 {
		t.Fatalf("%s, %v", content, err)
	}
	_, content = h.call(inRole("support"), "GET", "/v1/"+listed.Claims[0].Name+"/moves", "")
	if quoted := strconv.Quote(note); !strings.Contains(string(content), quoted) {
		t.Errorf("the note %s is not in %s", quoted, content)
	}
}

// Would catch a kind of amount that the contract gets and that is left out when it is zero.
func TestEveryKindOfAmountIsWritten(t *testing.T) {
	t.Parallel()
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			if (m.Fields().ByName("minor_units") != nil) != rpc.AlwaysWritten(m.FullName()) {
				t.Errorf("%s: always written is %v", m.FullName(), rpc.AlwaysWritten(m.FullName()))
			}
		}
		return true
	})
}

// Would catch an answer to a caller over HTTP that a refusal of a handler loses on its way: what to
// wait for, or the end of a stream.
func TestRefusalsKeepTheirForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	watch := `{"parent":"merchants/-","resumeToken":"no token"}`
	for _, row := range []struct{ name, path, kind, body, want string }{
		{"a call", "/tenfold.v1.ClaimService/GetClaim", "application/json", `{"name":"merchants/m1/claims/0"}`, "CLAIM_NOT_FOUND"},
		{"a call in protobuf", "/tenfold.v1.ClaimService/GetClaim", "application/proto", "\n\x15merchants/m1/claims/0", "CLAIM_NOT_FOUND"},
		{"gRPC-Web", "/tenfold.v1.ClaimService/GetClaim", "application/grpc-web+json", string(envelope(`{"name":"merchants/m1/claims/0"}`)), "CLAIM_NOT_FOUND"},
		{"a watch", "/tenfold.v1.WatchService/WatchClaims", "application/connect+json", string(envelope(watch)), "WATCH_TOKEN_INVALID"},
		{"a watch of gRPC-Web", "/tenfold.v1.WatchService/WatchClaims", "application/grpc-web+json", string(envelope(watch)), "WATCH_TOKEN_INVALID"},
	} {
		who := inRole("support")
		who["Content-Type"], who["Accept-Language"] = row.kind, "zh"
		response, content := h.call(who, "POST", row.path, row.body)
		s, err := answered(response, content)
		if err != nil || refusal(s.Err()).reason != row.want {
			t.Errorf("%s: %d %q, %v", row.name, response.StatusCode, content, err)
		}
	}
}

// Would catch a body that is read without an end before anybody is asked who calls, or one that
// is refused although it may be sent.
func TestBodiesOfUnknownLength(t *testing.T) {
	t.Parallel()
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	send := func(size int) (*http.Response, []byte) {
		blanks := io.LimitReader(endlessBlanks{}, int64(size))
		r, err := http.NewRequestWithContext(t.Context(), "POST", h.base+"/v1/merchants", struct{ io.Reader }{io.MultiReader(strings.NewReader("{"), blanks, strings.NewReader("}"))})
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for name, value := range inRole("operator") {
			r.Header.Set(name, value)
		}
		return h.answerTo(r)
	}
	response, content := send(8<<20 - 2)
	refusedInForm(t, "the largest body", response, content, 400, "REQUEST_INVALID")
	if !strings.Contains(string(content), "merchant_id") {
		t.Errorf("the largest body is not read: %s", content)
	}
	response, content = send(8<<20 - 1)
	refusedInForm(t, "one more", response, content, 413, "REQUEST_INVALID")
}

type endlessBlanks struct{}

func (endlessBlanks) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte(" "), len(p)))
	return len(p), nil
}
