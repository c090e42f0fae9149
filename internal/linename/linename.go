// Package linename spells the names of order lines, whose ids are any text.
package linename

import (
	"net/url"
	"strings"
)

// Of is the name of an order line: merchants/{merchant}/orderLines/{line}. Ids of lines
// are any text, so what could be read as another part of a path, or not at all, is
// percent-encoded: every byte but letters, digits and -._~ (RFC 3986, 2.3). Dots are too where
// there is nothing else.
func Of(merchantID, lineID string) string {
	return "merchants/" + merchantID + "/orderLines/" + escape(lineID)
}

// ParseID reads the last part of a line's name. ok is false unless it is spelled as
// Of spells it: a line has one name.
func ParseID(spelled string) (lineID string, ok bool) {
	lineID, err := url.PathUnescape(spelled)
	return lineID, err == nil && escape(lineID) == spelled
}

func escape(id string) string {
	const hex = "0123456789ABCDEF"
	dots := strings.Trim(id, ".") == ""
	var out strings.Builder
	for i := range len(id) {
		switch b := id[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_', b == '~', b == '.' && !dots:
			out.WriteByte(b)
		default:
			out.Write([]byte{'%', hex[b>>4], hex[b&15]})
		}
	}
	return out.String()
}
