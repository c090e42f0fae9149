package rpc

import (
	"context"
	"slices"

	"buf.build/go/protovalidate"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/linename"
	"github.com/tenfold-claims/tenfold/internal/signature"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// signedResultService implements SignedResultService.
type signedResultService struct {
	tenfoldv1.UnimplementedSignedResultServiceServer
	backend
	authentication *authenticationService
	results        *resultService
	validator      protovalidate.Validator
}

// methodRecordSigned is the method under which a signed result is stored.
const methodRecordSigned = "SignedResultService/RecordSignedResult"

// recordSigned verifies the signature before the command waits for its turn. Whether the key
// counts is decided by the body at the commit.
func (s *signedResultService) recordSigned(ctx context.Context, r *tenfoldv1.RecordSignedResultRequest) (o book.Outcome, err error) {
	defer func() { s.watchSignature(ctx, err) }()
	said, err := signature.ParseStatement(r.GetSignedResult())
	if err != nil {
		return book.Outcome{}, atSigned(err)
	}
	report, err := authenticator.ReadReport(said)
	if err != nil {
		return book.Outcome{}, err
	}
	item, err := s.item(r, report)
	if err != nil {
		return book.Outcome{}, err
	}
	if err := ownResult(ctx, item.GetAuthenticator()); err != nil {
		return book.Outcome{}, err
	}
	body, err := s.engine.Authenticator(ctx, report.Issuer.Authenticator)
	if err != nil {
		return book.Outcome{}, atSigned(err)
	}
	key, err := body.Verify(said)
	if err != nil {
		return book.Outcome{}, atSigned(err)
	}
	merchant, _ := nameOf(r.GetParent())
	claimID, err := s.results.subject(ctx, merchant, item, methodRecordSigned)
	if err != nil {
		return book.Outcome{}, err
	}
	cmd, err := recordingOf(merchant, claimID, item)
	if err != nil {
		return book.Outcome{}, err
	}
	cmd.Result.SigningKey, cmd.Result.Signed = key, r.GetSignedResult()
	cmd.Trademark = report.Trademark.Number
	cmd.Methods, cmd.TestedOn, cmd.ValidFrom = report.MethodIDs(), report.TestedOn(), report.ValidFrom
	h := s.header(ctx, merchant, r)
	h.Method = methodRecordSigned
	return s.engine.Do(ctx, h, cmd)
}

// RecordSignedResult records a result that its body signed.
func (s *signedResultService) RecordSignedResult(ctx context.Context, r *tenfoldv1.RecordSignedResultRequest) (*tenfoldv1.RecordSignedResultResponse, error) {
	o, err := s.recordSigned(ctx, r)
	if err != nil {
		return nil, err
	}
	c, err := s.claimAfter(ctx, &o)
	if err != nil {
		return nil, err
	}
	result, err := s.authentication.resultAfter(ctx, &o)
	return answer(&tenfoldv1.RecordSignedResultResponse{Result: result, Claim: c, Replayed: o.Replayed}, err)
}

// item is a signed report as an item of a batch would say it, checked by the rules of those.
func (s *signedResultService) item(r *tenfoldv1.RecordSignedResultRequest, report *authenticator.Report) (*tenfoldv1.ResultToRecord, error) {
	merchant, _ := nameOf(r.GetParent())
	switch {
	case report.Subject.Merchant != merchant:
		return nil, authenticator.Mismatch("subject.merchant")
	case r.GetReportDigest() != "" && r.GetReportDigest() != report.Report.Digest:
		return nil, authenticator.Mismatch("report.digest")
	}
	item := &tenfoldv1.ResultToRecord{
		Parent: r.GetParent(), RequestId: r.GetRequestId(), ValidateOnly: r.GetValidateOnly(),
		Authenticator: authenticatorName(report.Issuer.Authenticator), ReportNumber: report.Report.Number,
		UnitVerdicts: unitsOf(report.Units()), SampleSource: sampleSources.proto(report.SampleSource),
		Reinspection: report.Reinspection, CustodyIntact: report.CustodyIntact, IssuedAt: stamp(report.Report.IssuedAt),
		ReportDigest: report.Report.Digest, Statement: report.Statement, Sample: report.Sample(), Commission: r.GetCommission(), Supersedes: r.GetSupersedes(), Fee: r.GetFee(), FeePaidBy: r.GetFeePaidBy(),
	}
	switch subject := &report.Subject; {
	case subject.Claim != "":
		item.Subject = &tenfoldv1.ResultToRecord_Claim{Claim: claimName(merchant, subject.Claim)}
	case subject.OrderLine != "":
		item.Subject = &tenfoldv1.ResultToRecord_OrderLineName{OrderLineName: linename.Of(merchant, subject.OrderLine)}
	default:
		item.Subject = &tenfoldv1.ResultToRecord_OrderId{OrderId: subject.Order}
	}
	return item, atSigned(violated(s.validator.Validate(item)))
}

// atSigned has a refusal name the field that the signed result came in.
func atSigned(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	of := *f
	return of.At("signed_result")
}

func (s *signedResultService) GetSignedResult(ctx context.Context, r *tenfoldv1.GetSignedResultRequest) (*tenfoldv1.GetSignedResultResponse, error) {
	merchant, id := nameOf(r.GetName())
	x, err := s.authentication.readResult(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	recorded, found, err := s.db.Reader().Recorded(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	if !found || recorded.Signed == "" {
		return nil, fault.New(fault.ResultNotSigned, "result %s is not signed", id).With("resultId", id).At("name")
	}
	body, err := s.engine.Authenticator(ctx, x.AuthenticatorID)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.GetSignedResultResponse{Verified: true, SignedResult: recorded.Signed, Result: s.resultOf(x)}
	if i := slices.IndexFunc(body.Keys, func(k authenticator.SigningKey) bool { return k.Thumbprint == x.SigningKey }); i >= 0 {
		out.Key = authenticatorKeyOf(body.ID, &body.Keys[i], s.engine.Now())
	}
	err = body.VerifySigned(&recorded)
	if refused, ok := fault.As(err); ok {
		out.Verified, out.ProblemDetail = false, refused.Detail
		out.Problem = tenfoldv1.Reason(tenfoldv1.Reason_value["REASON_"+string(refused.Reason)])
		return out, nil
	}
	return answer(out, err)
}
