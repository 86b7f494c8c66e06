#include "tests/bench/fanout/stamp_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace genwatch::bench {
namespace {

// The whole number behind `key` (with its quotes and colon); -1 if there is none.
int64_t NumberAfter(std::string_view json, std::string_view key) {
  const size_t at = json.find(key);
  if (at == std::string_view::npos) return -1;
  int64_t value = -1;
  std::from_chars(json.data() + at + key.size(), json.data() + json.size(), value);
  return value;
}

}  // namespace

bool StampReader::Feed(std::string_view bytes, int64_t now_us, Delivered& delivered) {
  if (status_ == 0) {
    if (!ReadHead(bytes)) return carry_.size() < 65536;
    if (status_ == 0) return true;
  }
  if (chunked_) return ReadChunks(bytes, now_us, delivered);
  ReadBody(bytes, now_us, delivered);
  return true;
}

// False while the head is incomplete, or if it is none; `bytes` is what follows it.
bool StampReader::ReadHead(std::string_view& bytes) {
  const size_t before = carry_.size();
  carry_.append(bytes);
  const size_t end = carry_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  bytes.remove_prefix(end + 4 - before);
  carry_.resize(end + 2);
  if (carry_.size() < 12 || carry_.compare(0, 7, "HTTP/1.") != 0) return false;
  std::from_chars(carry_.data() + 9, carry_.data() + 12, status_);
  chunked_ = strcasestr(carry_.c_str(), "\r\ntransfer-encoding: chunked") != nullptr;
  std::string().swap(carry_);
  return status_ != 0;
}

bool StampReader::ReadChunks(std::string_view bytes, int64_t now_us, Delivered& delivered) {
  while (!bytes.empty() && !last_chunk_) {
    if (chunk_left_ > 0) {
      const size_t take = std::min(chunk_left_, bytes.size());
      // The last two bytes are the chunk's line end.
      const size_t body = chunk_left_ > 2 ? std::min(take, chunk_left_ - 2) : 0;
      ReadBody(bytes.substr(0, body), now_us, delivered);
      chunk_left_ -= take;
      bytes.remove_prefix(take);
      continue;
    }
    const size_t end = bytes.find('\n');
    size_line_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) return size_line_.size() < 64;
    bytes.remove_prefix(end + 1);
    size_t size = 0;
    const auto [rest, error] =
        std::from_chars(size_line_.data(), size_line_.data() + size_line_.size(), size, 16);
    if (error != std::errc()) return false;
    size_line_.clear();
    if (size == 0) {
      ended_ = last_chunk_ = true;
      return true;
    }
    chunk_left_ = size + 2;
  }
  return true;
}

void StampReader::ReadBody(std::string_view bytes, int64_t now_us, Delivered& delivered) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      carry_.append(bytes);
      return;
    }
    if (carry_.empty()) {
      ReadLine(bytes.substr(0, end), now_us, delivered);
    } else {
      carry_.append(bytes.substr(0, end));
      ReadLine(carry_, now_us, delivered);
      carry_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

void StampReader::ReadLine(std::string_view line, int64_t now_us, Delivered& delivered) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    if (has_data_) ++delivered.events;
    has_data_ = false;
    kind_ = Kind::kText;
    return;
  }
  constexpr std::string_view kEvent = "event: ";
  constexpr std::string_view kData = "data: ";
  if (line.substr(0, kEvent.size()) == kEvent) {
    const std::string_view name = line.substr(kEvent.size());
    kind_ = name == "text" ? Kind::kText : Kind::kOther;
    if (name == "complete" || name == "error" || name == "timeout") ended_ = true;
    if (name == "reset") ++delivered.resets;
  } else if (line.substr(0, kData.size()) == kData) {
    has_data_ = true;
    if (kind_ == Kind::kText) ReadText(line.substr(kData.size()), now_us, delivered);
  }
}

void StampReader::ReadText(std::string_view data, int64_t now_us, Delivered& delivered) {
  constexpr std::string_view kText = "\"text\":\"";
  const int64_t offset = NumberAfter(data, "\"text_offset\":");
  const size_t begin = data.find(kText);
  if (offset < 0 || begin == std::string_view::npos) return;
  std::string_view text = data.substr(begin + kText.size());
  text = text.substr(0, text.find('"'));  // stamps hold nothing that JSON escapes
  ++delivered.text_events;
  if (offset > position_) {
    delivered.missing_bytes += static_cast<uint64_t>(offset - position_);
    in_stamp_ = false;
  }
  if (offset < position_) {
    const auto repeated = static_cast<size_t>(position_ - offset);
    delivered.repeated_bytes += std::min(repeated, text.size());
    if (repeated >= text.size()) return;
    text.remove_prefix(repeated);
  }
  position_ = std::max(position_, offset) + static_cast<int64_t>(text.size());
  CountStamps(text, now_us, delivered);
}

void StampReader::CountStamps(std::string_view text, int64_t now_us, Delivered& delivered) {
  while (!text.empty()) {
    if (!in_stamp_) {
      const size_t begin = text.find('@');
      if (begin == std::string_view::npos) return;
      text.remove_prefix(begin + 1);
      in_stamp_ = true;
      stamp_.clear();
      continue;
    }
    const size_t end = text.find(';');
    std::string_view digits = text.substr(0, end);
    if (!stamp_.empty() || end == std::string_view::npos) {
      stamp_.append(digits);
      digits = stamp_;
    }
    if (end == std::string_view::npos) return;
    int64_t stamp_us = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), stamp_us);
    ++delivered.deliveries;
    if (chunks_++ >= warm_up_) delivered.latency.Add(now_us - stamp_us);
    in_stamp_ = false;
    text.remove_prefix(end + 1);
  }
}

}  // namespace genwatch::bench
