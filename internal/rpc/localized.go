package rpc

import (
	"strings"

	"context"

	bcp47 "golang.org/x/text/language"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// acceptLanguage is the metadata, and the header over HTTP, by which a caller chooses
// the language of refusals.
const acceptLanguage = "accept-language"

// acceptLanguageMax bounds what is read of it; browsers send some fifty bytes.
const acceptLanguageMax = 256

// locales are the languages as BCP 47 tags. The first is that of callers who ask for
// none.
var locales = []struct {
	tag      string
	language explain.Language
}{{"en", explain.English}, {"zh-CN", explain.Chinese}}

var localeMatcher = bcp47.NewMatcher([]bcp47.Tag{bcp47.English, bcp47.SimplifiedChinese})

// spoken is the language that a call asks for; English where it asks for none that the
// server writes, or in a form that cannot be read.
func spoken(ctx context.Context) explain.Language {
	return spokenIn(wished(ctx))
}

func spokenIn(headers []string) explain.Language {
	if len(headers) != 1 || headers[0] == "" || len(headers[0]) > acceptLanguageMax {
		return explain.English
	}
	tags, weights, err := bcp47.ParseAcceptLanguage(headers[0])
	if err != nil {
		return explain.English
	}
	var wanted []bcp47.Tag
	for i, tag := range tags {
		if weights[i] > 0 { // A weight of zero refuses a language.
			wanted = append(wanted, tag)
		}
	}
	_, index, _ := localeMatcher.Match(wanted...)
	return locales[index].language
}

// tagOf is the BCP 47 tag of a language.
func tagOf(l explain.Language) string {
	for _, one := range locales {
		if one.language == l {
			return one.tag
		}
	}
	return locales[0].tag
}

// localized adds to a status its text in a language. The text is written from the
// details that the status has, and so tells nothing that is hidden from the caller.
func localized(s *status.Status, l explain.Language) *status.Status {
	if s.Code() == codes.OK {
		return s
	}
	with, err := s.WithDetails(&errdetails.LocalizedMessage{Locale: tagOf(l), Message: textOf(s, l)})
	if err != nil {
		return s // Details that cannot be encoded would be a bug; the status says what matters.
	}
	return with
}

// textOf puts a status into words.
func textOf(s *status.Status, l explain.Language) string {
	r := explain.Refused{Detail: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			r.Reason, r.Facts = fault.Reason(d.GetReason()), d.GetMetadata()
		case *errdetails.BadRequest:
			if v := d.GetFieldViolations(); len(v) > 0 {
				r.Field, r.Rule = v[0].GetField(), v[0].GetReason()
			}
		case *errdetails.RetryInfo:
			r.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	// The sentence names the field, and so do the words around it.
	if rest, named := strings.CutPrefix(r.Detail, r.Field); named && r.Field != "" {
		r.Detail = strings.TrimLeft(rest, ": ")
	}
	if r.Reason == "" {
		return explain.Outage(l, s.Code().String())
	}
	return explain.Refusal(l, &r)
}
