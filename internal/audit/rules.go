package audit

import (
	"context"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// checkRules proves that the versions of the decision rules are numbered without gaps, and that
// each that a proposal published is what two people other than its proposer approved, in time
// and with terms that can stand.
func checkRules(ctx context.Context, db *postgres.DB) (found []Discrepancy, err error) {
	wrong := func(version int32, format string, args ...any) {
		found = append(found, Discrepancy{Subject: fmt.Sprintf("version %d of the decision rules", version), Detail: fmt.Sprintf(format, args...)})
	}
	err = db.InAudit(ctx, func(a *postgres.Audit) error {
		a.Unread = func(what string, err error) {
			found = append(found, Discrepancy{Subject: "the decision rules", Detail: fmt.Sprintf("cannot be read (%s): %v", what, err)})
		}
		list, proposed, err := a.Rules()
		if err != nil {
			return err
		}
		published := false
		for i := range list {
			x := &list[i]
			if want := int32(i + 1); x.Version != want {
				wrong(x.Version, "has no version %d before it", want)
				return nil
			}
			switch {
			case x.Proposal == 0 && published:
				wrong(x.Version, "was published without a proposal")
			case x.Proposal == 0:
				continue
			case !x.Same:
				wrong(x.Version, "is not what proposal %d says", x.Proposal)
			case x.Approvers < policyproposal.Approvers:
				wrong(x.Version, "was published by %d approvals", x.Approvers)
			case x.EffectiveFrom.Before(x.PublishedAt.Add(policyproposal.RulesNotice)):
				wrong(x.Version, "takes effect too soon after its publication")
			}
			if err := x.CheckTerms(); err != nil {
				wrong(x.Version, "cannot stand: %v", err)
			}
			published = true
		}
		if proposed > int32(len(list)) {
			wrong(proposed, "is missing, although a proposal published it")
		}
		return nil
	})
	return found, err
}
