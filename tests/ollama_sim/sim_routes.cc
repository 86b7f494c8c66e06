// What Ollama does not have: what the simulator would say and has said, and what clients did.
#include <charconv>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/server.h"

namespace genwatch::ollama_sim {
namespace {

int64_t NumberOr(const std::string& text, int64_t fallback) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? value
                                                                                   : fallback;
}

}  // namespace

void Server::GetSimText(Connection* connection, const HttpRequest& request) {
  ApiRequest api_request;
  api_request.model = request.Query("model");
  api_request.prompt = request.Query("prompt");
  api_request.system = request.Query("system");
  api_request.seed = NumberOr(request.Query("seed"), -1);
  api_request.num_predict = NumberOr(request.Query("num_predict"), -1);
  if (const std::string stop = request.Query("stop"); !stop.empty())
    api_request.stop.push_back(stop);
  if (request.Query("format") == "json") api_request.format = ApiRequest::Format::kJson;
  const std::string think = request.Query("think");
  if (think == "false" || think == "0") api_request.think = ApiRequest::Think::kOff;
  SendSimText(std::move(api_request), connection, request);
}

void Server::PostSimText(Connection* connection, const HttpRequest& request) {
  const bool chat = request.body.find("\"messages\"") != std::string::npos;
  ApiRequestOrError parsed = ParseApiRequest(chat ? Api::kChat : Api::kGenerate, request.body);
  if (!parsed.error.empty())
    return SendWhole(connection, request, 400, kJsonType, ErrorJson(parsed.error));
  SendSimText(std::move(parsed.request), connection, request);
}

void Server::SendSimText(ApiRequest api_request, Connection* connection,
                         const HttpRequest& request) {
  const Model* const model = FindModel(api_request.model);  // absent ones as well
  if (model == nullptr) {
    const std::string text = "model '" + api_request.model + "' not found";
    return SendWhole(connection, request, 404, kJsonType, ErrorJson(text));
  }
  const Question question = ReadQuestion(std::move(api_request));
  if (!question.error.empty())
    return SendWhole(connection, request, 400, kJsonType, ErrorJson(question.error));
  const Answer answer = MakeAnswer(options_.seed, *model, question);
  std::string body;
  JsonObject(&body)
      .Text("text", answer.Text())
      .Text("thinking", answer.Thinking())
      .Text("done_reason", answer.done_reason)
      .Number("chunks", answer.chunks.size())
      .Number("eval_count", answer.eval_count)
      .Number("prompt_eval_count", answer.prompt_tokens)
      .Bool("stamped", model->kind == ModelKind::kBench)
      .Close();
  SendWhole(connection, request, 200, kJsonType, body);
}

void Server::GetSimSent(Connection* connection, const HttpRequest& request) {
  const RequestRecord* const record =
      request.query.contains("id")
          ? log_.Find(static_cast<uint64_t>(NumberOr(request.Query("id"), 0)))
          : log_.FindByPrompt(TakeDirective(request.Query("prompt")).prompt);
  if (record == nullptr)
    return SendWhole(connection, request, 404, kJsonType, ErrorJson("no such request"));
  SendWhole(connection, request, 200, kJsonType, RecordJson(*record, /*with_text=*/true));
}

void Server::GetSimRequests(Connection* connection, const HttpRequest& request) {
  const std::string prompt =
      TakeDirective(request.Query("prompt")).prompt.substr(0, RequestRecord::kPromptBytes);
  std::string body = "[";
  for (const auto& [id, record] : log_.requests()) {
    if (request.query.contains("model") && record.model != request.Query("model")) continue;
    if (request.query.contains("prompt") && record.prompt != prompt) continue;
    if (request.query.contains("state") && record.state != request.Query("state")) continue;
    if (body.size() > 1) body += ",\n";
    body += RecordJson(record, /*with_text=*/false);
  }
  SendWhole(connection, request, 200, kJsonType, body + "]");
}

void Server::GetSimLog(Connection* connection, const HttpRequest& request) {
  std::string body;
  for (const std::string& event : log_.events()) body += event;
  SendWhole(connection, request, 200, "application/x-ndjson", body);
}

void Server::GetSimClock(Connection* connection, const HttpRequest& request) {
  const int64_t now_ns = MonotonicNs();
  std::string body;
  JsonObject(&body)
      .Number("t_us", log_.ToUs(now_ns))
      .Number("monotonic_us", now_ns / kNsPerUs)
      .Close();
  SendWhole(connection, request, 200, kJsonType, body);
}

void Server::GetSimTiming(Connection* connection, const HttpRequest& request) {
  std::string body;
  JsonObject(&body)
      .Number("chunks", lateness_.count())
      .Number("late_p50_us", lateness_.Quantile(0.5))
      .Number("late_p99_us", lateness_.Quantile(0.99))
      .Number("late_max_us", lateness_.max_us())
      .Close();
  SendWhole(connection, request, 200, kJsonType, body);
}

void Server::PostSimDown(Connection* connection, const HttpRequest& request) {
  const int64_t ms = NumberOr(request.Query("ms"), -1);
  if (ms < 0)
    return SendWhole(connection, request, 400, kJsonType, ErrorJson("sim: ms is missing"));
  if (const std::string lost = request.Query("without"); !lost.empty()) {
    if (FindModel(lost) == nullptr)
      return SendWhole(connection, request, 400, kJsonType, ErrorJson("sim: no model " + lost));
    absent_.insert(lost);
  }
  SendWhole(connection, request, 200, kJsonType, "{}");
  // Not now: the answer is on its way, and handlers are on the stack.
  constexpr int64_t kForTheAnswerNs = 10 * kNsPerMs;
  loop_.At(MonotonicNs() + kForTheAnswerNs, [this, ms] { GoDown(ms); });
}

// The server is killed, and started again after `ms` with nothing loaded.
void Server::GoDown(int64_t ms) {
  log_.Event("down", "\"ms\":" + std::to_string(ms));
  if (listener_.get() >= 0) {
    loop_.Remove(listener_.get());
    listener_.Close();
  }
  for (auto& [id, connection] : connections_) connection->Kill();
  runners_.Clear();
  loop_.Cancel(&up_timer_);
  up_timer_ = loop_.At(MonotonicNs() + ms * kNsPerMs, [this] {
    const std::string error = Bind();
    log_.Event("up", error.empty() ? "" : "\"error\":\"port taken\"");
  });
}

}  // namespace genwatch::ollama_sim
