package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/audit"
)

// tampering is a change of rows behind the engine's back.
type tampering struct {
	do, undo string
	// found is what the audit must say, as a part of one discrepancy.
	found string
}

// raised is a tampering that makes a number in one row larger by one.
func raised(table, column, where, found string) tampering {
	change := "UPDATE " + table + " SET " + column + " = " + column + " %s 1 WHERE " + where
	return tampering{fmt.Sprintf(change, "+"), fmt.Sprintf(change, "-"), found}
}

// set is a tampering that puts another value in the place of one.
func set(table, column, from, to, where, found string) tampering {
	change := "UPDATE " + table + " SET " + column + " = %s WHERE " + where
	return tampering{fmt.Sprintf(change, to), fmt.Sprintf(change, from), found}
}

// constraints keep out some of what is tampered with; the audit must not need them.
var constraints = []string{
	"claims DROP CONSTRAINT claims_paid_from_funding",
	"books DROP CONSTRAINT books_balances_not_negative",
	"proposals DROP CONSTRAINT proposals_undone_within_amount",
	"holds DROP CONSTRAINT holds_parts_within_amount, DROP CONSTRAINT holds_ended_when_empty",
}

func (b *filled) tamperings() []tampering {
	of := func(id string) string { return "claim_id = '" + id + "'" }
	decision := func(number int64) string { return fmt.Sprintf("proposal_number = %d", number) }
	merchant := "merchant_id = 'm1'"
	const far = "1000000"
	return []tampering{
		// Who bears a claim.
		raised("claims", "from_deposit_minor", of(b.advanced), "amount recovered of fees is"),
		raised("claims", "from_shop_funds_minor", of(b.advanced), "amount from shop funds is"),
		raised("claims", "advanced_minor", of(b.advanced), "amount advanced or owed as a fee"),
		raised("claims", "written_off_minor", of(b.advanced), "amount written off"),
		raised("claims", "lost_minor", of(b.lost), "amount lost"),
		raised("claims", "clawed_back_minor", of(b.clawedBack), "amount clawed back"),
		raised("claims", "repaid_minor", of(b.clawedBack), "amount repaid"),
		raised("claims", "lost_minor", of(b.failed), "although the platform or the consumer bears"),
		raised("claims", "held_minor", of(b.held), "amount held"),
		raised("claims", "award_compensation_minor", of(b.held), "award is"),
		set("claims", "award_compensation_minor", "100000", "99999", of(b.advanced), "more than its award"),
		// What the gateway has, or had.
		raised("claims", "refund_in_flight_minor", of(b.failed), "refund in flight"),
		raised("claims", "compensation_paid_minor", of(b.advanced), "compensation paid"),
		raised("claims", "refund_failed_minor", of(b.failed), "refund that failed"),
		raised("claims", "compensation_failed_minor", of(b.failed), "compensation that failed"),
		set("payouts", "superseded", "false", "true", of(b.failed), "that failed"),
		set("payouts", "state", "'FAILED'", "'SUCCEEDED'", of(b.failed), "amount paid and repaid"),
		raised("payouts", "amount_minor", of(b.advanced)+" AND part = 'REFUND'", "amount paid and repaid"),
		set("payouts", "arrived_minor", "0", "1", of(b.advanced)+" AND part = 'REFUND'", "amount paid and repaid"),
		raised("payouts", "came_back_minor", of(b.advanced)+" AND part = 'REFUND'", "amount paid and repaid"),
		// What tests cost.
		raised("claims", "fee_fronted_minor", of(b.held), "fee fronted"),
		raised("claims", "fee_merchant_minor", of(b.held), "fee of the merchant"),
		raised("claims", "fee_consumer_minor", of(b.held), "fee of the consumer"),
		raised("claims", "fee_owed_minor", of(b.advanced), "amount advanced or owed as a fee"),
		// What is owed, and what the book says as a whole.
		raised("books", "exposure_minor", merchant, "exposure"),
		raised("debts", "open_minor", "debt_id = '"+b.advanced+"'", "debt ADVANCE"),
		raised("debts", "open_minor", "kind = 'HOLD' AND debt_id = '"+b.approved+"'", "debt HOLD"),
		raised("debts", "open_minor", "kind = 'TOP_UP'", "open amount"),
		set("debts", "sampling_case", "''", "'case-1'", "kind = 'ADVANCE' AND debt_id = '"+b.advanced+"'", "debt ADVANCE"),
		set("debts", "kind", "'ADVANCE'", "'FEE'", "debt_id = '"+b.advanced+"'", "debt ADVANCE"),
		set("debts", "debt_id", "'"+b.advanced+"'", "'nobody'", "kind = 'ADVANCE' AND debt_id IN ('nobody', '"+b.advanced+"')", "debts without claim"),
		// What was owed, and what claims could cost.
		raised("debt_versions", "open_minor", "debt_id = '"+b.advanced+"' AND kind = 'ADVANCE'", "debts of kind ADVANCE as they were"),
		raised("debt_versions", "open_minor", "late_event > 0", "debts of kind TOP_UP as they were"),
		raised("events", "exposure_minor", of(b.advanced)+" AND kind = 'CLAIM_FILED'", "exposure"),
		raised("events", "exposure_before_minor", of(b.advanced)+" AND kind = 'CLAIM_ACCEPTED'", "exposure before it"),
		raised("books", "receivable_debits_minor", merchant, "account RECEIVABLE: balance"),
		raised("books", "reversal_loss_debits_minor", merchant, "account REVERSAL_LOSS: balance"),
		raised("books", "consumer_receivable_debits_minor", merchant, "account CONSUMER_RECEIVABLE: balance"),
		raised("books", "write_off_debits_minor", merchant, "account WRITE_OFF: balance"),
		raised("books", "claim_payable_credits_minor", merchant, "account CLAIM_PAYABLE: balance"),
		raised("books", "payout_clearing_credits_minor", merchant, "account PAYOUT_CLEARING: balance"),
		raised("books", "deposit_held_credits_minor", merchant, "account DEPOSIT_HELD: balance"),
		raised("books", "shop_funds_held_credits_minor", merchant, "account SHOP_FUNDS_HELD: balance"),
		raised("books", "deposit_credits_minor", merchant, "account DEPOSIT: running total"),
		// Order lines.
		set("order_lines", "content", "replace(content::text, 'elsewhere', 'cosmetics')::json", "replace(content::text, 'cosmetics', 'elsewhere')::json",
			"order_line_id = 'l1'", "order line l1: the content does not match its digest"),
		set("order_lines", "revision", "3", "4", "order_line_id = 'corrected'", "order line corrected: number of its revisions is 4, should be 3"),
		set("order_line_corrections", "content", "replace(content::text, '20001', '20000')::json", "replace(content::text, '20000', '20001')::json",
			"revision = 2", "revision 2 of order line corrected: the content does not match its digest"),
		set("order_line_corrections", "corrected_by", "'clerk-1'", "'clerk-2'", "revision = 1", "the person who corrected it is not the person"),
		set("order_line_corrections", "event_number", "event_number - "+far, "event_number + "+far, "revision = 1", "event of its correction is"),
		// Holds.
		raised("holds", "captured_minor", of(b.advanced)+" AND hold_number = 1", "captured"),
		set("claims", "hold_expires_at", "hold_expires_at - interval '1 day'", "hold_expires_at + interval '1 day'", of(b.held), "wait is"),
		set("waits", "hold_expires_at", "hold_expires_at - interval '1 day'", "hold_expires_at + interval '1 day'", of(b.held), "wait is"),
		// Confirmations, appeals, approvals, retractions.
		set("claims", "confirmed_at", "confirmed_at - interval '1 hour'", "confirmed_at + interval '1 hour'", of(b.advanced), "time of its confirmation"),
		set("claims", "appealed_revision", "1", "0", of(b.appealed), "revision appealed against"),
		raised("appeals", "revision", of(b.appealed), "appeals without revision"),
		set("appeals", "event_number", "event_number - "+far, "event_number + "+far, of(b.appealed), "appeals without event"),
		set("approvals", "event_number", "event_number - "+far, "event_number + "+far, of(b.approved), "approvals without event"),
		raised("approvals", "amount_minor", of(b.approved), "amount of an approval"),
		raised("approvals", "revision", of(b.approved), "approvals without revision"),
		set("approvals", "person_id", "'approver-1'", "'agent-1'", of(b.approved), "approved by the person who filed it"),
		set("approvals", "person_id", "'approver-1'", "'ＡＧＥＮＴ-1'", of(b.approved), "approved by the person who filed it"),
		set("claims", "deciders", "'{}'", "'{approver-1}'", of(b.approved), "approved by a person who decided it"),
		set("claims", "deciders", "'{}'", "'{Approver-1}'", of(b.approved), "approved by a person who decided it"),
		set("claim_revisions", "cause", "'RESULT_COUNTERFEIT', author = ''", "'REVIEW_UPHELD', author = 'APPROVER-1'", of(b.approved), "approved by a person who decided it"),
		set("claims", "deciders", "'{judge-1}'", "'{}'", of(b.lost), "lacks a person who decided it"),
		set("claims", "fraud", "false", "true", of(b.lost), "whether it rests on fraud is true, should be false"),
		raised("claims", "highest_compensation_minor", of(b.approved), "was never awarded more than"),
		set("claims", "highest_refund_minor", "highest_refund_minor + 1", "highest_refund_minor - 1", of(b.approved), "but was awarded"),
		set("claims", "decided_by", "''", "'reviewer-1'", of(b.approved), "lacks a person who decided it"),
		set("claims", "decided_by", "'judge-1'", "'judge-2'", of(b.lost), "lacks a person who decided it"),
		set("claims", "by_results", "true", "false", of(b.approved), "whether it rests on results alone"),
		set("claims", "by_results", "false", "true", of(b.lost), "whether it rests on results alone"),
		set("result_retractions", "event_number", "event_number - "+far, "event_number + "+far, "true", "retractions without event"),
		// What others than a merchant's claims cost.
		raised("proposals", "undone_minor", decision(b.penalty), "amount undone"),
		raised("proposals", "amount_minor", decision(b.penalty), "amount of its transfer"),
		set("proposals", "kind", "'DEPOSIT_FORFEITURE'", "'PENALTY'", decision(b.penalty), "was carried out by a transfer of kind"),
		set("proposals", "transfer_number", "transfer_number - "+far, "transfer_number + "+far, decision(b.penalty), "sum of transfers DEPOSIT_FORFEITED"),
		set("proposal_votes", "approved", "true", "false", decision(b.penalty)+" AND person_id = 'finance-3'", "with the approval of only 1 others"),
		set("proposal_votes", "person_id", "'finance-2'", "'finance-1'", decision(b.penalty)+" AND person_id IN ('finance-1', 'finance-2')", "with the approval of only 1 others"),
		set("proposal_votes", "person_id", "'finance-2'", "'Finance-3'", decision(b.penalty)+" AND person_id IN ('Finance-3', 'finance-2')", "with the approval of only 1 others"),
		// Prices, and rows that events bind.
		raised("claims", "award_refund_minor", of(b.held), "has a refund of"),
		raised("claims", "award_compensation_minor", of(b.held), "its claims are awarded compensations of"),
		set("claims", "award_compensation_minor", "100000", "9000000", of(b.advanced), "its claims are awarded compensations of"),
		set("claims", "policy_version", "2", "1", of(b.held), "which was not in force"),
		set("claims", "basis", "'PROMISE'", "'FOOD_SAFETY_148'", of(b.held), "was priced on basis"),
		set("policy_versions", "terms", `replace(terms::text, '"floor_minor":9999999', '"floor_minor":')::json`,
			`replace(terms::text, '"floor_minor":', '"floor_minor":9999999')::json`, "version = 2", "its claims are awarded compensations of"),
		set("claims", "destination", "'wallet-1'", "'wallet-of-a-thief'", of(b.held), "row of claims: is not as event"),
		set("payouts", "destination", "'wallet-1'", "'wallet-of-a-thief'", of(b.failed), "is not as event"),
		set("results", "custody_intact", "true", "false", of(b.held), "row of results"),
		set("result_retractions", "note", "'another sample'", "'forged'", "true", "row of result_retractions"),
		set("requests", "digest", "set_byte(digest, 0, (get_byte(digest, 0) + 255) % 256)", "set_byte(digest, 0, (get_byte(digest, 0) + 1) % 256)", of(b.held), "row of requests"),
		set("books", "exit_begun_at", "NULL", "now()", merchant, "row of books: is not as event"),
		set("events", "note", "''", "'forged'", of(b.held)+" AND note IS NOT NULL", "has a note that it does not tell of"),
		set("reservations", "reference", "substring(reference FROM 2)", "'x' || reference", "kind = 'PAYMENT_REFERENCE'", "transfers without reservation"),
		set("reservations", "reference", "substring(reference FROM 2)", "'x' || reference", "kind = 'AUTHENTICATION_REPORT'", "results without reservation"),
		set("reservations", "holder", "substring(holder FROM 2)", "'x' || holder", "kind = 'OUT_NUMBER'", "payouts whose out-number another holds"),
		set("authenticators", "kind", "'ACCREDITED_LAB'", "'BRAND'", "true", "results of an unknown authenticator or of another kind"),
		set("claims", "filed_by", "'agent-1'", "'agent-2'", of(b.held), "the person who filed it is not the person"),
		set("proposals", "proposed_by", "'finance-1'", "'finance-2'", decision(b.penalty), "its proposer is not the person"),
		set("proposal_votes", "person_id", "'finance-2'", "'agent-1'", decision(b.penalty)+" AND person_id IN ('agent-1', 'finance-2')", "a voter is not the person"),
		// Persons and evidence.
		set("person_commitments", "salt", "substring(salt FOR length(salt) - 1)", "salt || decode('01', 'hex')", "person_id = 'agent-1'", "the commitment is not that of its salt"),
		set("claim_notes", "event_number", "event_number - "+far, "event_number + "+far, "true", "notes without event"),
		set("commissions", "event_number", "event_number - "+far, "event_number + "+far, "true", "commissions without event"),
		set("commissions", "made_by", "'agent-1'", "'agent-2'", "commission_number = 1", "the person who gave commission 1 is not the person"),
		set("commissions", "questions", "'which batch?'", "'forged'", "true", "row of commissions 1: is not as event"),
		set("custody_steps", "event_number", "event_number - "+far, "event_number + "+far, "true", "steps of custody without event"),
		set("custody_steps", "recorded_by", "'agent-2'", "'agent-1'", "step_number = 1", "the person who added step of custody 1 is not the person"),
		set("custody_steps", "seals", "ARRAY['A-117']", "ARRAY['forged']", "true", "row of custody_steps 1: is not as event"),
		set("results", "commission_number", "commission_number - 40", "commission_number + 40", "commission_number > 0", "results of a commission that their body does not have"),
		// The register of authenticators.
		set("authenticator_states", "version", "version - "+far, "version + "+far, "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "revision", "2", "3", "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "change_count", "4", "9", "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "display_name", "'Lab 9'", "'Forged'", "authenticator_id = 'lab-9'", "columns that are not as its revision 2"),
		set("authenticator_states", "any_category", "false", "true", "authenticator_id = 'lab-9'", "columns that are not as its revision 2"),
		set("authenticator_states", "any_goods", "true", "false", "authenticator_id = 'lab-9'", "columns that are not as its revision 2"),
		set("authenticator_states", "suspension_change", "3", "2", "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "suspension_reason", "'sold reports'", "''", "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "registered_at", "registered_at - interval '1 day'", "registered_at + interval '1 day'", "authenticator_id = 'lab-9'", "authenticator lab-9: is {"),
		set("authenticator_states", "content", "replace(content::text, 'liquor', 'beauty')::json", "replace(content::text, 'beauty', 'liquor')::json", "authenticator_id = 'lab-9'", "is found by"),
		set("authenticator_scopes", "value", "'beauty'", "'liquor'", "authenticator_id = 'lab-9'", "authenticator lab-9: is found by"),
		set("authenticator_scopes", "authenticator_id", "'lab-9'", "'nobody'", "authenticator_id IN ('nobody', 'lab-9')", "authenticator nobody: is missing"),
		set("authenticator_changes", "change_number", "2", "7", "authenticator_id = 'lab-9' AND change_number IN (2, 7)", "change 3 stands in place of change 2"),
		set("authenticator_changes", "action", "'REVISED'", "'SUSPENDED'", "authenticator_id = 'lab-9' AND change_number = 2", "is {"),
		set("authenticator_changes", "based_on", "1", "7", "authenticator_id = 'lab-9' AND change_number = 2", "rests on what was not in force"),
		set("authenticator_changes", "content", "replace(content::text, 'liquor', 'beauty')::json", "replace(content::text, 'beauty', 'liquor')::json",
			"authenticator_id = 'lab-9' AND change_number = 2", "is {"),
		set("authenticator_changes", "note", "'sold reports'", "'another'", "authenticator_id = 'lab-9' AND change_number = 3", "is {"),
		set("authenticator_changes", "applied_number", "applied_number - "+far, "applied_number + "+far, "authenticator_id = 'lab-9' AND change_number = 3", "and says that the last is"),
		set("authenticator_states", "signing_keys", `replace(signing_keys::text, 'forged', 'copied')::json`, `replace(signing_keys::text, 'copied', 'forged')::json`,
			"authenticator_id = 'lab-8'", "authenticator lab-8: is {"),
		set("authenticator_changes", "signing_key", `replace(signing_key::text, '"thumbprint":"k', '"thumbprint":"')::json`,
			`replace(signing_key::text, '"thumbprint":"', '"thumbprint":"k')::json`, "authenticator_id = 'lab-8' AND change_number = 4", "lab-8: is not made by its changes"),
		set("authenticator_register", "last_applied", "last_applied - 1", "last_applied + 1", "true", "the register: has"),
		set("evidence_disclosures", "event_number", "event_number - "+far, "event_number + "+far, "true", "disclosures without event"),
		set("evidence_disclosures", "made_by", "'agent-1'", "'agent-2'", "true", "the person who disclosed evidence is not the person"),
		set("evidence_disclosures", "note", "'asked for'", "'forged'", "true", "row of evidence_disclosures"),
		set("evidence_disclosures", "party", "'CONSUMER'", "'MERCHANT'", "true", "row of evidence_disclosures"),
		set("evidence_disclosures", "evidence_number", "evidence_number - "+far, "evidence_number + "+far, "true", "disclosures without evidence"),
		set("evidence_requests", "event_number", "event_number - "+far, "event_number + "+far, "true", "requests for evidence without event"),
		set("evidence_requests", "made_by", "'agent-1'", "'agent-2'", "request_number = 1", "the person who made request 1 for evidence is not the person"),
		set("evidence_requests", "question", "'who sold it?'", "'forged'", "true", "row of evidence_requests 1: is not as event"),
		set("evidence_requests", "answers", "answers - 1", "answers + 1", "request_number = 1", "requests for evidence that count other answers than they have"),
		set("evidence", "late", "false", "true", "request_number = 1", "row of evidence"),
		set("evidence", "request_number", "request_number - 40", "request_number + 40", "request_number > 0", "evidence that answers a request which nobody made"),
		set("evidence", "event_number", "event_number - "+far, "event_number + "+far, "true", "evidence without event"),
		set("evidence", "claim_id", "'"+b.appealed+"'", "'nobody'", "claim_id IN ('nobody', '"+b.appealed+"')", "evidence without claim"),
		set("pricing_groups", "group_id", "substring(group_id FROM 2)", "'x' || group_id", "true", "groups without claim"),
		// Where claims stand.
		set("moves", "trigger", "'ACCEPTED'", "'NOTICE_LAPSED'", of(b.advanced)+" AND to_state = 'PAYING'", "move is"),
		set("claims", "state", "'NOTIFIED'", "'APPEALED'", of(b.held), "state is"),
		raised("events", "first_transfer", of(b.advanced)+" AND first_transfer IS NOT NULL", "first transfer is"),
		raised("events", "last_transfer", of(b.advanced)+" AND first_transfer IS NOT NULL", "last transfer is"),
		raised("transfers", "amount_minor", "kind = 'SHORTFALL_ADVANCED'", "row is"),
		set("transfers", "kind", "'REVERSAL_LOSS_BORNE'", "'CLAW_BACK_CLAIMED'", "kind IN ('REVERSAL_LOSS_BORNE') OR kind = 'CLAW_BACK_CLAIMED' AND "+of(b.lost), "row is"),
	}
}

// Would catch an audit that overlooks a changed row: each change is made behind the
// engine's back, must be told of, and is taken back.
func TestEveryTamperingIsFound(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.clean("before anything")
	for _, c := range constraints {
		_, err := b.admin.ExecContext(t.Context(), "ALTER TABLE "+c)
		b.must(err)
	}
	for _, x := range b.tamperings() {
		b.change(x.do)
		if found := b.check(); !told(found, x.found) {
			t.Errorf("%s: the audit says nothing of %q: %v", x.do, x.found, found)
		}
		b.change(x.undo)
	}
	b.clean("after everything was taken back")
}

// change changes rows, at least one.
func (b *filled) change(statement string) {
	b.t.Helper()
	done, err := b.admin.ExecContext(b.t.Context(), statement)
	if err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		b.t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}

func (b *filled) check() []audit.Discrepancy {
	b.t.Helper()
	found, err := audit.Check(b.t.Context(), b.db)
	b.must(err)
	return found
}

func (b *filled) clean(when string) {
	b.t.Helper()
	for _, d := range b.check() {
		b.t.Errorf("%s: %s", when, d)
	}
}

func told(found []audit.Discrepancy, what string) bool {
	for _, d := range found {
		if strings.Contains(d.String(), what) {
			return true
		}
	}
	return false
}
