package embedpg

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// port is a part of the socket file's name; the server listens on no network port.
const port = "5432"

// common applies to every server: one way in, UTC, and a log without values of
// rows, which would copy callers' texts into a file.
var common = map[string]string{
	"listen_addresses":        "",
	"port":                    port,
	"unix_socket_permissions": "0700",
	"max_connections":         "100",
	"jit":                     "off", // Compiling costs more than these short queries take.
	"timezone":                "UTC",
	"log_timezone":            "UTC",
	"log_destination":         "stderr",
	"logging_collector":       "off",
	"log_line_prefix":         "%m [%p] %q%u@%d ",
	"log_error_verbosity":     "terse",
	"log_min_error_statement": "panic",
	"lc_messages":             "C",
}

// durable fits a small laptop and does not slow a larger machine, because the
// system's page cache serves everything beyond shared_buffers. Checkpoints are rare
// and spread, because full page images follow each of them in the log.
var durable = map[string]string{
	"fsync":                        "on",
	"synchronous_commit":           "on",
	"full_page_writes":             "on",
	"shared_buffers":               "256MB",
	"max_wal_size":                 "4GB",
	"checkpoint_timeout":           "15min",
	"checkpoint_completion_target": "0.9",
	"wal_compression":              "off", // lz4 is not in every build, pglz costs too much.
	// The background writer writes changed pages. A backend that must write one
	// itself to find room makes its lane wait.
	"bgwriter_delay":          "20ms",
	"bgwriter_lru_maxpages":   "1000",
	"bgwriter_lru_multiplier": "4",

	"autovacuum":         "on",
	"autovacuum_naptime": "10s", // Queue-like tables grow dead rows by the second.
	"log_min_messages":   "warning",
}

// ephemeral gives up all safety for speed; its files do not outlive the process.
var ephemeral = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"shared_buffers":     "128MB",
	"max_wal_size":       "1GB",
	"wal_level":          "minimal",
	"max_wal_senders":    "0",
	"log_min_messages":   "log", // Tests cause many refusals by constraints.
}

// reserved settings determine who can connect and where the files are.
var reserved = []string{
	"config_file", "data_directory", "external_pid_file", "hba_file", "ident_file",
	"listen_addresses", "logging_collector", "port", "unix_socket_directories",
	"unix_socket_permissions",
}

var settingName = regexp.MustCompile(`^[a-z_][a-z0-9_.]*$`)

func checkSettings(extra map[string]string) error {
	for name := range extra {
		if !settingName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a PostgreSQL setting", name)
		}
		if slices.Contains(reserved, name) {
			return fmt.Errorf("the setting %s cannot be changed", name)
		}
	}
	return nil
}

// serverArgs are the arguments of the postgres command.
func (s *Server) serverArgs() []string {
	settings := maps.Clone(common)
	if s.config.Durable {
		maps.Copy(settings, durable)
	} else {
		maps.Copy(settings, ephemeral)
	}
	maps.Copy(settings, s.config.Settings)
	settings["unix_socket_directories"] = s.socket()
	settings["hba_file"] = s.dir.hbaFile()
	args := []string{"-D", s.dir.cluster()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
