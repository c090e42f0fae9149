package rpc

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// callerService implements CallerService.
type callerService struct {
	tenfoldv1.UnimplementedCallerServiceServer
	// serves are the full names of the methods that the server has.
	serves []string
}

func (s *callerService) GetCaller(ctx context.Context, _ *tenfoldv1.GetCallerRequest) (*tenfoldv1.GetCallerResponse, error) {
	who := callerOf(ctx)
	c := &tenfoldv1.Caller{Workload: who.Workload, Role: string(who.Role), Person: who.Person}
	if who.Role == principal.RoleMerchant {
		c.Merchant = who.Scope
	}
	if who.Role == principal.RoleAuthenticator {
		c.Authenticator = who.Scope
	}
	for _, name := range s.serves {
		if a := methods[name]; slices.Contains(a.roles, who.Role) {
			c.Methods = append(c.Methods, shortMethod(name))
		}
	}
	return &tenfoldv1.GetCallerResponse{Caller: c}, nil
}

// served gives the full names of the methods of services, in order.
func served(services map[string]grpc.ServiceInfo) []string {
	var names []string
	for service, info := range services {
		for _, m := range info.Methods {
			names = append(names, "/"+service+"/"+m.Name)
		}
	}
	slices.Sort(names)
	return names
}
