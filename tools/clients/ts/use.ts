// A caller of the generated client: what it says must compile, so that a field that changed its name or type is met here.
import { create, toJson } from "@bufbuild/protobuf";
import { type Claim, ClaimSchema } from "./generated/tenfold/v1/claim_pb";
import { SetClaimLabelsRequestSchema } from "./generated/tenfold/v1/label_service_pb";

export function relabel(claim: Claim, labels: Record<string, string>): string {
  const request = create(SetClaimLabelsRequestSchema, { name: claim.name, requestId: "r1", etag: claim.etag, labels });
  return JSON.stringify([toJson(SetClaimLabelsRequestSchema, request), toJson(ClaimSchema, claim)]);
}
