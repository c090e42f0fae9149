package web

import (
	_ "embed"
	"net/http"
)

// description is the contract as an OpenAPI document, generated from it.
//
//go:embed openapi.json
var description []byte

// describe serves the description to everybody: it is no secret.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(description) // A caller that is gone does not matter.
}
