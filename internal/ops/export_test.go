package ops

import "net/http"

// Handler is what a server answers requests with.
var Handler = handler

// ToKnownHosts is toKnownHosts without further names.
func ToKnownHosts(next http.Handler) http.Handler { return toKnownHosts(nil, next) }
