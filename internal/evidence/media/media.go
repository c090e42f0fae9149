// Package media tells what a file of evidence is by its bytes, refuses what is no photograph,
// document or film, and finds the bytes that say where a photograph was taken. It reads a file
// in pieces and keeps none of them; storing is left to the packages around it.
package media

import (
	"errors"
	"io"

	"github.com/gabriel-vasile/mimetype"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// The types of file that are taken.
const (
	JPEG      = "image/jpeg"
	PNG       = "image/png"
	WebP      = "image/webp"
	HEIC      = "image/heic"
	PDF       = "application/pdf"
	OFD       = "application/ofd"
	MP4       = "video/mp4"
	QuickTime = "video/quicktime"
)

// Types lists them.
func Types() []string { return []string{JPEG, PNG, WebP, HEIC, PDF, OFD, MP4, QuickTime} }

// PixelsMax bounds an image: a small file can say that it has more than a viewer has memory
// for. The largest sensors of telephones have 200 million pixels.
const PixelsMax = 250_000_000

// headMax is how much of a file its type is told by.
const headMax = 3072

// File is what a file was found to be.
type File struct {
	// Type is one of the types above.
	Type string
	// Masks blank what tells where a photograph was taken and by which device. They leave the
	// size of the file as it is.
	Masks []Mask
	// Unmaskable says that such bytes cannot be told from the rest, so that the file cannot be
	// shown to another party.
	Unmaskable bool
}

// readers examine the files of each type.
var readers = map[string]func(*io.SectionReader) (File, error){
	JPEG: readJPEG, PNG: readPNG, WebP: readWebP, PDF: readPDF, OFD: readOFD, MP4: readFilm, QuickTime: readFilm,
	HEIC: func(*io.SectionReader) (File, error) { return File{Unmaskable: true}, nil },
}

// Examine tells what a file is. Refuses with MEDIA_TYPE_REFUSED a file of a type that is not
// taken, one that cannot be read as what it begins as, and an image or archive that would be
// far larger than the file is. Other errors are those of r.
func Examine(r io.ReaderAt, size int64) (File, error) {
	head := make([]byte, min(size, headMax))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return File{}, err
	}
	kind := typeOf(head)
	read := readers[kind]
	if read == nil {
		return File{}, refuse(kind, "files of type %s are not taken; send a photograph (JPEG, PNG, WebP, HEIC), a document (PDF, OFD) or a film (MP4, MOV)", kind)
	}
	f, err := read(io.NewSectionReader(r, 0, size))
	if b := (broken{}); errors.As(err, &b) {
		return File{}, refuse(kind, "the file begins as %s, but %s", kind, string(b.why))
	}
	if len(f.Masks) > masksMax || f.Unmaskable {
		f.Masks, f.Unmaskable = nil, true
	}
	f.Type = kind
	return f, err
}

func refuse(kind, format string, args ...any) error {
	return fault.New(fault.MediaTypeRefused, format, args...).With("mediaType", kind)
}

// broken says why a file is not what it begins as.
type broken struct{ why string }

func (b broken) Error() string { return b.why }

// typeOf tells a type by the first bytes of a file.
func typeOf(head []byte) string {
	found := mimetype.Detect(head)
	for _, same := range []struct{ is, as string }{
		{"image/heic-sequence", HEIC}, {"image/heif", HEIC}, {"image/heif-sequence", HEIC}, {"video/x-m4v", MP4},
		// An OFD is a ZIP file; whether it is one, its directory tells.
		{"application/zip", OFD},
	} {
		if found.Is(same.is) {
			return same.as
		}
	}
	for _, kind := range Types() {
		if found.Is(kind) {
			return kind
		}
	}
	return found.String()
}

// pixels refuses an image without any, and one with more than are taken.
func pixels(width, height int64) error {
	switch {
	case width < 1 || height < 1:
		return broken{"it has no pixels"}
	case width > PixelsMax || height > PixelsMax/width:
		return broken{"it has more than 250 million pixels"}
	}
	return nil
}
