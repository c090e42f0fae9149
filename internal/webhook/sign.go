package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

const (
	secretPrefix  = "whsec_"
	secretBytes   = 32
	signatureMark = "v1,"
)

func newKey() []byte {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // Never fails: it ends the program rather than return less.
	return key
}

// spell writes a key in the form that receivers' libraries expect.
func spell(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// eventID is the id of an event's deliveries: the same at every try, and for every
// webhook.
func eventID(merchantID string, number int64) string {
	return merchantID + "/" + strconv.FormatInt(number, 10)
}

// sign gives the signatures of a delivery, one by each secret.
func sign(keys [][]byte, id string, at time.Time, body []byte) (timestamp, signatures string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	list := make([]string, len(keys))
	for i, key := range keys {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + timestamp + "."))
		m.Write(body)
		list[i] = signatureMark + base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	return timestamp, strings.Join(list, " ")
}
