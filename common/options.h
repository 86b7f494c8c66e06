#ifndef GENWATCH_COMMON_OPTIONS_H_
#define GENWATCH_COMMON_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/problems.h"

namespace genwatch {

// What --help and --version say about the program.
struct ProgramInfo {
  std::string name;         // "job_service"
  std::string description;  // one sentence
};

struct ParsedCommandLine {
  // Set after --help or --version: print it on stdout and exit with 0.
  std::string print_and_exit;
};

// Sets the program's absl flags from, in falling order of weight: the command line (--name=value,
// --name value, --name and --noname for booleans, --flagfile=path, --fromenv=a,b which reads
// FLAGS_a and FLAGS_b), then for each flag not given there the environment variable
// GENWATCH_<NAME IN CAPITALS>, then the default. An empty variable is as good as none. Secrets are
// never flags: programs read them from their own variables.
//
// Unknown flags, stray arguments, bad values and unreadable flag files are all collected into one
// INVALID_ARGUMENT that names each and where it came from. Call it once, before threads are made.
absl::StatusOr<ParsedCommandLine> ParseCommandLine(int argc, char** argv, const ProgramInfo& info,
                                                   const std::string& prefix = "GENWATCH_");

}  // namespace genwatch

#endif  // GENWATCH_COMMON_OPTIONS_H_
