-- +goose Up
-- Small catalogues that are the same for every book.

CREATE TABLE policy_versions (
    -- The policy.
    policy_id text COLLATE "C" NOT NULL,
    -- Counts its versions from 1.
    version integer NOT NULL,
    -- The legal basis it is for.
    legal_basis text COLLATE "C" NOT NULL,
    -- When it was published; at least seven days before it takes effect.
    published_at timestamptz NOT NULL,
    -- Orders paid from this time on fall under it, until the next version.
    effective_from timestamptz NOT NULL,
    -- Every term of the version, in the engine's own field names.
    terms json NOT NULL,
    CONSTRAINT policy_versions_key PRIMARY KEY (policy_id, version),
    CONSTRAINT policy_versions_number_positive CHECK (version > 0),
    CONSTRAINT policy_versions_published_in_time CHECK (effective_from >= published_at + interval '7 days'),
    CONSTRAINT policy_versions_basis_known CHECK (legal_basis IN ('PROMISE', 'FOOD_SAFETY_148', 'CONSUMER_PROTECTION_55'))
);

CREATE TABLE authenticators (
    -- The authenticator.
    authenticator_id text COLLATE "C" NOT NULL,
    -- What stands behind it.
    kind text COLLATE "C" NOT NULL,
    -- Its name for people.
    display_name text NOT NULL,
    -- The category prefixes it may speak on; empty means all.
    categories text[] NOT NULL,
    -- When it was registered.
    registered_at timestamptz NOT NULL,
    CONSTRAINT authenticators_key PRIMARY KEY (authenticator_id),
    CONSTRAINT authenticators_kind_known CHECK (kind IN ('BRAND', 'ACCREDITED_LAB', 'APPRAISER', 'COURT', 'TRACE'))
);

GRANT SELECT, INSERT ON policy_versions, authenticators TO tenfold_app;
