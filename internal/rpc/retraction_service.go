package rpc

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// retractionService implements RetractionService.
type retractionService struct {
	tenfoldv1.UnimplementedRetractionServiceServer
	backend
}

func (s *retractionService) RetractResults(ctx context.Context, r *tenfoldv1.RetractResultsRequest) (*tenfoldv1.RetractResultsResponse, error) {
	until, err := s.past(r.GetRecordedUntil(), "recorded_until")
	if err != nil {
		return nil, err
	}
	id, _ := nameOf(r.GetAuthenticator())
	a := job.Arguments{
		Selection: job.Selection{
			AuthenticatorID: id, RecordedFrom: moment(r.GetRecordedFrom()), RecordedUntil: until,
			IssuedFrom: moment(r.GetIssuedFrom()), IssuedUntil: moment(r.GetIssuedUntil()),
		},
		Cause: retractionCauses.domain(r.GetCause()), Note: r.GetNote(),
	}
	if err := spanned(a.RecordedFrom, until, "recorded_from", "recorded_until"); err != nil {
		return nil, err
	}
	if err := spanned(a.IssuedFrom, a.IssuedUntil, "issued_from", "issued_until"); err != nil {
		return nil, err
	}
	if a.Reports, err = plainReports(r.GetReportNumbers()); err != nil {
		return nil, err
	}
	j, replayed, err := s.engine.RetractResults(ctx, s.header(ctx, "", r), &a)
	if err != nil {
		return nil, err
	}
	out := jobOf(&j)
	if r.GetValidateOnly() && !replayed {
		out.Name = ""
	}
	return &tenfoldv1.RetractResultsResponse{Job: out, Replayed: replayed}, nil
}

// spanned refuses an end that is not after its beginning; zero is any.
func spanned(from, until time.Time, fromField, untilField string) error {
	if until.IsZero() || from.Before(until) {
		return nil
	}
	return fault.New(fault.RequestInvalid, "%s must be after %s", untilField, fromField).At(untilField)
}

// plainReports are numbers of reports in the form in which they are compared, each once.
func plainReports(numbers []string) ([]string, error) {
	var plain []string
	for i, number := range numbers {
		p := claim.PlainReport(number)
		if p == "" {
			return nil, fault.New(fault.RequestInvalid, "a report number must have a character that can be seen").At("report_numbers[" + decimal(int64(i)) + "]")
		}
		plain = append(plain, p)
	}
	slices.Sort(plain)
	return slices.Compact(plain), nil
}
