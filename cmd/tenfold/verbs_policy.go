package main

import (
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// policyVerbs are the commands on policies that make one call.
func policyVerbs() []verb {
	return []verb{{
		use: "resolve CURRENCY", method: "PolicyService/ResolvePolicy", role: principal.RoleOperator,
		short:    "Show the versions in force for an order",
		long:     "Show the policy versions that were in force when an order was paid, at most one of each policy.",
		examples: []string{"policy resolve CNY --paid-at 2026-03-02T09:00:00Z --category food/liquor"},
		args:     []input{{name: "CURRENCY", field: "currency_code", required: true}},
		flags: []input{
			{name: "paid-at", field: "paid_at", usage: "when the order was paid", required: true},
			{name: "category", field: "category", usage: "category path of the goods"},
		},
		print: func(o *output, _ *call, answer proto.Message) {
			printVersions(o, &tenfoldv1.ListPolicyVersionsResponse{PolicyVersions: answer.(*tenfoldv1.ResolvePolicyResponse).GetPolicyVersions()})
		},
	}}
}
