package request

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Key names a stored request: ids are the caller's own, one row of them for each
// book, workload and method.
type Key struct {
	// MerchantID is the book; empty for requests that belong to no book.
	MerchantID string
	Workload   string
	// Method is the service and method of the contract, such as
	// "ClaimService/FileClaim". It is stored: a method that is renamed or moved to
	// another service loses its replays, and a request that is sent again happens
	// twice. internal/rpc/testdata/mutations.txt lists the names.
	Method    string
	RequestID string
}

// Stored is an accepted request with the ids of its outcome; what it names is set.
type Stored struct {
	Key
	Digest         [32]byte
	ClaimID        string
	ResultID       string
	PayoutID       string
	TransferNumber int64
	EventNumber    int64
	RecordedAt     time.Time
}

// Replay says whether the same request, with the same content, is stored: nil to
// answer from what is stored, REQUEST_ID_REUSED where the content differs.
func (r *Stored) Replay(digest [32]byte) error {
	if r.Digest == digest {
		return nil
	}
	return fault.New(fault.RequestIDReused, "request id %s was already used for a different %s request", r.RequestID, r.Method).
		With("requestId", r.RequestID).At("request_id")
}

// Found is a stored request of any kind: of a book, of a webhook, of a catalog.
type Found struct {
	Stored
	// WebhookID is the webhook that it made or named.
	WebhookID string
	// UploadID is the upload that it made.
	UploadID string
	// Name is that of what it made in a catalog.
	Name string
}

// Once is a change outside of the pipeline: what is stored of it, and whether it is
// only tried.
type Once struct {
	Found
	// ValidateOnly decides it and stores nothing.
	ValidateOnly bool
}
