package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// aClaim is the argument that names the claim of a command.
func aClaim(field string) input {
	return input{name: "CLAIM", field: field, required: true, as: claimText}
}

// aMerchant is the argument that names the merchant of a command.
func aMerchant(field string) input {
	return input{name: "MERCHANT", field: field, required: true, as: merchantText}
}

// aNote is the flag of a note that may be left out, and whyNote that of one that may not.
func aNote() input { return input{name: "note", field: "note", usage: "note that is kept"} }

func whyNote(usage string) input {
	return input{name: "note", field: "note", usage: usage, required: true}
}

func overrideReason() input {
	return input{name: "override-reason", field: "override_reason", usage: "why you decide although the claim is assigned to another person"}
}

// claimInto fills a field with the full name of a claim.
func claimInto(field string) func(*call, []string) error {
	return func(x *call, texts []string) error {
		name, err := claimText(texts[0])
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "merchants/-/") {
			c, err := x.readClaim(name)
			if err != nil {
				return err
			}
			name = c.GetName()
		}
		m := x.request.ProtoReflect()
		m.Set(x.verb.field(field), protoreflect.ValueOfString(name))
		return nil
	}
}

// claimVerbs are the commands of merchants, the order service and support on claims.
func claimVerbs() []verb {
	return []verb{
		{
			use: "accept CLAIM", method: "ClaimService/AcceptClaim", role: principal.RoleMerchant, about: "name",
			short: "Agree to the debit before the notice period has ended",
			long: "Record that the merchant agrees to the debit. The held money is captured and the payout is instructed at once, so\n" +
				"that the merchant can no longer appeal.",
			examples: []string{"claim accept 1KJPW-D6M05-F2S5T-CT5FM --scope merchants/m1 --note 'the goods came from a broken batch'"},
			args:     []input{aClaim("name")}, flags: []input{aNote()}, action: tenfoldv1.ClaimAction_CLAIM_ACTION_ACCEPT,
			risk: "The merchant is debited and the consumer is paid",
		},
		{
			use: "appeal CLAIM", method: "ClaimService/AppealClaim", role: principal.RoleMerchant, about: "name",
			short: "Object to the verdict for the merchant",
			long: "Record the merchant's objection to the verdict, once for each revision and within the notice period. The debit waits\n" +
				"until the panel has decided.",
			examples: []string{"claim appeal 1KJPW-D6M05-F2S5T-CT5FM --scope merchants/m1 --note 'bought from the brand' --evidence invoice-17"},
			args:     []input{aClaim("name")},
			flags: []input{
				whyNote("the merchant's reasons"),
				{name: "evidence", field: "evidence", usage: "reference to evidence of the merchant; may be repeated", often: true},
			},
		},
		{
			use: "withdraw CLAIM", method: "ClaimService/WithdrawClaim", role: principal.RoleSupport, about: "name",
			short:    "Take a claim back for the claimant",
			long:     "Take a claim back for the claimant, until the debit is confirmed. Held money is released, and nothing is paid.",
			examples: []string{"claim withdraw 1KJPW-D6M05-F2S5T-CT5FM --note 'settled on the phone' --yes"},
			args:     []input{aClaim("name")}, flags: []input{aNote()}, action: tenfoldv1.ClaimAction_CLAIM_ACTION_WITHDRAW,
			risk: "The claim ends without a payout",
		},
		{
			use: "reconsider CLAIM", method: "ReconsiderationService/RequestReconsideration", role: principal.RoleSupport, about: "name",
			short: "Ask for a decision against the claimant to be made again, with new evidence",
			long: "Send a claim that was decided against the claimant back to review. A decision is reconsidered once, and only with\n" +
				"evidence that the claim does not have yet.",
			examples: []string{"claim reconsider 1KJPW-D6M05-F2S5T-CT5FM --note 'the seal was broken' --evidence-kind PHOTO --evidence-reference dam://88 " +
				"--evidence-digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
			args: []input{aClaim("name")},
			flags: []input{
				whyNote("why the claimant objects"),
				{name: "evidence-kind", field: "evidence_kind", usage: "kind of the new evidence, in capitals such as INVOICE", required: true},
				{name: "evidence-reference", field: "evidence_reference", usage: "where the evidence is kept"},
				{name: "evidence-digest", field: "evidence_digest", usage: "SHA-256 of the evidence, in lower-case hex; with --evidence-reference"},
				{name: "upload", field: "upload", usage: "upload of the file, in place of a reference", as: under("uploads")},
				{name: "disclosed-to", field: "disclosed_to", usage: "parties that may read the file of the upload, with commas between them"},
				anAnswer(),
			},
			choose: []string{"evidence-reference", "upload"},
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_RECONSIDER, risk: "The claimant's one reconsideration of this decision is used",
		},
	}
}

// fileVerbs are the commands that file claims and add to them.
func fileVerbs() []verb {
	return []verb{
		{
			use: "add-evidence CLAIM", method: "ClaimService/AddEvidence", role: principal.RoleSupport, about: "name",
			short: "Add evidence to a claim",
			long: "Add evidence to a claim, at any time and without an effect on its state: a reference, whose evidence stays where it is, or\n" +
				"a file that was uploaded with `tenfold evidence upload`.",
			examples: []string{"claim add-evidence 1KJPW-D6M05-F2S5T-CT5FM --kind TICKET --reference crm://4711"},
			args:     []input{aClaim("name")},
			flags: []input{
				{name: "kind", field: "kind", usage: "kind of the evidence, in capitals such as INVOICE", required: true},
				{name: "reference", field: "reference", usage: "where the evidence is kept"},
				{name: "digest", field: "digest", usage: "SHA-256 of the evidence, in lower-case hex"},
				{name: "upload", field: "upload", usage: "upload of the file, in place of a reference", as: under("uploads")},
				{name: "disclosed-to", field: "disclosed_to", usage: "parties that may read the file of the upload, with commas between them"},
				anAnswer(), aNote(),
			},
			choose: []string{"reference", "upload"},
		},
		{
			use: "confirm-notice CLAIM", method: "ClaimService/ConfirmNotice", role: principal.RoleMerchant, about: "name",
			short: "Confirm that the merchant has received the notice",
			long: "Record that the merchant's system has received the notice. The notice period starts. `tenfold notice confirm` confirms\n" +
				"many notices at once.",
			examples: []string{"claim confirm-notice 1KJPW-D6M05-F2S5T-CT5FM --scope merchants/m1 --yes"},
			args:     []input{aClaim("name")},
			flags:    []input{{name: "revision", field: "revision", usage: "revision of the claim in the notice; the present one if it is not given"}},
			action:   tenfoldv1.ClaimAction_CLAIM_ACTION_CONFIRM_NOTICE, risk: "The notice period starts, and the merchant is debited when it ends",
		},
		{
			use: "record-repayment CLAIM", method: "MerchantMoneyService/RecordConsumerRepayment", role: principal.RoleFinance, about: "name",
			short:    "Book that a consumer has repaid what lost its basis",
			long:     "Book a consumer's repayment of a payout that lost its basis, at most what the consumer owes back.",
			examples: []string{"claim record-repayment 1KJPW-D6M05-F2S5T-CT5FM --amount 100.00CNY --payment-reference bank-881 --yes"},
			args:     []input{aClaim("name")}, flags: append(payment("payment-reference", "reference of the payment"), effectiveAt()),
			risk: "Money is booked",
		},
		{
			use: "file-batch FILE", method: "ClaimService/BatchFileClaims", role: principal.RoleOrderService,
			short: "File many claims from a BatchFileClaimsRequest in JSON",
			long: "File up to 500 claims of any merchants from a file in JSON, or from the standard input for \"-\". Each is decided alone.\n" +
				"The exit code is 1 if any was refused; the same file can be sent again, and what was filed is not filed twice.",
			examples: []string{"claim file-batch claims.json -o json"},
			args:     []input{{name: "FILE", required: true, put: fromFile("")}},
		},
		{
			use: "quote FILE", method: "ClaimService/QuotePayout", role: principal.RoleSupport,
			short:    "Compute what a claim would pay, from a QuotePayoutRequest in JSON",
			long:     "Compute the payout of a claim in which the named units are found counterfeit, without filing it. FILE may be \"-\".",
			examples: []string{"claim quote quote.json"},
			args:     []input{{name: "FILE", required: true, put: fromFile("")}},
			print:    func(o *output, _ *call, answer proto.Message) { printQuote(o, answer.(*tenfoldv1.QuotePayoutResponse)) },
		},
	}
}

// printQuote prints the calculation on which the claim would be paid; the others stand in JSON.
func printQuote(o *output, q *tenfoldv1.QuotePayoutResponse) { printCalculation(o, q.GetChosen()) }

// decisionVerbs are the commands of adjudicators and approvers.
func decisionVerbs() []verb {
	return []verb{
		{
			use: "assign CLAIM [PERSON]", method: "ClaimService/AssignReview", role: principal.RoleAdjudicator, about: "name",
			short:    "Assign a claim in review or under appeal to a person, or to nobody",
			long:     "Assign a claim in review or under appeal to a person. Without PERSON the claim is assigned to nobody.",
			examples: []string{"claim assign 1KJPW-D6M05-F2S5T-CT5FM rita", "claim assign 1KJPW-D6M05-F2S5T-CT5FM"},
			args:     []input{aClaim("name"), {name: "PERSON", field: "assignee"}},
		},
		{
			use: "decide CLAIM", method: "ClaimService/DecideReview", role: principal.RoleAdjudicator, about: "name",
			short: "Decide a claim in review",
			long: "Decide a claim in review. With --decision uphold every claimed unit needs a verdict, and at least one is counterfeit, or\n" +
				"otherwise one that the policy compensates. With refund-path they may be given, and are those of the results otherwise;\n" +
				"the other decisions take no verdicts. Needs --person.",
			examples: []string{
				"claim decide 1KJPW-D6M05-F2S5T-CT5FM --person rita --decision uphold --counterfeit 1,2 --genuine 3 --note 'seams are wrong'",
				"claim decide 1KJPW-D6M05-F2S5T-CT5FM --person rita --decision reject --note 'the brand confirms it' --yes",
			},
			args: []input{aClaim("name")},
			flags: append([]input{{name: "decision", field: "decision", usage: "uphold, reject, refund-path, retest or expire", required: true}},
				append(unitFlags(), whyNote("the reason"), overrideReason())...),
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_DECIDE_REVIEW, risk: "The decision can end the claim or lead to a debit of the merchant",
		},
		{
			use: "decide-appeal CLAIM", method: "ClaimService/DecideAppeal", role: principal.RoleAdjudicator, about: "name",
			short: "Decide a merchant's appeal",
			long: "Record the panel's decision on an appeal: upheld (the merchant is right), upheld-in-part with a verdict for each unit,\n" +
				"or dismissed. Whoever filed the claim or made the verdict cannot decide it. Needs --person.",
			examples: []string{
				"claim decide-appeal 1KJPW-D6M05-F2S5T-CT5FM --person otto --decision dismissed --note 'the invoice is for other goods'",
				"claim decide-appeal 1KJPW-D6M05-F2S5T-CT5FM --person otto --decision upheld-in-part --counterfeit 1 --genuine 2 --note 'unit 2 is real'",
			},
			args: []input{aClaim("name")},
			flags: append([]input{{name: "decision", field: "decision", usage: "upheld, upheld-in-part or dismissed", required: true}},
				append(unitFlags(), whyNote("the reason"), overrideReason())...),
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_DECIDE_APPEAL, risk: "The decision can end the claim or lead to a debit of the merchant",
		},
		{
			use: "approve CLAIM", method: "ClaimService/ApproveClaim", role: principal.RoleApprover, about: "name",
			short:    "Agree to an amount that two persons must agree to",
			long:     "Record that one of two persons agrees to the amount before it is debited. Needs --person.",
			examples: []string{"claim approve 1KJPW-D6M05-F2S5T-CT5FM --person anna"},
			args:     []input{aClaim("name")}, flags: []input{aNote()}, action: tenfoldv1.ClaimAction_CLAIM_ACTION_APPROVE,
			risk: "With the second approval the merchant is debited",
		},
		{
			use: "refuse-amount CLAIM", method: "ClaimService/ApproveClaim", role: principal.RoleApprover, about: "name",
			short:    "Refuse an amount that two persons must agree to",
			long:     "Refuse the amount of a claim that waits for approval. The claim goes back to review. Needs --person.",
			examples: []string{"claim refuse-amount 1KJPW-D6M05-F2S5T-CT5FM --person anna --note 'the price is that of a case of six'"},
			args:     []input{aClaim("name")}, flags: []input{whyNote("the reason")}, fixed: map[string]string{"refuse": "true"},
			risk: "The approvals so far are void",
		},
		{
			use: "revise CLAIM", method: "ClaimService/ReviseVerdict", role: principal.RoleAdjudicator, about: "name",
			short: "Give a claim another verdict outside of review and appeal",
			long: "Give a claim another verdict, from the notice on and even after it has ended. Only the difference is moved: an excess\n" +
				"goes back to the merchant, an increase needs a new notice. Needs --person.",
			examples: []string{"claim revise 1KJPW-D6M05-F2S5T-CT5FM --person rita --ground court-decision --genuine 1 --document '(2026) Jing 0105 No. 7' --note 'by the judgment'"},
			args:     []input{aClaim("name")},
			flags: append([]input{
				{name: "ground", field: "ground", usage: "late-appeal, court-decision, new-evidence or fraud", required: true},
				{name: "document", field: "document", usage: "reference of the document that the revision is based on", required: true},
			}, append(unitFlags(), whyNote("the reason"), overrideReason())...),
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_REVISE_VERDICT, risk: "The difference of the two verdicts is moved between merchant, platform and consumer",
		},
	}
}

// clockVerbs are the commands on the deadline and the hold of a claim.
func clockVerbs() []verb {
	return []verb{
		{
			use: "stop-clock CLAIM", method: "ClaimService/StopClock", role: principal.RoleAdjudicator, about: "name",
			short:    "Stop a claim's deadline while a test runs",
			long:     "Stop the deadline of a claim while a test runs. `tenfold claim resume-clock` starts it again. Needs --person.",
			examples: []string{"claim stop-clock 1KJPW-D6M05-F2S5T-CT5FM --person rita --note 're-inspection by CTI'"},
			args:     []input{aClaim("name")}, flags: []input{whyNote("the test that is running")},
		},
		{
			use: "resume-clock CLAIM", method: "ClaimService/ResumeClock", role: principal.RoleAdjudicator, about: "name",
			short:    "Start a claim's stopped deadline again",
			long:     "Start the stopped deadline of a claim again, with the time that was left. Needs --person.",
			examples: []string{"claim resume-clock 1KJPW-D6M05-F2S5T-CT5FM --person rita"},
			args:     []input{aClaim("name")}, flags: []input{aNote()},
		},
		{
			use: "extend-hold CLAIM", method: "ClaimService/ExtendHold", role: principal.RoleOperator, about: "name",
			short:    "Hold the merchant's money for a claim for longer",
			long:     "Extend the hold of a claim to a later time than now.",
			examples: []string{"claim extend-hold 1KJPW-D6M05-F2S5T-CT5FM --expires-at 2026-09-01T00:00:00Z --note 'the laboratory is late' --yes"},
			args:     []input{aClaim("name")},
			flags:    []input{{name: "expires-at", field: "expires_at", usage: "new expiry of the hold", required: true}, whyNote("the reason")},
			risk:     "The merchant cannot use the held money until then",
		},
	}
}

// claimReads are the lists of a claim, and the state machine of all.
func claimReads() []verb {
	list := func(use, method, thing, short string) verb {
		return verb{
			use: use + " CLAIM", method: method, role: principal.RoleSupport, thing: thing, short: short, long: short + ", oldest first.",
			examples: []string{"claim " + use + " 1KJPW-D6M05-F2S5T-CT5FM", "claim " + use + " 1KJPW-D6M05-F2S5T-CT5FM -o csv"},
			args:     []input{aClaim("parent")},
		}
	}
	return []verb{
		list("moves", "ClaimService/ListMoves", "move", "List the changes of a claim's state"),
		list("evidence", "ClaimService/ListEvidence", "piece", "List the evidence of a claim"),
		list("appeals", "ClaimService/ListAppeals", "appeal", "List the appeals against a claim"),
		list("approvals", "ClaimService/ListApprovals", "approval", "List the approvals of a claim"),
		list("revisions", "ClaimService/ListRevisions", "verdict", "List the verdicts of a claim with their awards"),
		list("notes", "WorkService/ListNotes", "note", "List the notes of a claim that the role may read"),
		{
			use: "states", method: "ClaimService/DescribeStateMachine", role: principal.RoleSupport,
			short:    "Describe the states of claims and the actions in them",
			long:     "Describe how claims move: their states, who must act in each, and the actions. With --output json also as diagrams.",
			examples: []string{"claim states", "claim states --language zh"},
			complete: func(x *call) error {
				x.request.(*tenfoldv1.DescribeStateMachineRequest).Language = x.remote.language()
				return nil
			},
		},
	}
}

// workVerbs are the commands of people on their own work.
func workVerbs() []verb {
	return []verb{
		{
			use: "take", method: "WorkService/TakeNext", role: principal.RoleAdjudicator,
			short:    "Take the claim of a queue that waits longest and is assigned to nobody",
			long:     "Assign to the calling person the claim of a queue that waits longest and is assigned to nobody. Needs --person.",
			examples: []string{"claim take --person rita", "claim take --queue appeal --merchant m1 --person rita"},
			flags: []input{
				{name: "queue", field: "queue", usage: "queue to take from: review (unless another is given) or appeal"},
				{name: "merchant", field: "parent", usage: "only claims of this merchant", as: merchantText},
			},
			complete: func(x *call) error {
				r := x.request.(*tenfoldv1.TakeNextRequest)
				if r.Parent == "" {
					r.Parent = "merchants/-"
				}
				if r.Queue == tenfoldv1.WorkQueue_WORK_QUEUE_UNSPECIFIED {
					r.Queue = tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW
				}
				return nil
			},
			print: printTaken,
		},
		{
			use: "release CLAIM", method: "WorkService/Release", role: principal.RoleAdjudicator, about: "name",
			short:    "Give a claim that is assigned to the person of the call back to its queue",
			long:     "Give a claim that is assigned to the person of the call back to its queue, where anybody can take it. Needs --person.",
			examples: []string{"claim release 1KJPW-D6M05-F2S5T-CT5FM --person rita"},
			args:     []input{aClaim("name")},
			print: func(o *output, _ *call, answer proto.Message) {
				fmt.Fprintf(o.w, "claim %s is back in its queue\n", answer.(*tenfoldv1.ReleaseResponse).GetClaim().GetClaimId())
			},
		},
		{
			use: "decisions", method: "WorkService/GetDecisionStatistics", role: principal.RoleSupport, thing: "entry",
			short: "Count what people decided in a time, and how long claims had waited for it",
			long: "Count the reviews and appeals that people decided in a time, by queue and person, and show how long the claims had\n" +
				"waited in the queue.",
			examples: []string{"claim decisions --from 2026-03-02T00:00:00+08:00 --until 2026-03-03T00:00:00+08:00"},
			flags: []input{
				{name: "from", field: "from", usage: "the first moment that counts", required: true},
				{name: "until", field: "until", usage: "the first moment that does not count any more; 31 days later if it is not given"},
			},
		},
		{
			use: "label CLAIM", method: "LabelService/SetClaimLabels", role: principal.RoleSupport, about: "name",
			short: "Replace the labels of a claim",
			long: "Replace all labels of a claim. It decides nothing. Labels that are not given are gone; without --label the claim has\n" +
				"none. A claim that changed since it was read is refused with --etag.",
			examples: []string{"claim label 1KJPW-D6M05-F2S5T-CT5FM --label team=vip --label wave=2026-03", "claim label 1KJPW-D6M05-F2S5T-CT5FM"},
			args:     []input{aClaim("name")},
			flags:    []input{{name: "label", field: "labels", usage: "a label as KEY=VALUE; may be given more than once", often: true}},
		},
		{
			use: "reference CLAIM [REFERENCE]", method: "LabelService/SetExternalReference", role: principal.RoleSupport, about: "name",
			short: "Set the number of a claim in another system",
			long: "Set the number that a claim has in another system, such as a ticket or a dispute of the payment service. Without\n" +
				"REFERENCE it has none. claim list --external-reference finds the claim by it.",
			examples: []string{"claim reference 1KJPW-D6M05-F2S5T-CT5FM CRM-4711", "claim reference 1KJPW-D6M05-F2S5T-CT5FM"},
			args:     []input{aClaim("name"), {name: "REFERENCE", field: "external_reference"}},
		},
		{
			use: "note CLAIM TEXT", method: "WorkService/AddNote", role: principal.RoleSupport, about: "name",
			short:    "Add a note to a claim",
			long:     "Add a note to a claim. It decides nothing and never changes; --visibility says who reads it. Needs --person.",
			examples: []string{"claim note 1KJPW-D6M05-F2S5T-CT5FM 'the merchant called' --person otto --visibility merchant"},
			args:     []input{aClaim("name"), {name: "TEXT", field: "text", required: true}},
			flags:    []input{{name: "visibility", field: "visibility", usage: "who reads it: internal (unless another is given), merchant or consumer"}},
			complete: func(x *call) error {
				if r := x.request.(*tenfoldv1.AddNoteRequest); r.Visibility == tenfoldv1.NoteVisibility_NOTE_VISIBILITY_UNSPECIFIED {
					r.Visibility = tenfoldv1.NoteVisibility_NOTE_VISIBILITY_INTERNAL
				}
				return nil
			},
		},
	}
}

func printTaken(o *output, x *call, answer proto.Message) {
	c := answer.(*tenfoldv1.TakeNextResponse).GetClaim()
	if c == nil {
		fmt.Fprintf(o.w, "no claim in queue %s is free\n", strings.ToLower(word(x.request.(*tenfoldv1.TakeNextRequest).GetQueue())))
		return
	}
	printWork(o, &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{c}})
}
