package formats

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// fromGB18030 decodes a text with a decoder of GB18030; false if it is no such text. The library
// leaves out the characters that users of the encoding define for themselves, which names of
// goods and persons hold: they are decoded here.
func fromGB18030(decoder *encoding.Decoder, raw []byte) (string, bool) {
	if got, err := decoder.Bytes(raw); err == nil && isWhole(got) {
		return string(got), true
	}
	var b strings.Builder
	for len(raw) > 0 {
		n := sizeGB18030(raw)
		if n == 0 {
			return "", false
		}
		if r := userDefined(raw[:n]); r != 0 {
			b.WriteRune(r)
		} else {
			got, err := decoder.Bytes(raw[:n])
			if err != nil || !isWhole(got) {
				return "", false
			}
			b.Write(got)
		}
		raw = raw[n:]
	}
	return b.String(), true
}

func newGB18030() *encoding.Decoder { return simplifiedchinese.GB18030.NewDecoder() }

func isWhole(text []byte) bool { return !strings.ContainsRune(string(text), utf8.RuneError) }

// sizeGB18030 is the number of bytes of the first character; zero if it is cut or none.
func sizeGB18030(raw []byte) int {
	switch {
	case raw[0] < 0x80:
		return 1
	case raw[0] == 0x80 || raw[0] == 0xff || len(raw) < 2:
		return 0
	case raw[1] < '0' || raw[1] > '9':
		return 2
	case len(raw) < 4:
		return 0
	}
	return 4
}

// userDefined is the character for private use at one of the three ranges that the encoding
// leaves to its users; zero elsewhere.
func userDefined(c []byte) rune {
	if len(c) != 2 {
		return 0
	}
	lead, trail := rune(c[0]), rune(c[1])
	switch {
	case lead >= 0xaa && lead <= 0xaf && trail >= 0xa1 && trail <= 0xfe:
		return 0xe000 + (lead-0xaa)*94 + trail - 0xa1
	case lead >= 0xf8 && lead <= 0xfe && trail >= 0xa1 && trail <= 0xfe:
		return 0xe234 + (lead-0xf8)*94 + trail - 0xa1
	case lead >= 0xa1 && lead <= 0xa7 && trail >= 0x40 && trail <= 0xa0 && trail != 0x7f:
		at := trail - 0x40
		if trail > 0x7f {
			at--
		}
		return 0xe4c6 + (lead-0xa1)*96 + at
	}
	return 0
}
