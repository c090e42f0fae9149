package rpc_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"testing"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a request that says two things and is carried out for one of them: money
// that goes to a merchant other than the path names, or a parameter that is dropped.
func TestContradictionsOverHTTPAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	f.open("m2", 0)
	body := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"requestId":%q,"amount":{"currencyCode":"CNY","minorUnits":"5"},"paymentReference":"pay-9"}`, name, f.id())
	}
	for _, row := range []struct{ name, method, path, body string }{
		{"a query that names another", "POST", "/v1/merchants/m1:topUpDeposit?name=merchants/m2", body("")},
		{"a part of a name in the query", "GET", "/v1/merchants/m1?name.x=1", ""},
		{"a body that names another", "POST", "/v1/merchants/m1:topUpDeposit", body("merchants/m2")},
		{"a body that names a part", "POST", "/v1/merchants/m1:topUpDeposit", body("merchants/m")},
		{"another request in the query", "GET", "/v1/merchants/m1/requests/r1?requestId=r2", ""},
		{"a doubled parameter", "GET", "/v1/merchants/m1/claims?pageSize=1&pageSize=2", ""},
		{"a doubled read mask", "GET", "/v1/merchants/m1/claims/c?readMask=state&readMask=etag", ""},
		{"an encoded slash", "GET", "/v1/merchants%2Fm1", ""},
		{"an encoded slash in lower case", "GET", "/v1/merchants/m1%2fclaims", ""},
		{"an encoded backslash", "GET", "/v1/merchants%5Cm1", ""},
		{"a query that cannot be read", "GET", "/v1/merchants/m1?view=%zz", ""},
	} {
		response, content := h.call(inRole("finance"), row.method, row.path, row.body)
		var said statuspb.Status
		if err := protojson.Unmarshal(content, &said); err != nil {
			t.Errorf("%s: %d %.200s: %v", row.name, response.StatusCode, content, err)
			continue
		}
		if got := refusal(status.FromProto(&said).Err()); response.StatusCode != http.StatusBadRequest || got.reason != "REQUEST_INVALID" {
			t.Errorf("%s: %d %.400s", row.name, response.StatusCode, content)
		}
	}
	h.send(inRole("finance"), "POST", "/v1/merchants/m1:topUpDeposit", f.topUp("m1", 5, "pay-1"), &tenfoldv1.TopUpDepositResponse{})
	for merchant, want := range map[string]int64{"m1": 5, "m2": 0} {
		b, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
		if err != nil || b.GetBook().GetDepositAvailable().GetMinorUnits() != want {
			t.Errorf("%s has %v, %v", merchant, b.GetBook().GetDepositAvailable(), err)
		}
	}
	f.audited()
}

// bomb is a body that unpacks to 256 MiB of blanks.
func bomb(t *testing.T) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range 256 {
		if _, err := w.Write(blanks); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// Would catch a small body of a stranger that unpacks to gigabytes, in any protocol of the
// port.
func TestBombsAreDefused(t *testing.T) {
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	packed := bomb(t)
	framed := append(binary.BigEndian.AppendUint32([]byte{1}, uint32(len(packed))), packed...)
	for _, row := range []struct {
		name, path string
		body       []byte
		headers    headers
		status     int
		strange    int
	}{
		{"REST", "/v1/merchants", packed, headers{"Content-Type": "application/json", "Content-Encoding": "gzip"}, 413, 401},
		{"REST, packed twice", "/v1/merchants", packed, headers{"Content-Type": "application/json", "Content-Encoding": "gzip, gzip"}, 415, 401},
		{"Connect", "/tenfold.v1.ClaimService/GetClaim", packed, headers{"Content-Type": "application/json", "Content-Encoding": "gzip"}, 413, 401},
		{"Connect stream", "/tenfold.v1.WatchService/WatchClaims", framed, headers{"Content-Type": "application/connect+json", "Connect-Content-Encoding": "gzip"}, 200, 200},
		{"gRPC-Web", "/tenfold.v1.ClaimService/GetClaim", framed, headers{"Content-Type": "application/grpc-web+proto", "Grpc-Encoding": "gzip"}, 200, 200},
		{"gRPC-Web JSON", "/tenfold.v1.ClaimService/GetClaim", framed, headers{"Content-Type": "application/grpc-web+json", "Grpc-Encoding": "gzip"}, 200, 200},
	} {
		for who, want := range map[string]struct {
			headers headers
			status  int
			reason  string
		}{"a caller": {inRole("operator"), row.status, "REQUEST_INVALID"}, "a stranger": {nil, row.strange, "CREDENTIAL_MISSING"}} {
			maps.Copy(row.headers, want.headers)
			h.client.CloseIdleConnections() // Whoever comes next is met anew.
			took := allocated(func() {
				response, content := h.call(row.headers, "POST", row.path, string(row.body))
				refusedInForm(t, row.name+" of "+who, response, content, want.status, want.reason)
			})
			for name := range want.headers {
				delete(row.headers, name)
			}
			// Growing buffers take a few times what is allowed in the end.
			if took > 96<<20 {
				t.Errorf("%s of %s: %d MiB were allocated", row.name, who, took>>20)
			}
		}
	}
}

// allocated is how much is allocated meanwhile.
func allocated(meanwhile func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	meanwhile()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Would catch a compressed body that is refused although it is small, or that says another
// thing than its path and is not looked at.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	f.open("m1", 0)
	f.open("m2", 0)
	send := func(body string) int {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write([]byte(body))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		who := inRole("finance")
		who["Content-Encoding"] = "gzip"
		response, _ := h.call(who, "POST", "/v1/merchants/m1:topUpDeposit", packed.String())
		return response.StatusCode
	}
	body := `{%s"requestId":"r1","amount":{"currencyCode":"CNY","minorUnits":"5"},"paymentReference":"pay-9"}`
	if code := send(fmt.Sprintf(body, `"name":"merchants/m2",`)); code != http.StatusBadRequest {
		t.Errorf("a compressed contradiction: %d", code)
	}
	if code := send(fmt.Sprintf(body, "")); code != http.StatusOK {
		t.Errorf("a compressed body: %d", code)
	}
}
