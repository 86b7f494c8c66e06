#include "generation_service/curl/base_url.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "generation_service/curl/handles.h"

namespace genwatch {
namespace {

// Empty if the URL has no such part.
std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

absl::StatusOr<std::string> NormalizedBaseUrl(const std::string& text) {
  const CurlUrl url(curl_url());
  if (url == nullptr) std::abort();
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_GUESS_SCHEME);
  if (code != CURLUE_OK) return absl::InvalidArgumentError(curl_url_strerror(code));
  const std::string scheme = absl::AsciiStrToLower(Part(url.get(), CURLUPART_SCHEME));
  if (scheme != "http" && scheme != "https") {
    return absl::InvalidArgumentError("is neither http nor https");
  }
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return absl::InvalidArgumentError(
        "holds credentials; give an Authorization header in --ollama_header_file instead");
  }
  if (!Part(url.get(), CURLUPART_QUERY).empty() || !Part(url.get(), CURLUPART_FRAGMENT).empty()) {
    return absl::InvalidArgumentError("has a query or a fragment");
  }
  const std::string port = Part(url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  std::string path = Part(url.get(), CURLUPART_PATH);
  while (!path.empty() && path.back() == '/') path.pop_back();
  return absl::StrCat(scheme, "://", absl::AsciiStrToLower(Part(url.get(), CURLUPART_HOST)),
                      port.empty() ? "" : ":", port, path);
}

}  // namespace genwatch
