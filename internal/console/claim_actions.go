package console

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// form is what a form of an action asks for.
type form struct {
	// Path is the word of the action in forms.
	Path string
	// Choices are the values of the decision, with their field; nil for none.
	Field   string
	Choices protoreflect.EnumDescriptor
	// Votes says that the choice is to approve or to refuse.
	Votes bool
	// Units says that a verdict on each unit may be given.
	Units bool
	// Note is whether a reason has to be given; Document and Destination whether they are asked for.
	Note, Document, Destination bool
	// Override says that a claim of another person may be decided with a reason.
	Override bool

	send func(context.Context, *console, *asked) (*tenfoldv1.Claim, error)
}

// asked is an action on a claim as a form says it.
type asked struct {
	Name, RequestID, Etag string
	ValidateOnly          bool
	Choice                int32
	Units                 []*tenfoldv1.UnitVerdict
	Note, Document        string
	Destination, Override string
}

// unitsOf are the verdicts, if the decision is one of those that name them.
func (a *asked) unitsOf(choices ...int32) []*tenfoldv1.UnitVerdict {
	if slices.Contains(choices, a.Choice) {
		return a.Units
	}
	return nil
}

// forms are the actions that people take on pages.
var forms = map[tenfoldv1.ClaimAction]form{
	tenfoldv1.ClaimAction_CLAIM_ACTION_ACCEPT: {
		Path: "accept",
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.AcceptClaim(ctx, &tenfoldv1.AcceptClaimRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note,
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_APPEAL: {
		Path: "appeal", Note: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.AppealClaim(ctx, &tenfoldv1.AppealClaimRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note,
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_DECIDE_REVIEW: {
		Path: "decide-review", Field: "decision", Choices: tenfoldv1.ReviewDecision(0).Descriptor(), Units: true, Note: true, Override: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.DecideReview(ctx, &tenfoldv1.DecideReviewRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note, OverrideReason: a.Override,
				Decision: tenfoldv1.ReviewDecision(a.Choice),
				UnitVerdicts: a.unitsOf(int32(tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD),
					int32(tenfoldv1.ReviewDecision_REVIEW_DECISION_REFUND_PATH)),
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_DECIDE_APPEAL: {
		Path: "decide-appeal", Field: "decision", Choices: tenfoldv1.AppealDecision(0).Descriptor(), Units: true, Note: true, Override: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.DecideAppeal(ctx, &tenfoldv1.DecideAppealRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note, OverrideReason: a.Override,
				Decision:     tenfoldv1.AppealDecision(a.Choice),
				UnitVerdicts: a.unitsOf(int32(tenfoldv1.AppealDecision_APPEAL_DECISION_UPHELD_IN_PART)),
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_REVISE_VERDICT: {
		Path: "revise-verdict", Field: "ground", Choices: tenfoldv1.RevisionGround(0).Descriptor(), Units: true, Note: true, Document: true,
		Override: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.ReviseVerdict(ctx, &tenfoldv1.ReviseVerdictRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note, OverrideReason: a.Override,
				Ground: tenfoldv1.RevisionGround(a.Choice), UnitVerdicts: a.Units, Document: a.Document,
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_APPROVE: {
		Path: "approve", Field: "vote", Votes: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.ApproveClaim(ctx, &tenfoldv1.ApproveClaimRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note, Refuse: a.Choice == voteRefuse,
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_RETRY_PAYOUT: {
		Path: "retry-payout", Destination: true,
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.RetryPayout(ctx, &tenfoldv1.RetryPayoutRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note, PayoutDestination: a.Destination,
			})
			return r.GetClaim(), err
		},
	},
	tenfoldv1.ClaimAction_CLAIM_ACTION_WITHDRAW: {
		Path: "withdraw",
		send: func(ctx context.Context, s *console, a *asked) (*tenfoldv1.Claim, error) {
			r, err := s.claims.WithdrawClaim(ctx, &tenfoldv1.WithdrawClaimRequest{
				Name: a.Name, RequestId: a.RequestID, ValidateOnly: a.ValidateOnly, Etag: a.Etag, Note: a.Note,
			})
			return r.GetClaim(), err
		},
	},
}

// Votes on an amount, as forms say them.
const (
	voteApprove = 1
	voteRefuse  = 2
)

// offer is an action with what may come of it and, if people take it on pages, its form.
type offer struct {
	Action  tenfoldv1.ClaimAction
	Effects []*tenfoldv1.ActionEffect
	Form    *form
	Etag    string
	Units   []*tenfoldv1.UnitVerdict
	// Values are the choices of the form.
	Values []protoreflect.EnumValueDescriptor
}

// offersOf are the actions that a claim admits, each once: a decision has an effect for each way
// to decide.
func offersOf(c *tenfoldv1.Claim) []offer {
	var all []offer
	for _, e := range c.GetActionEffects() {
		at := slices.IndexFunc(all, func(o offer) bool { return o.Action == e.GetAction() })
		if at < 0 {
			o := offer{Action: e.GetAction(), Etag: c.GetEtag(), Units: c.GetUnits()}
			if f, ok := forms[e.GetAction()]; ok {
				o.Form = &f
				o.Values = valuesOf(f.Choices)
			}
			at, all = len(all), append(all, o)
		}
		all[at].Effects = append(all[at].Effects, e)
	}
	return all
}

// valuesOf are the values of an enum that can be chosen.
func valuesOf(d protoreflect.EnumDescriptor) []protoreflect.EnumValueDescriptor {
	if d == nil {
		return nil
	}
	var all []protoreflect.EnumValueDescriptor
	for i := range d.Values().Len() {
		if x := d.Values().Get(i); x.Number() != 0 {
			all = append(all, x)
		}
	}
	return all
}

// simple are the steps on a claim that decide nothing, and need no preview.
var simple = map[string]func(*console, *visit, string) error{
	"take": func(s *console, v *visit, name string) error {
		if v.me.Person == "" { // To assign it to nobody would take it from whoever has it.
			return formError("take.nobody")
		}
		_, err := s.claims.AssignReview(v.ctx, &tenfoldv1.AssignReviewRequest{
			Name: name, RequestId: v.requestID(), Etag: v.posted("etag"), Assignee: v.me.Person,
		})
		return err
	},
	"release": func(s *console, v *visit, name string) error {
		_, err := s.work.Release(v.ctx, &tenfoldv1.ReleaseRequest{Name: name, RequestId: v.requestID(), Etag: v.posted("etag")})
		return err
	},
	"note": func(s *console, v *visit, name string) error {
		visibility := tenfoldv1.NoteVisibility_value["NOTE_VISIBILITY_"+v.posted("visibility")]
		_, err := s.work.AddNote(v.ctx, &tenfoldv1.AddNoteRequest{
			Name: name, RequestId: v.requestID(), Visibility: tenfoldv1.NoteVisibility(visibility), Text: v.posted("text"),
		})
		return err
	},
}

// act carries out an action on a claim: at first without storing anything, so that the person sees
// what would happen, and then for good.
func (s *console) act(v *visit) error {
	name, path := v.claimName(), v.posted("action")
	if step, ok := simple[path]; ok {
		if err := step(s, v, name); err != nil {
			return err
		}
		return v.to("/"+name, "done."+path)
	}
	for action, f := range forms {
		if f.Path == path {
			return s.decide(v, name, action, &f)
		}
	}
	return v.missing()
}

// confirmation is what the page shows that asks whether to go on.
type confirmation struct {
	Action tenfoldv1.ClaimAction
	// Before is the claim as it stands, After as it would stand.
	Before, After *tenfoldv1.Claim
	// Sent are the fields of the form, to be sent once more.
	Sent []sent
	Path string
}

type sent struct{ Name, Value string }

func (s *console) decide(v *visit, name string, action tenfoldv1.ClaimAction, f *form) error {
	a, err := v.asked(f)
	if err != nil {
		return err
	}
	a.Name = name
	if v.posted("confirmed") != "" {
		if _, err := f.send(v.ctx, s, &a); err != nil {
			return err
		}
		return v.to("/"+name, "done.decided")
	}
	before, err := s.claims.GetClaim(v.ctx, &tenfoldv1.GetClaimRequest{Name: name})
	if err != nil {
		return err
	}
	a.ValidateOnly = true
	after, err := f.send(v.ctx, s, &a)
	if err != nil {
		return err
	}
	c := confirmation{Action: action, Before: before.GetClaim(), After: after, Path: "/" + name}
	for _, field := range slices.Sorted(maps.Keys(v.r.PostForm)) {
		for _, x := range v.r.PostForm[field] {
			c.Sent = append(c.Sent, sent{field, x})
		}
	}
	if v.posted("request_id") == "" {
		c.Sent = append(c.Sent, sent{"request_id", a.RequestID})
	}
	v.render(http.StatusOK, "confirm", "confirm", c)
	return nil
}

// asked reads the form of an action.
func (v *visit) asked(f *form) (a asked, err error) {
	a = asked{
		RequestID: v.requestID(), Etag: v.posted("etag"), Note: v.posted("note"), Document: v.posted("document"),
		Destination: v.posted("destination"), Override: v.posted("override"),
	}
	if f.Field != "" {
		number, err := strconv.ParseInt(v.posted(f.Field), 10, 32)
		if err != nil {
			return a, formError("form.choice")
		}
		a.Choice = int32(number)
	}
	if f.Units {
		ordinals, verdicts := v.r.PostForm["ordinal"], v.r.PostForm["verdict"]
		if len(ordinals) != len(verdicts) {
			return a, formError("form.units")
		}
		for i, text := range ordinals {
			ordinal, err := strconv.ParseInt(text, 10, 32)
			number, known := tenfoldv1.Verdict_value["VERDICT_"+verdicts[i]]
			if err != nil || !known {
				return a, formError("form.units")
			}
			a.Units = append(a.Units, &tenfoldv1.UnitVerdict{Ordinal: int32(ordinal), Verdict: tenfoldv1.Verdict(number)})
		}
	}
	return a, nil
}
