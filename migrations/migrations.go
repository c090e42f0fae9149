// Package migrations holds the schema of the database as numbered SQL files,
// embedded into the binary. They only go forward and are never edited after
// landing; internal/postgres runs them and checks the version at start.
package migrations

import "embed"

// FS holds the migrations, named NNNN_name.sql, with goose annotations.
//
//go:embed *.sql
var FS embed.FS
