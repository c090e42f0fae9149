// Package check reads what operators deploy as strictly as the API server of Kubernetes.
package check

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// kinds are the kinds of object that the manifests use.
var kinds = map[metav1.TypeMeta]func() any{
	{APIVersion: "v1", Kind: "ConfigMap"}:                       func() any { return new(corev1.ConfigMap) },
	{APIVersion: "v1", Kind: "Service"}:                         func() any { return new(corev1.Service) },
	{APIVersion: "apps/v1", Kind: "Deployment"}:                 func() any { return new(appsv1.Deployment) },
	{APIVersion: "batch/v1", Kind: "Job"}:                       func() any { return new(batchv1.Job) },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:      func() any { return new(policyv1.PodDisruptionBudget) },
	{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}: func() any { return new(networkingv1.NetworkPolicy) },
}

// objects reads the objects of all manifests, those in the directory of MANIFESTS or else
// ours, and fails for a field that no type has, a
// field that stands twice, and a kind that is not known.
func objects(t *testing.T) (all []any) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("MANIFESTS"), "../kubernetes"), "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("manifests: %q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var of metav1.TypeMeta
			if err := yaml.Unmarshal(document, &of); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if of == (metav1.TypeMeta{}) && len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			make, ok := kinds[of]
			if !ok {
				t.Errorf("%s: nothing is known of %s in %s", file, of.Kind, of.APIVersion)
				continue
			}
			object := make()
			if err := yaml.UnmarshalStrict(document, object); err != nil {
				t.Errorf("%s: %s: %v", file, of.Kind, err)
			}
			all = append(all, object)
		}
	}
	return all
}

// Would catch a field that is misspelt or in the wrong place, which a server ignores or
// refuses.
func TestManifestsAreWellFormed(t *testing.T) {
	found := make(map[string]int)
	for _, o := range objects(t) {
		switch o.(type) {
		case *appsv1.Deployment:
			found["deployment"]++
		case *batchv1.Job:
			found["job"]++
		}
	}
	if found["deployment"] != 1 || found["job"] != 1 {
		t.Errorf("found %v", found)
	}
}

// Would catch a pod that may do more than it needs, is killed before it has drained, or
// mounts what no volume of it is; a service or policy that selects nothing, and a probe or
// service of a port that no container opens.
func TestPodsAndWhatPointsAtThem(t *testing.T) {
	var pods []corev1.PodTemplateSpec
	all := objects(t)
	for _, o := range all {
		switch o := o.(type) {
		case *appsv1.Deployment:
			pods = append(pods, o.Spec.Template)
			if !selects(o.Spec.Selector.MatchLabels, o.Spec.Template.Labels) {
				t.Error("the deployment does not select its own pods")
			}
			if grace := o.Spec.Template.Spec.TerminationGracePeriodSeconds; grace == nil || *grace < 30 {
				t.Error("a server is killed before it has drained")
			}
		case *batchv1.Job:
			pods = append(pods, o.Spec.Template)
		}
	}
	ports := make(map[string]bool)
	for i := range pods {
		checkPod(t, &pods[i], ports)
	}
	for _, o := range all {
		switch o := o.(type) {
		case *corev1.Service:
			if !selectsAny(o.Spec.Selector, pods) {
				t.Errorf("service %s selects nothing", o.Name)
			}
			for _, p := range o.Spec.Ports {
				if !ports[p.TargetPort.StrVal] {
					t.Errorf("service %s has port %s, which nobody opens", o.Name, p.TargetPort.StrVal)
				}
			}
		case *policyv1.PodDisruptionBudget:
			if !selectsAny(o.Spec.Selector.MatchLabels, pods) {
				t.Error("the disruption budget selects nothing")
			}
		case *networkingv1.NetworkPolicy:
			if !selectsAny(o.Spec.PodSelector.MatchLabels, pods) {
				t.Error("the network policy selects nothing")
			}
		}
	}
}

func checkPod(t *testing.T, pod *corev1.PodTemplateSpec, ports map[string]bool) {
	t.Helper()
	s := pod.Spec
	if s.SecurityContext == nil || s.SecurityContext.RunAsNonRoot == nil || !*s.SecurityContext.RunAsNonRoot {
		t.Error("a pod may run as root")
	}
	if s.AutomountServiceAccountToken == nil || *s.AutomountServiceAccountToken {
		t.Error("a pod gets a token that it does not need")
	}
	volumes := make(map[string]bool)
	for _, v := range s.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range s.Containers {
		if c.SecurityContext == nil || c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem ||
			c.SecurityContext.AllowPrivilegeEscalation == nil || *c.SecurityContext.AllowPrivilegeEscalation {
			t.Errorf("container %s may do more than it needs", c.Name)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Memory().IsZero() {
			t.Errorf("container %s has no bounds of memory", c.Name)
		}
		for _, p := range c.Ports {
			ports[p.Name] = true
		}
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("container %s mounts %s, which is no volume", c.Name, m.Name)
			}
		}
		for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
			if probe != nil && !ports[probe.HTTPGet.Port.StrVal] {
				t.Errorf("container %s is probed on port %s, which it does not open", c.Name, probe.HTTPGet.Port.StrVal)
			}
		}
	}
}

func selects(labels, of map[string]string) bool {
	for k, v := range labels {
		if of[k] != v {
			return false
		}
	}
	return len(labels) > 0
}

func selectsAny(labels map[string]string, pods []corev1.PodTemplateSpec) bool {
	for i := range pods {
		if selects(labels, pods[i].Labels) {
			return true
		}
	}
	return false
}
