package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// pageBodies is how many authenticators are held in memory, with all their changes.
const pageBodies = 200

// checkRegister proves on one snapshot that every authenticator is what its changes make of
// it, is found by what its revision in force names, and that the applied changes are numbered
// without gaps. It ends soon after it has found most discrepancies.
func checkRegister(ctx context.Context, db *postgres.DB, most int) (found []Discrepancy, err error) {
	wrong := func(subject, format string, args ...any) {
		found = append(found, Discrepancy{Subject: subject, Detail: fmt.Sprintf(format, args...), Class: reconcile.BooksDiffer})
	}
	err = db.InAudit(ctx, func(a *postgres.Audit) error {
		a.Unread = func(what string, err error) { wrong("a row of the register", "cannot be read (%s): %v", what, err) }
		t, err := a.RegisterTotals()
		if err != nil {
			return err
		}
		if t.Last != t.Highest || t.Applied != t.Highest {
			wrong("the register", "has %d applied changes up to number %d, and says that the last is %d", t.Applied, t.Highest, t.Last)
		}
		for _, id := range t.Bodiless {
			wrong("authenticator "+id, "is missing, although there are rows of it")
		}
		for after := ""; len(found) < most; {
			list, err := a.Bodies(after, pageBodies)
			if err != nil || len(list) == 0 {
				return err
			}
			for i := range list {
				checkBody(&list[i], func(format string, args ...any) { wrong("authenticator "+list[i].ID, format, args...) })
			}
			after = list[len(list)-1].ID
		}
		return nil
	})
	return found, err
}

// checkBody compares a body with what its changes make.
func checkBody(x *postgres.RegisteredBody, wrong func(format string, args ...any)) {
	made, err := authenticator.Replay(x.History, x.Suspended.Change == 1)
	if err != nil {
		wrong("is not made by its changes: %v", err)
		return
	}
	if is, should := written(&x.Body), written(&made); is != should {
		wrong("is %s, and its changes make %s", is, should)
	}
	c := &x.Content
	if x.Kind != string(c.Kind) || x.DisplayName != c.DisplayName || x.AnyGoods != c.AnyGoods() || x.AnyCategory != (len(c.Categories) == 0) {
		wrong("has columns that are not as its revision %d", x.Revision)
	}
	if is, should := scopesOf(x.Scopes), scopesOf(c.Limits()); is != should {
		wrong("is found by %q, and its revision %d names %q", is, x.Revision, should)
	}
}

// written is all of a body as a text.
func written(b *authenticator.Body) string {
	text, err := json.Marshal(b)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func scopesOf(list []authenticator.Scoped) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s.Scope) + " " + s.Value
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ", ")
}
