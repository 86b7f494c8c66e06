#include "generation_service/curl/transfer.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/server_flags.h"

namespace genwatch {
namespace {

// A wrong type for an option is a fault that only a debugger would find; these refuse to compile.
void Check(CURLcode code, const char* option) {
  if (code == CURLE_OK) return;
  LogError("libcurl refuses an option", {{"option", option}, {"error", curl_easy_strerror(code)}});
  std::abort();
}
void SetText(CURL* easy, CURLoption option, const std::string& value, const char* name) {
  Check(curl_easy_setopt(easy, option, value.c_str()), name);
}
void SetNumber(CURL* easy, CURLoption option, long value, const char* name) {
  Check(curl_easy_setopt(easy, option, value), name);
}
void SetPointer(CURL* easy, CURLoption option, void* value, const char* name) {
  Check(curl_easy_setopt(easy, option, value), name);
}
using DataCallback = size_t (*)(char*, size_t, size_t, void*);
void SetCallback(CURL* easy, CURLoption option, DataCallback value, const char* name) {
  Check(curl_easy_setopt(easy, option, value), name);
}

bool Names(const std::string& header, const std::string& name) {
  return absl::StartsWithIgnoreCase(header, absl::StrCat(name, ":"));
}

// A proxy of the environment must not be asked for this machine itself.
bool IsLoopbackUrl(const std::string& text) {
  const CurlUrl url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return false;
  }
  char* host = nullptr;
  if (curl_url_get(url.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
  const bool loopback = IsLoopbackHost(host);
  curl_free(host);
  return loopback;
}

HttpEnd::Error ErrorOf(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return HttpEnd::Error::kNone;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpEnd::Error::kResolve;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:  // of the connection; libcurl is given no other limit
      return HttpEnd::Error::kConnect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpEnd::Error::kTls;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return HttpEnd::Error::kReset;
    case CURLE_PARTIAL_FILE:
      return HttpEnd::Error::kTruncated;
    case CURLE_BAD_CONTENT_ENCODING:
      return HttpEnd::Error::kBadEncoding;
    default:
      return HttpEnd::Error::kOther;
  }
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, HttpCallbacks callbacks, absl::Duration now,
                           const EventLoop* loop)
    : request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      loop_(loop),
      start_(now),
      last_byte_(now),
      easy_(curl_easy_init()) {
  if (easy_ == nullptr) std::abort();
  Configure();
}

CurlTransfer* CurlTransfer::Of(CURL* easy) {
  char* self = nullptr;
  Check(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self), "PRIVATE");
  return reinterpret_cast<CurlTransfer*>(self);
}

void CurlTransfer::Configure() {
  CURL* const easy = easy_.get();
  SetText(easy, CURLOPT_URL, request_.url, "URL");
  SetText(easy, CURLOPT_PROTOCOLS_STR, "http,https", "PROTOCOLS_STR");
  SetNumber(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1, "HTTP_VERSION");
  SetNumber(easy, CURLOPT_FOLLOWLOCATION, 0, "FOLLOWLOCATION");
  SetNumber(easy, CURLOPT_NOSIGNAL, 1, "NOSIGNAL");
  SetNumber(easy, CURLOPT_TCP_NODELAY, 1, "TCP_NODELAY");
  SetNumber(easy, CURLOPT_TCP_KEEPALIVE, 1, "TCP_KEEPALIVE");
  SetNumber(easy, CURLOPT_TCP_KEEPIDLE, 30, "TCP_KEEPIDLE");
  SetNumber(easy, CURLOPT_TCP_KEEPINTVL, 10, "TCP_KEEPINTVL");
  SetNumber(easy, CURLOPT_CONNECTTIMEOUT_MS,
            static_cast<long>(absl::ToInt64Milliseconds(request_.connect_timeout)),
            "CONNECTTIMEOUT_MS");
  // Asks for no compression, and decodes what a proxy compresses nevertheless.
  SetText(easy, CURLOPT_ACCEPT_ENCODING, "identity", "ACCEPT_ENCODING");
  SetText(easy, CURLOPT_USERAGENT, "genwatch", "USERAGENT");
  if (IsLoopbackUrl(request_.url)) SetText(easy, CURLOPT_PROXY, "", "PROXY");

  bool type_given = false;
  bool accept_given = false;
  for (const std::string& header : request_.headers) {
    type_given = type_given || Names(header, "Content-Type");
    accept_given = accept_given || Names(header, "Accept");
    AddHeader(headers_, header);
  }
  if (!accept_given) AddHeader(headers_, "Accept: application/x-ndjson, application/json");
  AddHeader(headers_, "Expect:");  // no wait for "100 Continue"
  if (request_.json_body.has_value()) {
    if (!type_given) AddHeader(headers_, "Content-Type: application/json");
    SetNumber(easy, CURLOPT_POST, 1, "POST");
    // Referred to, not copied.
    SetText(easy, CURLOPT_POSTFIELDS, *request_.json_body, "POSTFIELDS");
    Check(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                           static_cast<curl_off_t>(request_.json_body->size())),
          "POSTFIELDSIZE_LARGE");
  }
  Check(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get()), "HTTPHEADER");

  SetPointer(easy, CURLOPT_PRIVATE, this, "PRIVATE");
  SetPointer(easy, CURLOPT_ERRORBUFFER, error_text_.data(), "ERRORBUFFER");
  SetCallback(easy, CURLOPT_HEADERFUNCTION, &OnHeader, "HEADERFUNCTION");
  SetPointer(easy, CURLOPT_HEADERDATA, this, "HEADERDATA");
  SetCallback(easy, CURLOPT_WRITEFUNCTION, &OnBody, "WRITEFUNCTION");
  SetPointer(easy, CURLOPT_WRITEDATA, this, "WRITEDATA");
}

absl::Duration CurlTransfer::NextLimit() const {
  const absl::Duration running = start_ + request_.running_timeout;
  const absl::Duration next = answer_started_ ? last_byte_ + request_.silence_timeout
                                              : start_ + request_.first_byte_timeout;
  return std::min(running, next);
}

HttpEnd::Error CurlTransfer::ExceededLimit(absl::Duration now) const {
  if (now >= start_ + request_.running_timeout) return HttpEnd::Error::kRunningTimeout;
  if (now < NextLimit()) return HttpEnd::Error::kNone;
  return answer_started_ ? HttpEnd::Error::kSilenceTimeout : HttpEnd::Error::kFirstByteTimeout;
}

HttpEnd CurlTransfer::EndOf(CURLcode code) const {
  HttpEnd end = EndOf(ErrorOf(code));
  if (code != CURLE_OK) {
    end.text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code);
  }
  return end;
}

HttpEnd CurlTransfer::EndOf(HttpEnd::Error error) const {
  HttpEnd end;
  end.error = error;
  end.status = Status();
  end.answer_started = answer_started_;
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    end.retry_after = absl::Seconds(seconds);
  }
  return end;
}

void CurlTransfer::CallOnEnd(const HttpEnd& end) {
  if (!detached_) callbacks_.on_end(end);
}

void CurlTransfer::DropCallbacks() {
  Detach();
  callbacks_ = HttpCallbacks();
}

size_t CurlTransfer::OnHeader(char*, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  transfer->NoteBytes();
  return transfer->detached_ ? 0 : size * count;
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  transfer->NoteBytes();
  if (!transfer->detached_) {
    transfer->callbacks_.on_body(transfer->Status(), std::string_view(data, size * count));
  }
  return transfer->detached_ ? 0 : size * count;
}

void CurlTransfer::NoteBytes() {
  last_byte_ = loop_->Now();
  answer_started_ = true;
}

int CurlTransfer::Status() const {
  long status = 0;
  Check(curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status), "RESPONSE_CODE");
  return static_cast<int>(status);
}

}  // namespace genwatch
