package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// digestUnits covers unit verdicts.
func digestUnits(d *request.Digest, units []claim.Unit) {
	d.Number(int64(len(units)))
	for _, u := range units {
		d.Number(int64(u.Ordinal))
		d.Texts(string(u.Verdict))
	}
}
