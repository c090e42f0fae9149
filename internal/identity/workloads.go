package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"go.yaml.in/yaml/v3"

	"github.com/tenfold-claims/tenfold/internal/principal"
)

// workload is a workload that may call, as listed in the workloads file.
type workload struct {
	// Name is recorded with each of its commands. It must stay when the ids below
	// change, because otherwise repeated requests would be taken for those of
	// another workload.
	Name string `yaml:"name"`
	// SPIFFE is the id in its certificates, Subject the one in its tokens.
	SPIFFE  string `yaml:"spiffe"`
	Subject string `yaml:"subject"`
	// Roles are the roles that it may act in.
	Roles []principal.Role `yaml:"roles"`
	// Scope limits it permanently; empty if its tokens, or those of its persons,
	// give the scope.
	Scope string `yaml:"scope"`
	// PersonClients are the clients of the persons' issuer whose tokens the workload
	// forwards; its name if it lists none.
	PersonClients []string `yaml:"person_clients"`
	// CallsPerSecond and Burst are its own quota; zero means the server's.
	CallsPerSecond float64 `yaml:"calls_per_second"`
	Burst          int     `yaml:"burst"`
}

// claimNames are the names of the non-standard claims in tokens.
type claimNames struct {
	// Person is the claim that holds a person's opaque id.
	Person string `yaml:"person"`
	// PersonClient is the claim that holds the client which a person's token was made
	// for.
	PersonClient string `yaml:"person_client"`
	// PersonRoles lists the roles that a person may act in; empty if only the
	// workload's roles count.
	PersonRoles string `yaml:"person_roles"`
	// Merchant and Authenticator hold the id of the merchant or authenticator that
	// the holder of the token acts for.
	Merchant      string `yaml:"merchant"`
	Authenticator string `yaml:"authenticator"`
}

// workloads is the content of a workloads file.
type workloads struct {
	claims    claimNames
	bySPIFFE  map[string]*workload
	bySubject map[string]*workload
}

// parseWorkloads reads a workloads file in YAML, which includes JSON.
func parseWorkloads(content []byte) (*workloads, error) {
	var file struct {
		Claims    claimNames `yaml:"claims"`
		Workloads []workload `yaml:"workloads"`
	}
	file.Claims.Person, file.Claims.PersonClient = "sub", "azp"
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(file.Workloads) == 0 {
		return nil, errors.New("it names no workload")
	}
	out := &workloads{claims: file.Claims, bySPIFFE: make(map[string]*workload), bySubject: make(map[string]*workload)}
	names := make(map[string]bool)
	for i := range file.Workloads {
		w := &file.Workloads[i]
		if err := w.check(); err != nil {
			return nil, fmt.Errorf("workload %d (%s): %w", i+1, w.Name, err)
		}
		if names[w.Name] || out.bySPIFFE[w.SPIFFE] != nil || out.bySubject[w.Subject] != nil {
			return nil, fmt.Errorf("workload %d (%s): its name or one of its ids occurs twice", i+1, w.Name)
		}
		names[w.Name] = true
		if w.SPIFFE != "" {
			out.bySPIFFE[w.SPIFFE] = w
		}
		if w.Subject != "" {
			out.bySubject[w.Subject] = w
		}
	}
	return out, nil
}

func (w *workload) check() error {
	switch {
	case !nameForm.MatchString(w.Name):
		return errors.New("its name must be 1 to 64 letters, digits and _.:@/-")
	case w.SPIFFE == "" && w.Subject == "":
		return errors.New("it needs spiffe or subject")
	case len(w.Roles) == 0:
		return errors.New("it has no role")
	case w.CallsPerSecond < 0 || w.Burst < 0 || (w.CallsPerSecond > 0) != (w.Burst > 0):
		return errors.New("calls_per_second and burst must be set together and be above zero")
	}
	if len(w.PersonClients) == 0 {
		w.PersonClients = []string{w.Name}
	}
	if slices.Contains(w.PersonClients, "") {
		return errors.New("one of its person_clients is empty")
	}
	for i, r := range w.Roles {
		if !knownRole(r) || slices.Contains(w.Roles[:i], r) {
			return fmt.Errorf("role %q does not exist or occurs twice", r)
		}
	}
	if w.SPIFFE != "" {
		if _, err := spiffeid.FromString(w.SPIFFE); err != nil {
			return err
		}
	}
	// A scope that bound only some of its roles would look as if it bound all of
	// them.
	if w.Scope != "" && slices.ContainsFunc(w.Roles, func(r principal.Role) bool { return !fits(r, w.Scope) }) {
		return fmt.Errorf("scope %q does not fit one of its roles", w.Scope)
	}
	return nil
}

func (w *workload) quota() Quota { return Quota{PerSecond: w.CallsPerSecond, Burst: w.Burst} }
