package media_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/evidence/media"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// secret stands wherever a camera or a program writes beside an image. No masked file may have it.
const secret = "31.2304N121.4737E"

func picture() image.Image {
	p := image.NewGray(image.Rect(0, 0, 33, 17))
	for i := range p.Pix {
		p.Pix[i] = byte(i * 7)
	}
	p.SetGray(3, 3, color.Gray{Y: 250})
	return p
}

func encoded(t *testing.T, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a directory of Exif that turns the image and has the secret as its maker's note.
func exif(order binary.ByteOrder, mark string) []byte {
	b := []byte(mark)
	put16 := func(v uint16) { b = append(b, 0, 0); order.PutUint16(b[len(b)-2:], v) }
	put32 := func(v uint32) { b = append(b, 0, 0, 0, 0); order.PutUint32(b[len(b)-4:], v) }
	put16(42)
	put32(8)
	put16(2)
	put16(0x0112)
	put16(3)
	put32(1)
	put16(6)
	put16(0)
	put16(0x927C)
	put16(2)
	put32(uint32(len(secret)))
	put32(38)
	put32(0)
	return append(b, secret...)
}

func segment(marker byte, content ...string) []byte {
	whole := strings.Join(content, "")
	head := []byte{0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(whole)+2))
	return append(head, whole...)
}

// photograph is a JPEG with all that cameras and programs write into one, and after it.
func photograph(t *testing.T) []byte {
	plain := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, picture(), nil) })
	return bytes.Join([][]byte{
		plain[:2],
		segment(0xE1, "Exif\x00\x00", string(exif(binary.BigEndian, "MM"))),
		segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00", "<exif:GPSLatitude>"+secret),
		segment(0xED, "Photoshop 3.0\x00", secret), segment(0xE2, "MPF\x00", secret), segment(0xFE, secret),
		segment(0xE2, "ICC_PROFILE\x00\x01\x01colours"),
		plain[2:],
		[]byte(secret), plain,
	}, nil)
}

func chunk(kind string, content string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	b = append(append(b, kind...), content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngWith(t *testing.T, more ...[]byte) []byte {
	plain := encoded(t, func(w io.Writer) error { return png.Encode(w, picture()) })
	const header = 8 + 25
	return bytes.Join([][]byte{plain[:header], bytes.Join(more, nil), plain[header:]}, nil)
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind, content string) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content))), content...)
	if len(content)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func box(kind string, content ...[]byte) []byte {
	whole := bytes.Join(content, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(whole)+8)), kind...), whole...)
}

func handler(kind string) []byte { return box("hdlr", make([]byte, 8), []byte(kind), make([]byte, 12)) }

func filmOf(kind string) []byte {
	return bytes.Join([][]byte{
		box("ftyp", []byte("isom\x00\x00\x02\x00isommp41")),
		box("moov", box("mvhd", make([]byte, 100)), box("trak", box("mdia", handler(kind)), box("udta", []byte(secret))), box("udta", box("\xa9xyz", []byte(secret)))),
		box("uuid", []byte(secret)), box("mdat", []byte("pictures")),
	}, nil)
}

func zipped(t *testing.T, names ...string) []byte {
	return encoded(t, func(w io.Writer) error {
		z := zip.NewWriter(w)
		for _, name := range names {
			f, err := z.CreateHeader(&zip.FileHeader{Name: name})
			if err == nil {
				_, err = f.Write([]byte("<ofd/>"))
			}
			if err != nil {
				return err
			}
		}
		return z.Close()
	})
}

func examine(content []byte) (media.File, error) {
	return media.Examine(bytes.NewReader(content), int64(len(content)))
}

// masked is what another party gets of a file, in pieces of any size.
func masked(t *testing.T, content []byte, f *media.File) []byte {
	t.Helper()
	masks, err := media.DecodeMasks(media.EncodeMasks(f.Masks))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(media.Masked(bytes.NewReader(content), masks))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, len(content)} {
		var pieces []byte
		for at := 0; at < len(content); at += size {
			piece := bytes.Clone(content[at:min(at+size, len(content))])
			media.Apply(masks, piece, int64(at))
			pieces = append(pieces, piece...)
		}
		if !bytes.Equal(pieces, whole) {
			t.Fatalf("pieces of %d bytes differ from the whole", size)
		}
	}
	return whole
}

// Would catch a file whose place or camera another party could read, one that changes its size
// or cannot be shown any more when that is blanked, one that is turned wrongly afterwards, and a
// type that is told by anything but the bytes.
func TestMasksHideWhereAPhotographWasTaken(t *testing.T) {
	t.Parallel()
	photo := photograph(t)
	decode := map[string]func(io.Reader) (image.Image, error){media.JPEG: jpeg.Decode, media.PNG: png.Decode}
	for name, x := range map[string]struct {
		content []byte
		kind    string
		kept    string
	}{
		"a photograph":                    {photo, media.JPEG, "ICC_PROFILE\x00\x01\x01colours"},
		"a photograph in the other order": {bytes.Replace(photo, exif(binary.BigEndian, "MM"), exif(binary.LittleEndian, "II"), 1), media.JPEG, "colours"},
		"a drawing":                       {append(pngWith(t, chunk("eXIf", secret), chunk("tEXt", "Comment\x00"+secret), chunk("gAMA", "\x00\x00\xb1\x8f")), secret...), media.PNG, "gAMA"},
		"a WebP": {riff(riffChunk("VP8X", "\x0c\x00\x00\x00\x20\x00\x00\x10\x00\x00"), riffChunk("VP8L", "/pixels"), riffChunk("EXIF", secret), riffChunk("XMP ", secret)),
			media.WebP, "/pixels"},
		"a PDF with a photograph": {bytes.Join([][]byte{[]byte("%PDF-1.7\n\xff\xd8\xff no image\nstream\n"), photo, []byte("\nendstream\n%%EOF")}, nil), media.PDF, "%%EOF"},
		"a film":                  {filmOf("vide"), media.MP4, "pictures"},
		"a film of QuickTime":     {bytes.Replace(filmOf("soun"), []byte("isom"), []byte("qt  "), 1), media.QuickTime, "pictures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := examine(x.content)
			if err != nil || f.Type != x.kind || f.Unmaskable {
				t.Fatalf("%+v, %v", f, err)
			}
			if name == "a PDF with a photograph" {
				// What follows a photograph in a PDF is the document.
				x.content = bytes.Replace(x.content, append([]byte(secret), 0xFF, 0xD8), append([]byte(strings.Repeat("-", len(secret))), 0xFF, 0xD8), 1)
			}
			shown := masked(t, x.content, &f)
			if len(shown) != len(x.content) || bytes.Contains(shown, []byte(secret)) || !bytes.Contains(shown, []byte(x.kept)) {
				t.Errorf("%d bytes became %d; the secret stands at %d, what is shown at %d", len(x.content), len(shown),
					bytes.Index(shown, []byte(secret)), bytes.Index(shown, []byte(x.kept)))
			}
			if again, err := examine(shown); err != nil || again.Type != x.kind {
				t.Errorf("the masked file is %+v, %v", again, err)
			}
			if decode[x.kind] == nil {
				return
			}
			before, err := decode[x.kind](bytes.NewReader(x.content))
			if err != nil {
				t.Fatal(err)
			}
			after, err := decode[x.kind](bytes.NewReader(shown))
			if err != nil || fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("the image is not shown as before: %v", err)
			}
			if x.kind == media.JPEG && !bytes.Contains(shown, []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06")) {
				t.Error("how the photograph is to be turned is lost")
			}
		})
	}
}

// Would catch a file that another party gets although nobody can tell where in it a place stands.
func TestWhatCannotBeMaskedIsSaid(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"a HEIC":                    append(box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), box("meta", []byte(secret))...),
		"a film with positions":     filmOf("meta"),
		"a PDF full of beginnings":  append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("\xff\xd8\xff\xfe\x00\x06\xff\xd8\xff\xfe"), 3000)...),
		"an image of many comments": pngWith(t, bytes.Repeat(chunk("tEXt", "a"), 600)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f, err := examine(content); err != nil || !f.Unmaskable || f.Masks != nil {
				t.Errorf("%d masks, unmaskable %v, %v", len(f.Masks), f.Unmaskable, err)
			}
		})
	}
	if f, err := examine(zipped(t, "OFD.xml", "Doc_0/Document.xml")); err != nil || f.Type != media.OFD || f.Unmaskable {
		t.Errorf("an OFD: %+v, %v", f, err)
	}
}

// Would catch a file that runs in a browser or unpacks without end and is taken, one that is cut
// off, and a refusal that does not say what the file is.
func TestWhatIsNoPhotographDocumentOrFilmIsRefused(t *testing.T) {
	t.Parallel()
	photo, drawing := photograph(t), pngWith(t)
	huge := bytes.Clone(drawing)
	binary.BigEndian.PutUint32(huge[16:], 1<<30)
	endless := zipped(t, "OFD.xml")
	end := bytes.LastIndex(endless, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(endless[end+24:], 500<<20)
	overlapping := zipped(t, "OFD.xml", "a")
	for i := bytes.Index(overlapping, []byte("PK\x01\x02")); i < len(overlapping)-46 && string(overlapping[i:i+4]) == "PK\x01\x02"; i += 46 + 7 {
		binary.LittleEndian.PutUint32(overlapping[i+20:], uint32(len(overlapping)-10))
	}
	for name, x := range map[string]struct {
		content []byte
		kind    string
	}{
		"a drawing that runs":            {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image/svg+xml"},
		"a page":                         {[]byte("<!DOCTYPE html><html><script>alert(1)</script></html>"), "text/html; charset=utf-8"},
		"a text":                         {[]byte("it is a fake"), "text/plain; charset=utf-8"},
		"a program":                      {[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00"), "application/x-executable"},
		"a compressed file":              {[]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "application/gzip"},
		"an archive":                     {zipped(t, "a.jpg"), media.OFD},
		"an archive that never ends":     {endless, media.OFD},
		"an archive of the same bytes":   {overlapping, media.OFD},
		"an archive without directory":   {zipped(t, "OFD.xml")[:60], media.OFD},
		"an archive of too many entries": {zipped(t, strings.Split("OFD.xml"+strings.Repeat(" a", 2000), " ")...), media.OFD},
		"half a photograph":              {photo[:len(photo)/3], media.JPEG},
		"the beginning of a photograph":  {photo[:4], media.JPEG},
		"a photograph of nothing":        {[]byte("\xff\xd8\xff\xe0\x00\x02\xff\xd9"), media.JPEG},
		"a photograph out of step":       {append([]byte("\xff\xd8\xff\xe0\x00\x02"), "noise and noise"...), media.JPEG},
		"half a drawing":                 {drawing[:len(drawing)-14], media.PNG},
		"a drawing of a billion pixels":  {huge, media.PNG},
		"a drawing without a size":       {append(bytes.Clone(drawing[:8]), chunk("IDAT", "")...), media.PNG},
		"half a WebP":                    {riff(riffChunk("VP8L", "/pixels"))[:20], media.WebP},
		"a WebP without an image":        {riff(riffChunk("EXIF", "x")), media.WebP},
		"a WebP of 2^48 pixels":          {riff(riffChunk("VP8X", "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff")), media.WebP},
		"a film without a film":          {box("ftyp", []byte("isom\x00\x00\x02\x00isommp41")), media.MP4},
		"half a film":                    {filmOf("vide")[:60], media.MP4},
		"a page before a document":       {[]byte("<!-- %PDF-1.7 --><script>1</script>"), media.PDF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := examine(x.content)
			if f, ok := fault.As(err); !ok || !errors.Is(err, fault.MediaTypeRefused) || f.Fields["mediaType"] != x.kind || len(f.Detail) > 250 {
				t.Errorf("%v", err)
			}
		})
	}
}

// Would catch a file that stops the examination, or that a mask makes longer, shorter or another
// type.
func FuzzExamine(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\x00\x00"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"))
	f.Add(filmOf("vide"))
	f.Add(riff(riffChunk("VP8L", "/pixels"), riffChunk("EXIF", "x")))
	f.Add([]byte("%PDF-1.7 \xff\xd8\xff\xd8\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		found, err := examine(content)
		if err != nil {
			return
		}
		end := int64(0)
		for _, m := range found.Masks {
			if m.At < end || m.Size < int64(len(m.With)) || m.At+m.Size > int64(len(content)) {
				t.Fatalf("mask %+v of %d bytes after %d", m, len(content), end)
			}
			end = m.At + m.Size
		}
		if again, err := examine(masked(t, content, &found)); err != nil || again.Type != found.Type {
			t.Fatalf("%s became %+v, %v", found.Type, again, err)
		}
	})
}
