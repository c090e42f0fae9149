package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// attack is something that happens to the server, its database or its gateway.
type attack struct {
	name string
	// unready are words that /readyz must say during the attack, one of them at least;
	// without any the server must stay ready.
	unready []string
	begin   func(context.Context) error
	end     func(context.Context) error
	// down says that the attack ends the server's process, which begin waits for.
	down bool
	// least is how long it lasts, if that is longer than others.
	least time.Duration
}

const (
	// seeMax is how long the server may take to say that it is not ready, beyond the
	// least duration of the attack.
	seeMax = 30 * time.Second
	// backMax is how long it may take to be ready again and to answer every caller.
	backMax = 90 * time.Second
	look    = 20 * time.Millisecond
)

// attacks are all attacks in their order, and the reasons why others are left out.
func (x *chaos) attacks(r *Report) []attack {
	silent := []string{"it says nothing"}
	list := []attack{
		{name: "database stands still", unready: silent, begin: x.without(x.database.Suspend), end: x.without(x.database.Resume), least: x.AnswerMax * 3 / 2},
		{name: "lanes' connections go silent", unready: []string{"has waited for the database"}, begin: x.swallow(laneOnly), end: nothing},
		{name: "all connections go silent", unready: silent, begin: x.swallow(all), end: nothing},
		{name: "database read-only", unready: []string{"it is read-only"}, begin: x.readOnly("on"), end: x.readOnly("off")},
	}
	if x.disk.why == "" {
		// PostgreSQL refuses what finds no room, or ends itself if that is its log, and
		// does not come back before there is some.
		full := []string{"its disk is full", "it cannot be reached", "it is starting or shutting down"}
		list = append(list, attack{name: "disk full", unready: full, begin: x.without(x.disk.fill), end: x.without(x.disk.clear)})
	} else {
		r.Omitted = append(r.Omitted, "disk full: "+x.disk.why)
	}
	strangers := &strangers{address: x.address, n: x.Strangers}
	list = append(list,
		attack{name: fmt.Sprintf("%d strangers say nothing", x.Strangers), begin: strangers.come, end: x.without(strangers.leave)},
		attack{name: "gateway stalls, one call in six", begin: x.without(x.gateway.stall), end: x.without(x.gateway.mend)},
		attack{name: "told to end, connections silent", begin: x.endIn(x.swallow(all)), end: x.startServer, down: true},
		attack{name: "told to end, database stands still", begin: x.endIn(x.without(x.database.Suspend)), end: x.startAgain, down: true},
	)
	return list
}

func nothing(context.Context) error { return nil }

func (x *chaos) without(f func() error) func(context.Context) error {
	return func(context.Context) error { return f() }
}

func (x *chaos) swallow(which func(*line) bool) func(context.Context) error {
	return func(context.Context) error {
		if n := x.wire.swallow(which); n == 0 {
			return fmt.Errorf("no connection was there to be swallowed")
		}
		return nil
	}
}

func (x *chaos) readOnly(value string) func(context.Context) error {
	return func(ctx context.Context) error {
		return x.database.Configure(ctx, "default_transaction_read_only", value)
	}
}

// endIn tells the server to end while its database says nothing.
func (x *chaos) endIn(silence func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := silence(ctx); err != nil {
			return err
		}
		// Calls are under way when it is told.
		if err := pause(ctx, x.AnswerMax/6); err != nil {
			return err
		}
		began := x.Now()
		limit, cancel := context.WithTimeout(ctx, 2*x.StopMax)
		defer cancel()
		// It may say that it did not end as it should have, which is so.
		_ = x.server.Stop(limit)
		took := x.Now().Sub(began)
		x.stopped = took
		// A busy machine may be late by a second.
		if took > x.StopMax+time.Second {
			x.wrong("the server took %s to end while its database said nothing, the limit is %s", took.Round(time.Millisecond), x.StopMax)
		}
		return nil
	}
}

func (x *chaos) startAgain(ctx context.Context) error {
	if err := x.database.Resume(); err != nil {
		return err
	}
	return x.startServer(ctx)
}

// attackAll makes one attack after the other.
func (x *chaos) attackAll(ctx context.Context, r *Report) error {
	if err := x.ready(ctx, "before the attacks"); err != nil {
		return err
	}
	list := x.attacks(r)
	for i := range list {
		if x.Progress != nil {
			x.Progress(list[i].name, i, len(list))
		}
		one, err := x.attack(ctx, &list[i])
		if err != nil {
			return fmt.Errorf("%s: %w", list[i].name, err)
		}
		r.Attacks = append(r.Attacks, one)
	}
	return nil
}

func (x *chaos) attack(ctx context.Context, a *attack) (r AttackReport, err error) {
	r.Name = a.name
	before := x.measure.next(false)
	if err := x.window(ctx, before); err != nil {
		return r, err
	}
	during := x.measure.next(true)
	began := x.Now()
	x.probes.expect(a.down || len(a.unready) > 0, a.down)
	if err := a.begin(ctx); err != nil {
		return r, err
	}
	if err := x.last(ctx, a, began); err != nil {
		return r, err
	}
	if len(a.unready) == 0 && !a.down {
		// The server is ready, so it has to answer everybody, newcomers too.
		if err := x.answered(ctx, "the attack had begun"); err != nil {
			return r, err
		}
	}
	if err := a.end(ctx); err != nil {
		return r, err
	}
	r.Seconds = x.Now().Sub(began).Seconds()
	if a.down {
		r.StopSeconds = x.stopped.Seconds()
	}
	if err := x.recover(ctx, a.name); err != nil {
		return r, err
	}
	r.Unready = x.probes.expect(false, false)
	if len(a.unready) > 0 && !says(r.Unready, a.unready) {
		x.wrong("%s: the server never said %q on /readyz, but %q", a.name, a.unready, r.Unready)
	}
	after := x.measure.next(false)
	if err := x.window(ctx, after); err != nil {
		return r, err
	}
	r.Before, r.During, r.After = x.measure.of(before), x.measure.of(during), x.measure.of(after)
	return r, nil
}

// recover waits until the server is ready, has answered every caller the calls of a life,
// so that each lane has found out about its connections, and is still ready.
func (x *chaos) recover(ctx context.Context, when string) error {
	x.measure.next(false)
	if err := x.ready(ctx, when); err != nil {
		return err
	}
	if err := x.answered(ctx, when); err != nil {
		return err
	}
	return x.ready(ctx, when)
}

func says(said, words []string) bool {
	return slices.ContainsFunc(said, func(text string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	})
}

// last lets an attack last, and longer if the server has not told of it yet.
func (x *chaos) last(ctx context.Context, a *attack, began time.Time) error {
	if a.down {
		return nil
	}
	least := max(x.Attack, a.least)
	if err := pause(ctx, least-x.Now().Sub(began)); err != nil {
		return err
	}
	for len(a.unready) > 0 && !says(x.probes.heard(), a.unready) && x.Now().Sub(began) < least+seeMax {
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
	return nil
}

// ready waits until the server is ready.
func (x *chaos) ready(ctx context.Context, when string) error {
	limit, cancel := context.WithTimeout(ctx, backMax)
	defer cancel()
	for {
		if x.probes.ready(limit) {
			return nil
		}
		if pause(limit, look) != nil {
			if ctx.Err() == nil {
				return fmt.Errorf("the server was not ready within %s (%s): %q", backMax, when, x.probes.heard())
			}
			return context.Cause(ctx)
		}
	}
}

// answered waits until every caller has got the answers of a life.
func (x *chaos) answered(ctx context.Context, when string) error {
	was := make([]int64, len(x.callers))
	for i, c := range x.callers {
		was[i] = c.answers.Load()
	}
	limit, cancel := context.WithTimeout(ctx, backMax)
	defer cancel()
	for i, c := range x.callers {
		for c.answers.Load() < was[i]+callsOfLife {
			if pause(limit, look) != nil {
				if ctx.Err() == nil {
					return fmt.Errorf("a caller got no answer within %s after %s", backMax, when)
				}
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// window measures for a time, and until there is something measured.
func (x *chaos) window(ctx context.Context, phase int) error {
	if err := pause(ctx, x.Window); err != nil {
		return err
	}
	return x.answeredIn(ctx, phase)
}

func (x *chaos) answeredIn(ctx context.Context, phase int) error {
	limit, cancel := context.WithTimeout(ctx, backMax)
	defer cancel()
	for x.measure.of(phase).Calls == 0 {
		if pause(limit, look) != nil {
			if ctx.Err() == nil {
				return fmt.Errorf("no call was answered within %s", backMax)
			}
			return context.Cause(ctx)
		}
	}
	return nil
}
