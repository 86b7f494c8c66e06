#ifndef GENWATCH_TESTS_OLLAMA_SIM_PREFILL_H_
#define GENWATCH_TESTS_OLLAMA_SIM_PREFILL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/ollama_sim/api_request.h"

namespace genwatch::ollama_sim {

struct Chunk;

// What becomes of a chat whose last message is the assistant's: a client that has part of an answer
// asks for the rest in this way.
enum class Prefill {
  kContinue,  // the rest follows, and nothing else
  kRestart,   // the template closes the turn: the whole answer once more, from its beginning
  kOther,     // likewise, but it is another answer
  kEcho,      // the partial answer in one chunk, then the rest
  kOverlap,   // the last word of the partial answer, then the rest
  kRefuse,    // 400, as a server that thinks
};

// The partial answer at the end of a chat.
struct PartialAnswer {
  bool given = false;
  // Without the white space at its end: a template trims it.
  std::string text;
  bool twice = false;  // more than one message of the assistant at the end: no server takes that
};

// Takes the messages of the assistant at the end of `messages` out of them.
PartialAnswer TakePartialAnswer(std::vector<Message>* messages);

// Cuts the beginning `partial`, valid UTF-8, off what `chunks` say. False, and nothing is changed,
// if they begin otherwise.
bool CutBeginning(std::string_view partial, std::vector<Chunk>* chunks);

// Leaves chunks of at most `limit` tokens. True if something was cut off.
bool CutToTokens(int64_t limit, std::vector<Chunk>* chunks);

// The last word of `text`, with the white space before it.
std::string_view LastWord(std::string_view text);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_PREFILL_H_
