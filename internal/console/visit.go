package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// visit is one request of a browser and its answer.
type visit struct {
	s   *console
	me  me
	w   http.ResponseWriter
	r   *http.Request
	ctx context.Context
}

func (s *console) visit(w http.ResponseWriter, r *http.Request) *visit {
	m := s.who(r)
	return &visit{s: s, me: m, w: w, r: r, ctx: context.WithValue(r.Context(), meKey{}, m)}
}

// say is a text of the console in the person's language.
func (v *visit) say(key string) string { return say(v.me.Language, key) }

// language is the language that texts are asked for in.
func (v *visit) language() tenfoldv1.Language {
	if v.me.Language == chinese {
		return tenfoldv1.Language_LANGUAGE_CHINESE
	}
	return tenfoldv1.Language_LANGUAGE_ENGLISH
}

// query is a parameter of the address, and posted a field of the form.
func (v *visit) query(name string) string  { return strings.TrimSpace(v.r.URL.Query().Get(name)) }
func (v *visit) posted(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// frame is what every page has around it.
type frame struct {
	Me    me
	Roles []string
	// Signed says that a proxy has signed the person in.
	Signed bool
	// Title is a text of the console, or a name.
	Title string
	// Here is the address of the page, without what was done before.
	Here string
	// Done says what was just done, empty for nothing.
	Done string
	// Zone is the time zone of times.
	Zone string
	Body any
}

// render answers with a page. A page that cannot be made is answered as such, and never in part.
func (v *visit) render(code int, page, title string, body any) {
	here := *v.r.URL
	q := here.Query()
	done := q.Get("done")
	q.Del("done")
	here.RawQuery = q.Encode()
	f := frame{
		Me: v.me, Roles: v.s.Roles, Signed: v.s.PersonHeader != "", Title: title, Here: here.RequestURI(), Zone: v.s.Zone.String(), Body: body,
	}
	if v.r.Method != http.MethodGet {
		f.Here = v.r.URL.Path
	}
	if known(done) {
		f.Done = done
	}
	var out bytes.Buffer
	if err := v.s.pages[v.me.Language].ExecuteTemplate(&out, page, f); err != nil {
		v.s.Log.ErrorContext(v.ctx, "cannot make page", "page", page, "error", err)
		http.Error(v.w, v.say("page.broken"), http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(code)
	_, _ = v.w.Write(out.Bytes()) // The browser may be gone.
}

// missing answers that there is no such page.
func (v *visit) missing() error {
	v.fail(http.StatusNotFound, v.say("page.missing"))
	return nil
}

// failure is why a page cannot be shown, or nothing was done.
type failure struct {
	Text, Reason string
	Fields       []string
}

func (v *visit) fail(code int, text string) {
	v.render(code, "failure", "failed", failure{Text: text})
}

// refused answers with what the server said to a call.
func (v *visit) refused(err error) {
	code, f := v.why(err)
	v.render(code, "failure", "failed", f)
}

// statuses are those of HTTP by the code of a refusal; any other means that the server could not
// answer.
var statuses = map[codes.Code]int{
	codes.NotFound:        http.StatusNotFound,
	codes.InvalidArgument: http.StatusBadRequest, codes.OutOfRange: http.StatusBadRequest,
	codes.PermissionDenied: http.StatusForbidden, codes.Unauthenticated: http.StatusForbidden,
	codes.Aborted: http.StatusConflict, codes.AlreadyExists: http.StatusConflict, codes.FailedPrecondition: http.StatusConflict,
	codes.ResourceExhausted: http.StatusTooManyRequests,
}

// why reads a refusal: its text is the server's own, in the person's language.
func (v *visit) why(err error) (int, failure) {
	var form formError
	if errors.As(err, &form) {
		return http.StatusBadRequest, failure{Text: v.say(string(form))}
	}
	s := status.Convert(err)
	f := failure{Text: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			f.Reason = d.GetReason()
		case *errdetails.LocalizedMessage:
			f.Text = d.GetMessage()
		case *errdetails.BadRequest:
			for _, x := range d.GetFieldViolations() {
				f.Fields = append(f.Fields, x.GetField()+": "+x.GetDescription())
			}
		}
	}
	code, known := statuses[s.Code()]
	if !known {
		code = http.StatusBadGateway
	}
	if f.Reason == "" {
		v.s.Log.WarnContext(v.ctx, "call failed", "path", v.r.URL.Path, "code", s.Code().String(), "error", s.Message())
		f.Text = v.say("server.away")
	}
	return code, f
}

// may reads something that the role may not be shown, or that this server does not have: without
// it the page is shown all the same.
func may[T any](answer T, err error) (T, error) {
	var none T
	if code := status.Code(err); code == codes.PermissionDenied || code == codes.Unimplemented {
		return none, nil
	}
	return answer, err
}

// formError is a text of the console for a form that cannot be read.
type formError string

func (e formError) Error() string { return string(e) }

// to sends the browser to a page, which tells what was done.
func (v *visit) to(path, done string) error {
	u := url.URL{Path: path}
	if done != "" {
		u.RawQuery = url.Values{"done": {done}}.Encode()
	}
	http.Redirect(v.w, v.r, u.String(), http.StatusSeeOther)
	return nil
}

// requestID is the id of the request that a form will send: made with the form, so that a form
// that is sent twice is carried out once.
func (v *visit) requestID() string {
	if id := v.posted("request_id"); id != "" {
		return id
	}
	return rand.Text()
}

// more is the address of the next page of a list; empty on the last page.
func (v *visit) more(token string) string {
	if token == "" {
		return ""
	}
	q := v.r.URL.Query()
	q.Set("page", token)
	q.Del("done")
	return v.r.URL.Path + "?" + q.Encode()
}
