#ifndef GENWATCH_COMMON_PROBLEMS_H_
#define GENWATCH_COMMON_PROBLEMS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace genwatch {

// Collects everything that is wrong with some input, so that it is reported at once and not one
// fault per attempt. Not thread-safe.
class Problems {
 public:
  // `field` is the flag ("--port") or the request's field ("options.num_ctx").
  void Add(std::string_view field, std::string_view text);

  bool empty() const { return problems_.empty(); }

  // OK if there are none; else INVALID_ARGUMENT "--port: ...; --host: ..." with the given
  // ErrorInfo reason and a BadRequest violation for each.
  absl::Status ToStatus(std::string_view reason = "INVALID_OPTIONS") const;

 private:
  std::vector<std::pair<std::string, std::string>> problems_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_PROBLEMS_H_
