package authenticator

import (
	"strings"
)

// Product is goods that somebody is to judge. What is empty is not known.
type Product struct {
	Category, Brand, Trademark, Method string
}

// Above gives the category path with every path above it.
func (p *Product) Above() []string {
	var paths []string
	for i, r := range p.Category {
		if r == '/' {
			paths = append(paths, p.Category[:i])
		}
	}
	return append(paths, p.Category)
}

// Query is which bodies are looked for. What is empty does not matter.
type Query struct {
	// Text is a part of the name for people or of the id.
	Text  string
	Kind  string
	State State
	// Scopes are values that the body names, in the form in which values are compared.
	Scopes []Scoped
}

// Like is the pattern of the text in SQL, in which nothing stands for anything else.
func (q *Query) Like() string {
	if q.Text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q.Text) + "%"
}
