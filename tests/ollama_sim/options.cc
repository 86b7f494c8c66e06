#include "tests/ollama_sim/options.h"

#include <arpa/inet.h>

#include <charconv>
#include <fstream>
#include <functional>
#include <map>

#include "tests/ollama_sim/directive.h"
#include "tests/ollama_sim/models.h"

namespace genwatch::ollama_sim {
namespace {

template <typename T>
bool ToNumber(const std::string& text, T minimum, T maximum, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && *out >= minimum &&
         *out <= maximum;
}

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A line is `model | part of the prompt | orders`; # begins a comment.
bool ReadScenario(const std::string& path, std::vector<ScenarioRule>* rules) {
  std::ifstream file(path);
  if (!file) return false;
  std::string line;
  while (std::getline(file, line)) {
    line = Trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const size_t first = line.find('|');
    const size_t second = line.find('|', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) return false;
    ScenarioRule rule{Trimmed(line.substr(0, first)),
                      Trimmed(line.substr(first + 1, second - first - 1)),
                      Trimmed(line.substr(second + 1))};
    if (!TakeDirective("[[sim: " + rule.orders + "]]").error.empty()) return false;
    rules->push_back(std::move(rule));
  }
  return true;
}

using Setter = std::function<bool(const std::string& value, Options*)>;

template <typename T>
Setter Number(T Options::*member, T minimum, T maximum) {
  return [=](const std::string& value, Options* options) {
    return ToNumber(value, minimum, maximum, &(options->*member));
  };
}

struct Flag {
  std::string help;
  Setter set;
};

const std::map<std::string, Flag>& Flags() {
  constexpr double kMinFactor = 1e-3;
  constexpr double kMaxFactor = 1e6;
  static const auto* const flags = new std::map<std::string, Flag>{
      {"host",
       {"IPv4 address to listen on (127.0.0.1)",
        [](const std::string& value, Options* options) {
          in_addr address{};
          options->host = value == "localhost" ? "127.0.0.1" : value;
          return inet_pton(AF_INET, options->host.c_str(), &address) == 1;
        }}},
      {"port", {"port to listen on, 0 for any (11434)", Number(&Options::port, 0, 65535)}},
      {"seed", {"other seeds, other texts (1)", Number<uint64_t>(&Options::seed, 0, ~uint64_t{0})}},
      {"speed",
       {"all token rates are multiplied by it (1)",
        Number(&Options::speed, kMinFactor, kMaxFactor)}},
      {"load_speed",
       {"load times are divided by it (1)", Number(&Options::load_speed, kMinFactor, kMaxFactor)}},
      {"num_parallel",
       {"answers of one model at once, further requests wait silently (1)",
        Number(&Options::num_parallel, 1, 1 << 16)}},
      {"max_queue",
       {"requests that may wait for a load (512)", Number(&Options::max_queue, 0, 1 << 20)}},
      {"keep_alive_ms",
       {"an idle model is unloaded after it (300000)",
        Number<int64_t>(&Options::keep_alive_ms, -1, int64_t{1} << 40)}},
      {"log",
       {"file for a log of what clients did, one JSON object per line",
        [](const std::string& value, Options* options) {
          options->log_file = value;
          return !value.empty();
        }}},
      {"scenario",
       {"file with orders for prompts, lines of `model | part of the prompt | orders`, * for any",
        [](const std::string& value, Options* options) {
          return ReadScenario(value, &options->scenario);
        }}},
  };
  return *flags;
}

}  // namespace

std::string HelpText() {
  std::string text = "ollama_sim: answers as an Ollama server does, with made-up text.\n\nFlags:\n";
  const auto add = [&text](std::string_view prefix, std::string_view name, std::string_view help) {
    text.append("  ").append(prefix).append(name).append("  ").append(help).append("\n");
  };
  for (const auto& [name, flag] : Flags()) add("--", name, flag.help);
  text += "\nModels:\n";
  for (const Model& model : AllModels()) add("", model.name, model.description);
  return text;
}

OptionsOrExit ParseOptions(int argc, const char* const* argv) {
  OptionsOrExit result;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      result.exit_code = 0;
      result.message = HelpText();
      return result;
    }
    std::string value;
    const size_t equals = name.find('=');
    const bool has_value = equals != std::string::npos || i + 1 < argc;
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (has_value) {
      value = argv[++i];
    }
    const auto flag = name.starts_with("--") ? Flags().find(name.substr(2)) : Flags().end();
    if (flag == Flags().end()) {
      result.message.append("unknown flag ").append(name).append("\n");
    } else if (!has_value || !flag->second.set(value, &result.options)) {
      result.message.append("bad value '").append(value).append("' for ").append(name);
      result.message.append(": ").append(flag->second.help).append("\n");
    }
  }
  if (!result.message.empty()) result.exit_code = 2;
  return result;
}

}  // namespace genwatch::ollama_sim
