package webhook

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

const (
	// queueWebhooks and queueEvents bound one statement that queues deliveries.
	queueWebhooks = 64
	queueEvents   = 500
)

// Run queues and sends until ctx ends. Deliveries under way at that time are tried
// again, here or elsewhere, so a receiver may get an event twice, under one id.
func (w *Webhooks) Run(ctx context.Context, bell *watch.Bell) {
	watch.Loop(ctx, bell.Listen(), w.config.Gap, w.config.Pause, func() {
		if err := w.Step(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("webhooks interrupted", "error", err)
		}
	})
}

// Step queues events that were not queued yet, and sends due deliveries, until
// nothing is left.
func (w *Webhooks) Step(ctx context.Context) error {
	for {
		met, err := w.db.QueueDeliveries(ctx, w.now(), queueWebhooks, queueEvents)
		if err != nil {
			return err
		}
		sent, err := w.sendDue(ctx)
		if err != nil || met == 0 && sent == 0 {
			return err
		}
	}
}

// lease is how long other replicas leave taken deliveries alone. Whoever comes next
// takes deliveries that were not tried by then.
func (w *Webhooks) lease() time.Duration {
	const tries = 6
	return tries * w.config.SendMax
}

// sendDue sends due deliveries, to some receivers at once, and returns how many it
// took.
func (w *Webhooks) sendDue(ctx context.Context) (int, error) {
	now := w.now()
	until := now.Add(w.lease())
	due, err := w.db.TakeDeliveries(ctx, now, until, w.config.BatchMax)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	taken := len(due)
	receivers := make(chan []postgres.Delivery)
	var running sync.WaitGroup
	var first error
	var mu sync.Mutex
	for range min(w.config.Senders, taken) {
		running.Go(func() {
			for list := range receivers {
				if err := w.sendTo(ctx, list, until); err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
				}
			}
		})
	}
	for len(due) > 0 {
		n := 1
		for n < len(due) && due[n].Webhook.ID == due[0].Webhook.ID && due[n].Webhook.MerchantID == due[0].Webhook.MerchantID {
			n++
		}
		receivers <- due[:n]
		due = due[n:]
	}
	close(receivers)
	running.Wait()
	return taken, first
}

// sendTo sends the due deliveries of one webhook, in order. If the receiver is away
// all of them wait; if it refuses an event, or the event is damaged, only that one waits.
func (w *Webhooks) sendTo(ctx context.Context, list []postgres.Delivery, until time.Time) error {
	for i := range list {
		if ctx.Err() != nil || w.now().After(until.Add(-w.config.SendMax)) {
			return ctx.Err()
		}
		d := &list[i]
		key := book.Key{MerchantID: d.Webhook.MerchantID, ID: d.Webhook.ID}
		o := w.try(ctx, d)
		if ctx.Err() != nil {
			return ctx.Err() // The cause is here, not at the receiver.
		}
		failed := w.failed(key, d, o)
		if err := w.tellNotice(ctx, d, o, failed.DueAt.IsZero()); err != nil {
			return err // The lease ends, and the delivery is tried again.
		}
		var err error
		switch {
		case o.taken():
			err = w.db.EndDelivery(ctx, key, d.Event.Number)
		case o.away():
			return w.db.PutOffDeliveries(ctx, failed, w.config.AttemptsMax, until)
		default:
			err = w.db.FailDelivery(ctx, failed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// try sends one event. One that is quarantined or cannot be read fails like one that is
// refused: it holds up no other, and arrives if it is mended and released in time.
func (w *Webhooks) try(ctx context.Context, d *postgres.Delivery) outcome {
	e := w.source(d.Event)
	if _, err := e.Decoded(); errors.Is(err, watch.ErrQuarantined) {
		return outcome{failure: failedQuarantined}
	} else if err != nil {
		return outcome{failure: failedDamaged}
	}
	body, err := w.encode(e)
	if err != nil {
		e.Withhold(err)
		return outcome{failure: failedDamaged}
	}
	now := w.now()
	keys, err := w.signing(&d.Webhook, now)
	if err != nil {
		w.log.Error("a webhook gets no events: its secret cannot be opened", "merchant", d.Webhook.MerchantID, "webhook", d.Webhook.ID,
			"key", d.Webhook.Secret.KeyID, "error", err)
		return outcome{failure: failedSealed}
	}
	return w.client.send(ctx, d.Webhook.URL, keys, eventID(d.Event.MerchantID, d.Event.Number), now, body)
}

// failed says when a delivery is tried again, if it is.
func (w *Webhooks) failed(key book.Key, d *postgres.Delivery, o outcome) postgres.Try {
	t := postgres.Try{Webhook: key, Number: d.Event.Number, Status: o.status, Failure: o.failure, At: w.now()}
	if o.away() || o.failure != failedGone && d.Attempts+1 < w.config.AttemptsMax {
		t.DueAt = t.At.Add(w.again(d.Attempts))
	}
	return t
}

// again is the pause after a failure: four times the previous one, jittered by up
// to half.
func (w *Webhooks) again(attempts int) time.Duration {
	pause := w.config.Again
	for range attempts {
		if pause *= 4; pause >= w.config.AgainMax {
			pause = w.config.AgainMax
			break
		}
	}
	return pause/2 + rand.N(pause)
}
