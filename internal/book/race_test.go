//go:build race

package book_test

// raced says that the race detector watches. A book belongs to one goroutine, so that
// there is little to find, and every step takes eight times as long.
const raced = true
