package media

import (
	"encoding/json"
	"fmt"
	"io"
)

// masksMax bounds the masks of a file, which are stored beside it. Usual photographs need ten.
const masksMax = 1000

// Mask replaces bytes of a file by as many others.
type Mask struct {
	// At is where the bytes begin, Size how many they are.
	At   int64 `json:"at"`
	Size int64 `json:"size"`
	// With begins what stands there instead; zeros follow.
	With []byte `json:"with,omitempty"`
}

// EncodeMasks writes masks as they are stored; nothing for none.
func EncodeMasks(masks []Mask) []byte {
	if len(masks) == 0 {
		return nil
	}
	text, _ := json.Marshal(masks) // Numbers and bytes have a form.
	return text
}

// DecodeMasks reads what EncodeMasks wrote.
func DecodeMasks(text []byte) ([]Mask, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var masks []Mask
	if err := json.Unmarshal(text, &masks); err != nil {
		return nil, fmt.Errorf("masks of a file: %w", err)
	}
	return masks, nil
}

// Apply masks a piece of a file that begins at an offset.
func Apply(masks []Mask, piece []byte, offset int64) {
	end := offset + int64(len(piece))
	for i := range masks {
		m := &masks[i]
		from, to := max(m.At, offset), min(m.At+m.Size, end)
		for at := from; at < to; at++ {
			var b byte
			if n := at - m.At; n < int64(len(m.With)) {
				b = m.With[n]
			}
			piece[at-offset] = b
		}
	}
}

// Masked reads a file with its masks applied.
func Masked(r io.Reader, masks []Mask) io.Reader { return &maskedReader{r: r, masks: masks} }

type maskedReader struct {
	r     io.Reader
	masks []Mask
	at    int64
}

// Read implements io.Reader.
func (m *maskedReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	Apply(m.masks, p[:n], m.at)
	m.at += int64(n)
	return n, err
}
