#include "common/options.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/version.h"

namespace genwatch {
namespace {

constexpr int kMaxFlagfileDepth = 8;

// absl's own parser ends the process at the first kind of fault, so this one stands on absl's
// reflection of flags: same syntax, all faults returned.
class Parser {
 public:
  Parser(const std::string& prefix, Problems& problems) : prefix_(prefix), problems_(problems) {}

  // `source` is empty for the command line, else " (in <file>)".
  void ParseArguments(const std::vector<std::string>& arguments, const std::string& source,
                      int depth) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      absl::string_view name = arguments[i];
      if (!absl::ConsumePrefix(&name, "--") && !absl::ConsumePrefix(&name, "-")) {
        problems_.Add(absl::StrCat("'", arguments[i], "'", source), "is not a flag");
        continue;
      }
      if (name.empty()) {
        problems_.Add(absl::StrCat("'", arguments[i], "'", source), "is not followed by a name");
        continue;
      }
      std::optional<std::string> value;
      if (const size_t equals = name.find('='); equals != absl::string_view::npos) {
        value = std::string(name.substr(equals + 1));
        name = name.substr(0, equals);
      }
      const bool takes_next = !value.has_value() && TakesValue(name);
      if (takes_next && i + 1 < arguments.size()) value = arguments[++i];
      ParseOne(std::string(name), value, source, depth);
    }
  }

  // For every flag that was not given: the environment variable with the prefix, if not empty.
  void ParseEnvironment() {
    for (const auto& [name, flag] : absl::GetAllFlags()) {
      if (given_.contains(std::string(name))) continue;
      const std::string variable = absl::StrCat(prefix_, absl::AsciiStrToUpper(name));
      const char* const value = std::getenv(variable.c_str());
      if (value == nullptr || *value == '\0') continue;
      std::string error;
      if (!flag->ParseFrom(value, &error)) AddBadValue(variable, value, error);
    }
  }

  bool help() const { return help_; }
  bool version() const { return version_; }

 private:
  static bool IsBoolean(const absl::CommandLineFlag& flag) { return flag.IsOfType<bool>(); }

  // Whether the next argument is the value of `--name`.
  static bool TakesValue(absl::string_view name) {
    if (name == "flagfile" || name == "fromenv") return true;
    const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
    return flag != nullptr && !IsBoolean(*flag);
  }

  void ParseOne(const std::string& name, const std::optional<std::string>& value,
                const std::string& source, int depth) {
    const std::string shown = absl::StrCat("--", name, source);
    if (name == "help") {
      help_ = true;
      return;
    }
    if (name == "version") {
      version_ = true;
      return;
    }
    if (name == "flagfile") {
      ParseFlagfiles(shown, value.value_or(""), depth);
      return;
    }
    if (name == "fromenv") {
      ParseFromEnvironment(shown, value.value_or(""));
      return;
    }
    absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag != nullptr) {
      if (!value.has_value() && !IsBoolean(*flag)) {
        problems_.Add(shown, "needs a value");
        return;
      }
      Set(*flag, shown, value.value_or("true"));
      return;
    }
    absl::string_view positive = name;
    if (absl::ConsumePrefix(&positive, "no")) {
      flag = absl::FindCommandLineFlag(positive);
      if (flag != nullptr && IsBoolean(*flag)) {
        if (value.has_value()) {
          problems_.Add(shown, "takes no value");
        } else {
          Set(*flag, shown, "false");
        }
        return;
      }
    }
    problems_.Add(shown, "is not a flag of this program; --help lists them");
  }

  void Set(absl::CommandLineFlag& flag, const std::string& shown, const std::string& value) {
    given_.emplace(flag.Name());
    std::string error;
    if (!flag.ParseFrom(value, &error)) AddBadValue(shown, value, error);
  }

  void AddBadValue(const std::string& shown, const std::string& value, const std::string& error) {
    // absl's own text starts with "Illegal value '<value>' specified for flag '<name>'", and only
    // types with rules of their own append "; <why>".
    const size_t why = error.find("; ");
    problems_.Add(shown, absl::StrCat("'", value, "' is not a valid value",
                                      why == std::string::npos ? "" : error.substr(why)));
  }

  void ParseFlagfiles(const std::string& shown, const std::string& paths, int depth) {
    if (depth >= kMaxFlagfileDepth) {
      problems_.Add(shown, "flag files name each other too deeply");
      return;
    }
    for (const absl::string_view path : absl::StrSplit(paths, ',')) {
      std::ifstream file{std::string(path)};
      if (!file.is_open()) {
        problems_.Add(shown, absl::StrCat("can't read '", path, "'"));
        continue;
      }
      std::vector<std::string> arguments;
      for (std::string line; std::getline(file, line);) {
        const absl::string_view text = absl::StripAsciiWhitespace(line);
        if (text.empty() || text[0] == '#') continue;
        // One flag per line; "--name value" has its value on the same line.
        const std::pair<absl::string_view, absl::string_view> split =
            absl::StrSplit(text, absl::MaxSplits(' ', 1));
        arguments.emplace_back(split.first);
        if (!split.second.empty()) {
          arguments.emplace_back(absl::StripAsciiWhitespace(split.second));
        }
      }
      ParseArguments(arguments, absl::StrCat(" (in ", path, ")"), depth + 1);
    }
  }

  void ParseFromEnvironment(const std::string& shown, const std::string& names) {
    for (const absl::string_view name : absl::StrSplit(names, ',', absl::SkipWhitespace())) {
      absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
      const std::string variable = absl::StrCat("FLAGS_", name);
      const char* const value = std::getenv(variable.c_str());
      if (flag == nullptr) {
        problems_.Add(shown, absl::StrCat("'", name, "' is not a flag of this program"));
      } else if (value == nullptr) {
        problems_.Add(shown, absl::StrCat("the environment has no ", variable));
      } else {
        Set(*flag, variable, value);
      }
    }
  }

  const std::string& prefix_;
  Problems& problems_;
  std::set<std::string> given_;
  bool help_ = false;
  bool version_ = false;
};

// Called before anything is parsed: then the current values are the defaults, also those that the
// program set itself.
std::string Help(const ProgramInfo& info, const std::string& prefix) {
  std::string text = absl::StrCat(
      info.name, " ", kVersion, ": ", info.description, "\n\nFlags (or environment variables ",
      prefix, "<NAME IN CAPITALS>; also --flagfile=<path>, --fromenv=<names>):\n");
  std::map<std::string, absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) flags.emplace(name, flag);
  for (const auto& [name, flag] : flags) {
    absl::StrAppend(&text, "  --", name, "  (default: ",
                    flag->IsOfType<std::string>() ? absl::StrCat("\"", flag->CurrentValue(), "\"")
                                                  : flag->CurrentValue(),
                    ")\n      ", flag->Help(), "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<ParsedCommandLine> ParseCommandLine(int argc, char** argv, const ProgramInfo& info,
                                                   const std::string& prefix) {
  std::string help = Help(info, prefix);
  Problems problems;
  Parser parser(prefix, problems);
  parser.ParseArguments(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), "", 0);
  if (parser.help()) return ParsedCommandLine{std::move(help)};
  if (parser.version()) return ParsedCommandLine{absl::StrCat(info.name, " ", kVersion, "\n")};
  parser.ParseEnvironment();
  if (!problems.empty()) return problems.ToStatus();
  return ParsedCommandLine{};
}

}  // namespace genwatch
