package ops

// Handler is what a server answers requests with.
var Handler = handler
