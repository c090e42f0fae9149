package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Reference is something that is used once over all books.
type Reference struct {
	Kind  ReferenceKind
	Value string
	// Holder is who holds it; empty for the request of the command.
	Holder string
	// Looked says that the command refuses what another one holds, and does not reserve: it
	// does not move the money yet.
	Looked bool
}

// payments are the payment references of a command, each once, where it has any.
func payments(values ...string) []Reference {
	var list []Reference
	for _, v := range values {
		r := Reference{Kind: PaymentReference, Value: v}
		if v != "" && !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// ReferenceUsed refuses a payment reference that was used before.
func ReferenceUsed(reference string) error {
	return fault.New(fault.ReferenceAlreadyUsed, "reference %s has already been used", reference).
		With("reference", reference).At("payment_reference")
}
