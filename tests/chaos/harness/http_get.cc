#include "tests/chaos/harness/http_get.h"

#include <curl/curl.h>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {

struct HttpGetter::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

namespace {

size_t Append(const char* data, size_t /*one*/, size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

}  // namespace

HttpGetter::HttpGetter() : handle_(std::make_unique<Handle>()) {}
HttpGetter::~HttpGetter() = default;

absl::StatusOr<std::string> HttpGetter::Get(const std::string& url, absl::Duration timeout) {
  curl_easy_setopt(handle_->curl, CURLOPT_HTTPGET, 1L);
  return Ask(url, timeout);
}

absl::StatusOr<std::string> HttpGetter::Post(const std::string& url, absl::Duration timeout) {
  curl_easy_setopt(handle_->curl, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDS, "");
  return Ask(url, timeout);
}

absl::StatusOr<std::string> HttpGetter::Ask(const std::string& url, absl::Duration timeout) {
  CURL* const curl = handle_->curl;
  std::string body;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(timeout)));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return absl::UnavailableError(absl::StrCat(url, ": ", curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return absl::UnavailableError(absl::StrCat(url, ": ", status, ": ", body));
  return body;
}

std::string HttpGetter::Escape(std::string_view text) {
  char* const escaped = curl_easy_escape(handle_->curl, text.data(), static_cast<int>(text.size()));
  std::string result = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return result;
}

}  // namespace genwatch::chaos
