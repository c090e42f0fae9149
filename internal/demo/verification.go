package demo

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// VerificationReport is a claim by which a piece of verification is shown.
type VerificationReport struct {
	// What is shown, and the claim.
	What  string `json:"what"`
	Claim string `json:"claim"`
	// Weighed says why the claim stands where it stands.
	Weighed  string `json:"weighed"`
	Expected string `json:"expected"`
	State    string `json:"state"`
	Match    bool   `json:"match"`
}

// The merchant and the bodies of the verification.
const (
	verifiedMerchant = "verified"
	signingLab       = "demo-lab-signing"
	secondLab        = "demo-lab-second"
	thirdLab         = "demo-lab-third"
	fourthLab        = "demo-lab-fourth"
)

// shownClaim is a claim of the verification on its way.
type shownClaim struct {
	what, id, category, name string
	expected                 tenfoldv1.ClaimState
}

// verification are the claims by which verification is shown: a signed result that is verified
// again at the end, a conflict that ends with the re-inspection by a body that was drawn, and a
// paid claim whose result is taken back.
type verification struct {
	signed, conflict, retracted shownClaim
	// result is the signed result.
	result string
}

func laboratoryOf(id string) caller.Identity {
	return caller.Identity{Workload: "laboratory", Role: "authenticator", Scope: "authenticators/" + id}
}

// examine files the claims of the verification and records what the bodies find.
func (m *market) examine(ctx context.Context) (v *verification, err error) {
	if err := m.openBook(ctx, verifiedMerchant, purse{deposit: 20_000}); err != nil {
		return nil, err
	}
	for id, category := range map[string]string{signingLab: "watches", secondLab: "bags", thirdLab: "bags", fourthLab: "bags"} {
		if err := m.registerBody(ctx, id, category); err != nil {
			return nil, err
		}
	}
	if err := m.publishRules(ctx); err != nil {
		return nil, err
	}
	key, err := m.addKey(ctx, signingLab)
	if err != nil {
		return nil, err
	}
	v = &verification{
		signed:    shownClaim{what: "a signed result, verified again", id: "signed", category: "watches", expected: tenfoldv1.ClaimState_CLAIM_STATE_PAID},
		conflict:  shownClaim{what: "a conflict, and the re-test by a body that was drawn", id: "conflict", category: "bags", expected: tenfoldv1.ClaimState_CLAIM_STATE_REJECTED},
		retracted: shownClaim{what: "a result taken back after the payout", id: "retracted", category: "bags", expected: tenfoldv1.ClaimState_CLAIM_STATE_REJECTED},
	}
	for i, c := range []*shownClaim{&v.signed, &v.retracted} {
		if c.name, err = m.fileShown(ctx, c, i); err != nil {
			return nil, err
		}
	}
	if v.result, err = m.reportSigned(ctx, key, &v.signed); err != nil {
		return nil, err
	}
	if err := m.find(ctx, secondLab, &v.retracted, tenfoldv1.Verdict_VERDICT_COUNTERFEIT); err != nil {
		return nil, err
	}
	for _, c := range []*shownClaim{&v.signed, &v.retracted} {
		if err := m.accept(ctx, c); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (m *market) registerBody(ctx context.Context, id, category string) error {
	_, err := call(ctx, m, operator, m.results.RegisterAuthenticator, &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: "register-" + id, AuthenticatorId: id,
		Authenticator: &tenfoldv1.Authenticator{Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: id, Categories: []string{category}},
	})
	return err
}

// addKey gives a body a key by two persons. The key is the same in every run, so that a call
// that is repeated says the same.
func (m *market) addKey(ctx context.Context, id string) (*signer, error) {
	key, err := newSigner()
	if err != nil {
		return nil, err
	}
	proof, err := key.sign("vnd.tenfold.key-proof+jws", map[string]any{
		"authenticator": id, "thumbprint": key.thumbprint, "signedAt": Start.Format(time.RFC3339),
	})
	if err != nil {
		return nil, err
	}
	asked, err := call(ctx, m, operator, m.keys.AddAuthenticatorKey, &tenfoldv1.AddAuthenticatorKeyRequest{
		Parent: "authenticators/" + id, RequestId: "key-" + id, PublicKey: key.public, Proof: proof,
		ValidUntil: timestamppb.New(Start.AddDate(1, 0, 0)), Note: "The demo's key.",
	})
	if err != nil {
		return nil, err
	}
	approver := caller.Identity{Workload: "operations", Role: "approver", Person: approvers[0]}
	_, err = call(ctx, m, approver, m.registry.ApproveAuthenticatorChange, &tenfoldv1.ApproveAuthenticatorChangeRequest{
		Name: asked.GetChange().GetName(), RequestId: "approve-key-" + id,
	})
	return key, err
}

func (m *market) fileShown(ctx context.Context, c *shownClaim, n int) (name string, err error) {
	id := c.id
	filed, err := call(ctx, m, orderService, m.claims.FileClaim, &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + verifiedMerchant, RequestId: "file-" + id,
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: line(bought{
			merchant: verifiedMerchant, id: id, product: "product-" + id, category: c.category, consumer: "buyer-" + id, units: 1, paid: 60_000,
			at: Start.AddDate(0, 0, -20).Add(time.Duration(n) * time.Minute),
		})},
		ClaimantId: "buyer-" + id, Units: ordinals(1), Remedies: []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_BEST, Grounds: tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt: timestamppb.New(Start.AddDate(0, 0, -5)), PayoutDestination: "wallet-" + id,
	})
	return filed.GetClaim().GetName(), err
}

// reportSigned records a result that its body signed.
func (m *market) reportSigned(ctx context.Context, key *signer, c *shownClaim) (result string, err error) {
	text, err := key.sign("vnd.tenfold.result+jws", map[string]any{
		"schema": "tenfold.result/1", "report": map[string]any{"number": "SIGNED-1", "issuedAt": Start.Format(time.RFC3339)},
		"issuer": map[string]any{"authenticator": signingLab}, "subject": map[string]any{"merchant": verifiedMerchant, "claim": c.name[len("merchants/"+verifiedMerchant+"/claims/"):]},
		"items": []any{map[string]any{"unit": 1, "verdict": "COUNTERFEIT"}}, "sampleSource": "SEALED_PLATFORM_SAMPLE", "custodyIntact": true,
		"relatesOnlyToItemsTested": true,
	})
	if err != nil {
		return "", err
	}
	got, err := call(ctx, m, laboratoryOf(signingLab), m.signedResults.RecordSignedResult, &tenfoldv1.RecordSignedResultRequest{
		Parent: "merchants/" + verifiedMerchant, RequestId: "result-" + c.id, SignedResult: text,
	})
	return got.GetResult().GetName(), err
}

// find records what a body finds on the unit of a claim.
func (m *market) find(ctx context.Context, body string, c *shownClaim, verdict tenfoldv1.Verdict) error {
	_, err := call(ctx, m, laboratoryOf(body), m.results.RecordResult, &tenfoldv1.RecordResultRequest{
		Parent: "merchants/" + verifiedMerchant, RequestId: "result-" + body + "-" + c.id, Claim: c.name, Authenticator: "authenticators/" + body,
		ReportNumber: "R-" + body + "-" + c.id, UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: verdict}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true, IssuedAt: timestamppb.New(Start),
	})
	return err
}

// accept has the merchant take notice of a claim and agree to it.
func (m *market) accept(ctx context.Context, c *shownClaim) error {
	merchant := backOffice(verifiedMerchant)
	_, err := call(ctx, m, merchant, m.claims.ConfirmNotice, &tenfoldv1.ConfirmNoticeRequest{Name: c.name, RequestId: "notice-" + c.id})
	if err != nil {
		return err
	}
	got, err := call(ctx, m, merchant, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: c.name})
	if err != nil || got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		return err // It was accepted before the server was killed.
	}
	_, err = call(ctx, m, merchant, m.claims.AcceptClaim, &tenfoldv1.AcceptClaimRequest{
		Name: c.name, RequestId: "accept-" + c.id, Etag: got.GetClaim().GetEtag(),
	})
	return err
}

// takeBack has a job take the result of a paid claim back, and a person decide anew.
func (m *market) takeBack(ctx context.Context, v *verification, at time.Time) error {
	begun, err := call(ctx, m, operator, m.retractions.RetractResults, &tenfoldv1.RetractResultsRequest{
		Authenticator: "authenticators/" + secondLab, RequestId: "retract-" + v.retracted.id,
		Cause: tenfoldv1.RetractionCause_RETRACTION_CAUSE_RETRACTED, Note: "The samples were mixed up.",
		ReportNumbers: []string{"R-" + secondLab + "-" + v.retracted.id},
	})
	if err != nil {
		return err
	}
	// Results that were decided at that moment have been written some minutes later.
	if err := m.runDueWork(ctx, at.Add(10*time.Minute)); err != nil {
		return err
	}
	ended, err := call(ctx, m, operator, m.jobs.GetJob, &tenfoldv1.GetJobRequest{Name: begun.GetJob().GetName()})
	if err != nil {
		return err
	}
	if s := ended.GetJob().GetState(); s != tenfoldv1.JobState_JOB_STATE_DONE {
		return fmt.Errorf("the retraction is %s: %s", s, ended.GetJob().GetFailure())
	}
	got, err := call(ctx, m, adjudicator, m.claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: v.retracted.name})
	if err != nil || got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW {
		return err
	}
	_, err = call(ctx, m, adjudicator, m.claims.DecideReview, &tenfoldv1.DecideReviewRequest{
		Name: v.retracted.name, RequestId: "decide-" + v.retracted.id, Etag: got.GetClaim().GetEtag(),
		Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_REJECT, Note: "Nothing is left that says that the bag is counterfeit.",
	})
	return err
}

// compareVerification reads how the claims ended and why, and verifies the signed result again.
func (m *market) compareVerification(ctx context.Context, v *verification) ([]VerificationReport, error) {
	var all []VerificationReport
	for _, c := range []*shownClaim{&v.signed, &v.conflict, &v.retracted} {
		got, err := call(ctx, m, adjudicator, m.claims.ExplainClaim, &tenfoldv1.ExplainClaimRequest{Name: c.name})
		if err != nil {
			return nil, err
		}
		claim := got.GetExplanation().GetClaim()
		r := VerificationReport{What: c.what, Claim: claim.GetClaimId(), Expected: stateName(c.expected), State: stateName(claim.GetState())}
		r.Match = r.State == r.Expected
		for _, u := range got.GetExplanation().GetWeighing().GetUnits() {
			r.Weighed = u.GetReason().String()[len("WEIGHING_REASON_"):]
			if u.GetRank() > 0 {
				r.Weighed += fmt.Sprintf(", rank %d", u.GetRank())
			}
		}
		all = append(all, r)
	}
	verified, err := call(ctx, m, operator, m.signedResults.GetSignedResult, &tenfoldv1.GetSignedResultRequest{Name: v.result})
	if err != nil {
		return nil, err
	}
	all[0].Match = all[0].Match && verified.GetVerified()
	all[0].Weighed = "signature verified"
	if !verified.GetVerified() {
		all[0].Weighed = "SIGNATURE NOT VERIFIED: " + verified.GetProblemDetail()
	}
	return all, nil
}

// signer signs as a body does.
type signer struct {
	public, thumbprint string
	private            ed25519.PrivateKey
}

// newSigner makes the demo's signer, which is the same every time and good for nothing else.
func newSigner() (*signer, error) {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, "tenfold demo")
	private := ed25519.NewKeyFromSeed(seed)
	jwk := jose.JSONWebKey{Key: private.Public(), Algorithm: string(jose.EdDSA), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("make the demo's key: %w", err)
	}
	public, err := jwk.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("make the demo's key: %w", err)
	}
	return &signer{public: string(public), thumbprint: base64.RawURLEncoding.EncodeToString(sum), private: private}, nil
}

// sign signs a statement of a media type.
func (s *signer) sign(mediaType string, said map[string]any) (string, error) {
	payload, err := json.Marshal(said)
	if err != nil {
		return "", fmt.Errorf("write a statement: %w", err)
	}
	o := (&jose.SignerOptions{}).WithHeader("kid", s.thumbprint).WithHeader("typ", mediaType)
	by, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: s.private}, o)
	if err != nil {
		return "", fmt.Errorf("sign a statement: %w", err)
	}
	signed, err := by.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign a statement: %w", err)
	}
	return signed.CompactSerialize()
}
