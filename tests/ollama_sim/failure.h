#ifndef GENWATCH_TESTS_OLLAMA_SIM_FAILURE_H_
#define GENWATCH_TESTS_OLLAMA_SIM_FAILURE_H_

#include <string>
#include <string_view>

#include "tests/ollama_sim/directive.h"

namespace genwatch::ollama_sim {

// An answer that is not 200, as Ollama or a proxy before it words it.
struct Failure {
  int status = 500;
  std::string content_type;
  std::string extra_header;  // one more, "Name: value\r\n", or empty
  std::string body;
  std::string message;  // what the JSON body says; empty if it is none
};

constexpr std::string_view kJsonType = "application/json; charset=utf-8";

// What Ollama says when its runner dies before, and after, the first token.
constexpr std::string_view kRunnerStopped =
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal "
    "error, "
    "check ollama server logs for details";
constexpr std::string_view kRunnerDiedMidStream =
    "an error was encountered while running the model: unexpected EOF";

// The failure that `directive` asks for with status:NNN.
Failure MakeFailure(const Directive& directive, std::string_view model);

// {"error": message} with `status`.
Failure JsonFailure(int status, std::string_view message);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_FAILURE_H_
