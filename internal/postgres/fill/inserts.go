package fill

// seeds are the numbers from $1 to $2 with what the rows of a number share. Ids
// have the length and the order of the engine's.
const seeds = `
	WITH seeds AS (
		SELECT g, lpad(g::text, 23, '0') AS id,
		       CASE WHEN g % 5 = 0 THEN 'm0' ELSE 'm' || g % 10000 END AS merchant,
		       CASE WHEN g % 10 = 3 THEN 'p0' ELSE 'p' || g % 50000 END AS product,
		       CASE
		           WHEN g * 7919 % 1000 < 850 THEN 'PAID'
		           WHEN g * 7919 % 1000 < 900 THEN 'REJECTED'
		           WHEN g * 7919 % 1000 < 930 THEN 'AUTHENTICATING'
		           WHEN g * 7919 % 1000 < 950 THEN 'IN_REVIEW'
		           WHEN g * 7919 % 1000 < 960 THEN 'NOTIFIED'
		           WHEN g * 7919 % 1000 < 965 THEN 'AWAITING_APPROVAL'
		           WHEN g * 7919 % 1000 < 970 THEN 'PAYOUT_FAILED'
		           WHEN g * 7919 % 1000 < 990 THEN 'PAYING'
		           ELSE 'WITHDRAWN'
		       END AS state,
		       timestamptz '2025-01-01' + g * interval '3 seconds' AS filed,
		       timestamptz '2025-01-01' + g * interval '3 seconds' + g % 97 * interval '1 hour' AS since
		FROM generate_series($1::bigint, $2::bigint) g)`

// inserts fill one table each.
var inserts = []string{
	seeds + `
	INSERT INTO claims (
		merchant_id, claim_id, version, state, state_since, verdict, revision, order_line_id,
		order_id, payment_id, product_id, paid_at, claimant_id, destination, units,
		basis_chosen, basis, policy_id, policy_version, group_id, wants_refund,
		wants_compensation, grounds, learned_at, arrived_at, filed_at, currency,
		award_refund_minor, award_compensation_minor, held_minor, from_deposit_minor,
		from_shop_funds_minor, advanced_minor, refund_in_flight_minor, refund_paid_minor,
		compensation_in_flight_minor, compensation_paid_minor, notice_confirmed_at, fires,
		deadline_at, escalated, assignee)
	SELECT merchant, id, 3, state, since, CASE WHEN state = 'REJECTED' THEN 'GENUINE' ELSE 'COUNTERFEIT' END, 1, 'l' || g,
	       'o' || g / 2, 'pay' || g, product, filed, 'c' || g / 4, 'wallet', '[{"ordinal":1,"verdict":"COUNTERFEIT"}]',
	       'PROMISE', 'PROMISE', 'promise-tenfold', 1, id, true,
	       true, 'COUNTERFEIT_TRADEMARK', filed, filed, filed, 'CNY',
	       1000 + g % 10000, 10 * (1000 + g % 10000), 0, 0,
	       0, 0, 0, 0,
	       0, 0, NULL, CASE WHEN state = 'AUTHENTICATING' THEN 'RESULT_LAPSED' ELSE '' END,
	       CASE WHEN state = 'AUTHENTICATING' THEN since + interval '7 days' END, g % 200 = 7,
	       CASE WHEN state = 'IN_REVIEW' AND g % 4 = 0 THEN 'agent' || g % 50 ELSE '' END
	FROM seeds`,
	seeds + `
	INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at, assignee)
	SELECT merchant, id, state, since, CASE WHEN state = 'AUTHENTICATING' THEN 'RESULT_LAPSED' ELSE '' END,
	       CASE WHEN state = 'AUTHENTICATING' THEN since + interval '7 days' END,
	       CASE WHEN state = 'IN_REVIEW' AND g % 4 = 0 THEN 'agent' || g % 50 ELSE '' END
	FROM seeds
	WHERE state NOT IN ('PAID', 'REJECTED', 'PAYING', 'WITHDRAWN')`,
	// Every second claim has a result.
	seeds + `
	INSERT INTO results (
		merchant_id, result_id, claim_id, order_line_id, authenticator_id, authenticator_kind, report_number,
		sample_source, reinspection, custody_intact, units, issued_at, report_digest, statement, event_number, recorded_at)
	SELECT merchant, id, id, 'l' || g, CASE WHEN g % 3 = 0 THEN 'lab0' ELSE 'lab' || g % 200 END,
	       'ACCREDITED_LAB', 'r' || g, 'SEALED_PLATFORM_SAMPLE', false, true, '[]', filed, '', '', g, filed
	FROM seeds
	WHERE g % 2 = 1`,
	seeds + `
	INSERT INTO payouts (
		merchant_id, payout_id, claim_id, part, state, amount_minor, currency, out_number, payment_id, destination,
		not_after, gateway_reference, failure_code, created_at, answered_at)
	SELECT merchant, id, id, 'REFUND', 'INSTRUCTED', 1000, 'CNY', 'out' || g, 'pay' || g, 'wallet', since, 'gw' || g % 100, '', since, NULL
	FROM seeds
	WHERE state = 'PAYING'`,
	// A tenth of what is being paid has been asked after for too long.
	seeds + `
	INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts)
	SELECT merchant, id, since, CASE WHEN g % 10 = 1 THEN 12 ELSE 1 END
	FROM seeds
	WHERE state = 'PAYING'`,
}
