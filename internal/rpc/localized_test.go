package rpc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// localizedIn is the text of a refusal in a locale; empty for none, or more than one text.
func localizedIn(err error, locale string) string {
	text, texts := "", 0
	for _, d := range status.Convert(err).Details() {
		if m, ok := d.(*errdetails.LocalizedMessage); ok {
			texts++
			if m.GetLocale() == locale {
				text = m.GetMessage()
			}
		}
	}
	if texts != 1 {
		return ""
	}
	return text
}

func hasHan(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Would catch a reason that is refused without words in a language, and a text that tells
// a fact which is hidden from the caller.
func TestEveryReasonIsLocalized(t *testing.T) {
	t.Parallel()
	for _, reason := range rpc.Reasons() {
		for l, locale := range map[explain.Language]string{explain.English: "en", explain.Chinese: "zh-CN"} {
			refused := fault.New(reason, "in English").With("proposalNumber", "hidden-1").With("debtId", "hidden-2").With("claimId", "C-1")
			for _, role := range []principal.Role{principal.RoleOrderService, principal.RoleMerchant, principal.RoleAuditor} {
				s := rpc.Localized(rpc.StatusOf(role, refused), l)
				text := localizedIn(s.Err(), locale)
				if text == "" || hasHan(text) != (l == explain.Chinese) {
					t.Errorf("%s in %s reads %q", reason, l, text)
				}
				if s.Message() != "in English" {
					t.Errorf("%s in %s changed the message: %q", reason, l, s.Message())
				}
				if role == principal.RoleOrderService && strings.Contains(text, "hidden") || role == principal.RoleMerchant && strings.Contains(text, "hidden-1") {
					t.Errorf("%s tells %s what is hidden: %q", reason, role, text)
				}
			}
		}
	}
	if text := localizedIn(rpc.Localized(rpc.StatusOf(principal.RoleAuditor, fault.New(fault.ProposalNotFound, "x").With("proposalNumber", 7)), explain.Chinese).Err(), "zh-CN"); !strings.Contains(text, "7") {
		t.Errorf("an auditor is told %q", text)
	}
}

// Would catch an outage, or an error of the server, that has no words.
func TestOutagesAreLocalized(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("a bug"), status.Error(codes.DeadlineExceeded, "late"), status.Error(codes.Unimplemented, "no"), status.Error(codes.DataLoss, "?")} {
		text := localizedIn(rpc.Localized(rpc.StatusOf(principal.RoleSupport, err), explain.Chinese).Err(), "zh-CN")
		if !hasHan(text) || strings.Contains(text, "bug") {
			t.Errorf("%v reads %q", err, text)
		}
	}
}

// Would catch a language that is not understood as browsers and libraries write it, and
// a header that breaks the choice.
func TestLanguageIsChosenByHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]explain.Language{
		"": explain.English, "en": explain.English, "en-GB,en;q=0.9": explain.English, "fr": explain.English, "*": explain.English,
		"zh": explain.Chinese, "zh-CN": explain.Chinese, "zh-cn": explain.Chinese, "zh-Hans-CN": explain.Chinese, "zh-SG,en;q=0.3": explain.Chinese,
		"zh-CN,zh;q=0.9,en;q=0.8": explain.Chinese, "en;q=0.2,zh;q=0.9": explain.Chinese, "fr, zh;q=0.5": explain.Chinese,
		"zh;q=0": explain.English, "zh;q=0.1,en": explain.English,
		";;;": explain.English, "zh;q=x": explain.English, "\x00": explain.English, strings.Repeat("zh,", 1000): explain.English,
	} {
		if got := rpc.Spoken(header); got != want {
			t.Errorf("%.40q asks for %s, want %s", header, got, want)
		}
	}
	if got := rpc.Spoken("zh", "en"); got != explain.English {
		t.Errorf("two headers ask for %s", got)
	}
}

// Would catch a way to the server on which a refusal stays English: calls, streams, items
// of batches, and calls over HTTP.
func TestRefusalsSpeakTheLanguageOfTheCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	inChinese := metadata.AppendToOutgoingContext(f.as("support"), "accept-language", "zh-CN,zh;q=0.9")
	const absent = "merchants/m1/claims/0000000000000000000"
	_, err := f.claims.GetClaim(inChinese, &tenfoldv1.GetClaimRequest{Name: "merchants/m1"})
	if text := localizedIn(err, "zh-CN"); !strings.Contains(text, "字段name格式不正确") {
		t.Errorf("a call: %q, %v", text, err)
	}
	stream, err := f.watches.WatchClaims(inChinese, &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", ResumeToken: "none"})
	if err == nil {
		_, err = stream.Recv()
	}
	if text := localizedIn(err, "zh-CN"); !hasHan(text) {
		t.Errorf("a stream: %q, %v", text, err)
	}
	bad := f.filing("m9", "l9")
	batch, err := f.claims.BatchFileClaims(metadata.AppendToOutgoingContext(f.as("order-service"), "accept-language", "zh"),
		&tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{bad}})
	if err != nil {
		t.Fatal(err)
	}
	if s := batch.GetItems()[0].GetStatus(); s.GetLocalizedMessage() != "商家m9没有账簿。" || s.GetLocale() != "zh-CN" {
		t.Errorf("an item of a batch: %s", s)
	}
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	for _, path := range []string{"/v1/" + absent, "/v1/" + absent + "?wrong=1", "/v1/merchants/m1/claims/0:explain?time_zone=Local", "/tenfold.v1.ClaimService/GetClaim"} {
		for header, chinese := range map[string]bool{"zh-CN": true, "en-US": false} {
			who, method, body := inRole("support"), "GET", ""
			who["Accept-Language"] = header
			if strings.HasPrefix(path, "/tenfold") {
				method, body = "POST", `{"name":"merchants/m1/claims/0"}`
			}
			response, content := h.call(who, method, path, body)
			var answer struct{ Details []map[string]any }
			if err := json.Unmarshal(content, &answer); err != nil || response.StatusCode < 400 {
				t.Errorf("%s: %d %s: %v", path, response.StatusCode, content, err)
			}
			// Connect writes a detail in base64 and in the clear.
			if !strings.Contains(string(content), "LocalizedMessage") || hasHan(string(content)) != chinese {
				t.Errorf("%s with %s answers %s", path, header, content)
			}
		}
	}
	who := inRole("support")
	who["Accept-Language"] = "zh-CN"
	if _, content := h.call(who, "GET", "/v1/merchants/m1?name=merchants/m2", ""); !hasHan(string(content)) {
		t.Errorf("a request that says two things: %s", content)
	}
	// What cannot be read is refused before the call begins.
	if _, content := h.call(who, "POST", "/v1/merchants", `{"nonsense":1}`); !hasHan(string(content)) {
		t.Errorf("unreadable: %s", content)
	}
}
