package media

import (
	"archive/zip"
	"bytes"
	"io"
)

// pdfMark begins a PDF.
const pdfMark = "%PDF-"

// readPDF blanks what cameras wrote into the photographs of a PDF, which stand in it as JPEGs.
func readPDF(r *io.SectionReader) (File, error) {
	var f File
	var head [len(pdfMark)]byte
	if err := readAt(r, head[:], 0); err != nil {
		return f, err
	}
	if string(head[:]) != pdfMark {
		// What is before it could make a browser take the file for a page.
		return f, broken{"something stands before its first line"}
	}
	vain := int64(0)
	for at := int64(0); len(f.Masks) <= masksMax; {
		begins, err := find(r, []byte{0xFF, markerSOI, 0xFF}, at)
		if begins < 0 || err != nil {
			return f, err
		}
		at = begins + 3
		masks, end, err := jpegMasks(r, begins)
		if _, no := err.(broken); no {
			// Bytes that look like the beginning of one. A file that has many of them was made to.
			if vain += end - begins; vain > vainMax*r.Size() {
				return File{Unmaskable: true}, nil
			}
			continue
		}
		if err != nil {
			return f, err
		}
		f.Masks, at = append(f.Masks, masks...), end
	}
	return f, nil
}

// vainMax is how many times the size of a PDF is read in vain for photographs.
const vainMax = 4

// find gives where a mark stands next at or after an offset; -1 if it does not.
func find(r *io.SectionReader, mark []byte, from int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for at := from; at < r.Size(); {
		piece := buf[:min(r.Size()-at, int64(len(buf)))]
		if err := readAt(r, piece, at); err != nil {
			return -1, err
		}
		if i := bytes.Index(piece, mark); i >= 0 {
			return at + int64(i), nil
		}
		if len(piece) < len(buf) {
			break
		}
		at += int64(len(piece) - len(mark) + 1)
	}
	return -1, nil
}

// The bounds of an archive. A report of some pages has about fifty entries, and its texts
// shrink to a tenth.
const (
	entriesMax   = 2000
	unpackedMax  = 512 << 20
	ratioMax     = 200
	directoryMax = 1 << 20
)

// sparing reads no more than a number of bytes: a directory may say of itself that it is short.
type sparing struct {
	r    io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (s *sparing) ReadAt(p []byte, at int64) (int, error) {
	if s.left -= int64(len(p)); s.left < 0 {
		return 0, broken{"its directory is too long"}
	}
	return s.r.ReadAt(p, at)
}

// readOFD reads the directory of an OFD, a document in a ZIP file. No entry is unpacked.
func readOFD(r *io.SectionReader) (File, error) {
	archive, err := zip.NewReader(&sparing{r: r, left: directoryMax}, r.Size())
	if err != nil {
		return File{}, broken{"its directory cannot be read"}
	}
	if len(archive.File) > entriesMax {
		return File{}, broken{"it has more than 2,000 entries"}
	}
	document := false
	var packed, unpacked uint64
	for _, e := range archive.File {
		document = document || e.Name == "OFD.xml"
		if e.UncompressedSize64 > unpackedMax || e.CompressedSize64 > uint64(r.Size()) {
			return File{}, broken{"an entry is larger than it can be"}
		}
		packed, unpacked = packed+e.CompressedSize64, unpacked+e.UncompressedSize64
	}
	switch {
	case !document:
		return File{}, broken{"it is an archive and not an OFD document; send its files one by one"}
	case packed > uint64(r.Size()):
		return File{}, broken{"its entries overlap"}
	case unpacked > unpackedMax || unpacked > ratioMax*uint64(r.Size()):
		return File{}, broken{"it would be more than 512 MiB, or 200 times its size, when it is unpacked"}
	}
	return File{}, nil
}
