// Package testrace tells tests whether the race detector runs. Under it code takes some eight
// times as long; a test that tries one thing in very many forms tries fewer of them then, in
// turns, because the others find no other race.
package testrace
