// Package seal closes secrets before they are stored, so that a copy of the database shows
// none. The keys are kept in a file beside the servers; the package reads the form of that
// file, and leaves to others where it is and what is sealed.
package seal

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// keyBytes is the size of a key, that of AES-256.
const keyBytes = 32

// idForm is the form of a key's id.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,32}$`)

// Keys are keys by their ids. The newest seals, and every one opens.
type Keys struct {
	newest string
	// aead gives each seal a random nonce of twelve bytes. With one key, secrets of some
	// thousands of webhooks are far below the 2^32 seals that such nonces bear.
	aead map[string]cipher.AEAD
}

// Sealed is a sealed secret.
type Sealed struct {
	// KeyID is the id of the key; empty where nothing is sealed.
	KeyID   string
	Content []byte
}

// ErrKeyUnknown says that a secret is sealed under a key that is not among the keys, and
// ErrDamaged that it was changed, or belongs to another owner.
var (
	ErrKeyUnknown = errors.New("the secret is sealed under a key that the file of keys does not hold")
	ErrDamaged    = errors.New("the sealed secret is damaged, or was sealed for another owner")
)

// Parse reads keys, one a line and the newest first: an id, a space, and 32 bytes in base64.
// Empty lines and lines that begin with # say nothing. An error names the line and repeats
// nothing of a key.
func Parse(content []byte) (*Keys, error) {
	k := &Keys{aead: make(map[string]cipher.AEAD)}
	seen := make(map[string]bool)
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		words := strings.Fields(text)
		if len(words) != 2 || !idForm.MatchString(words[0]) {
			return nil, fmt.Errorf("line %d is not an id of 1 to 32 letters, digits and _.-, a space, and a key", number)
		}
		raw, err := base64.StdEncoding.DecodeString(words[1])
		if err != nil || len(raw) != keyBytes {
			return nil, fmt.Errorf("the key in line %d is not %d bytes in base64", number, keyBytes)
		}
		if k.aead[words[0]] != nil || seen[string(raw)] {
			return nil, fmt.Errorf("the id or the key in line %d stands there twice", number)
		}
		if k.newest == "" {
			k.newest = words[0]
		}
		seen[string(raw)] = true
		if k.aead[words[0]], err = newAEAD(raw); err != nil {
			return nil, fmt.Errorf("the key in line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if k.newest == "" {
		return nil, errors.New("it holds no key")
	}
	return k, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// NewFile makes the content of a file with one new key.
func NewFile(id string) []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // Never fails: it ends the program rather than return less.
	return []byte(id + " " + base64.StdEncoding.EncodeToString(key) + "\n")
}

// Newest is the id of the key that seals.
func (k *Keys) Newest() string { return k.newest }

// Has says whether the key of an id is there.
func (k *Keys) Has(id string) bool { return k != nil && k.aead[id] != nil }

// Seal closes a secret of an owner, who is named by words.
func (k *Keys) Seal(secret []byte, owner ...string) Sealed {
	return Sealed{KeyID: k.newest, Content: k.aead[k.newest].Seal(nil, nil, secret, about(k.newest, owner))}
}

// Open gives the secret. Returns ErrKeyUnknown, also if there are no keys at all, and
// ErrDamaged for a seal that was changed or that belongs to another owner.
func (k *Keys) Open(s Sealed, owner ...string) ([]byte, error) {
	if !k.Has(s.KeyID) {
		return nil, ErrKeyUnknown
	}
	secret, err := k.aead[s.KeyID].Open(nil, nil, s.Content, about(s.KeyID, owner))
	if err != nil {
		return nil, ErrDamaged
	}
	return secret, nil
}

// about binds a seal to its key and its owner: whoever can write to the database cannot put
// a secret that it knows how to use in another's place. With their lengths before them,
// words cannot run together.
func about(keyID string, owner []string) []byte {
	var out []byte
	for _, word := range append([]string{"tenfold seal 1", keyID}, owner...) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(word)))
		out = append(out, word...)
	}
	return out
}
