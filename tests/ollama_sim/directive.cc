#include "tests/ollama_sim/directive.h"

#include <charconv>
#include <functional>
#include <map>

#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

constexpr std::string_view kOpen = "[[sim:";
constexpr std::string_view kClose = "]]";

template <typename T>
bool ToNumber(std::string_view text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && *out >= 0;
}

using Setter = std::function<bool(Directive&, std::string_view value)>;

template <typename T>
Setter Number(T Directive::*member) {
  return [member](Directive& d, std::string_view value) {
    if constexpr (requires { (d.*member).emplace(); }) {
      return ToNumber(value, &(d.*member).emplace());
    } else {
      return ToNumber(value, &(d.*member));
    }
  };
}

Setter Text(std::optional<std::string> Directive::*member) {
  return [member](Directive& d, std::string_view value) {
    d.*member = std::string(value);
    return true;
  };
}

Setter Switch(bool Directive::*member) {
  return [member](Directive& d, std::string_view value) {
    d.*member = value != "0";
    return value.empty() || value == "0" || value == "1";
  };
}

template <typename T>
Setter OneOf(T Directive::*member, std::map<std::string, T, std::less<>> names) {
  return [member, names = std::move(names)](Directive& d, std::string_view value) {
    const auto found = names.find(value);
    if (found == names.end()) return false;
    d.*member = found->second;
    return true;
  };
}

template <typename T>
Setter Constant(T Directive::*member, T constant) {
  return [member, constant](Directive& d, std::string_view value) {
    d.*member = constant;
    return value.empty() || value == "1";
  };
}

Setter FaultAfter(Fault fault) {
  return [fault](Directive& d, std::string_view value) {
    d.fault = fault;
    d.after = 0;
    return value.empty() || ToNumber(value, &d.after);
  };
}

Setter Special(std::string_view name) {
  return [name](Directive& d, std::string_view value) {
    d.specials.emplace_back(name);
    return value.empty() || value == "1";
  };
}

bool SetLengths(Directive& d, std::string_view value) {
  d.lengths = FindLengthModel(value);
  return d.lengths != nullptr;
}

const std::map<std::string, Setter, std::less<>>& Setters() {
  static const auto* const setters = new std::map<std::string, Setter, std::less<>>{
      {"tokens", Number(&Directive::tokens)},
      {"lengths", SetLengths},
      {"thinking", Number(&Directive::thinking_tokens)},
      {"text", Text(&Directive::text)},
      {"echo", Switch(&Directive::echo)},
      {"no_text", Switch(&Directive::no_text)},
      {"done_reason", Text(&Directive::done_reason)},
      {"tool_calls",
       OneOf(&Directive::tool_calls, {{"middle", Directive::ToolCalls::kMiddle},
                                      {"final", Directive::ToolCalls::kFinal}})},
      {"context", Number(&Directive::context_ints)},
      {"final_text", Switch(&Directive::final_text)},
      {"stats", OneOf(&Directive::statistics,
                      {{"all", Directive::Statistics::kAll},
                       {"none", Directive::Statistics::kNone},
                       {"no_prompt_count", Directive::Statistics::kNoPromptCount},
                       {"zero", Directive::Statistics::kZero},
                       {"huge", Directive::Statistics::kHuge}})},
      {"no_stats", Constant(&Directive::statistics, Directive::Statistics::kNone)},
      {"surrogate_pair", Special("surrogate_pair")},
      {"lone_surrogate", Special("lone_surrogate")},
      {"nul", Special("nul")},
      {"u2028", Special("u2028")},
      {"big_text", Number(&Directive::big_text)},
      {"prefill", OneOf<std::optional<Prefill>>(&Directive::prefill,
                                                {{"continue", Prefill::kContinue},
                                                 {"restart", Prefill::kRestart},
                                                 {"other", Prefill::kOther},
                                                 {"echo", Prefill::kEcho},
                                                 {"overlap", Prefill::kOverlap},
                                                 {"refuse", Prefill::kRefuse}})},
      {"rate", Number(&Directive::rate)},
      {"burst", Number(&Directive::burst)},
      {"load_ms", Number(&Directive::load_ms)},
      {"prompt_ms", Number(&Directive::prompt_ms)},
      {"split", Number(&Directive::split_bytes)},
      {"split_us", Number(&Directive::split_us)},
      {"join", Number(&Directive::join)},
      {"ascii", Switch(&Directive::ascii)},
      {"unknown", Switch(&Directive::unknown)},
      {"nulls", Switch(&Directive::nulls)},
      {"floats", Switch(&Directive::floats)},
      {"crlf", Switch(&Directive::crlf)},
      {"empty_lines", Switch(&Directive::empty_lines)},
      {"bom", Switch(&Directive::bom)},
      {"trailing", Switch(&Directive::trailing)},
      {"second_done", Switch(&Directive::second_done)},
      {"huge", Number(&Directive::huge)},
      {"unstreamed", Switch(&Directive::unstreamed)},
      {"content_length", Constant(&Directive::framing, Framing::kContentLength)},
      {"http10", Constant(&Directive::framing, Framing::kUntilClose)},
      {"gzip", Constant(&Directive::encoding, Encoding::kGzip)},
      {"deflate", Constant(&Directive::encoding, Encoding::kDeflate)},
      {"close", OneOf(&Directive::after_answer, {{"announced", AfterAnswer::kAnnouncedClose},
                                                 {"silent", AfterAnswer::kSilentClose},
                                                 {"on_reuse", AfterAnswer::kCloseOnReuse}})},
      {"content_type", Text(&Directive::content_type)},
      {"stall_before", FaultAfter(Fault::kStallBefore)},
      {"stall_after", FaultAfter(Fault::kStallAfter)},
      {"error_line", FaultAfter(Fault::kErrorLine)},
      {"eof_after", FaultAfter(Fault::kEofAfter)},
      {"rst_after", FaultAfter(Fault::kRstAfter)},
      {"rst_before", Constant(&Directive::fault, Fault::kRstBefore)},
      {"fin_mid_chunk", FaultAfter(Fault::kFinMidChunk)},
      {"malformed", FaultAfter(Fault::kMalformed)},
      {"status",
       [](Directive& d, std::string_view value) {
         d.fault = Fault::kStatus;
         return ToNumber(value, &d.status) && d.status >= 300 && d.status <= 599;
       }},
      {"error_text", Text(&Directive::error_text)},
      {"retry_after", Number(&Directive::retry_after_s)},
      {"wedge", Switch(&Directive::wedge)},
      {"fail_first", Number(&Directive::fail_first)},
  };
  return *setters;
}

// One `key`, `key=value`, `key:value` or `key="quoted value"`, cut from the front of `rest`.
struct Order {
  std::string key;
  std::string value;
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads the escape behind a backslash: \n \t \r \uXXXX, else the character itself.
void TakeEscape(std::string_view& rest, std::string* out) {
  const char c = rest.front();
  rest.remove_prefix(1);
  if (c == 'u' && rest.size() >= 4) {
    uint32_t value = 0;
    bool valid = true;
    for (int i = 0; i < 4; ++i) {
      valid = valid && HexDigit(rest[i]) >= 0;
      value = value << 4 | static_cast<uint32_t>(HexDigit(rest[i]) & 0xF);
    }
    if (valid) {
      AppendUtf8(value, out);
      rest.remove_prefix(4);
      return;
    }
  }
  out->push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

bool TakeOrder(std::string_view& rest, Order* order) {
  const size_t key_end = std::min(rest.find_first_of(" \t\n=:]"), rest.size());
  order->key = rest.substr(0, key_end);
  order->value.clear();
  rest.remove_prefix(key_end);
  if (order->key.empty()) return false;
  if (rest.empty() || (rest.front() != '=' && rest.front() != ':')) return true;
  rest.remove_prefix(1);
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
      const char c = rest.front();
      rest.remove_prefix(1);
      if (c == '\\' && !rest.empty()) {
        TakeEscape(rest, &order->value);
      } else {
        order->value.push_back(c);
      }
    }
    if (rest.empty()) return false;
    rest.remove_prefix(1);
    return true;
  }
  const size_t value_end = std::min(rest.find_first_of(" \t\n]"), rest.size());
  order->value = rest.substr(0, value_end);
  rest.remove_prefix(value_end);
  return true;
}

// Applies the orders behind kOpen and consumes kClose; says what is wrong, or nothing.
std::string TakeOrders(std::string_view& rest, Directive* directive) {
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n,;"), rest.size()));
    if (rest.empty()) return "sim: directive without its end ]]";
    if (rest.starts_with(kClose)) {
      rest.remove_prefix(kClose.size());
      return "";
    }
    Order order;
    if (!TakeOrder(rest, &order)) return "sim: directive can't be read";
    if (order.key == "fault") {  // fault=eof_after:10 is the same as eof_after:10
      const size_t colon = std::min(order.value.find(':'), order.value.size());
      order.key = order.value.substr(0, colon);
      order.value.erase(0, colon + 1);
    }
    const auto setter = Setters().find(order.key);
    if (setter == Setters().end()) return "sim: unknown key \"" + order.key + "\"";
    if (!setter->second(*directive, order.value)) {
      return "sim: bad value \"" + order.value + "\" for " + order.key;
    }
  }
}

}  // namespace

Directive Directive::WithoutFault() const {
  Directive clean = *this;
  const Directive usual;
  clean.split_bytes = usual.split_bytes;
  clean.join = usual.join;
  clean.ascii = clean.unknown = clean.nulls = clean.floats = clean.crlf = clean.empty_lines = false;
  clean.bom = clean.trailing = clean.second_done = clean.unstreamed = false;
  clean.huge = usual.huge;
  clean.framing = usual.framing;
  clean.encoding = usual.encoding;
  clean.after_answer = usual.after_answer;
  clean.content_type = usual.content_type;
  clean.fault = usual.fault;
  clean.wedge = false;
  return clean;
}

PromptParts TakeDirective(std::string_view prompt) {
  PromptParts parts;
  while (true) {
    const size_t open = prompt.find(kOpen);
    parts.prompt.append(prompt.substr(0, open));
    if (open == std::string_view::npos) return parts;
    prompt.remove_prefix(open + kOpen.size());
    parts.error = TakeOrders(prompt, &parts.directive);
    if (!parts.error.empty()) return parts;
    if (prompt.starts_with('\n')) prompt.remove_prefix(1);
  }
}

}  // namespace genwatch::ollama_sim
