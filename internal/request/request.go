// Package request is what makes a request happen once: who asks under which id, the
// digest of its content, what is stored of it, and whether it is the same again.
// Storing is left to postgres, carrying it out to book and engine.
package request

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Header is what every change carries: of a book, of a catalog, of webhooks.
type Header struct {
	MerchantID string
	Principal  principal.Principal
	Method     string
	// RequestID is the caller's; commands of timers and workers have none.
	RequestID string
	// ArrivedAt is when the request arrived; windows are judged by it.
	ArrivedAt time.Time
	// ValidateOnly decides on a snapshot and stores nothing.
	ValidateOnly bool
}

// Key is what the request is stored under.
func (h *Header) Key() Key {
	return Key{MerchantID: h.MerchantID, Workload: h.Principal.Workload, Method: h.Method, RequestID: h.RequestID}
}

// System is the header of a command that the engine's own timers and workers make.
func System(merchantID, method string) Header {
	return Header{
		MerchantID: merchantID,
		Principal:  principal.Principal{Workload: "tenfold", Role: principal.RoleSystem},
		Method:     method,
	}
}

// Once is the request as it is stored at a time, under the digest of its content.
func (h *Header) Once(digest [32]byte, at time.Time) Once {
	return Once{Found: Found{Stored: Stored{Key: h.Key(), Digest: digest, RecordedAt: at}}, ValidateOnly: h.ValidateOnly}
}
