package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newWhoami() *cobra.Command {
	v := verb{
		use: "whoami", method: "CallerService/GetCaller", role: principal.RoleSupport,
		short: "Say who you are to the server",
		long: "Say who the server takes the caller for: the workload, the role and what it is limited to, and the person behind it, as the\n" +
			"certificate or the tokens prove; and how many methods the role may call. -o json names them.",
		examples: []string{"whoami", "whoami --role authenticator --scope authenticators/cti-lab -o json"},
		print: func(o *output, _ *call, m proto.Message) {
			who := m.(*tenfoldv1.GetCallerResponse).GetCaller()
			o.facts("Caller", [2]string{"workload", who.GetWorkload()}, [2]string{"role", who.GetRole()}, [2]string{"merchant", who.GetMerchant()},
				[2]string{"authenticator", who.GetAuthenticator()}, [2]string{"person", who.GetPerson()}, [2]string{"may call", counted(len(who.GetMethods()), "method")})
		},
	}
	return v.command()
}

// ownInto fills a field with the name of the calling body. The server knows it where the
// caller proves who it is; otherwise the caller states it.
func ownInto(field string) func(*call, []string) error {
	return func(x *call, texts []string) error {
		own := x.remote.client.Scope
		if proved := x.remote.client.proof != (caller.Proof{}); proved {
			a, err := tenfoldv1.NewCallerServiceClient(x.conn).GetCaller(x.cmd.Context(), &tenfoldv1.GetCallerRequest{})
			if err != nil {
				return refusal(err)
			}
			if own = a.GetCaller().GetAuthenticator(); own == "" {
				return errors.New("is for bodies, and the caller's proof names none; name a body with --authenticator")
			}
		}
		if texts[0] != "true" || !strings.HasPrefix(own, "authenticators/") {
			return errors.New("needs --scope (TENFOLD_SCOPE) with the calling body, such as authenticators/cti-lab; or name it with --authenticator")
		}
		return setField(x, field, []string{own})
	}
}
