package internal_test

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"
)

// innerCapital is a capital that begins another word.
var innerCapital = regexp.MustCompile(`([a-z])([A-Z])`)

// Would catch a handler that nobody finds: each method of a service stands in the
// service's own file, or in one of its files by topic.
func TestHandlersStandInTheFilesOfTheirService(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range tree(t) {
		if s.test || s.dir != "internal/rpc" {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			service, ok := pointer.X.(*ast.Ident)
			if !ok || !strings.HasSuffix(service.Name, "Service") {
				continue
			}
			found++
			place := strings.ToLower(innerCapital.ReplaceAllString(service.Name, "${1}_${2}"))
			if base := path.Base(s.path); base != place+".go" && !strings.HasPrefix(base, place+"_") {
				t.Errorf("%s.%s stands in %s; it belongs into %s.go or a file beside it", service.Name, f.Name.Name, s.path, place)
			}
		}
	}
	if found == 0 {
		t.Error("there are no handlers")
	}
}
