package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// webhookService implements WebhookService.
type webhookService struct {
	tenfoldv1.UnimplementedWebhookServiceServer
	backend
	hooks *webhook.Webhooks
}

// overlapDefault is how long an old secret stays valid if the caller named no time.
const overlapDefault = 24 * time.Hour

func webhookOf(w *postgres.Webhook) *tenfoldv1.Webhook {
	return &tenfoldv1.Webhook{
		Name: webhookName(w.MerchantID, w.ID), Url: w.URL, Kinds: eventKinds.protos(w.Kinds), CreatedAt: stamp(w.CreatedAt),
		EventNumber: w.EventNumber, ConfirmsNotices: w.ConfirmsNotices, UpdateTime: stamp(w.ChangedAt),
	}
}

func (s *webhookService) CreateWebhook(ctx context.Context, r *tenfoldv1.CreateWebhookRequest) (*tenfoldv1.CreateWebhookResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	w, secret, replayed, err := s.hooks.Create(ctx, s.header(ctx, merchant, r), webhook.Endpoint{
		URL: r.GetUrl(), Kinds: eventKinds.domains(r.GetKinds()), ConfirmsNotices: r.GetConfirmsNotices(),
	})
	return answer(&tenfoldv1.CreateWebhookResponse{Webhook: webhookOf(&w), Secret: secret, Replayed: replayed}, err)
}

func (s *webhookService) ListWebhooks(ctx context.Context, r *tenfoldv1.ListWebhooksRequest) (*tenfoldv1.ListWebhooksResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	rows, err := s.hooks.List(ctx, merchant, p.cursor[0], p.size+1)
	list, next := listed(&p, rows, webhookOf, func(w *postgres.Webhook) []string { return []string{w.ID} })
	return answer(&tenfoldv1.ListWebhooksResponse{Webhooks: list, NextPageToken: next}, err)
}

func (s *webhookService) DeleteWebhook(ctx context.Context, r *tenfoldv1.DeleteWebhookRequest) (*tenfoldv1.DeleteWebhookResponse, error) {
	merchant, id := nameOf(r.GetName())
	replayed, err := s.hooks.Delete(ctx, s.header(ctx, merchant, r), id)
	return answer(&tenfoldv1.DeleteWebhookResponse{Replayed: replayed}, err)
}

func (s *webhookService) RotateSecret(ctx context.Context, r *tenfoldv1.RotateSecretRequest) (*tenfoldv1.RotateSecretResponse, error) {
	merchant, id := nameOf(r.GetName())
	overlap := overlapDefault
	if d := r.GetOverlap(); d != nil {
		overlap = d.AsDuration()
	}
	w, secret, replayed, err := s.hooks.Rotate(ctx, s.header(ctx, merchant, r), id, overlap)
	return answer(&tenfoldv1.RotateSecretResponse{Webhook: webhookOf(&w), Secret: secret, Replayed: replayed}, err)
}

func (s *webhookService) ListDeadLetters(ctx context.Context, r *tenfoldv1.ListDeadLettersRequest) (*tenfoldv1.ListDeadLettersResponse, error) {
	merchant, id := nameOf(r.GetParent())
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	rows, err := s.hooks.DeadLetters(ctx, merchant, id, after, p.size+1)
	list, next := listed(&p, rows,
		func(d *postgres.DeadLetter) *tenfoldv1.DeadLetter { return deadLetterOf(merchant, d) },
		func(d *postgres.DeadLetter) []string { return []string{decimal(d.EventNumber)} })
	return answer(&tenfoldv1.ListDeadLettersResponse{DeadLetters: list, NextPageToken: next}, err)
}

func deadLetterOf(merchant string, d *postgres.DeadLetter) *tenfoldv1.DeadLetter {
	return &tenfoldv1.DeadLetter{
		Event: eventName(merchant, d.EventNumber), Attempts: int32(d.Attempts), LastStatus: int32(d.Status),
		LastFailure: d.Failure, DiedAt: stamp(d.DiedAt),
	}
}

func (s *webhookService) RedeliverEvent(ctx context.Context, r *tenfoldv1.RedeliverEventRequest) (*tenfoldv1.RedeliverEventResponse, error) {
	merchant, id := nameOf(r.GetName())
	if err := under(merchantName(merchant), r.GetEvent(), "event"); err != nil {
		return nil, err
	}
	replayed, err := s.hooks.Redeliver(ctx, s.header(ctx, merchant, r), id, numberOf(r.GetEvent()))
	return answer(&tenfoldv1.RedeliverEventResponse{Replayed: replayed}, err)
}
