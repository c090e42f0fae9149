package media

import (
	"encoding/binary"
	"io"
	"slices"
)

// boxesMax bounds the boxes of a film that are looked at. Usual films have a hundred.
const boxesMax = 20_000

// box is a part of a film.
type box struct {
	kind string
	// at is where it begins, content where its content does, end where it ends.
	at, content, end int64
}

// film is a film whose boxes are walked.
type film struct {
	r     *io.SectionReader
	file  File
	boxes int
	// moves says that there are pictures or tracks.
	moves bool
}

// within are the boxes that hold others; said are those that say something about the film, such
// as where it was taken.
var (
	within = []string{"moov", "trak", "mdia", "minf", "dinf", "stbl", "edts", "moof", "traf", "mvex"}
	said   = []string{"udta", "meta", "uuid", "free", "skip", "wide"}
)

// filmBlank is a box that every reader passes over.
const filmBlank = "free"

// readFilm walks the boxes of an MP4 or QuickTime file.
func readFilm(r *io.SectionReader) (File, error) {
	f := film{r: r}
	if err := f.walk(0, r.Size(), 0); err != nil {
		return File{}, err
	}
	if !f.moves {
		return File{}, broken{"it has no film"}
	}
	return f.file, nil
}

func (f *film) walk(from, to int64, depth int) error {
	for at := from; at < to; {
		b, err := f.box(at, to)
		if err != nil {
			return err
		}
		if f.boxes++; f.boxes > boxesMax || depth > len(within) {
			return broken{"it has too many parts"}
		}
		switch {
		case slices.Contains(said, b.kind):
			f.file.Masks = append(f.file.Masks, Mask{At: b.at + 4, Size: 4, With: []byte(filmBlank)}, Mask{At: b.content, Size: b.end - b.content})
		case b.kind == "hdlr":
			err = f.handler(b)
		case slices.Contains(within, b.kind):
			f.moves = f.moves || b.kind == "trak"
			err = f.walk(b.content, b.end, depth+1)
		}
		if err != nil {
			return err
		}
		at = b.end
	}
	return nil
}

// box reads the head of the box at an offset.
func (f *film) box(at, to int64) (box, error) {
	b := box{at: at, content: at + 8}
	var head [16]byte
	if to-at == 4 {
		// QuickTime ends a list of what is said with four zeros.
		return box{at: at, content: to, end: to}, nil
	}
	if err := readAt(f.r, head[:8], at); err != nil {
		return b, err
	}
	size := int64(binary.BigEndian.Uint32(head[:]))
	b.kind = string(head[4:8])
	switch size {
	case 0:
		size = to - at // To the end of the file.
	case 1:
		if err := readAt(f.r, head[:], at); err != nil {
			return b, err
		}
		size, b.content = int64(binary.BigEndian.Uint64(head[8:])), at+16
	}
	if b.end = at + size; size < b.content-at || b.end > to || b.end < at {
		return b, broken{"a part of it is longer than the whole"}
	}
	return b, nil
}

// handler looks at what a track holds. Pictures and sounds are shown; a track of positions or
// of other measurements stands among them and cannot be told from them.
func (f *film) handler(b box) error {
	var content [12]byte
	if b.end-b.content < int64(len(content)) {
		return broken{"a track does not say what it holds"}
	}
	if err := readAt(f.r, content[:], b.content); err != nil {
		return err
	}
	switch kind := string(content[8:]); kind {
	case "vide", "soun", "url ", "alis", "text", "sbtl", "subt", "tmcd":
	default:
		f.file.Unmaskable = true
	}
	return nil
}
