package media

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
)

// pngShown are the chunks that the image needs; all others are blanked.
var pngShown = []string{
	"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "pHYs", "bKGD", "hIST", "cICP",
}

// pngBlank is a chunk that every reader passes over.
const pngBlank = "maSk"

// readPNG walks the chunks of a PNG.
func readPNG(r *io.SectionReader) (File, error) {
	var f File
	at, size := int64(8), r.Size()
	for n := 0; ; n++ {
		var head [8]byte
		if err := readAt(r, head[:], at); err != nil {
			return f, err
		}
		length, kind := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		end := at + 12 + length
		if end > size {
			return f, broken{"it ends too early"}
		}
		if n == 0 {
			var bounds [8]byte
			if kind != "IHDR" || length < 13 {
				return f, broken{"it does not begin with its size"}
			}
			if err := readAt(r, bounds[:], at+8); err != nil {
				return f, err
			}
			if err := pixels(int64(binary.BigEndian.Uint32(bounds[:])), int64(binary.BigEndian.Uint32(bounds[4:]))); err != nil {
				return f, err
			}
		}
		if !slices.Contains(pngShown, kind) && len(f.Masks) <= masksMax {
			f.Masks = append(f.Masks,
				Mask{At: at + 4, Size: 4 + length, With: []byte(pngBlank)}, Mask{At: end - 4, Size: 4, With: blankSum(length)})
		}
		at = end
		if kind == "IEND" {
			break
		}
	}
	if at < size {
		f.Masks = append(f.Masks, Mask{At: at, Size: size - at})
	}
	return f, nil
}

// blankSum is the checksum of a blank chunk.
func blankSum(length int64) []byte {
	sum := crc32.NewIEEE()
	_, _ = sum.Write([]byte(pngBlank))
	zeros := make([]byte, 4096)
	for left := length; left > 0; left -= int64(len(zeros)) {
		_, _ = sum.Write(zeros[:min(left, int64(len(zeros)))])
	}
	return binary.BigEndian.AppendUint32(nil, sum.Sum32())
}

// readAt reads all of p, or says that the file ends too early.
func readAt(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return broken{"it ends too early"}
	}
	return err
}
