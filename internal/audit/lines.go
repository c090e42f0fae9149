package audit

// checkLines proves that every order line is stored as it was first seen.
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
			after = l.ID
		}
		if len(lines) < pageRows {
			return nil
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}
