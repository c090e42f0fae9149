package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/web"
	_ "github.com/tenfold-claims/tenfold/proto/tenfold/v1" // The contract that is described.
)

// served serves calls and gives the server's base address.
func served(t *testing.T, calls http.HandlerFunc, change func(*web.Config)) string {
	t.Helper()
	config := web.Defaults()
	config.Now, config.Refuse = time.Now, refuse
	change(&config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := web.Serve(peers.Listen(listener, peers.Defaults()), calls, config, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ending); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// refuse answers in a form of the test's own.
func refuse(w http.ResponseWriter, _ *http.Request, code int, why string) { http.Error(w, why, code) }

func accept(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// ask makes a request with headers, "Host" among them, and gives its answer. Each
// goes over a connection of its own.
func ask(t *testing.T, method, url string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// Would catch a header that decides about a request and stands twice, so that the server
// goes by one of its values and a proxy before it by the other.
func TestHeadersThatDecideStandOnce(t *testing.T) {
	t.Parallel()
	url := served(t, accept, func(c *web.Config) { c.Origins = []string{"https://tool.example"} }) + "/v1/merchants"
	for _, name := range web.Single {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header[name] = []string{"https://tool.example", "https://tool.example"}
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(string(content), "header "+name+" stands 2 times") {
			t.Errorf("%s: %d %s, %v", name, response.StatusCode, content, err)
		}
	}
}

// Would catch a web page that can act as the person before it: from an origin that
// nobody allowed, or under a name that its owner lets point to this machine.
func TestForeignPagesMayNotCall(t *testing.T) {
	t.Parallel()
	url := served(t, accept, func(c *web.Config) { c.Origins = []string{"https://tool.example"} }) + "/v1/merchants"
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"no page", nil, 200},
		{"a page that may", []string{"Origin", "https://tool.example", "Sec-Fetch-Site", "cross-site"}, 200},
		{"another page", []string{"Origin", "https://other.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"another page of old browsers", []string{"Origin", "https://other.example"}, 403},
		{"a name that points here", []string{"Host", "rebound.example"}, 421},
		{"a name of this machine", []string{"Host", "localhost:80"}, 200},
		{"an address of this machine", []string{"Host", "[::1]:80"}, 200},
	} {
		if got := ask(t, "POST", url, row.headers...).StatusCode; got != row.status {
			t.Errorf("%s: %d, want %d", row.name, got, row.status)
		}
	}
}

// Would catch a browser that is told that any page may call, or one that is not told
// of the page that may.
func TestBrowsersAreTold(t *testing.T) {
	t.Parallel()
	allowed := func(url, origin string) string {
		return ask(t, "OPTIONS", url, "Origin", origin, "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "tenfold-role").Header.Get("Access-Control-Allow-Origin")
	}
	closed := served(t, accept, func(*web.Config) {})
	opened := served(t, accept, func(c *web.Config) { c.Origins = []string{"https://tool.example"} })
	for _, row := range []struct{ name, url, origin, want string }{
		{"by default", closed, "https://tool.example", ""},
		{"another", opened, "https://other.example", ""},
		{"the one allowed", opened, "https://tool.example", "https://tool.example"},
	} {
		if got := allowed(row.url, row.origin); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Would catch an origin that allows more than it says, or nothing.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for origin, good := range map[string]bool{
		"https://tool.example": true, "http://localhost:3000": true,
		"*": false, "": false, "tool.example": false, "https://tool.example/": false, "ftp://tool.example": false, "https://": false,
	} {
		if err := web.CheckOrigin(origin); (err == nil) != good {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// Would catch a connection that lives for ever, on which a withdrawn authority would
// be believed for ever, and a stream that outlives its connection's time.
func TestOldConnectionsEnd(t *testing.T) {
	t.Parallel()
	url := served(t, accept, func(c *web.Config) { c.ConnectionAge = -1 })
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if !response.Close {
		t.Error("an old connection goes on")
	}
	ended := make(chan struct{})
	stream := func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	}
	// Whether its answer still gets out before the connection ends is not promised.
	response, err = http.Get(served(t, stream, func(c *web.Config) { c.ConnectionAge, c.ConnectionGrace = 0, time.Millisecond }))
	switch {
	case err == nil:
		_ = response.Body.Close()
	case !errors.Is(err, io.EOF):
		t.Error(err)
	}
	<-ended
}

// unread asks for an answer and reads nothing of it.
func unread(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// endless is an answer that goes on until it cannot be written; then it says so.
func endless(begun, ended chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		defer close(ended)
		for part := make([]byte, 64<<10); ; {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}
}

// Would catch a caller who does not read, and holds a call and its memory for ever.
func TestAnswersAreReadInTime(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	base := served(t, endless(begun, ended), func(c *web.Config) { c.ConnectionAge, c.ConnectionGrace = 0, 50*time.Millisecond })
	unread(t, strings.TrimPrefix(base, "http://"))
	<-ended
}

// Would catch a server that cannot stop because of a caller who does not read.
func TestStopCutsOffWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	config := web.Defaults()
	config.Now, config.Refuse = time.Now, refuse
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan struct{})
	s := web.Serve(peers.Listen(listener, peers.Defaults()), endless(begun, ended), config, slog.New(slog.DiscardHandler))
	unread(t, listener.Addr().String())
	<-begun
	ending, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Stop(ending); err != nil {
		t.Error(err)
	}
	<-ended
}

// Would catch a caller who keeps a call open by sending its body for ever, and a
// bound that cuts off answers that take longer than requests may.
func TestRequestsArriveInTime(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	beyond := make(chan struct{})
	url := served(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
		select {
		case <-beyond:
		case <-r.Context().Done():
			read <- r.Context().Err()
		}
	}, func(c *web.Config) { c.RequestMax = 100 * time.Millisecond })
	body, held := io.Pipe()
	defer held.Close()
	go func() {
		if response, err := http.Post(url, "application/json", body); err == nil {
			_ = response.Body.Close()
		}
	}()
	if err := <-read; err == nil {
		t.Error("a body that does not end is read to its end")
	}
	<-read // That caller is cut off.

	answered := make(chan error, 1)
	go func() {
		response, err := http.Post(url, "application/json", strings.NewReader("{}"))
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	late := time.NewTimer(300 * time.Millisecond)
	select {
	case err := <-read:
		t.Errorf("a call that takes longer than its request is ended: %v", err)
	case <-late.C:
	}
	close(beyond)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// operations are the paths of the contract, by id of the operation.
func operations(t *testing.T) map[string]bool {
	t.Helper()
	ids := make(map[string]bool)
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if method := service.Methods().Get(j); proto.HasExtension(method.Options(), annotations.E_Http) {
					ids[string(service.Name())+"_"+string(method.Name())] = true
				}
			}
		}
		return true
	})
	return ids
}

// Would catch a description that is not served, is of another version of OpenAPI,
// or does not know a method.
func TestDescription(t *testing.T) {
	t.Parallel()
	response := ask(t, "GET", served(t, accept, func(*web.Config) {})+"/openapi.json")
	var document struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]struct{ OperationID string }
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1.") || document.Info.Title != "Tenfold" || document.Info.Version != "v1" {
		t.Errorf("the description is of %s, %+v", document.OpenAPI, document.Info)
	}
	left := operations(t)
	if len(left) == 0 {
		t.Fatal("the contract has no paths")
	}
	for _, path := range document.Paths {
		for _, operation := range path {
			delete(left, operation.OperationID)
		}
	}
	if len(left) > 0 {
		t.Errorf("the description does not have %v", left)
	}
}
