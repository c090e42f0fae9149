// Package testlog is a log that a test reads while processes write to it.
package testlog

import (
	"bytes"
	"sync"
)

// Log keeps what is written to it. Its zero value is empty.
type Log struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.Write(p)
}

// String is all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}
