#include "tests/ollama_sim/answer.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "tests/ollama_sim/json_answer.h"
#include "tests/ollama_sim/prose.h"
#include "tests/ollama_sim/random.h"
#include "tests/ollama_sim/tokenizer.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

// Tokens of the turn markers around each message.
constexpr int kTemplateTokens = 5;
// <think> and </think>.
constexpr int kThinkTags = 2;
constexpr int kMinThoughts = 30;
constexpr int kMaxThoughts = 120;
// An answer of exactly n tokens is cut from text of at least n; text costs memory.
constexpr int kMaxTokens = 1'000'000;

std::vector<Message> MessagesOf(const ApiRequest& request) {
  if (request.api == Api::kChat) return request.messages;
  std::vector<Message> messages;
  if (!request.system.empty()) messages.push_back({"system", request.system});
  messages.push_back({"user", request.prompt});
  return messages;
}

uint64_t HashOf(uint64_t seed, const Model& model, const ApiRequest& request) {
  uint64_t hash = HashAdd(kHashStart, std::to_string(seed));
  hash = HashAdd(hash, model.name);
  hash = HashAdd(hash, std::to_string(request.seed));
  hash = HashAdd(hash, request.schema);
  // A prompt has the same answer as the chat that says the same: an answer to a prompt is gone on
  // with as a chat.
  for (const Message& message : MessagesOf(request))
    hash = HashAdd(HashAdd(hash, message.role), message.content);
  return hash;
}

std::string PromptOf(const ApiRequest& request) {
  if (request.api == Api::kGenerate) return request.prompt;
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role == "user") return message->content;
  }
  return "";
}

int CountPromptTokens(const ApiRequest& request) {
  const auto count = [](std::string_view text) { return static_cast<int>(Tokenize(text).size()); };
  int tokens = 0;
  for (const Message& message : MessagesOf(request))
    tokens += count(message.content) + (request.raw ? 0 : kTemplateTokens);
  return tokens;
}

using Tokens = std::vector<std::string>;

void CutTo(size_t count, Tokens* tokens) {
  if (tokens->size() > count) tokens->resize(count);
}

// Cuts at the first stop string. True if there was one: the tokens that hold it are counted, but
// its text and everything behind it is not sent.
bool CutAtStop(const std::vector<std::string>& stops, Tokens* tokens) {
  std::string text;
  for (const std::string& token : *tokens) text += token;
  size_t begin = std::string::npos;
  size_t end = 0;
  for (const std::string& stop : stops) {
    const size_t found = text.find(stop);
    if (found < begin) {
      begin = found;
      end = found + stop.size();
    }
  }
  if (begin == std::string::npos) return false;
  size_t offset = 0;
  size_t kept = 0;
  for (; kept < tokens->size() && offset < end; ++kept) {
    std::string& token = (*tokens)[kept];
    const size_t length = token.size();
    if (offset + length > begin) token.resize(offset < begin ? begin - offset : 0);
    offset += length;
  }
  CutTo(kept, tokens);
  return true;
}

// Groups tokens into chunks: mostly one, now and then two or three, and never a chunk that ends in
// a held-back token.
void AddChunks(const Tokens& tokens, bool thinking, bool one_each, Random* random,
               std::vector<Chunk>* chunks) {
  for (size_t i = 0; i < tokens.size();) {
    const uint32_t draw = one_each ? 99 : random->Below(100);
    size_t want = draw < 2 ? 3 : draw < 12 ? 2 : 1;
    Chunk chunk;
    chunk.tokens = 0;
    std::string& text = thinking ? chunk.thinking : chunk.text;
    for (; i < tokens.size() && (want > 0 || text.empty()); ++i) {
      text += tokens[i];
      ++chunk.tokens;
      if (want > 0) --want;
    }
    if (!text.empty()) {
      chunks->push_back(std::move(chunk));
    } else if (!chunks->empty()) {
      chunks->back().tokens +=
          chunk.tokens;  // nothing to show: cut inside a character, or a stop string
    }
  }
}

int LengthOf(const Model& model, Random* random) {
  const uint32_t range = static_cast<uint32_t>(model.max_tokens - model.min_tokens);
  // Room for the sentence that ends it, and for a closing line.
  constexpr uint32_t kOvershoot = 45;
  return model.min_tokens +
         static_cast<int>(random->Below(range > kOvershoot ? range - kOvershoot : 1));
}

std::optional<std::string> GivenText(const Question& question) {
  if (question.directive.text) return *question.directive.text;
  if (question.directive.echo) return PromptOf(question.request);
  return std::nullopt;
}

// Prose is counted sentence by sentence; as a whole it may have a few tokens less.
int WithMargin(int tokens) { return tokens + tokens / 10 + 10; }

Tokens ThinkingTokens(const Question& question, std::string_view topic, Random random) {
  const std::optional<int> exact = question.directive.thinking_tokens;
  const int wanted =
      exact ? std::min(*exact, kMaxTokens)
            : kMinThoughts + static_cast<int>(random.Below(kMaxThoughts - kMinThoughts));
  if (wanted == 0) return {};
  Tokens tokens = Tokenize(Thoughts(topic, exact ? WithMargin(wanted) : wanted, &random));
  if (exact) CutTo(wanted, &tokens);
  return tokens;
}

Tokens TextTokens(const Model& model, const Question& question, std::string_view topic,
                  Random random) {
  if (question.directive.no_text) return {};
  if (model.kind == ModelKind::kNoop && !GivenText(question)) return {"ok"};
  if (const std::optional<std::string> given = GivenText(question)) return Tokenize(*given);
  std::optional<int> exact = question.directive.tokens;
  if (!exact && question.directive.lengths != nullptr) {
    exact = question.directive.lengths->DrawTokens(&random);
  }
  if (question.request.format == ApiRequest::Format::kJson)
    return Tokenize(JsonAnswer(topic, &random));
  if (question.request.format == ApiRequest::Format::kSchema) {
    return Tokenize(JsonAnswerForSchema(question.request.schema, topic, &random));
  }
  const int wanted = exact ? std::min(*exact, kMaxTokens) : LengthOf(model, &random);
  if (wanted == 0) return {};
  Tokens tokens = Tokenize(Prose(topic, exact ? WithMargin(wanted) : wanted, &random));
  if (exact) CutTo(wanted, &tokens);
  return tokens;
}

std::string SpecialText(std::string_view name) {
  if (name == "surrogate_pair") return " 😀";
  if (name == "nul") return std::string(" nul\0nul", 8);
  if (name == "u2028") return " line\xE2\x80\xA8separator";
  return " half\xED\xA0\xBDpair";  // U+D83D in three bytes: a lone escape
}

void InsertSpecials(const Directive& directive, std::vector<Chunk>* chunks) {
  std::vector<Chunk> specials;
  for (const std::string& name : directive.specials)
    specials.push_back({.text = SpecialText(name)});
  if (directive.big_text > 0) {
    specials.push_back({.text = std::string(static_cast<size_t>(directive.big_text), 'x')});
  }
  if (directive.tool_calls == Directive::ToolCalls::kMiddle)
    specials.push_back({.tool_call = true});
  const auto first_text =
      std::find_if(chunks->begin(), chunks->end(), [](const Chunk& c) { return !c.text.empty(); });
  const auto place = first_text == chunks->end() ? first_text : first_text + 1;
  chunks->insert(place, specials.begin(), specials.end());
}

Answer BenchAnswer(const Model& model, const Question& question) {
  const int64_t asked = question.request.num_predict;
  // Its text can't be told again: only the count goes on.
  const std::string& partial = question.partial.text;
  const int64_t stamps = std::count(partial.begin(), partial.end(), ';');
  int64_t count = asked >= 0 ? asked : std::max<int64_t>(model.max_tokens - stamps, 0);
  if (question.directive.tokens) count = std::max<int64_t>(*question.directive.tokens - stamps, 0);
  Answer answer;
  answer.chunks.resize(static_cast<size_t>(std::min<int64_t>(count, kMaxTokens)));
  answer.done_reason = asked >= 0 ? "length" : "stop";
  answer.eval_count = static_cast<int>(answer.chunks.size());
  return answer;
}

Answer SpokenAnswer(uint64_t hash, const Model& model, const Question& question,
                    int64_t num_predict) {
  // One stream of random numbers for each part, so that they don't depend on each other.
  Random random(hash);
  const Random thinking_random(random.Next());
  const Random text_random(random.Next());
  Random chunk_random(random.Next());

  const ApiRequest& request = question.request;
  const std::string topic = TopicOf(PromptOf(request));
  const bool thinks = Thinks(model, request);
  Tokens thinking = thinks ? ThinkingTokens(question, topic, thinking_random) : Tokens();
  Tokens text = TextTokens(model, question, topic, text_random);
  Answer answer;
  const bool stopped = CutAtStop(request.stop, &text);
  const int special_tokens = (stopped ? 0 : 1) + (thinking.empty() ? 0 : kThinkTags);
  const size_t limit =
      num_predict < 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(num_predict);
  if (thinking.size() + text.size() > limit) {
    CutTo(limit, &thinking);
    CutTo(limit - thinking.size(), &text);
    answer.done_reason = "length";
    answer.eval_count = static_cast<int>(limit);
  } else {
    answer.done_reason = "stop";
    answer.eval_count = static_cast<int>(thinking.size() + text.size()) + special_tokens;
  }
  const bool one_each = GivenText(question).has_value();
  AddChunks(thinking, true, one_each, &chunk_random, &answer.chunks);
  AddChunks(text, false, one_each, &chunk_random, &answer.chunks);
  InsertSpecials(question.directive, &answer.chunks);
  return answer;
}

int TokensIn(const std::vector<Chunk>& chunks) {
  int tokens = 0;
  for (const Chunk& chunk : chunks) tokens += chunk.tokens;
  return tokens;
}

// What the assistant has still to say behind the question's partial answer.
Answer RestOfAnswer(uint64_t hash, const Model& model, const Question& question, Prefill prefill) {
  const std::string& partial = question.partial.text;
  Answer rest = SpokenAnswer(hash, model, question, /*num_predict=*/-1);
  const int whole = TokensIn(rest.chunks);
  if (CutBeginning(partial, &rest.chunks)) {
    rest.eval_count -= whole - TokensIn(rest.chunks);
  } else {
    // Somebody else began this answer: the rest is anything, but always the same.
    rest = SpokenAnswer(HashAdd(HashAdd(hash, "assistant"), partial), model, question, -1);
  }
  const int64_t limit = question.request.num_predict;
  if (limit >= 0 && CutToTokens(limit, &rest.chunks)) {
    rest.done_reason = "length";
    rest.eval_count = TokensIn(rest.chunks);
  }
  if (prefill == Prefill::kEcho) rest.chunks.insert(rest.chunks.begin(), {.text = partial});
  if (prefill == Prefill::kOverlap)
    rest.chunks.insert(rest.chunks.begin(), {.text = std::string(LastWord(partial))});
  return rest;
}

Answer ProseAnswer(uint64_t hash, const Model& model, const Question& question) {
  const int64_t num_predict = question.request.num_predict;
  const PartialAnswer& partial = question.partial;
  switch (partial.given ? PrefillOf(model, question) : Prefill::kRestart) {
    case Prefill::kRefuse:
    case Prefill::kRestart:
      return SpokenAnswer(hash, model, question, num_predict);
    case Prefill::kOther:
      hash = HashAdd(HashAdd(hash, "assistant, ended"), partial.text);
      return SpokenAnswer(hash, model, question, num_predict);
    default:
      return RestOfAnswer(hash, model, question, PrefillOf(model, question));
  }
}

}  // namespace

std::string Answer::Text() const {
  std::string text;
  for (const Chunk& chunk : chunks) text += chunk.text;
  return ToValidUtf8(text);
}

std::string Answer::Thinking() const {
  std::string thinking;
  for (const Chunk& chunk : chunks) thinking += chunk.thinking;
  return ToValidUtf8(thinking);
}

std::string Question::PromptStart(size_t bytes) const { return PromptOf(request).substr(0, bytes); }

Question ReadQuestion(ApiRequest request) {
  Question question;
  question.empty = request.api == Api::kChat ? request.messages.empty() : request.prompt.empty();
  question.partial = TakePartialAnswer(&request.messages);
  question.prompt_key = request.model;
  for (const Message& message : MessagesOf(request)) question.prompt_key += '\0' + message.content;
  PromptParts parts = TakeDirective(request.prompt);
  request.prompt = std::move(parts.prompt);
  for (Message& message : request.messages) {
    if (message.role == "user" && message.content.find("[[sim:") != std::string::npos) {
      parts = TakeDirective(message.content);  // that of the newest message counts
      message.content = std::move(parts.prompt);
    }
  }
  question.directive = std::move(parts.directive);
  question.error = std::move(parts.error);
  question.request = std::move(request);
  return question;
}

bool Thinks(const Model& model, const ApiRequest& request) {
  return model.thinks && request.think != ApiRequest::Think::kOff;
}

Prefill PrefillOf(const Model& model, const Question& question) {
  if (question.directive.prefill) return *question.directive.prefill;
  if (Thinks(model, question.request)) return Prefill::kRefuse;
  // A grammar begins at its root, whatever stands before it.
  const bool free_text = question.request.format == ApiRequest::Format::kNone;
  return free_text ? model.prefill : Prefill::kRestart;
}

Answer MakeAnswer(uint64_t seed, const Model& model, const Question& question) {
  Answer answer = model.kind == ModelKind::kBench
                      ? BenchAnswer(model, question)
                      : ProseAnswer(HashOf(seed, model, question.request), model, question);
  answer.prompt_tokens = CountPromptTokens(question.request);
  answer.prompt_tokens += static_cast<int>(Tokenize(question.partial.text).size());
  const Directive& directive = question.directive;
  if (model.kind == ModelKind::kBench) InsertSpecials(directive, &answer.chunks);
  answer.final_tool_call = directive.tool_calls == Directive::ToolCalls::kFinal;
  if (directive.done_reason)
    answer.done_reason = *directive.done_reason == "none" ? "" : *directive.done_reason;
  return answer;
}

}  // namespace genwatch::ollama_sim
