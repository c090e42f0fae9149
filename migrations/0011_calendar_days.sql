-- +goose Up
-- The days off, and the weekends that make up for them, as the General Office of
-- the State Council has announced them.

-- Notice of 12 November 2024 on the holidays of 2025.
INSERT INTO calendar_days (day, revision, kind, name, workload, person_id, recorded_at)
SELECT day::date, 1, kind, name, 'tenfold', '', timestamptz '2024-11-12 00:00:00+08'
FROM (VALUES
    ('2025-01-01', '2025-01-01', 'HOLIDAY', 'New Year'),
    ('2025-01-28', '2025-02-04', 'HOLIDAY', 'Spring Festival'),
    ('2025-01-26', '2025-01-26', 'WORKING', 'made up for Spring Festival'),
    ('2025-02-08', '2025-02-08', 'WORKING', 'made up for Spring Festival'),
    ('2025-04-04', '2025-04-06', 'HOLIDAY', 'Qingming Festival'),
    ('2025-05-01', '2025-05-05', 'HOLIDAY', 'Labour Day'),
    ('2025-04-27', '2025-04-27', 'WORKING', 'made up for Labour Day'),
    ('2025-05-31', '2025-06-02', 'HOLIDAY', 'Dragon Boat Festival'),
    ('2025-10-01', '2025-10-08', 'HOLIDAY', 'National Day and Mid-Autumn Festival'),
    ('2025-09-28', '2025-09-28', 'WORKING', 'made up for National Day and Mid-Autumn Festival'),
    ('2025-10-11', '2025-10-11', 'WORKING', 'made up for National Day and Mid-Autumn Festival')
) AS arrangement (first, last, kind, name),
    generate_series(first::timestamp, last::timestamp, interval '1 day') AS day;

-- Notice of 4 November 2025 on the holidays of 2026.
INSERT INTO calendar_days (day, revision, kind, name, workload, person_id, recorded_at)
SELECT day::date, 1, kind, name, 'tenfold', '', timestamptz '2025-11-04 00:00:00+08'
FROM (VALUES
    ('2026-01-01', '2026-01-03', 'HOLIDAY', 'New Year'),
    ('2026-01-04', '2026-01-04', 'WORKING', 'made up for New Year'),
    ('2026-02-15', '2026-02-23', 'HOLIDAY', 'Spring Festival'),
    ('2026-02-14', '2026-02-14', 'WORKING', 'made up for Spring Festival'),
    ('2026-02-28', '2026-02-28', 'WORKING', 'made up for Spring Festival'),
    ('2026-04-04', '2026-04-06', 'HOLIDAY', 'Qingming Festival'),
    ('2026-05-01', '2026-05-05', 'HOLIDAY', 'Labour Day'),
    ('2026-05-09', '2026-05-09', 'WORKING', 'made up for Labour Day'),
    ('2026-06-19', '2026-06-21', 'HOLIDAY', 'Dragon Boat Festival'),
    ('2026-09-25', '2026-09-27', 'HOLIDAY', 'Mid-Autumn Festival'),
    ('2026-10-01', '2026-10-07', 'HOLIDAY', 'National Day'),
    ('2026-09-20', '2026-09-20', 'WORKING', 'made up for National Day'),
    ('2026-10-10', '2026-10-10', 'WORKING', 'made up for National Day')
) AS arrangement (first, last, kind, name),
    generate_series(first::timestamp, last::timestamp, interval '1 day') AS day;
