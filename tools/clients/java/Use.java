import tenfold.v1.ClaimOuterClass.Claim;
import tenfold.v1.LabelServiceGrpc;
import tenfold.v1.LabelServiceOuterClass.SetClaimLabelsRequest;

/** A caller of the generated client: what it says must compile, so that a field that changed its name or type is met here. */
final class Use {
    private Use() {}

    static Claim relabel(LabelServiceGrpc.LabelServiceBlockingStub labels, Claim claim, String team) {
        SetClaimLabelsRequest request = SetClaimLabelsRequest.newBuilder()
            .setName(claim.getName()).setRequestId("r1").setEtag(claim.getEtag())
            .putAllLabels(claim.getLabelsMap()).putLabels("team", team)
            .build();
        return labels.setClaimLabels(request).getClaim();
    }
}
