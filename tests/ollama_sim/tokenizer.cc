#include "tests/ollama_sim/tokenizer.h"

#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

enum class Kind { kLetter, kDigit, kSpace, kNewline, kMark, kIdeograph, kAstral };

Kind KindOf(uint32_t value) {
  if (value == '\n') return Kind::kNewline;
  if (value == ' ' || value == '\t') return Kind::kSpace;
  if (value >= '0' && value <= '9') return Kind::kDigit;
  if ((value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z')) return Kind::kLetter;
  if (value >= 0xC0 && value <= 0x24F) return Kind::kLetter;
  if (value >= 0x10000) return Kind::kAstral;
  if (value >= 0x3000) return Kind::kIdeograph;
  return Kind::kMark;
}

// Longer words are cut into parts of kPart letters.
constexpr int kWholeWord = 8;
constexpr int kPart = 5;
constexpr int kDigitsPerToken = 3;

struct Run {
  size_t bytes = 0;
  std::vector<size_t> ends;  // byte offset behind each character
};

Run TakeRun(std::string_view text, Kind kind) {
  Run run;
  uint32_t first = 0;
  while (run.bytes < text.size()) {
    const CodePoint point = ReadCodePoint(text.substr(run.bytes));
    if (KindOf(point.value) != kind) break;
    if (run.bytes == 0) first = point.value;
    // Marks form a token only with their like: "```", "**".
    if (kind == Kind::kMark && point.value != first) break;
    run.bytes += point.bytes;
    run.ends.push_back(run.bytes);
    if (kind == Kind::kIdeograph || kind == Kind::kAstral) break;
  }
  return run;
}

void AddParts(std::string_view prefix, std::string_view text, const Run& run, int part,
              std::vector<std::string>* out) {
  size_t begin = 0;
  for (size_t i = part; i - part < run.ends.size(); i += part) {
    const size_t end = run.ends[std::min(i, run.ends.size()) - 1];
    out->emplace_back(std::string(begin == 0 ? prefix : "") +
                      std::string(text.substr(begin, end - begin)));
    begin = end;
  }
}

}  // namespace

std::vector<std::string> Tokenize(std::string_view text) {
  std::vector<std::string> out;
  std::string_view prefix;
  while (!text.empty()) {
    const Kind kind = KindOf(ReadCodePoint(text).value);
    const Run run = TakeRun(text, kind);
    const std::string_view piece = text.substr(0, run.bytes);
    text.remove_prefix(run.bytes);
    const int characters = static_cast<int>(run.ends.size());
    switch (kind) {
      case Kind::kSpace:
        // One space belongs to the word behind it; an indent is a token of its own.
        if (characters == 1 && !text.empty() &&
            KindOf(ReadCodePoint(text).value) != Kind::kNewline) {
          prefix = piece;
          continue;
        }
        out.emplace_back(piece);
        break;
      case Kind::kLetter:
        AddParts(prefix, piece, run, characters <= kWholeWord ? characters : kPart, &out);
        break;
      case Kind::kDigit:
        AddParts(prefix, piece, run, kDigitsPerToken, &out);
        break;
      case Kind::kAstral:
        out.emplace_back();
        [[fallthrough]];
      default:
        out.push_back(std::string(prefix) + std::string(piece));
    }
    prefix = {};
  }
  if (!prefix.empty()) out.emplace_back(prefix);
  return out;
}

}  // namespace genwatch::ollama_sim
