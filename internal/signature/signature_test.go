package signature_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/signature"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
)

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func signers() []*signaturetest.Signer {
	return []*signaturetest.Signer{signaturetest.Ed25519(1), signaturetest.ES256(), signaturetest.RSA("RS256"), signaturetest.RSA("PS256")}
}

// edited is a signer's public key with one member set to another JSON value; none is taken out.
func edited(t *testing.T, s *signaturetest.Signer, member string, value any) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(s.Public), &members); err != nil {
		t.Fatal(err)
	}
	if members[member] = value; value == nil {
		delete(members, member)
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Would catch a key whose signatures are not verified, a signature that holds for another
// payload, another header or another key, and a stored form of a key by which its signatures
// are not verified any more.
func TestSignaturesHoldUnderTheirKeyAlone(t *testing.T) {
	t.Parallel()
	all := signers()
	for i, s := range all {
		k, err := signature.ParseKey(s.Public, "")
		if err != nil || k.Thumbprint != s.Thumbprint || string(k.Algorithm) != s.Algorithm {
			t.Fatalf("%s: %+v, %v", s.Algorithm, k, err)
		}
		stored, err := signature.ParseKey(k.JWK, k.Algorithm)
		if err != nil || stored.JWK != k.JWK || stored.Thumbprint != k.Thumbprint {
			t.Errorf("%s as it is stored: %+v, %v", s.Algorithm, stored, err)
		}
		text := s.Sign(s.Header("application/Thing+JSON"), []byte(`{"a": 1}`))
		st, err := signature.ParseStatement(text)
		if err != nil || st.Verify(stored) != nil || string(st.Payload) != `{"a": 1}` || st.Type != "thing+json" || st.KeyID != s.Thumbprint {
			t.Fatalf("%s: %+v, %v, %v", s.Algorithm, st, err, st.Verify(stored))
		}
		parts := strings.Split(text, ".")
		for name, changed := range map[string]string{
			"another payload":   parts[0] + "." + b64(`{"a": 2}`) + "." + parts[2],
			"another header":    b64(`{"alg":"`+s.Algorithm+`","kid":"`+s.Thumbprint+`"}`) + "." + parts[1] + "." + parts[2],
			"another signature": parts[0] + "." + parts[1] + "." + b64(strings.Repeat("x", 64)),
		} {
			st, err := signature.ParseStatement(changed)
			if err == nil {
				err = st.Verify(stored)
			}
			if !errors.Is(err, fault.SignatureInvalid) {
				t.Errorf("%s under %s: %v", name, s.Algorithm, err)
			}
		}
		other, err := signature.ParseKey(all[(i+1)%len(all)].Public, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Verify(other); !errors.Is(err, fault.AlgorithmNotAllowed) {
			t.Errorf("%s under a key for another algorithm: %v", s.Algorithm, err)
		}
	}
	first, second := signaturetest.Ed25519(1), signaturetest.Ed25519(2)
	k, err := signature.ParseKey(second.Public, "")
	if err != nil {
		t.Fatal(err)
	}
	st, err := signature.ParseStatement(first.Sign(first.Header("a"), []byte("x")))
	if err != nil || !errors.Is(st.Verify(k), fault.SignatureInvalid) {
		t.Errorf("under another key of the algorithm: %v", err)
	}
}

// Would catch a key that is private, weak, of another kind or of two readings, and is taken;
// and a refusal that repeats it, or does not name the field.
func TestUnfitKeysAreRefused(t *testing.T) {
	t.Parallel()
	ed, es, rs := signaturetest.Ed25519(1), signaturetest.ES256(), signaturetest.RSA("RS256")
	zero := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	sign := base64.RawURLEncoding.EncodeToString(append(make([]byte, 31), 0x80))
	for name, x := range map[string]struct {
		text   string
		stated signature.Algorithm
	}{
		"no JSON":                          {text: "{"},
		"nothing":                          {text: ""},
		"a list":                           {text: "[]"},
		"two keys":                         {text: ed.Public + ed.Public},
		"a member twice":                   {text: strings.Replace(ed.Public, "{", `{"kty":"OKP",`, 1)},
		"a member twice by an escape":      {text: strings.Replace(ed.Public, "{", `{"\u006bty":"OKP",`, 1)},
		"not UTF-8":                        {text: strings.Replace(ed.Public, "{", "{\"a\":\"\xff\",", 1)},
		"too deep":                         {text: strings.Replace(ed.Public, "{", `{"a":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+",", 1)},
		"too long":                         {text: strings.Replace(ed.Public, "{", `{"a":"`+strings.Repeat("x", signature.KeyBytesMax)+`",`, 1)},
		"a private key":                    {text: edited(t, ed, "d", "c2VjcmV0")},
		"an empty private part":            {text: edited(t, ed, "d", "")},
		"a private part that is no text":   {text: edited(t, rs, "p", 1)},
		"a shared key":                     {text: `{"kty":"oct","k":"c2VjcmV0"}`},
		"an unknown type":                  {text: edited(t, ed, "kty", "PQ")},
		"no type":                          {text: edited(t, ed, "kty", nil)},
		"a type that is no text":           {text: edited(t, ed, "kty", 5)},
		"another curve":                    {text: edited(t, ed, "crv", "X25519")},
		"a short point":                    {text: edited(t, ed, "x", "AAAA")},
		"a point of order two":             {text: edited(t, ed, "x", zero)},
		"a point of order two with a sign": {text: edited(t, ed, "x", sign)},
		"a point off the curve":            {text: edited(t, es, "y", zero)},
		"the curve P-384":                  {text: edited(t, es, "crv", "P-384")},
		"a small modulus":                  {text: edited(t, rs, "n", b64(strings.Repeat("\xff", 128)))},
		"a large modulus":                  {text: edited(t, rs, "n", b64(strings.Repeat("\xff", 1024)))},
		"an even modulus":                  {text: edited(t, rs, "n", b64(strings.Repeat("\xfe", 256)))},
		"the exponent three":               {text: edited(t, rs, "e", b64("\x03"))},
		"an even exponent":                 {text: edited(t, rs, "e", b64("\x01\x00\x02"))},
		"a huge exponent":                  {text: edited(t, rs, "e", b64(strings.Repeat("\xff", 9)))},
		"RSA without an algorithm":         {text: edited(t, rs, "alg", nil)},
		"an algorithm of another type":     {text: edited(t, ed, "alg", "ES256")},
		"no algorithm at all":              {text: edited(t, ed, "alg", "none")},
		"a shared algorithm":               {text: edited(t, rs, "alg", "HS256")},
		"two algorithms":                   {text: rs.Public, stated: signature.PS256},
		"a key for encryption":             {text: edited(t, ed, "use", "enc")},
		"operations without verification":  {text: edited(t, ed, "key_ops", []string{"sign"})},
		"operations that are no list":      {text: edited(t, ed, "key_ops", "verify")},
		"an id with a space":               {text: edited(t, ed, "kid", "a b")},
		"an empty id":                      {text: edited(t, ed, "kid", "")},
		"an id of 129 characters":          {text: edited(t, ed, "kid", strings.Repeat("k", 129))},
		"an id that is no text":            {text: edited(t, ed, "kid", 1)},
	} {
		_, err := signature.ParseKey(x.text, x.stated)
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.KeyInvalid || f.Field != "public_key" || len(f.Detail) > 300 || strings.Contains(f.Detail, "c2VjcmV0") {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := signature.ParseKey(edited(t, signaturetest.RSA("RS256"), "alg", nil), signature.PS256)
	if err != nil || k.Algorithm != signature.PS256 {
		t.Errorf("an algorithm stated beside the key: %+v, %v", k, err)
	}
	if k, err := signature.ParseKey(edited(t, es, "kid", "brand-2026"), ""); err != nil || k.ID != "brand-2026" || k.Algorithm != signature.ES256 {
		t.Errorf("a key with an id: %+v, %v", k, err)
	}
}

// Would catch a signed statement with two readings that is read, a header that brings its own
// key, algorithm or extension along, and a refusal that repeats what was sent.
func TestMalformedStatementsAreRefused(t *testing.T) {
	t.Parallel()
	s := signaturetest.Ed25519(1)
	good := s.Sign(s.Header("a"), []byte("x"))
	parts := strings.Split(good, ".")
	head := func(members string) string { return s.Raw(members, "x") }
	for name, text := range map[string]string{
		"nothing":                    "",
		"two parts":                  parts[0] + "." + parts[1],
		"four parts":                 good + ".e30",
		"the JSON form":              `{"payload":"eA","protected":"e30","signature":"eA"}`,
		"padding":                    parts[0] + "." + parts[1] + "=." + parts[2],
		"a line break":               parts[0] + "." + parts[1] + "\n." + parts[2],
		"a space at the end":         good + " ",
		"bits beside the payload":    parts[0] + ".eB." + parts[2],
		"other letters of base64":    parts[0] + "./+." + parts[2],
		"no payload":                 parts[0] + ".." + parts[2],
		"no signature":               parts[0] + "." + parts[1] + ".",
		"a header that is no JSON":   head(`alg`),
		"a header that is a list":    head(`[]`),
		"a header in two values":     head(`{"alg":"EdDSA","kid":"k"}{}`),
		"an algorithm twice":         head(`{"alg":"EdDSA","alg":"none","kid":"k"}`),
		"an algorithm that is null":  head(`{"alg":null,"kid":"k"}`),
		"no algorithm":               head(`{"kid":"k"}`),
		"no key":                     head(`{"alg":"EdDSA"}`),
		"a key that is a number":     head(`{"alg":"EdDSA","kid":1}`),
		"an algorithm in capitals":   head(`{"ALG":"EdDSA","kid":"k"}`),
		"a key of its own":           head(`{"alg":"EdDSA","kid":"k","jwk":` + s.Public + `}`),
		"an address of a key":        head(`{"alg":"EdDSA","kid":"k","jku":"https://example.com"}`),
		"a certificate":              head(`{"alg":"EdDSA","kid":"k","x5c":["a"]}`),
		"an extension":               head(`{"alg":"EdDSA","kid":"k","crit":["exp"],"exp":1}`),
		"a payload that is not b64":  head(`{"alg":"EdDSA","kid":"k","b64":false,"crit":["b64"]}`),
		"an empty extension":         head(`{"alg":"EdDSA","kid":"k","crit":[]}`),
		"a header of 5,000 bytes":    head(`{"alg":"EdDSA","kid":"` + strings.Repeat("k", 5_000) + `"}`),
		"a statement beyond a bound": strings.Repeat("e", signature.BytesMax) + "." + parts[1] + "." + parts[2],
	} {
		_, err := signature.ParseStatement(text)
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.SignatureInvalid || len(f.Detail) > 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := signature.ParseKey(s.Public, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"none", "HS256", "eddsa", "RS256"} {
		st, err := signature.ParseStatement(head(`{"alg":"` + algorithm + `","kid":"k"}`))
		if err != nil || !errors.Is(st.Verify(k), fault.AlgorithmNotAllowed) {
			t.Errorf("the algorithm %s under a key for EdDSA: %v", algorithm, err)
		}
	}
}

// FuzzParseKey looks for text that makes reading a key panic, for a refusal of another reason,
// and for a key whose stored form is another key.
func FuzzParseKey(f *testing.F) {
	for _, s := range []*signaturetest.Signer{signaturetest.Ed25519(1), signaturetest.ES256(), signaturetest.RSA("PS256")} {
		f.Add(s.Public)
	}
	f.Add(`{"kty":"EC","crv":"P-256","x":"","y":""}`)
	f.Add(`{"kty":"RSA","n":"AA","e":"AQAB","alg":"RS256"}`)
	f.Add(`{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","key_ops":[[]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		k, err := signature.ParseKey(text, "")
		if err != nil {
			if !errors.Is(err, fault.KeyInvalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		again, err := signature.ParseKey(k.JWK, k.Algorithm)
		if err != nil || again.Thumbprint != k.Thumbprint || again.JWK != k.JWK {
			t.Errorf("%q is stored as %q: %v", text, k.JWK, err)
		}
	})
}

// FuzzParseStatement looks for text that makes reading a signed statement panic, or that is
// believed although it is not, letter by letter, what was signed.
func FuzzParseStatement(f *testing.F) {
	s := signaturetest.Ed25519(1)
	good := s.Sign(s.Header("a"), []byte(`{"a":1}`))
	k, err := signature.ParseKey(s.Public, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("e30.e30.e30")
	f.Add(s.Raw(`{"alg":"EdDSA","kid":"k","crit":["b64"],"b64":false}`, "x"))
	f.Fuzz(func(t *testing.T, text string) {
		st, err := signature.ParseStatement(text)
		if err != nil {
			if !errors.Is(err, fault.SignatureInvalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if _, err := st.Members(); err == nil && len(st.Payload) == 0 {
			t.Error("an empty payload has members")
		}
		if st.Verify(k) == nil && !strings.HasPrefix(text, good[:strings.LastIndexByte(good, '.')]) {
			t.Errorf("%q is believed", text)
		}
	})
}
