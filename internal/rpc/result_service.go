package rpc

import (
	"context"
	"slices"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// resultService implements ResultService.
type resultService struct {
	tenfoldv1.UnimplementedResultServiceServer
	backend
	validator protovalidate.Validator
	signed    *signedResultService
}

// methodRecordResult is the method under which an item of a batch is stored, so that the item
// can be sent again on its own.
const methodRecordResult = "AuthenticationService/RecordResult"

// BatchRecordResults records each result as a command of its own.
func (s *resultService) BatchRecordResults(ctx context.Context, r *tenfoldv1.BatchRecordResultsRequest) (*tenfoldv1.BatchRecordResultsResponse, error) {
	if err := fits(len(r.GetRequests())+len(r.GetSignedRequests()), "record at most %d results"); err != nil {
		return nil, err
	}
	var runs []func() *tenfoldv1.BatchRecordResultsItem
	for _, item := range r.GetRequests() {
		runs = append(runs, func() *tenfoldv1.BatchRecordResultsItem {
			done, replayed, err := itemChecked(ctx, s.validator, item, methodRecordResult, s.record)
			return s.recordedItem(ctx, methodRecordResult, done, replayed, err)
		})
	}
	for _, item := range r.GetSignedRequests() {
		runs = append(runs, func() *tenfoldv1.BatchRecordResultsItem {
			done, replayed, err := itemChecked(ctx, s.validator, item, methodRecordSigned, s.recordSigned)
			return s.recordedItem(ctx, methodRecordSigned, done, replayed, err)
		})
	}
	items := together(runs, func(run func() *tenfoldv1.BatchRecordResultsItem) *tenfoldv1.BatchRecordResultsItem { return run() })
	lighten(items)
	unsigned := len(r.GetRequests())
	return &tenfoldv1.BatchRecordResultsResponse{Items: items[:unsigned], SignedItems: items[unsigned:]}, nil
}

// recordedItem answers an item that a method has recorded or refused.
func (s *resultService) recordedItem(ctx context.Context, method string, done recorded, replayed bool, err error) *tenfoldv1.BatchRecordResultsItem {
	if err != nil {
		return &tenfoldv1.BatchRecordResultsItem{Status: s.refusedItem(ctx, method, err)}
	}
	return &tenfoldv1.BatchRecordResultsItem{Status: &tenfoldv1.ItemStatus{}, Result: done.result, Claim: done.claim, Replayed: replayed}
}

// recordSigned records one item that its body signed.
func (s *resultService) recordSigned(ctx context.Context, r *tenfoldv1.RecordSignedResultRequest) (recorded, bool, error) {
	o, err := s.signed.recordSigned(ctx, r)
	if err != nil {
		return recorded{}, false, err
	}
	c, err := s.claimAfter(ctx, &o)
	return recorded{resultName(o.MerchantID, o.ResultID), c}, o.Replayed, err
}

// recorded is a result by its name, and its claim.
type recorded struct {
	result string
	claim  *tenfoldv1.Claim
}

// record records one item.
func (s *resultService) record(ctx context.Context, r *tenfoldv1.ResultToRecord) (recorded, bool, error) {
	merchant, _ := nameOf(r.GetParent())
	if err := ownResult(ctx, r.GetAuthenticator()); err != nil {
		return recorded{}, false, err
	}
	claimID, err := s.subject(ctx, merchant, r, methodRecordResult)
	if err != nil {
		return recorded{}, false, err
	}
	o, err := s.recordResult(ctx, merchant, claimID, r)
	if err != nil {
		return recorded{}, false, err
	}
	c, err := s.claimAfter(ctx, &o)
	return recorded{resultName(o.MerchantID, o.ResultID), c}, o.Replayed, err
}

// ownResult refuses an authenticator that speaks for another.
func ownResult(ctx context.Context, authenticator string) error {
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator && who.Scope != authenticator {
		return fault.New(fault.AccessDenied, "an authenticator can record only its own results").
			With("method", methodRecordResult).At("authenticator")
	}
	return nil
}

// finding is what is found on units, in a call of its own or in a batch.
type finding interface {
	mutation
	GetAuthenticator() string
	GetReportNumber() string
	GetUnitVerdicts() []*tenfoldv1.UnitVerdict
	GetSampleSource() tenfoldv1.SampleSource
	GetReinspection() bool
	GetCustodyIntact() bool
	GetReportDigest() string
	GetSample() string
	GetStatement() string
	GetFee() *tenfoldv1.Money
	GetFeePaidBy() tenfoldv1.FeePayer
	GetIssuedAt() *timestamppb.Timestamp
	GetCommission() string
	GetMethods() []string
	GetBrand() string
	GetTrademarkNumber() string
	GetSupersedes() string
}

// recordResult carries out the command that records a finding on a claim.
func (b *backend) recordResult(ctx context.Context, merchant, claimID string, r finding) (book.Outcome, error) {
	cmd, err := recordingOf(merchant, claimID, r)
	if err != nil {
		return book.Outcome{}, err
	}
	h := b.header(ctx, merchant, r)
	h.Method = methodRecordResult
	o, err := b.engine.Do(ctx, h, cmd)
	b.watchSignature(ctx, err)
	return o, err
}

// watchSignature tells the operator of a result that was refused by its signature.
func (b *backend) watchSignature(ctx context.Context, err error) {
	if reason, refused := b.observer.signatureRefused(err); refused {
		who := callerOf(ctx)
		b.log.WarnContext(ctx, "a signature was refused", "reason", reason, "workload", who.Workload, "scope", who.Scope)
	}
}

// recordingOf is the command that records a finding on a claim.
func recordingOf(merchant, claimID string, r finding) (*book.RecordResult, error) {
	authenticator, _ := nameOf(r.GetAuthenticator())
	cmd := book.RecordResult{Result: claim.Result{
		ClaimID: claimID, AuthenticatorID: authenticator, ReportNumber: r.GetReportNumber(),
		Sample: sampleSources.domain(r.GetSampleSource()), Reinspection: r.GetReinspection(), CustodyIntact: r.GetCustodyIntact(), SampleID: r.GetSample(),
		Units: units(r.GetUnitVerdicts()), IssuedAt: moment(r.GetIssuedAt()), ReportDigest: r.GetReportDigest(), Statement: r.GetStatement(),
		Fee: money.Amount(r.GetFee().GetMinorUnits()), FeeCurrency: r.GetFee().GetCurrencyCode(),
		FeePaidBy: feePayers.domain(r.GetFeePaidBy()),
	}, Methods: r.GetMethods(), Brand: r.GetBrand(), Trademark: r.GetTrademarkNumber()}
	if name := r.GetCommission(); name != "" {
		of, id, err := claimOf(name, "commission")
		if err != nil || of != merchant || id != claimID {
			return nil, fault.New(fault.CommissionNotFound, "%s is no commission of claim %s", name, claimID).With("claimId", claimID).At("commission")
		}
		cmd.Result.Commission = int32(numberOf(name))
	}
	if name := r.GetSupersedes(); name != "" {
		of, id := nameOf(name)
		if of != merchant {
			return nil, fault.New(fault.ResultNotFound, "%s is no result of merchant %s", name, merchant).With("resultId", id).At("supersedes")
		}
		cmd.Supersedes = id
	}
	if r.GetFee() != nil && cmd.Result.Fee == 0 {
		return nil, invalid("fee.minor_units", "the fee must be above zero; leave it out if there is none")
	}
	return &cmd, nil
}

// subject finds the claim that an item is about, which a method records.
func (s *resultService) subject(ctx context.Context, merchant string, r *tenfoldv1.ResultToRecord, method string) (string, error) {
	if name := r.GetClaim(); name != "" {
		if err := under(r.GetParent(), name, "claim"); err != nil {
			return "", err
		}
		_, id, err := claimOf(name, "claim")
		return id, err
	}
	a := address{merchant: merchant, order: r.GetOrderId(), field: "order_id"}
	if name := r.GetOrderLineName(); name != "" {
		a.field = "order_line_name"
		if err := under(r.GetParent(), name, a.field); err != nil {
			return "", err
		}
		_, a.line = nameOf(name)
	}
	for _, u := range r.GetUnitVerdicts() {
		a.units = append(a.units, u.GetOrdinal())
	}
	if id, err := s.before(ctx, &a, method, r.GetRequestId()); id != "" || err != nil {
		return id, err
	}
	return s.find(ctx, &a)
}

// address is what a brand or a laboratory knows of a claim: the line or the order, and units.
type address struct {
	merchant, line, order string
	units                 []int32
	// field is what names it.
	field string
}

// fits says whether a claim may be the one that is meant.
func (a *address) fits(c *claim.Claim) bool {
	return (a.line == "" || c.OrderLineID == a.line) && (a.order == "" || c.OrderID == a.order)
}

// holds says whether a claim is about all of the units.
func (a *address) holds(c *claim.Claim) bool {
	return !slices.ContainsFunc(a.units, func(ordinal int32) bool {
		return !slices.ContainsFunc(c.Units, func(u claim.Unit) bool { return u.Ordinal == ordinal })
	})
}

// before gives the claim on which the same request was recorded, if it was: another claim may
// have been filed meanwhile. Empty if it was not, or was about something else.
func (s *resultService) before(ctx context.Context, a *address, method, requestID string) (string, error) {
	stored, found, err := s.db.Reader().Request(ctx, request.Key{
		MerchantID: a.merchant, Workload: callerOf(ctx).Workload, Method: method, RequestID: requestID,
	})
	if err != nil || !found {
		return "", err
	}
	c, found, err := s.db.Reader().Claim(ctx, a.merchant, stored.ClaimID)
	if err != nil || !found || !a.fits(&c) {
		return "", err
	}
	return c.ID, nil
}

// addressedMax is how many claims of an order are looked through for the one that is meant.
const addressedMax = 500

// find gives the newest claim that is about all of the units.
func (s *resultService) find(ctx context.Context, a *address) (string, error) {
	order := a.order
	if a.line != "" {
		l, _, found, err := s.db.Reader().OrderLine(ctx, a.merchant, a.line)
		if err != nil || !found {
			return "", orElse(err, a.absent())
		}
		order = l.Line.OrderID
	}
	claims, err := s.db.Reader().Claims(ctx, postgres.ClaimQuery{MerchantID: a.merchant, OrderID: order}, postgres.ClaimCursor{}, addressedMax)
	if err != nil {
		return "", err
	}
	var about *claim.Claim
	part := false
	for i := range claims.Rows {
		c := &claims.Rows[i]
		switch {
		case !a.fits(c):
		case about != nil && about.OrderLineID != c.OrderLineID:
			return "", a.ambiguous("claims are filed on more than one line of the order, and units are numbered line by line: name the line")
		case about == nil && a.holds(c):
			about = c
		case about == nil && slices.ContainsFunc(c.Units, func(u claim.Unit) bool { return slices.Contains(a.units, u.Ordinal) }):
			part = true
		}
	}
	switch {
	case claims.More:
		return "", a.ambiguous("the order has too many claims to look through: name the claim")
	case about != nil:
		return about.ID, nil
	case part:
		return "", a.ambiguous("no claim is about all of these units, only about some of them: record a result for the units of each claim")
	}
	return "", a.absent()
}

func (a *address) absent() error {
	return fault.New(fault.ClaimNotFound, "there is no claim on these units").At(a.field)
}

func (a *address) ambiguous(why string) error {
	return fault.New(fault.ResultSubjectAmbiguous, "it cannot be told which claim is meant: %s", why).At(a.field)
}

// orElse is the error, or the refusal where there is none.
func orElse(err, refusal error) error {
	if err != nil {
		return err
	}
	return refusal
}
