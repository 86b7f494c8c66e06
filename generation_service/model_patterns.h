#ifndef GENWATCH_GENERATION_SERVICE_MODEL_PATTERNS_H_
#define GENWATCH_GENERATION_SERVICE_MODEL_PATTERNS_H_

#include <string>
#include <string_view>
#include <vector>

namespace genwatch {

// A list of models, by patterns in which `*` stands for any characters: "qwen3*", "command-r",
// "olmo-3:7b". Compared with the model's name without registry and namespace, without regard to
// case; a pattern without a tag fits all tags. Pure; thread-safe.
class ModelPatterns {
 public:
  ModelPatterns() = default;
  // Separated by commas; white space around them and empty ones mean nothing.
  explicit ModelPatterns(std::string_view list);

  bool Match(std::string_view model) const;

 private:
  std::vector<std::string> patterns_;
};

// Families whose templates leave an answer open that the request begins, so that the model goes on
// from it; and the bundled simulator. Others (the templates of the first llamas among them) close
// each turn: the model would begin a new answer.
extern const char kContinuingModels[];

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_MODEL_PATTERNS_H_
