#ifndef GENWATCH_TESTS_CHAOS_SCENARIOS_OLLAMA_FAULT_TABLE_H_
#define GENWATCH_TESTS_CHAOS_SCENARIOS_OLLAMA_FAULT_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace genwatch::chaos {

// What must be kept of a job's text in the end.
enum class KeptText {
  kWhole,      // byte for byte what the simulator says to the prompt
  kBeginning,  // a part of that, from its beginning, and not nothing
  kNone,
  kAny,  // not compared: the model itself says something else
};

// One thing that a model server does, and what must come of a job that meets it.
struct OllamaFault {
  // Unique.
  std::string name;
  // The simulator's, of tests/ollama_sim/README.md.
  std::string orders;
  // The attempts that came to an end of their own, oldest first, separated by "; ": outcome, and
  // for those that failed the reason.
  std::string attempts = "completed";
  // Or these; empty: no other way is right.
  std::string other_attempts;
  std::string model = "sim-fast:1b";
  KeptText text = KeptText::kWhole;
  // How the last attempt went on from the text of those before; empty: not looked at.
  std::string resumed;
  // The job's own limits; 0: the worker's.
  uint32_t silence_ms = 0;
  uint32_t running_ms = 0;
  // The context that the job asks for; 0: the model's own.
  uint32_t num_ctx = 0;
  // The first attempt ends so long after its lease, and little later; 0: not looked at.
  uint32_t limit_ms = 0;
  // The second attempt begins not before so long after the end of the first.
  uint32_t pause_ms = 0;
};

// The worker must have been started with this --first_byte_timeout.
constexpr uint32_t kFirstByteTimeoutMs = 6000;
// Attempts that may fail.
constexpr int kBudget = 3;

// Each can be met while all the others are.
std::vector<OllamaFault> OllamaFaults();

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_SCENARIOS_OLLAMA_FAULT_TABLE_H_
