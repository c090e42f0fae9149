package chaos

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// probePause is the pause between two probes, probeMax how long one may take: the
	// server answers probes from memory.
	probePause = 20 * time.Millisecond
	probeMax   = 2 * time.Second
)

// probes ask the server for its readiness and its liveness, as an orchestrator does.
type probes struct {
	chaos  *chaos
	client http.Client

	mu sync.Mutex
	// unready says that an attack may make the server not ready, and down that it may
	// not be there.
	unready, down bool
	said          []string
}

func newProbes(x *chaos) *probes {
	return &probes{chaos: x, client: http.Client{Timeout: probeMax}}
}

// expect begins a phase, and returns what the server said in the one before.
func (p *probes) expect(unready, down bool) (said []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	said = p.said
	if said == nil {
		said = []string{}
	}
	p.unready, p.down, p.said = unready, down, nil
	return said
}

// heard is what the server has said in the present phase while it was not ready.
func (p *probes) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}

// soFar is how long something has lasted, at the end of what the server says.
var soFar = regexp.MustCompile(` for [0-9a-z.]+$`)

func (p *probes) run(ctx context.Context) {
	for pause(ctx, probePause) == nil {
		p.once(ctx)
	}
}

func (p *probes) once(ctx context.Context) {
	p.mu.Lock()
	unready, down := p.unready, p.down
	p.mu.Unlock()
	live, alive := p.get(ctx, "/livez")
	ready, answers := p.get(ctx, "/readyz")
	if ctx.Err() != nil || down {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if unready != p.unready || p.down {
		return // The phase has changed in between.
	}
	switch {
	case !alive || live != "ok":
		p.chaos.wrong("/livez says %q: an orchestrator would kill the server", live)
	case !answers || ready != "ok" && !unready:
		p.chaos.wrong("/readyz says %q where nothing keeps the server from its work", ready)
	case ready != "ok":
		if ready = soFar.ReplaceAllString(ready, ""); !slices.Contains(p.said, ready) && len(p.said) < wrongMax {
			p.said = append(p.said, ready)
		}
	}
}

// ready asks whether the server is ready now.
func (p *probes) ready(ctx context.Context) bool {
	said, answers := p.get(ctx, "/readyz")
	return answers && said == "ok"
}

// get reads an answer; answers says whether there is one.
func (p *probes) get(ctx context.Context, path string) (said string, answers bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.chaos.ops+path, http.NoBody)
	if err != nil {
		return err.Error(), false
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err.Error(), false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err.Error(), false
	}
	return strings.TrimSpace(string(body)), true
}
