package audit

import (
	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// checkSigned proves that every signed result is what its body signed, by the keys of the
// register: the audit believes no verification of before.
func (b *inspection) checkSigned() error {
	bodies := make(map[string]*authenticator.Body)
	for after := ""; ; {
		rows, err := b.rows.SignedResults(b.head.MerchantID, after, pageSigned)
		if err != nil {
			return err
		}
		for i := range rows {
			x := &rows[i]
			after = x.ID
			body, known := bodies[x.AuthenticatorID]
			if !known {
				if body, err = b.rows.Body(x.AuthenticatorID); err != nil {
					return err
				}
				bodies[x.AuthenticatorID] = body
			}
			if body == nil {
				continue // That the authenticator of a result is missing is found elsewhere.
			}
			err := body.VerifySigned(x)
			if refused, ok := fault.As(err); ok {
				b.wrong("signed result "+x.ID, "is not what authenticator %s signed: %s", x.AuthenticatorID, refused.Detail)
			} else if err != nil {
				return err
			}
		}
		if len(rows) < pageSigned {
			return nil
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// pageSigned is how many signed results are held in memory, each of up to 128 KiB.
const pageSigned = 100
