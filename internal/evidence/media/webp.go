package media

import (
	"encoding/binary"
	"io"
	"slices"
)

// webpShown are the chunks that the image needs; all others are blanked.
var webpShown = []string{"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"}

// webpBlank is a chunk that every reader passes over.
const webpBlank = "MASK"

// The flags of an extended WebP for its metadata.
const webpMetadata = 0x08 | 0x04

// readWebP walks the chunks of a WebP.
func readWebP(r *io.SectionReader) (File, error) {
	var f File
	var head [12]byte
	if err := readAt(r, head[:], 0); err != nil {
		return f, err
	}
	size := int64(binary.LittleEndian.Uint32(head[4:])) + 8
	if size > r.Size() {
		return f, broken{"it ends too early"}
	}
	shown := false
	for at := int64(12); at+8 <= size; {
		var chunk [18]byte // With what tells the size of an image.
		if err := readAt(r, chunk[:min(size-at, int64(len(chunk)))], at); err != nil {
			return f, err
		}
		kind, length := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		if at+8+length > size {
			return f, broken{"it ends too early"}
		}
		if kind == "VP8 " || kind == "VP8L" || kind == "VP8X" {
			shown = true
			if err := webpPixels(kind, chunk[8:]); err != nil {
				return f, err
			}
		}
		switch {
		case kind == "VP8X" && chunk[8]&webpMetadata != 0:
			f.Masks = append(f.Masks, Mask{At: at + 8, Size: 1, With: []byte{chunk[8] &^ webpMetadata}})
		case !slices.Contains(webpShown, kind) && len(f.Masks) <= masksMax:
			f.Masks = append(f.Masks, Mask{At: at, Size: 4, With: []byte(webpBlank)}, Mask{At: at + 8, Size: length})
		}
		at += 8 + length + length&1
	}
	if !shown {
		return f, broken{"it has no image"}
	}
	if size < r.Size() {
		f.Masks = append(f.Masks, Mask{At: size, Size: r.Size() - size})
	}
	return f, nil
}

// webpPixels checks the size of an image. That of simple ones is at most 16,383 each way, so
// only an extended one can be too large.
func webpPixels(kind string, content []byte) error {
	if kind != "VP8X" {
		return nil
	}
	whole := func(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }
	return pixels(whole(content[4:])+1, whole(content[7:])+1)
}
