package internal_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// starters are the functions of the standard library that start a program, or look
// for one, and which of their arguments names it.
var starters = map[string]int{
	"exec.Command": 0, "exec.CommandContext": 1, "exec.LookPath": 0,
	"os.StartProcess": 0, "syscall.Exec": 0, "syscall.ForkExec": 0, "syscall.StartProcess": 0,
}

// itself stands for the running program.
const itself = "(itself)"

// shownCommands finds the commands of a document that a test runs.
var shownCommands = regexp.MustCompile("(?s)```sh\n(.*?)```")

// goCalls notes the programs that Go code starts, the shell scripts in it, and those
// of the documents whose commands a test runs.
func goCalls(t *testing.T, c calls) {
	t.Helper()
	r := resolver{tree: tree(t), seen: make(map[ast.Expr]bool)}
	found := 0
	for _, s := range r.tree {
		for _, spec := range s.file.Imports {
			if spec.Path.Value == `"os/exec"` && spec.Name != nil {
				t.Errorf("%s imports os/exec under another name; its calls are not found", s.path)
			}
		}
		r.calls(s, func(call *ast.CallExpr, name string, at scope) {
			argument, starts := starters[name]
			if !starts {
				return
			}
			found++
			r.start(t, c, call, argument, at)
		})
	}
	if found == 0 {
		t.Fatal("no code starts a program")
	}
}

// resolver tells which texts an expression may be.
type resolver struct {
	tree []source
	// seen are expressions that are being looked at.
	seen map[ast.Expr]bool
}

// scope is where an expression stands.
type scope struct {
	source
	function *ast.FuncDecl
}

// calls visits the calls of a file. A starter is named with its package, another
// function by its last word alone.
func (r resolver) calls(s source, visit func(call *ast.CallExpr, name string, at scope)) {
	for _, declaration := range s.file.Decls {
		function, _ := declaration.(*ast.FuncDecl)
		ast.Inspect(declaration, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch called := call.Fun.(type) {
			case *ast.Ident:
				visit(call, called.Name, scope{s, function})
			case *ast.SelectorExpr:
				name := called.Sel.Name
				if of, ok := called.X.(*ast.Ident); ok {
					if _, starts := starters[of.Name+"."+name]; starts {
						name = of.Name + "." + name
					}
				}
				visit(call, name, scope{s, function})
			}
			return true
		})
	}
}

// start notes what one call starts.
func (r resolver) start(t *testing.T, c calls, call *ast.CallExpr, argument int, at scope) {
	t.Helper()
	if number := at.parameter(call.Args[argument]); number >= 0 {
		// The function passes on what its callers name.
		err := r.callers(at, func(outer *ast.CallExpr, from scope) error {
			r.start(t, c, outer, number, from)
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", at.path, err)
		}
		return
	}
	names, err := r.values(call.Args[argument], at)
	if err != nil {
		t.Errorf("%s starts a program that this test cannot tell: %v", at.path, err)
	}
	for _, name := range names {
		if name == itself || path.Base(name) == "tenfold" || isFile(strings.ReplaceAll(name, "../", "")) {
			continue
		}
		c.add(path.Base(name), at.path)
		if shell := path.Base(name); shell == "sh" || shell == "bash" {
			r.script(t, c, flat(call.Args[argument+1:]), at)
		}
	}
}

// script notes what a script calls that is given to a shell by its arguments.
func (r resolver) script(t *testing.T, c calls, arguments []ast.Expr, at scope) {
	t.Helper()
	flag := slices.IndexFunc(arguments, func(e ast.Expr) bool {
		texts, err := r.values(e, at)
		return err == nil && len(texts) == 1 && texts[0] == "-c"
	})
	if flag < 0 || flag+1 == len(arguments) {
		t.Errorf("%s starts a shell without a script", at.path)
		return
	}
	scripts, err := r.values(arguments[flag+1], at)
	if err != nil {
		// It is made of a document's commands.
		if scripts = shown(t, at.source); len(scripts) == 0 {
			t.Errorf("%s starts a shell with a script that this test cannot tell: %v", at.path, err)
		}
	}
	for _, script := range scripts {
		found, passesOn, err := programsOf(script)
		if err != nil {
			t.Errorf("%s: %v:\n%s", at.path, err, script)
		}
		for _, name := range found {
			if name != "tenfold" { // The program under test, which documents call.
				c.add(name, at.path)
			}
		}
		// Behind the script stands its own name, then what it is to run.
		if passesOn && flag+3 < len(arguments) {
			r.start(t, c, &ast.CallExpr{Args: arguments}, flag+3, at)
		} else if passesOn {
			t.Errorf("%s: a script runs its arguments and has none:\n%s", at.path, script)
		}
	}
}

// shown gives the commands of the documents that a file names.
func shown(t *testing.T, s source) []string {
	t.Helper()
	var scripts []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && strings.HasSuffix(text.Value, `.md"`) {
			name, _ := strconv.Unquote(text.Value)
			// The commands of a document are one script, for a test runs them in one shell.
			var script strings.Builder
			for _, match := range shownCommands.FindAllStringSubmatch(readFile(t, filepath.Join("..", s.dir, name)), -1) {
				script.WriteString(match[1])
			}
			scripts = append(scripts, script.String())
		}
		return true
	})
	return scripts
}

// flat writes append([]string{a, b}, c...) as a, b.
func flat(arguments []ast.Expr) []ast.Expr {
	var list []ast.Expr
	for _, argument := range arguments {
		call, ok := argument.(*ast.CallExpr)
		if ok && len(call.Args) > 0 {
			if first, literal := call.Args[0].(*ast.CompositeLit); literal {
				list = append(list, first.Elts...)
				continue
			}
		}
		list = append(list, argument)
	}
	return list
}

// parameter is which parameter of its function an expression is, or negative.
func (at scope) parameter(e ast.Expr) int {
	name, ok := e.(*ast.Ident)
	if !ok || at.function == nil {
		return -1
	}
	number := 0
	for _, field := range at.function.Type.Params.List {
		for _, parameter := range field.Names {
			if parameter.Name == name.Name {
				return number
			}
			number++
		}
	}
	return -1
}

// callers visits the calls of the scope's function in its package.
func (r resolver) callers(of scope, visit func(call *ast.CallExpr, at scope) error) error {
	name, declared, called := of.function.Name.Name, 0, 0
	var errs []error
	for _, s := range r.tree {
		if s.dir != of.dir {
			continue
		}
		for _, declaration := range s.file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name == name {
				declared++
			}
		}
		r.calls(s, func(call *ast.CallExpr, calls string, at scope) {
			if calls == name {
				called++
				errs = append(errs, visit(call, at))
			}
		})
	}
	if declared > 1 || called == 0 || of.function.Name.IsExported() {
		errs = append(errs, fmt.Errorf("function %s passes on which program it starts: this test follows it only "+
			"where the package has one function of that name, calls it, and does not export it", name))
	}
	return errors.Join(errs...)
}

// values gives the texts that an expression may be. Of a joined path it gives the
// last part.
func (r resolver) values(e ast.Expr, at scope) ([]string, error) {
	if r.seen[e] {
		return nil, nil
	}
	r.seen[e] = true
	defer delete(r.seen, e)
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return []string{text}, err
	case *ast.IndexExpr:
		if of, ok := e.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Args" {
			return []string{itself}, nil
		}
	case *ast.CallExpr:
		called, ok := e.Fun.(*ast.SelectorExpr)
		switch {
		case ok && called.Sel.Name == "Executable":
			return []string{itself}, nil
		case ok && (called.Sel.Name == "Join" || called.Sel.Name == "binary"):
			return r.values(e.Args[len(e.Args)-1], at)
		case ok && len(e.Args) == 0:
			return r.returned(called.Sel.Name)
		}
	case *ast.Ident:
		return r.named(e, at)
	case *ast.SelectorExpr:
		return r.assigned(at, func(name ast.Expr, key bool) bool {
			field, ok := name.(*ast.SelectorExpr)
			if ok {
				return field.Sel.Name == e.Sel.Name
			}
			is, ok := name.(*ast.Ident)
			return key && ok && is.Name == e.Sel.Name
		}, r.tree)
	}
	return nil, fmt.Errorf("a program is named by a literal, a joined path, a constant, a variable or a field; not by %s", types.ExprString(e))
}

// named gives the texts that a name may stand for: a parameter, a variable of the
// function, or one of the package.
func (r resolver) named(e *ast.Ident, at scope) ([]string, error) {
	if number := at.parameter(e); number >= 0 {
		var all []string
		err := r.callers(at, func(call *ast.CallExpr, from scope) error {
			texts, err := r.values(call.Args[number], from)
			all = append(all, texts...)
			return err
		})
		return all, err
	}
	is := func(name ast.Expr, key bool) bool {
		named, ok := name.(*ast.Ident)
		return !key && ok && named.Name == e.Name
	}
	if at.function != nil {
		inside := at.source
		inside.file = &ast.File{Name: at.file.Name, Decls: []ast.Decl{at.function}}
		if texts, err := r.assigned(at, is, []source{inside}); err == nil {
			return texts, nil
		}
	}
	var ofPackage []source
	for _, s := range r.tree {
		if s.dir == at.dir {
			ofPackage = append(ofPackage, s)
		}
	}
	return r.assigned(at, is, ofPackage)
}

// returned gives the texts that a function without parameters returns.
func (r resolver) returned(name string) ([]string, error) {
	for _, s := range r.tree {
		for _, declaration := range s.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != name || len(function.Body.List) != 1 {
				continue
			}
			if result, ok := function.Body.List[0].(*ast.ReturnStmt); ok && len(result.Results) == 1 {
				return r.values(result.Results[0], scope{s, function})
			}
		}
	}
	return nil, fmt.Errorf("no function %s only returns the name of a program", name)
}

// assigned gives the texts that are assigned to what is asked for, anywhere in the
// files.
func (r resolver) assigned(at scope, is func(name ast.Expr, key bool) bool, files []source) ([]string, error) {
	var all []string
	var errs []error
	found := false
	add := func(value ast.Expr, at scope) {
		found = true
		texts, err := r.values(value, at)
		all, errs = append(all, texts...), append(errs, err)
	}
	for _, s := range files {
		for _, declaration := range s.file.Decls {
			function, _ := declaration.(*ast.FuncDecl)
			here := scope{s, function}
			ast.Inspect(declaration, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if is(n.Key, true) {
						add(n.Value, here)
					}
				case *ast.ValueSpec:
					for i, name := range n.Names {
						if i < len(n.Values) && is(name, false) {
							add(n.Values[i], here)
						}
					}
				case *ast.AssignStmt:
					for i, name := range n.Lhs {
						// Of a function with several results the first is the text.
						if i < len(n.Rhs) && is(name, false) {
							add(n.Rhs[i], here)
						}
					}
				case *ast.RangeStmt:
					list, ok := n.X.(*ast.CompositeLit)
					if n.Value != nil && is(n.Value, false) && ok {
						for _, element := range list.Elts {
							add(element, here)
						}
					}
				}
				return true
			})
		}
	}
	if !found {
		errs = append(errs, fmt.Errorf("%s: nothing is assigned to the name of a program", at.path))
	}
	return all, errors.Join(errs...)
}
