#ifndef GENWATCH_TESTS_OLLAMA_SIM_OPTIONS_H_
#define GENWATCH_TESTS_OLLAMA_SIM_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace genwatch::ollama_sim {

// Orders for prompts that carry none themselves.
struct ScenarioRule {
  std::string model;   // "*": all
  std::string prompt;  // a part of the prompt; "*": all
  std::string orders;  // what would stand in [[sim: ...]]
};

struct Options {
  std::string host = "127.0.0.1";  // an IPv4 address
  int port = 11434;                // 0: any
  uint64_t seed = 1;
  double speed = 1;       // all token rates are multiplied by it
  double load_speed = 1;  // load times are divided by it
  int num_parallel = 1;   // answers of a model at once; more wait silently
  int max_queue = 512;    // requests that wait for a load
  int64_t keep_alive_ms = 300'000;
  std::string log_file;
  std::vector<ScenarioRule> scenario;
};

struct OptionsOrExit {
  Options options;
  int exit_code = -1;  // not negative: print `message` and exit with it
  std::string message;
};

// Reads --name value and --name=value.
OptionsOrExit ParseOptions(int argc, const char* const* argv);

std::string HelpText();

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_OPTIONS_H_
