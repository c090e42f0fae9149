-- +goose Up

-- judges_of gives the bodies that are not suspended and whose limits cover goods, with their versions, by id, after one. brand,
-- trademark and method are in plain spelling, and empty where they are not known; categories are the path of the goods and those
-- above it. Bodies that name the brand or the trademark are few. Those for goods of every brand are found by each category path, and
-- beside them those without limits; each of these lists is read in order, and only as far as the page needs.
--
-- Planning it for each call takes twice as long as finding a page. The plan does not depend on the values, so it is kept.
-- +goose StatementBegin
CREATE FUNCTION judges_of(brand text, trademark text, categories text[], method text, after text, page integer)
RETURNS TABLE (authenticator_id text, version bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH found AS (
		SELECT a.authenticator_id, a.version
		FROM (
			SELECT s.authenticator_id
			FROM authenticator_scopes s
			WHERE s.scope = 'BRAND' AND s.value = brand AND brand <> '' AND s.authenticator_id > after
			UNION
			SELECT s.authenticator_id
			FROM authenticator_scopes s
			WHERE s.scope = 'TRADEMARK' AND s.value = trademark AND trademark <> '' AND s.authenticator_id > after) g
		JOIN authenticator_states a ON a.authenticator_id = g.authenticator_id
		WHERE a.suspension_change = 0 AND (a.any_category OR EXISTS (
			SELECT FROM unnest(categories) AS k (value)
			JOIN authenticator_scopes x ON x.scope = 'CATEGORY' AND x.value = k.value AND x.authenticator_id = a.authenticator_id))
			AND (method = '' OR a.content -> 'methods' IS NULL OR EXISTS (
				SELECT FROM authenticator_scopes m
				WHERE m.scope = 'METHOD' AND m.value = method AND m.authenticator_id = a.authenticator_id))
		UNION ALL
		SELECT c.authenticator_id, c.version
		FROM unnest(categories) AS k (value)
		CROSS JOIN LATERAL (
			SELECT a.authenticator_id, a.version
			FROM authenticator_scopes s
			JOIN authenticator_states a ON a.authenticator_id = s.authenticator_id
			WHERE s.scope = 'CATEGORY' AND s.value = k.value AND s.authenticator_id > after
				AND a.any_goods AND a.suspension_change = 0
				AND (method = '' OR a.content -> 'methods' IS NULL OR EXISTS (
					SELECT FROM authenticator_scopes m
					WHERE m.scope = 'METHOD' AND m.value = method AND m.authenticator_id = a.authenticator_id))
			ORDER BY s.authenticator_id
			LIMIT page) c
		UNION ALL
		(SELECT a.authenticator_id, a.version
		FROM authenticator_states a
		WHERE a.any_goods AND a.any_category AND a.authenticator_id > after AND a.suspension_change = 0
			AND (method = '' OR a.content -> 'methods' IS NULL OR EXISTS (
				SELECT FROM authenticator_scopes m
				WHERE m.scope = 'METHOD' AND m.value = method AND m.authenticator_id = a.authenticator_id))
		ORDER BY a.authenticator_id
		LIMIT page)
	)
	SELECT DISTINCT f.authenticator_id, f.version FROM found f ORDER BY f.authenticator_id LIMIT page;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION judges_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION judges_of TO tenfold_app;

-- +goose Down
DROP FUNCTION judges_of;
