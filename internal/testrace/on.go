//go:build race

package testrace

// Enabled says that the race detector runs.
const Enabled = true
