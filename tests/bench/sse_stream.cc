#include "tests/bench/sse_stream.h"

#include <algorithm>
#include <charconv>

namespace genwatch::bench {

bool SseStream::Feed(std::string_view bytes) {
  buffer_.append(bytes);
  if (status_ == 0 && !ReadHead()) return status_ == 0;
  return ReadChunks();
}

// False while it is incomplete.
bool SseStream::ReadHead() {
  const size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (buffer_.compare(0, kVersion.size(), kVersion) == 0) {
    std::from_chars(buffer_.data() + kVersion.size(), buffer_.data() + kVersion.size() + 3,
                    status_);
  }
  buffer_.erase(0, end + 4);
  return status_ != 0;
}

bool SseStream::ReadChunks() {
  size_t at = 0;
  while (!ended_) {
    if (!in_chunk_) {
      const size_t end = buffer_.find("\r\n", at);
      if (end == std::string::npos) break;
      const auto [rest, error] =
          std::from_chars(buffer_.data() + at, buffer_.data() + end, chunk_left_, 16);
      if (error != std::errc() || rest == buffer_.data() + at) return false;
      at = end + 2;
      in_chunk_ = true;
      if (chunk_left_ == 0) ended_ = true;
      continue;
    }
    const size_t take = std::min(chunk_left_, buffer_.size() - at);
    std::string_view body(buffer_.data() + at, take);
    for (size_t newline; (newline = body.find('\n')) != std::string_view::npos;) {
      line_.append(body.substr(0, newline));
      ReadLine(line_);
      line_.clear();
      body.remove_prefix(newline + 1);
    }
    line_.append(body);
    at += take;
    chunk_left_ -= take;
    if (chunk_left_ > 0) break;
    if (buffer_.size() - at < 2) break;  // the chunk's own line end
    at += 2;
    in_chunk_ = false;
  }
  buffer_.erase(0, at);
  return true;
}

void SseStream::ReadLine(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    if (!id_.empty()) last_event_id_ = id_;
    if (!data_.empty()) on_event_(event_.empty() ? "message" : event_, data_);
    event_.clear();
    data_.clear();
    return;
  }
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return;  // a comment, or a bare name
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (name == "event") event_ = value;
  if (name == "id") id_ = value;
  if (name == "retry") std::from_chars(value.data(), value.data() + value.size(), retry_ms_);
  if (name == "data") {
    if (!data_.empty()) data_.push_back('\n');
    data_.append(value);
  }
}

}  // namespace genwatch::bench
