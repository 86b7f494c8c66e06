#include "tests/ollama_sim/prefill.h"

#include <utility>

#include "tests/ollama_sim/answer.h"
#include "tests/ollama_sim/tokenizer.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

}  // namespace

PartialAnswer TakePartialAnswer(std::vector<Message>* messages) {
  PartialAnswer partial;
  if (messages->empty() || messages->back().role != "assistant") return partial;
  partial.given = true;
  partial.text = std::move(messages->back().content);
  partial.text.resize(partial.text.find_last_not_of(kWhiteSpace) + 1);
  messages->pop_back();
  partial.twice = !messages->empty() && messages->back().role == "assistant";
  return partial;
}

bool CutBeginning(std::string_view partial, std::vector<Chunk>* chunks) {
  size_t covered = 0;
  while (covered < chunks->size()) {
    const std::string said = ToValidUtf8((*chunks)[covered].text);
    const size_t common = std::min(said.size(), partial.size());
    if (said.compare(0, common, partial.substr(0, common)) != 0) return false;
    partial.remove_prefix(common);
    if (common < said.size()) {
      (*chunks)[covered].text = said.substr(common);
      break;
    }
    ++covered;
    if (partial.empty()) break;
  }
  if (!partial.empty()) return false;
  chunks->erase(chunks->begin(), chunks->begin() + static_cast<std::ptrdiff_t>(covered));
  return true;
}

bool CutToTokens(int64_t limit, std::vector<Chunk>* chunks) {
  for (size_t i = 0; i < chunks->size(); ++i) {
    Chunk& chunk = (*chunks)[i];
    if (chunk.tokens <= limit) {
      limit -= chunk.tokens;
      continue;
    }
    chunk.tokens = static_cast<int>(limit);
    const std::vector<std::string> tokens = Tokenize(std::exchange(chunk.text, ""));
    for (size_t k = 0; k < tokens.size() && static_cast<int64_t>(k) < limit; ++k)
      chunk.text += tokens[k];
    chunks->resize(chunk.text.empty() ? i : i + 1);
    return true;
  }
  return false;
}

std::string_view LastWord(std::string_view text) {
  const size_t space = text.find_last_of(kWhiteSpace);
  return space == std::string_view::npos ? text : text.substr(space);
}

}  // namespace genwatch::ollama_sim
