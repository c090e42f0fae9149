package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Markers of JPEG.
const (
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerTEM   = 0x01
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerAPP0  = 0xE0
	markerAPP1  = 0xE1
	markerAPP2  = 0xE2
	markerAPP14 = 0xEE
	markerAPP15 = 0xEF
	markerCOM   = 0xFE
	markerDHT   = 0xC4
	markerJPG   = 0xC8
	markerDAC   = 0xCC
	markerSOF0  = 0xC0
	markerSOF15 = 0xCF
)

// readJPEG walks the segments of a JPEG to its end. Whatever cameras and programs write beside
// the image is blanked: Exif but the orientation, XMP, IPTC, comments, further images, and what
// follows the end.
func readJPEG(r *io.SectionReader) (File, error) {
	masks, end, err := jpegMasks(r, 0)
	if err != nil {
		return File{}, err
	}
	if left := r.Size() - end; left > 0 {
		masks = append(masks, Mask{At: end, Size: left})
	}
	return File{Masks: masks}, nil
}

// walk reads bytes one after the other and knows where it is.
type walk struct {
	r  *bufio.Reader
	at int64
}

func walkFrom(r *io.SectionReader, at int64) *walk {
	return &walk{bufio.NewReaderSize(io.NewSectionReader(r, at, r.Size()-at), 32<<10), at}
}

// endless turns the end of the file into a broken file.
func endless(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return broken{"it ends too early"}
	}
	return err
}

func (w *walk) byte() (byte, error) {
	b, err := w.r.ReadByte()
	if err == nil {
		w.at++
	}
	return b, endless(err)
}

func (w *walk) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	read, err := io.ReadFull(w.r, b)
	w.at += int64(read)
	return b, endless(err)
}

// marker reads the next marker after any fill bytes.
func (w *walk) marker() (byte, error) {
	b, err := w.byte()
	if err == nil && b != 0xFF {
		return 0, broken{"a segment begins without its marker"}
	}
	for err == nil && b == 0xFF {
		b, err = w.byte()
	}
	return b, err
}

// scan passes the compressed pixels up to the next marker.
func (w *walk) scan() (byte, error) {
	for {
		b, err := w.byte()
		if err != nil {
			return 0, err
		}
		for b == 0xFF {
			if b, err = w.byte(); err != nil {
				return 0, err
			}
			if b != 0 && b != 0xFF && (b < markerRST0 || b > markerRST7) {
				return b, nil
			}
		}
	}
}

// jpegMasks gives the masks of the JPEG that begins at an offset, and where it ends. Of one that
// is broken it gives how far it was read.
func jpegMasks(r *io.SectionReader, at int64) (masks []Mask, end int64, err error) {
	w := walkFrom(r, at)
	masks, err = w.jpeg()
	return masks, w.at, err
}

func (w *walk) jpeg() (masks []Mask, err error) {
	marker, err := w.marker()
	if err != nil {
		return nil, err
	}
	if marker != markerSOI {
		return nil, broken{"it is no image"}
	}
	framed := false
	if marker, err = w.marker(); err != nil {
		return nil, err
	}
	for marker != markerEOI {
		content, begins, err := w.segment(marker)
		if err != nil {
			return nil, err
		}
		if m, ok := jpegMask(marker, content, begins); ok {
			masks = append(masks, m)
		}
		if isFrame(marker) {
			framed = true
			if len(content) < 5 {
				return nil, broken{"a frame has no size"}
			}
			height, width := binary.BigEndian.Uint16(content[1:]), binary.BigEndian.Uint16(content[3:])
			if err := pixels(int64(width), int64(height)); err != nil {
				return nil, err
			}
		}
		if marker == markerSOS {
			marker, err = w.scan()
		} else {
			marker, err = w.marker()
		}
		if err != nil {
			return nil, err
		}
	}
	if !framed {
		return nil, broken{"it has no image"}
	}
	return masks, nil
}

// segment reads the content of a segment, and says where it begins.
func (w *walk) segment(marker byte) (content []byte, begins int64, err error) {
	if marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 {
		return nil, w.at, nil
	}
	size, err := w.bytes(2)
	if err != nil {
		return nil, 0, err
	}
	n := int(binary.BigEndian.Uint16(size))
	if n < 2 {
		return nil, 0, broken{"a segment has no length"}
	}
	begins = w.at
	content, err = w.bytes(n - 2)
	return content, begins, err
}

func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF15 && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// exifHeader begins a segment of Exif.
const exifHeader = "Exif\x00\x00"

// jpegMask blanks a segment that is not needed to show the image.
func jpegMask(marker byte, content []byte, begins int64) (Mask, bool) {
	needed := len(content) == 0
	switch {
	case marker == markerCOM:
	case marker < markerAPP0 || marker > markerAPP15:
		needed = true
	case marker == markerAPP0 && bytes.HasPrefix(content, []byte("JFIF\x00")), marker == markerAPP14 && bytes.HasPrefix(content, []byte("Adobe")),
		marker == markerAPP2 && bytes.HasPrefix(content, []byte("ICC_PROFILE\x00")):
		needed = true
	}
	if needed {
		return Mask{}, false
	}
	m := Mask{At: begins, Size: int64(len(content))}
	if marker == markerAPP1 && bytes.HasPrefix(content, []byte(exifHeader)) {
		if kept := orientationAlone(content[len(exifHeader):]); len(exifHeader)+len(kept) <= len(content) && kept != nil {
			m.With = append([]byte(exifHeader), kept...)
		}
	}
	return m, true
}

// orientation is the tag that says how an image is to be turned.
const orientation = 0x0112

// orientationAlone is an Exif that says nothing but how the image is to be turned, if the given
// one says so; otherwise nil.
func orientationAlone(exif []byte) []byte {
	if len(exif) < 8 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if exif[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return nil
	}
	for i := range int64(order.Uint16(exif[at:])) {
		entry := at + 2 + i*12
		if entry+12 > int64(len(exif)) {
			return nil
		}
		if turned := order.Uint16(exif[entry+8:]); order.Uint16(exif[entry:]) == orientation && turned >= 1 && turned <= 8 {
			return []byte{
				'I', 'I', 42, 0, 8, 0, 0, 0, // The first directory stands at 8,
				1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, byte(turned), 0, 0, 0, // has one entry,
				0, 0, 0, 0, // and no other follows.
			}
		}
	}
	return nil
}
