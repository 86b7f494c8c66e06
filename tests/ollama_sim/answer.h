#ifndef GENWATCH_TESTS_OLLAMA_SIM_ANSWER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_ANSWER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/ollama_sim/api_request.h"
#include "tests/ollama_sim/directive.h"
#include "tests/ollama_sim/models.h"
#include "tests/ollama_sim/prefill.h"

namespace genwatch::ollama_sim {

// What one object of the stream says.
struct Chunk {
  std::string thinking;
  std::string text;  // may hold half a surrogate pair, see utf8.h
  int tokens = 1;
  bool tool_call = false;
};

// Everything that a model says to a request, apart from time.
struct Answer {
  std::vector<Chunk> chunks;
  std::string done_reason;  // empty: absent
  int prompt_tokens = 0;
  // Tokens made, as the server counts them: also those that show as no text (end of turn, think
  // tags).
  int eval_count = 0;
  bool final_tool_call = false;

  // The text and the thinking that a client must have in the end, valid UTF-8.
  std::string Text() const;
  std::string Thinking() const;
};

// The request with the simulator's orders taken out of its prompt.
struct Question {
  ApiRequest request;
  Directive directive;
  std::string error;       // not empty: the directive can't be understood
  std::string prompt_key;  // the same for requests that ask the same, with the same directive
  PartialAnswer partial;   // of the assistant; the request has only the messages before it
  bool empty = false;      // nothing was asked: the model is only to be loaded, or unloaded

  // The first bytes of the prompt, or of the newest message of the user, without the directive.
  std::string PromptStart(size_t bytes) const;
};

Question ReadQuestion(ApiRequest request);

// True if this request makes this model think.
bool Thinks(const Model& model, const ApiRequest& request);

// What this model does with the question's partial answer.
Prefill PrefillOf(const Model& model, const Question& question);

// A pure function of the simulator's seed, the model, the prompt or messages, options.seed,
// num_predict, stop, format, the directive, and the partial answer that it goes on from. The chunks
// of ModelKind::kBench have no text: it is stamped when it is written.
Answer MakeAnswer(uint64_t seed, const Model& model, const Question& question);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_ANSWER_H_
