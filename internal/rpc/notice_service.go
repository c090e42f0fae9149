package rpc

import (
	"context"

	"buf.build/go/protovalidate"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// noticeService implements NoticeService.
type noticeService struct {
	tenfoldv1.UnimplementedNoticeServiceServer
	backend
	validator protovalidate.Validator
}

// These are the methods under which the items of a batch are stored, so that an item can be
// sent again on its own.
const (
	methodConfirmNotice = "ClaimService/ConfirmNotice"
	methodAcceptClaim   = "ClaimService/AcceptClaim"
)

// BatchConfirmNotices confirms each notice as a command of its own.
func (s *noticeService) BatchConfirmNotices(ctx context.Context, r *tenfoldv1.BatchConfirmNoticesRequest) (*tenfoldv1.BatchConfirmNoticesResponse, error) {
	if err := fits(len(r.GetRequests()), "confirm at most %d notices"); err != nil {
		return nil, err
	}
	items := together(r.GetRequests(), func(item *tenfoldv1.ConfirmNoticeRequest) *tenfoldv1.BatchConfirmNoticesItem {
		c, replayed, err := itemChecked(ctx, s.validator, item, methodConfirmNotice, s.confirmNotice)
		if err != nil {
			return &tenfoldv1.BatchConfirmNoticesItem{Status: s.refusedItem(ctx, methodConfirmNotice, err)}
		}
		return &tenfoldv1.BatchConfirmNoticesItem{Status: &tenfoldv1.ItemStatus{}, Claim: c, Replayed: replayed}
	})
	lighten(items)
	return &tenfoldv1.BatchConfirmNoticesResponse{Items: items}, nil
}

// confirmNotice confirms one notice, alone or in a batch.
func (b *backend) confirmNotice(ctx context.Context, r *tenfoldv1.ConfirmNoticeRequest) (*tenfoldv1.Claim, bool, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, false, err
	}
	h := b.header(ctx, merchant, r)
	h.Method = methodConfirmNotice
	o, err := b.engine.Do(ctx, h, &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: id}, Revision: r.GetRevision()})
	if err != nil {
		return nil, false, err
	}
	c, err := b.claimAfter(ctx, &o)
	return c, o.Replayed, err
}

// BatchAcceptClaims accepts each debit as a command of its own.
func (s *noticeService) BatchAcceptClaims(ctx context.Context, r *tenfoldv1.BatchAcceptClaimsRequest) (*tenfoldv1.BatchAcceptClaimsResponse, error) {
	if err := fits(len(r.GetRequests()), "accept at most %d claims"); err != nil {
		return nil, err
	}
	items := together(r.GetRequests(), func(item *tenfoldv1.AcceptClaimRequest) *tenfoldv1.BatchAcceptClaimsItem {
		c, replayed, err := itemChecked(ctx, s.validator, item, methodAcceptClaim, s.acceptClaim)
		if err != nil {
			return &tenfoldv1.BatchAcceptClaimsItem{Status: s.refusedItem(ctx, methodAcceptClaim, err)}
		}
		return &tenfoldv1.BatchAcceptClaimsItem{Status: &tenfoldv1.ItemStatus{}, Claim: c, Replayed: replayed}
	})
	lighten(items)
	return &tenfoldv1.BatchAcceptClaimsResponse{Items: items}, nil
}

// acceptClaim accepts one debit, alone or in a batch.
func (b *backend) acceptClaim(ctx context.Context, r *tenfoldv1.AcceptClaimRequest) (*tenfoldv1.Claim, bool, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, false, err
	}
	h := b.header(ctx, merchant, r)
	h.Method = methodAcceptClaim
	o, err := b.engine.Do(ctx, h, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Note: r.GetNote()})
	if err != nil {
		return nil, false, err
	}
	c, err := b.claimAfter(ctx, &o)
	return c, o.Replayed, err
}

func (s *noticeService) RecordNoticeAttempt(ctx context.Context, r *tenfoldv1.RecordNoticeAttemptRequest) (*tenfoldv1.RecordNoticeAttemptResponse, error) {
	at := moment(r.GetAttemptedAt())
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.NoticeAttempt{
			OnClaim: on, Revision: r.GetRevision(), Channel: r.GetChannel(), Reference: r.GetReference(), Failure: r.GetFailure(), AttemptedAt: at,
		}
	})
	return answer(&tenfoldv1.RecordNoticeAttemptResponse{Claim: c, Replayed: o.Replayed}, err)
}
