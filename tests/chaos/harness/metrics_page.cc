#include "tests/chaos/harness/metrics_page.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/chaos/harness/http_get.h"

namespace genwatch::chaos {

absl::StatusOr<double> ReadMetric(const std::string& url, const std::string& name) {
  HttpGetter http;
  const auto page = http.Get(url);
  if (!page.ok()) return page.status();
  double sum = 0;
  for (const absl::string_view line : absl::StrSplit(*page, '\n')) {
    if (!absl::StartsWith(line, name)) continue;
    // Neither the name's longer namesakes nor a label's spaces: the value is behind the last one.
    const char next = line.size() > name.size() ? line[name.size()] : ' ';
    double value = 0;
    if ((next == '{' || next == ' ') &&
        absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) {
      sum += value;
    }
  }
  return sum;
}

}  // namespace genwatch::chaos
