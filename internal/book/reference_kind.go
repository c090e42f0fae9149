package book

// ReferenceKind says what kind of reference is reserved.
type ReferenceKind string

// The kinds of reference that are unique across books.
const (
	AuthenticationReport ReferenceKind = "AUTHENTICATION_REPORT"
	PaymentReference     ReferenceKind = "PAYMENT_REFERENCE"
	OutNumber            ReferenceKind = "OUT_NUMBER"
)
