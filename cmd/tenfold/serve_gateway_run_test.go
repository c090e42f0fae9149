package main

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a server that does not reach a payment service over mutual TLS, or that
// pays no claim through it.
func TestServePaysThroughAGatewayOverTLS(t *testing.T) {
	t.Parallel()
	service := stub(t)
	address, flags := paymentService(t, service)
	env := []string{"TENFOLD_GATEWAY=" + address + ",127.0.0.1:1"}
	for i := 0; i < len(flags); i += 2 {
		env = append(env, variableOf(flags[i][2:])+"="+flags[i+1])
	}
	o := operatedOver(t, pgtest.New(t).AppURL, env...)
	o.work()
	o.pay()
	o.scrape(`tenfold_payout_outcomes_total{outcome="succeeded"} 2`)
	claims, err := tenfoldv1.NewClaimServiceClient(o.conn).ListClaims(t.Context(), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
	if err != nil || claims.GetClaims()[0].GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID {
		t.Errorf("%v, %v", claims, err)
	}
}
