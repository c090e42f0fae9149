-- +goose Up
-- What an authenticator may judge changes by revisions, and every change is kept: who asked
-- for it, who agreed, and when. `authenticators` keeps the registration as it was made.

CREATE TABLE authenticator_states (
    -- The authenticator.
    authenticator_id text COLLATE "C" NOT NULL,
    -- The number, in the whole register, of the last change that was applied to it.
    version bigint NOT NULL,
    -- Counts its revisions from 1.
    revision integer NOT NULL,
    -- Counts the changes that were asked for, applied or not.
    change_count integer NOT NULL,
    -- What stands behind it.
    kind text COLLATE "C" NOT NULL,
    -- Its name for people.
    display_name text NOT NULL,
    -- The revision in force, in the engine's own field names.
    content json NOT NULL,
    -- Whether it may judge goods of every brand and trademark.
    any_goods boolean NOT NULL,
    -- Whether it may judge every category.
    any_category boolean NOT NULL,
    -- The change that suspended it; 0 while it is not suspended.
    suspension_change integer NOT NULL,
    -- When it was suspended; NULL while it is not.
    suspended_at timestamptz,
    -- Why it is suspended; empty while it is not.
    suspension_reason text NOT NULL,
    -- When it was registered.
    registered_at timestamptz NOT NULL,
    CONSTRAINT authenticator_states_key PRIMARY KEY (authenticator_id),
    CONSTRAINT authenticator_states_kind_known CHECK (kind IN ('BRAND', 'ACCREDITED_LAB', 'APPRAISER', 'COURT', 'TRACE')),
    CONSTRAINT authenticator_states_suspended_with_time CHECK ((suspension_change = 0) = (suspended_at IS NULL))
);

-- Those without limits, which a look-up by goods must find too.
CREATE INDEX authenticator_states_unlimited ON authenticator_states (authenticator_id) WHERE any_goods AND any_category;

CREATE TABLE authenticator_scopes (
    -- Which limit it is.
    scope text COLLATE "C" NOT NULL,
    -- The value in the form in which values are compared.
    value text COLLATE "C" NOT NULL,
    -- The authenticator whose revision in force names the value.
    authenticator_id text COLLATE "C" NOT NULL,
    CONSTRAINT authenticator_scopes_key PRIMARY KEY (scope, value, authenticator_id),
    CONSTRAINT authenticator_scopes_scope_known CHECK (scope IN ('BRAND', 'TRADEMARK', 'CATEGORY', 'METHOD'))
);

CREATE INDEX authenticator_scopes_of_authenticator ON authenticator_scopes (authenticator_id);

CREATE TABLE authenticator_changes (
    -- The authenticator.
    authenticator_id text COLLATE "C" NOT NULL,
    -- Counts the changes of the authenticator from 1.
    change_number integer NOT NULL,
    -- What is changed.
    action text COLLATE "C" NOT NULL,
    -- Where it stands. One that is open past expires_at has expired.
    state text COLLATE "C" NOT NULL,
    -- What it rests on: the revision, or the change that suspended the authenticator; 0 for nothing.
    based_on integer NOT NULL,
    -- The revision that it makes; 0 for none.
    revision integer NOT NULL,
    -- What stands behind the authenticator once it is applied.
    kind text COLLATE "C" NOT NULL,
    -- The revision or the key that it brings, in the engine's own field names.
    content json NOT NULL,
    -- The fields by which it widens trust, as a list.
    widens json NOT NULL,
    -- Why it was asked for, as given.
    note text NOT NULL,
    -- The workload that asked for it; empty where the registration is older than this table.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was asked for.
    role text COLLATE "C" NOT NULL,
    -- The person who asked for it; may be empty.
    person_id text COLLATE "C" NOT NULL,
    -- When it was asked for.
    proposed_at timestamptz NOT NULL,
    -- Until when it may be approved.
    expires_at timestamptz NOT NULL,
    -- Why it was approved, refused or withdrawn, as given.
    decision_note text NOT NULL,
    -- The workload that called to approve, refuse or withdraw it.
    decision_workload text COLLATE "C" NOT NULL,
    -- The role in which it called.
    decision_role text COLLATE "C" NOT NULL,
    -- The person who approved, refused or withdrew it; empty where nobody had to.
    decision_person_id text COLLATE "C" NOT NULL,
    -- When it was applied, refused or withdrawn, or expired; NULL while it is open.
    ended_at timestamptz,
    -- Its number among the applied changes of the whole register; NULL if it is not applied.
    applied_number bigint,
    CONSTRAINT authenticator_changes_key PRIMARY KEY (authenticator_id, change_number),
    CONSTRAINT authenticator_changes_number_positive CHECK (change_number > 0),
    CONSTRAINT authenticator_changes_action_known CHECK (action IN ('REGISTERED', 'REVISED', 'SUSPENDED', 'REINSTATED', 'KEY_ADDED', 'KEY_REVOKED')),
    CONSTRAINT authenticator_changes_state_known CHECK (state IN ('OPEN', 'APPLIED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')),
    CONSTRAINT authenticator_changes_kind_known CHECK (kind IN ('BRAND', 'ACCREDITED_LAB', 'APPRAISER', 'COURT', 'TRACE')),
    CONSTRAINT authenticator_changes_ended_with_state CHECK ((state = 'OPEN') = (ended_at IS NULL)),
    CONSTRAINT authenticator_changes_numbered_if_applied CHECK ((state = 'APPLIED') = (applied_number IS NOT NULL))
);

-- The applied changes in their order.
CREATE UNIQUE INDEX authenticator_changes_applied_once ON authenticator_changes (applied_number) WHERE applied_number IS NOT NULL;

-- An authenticator has one open change at most.
CREATE UNIQUE INDEX authenticator_changes_open_once ON authenticator_changes (authenticator_id) WHERE state = 'OPEN';

CREATE TABLE authenticator_register (
    -- The only row.
    row_number integer NOT NULL,
    -- The number of the last applied change.
    last_applied bigint NOT NULL,
    -- When that was applied.
    applied_at timestamptz NOT NULL,
    CONSTRAINT authenticator_register_key PRIMARY KEY (row_number),
    CONSTRAINT authenticator_register_one_row CHECK (row_number = 1)
);

INSERT INTO authenticator_changes (authenticator_id, change_number, action, state, based_on, revision, kind, content, widens,
    note, workload, role, person_id, proposed_at, expires_at, decision_note, decision_workload, decision_role, decision_person_id,
    ended_at, applied_number)
SELECT a.authenticator_id, 1, 'REGISTERED', 'APPLIED', 0, 1, a.kind,
    json_build_object('kind', a.kind, 'displayName', a.display_name, 'categories', a.categories), '[]',
    '', '', '', '', a.registered_at, a.registered_at, '', '', '', '',
    a.registered_at, row_number() OVER (ORDER BY a.registered_at, a.authenticator_id)
FROM authenticators a;

INSERT INTO authenticator_states (authenticator_id, version, revision, change_count, kind, display_name, content,
    any_goods, any_category, suspension_change, suspended_at, suspension_reason, registered_at)
SELECT a.authenticator_id, c.applied_number, 1, 1, a.kind, a.display_name, c.content,
    true, cardinality(a.categories) = 0, 0, NULL, '', a.registered_at
FROM authenticators a
JOIN authenticator_changes c ON c.authenticator_id = a.authenticator_id;

INSERT INTO authenticator_scopes (scope, value, authenticator_id)
SELECT DISTINCT 'CATEGORY', s.category, a.authenticator_id
FROM authenticators a, unnest(a.categories) AS s (category);

INSERT INTO authenticator_register (row_number, last_applied, applied_at)
SELECT 1, count(*), coalesce(max(registered_at), 'epoch') FROM authenticators;

GRANT SELECT, INSERT ON authenticator_states, authenticator_changes TO tenfold_app;

GRANT SELECT, INSERT, DELETE ON authenticator_scopes TO tenfold_app;

GRANT SELECT ON authenticator_register TO tenfold_app;

GRANT UPDATE (version, revision, change_count, kind, display_name, content, any_goods, any_category, suspension_change,
    suspended_at, suspension_reason) ON authenticator_states TO tenfold_app;

GRANT UPDATE (state, decision_note, decision_workload, decision_role, decision_person_id, ended_at, applied_number)
    ON authenticator_changes TO tenfold_app;

GRANT UPDATE (last_applied, applied_at) ON authenticator_register TO tenfold_app;
