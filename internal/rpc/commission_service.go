package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// commissionService implements CommissionService.
type commissionService struct {
	tenfoldv1.UnimplementedCommissionServiceServer
	backend
}

// anyBody stands for all bodies in a name.
const anyBody = "-"

// commissioning is what gives work to a body.
type commissioning interface {
	mutation
	GetAuthenticator() string
	GetDraw() *tenfoldv1.BodyDraw
	GetDueAt() *timestamppb.Timestamp
	GetFee() *tenfoldv1.Money
}

func (s *commissionService) CommissionItem(ctx context.Context, r *tenfoldv1.CommissionItemRequest) (*tenfoldv1.CommissionItemResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	c, o, err := s.commission(ctx, r, merchant, &book.CommissionItem{
		ClaimID: claimID, Units: r.GetUnits(), Questions: r.GetQuestions(), Photos: r.GetPhotoDigests(),
	})
	return answer(&tenfoldv1.CommissionItemResponse{Commission: c, Replayed: o.Replayed}, err)
}

func (s *commissionService) ReassignCommission(ctx context.Context, r *tenfoldv1.ReassignCommissionRequest) (*tenfoldv1.ReassignCommissionResponse, error) {
	merchant, claimID, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	c, o, err := s.commission(ctx, r, merchant, &book.CommissionItem{
		ClaimID: claimID, Replaces: int32(numberOf(r.GetName())), Note: r.GetNote(),
	})
	return answer(&tenfoldv1.ReassignCommissionResponse{Commission: c, Replayed: o.Replayed}, err)
}

// commission completes a command that gives work to a body, and carries it out.
func (s *commissionService) commission(ctx context.Context, r commissioning, merchant string, cmd *book.CommissionItem) (*tenfoldv1.Commission, book.Outcome, error) {
	cmd.DueAt = moment(r.GetDueAt())
	cmd.Fee, cmd.FeeCurrency = money.Amount(r.GetFee().GetMinorUnits()), r.GetFee().GetCurrencyCode()
	if r.GetFee() != nil && cmd.Fee <= 0 {
		return nil, book.Outcome{}, invalid("fee.minor_units", "the fee must be above zero; leave it out if none was agreed")
	}
	if r.GetDraw() == nil {
		cmd.AuthenticatorID, _ = nameOf(r.GetAuthenticator())
	} else if err := s.draw(ctx, r.GetDraw(), book.Key{MerchantID: merchant, ID: cmd.ClaimID}, &cmd.Draw); err != nil {
		return nil, book.Outcome{}, err
	}
	o, err := s.run(ctx, merchant, r, cmd)
	if err != nil {
		return nil, o, err
	}
	if !o.Replayed {
		c, err := s.show(ctx, o.Commission)
		return c, o, err
	}
	// A replay names the event that made the commission.
	list, err := s.db.Reader().CommissionsOfClaim(ctx, o.MerchantID, o.ClaimID, 0, commission.PerClaimMax)
	if err != nil {
		return nil, o, err
	}
	for i := range list {
		if list[i].EventNumber == o.EventNumber {
			c, err := s.show(ctx, &list[i])
			return c, o, err
		}
	}
	return nil, o, claimNotFound(o.ClaimID)
}

// draw makes the draw of a request.
func (s *commissionService) draw(ctx context.Context, r *tenfoldv1.BodyDraw, k book.Key, d *book.Drawing) error {
	d.Kinds = authenticatorKinds.domains(r.GetKinds())
	if len(d.Kinds) == 0 {
		d.Kinds = []claim.AuthenticatorKind{claim.AccreditedLab}
	}
	for _, name := range r.GetExclude() {
		id, _ := nameOf(name)
		d.Exclude = append(d.Exclude, id)
	}
	d.Brand, d.Trademark, d.Methods = r.GetBrand(), r.GetTrademarkNumber(), r.GetMethods()
	return s.engine.Draw(ctx, k, d)
}

// show is a commission with its goods.
func (s *commissionService) show(ctx context.Context, x *commission.Commission) (*tenfoldv1.Commission, error) {
	items, err := s.db.Reader().Items(ctx, []commission.Commission{*x})
	if err != nil {
		return nil, err
	}
	return commissionOf(x, &items[0]), nil
}

// ownCommission reads a commission that the caller may see; a body may see only its own.
func (s *commissionService) ownCommission(ctx context.Context, name string) (*commission.Commission, error) {
	merchant, claimID, err := claimOf(name, "name")
	absent := fault.New(fault.CommissionNotFound, "%s does not exist", name).At("name")
	if err != nil {
		return nil, absent
	}
	x, found, err := s.db.Reader().Commission(ctx, merchant, claimID, int32(numberOf(name)))
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, absent
	}
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator && who.Scope != authenticatorName(x.AuthenticatorID) {
		return nil, &outOfScope{absent, name}
	}
	return &x, nil
}

func (s *commissionService) GetCommission(ctx context.Context, r *tenfoldv1.GetCommissionRequest) (*tenfoldv1.GetCommissionResponse, error) {
	x, err := s.ownCommission(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	c, err := s.show(ctx, x)
	return answer(&tenfoldv1.GetCommissionResponse{Commission: c}, err)
}

// ownBody refuses a body that asks for what another has, and a body that is not registered.
func (b *backend) ownBody(ctx context.Context, id, field string) error {
	if who := callerOf(ctx); who.Role == principal.RoleAuthenticator && who.Scope != authenticatorName(id) {
		return fault.New(fault.AccessDenied, "an authenticator sees only its own work").At(field)
	}
	if id == anyBody {
		return nil
	}
	_, err := b.engine.Authenticator(ctx, id)
	if refusal, ok := fault.As(err); ok {
		return refusal.At(field)
	}
	return err
}

func (s *commissionService) ListCommissions(ctx context.Context, r *tenfoldv1.ListCommissionsRequest) (*tenfoldv1.ListCommissionsResponse, error) {
	if strings.HasPrefix(r.GetParent(), "merchants/") {
		return s.listOfClaim(ctx, r)
	}
	body, _ := nameOf(r.GetParent())
	if err := s.ownBody(ctx, body, "parent"); err != nil {
		return nil, err
	}
	q := postgres.CommissionQuery{
		AuthenticatorID: body, State: commissionStates.domain(r.GetState()), DueFrom: moment(r.GetDueFrom()), DueTo: moment(r.GetDueUntil()),
	}
	if body == anyBody {
		q.AuthenticatorID = ""
		if q.State != "" {
			return nil, fault.New(fault.FilterUnsupported, "the commissions of all bodies are listed while they are open; name a body to list those in a state").At("state")
		}
	}
	p, err := s.pageOf(ctx, r, 4)
	if err != nil {
		return nil, err
	}
	after, err := commissionCursor(&p)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Commissions(ctx, q, after, p.size+1)
	if err != nil {
		return nil, err
	}
	return s.listed(ctx, &p, rows, func(x *commission.Commission) []string {
		return []string{microseconds(x.DueAt), x.MerchantID, x.ClaimID, decimal(int64(x.Number))}
	})
}

// commissionCursor reads the cursor of a list of commissions.
func commissionCursor(p *page) (postgres.CommissionCursor, error) {
	after := postgres.CommissionCursor{MerchantID: p.cursor[1], ClaimID: p.cursor[2]}
	due, err := p.number(0)
	if err != nil || p.cursor[0] == "" {
		return after, err
	}
	n, err := p.number(3)
	after.DueAt, after.Number = time.UnixMicro(due).UTC(), int32(n)
	return after, err
}

// listOfClaim lists the commissions of a claim. A body sees its own among them.
func (s *commissionService) listOfClaim(ctx context.Context, r *tenfoldv1.ListCommissionsRequest) (*tenfoldv1.ListCommissionsResponse, error) {
	merchant, claimID, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, err
	}
	switch {
	case callerOf(ctx).Role == principal.RoleAuthenticator:
		return nil, fault.New(fault.AccessDenied, "an authenticator lists the commissions of its own, under %s", callerOf(ctx).Scope).At("parent")
	case r.GetState() != 0 || r.GetDueFrom() != nil || r.GetDueUntil() != nil:
		return nil, unsupported("the commissions of a claim are listed whole, without state and time")
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	c, err := readClaim(ctx, s.db.Reader(), merchant, claimID, r.GetParent())
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().CommissionsOfClaim(ctx, c.MerchantID, c.ID, int32(min(after, commission.PerClaimMax)), p.size+1)
	if err != nil {
		return nil, err
	}
	return s.listed(ctx, &p, rows, func(x *commission.Commission) []string { return []string{decimal(int64(x.Number))} })
}

// listed is a page of commissions with their goods.
func (s *commissionService) listed(ctx context.Context, p *page, rows []commission.Commission, key func(*commission.Commission) []string) (*tenfoldv1.ListCommissionsResponse, error) {
	items, err := s.db.Reader().Items(ctx, rows)
	if err != nil {
		return nil, err
	}
	type row struct {
		commission.Commission
		item postgres.Item
	}
	all := make([]row, len(rows))
	for i := range rows {
		all[i] = row{rows[i], items[i]}
	}
	list, next := listed(p, all, func(x *row) *tenfoldv1.Commission { return commissionOf(&x.Commission, &x.item) },
		func(x *row) []string { return key(&x.Commission) })
	return &tenfoldv1.ListCommissionsResponse{Commissions: list, NextPageToken: next}, nil
}

// commissionMutation is a mutation that names a commission.
type commissionMutation interface {
	mutation
	GetName() string
}

// onCommission carries out a mutation of the commission that it names.
func (s *commissionService) onCommission(ctx context.Context, r commissionMutation, command func(book.OnCommission) book.Command) (*tenfoldv1.Commission, bool, error) {
	x, err := s.ownCommission(ctx, r.GetName())
	if err != nil {
		return nil, false, err
	}
	on := book.OnCommission{ClaimID: x.ClaimID, Number: x.Number}
	if callerOf(ctx).Role == principal.RoleAuthenticator {
		on.AuthenticatorID = x.AuthenticatorID
	}
	o, err := s.run(ctx, x.MerchantID, r, command(on))
	if err != nil {
		return nil, false, err
	}
	if !o.Replayed {
		x = o.Commission
	} else if x, err = s.ownCommission(ctx, r.GetName()); err != nil {
		return nil, false, err
	}
	c, err := s.show(ctx, x)
	return c, o.Replayed, err
}

// step is a mutation that takes a commission along.
func step(by commission.Step, shipment, note string) func(book.OnCommission) book.Command {
	return func(on book.OnCommission) book.Command {
		return &book.MoveCommission{OnCommission: on, Step: by, Shipment: shipment, Note: note}
	}
}

func (s *commissionService) AcceptCommission(ctx context.Context, r *tenfoldv1.AcceptCommissionRequest) (*tenfoldv1.AcceptCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, step(commission.Accept, "", ""))
	return answer(&tenfoldv1.AcceptCommissionResponse{Commission: c, Replayed: replayed}, err)
}

func (s *commissionService) DeclineCommission(ctx context.Context, r *tenfoldv1.DeclineCommissionRequest) (*tenfoldv1.DeclineCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, step(commission.Decline, "", r.GetNote()))
	return answer(&tenfoldv1.DeclineCommissionResponse{Commission: c, Replayed: replayed}, err)
}

func (s *commissionService) ShipCommission(ctx context.Context, r *tenfoldv1.ShipCommissionRequest) (*tenfoldv1.ShipCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, step(commission.Ship, r.GetShipment(), ""))
	return answer(&tenfoldv1.ShipCommissionResponse{Commission: c, Replayed: replayed}, err)
}

func (s *commissionService) ReceiveCommission(ctx context.Context, r *tenfoldv1.ReceiveCommissionRequest) (*tenfoldv1.ReceiveCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, step(commission.Receive, "", ""))
	return answer(&tenfoldv1.ReceiveCommissionResponse{Commission: c, Replayed: replayed}, err)
}

func (s *commissionService) CancelCommission(ctx context.Context, r *tenfoldv1.CancelCommissionRequest) (*tenfoldv1.CancelCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, step(commission.Cancel, "", r.GetNote()))
	return answer(&tenfoldv1.CancelCommissionResponse{Commission: c, Replayed: replayed}, err)
}

func (s *commissionService) ChaseCommission(ctx context.Context, r *tenfoldv1.ChaseCommissionRequest) (*tenfoldv1.ChaseCommissionResponse, error) {
	c, replayed, err := s.onCommission(ctx, r, func(on book.OnCommission) book.Command {
		return &book.ChaseCommission{OnCommission: on, Note: r.GetNote()}
	})
	return answer(&tenfoldv1.ChaseCommissionResponse{Commission: c, Replayed: replayed}, err)
}
