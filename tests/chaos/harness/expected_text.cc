#include "tests/chaos/harness/expected_text.h"

#include <simdjson.h>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {

absl::StatusOr<ExpectedText> AskExpectedText(HttpGetter& http, const std::string& simulator_url,
                                             const JobPlan& plan) {
  const auto body =
      http.Get(absl::StrCat(simulator_url, "/sim/text?model=", http.Escape(plan.model),
                            "&prompt=", http.Escape(plan.prompt)));
  if (!body.ok()) return body.status();
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  std::string_view text;
  std::string_view thinking;
  if (parser.parse(*body).get(answer) != simdjson::SUCCESS ||
      answer["text"].get(text) != simdjson::SUCCESS ||
      answer["thinking"].get(thinking) != simdjson::SUCCESS) {
    return absl::InternalError(absl::StrCat("the simulator answers ", *body));
  }
  return ExpectedText{.answer = std::string(text), .thinking = std::string(thinking)};
}

}  // namespace genwatch::chaos
