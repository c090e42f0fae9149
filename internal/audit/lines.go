package audit

import (
	"fmt"
)

// corrector is who corrected an order line: the commitment of the person, with the event.
type corrector struct {
	event  int64
	person string
}

// checkLines proves that every order line is stored as it was told, with its corrections.
func (b *inspection) checkLines() error {
	after := ""
	for {
		lines, err := b.rows.Lines(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.Wrong != nil {
				b.wrong("order line "+l.ID, "%v", l.Wrong)
			}
			equal(b, "order line "+l.ID, "number of its revisions", l.Revision, l.Corrections+1)
			after = l.ID
		}
		if len(lines) < pageRows {
			return b.checkCorrections()
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// checkCorrections proves that what corrected lines said before is stored as it was told,
// and that each was corrected by the person who acted by the event.
func (b *inspection) checkCorrections() error {
	after, revision := "", int32(0)
	for {
		page, err := b.rows.Corrections(b.head.MerchantID, after, revision, pageRows)
		if err != nil {
			return err
		}
		for _, c := range page {
			subject := fmt.Sprintf("revision %d of order line %s", c.Revision, c.ID)
			if c.Wrong != nil {
				b.wrong(subject, "%v", c.Wrong)
			}
			told := b.correctors[fmt.Sprintf("%s/%d", c.ID, c.Revision)]
			equal(b, subject, "event of its correction", c.EventNumber, told.event)
			b.by(subject, "the person who corrected it", c.CorrectedBy, told.person)
			after, revision = c.ID, c.Revision
		}
		if len(page) < pageRows {
			return nil
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}
