package web

// Single are the headers that may stand once.
var Single = single
