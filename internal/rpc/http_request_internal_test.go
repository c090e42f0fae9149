package rpc

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// FuzzRequest would catch a request over HTTP that ends the server, one that is taken although it
// names another resource than its path, and one that cannot be passed on.
func FuzzRequest(f *testing.F) {
	const asJSON = "application/json"
	f.Add("POST", "/v1/merchants/m1/claims", asJSON, `{"requestId":"r","units":[1],"orderLine":{"quantity":1}}`)
	f.Add("GET", "/v1/merchants/m1/claims?pageSize=3&filter=order_id%20%3D%20%22x%22", "", "")
	f.Add("GET", "/v1/merchants/m1/claims/C1?view=CLAIM_VIEW_FULL&readMask=state,units", "", "")
	f.Add("POST", "/v1/merchants/m1/claims/C1:accept", asJSON, `{"request_id":"r","validateOnly":true}`)
	f.Add("POST", "/v1/merchants/m1/orderLines/2026%252F77:reportRefund", asJSON, `{"refund":{"amount":{"minorUnits":"1"}},"name":"merchants/m2/orderLines/l"}`)
	f.Add("POST", "/tenfold.v1.ClaimService/GetClaim", "application/proto", "\n\x01x")
	f.Add("POST", "/tenfold.v1.ClaimService/GetClaim", "application/grpc-web+json", "\x00\x00\x00\x00\x02{}")
	f.Add("POST", "/tenfold.v1.WatchService/WatchClaims", "application/connect+json", "\x00\x00\x00\x00\x02{}")
	server := grpc.NewServer()
	tenfoldv1.RegisterClaimServiceServer(server, tenfoldv1.UnimplementedClaimServiceServer{})
	tenfoldv1.RegisterWatchServiceServer(server, tenfoldv1.UnimplementedWatchServiceServer{})
	tenfoldv1.RegisterDepositServiceServer(server, tenfoldv1.UnimplementedDepositServiceServer{})
	routes, err := newRoutes(server.GetServiceInfo())
	if err != nil {
		f.Fatal(err)
	}
	x := &transcoder{routes: routes, receiveMax: 1 << 20}
	f.Fuzz(func(t *testing.T, verb, target, contentType, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Skip()
		}
		r := &http.Request{Method: verb, URL: u, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
		r.Header.Set("X-Server-Timeout", "5")
		form, refused := x.formOf(r)
		if refused != nil || form.protocol == native {
			return
		}
		at, refused := x.find(r, form)
		if refused != nil {
			return
		}
		c, refused := x.read(r, form, at)
		if refused != nil {
			return
		}
		m := at.method.input.New().Interface()
		if err := proto.Unmarshal(c.message, m); err != nil {
			t.Fatalf("%s %s: what was read cannot be read again: %v", verb, target, err)
		}
		if at.way == nil {
			return
		}
		for _, given := range at.way.fields {
			if value := m.ProtoReflect().Get(given.field).String(); value == "" || !strings.Contains(u.Path, value) {
				t.Fatalf("%s %s is taken for %s = %q", verb, target, given.field.Name(), value)
			}
		}
	})
}
