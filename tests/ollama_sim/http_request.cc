#include "tests/ollama_sim/http_request.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace genwatch::ollama_sim {
namespace {

constexpr size_t kMaxHead = 64 << 10;
constexpr size_t kMaxBody = 64 << 20;

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool ParseSize(std::string_view text, int base, size_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() &&
         *out <= kMaxBody;
}

std::string_view TakeUntil(std::string_view* text, std::string_view separator) {
  const size_t at = std::min(text->find(separator), text->size());
  const std::string_view taken = text->substr(0, at);
  text->remove_prefix(std::min(at + separator.size(), text->size()));
  return taken;
}

}  // namespace

std::string PercentDecoded(std::string_view text, bool plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
            text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(plus && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string HttpRequest::Header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

std::string HttpRequest::Query(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? "" : found->second;
}

HttpRequestParser::Result HttpRequestParser::Next() {
  switch (state_) {
    case State::kHead:
      return ReadHead();
    case State::kLengthBody:
      return ReadLengthBody();
    case State::kChunkedBody:
      return ReadChunkedBody();
  }
  return Result::kBad;
}

HttpRequest HttpRequestParser::TakeRequest() { return std::exchange(request_, {}); }

HttpRequestParser::Result HttpRequestParser::Complete() {
  state_ = State::kHead;
  return Result::kRequest;
}

HttpRequestParser::Result HttpRequestParser::ReadHead() {
  const size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) return buffer_.size() > kMaxHead ? Result::kBad : Result::kNeedMore;
  if (end > kMaxHead || !ParseHead(std::string_view(buffer_).substr(0, end))) return Result::kBad;
  buffer_.erase(0, end + 4);
  const std::string transfer_encoding = Lower(request_.Header("transfer-encoding"));
  if (!transfer_encoding.empty()) {
    if (transfer_encoding != "chunked") return Result::kBad;
    state_ = State::kChunkedBody;
  } else {
    body_length_ = 0;
    const std::string length = request_.Header("content-length");
    if (!length.empty() && !ParseSize(length, 10, &body_length_)) return Result::kBad;
    if (body_length_ == 0) return Complete();
    state_ = State::kLengthBody;
  }
  if (Lower(request_.Header("expect")) == "100-continue" && buffer_.empty())
    return Result::kContinue;
  return Next();
}

bool HttpRequestParser::ParseHead(std::string_view head) {
  request_ = {};
  std::string_view line = TakeUntil(&head, "\r\n");
  request_.method = TakeUntil(&line, " ");
  std::string_view target = TakeUntil(&line, " ");
  if (request_.method.empty() || !target.starts_with('/')) return false;
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return false;
  request_.http11 = line == "HTTP/1.1";
  request_.path = PercentDecoded(TakeUntil(&target, "?"), false);
  while (!target.empty()) {
    std::string_view value = TakeUntil(&target, "&");
    const std::string_view key = TakeUntil(&value, "=");
    request_.query[PercentDecoded(key, true)] = PercentDecoded(value, true);
  }
  while (!head.empty()) {
    std::string_view value = TakeUntil(&head, "\r\n");
    const size_t colon = value.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    request_.headers[Lower(value.substr(0, colon))] = Trimmed(value.substr(colon + 1));
  }
  const std::string connection = Lower(request_.Header("connection"));
  request_.keep_alive = request_.http11 ? connection != "close" : connection == "keep-alive";
  return true;
}

HttpRequestParser::Result HttpRequestParser::ReadLengthBody() {
  if (buffer_.size() < body_length_) return Result::kNeedMore;
  request_.body = buffer_.substr(0, body_length_);
  buffer_.erase(0, body_length_);
  return Complete();
}

HttpRequestParser::Result HttpRequestParser::ReadChunkedBody() {
  while (true) {
    const size_t line_end = buffer_.find("\r\n");
    if (line_end == std::string::npos)
      return buffer_.size() > kMaxHead ? Result::kBad : Result::kNeedMore;
    const std::string_view line = std::string_view(buffer_).substr(0, line_end);
    size_t size = 0;
    if (!ParseSize(Trimmed(line.substr(0, line.find(';'))), 16, &size)) return Result::kBad;
    if (request_.body.size() + size > kMaxBody) return Result::kBad;
    const size_t total = line_end + 2 + size + 2;
    if (buffer_.size() < total) return Result::kNeedMore;
    if (buffer_.compare(total - 2, 2, "\r\n") != 0)
      return Result::kBad;  // trailers are not accepted
    request_.body.append(buffer_, line_end + 2, size);
    buffer_.erase(0, total);
    if (size == 0) return Complete();
  }
}

}  // namespace genwatch::ollama_sim
