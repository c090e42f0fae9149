//go:build !race

package book_test

// raced says that the race detector watches.
const raced = false
