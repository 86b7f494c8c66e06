#ifndef GENWATCH_TESTS_OLLAMA_SIM_API_REQUEST_H_
#define GENWATCH_TESTS_OLLAMA_SIM_API_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genwatch::ollama_sim {

enum class Api { kGenerate, kChat };

// The words and the framing of the conversation.
enum class Dialect {
  kOllama,   // JSON lines
  kOpenAi,   // POST /v1/chat/completions, server-sent events
  kLlamaCpp  // POST /completion of llama.cpp's server, server-sent events
};

struct Message {
  std::string role;
  std::string content;
};

// The body of POST /api/generate or /api/chat, as far as the simulator honours it.
struct ApiRequest {
  Api api = Api::kGenerate;
  Dialect dialect = Dialect::kOllama;
  std::string model;
  std::string prompt;             // generate
  std::vector<Message> messages;  // chat
  std::string system;             // generate
  bool stream = true;
  bool raw = false;
  bool has_suffix = false;
  bool has_images = false;
  bool has_tools = false;
  bool truncate = true;
  bool include_usage = false;  // OpenAI: numbers at the end of a stream

  enum class Think { kUnset, kOff, kOn };
  Think think = Think::kUnset;

  enum class Format { kNone, kJson, kSchema };
  Format format = Format::kNone;
  std::string schema;  // JSON, of kSchema

  std::optional<int64_t> keep_alive_ns;  // negative: for ever

  // options
  int64_t seed = -1;
  int64_t num_predict = -1;
  int64_t num_ctx = 0;  // 0: the server's default
  std::vector<std::string> stop;
};

struct ApiRequestOrError {
  ApiRequest request;
  std::string error;  // not empty: HTTP 400 with this text
};

// Reads a request body. As Go's decoder does, it takes lone surrogate escapes and bytes that are
// not UTF-8 for U+FFFD, ignores unknown keys, and names the field of a wrong type.
ApiRequestOrError ParseApiRequest(Api api, std::string_view body);

// The same in the words of kOpenAi or kLlamaCpp; nothing of a wrong type is refused.
ApiRequestOrError ParseDialectRequest(Dialect dialect, std::string_view body);

// The `model` of a body ({"model": ...} or the old {"name": ...}); nothing if it is no JSON object.
std::optional<std::string> ParseModelName(std::string_view body);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_API_REQUEST_H_
