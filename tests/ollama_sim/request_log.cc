#include "tests/ollama_sim/request_log.h"

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"

namespace genwatch::ollama_sim {
namespace {

constexpr size_t kMaxEvents = 100'000;
constexpr size_t kMaxRequests = 20'000;
constexpr size_t kMaxTextBytes = 256 << 20;

}  // namespace

int64_t RequestLog::NowNs() { return MonotonicNs(); }

bool RequestLog::OpenFile(const std::string& path) {
  if (path.empty()) return true;
  file_ = std::fopen(path.c_str(), "we");
  return file_ != nullptr;
}

RequestLog::~RequestLog() {
  if (file_ != nullptr) std::fclose(file_);
}

int64_t RequestLog::ToUs(int64_t monotonic_ns) const {
  return (monotonic_ns - start_ns_) / kNsPerUs;
}

void RequestLog::Event(std::string_view event, std::string_view members) {
  std::string line =
      "{\"t_us\":" + std::to_string(NowUs()) + ",\"event\":\"" + std::string(event) + "\"";
  if (!members.empty()) line += "," + std::string(members);
  line += "}\n";
  if (file_ != nullptr) {
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fflush(file_);  // a test reads it while we run
  }
  events_.push_back(std::move(line));
  if (events_.size() > kMaxEvents) events_.pop_front();
}

RequestRecord& RequestLog::NewRequest() {
  RequestRecord& record = requests_[++last_id_];
  record.id = last_id_;
  record.received_us = NowUs();
  if (requests_.size() > kMaxRequests) {
    const RequestRecord& oldest = requests_.begin()->second;
    text_bytes_ -= oldest.text.size() + oldest.thinking.size();
    requests_.erase(requests_.begin());
  }
  return record;
}

RequestRecord* RequestLog::Find(uint64_t id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : &found->second;
}

const RequestRecord* RequestLog::FindByPrompt(std::string_view prompt) const {
  prompt = prompt.substr(0, RequestRecord::kPromptBytes);
  for (auto record = requests_.rbegin(); record != requests_.rend(); ++record) {
    if (record->second.prompt == prompt) return &record->second;
  }
  return nullptr;
}

void RequestLog::CountText(size_t grown_by) {
  text_bytes_ += grown_by;
  for (auto record = requests_.begin(); text_bytes_ > kMaxTextBytes && record != requests_.end();
       ++record) {
    text_bytes_ -= record->second.text.size() + record->second.thinking.size();
    record->second.text.clear();
    record->second.thinking.clear();
  }
}

std::string RecordJson(const RequestRecord& record, bool with_text) {
  std::string out;
  JsonObject object(&out);
  object.Number("id", record.id)
      .Number("connection", record.connection)
      .Text("path", record.path)
      .Text("model", record.model)
      .Text("prompt", record.prompt)
      .Number("prefill_bytes", record.prefill_bytes)
      .Text("state", record.state)
      .Number("received_us", record.received_us)
      .Number("loaded_us", record.loaded_us)
      .Number("slot_us", record.slot_us)
      .Number("first_byte_us", record.first_byte_us)
      .Number("last_byte_us", record.last_byte_us)
      .Number("ended_us", record.ended_us)
      .Number("bytes", record.bytes)
      .Number("chunks", record.chunks)
      .Number("tokens", record.tokens)
      .Number("text_bytes", record.text.size())
      .Number("thinking_bytes", record.thinking.size());
  if (with_text) object.Text("text", record.text).Text("thinking", record.thinking);
  object.Close();
  return out;
}

}  // namespace genwatch::ollama_sim
