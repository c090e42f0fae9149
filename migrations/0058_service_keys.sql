-- +goose Up
-- Keys that all servers of an installation share and nobody else needs to know.

CREATE TABLE service_keys (
    -- What the key is for.
    purpose text NOT NULL,
    -- Random; two installations never share it.
    key bytea NOT NULL,
    CONSTRAINT service_keys_key PRIMARY KEY (purpose),
    CONSTRAINT service_keys_size CHECK (octet_length(key) = 32)
);

-- Each random UUID has 122 random bits.
INSERT INTO service_keys (purpose, key)
SELECT 'page-tokens', sha256(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 4);

GRANT SELECT ON service_keys TO tenfold_app;

-- +goose Down
DROP TABLE service_keys;
